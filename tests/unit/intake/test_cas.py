"""What the cases of titres and mandats refuse or decide; the files are in the acceptance tests."""

import io
from decimal import Decimal

import openpyxl
import pytest
import python_calamine

from demat.engine.process import READERS
from demat.faults import FaultError
from demat.helios.model import RattachPiece
from demat.intake.api import InputFile, Reading
from demat.intake.readers.ecritures import Mandats, Titres
from demat.intake.readers.layouts import COLUMNS
from demat.intake.readers.seance import Seance
from demat.labels_fr.catalogue import explain, sentence
from fixtures.make import write_ods_book, write_xlsx_book
from tests.unit.intake.factories import (
    ACTE,
    CONTEXT,
    MANDAT,
    PDF,
    TITRE,
    pdf,
    table,
    told,
)

OCTAVE = {"nom": "TUILLIER", "prenom": "OCTAVE", "civilite": "M.", "type_debiteur": "solidaire"}
IBAN = "FR7699999000020000033333374"
DEBIT = {"rum": "RUM1", "date_mandat": "01/09/2025", "sequence": "RCUR"}
DEBIT |= {"date_prelevement": "30/11/2026", "iban": IBAN, "bic": "DEMOFRPPXXX"}
ROLE = {"type": "rôle", "num_dette": "2026000417", "periode": "3"}
SAMPLES = {
    "titres": (Titres(), {**TITRE, **DEBIT, **ROLE}),
    "mandats": (Mandats(), {**MANDAT, "siret": "", "type_tiers": "entreprise"}),
}


def titres(*records: dict[str, object], context=CONTEXT) -> Reading:
    return Titres().read([table(*records, name="titres.csv")], context)


def mandats(*records: dict[str, object]) -> Reading:
    return Mandats().read([table(*records, name="mandats.csv")], CONTEXT)


def lignes(reading: Reading) -> list:
    assert told(reading.faults) == []
    return [
        ligne
        for draft in reading.drafts
        for bordereau in draft.bordereaux
        for piece in bordereau.pieces
        for ligne in piece.lignes
    ]


@pytest.mark.parametrize(
    ("kind", "column"),
    [(kind, column) for kind, columns in COLUMNS.items() for column in sorted(columns)],
)
def test_every_column_that_a_correspondance_may_give_is_read(kind, column):
    reader, sample = SAMPLES[kind]
    record = {key: value for key, value in sample.items() if key != "adresse"}
    record |= {"adresse2": "14 RUE DU LAVOIR", "pj_fichier": "a.pdf"}
    readings = [
        reader.read([table(one, name="tableau.csv"), pdf("a.pdf", PDF)], CONTEXT)
        for one in (record, {**record, column: "-" * 300})
    ]
    assert readings[0] != readings[1]


# ------------------------------------------------------------------------- co-debtors


def test_a_co_debtor_joins_the_line_above_or_the_line_that_it_names():
    second = {**TITRE, **OCTAVE}
    found = lignes(titres(TITRE, {**TITRE, "compte": "7066"}, {**second, "num_ligne": "1"}, second))
    assert [[(one.nom, one.typ_tiers) for one in ligne.tiers] for ligne in found] == [
        [("ARDOISIER", "01"), ("TUILLIER", "03")],
        [("ARDOISIER", "01"), ("TUILLIER", "03")],
    ]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"num_titre": "418"}, "INT-CODEBTOR_ALONE", "titre n° 418"),
        ({"num_ligne": "2"}, "INT-CODEBTOR_ALONE", "titre n° 417"),
        ({"montant_ht": "43,20"}, "INT-CODEBTOR_AMOUNT", "43.20, alors que la ligne du titre est"),
    ],
)
def test_a_co_debtor_that_does_not_agree_with_its_line(changes, code, words):
    reading = titres(TITRE, {**TITRE, **OCTAVE, **changes})
    (fault,) = reading.faults
    assert told(reading.faults)[0][:2] == (code, 3)
    assert words in sentence(fault)


# ---------------------------------------------------------------------------- original


def test_a_piece_cites_one_original_only():
    record = {**TITRE, "type": "réduction", "titre_origine": "400", "mandat_origine": "88"}
    reading = titres(record)
    assert told(reading.faults) == [("INT-ORIGIN_DOUBLE", 2, "mandat_origine")]
    assert "titre_origine, mandat_origine" in sentence(next(iter(reading.faults)))


