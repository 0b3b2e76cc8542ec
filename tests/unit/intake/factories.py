"""Deposits that the tests of ``demat.intake`` start from, all fictional."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from demat.actes.classification import NATIONALE
from demat.faults import Faults
from demat.helios.model import Budget
from demat.intake.api import InputFile, ReadContext
from demat.labels_fr.catalogue import explain
from fixtures.make import write_ods, write_xlsx

PDF = b"%PDF-1.4 fictif\n"
PRINCIPAL = Budget(
    id_post="099012",
    siret="21990123800010",
    cod_col="045",
    cod_bud="00",
    libelle="SAINT-EXEMPLE-LES-FICTION",
)
EAU = replace(PRINCIPAL, siret="21990456200010", cod_bud="02", libelle="EAU DE SAINT-EXEMPLE")
CONTEXT = ReadContext(
    siren="000000000",
    siret="21990123800010",
    classification=NATIONALE,
    budgets=(PRINCIPAL, EAU),
    civilites={"M": "mr", "MME": "mme"},
    today=date(2026, 11, 29),
)

SEANCE = ("numero", "date", "nature", "matiere", "objet", "fichier", "annexes")
ACTE = {
    "numero": "2026_041",
    "date": "08/10/2026",
    "nature": "Délibération",
    "matiere": "7.10",
    "objet": "Tarifs de la salle des fêtes",
    "fichier": "tarifs.pdf",
    "annexes": "",
}
TITRE = {
    "exercice": "2026",
    "num_bordereau": "12",
    "date_bordereau": "12/10/2026",
    "num_titre": "417",
    "type": "titre",
    "objet": "CANTINE SCOLAIRE SEPTEMBRE",
    "code_produit": "CANT",
    "compte": "7067",
    "fonction": "281",
    "montant_ht": "86,40",
    "budget": "00",
    "type_tiers": "particulier",
    "civilite": "Mme",
    "nom": "ARDOISIER",
    "prenom": "LUCILE",
    "adresse": "14 RUE DU LAVOIR",
    "cp": "99120",
    "ville": "SAINT-EXEMPLE-LES-FICTION",
}
MANDAT = {
    "exercice": "2026",
    "num_bordereau": "31",
    "date_bordereau": "20/10/2026",
    "num_mandat": "204",
    "objet": "FOURNITURES DE BUREAU",
    "compte": "6064",
    "montant_ht": "240",
    "budget": "00",
    "nom": "FOURNITURES LERAND",
    "siret": "90067890500028",
    "adresse": "22 AVENUE DES FORGES",
    "cp": "99200",
    "ville": "CLAIRVALLON",
    "iban": "FR76 9999 9000 0200 0006 5432 129",
    "bic": "DEMOFRPPXXX",
}


def pdf(name: str, content: bytes = PDF) -> InputFile:
    """Return a document, whose bytes may be its own."""
    return InputFile(name=name, data=content)


def csv_bytes(
    rows: Iterable[Sequence[object]], *, delimiter: str = ";", encoding: str = "utf-8"
) -> bytes:
    """Write rows as a spreadsheet program would."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Write an Excel workbook."""
    out = io.BytesIO()
    write_xlsx(out, list(rows))  # type: ignore[arg-type]  # a stream does as well as a path
    return out.getvalue()


def ods_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Write an OpenDocument spreadsheet."""
    out = io.BytesIO()
    write_ods(out, list(rows))  # type: ignore[arg-type]  # a stream does as well as a path
    return out.getvalue()


def table(*records: dict[str, object], name: str = "tableau.csv") -> InputFile:
    """Return a spreadsheet with one row per record, in the format that the name says."""
    columns = list(dict.fromkeys(column for record in records for column in record))
    rows = [columns, *([record.get(column, "") for column in columns] for record in records)]
    write = {"csv": csv_bytes, "xlsx": xlsx_bytes, "ods": ods_bytes}[name.rpartition(".")[2]]
    return InputFile(name=name, data=write(rows))


def told(faults: Faults) -> list[tuple[str, int | None, str]]:
    """Return code, row and column of each fault, having checked that its sentence is whole."""
    for fault in faults:
        explained = explain(fault)
        assert "…" not in explained.sentence + explained.remedy, fault
    return [(fault.code, fault.line, fault.path) for fault in faults]


def day(text: str) -> date:
    """Return a date from its ISO form."""
    return date.fromisoformat(text)
