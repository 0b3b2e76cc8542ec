"""At most one reader recognises a deposit, whatever the order in which they are asked."""

from pathlib import Path

import pytest

from demat.actes.build import build_message_acte
from demat.engine.process import READERS
from demat.intake.api import InputFile
from tests.unit.intake.factories import (
    ACTE,
    CONTEXT,
    MANDAT,
    TITRE,
    csv_bytes,
    pdf,
    table,
    told,
)
from tests.unit.intake.test_acte_sidecar import ACTE as MESSAGE
from tests.unit.intake.test_acte_sidecar import EMETTEUR

FIXTURES = Path(__file__).parents[3] / "fixtures" / "saint-exemple"
JSON = pdf("acte.json", b"{}")
XML = InputFile(name="acte.xml", data=build_message_acte(MESSAGE, EMETTEUR))
PES = pdf("pes.xml", b"<PES_Aller/>")
OTHER = table({"agent": "A", "heures": "3"}, name="heures.csv")
BROKEN = pdf("abime.xlsx", b"PK\x03\x04 abime")


def kinds(*files: InputFile) -> list[str]:
    return [type(reader).__name__ for reader in READERS if reader.recognises(files)]


def titles(*columns: str) -> InputFile:
    return InputFile(name="tableau.csv", data=csv_bytes([columns, ["1"] * len(columns)]))


@pytest.mark.parametrize(
    ("files", "reader"),
    [
        ([table(TITRE)], ["Titres"]),
        ([table(TITRE, name="t.ods"), pdf("a.pdf")], ["Titres"]),
        ([table(MANDAT), pdf("a.pdf"), pdf("b.xml")], ["Mandats"]),
        ([table(ACTE), pdf("a.pdf")], ["Seance"]),
        ([table(ACTE), JSON, pdf("a.pdf")], ["Seance"]),
        ([table(ACTE), XML, pdf("a.pdf")], ["Seance"]),
        ([table(ACTE), pdf("budget.xml")], ["Seance"]),
        ([JSON, pdf("a.pdf")], ["ActeSidecar"]),
        ([JSON, pdf("a.pdf"), pdf("b.xml")], ["ActeSidecar"]),
        ([XML, pdf("a.pdf")], ["ActeSidecar"]),
        ([XML, PES], ["ActeSidecar"]),
        ([XML], ["ActeSidecar"]),
        ([JSON, OTHER, pdf("a.pdf")], ["ActeSidecar"]),
        ([PES], ["PesFile"]),
        ([PES, pdf("autre.xml")], ["PesFile"]),
        ([titles("N°", "Date séance", "Nature", "Matière", "Titre", "PDF")], ["Seance"]),
        ([titles("Titre", "Nature", "Objet", "Montant", "Nom")], ["Titres"]),
        ([titles("Mandat", "Nature", "Objet", "Montant HT", "Titre")], []),
        ([titles("num_mandat", "nature", "objet", "montant_ht", "titre")], ["Mandats"]),
        ([table(TITRE, name="t.csv"), table(MANDAT, name="m.csv")], []),
        ([table(TITRE, name="t.csv"), OTHER], ["Titres"]),
        ([OTHER], []),
        ([BROKEN, pdf("a.pdf")], []),
        ([pdf("a.pdf")], ["PdfAlone"]),
        ([pdf("a.pdf"), pdf("b.PDF"), pdf("plan.jpg")], ["PdfAlone"]),
        ([pdf("plan.jpg")], []),
        ([pdf("a.pdf"), pdf("note.docx")], []),
        ([PES, pdf("a.pdf")], []),
        ([], []),
    ],
)
def test_one_reader_at_most(files, reader):
    assert kinds(*files) == reader
    assert kinds(*reversed(files)) == reader


@pytest.mark.parametrize("entry", sorted(FIXTURES.iterdir()), ids=lambda entry: entry.name)
def test_the_deposits_of_the_fictional_commune_are_read(entry):
    paths = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
    files = [InputFile(name=path.name, data=path.read_bytes()) for path in paths if path.is_file()]
    (reader,) = [reader for reader in READERS if reader.recognises(files)]
    reading = reader.read(files, CONTEXT)
    assert told(reading.faults) == []
    assert reading.drafts