@pytest.mark.parametrize(
    ("columns", "origin"),
    [
        ({"type": "annulation titre", "titre_origine": "77", "exercice_origine": "2025"}, "02"),
        ({"type": "contre-passation", "mandat_origine": "77", "exercice_origine": "2025"}, "01"),
        ({"type": "après paiement", "paiement_origine": "77", "exercice_origine": "2025"}, "03"),
        ({"type": "non valeur", "liste_non_valeur": "77", "exercice_origine": "2025"}, "04"),
        ({"ordre_paiement": "77", "exercice_origine": "2025"}, "05"),
    ],
)
def test_the_column_tells_what_kind_of_piece_a_mandat_cites(columns, origin):
    (ligne,) = lignes(mandats({**MANDAT, **columns}))
    line = 1 if origin in ("01", "02", "05") else None
    assert ligne.rattachement == RattachPiece(nature=origin, exercice=2025, piece=77, ligne=line)


@pytest.mark.parametrize(
    ("triplet", "column"),
    [
        ("02-02-06", "mandat_origine"),
        ("02-02-10", "mandat_origine"),
        ("01-13-01", "mandat_origine"),
        ("01-02-09", "titre_origine"),
        ("01-05-01", "paiement_origine"),
        ("01-07-01", "liste_non_valeur"),
    ],
)
def test_a_mandat_that_corrects_cites_what_it_corrects(triplet, column):
    reading = mandats({**MANDAT, "triplet": triplet})
    assert told(reading.faults) == [("INT-CELL_EMPTY", 2, column)]


# ------------------------------------------------------------------------------- cession


def test_a_cession_is_never_paid_to_the_account_of_the_supplier():
    payee = {"beneficiaire_nom": "AFFACTURAGE FICTIF", "beneficiaire_siret": "90011122000019"}
    payee |= {"beneficiaire_adresse2": "8 QUAI DES DOCKS", "beneficiaire_cp": "99300"}
    payee |= {"beneficiaire_ville": "PORT-FICTION"}
    reading = mandats({**MANDAT, **payee})
    assert told(reading.faults) == [("INT-CELL_EMPTY", 2, "beneficiaire_iban")]
    (ligne,) = lignes(mandats({**MANDAT, **payee, "beneficiaire_iban": IBAN}))
    (tiers,) = ligne.tiers
    assert (tiers.nom, tiers.compte.iban, ligne.mode_reglement, ligne.lib_vir2) == (
        *("AFFACTURAGE FICTIF", IBAN),
        *("03", "CESSION FOURNITURES LERAND"),
    )


def test_a_payee_half_told_is_refused():
    reading = mandats({**MANDAT, "beneficiaire_iban": IBAN})
    assert ("INT-CELL_EMPTY", 2, "beneficiaire_nom") in told(reading.faults)
    assert reading.drafts == ()


# ------------------------------------------------------------------ rôles, debits, orders


@pytest.mark.parametrize("column", ["num_dette", "periode"])
def test_the_article_of_a_role_needs_its_debt(column):
    assert told(titres({**TITRE, **ROLE, column: ""}).faults) == [("INT-CELL_EMPTY", 2, column)]


def test_the_keys_that_the_export_gives_are_kept():
    (draft,) = titres({**TITRE, **ROLE, "cle1": "5", "cle2": "A"}).drafts
    (piece,) = draft.bordereaux[0].pieces
    assert (piece.cle1, piece.cle2) == ("5", "A")


@pytest.mark.parametrize(("written", "account"), [("", "588"), ("7067", "7067")])
def test_the_account_of_a_role_is_known(written, account):
    (ligne,) = lignes(titres({**TITRE, **ROLE, "compte": written}))
    assert ligne.nature == account


@pytest.mark.parametrize("column", ["rum", "date_mandat", "sequence", "date_prelevement", "iban"])
def test_a_debit_half_told_is_refused(column):
    reading = titres({**TITRE, **DEBIT, column: ""})
    assert told(reading.faults) == [("INT-CELL_EMPTY", 2, column)]


@pytest.mark.parametrize(("written", "amount"), [("", "86.40"), ("40,00", "40.00")])
def test_a_debit_takes_the_whole_line_unless_told(written, amount):
    (ligne,) = lignes(titres({**TITRE, **DEBIT, "montant_preleve": written}))
    assert ligne.prelevement_sepa.montant == Decimal(amount)


NOBODY = dict.fromkeys(("nom", "siret", "adresse", "cp", "ville", "iban", "bic"), "")


def test_an_operation_of_order_may_have_nobody():
    (ligne,) = lignes(mandats({**MANDAT, **NOBODY, "type": "ordre"}))
    assert (ligne.tiers, ligne.mode_reglement) == ((), "08")


