"""The layout that column titles reveal."""

import pytest

from demat.intake.readers.columns import find_sheet, layout_of
from tests.unit.intake.factories import ACTE, MANDAT, TITRE, pdf, table


@pytest.mark.parametrize(
    ("columns", "layout"),
    [
        (list(ACTE), "seance"),
        (list(TITRE), "titres"),
        (list(MANDAT), "mandats"),
        # a list of acts that says « titre » for objet, or that gives an amount
        (["numero", "date", "nature", "matiere", "titre", "fichier"], "seance"),
        (["numero", "nature", "matiere", "titre", "pdf", "montant"], "seance"),
        (["n", "date_seance", "nature_acte", "titre", "pdf"], "seance"),  # matière forgotten
        # accounting exports that borrow words from the others
        (["titre", "montant", "nature", "objet"], "titres"),
        (["num_titre", "objet", "nature"], "titres"),
        (["num_titre", "montant_ht", "nature", "objet", "numero", "document"], "titres"),
        (["mandat", "montant_ttc", "imputation"], "mandats"),
        (["num_mandat", "montant_ht", "titre", "nom"], "mandats"),
        (["num_titre", "montant_ht", "mandat"], "titres"),
        # not enough to tell
        (["titre", "auteur"], ""),
        (["titre", "mandat", "montant"], ""),
        (["num_titre", "num_mandat", "montant"], ""),
        (["nom", "prenom", "montant"], ""),
        (["numero", "objet"], ""),
        ([], ""),
    ],
)
def test_at_most_one_layout(columns, layout):
    assert layout_of(columns) == layout


def test_the_leading_spreadsheet_may_have_spreadsheets_among_its_documents():
    other = table({"agent": "A", "heures": "3"}, name="etat.xlsx")
    sheet = find_sheet([other, table(MANDAT, name="mandats.csv"), pdf("a.pdf")])
    assert (sheet.file.name, sheet.layout) == ("mandats.csv", "mandats")


@pytest.mark.parametrize(
    "files",
    [
        [],
        [pdf("a.pdf")],
        [pdf("abime.xlsx", b"PK\x03\x04 abime")],
        [table({"agent": "A", "heures": "3"})],
        [table(TITRE, name="titres.csv"), table(MANDAT, name="mandats.csv")],
    ],
)
def test_no_spreadsheet_leads(files):
    assert find_sheet(files) is None