@pytest.mark.parametrize(
    "columns", [{"type": "mandat"}, {"type": "ordre", "siret": "90067890500028"}]
)
def test_a_tiers_that_is_missing_or_half_told_is_refused(columns):
    reading = mandats({**MANDAT, **NOBODY, **columns})
    assert ("INT-CELL_EMPTY", 2, "nom") in told(reading.faults)


@pytest.mark.parametrize("written", ["01-09-02", "010902", "01 09 02", "01.09.02"])
def test_a_triplet_may_be_written_as_it_is(written):
    (draft,) = mandats({**MANDAT, "triplet": written}).drafts
    (piece,) = draft.bordereaux[0].pieces
    assert (draft.bordereaux[0].typ_bord, piece.typ_pce, piece.nat_pce) == ("01", "09", "02")


# ---------------------------------------------------------------- sheets, titles, streaming


def rows_of(record: dict[str, str]) -> list[list[str]]:
    return [list(record), list(record.values())]


@pytest.mark.parametrize(
    ("name", "write"), [("a.xlsx", write_xlsx_book), ("a.ods", write_ods_book)]
)
def test_our_columns_are_found_on_any_sheet_below_any_title(name, write):
    out = io.BytesIO()
    write(out, {"Notes": [["à faire"], ["rien"]], "Octobre": [["Mairie"], [], *rows_of(TITRE)]})
    file = InputFile(name=name, data=out.getvalue())
    assert Titres().recognises([file])
    assert len(lignes(Titres().read([file], CONTEXT))) == 1
    out = io.BytesIO()
    write(
        out, {"Notes": [["à faire"]], "Octobre": [["Mairie"], [], *rows_of({**TITRE, "cp": "1"})]}
    )
    (fault,) = Titres().read([InputFile(name=name, data=out.getvalue())], CONTEXT).faults
    assert explain(fault).where == f"{name}, ligne 4, feuille « Octobre », colonne « cp »"


def test_a_hidden_sheet_is_not_read():
    book = openpyxl.Workbook()
    book.active.title = "Ancien"
    book.active.sheet_state = "hidden"
    shown = book.create_sheet("Octobre")
    for row in rows_of({**TITRE, "num_titre": "418"}):
        shown.append(row)
    for row in rows_of(TITRE):
        book["Ancien"].append(row)
    out = io.BytesIO()
    book.save(out)
    (draft,) = Titres().read([InputFile(name="a.xlsx", data=out.getvalue())], CONTEXT).drafts
    assert [piece.numero for piece in draft.bordereaux[0].pieces] == [418]


@pytest.mark.parametrize(
    ("reader", "records"),
    [(Titres(), (TITRE, TITRE)), (Mandats(), (MANDAT, MANDAT)), (Seance(), (ACTE, ACTE))],
)
def test_two_sheets_that_could_be_read_are_refused(reader, records):
    out = io.BytesIO()
    write_xlsx_book(out, {f"Feuille {n}": rows_of(one) for n, one in enumerate(records, start=1)})
    reading = reader.read([InputFile(name="a.xlsx", data=out.getvalue())], CONTEXT)
    (fault,) = reading.faults
    assert (fault.code, fault.params["names"]) == ("INT-SHEET_SEVERAL", "Feuille 1, Feuille 2")


def test_titles_above_a_csv_do_not_hide_its_separator():
    content = table(TITRE, name="titres.csv").content
    above = b"Titres, exercice 2026, tirage du 12/10/2026, page 1\r\n\r\n"
    file = InputFile(name="titres.csv", data=above + content)
    assert len(lignes(Titres().read([file], CONTEXT))) == 1


def test_a_workbook_is_opened_once_whoever_looks_at_it(monkeypatch):
    opened = []
    load = python_calamine.load_workbook
    monkeypatch.setattr(python_calamine, "load_workbook", lambda one: opened.append(1) or load(one))
    files = [table(TITRE, name="titres.xlsx")]
    assert [reader.recognises(files) for reader in READERS].count(True) == 1
    assert len(lignes(Titres().read(files, CONTEXT))) == 1
    assert len(opened) == 1


def test_a_deposit_is_recognised_by_its_first_rows():
    sample = table(*[TITRE] * 50, name="titres.csv")
    file = InputFile(name="titres.csv", data=sample.content + b'"jamais refermee;1\r\n')
    assert Titres().recognises([file])
    with pytest.raises(FaultError) as caught:
        Titres().read([file], CONTEXT)
    (fault,) = caught.value.faults
    assert fault.params["reason"].endswith("à partir de la ligne 52")
