"""Acts that cannot leave: false or locked PDFs, numbers used twice, documents without data."""

import json
import re

import pytest

from tests.acceptance.bad_input import (
    FIXTURES,
    HEAD,
    PDF,
    ROW,
    Files,
    assert_given_back,
    assert_kept,
    changed,
    contents,
    csv,
    deposit,
    docx,
    locked_pdf,
    mandats,
    old_doc,
    seance,
)
from tests.acceptance.conftest import Mairie

NOT_A_PDF = (
    "Le fichier « acte.pdf » n'est pas un PDF : son contenu est d'un autre format ({}), quel que "
    "soit son nom.",
    "Ouvrez-le dans le logiciel où il a été écrit, enregistrez-le au format PDF et joignez ce PDF.",
)
LOCKED = (
    "Le PDF « acte.pdf » est protégé par un mot de passe : la préfecture ne pourrait pas l'ouvrir.",
    "Enregistrez-le de nouveau sans mot de passe.",
)
FICHE = json.dumps(
    {
        "numero": "2026_090",
        "date": "08/10/2026",
        "nature": "DE",
        "matiere": "3.2",
        "objet": "Tarifs de la salle",
    }
).encode()
TEXT = b"Le conseil municipal, apr\xe8s en avoir d\xe9lib\xe9r\xe9..."

WRONG: dict[str, tuple[Files, tuple[str, ...]]] = {
    "text renamed": (seance(TEXT), (NOT_A_PDF[0].format("texte ou inconnu"), NOT_A_PDF[1])),
    "docx renamed": (seance(docx()), (NOT_A_PDF[0].format("DOCX, ODT, ZIP"), NOT_A_PDF[1])),
    "doc renamed": (seance(old_doc()), (NOT_A_PDF[0].format("DOC, XLS, MSG"), NOT_A_PDF[1])),
    "text renamed, with its data file": (
        {"acte.pdf": TEXT, "acte.json": FICHE},
        (NOT_A_PDF[0].format("texte ou inconnu"),),
    ),
    "locked": (seance(locked_pdf()), LOCKED),
    "locked, with its data file": ({"acte.pdf": locked_pdf(), "acte.json": FICHE}, LOCKED),
    "truncated": (
        seance(PDF[: len(PDF) // 2]),
        ("Le PDF « acte.pdf » est abîmé ou incomplet : il ne peut pas être lu.",),
    ),
    "empty": (seance(b""), ("Le fichier « acte.pdf » est vide (0 octet).",)),
    "attachment of a mandat that is no PDF": (
        mandats(TEXT),
        ("La pièce jointe « facture.pdf »", "n'est pas du type annoncé (application/pdf)."),
    ),
    "locked attachment of a mandat": (
        mandats(locked_pdf()),
        (
            "Le PDF « facture.pdf » est protégé par un mot de passe : le comptable ne pourrait pas "
            "l'ouvrir.",
            "Enregistrez-le de nouveau sans mot de passe, ou demandez-en un autre au fournisseur.",
        ),
    ),
    "damaged attachment of a mandat": (
        mandats(PDF[: len(PDF) // 2]),
        ("Le PDF « facture.pdf » est abîmé ou incomplet : il ne peut pas être lu.",),
    ),
    "impossible date": (
        seance(PDF, ROW.replace("08/10/2026", "30/02/2026")),
        (
            "actes.csv, ligne 2, colonne « date »",
            "« 30/02/2026 », qui n'est pas une date possible.",
            "Écrivez la date sous la forme 31/12/2026.",
        ),
    ),
    "date to come": (
        seance(PDF, ROW.replace("08/10/2026", "08/10/2126")),
        ("La date de la décision, 08/10/2126, n'est pas",),
    ),
    "number twice in one sheet": (
        seance(PDF, ROW, ROW.replace("salle", "cantine")),
        ("actes.csv, ligne 3", "Le numéro 2026_090 est donné deux fois", "actes.csv, ligne 2"),
    ),
    "missing column": (
        seance(PDF, "2026_090;DE;3.2;Tarifs;acte.pdf", head=HEAD.replace("date;", "")),
        ("actes.csv, ligne 1", "La colonne « date » manque (colonnes lues : numero, nature,"),
    ),
    "doubled column": (
        seance(PDF, f"{ROW};2026_091", head=f"{HEAD};N° acte;Numéro"),
        (
            "actes.csv, ligne 1",
            "Deux colonnes disent la même chose : « numero ».",
            "Gardez-en une seule.",
        ),
    ),
    "document that is not there": (
        {"seance/actes.csv": csv(HEAD, ROW)},
        ("Le fichier « acte.pdf », cité dans la colonne « fichier », n'est pas dans le dépôt.",),
    ),
    "document that nobody names": (
        {**seance(PDF), "seance/annexe.pdf": PDF + b"\n"},
        ("Le fichier « annexe.pdf » est dans le dépôt mais « actes.csv » ne le cite pas.",),
    ),
    "Word document": (
        {"lettre.docx": docx()},
        (
            "Un document de traitement de texte ne peut pas être envoyé tel quel : lettre.docx.",
            "Enregistrez-le au format PDF",
        ),
    ),
    "folder with two spreadsheets": (
        {**seance(PDF), "seance/anciens.csv": csv(HEAD, ROW)},
        (
            "Le dépôt contient plusieurs tableaux : actes.csv, anciens.csv.",
            "Déposez un seul tableau à la fois",
        ),
    ),
    "unreadable data file": (
        {"acte.pdf": PDF, "acte.json": b'{"numero": "2026_090",'},
        ("acte.json", "La fiche de l'acte est illisible"),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_act_comes_back_with_a_sentence(strict_mairie: Mairie, case: str) -> None:
    files, sentences = WRONG[case]
    deposit(strict_mairie, files)
    assert_given_back(strict_mairie, strict_mairie.nightly(), files, *sentences)


def test_151_megabytes_of_annexes_come_back(strict_mairie: Mairie) -> None:
    files = {
        "seance/actes.csv": csv(f"{HEAD};annexes", f"{ROW};plan.jpg"),
        "seance/acte.pdf": PDF,
        "seance/plan.jpg": b"\xff\xd8\xff" + bytes(151 << 20),
    }
    deposit(strict_mairie, files)
    sentence = "L'envoi pèse 151 Mo ; le maximum est de 150 Mo."
    assert_given_back(strict_mairie, strict_mairie.nightly(), files, sentence)


def test_a_returned_deposit_leaves_once_it_is_corrected(mairie: Mairie) -> None:
    deposit(mairie, seance(locked_pdf()))
    assert mairie.nightly().code == 1
    returned = mairie.folder / "a-corriger" / "seance"
    (returned / "acte.pdf").write_bytes(PDF)
    returned.rename(mairie.folder / "a-deposer" / "seance")
    assert mairie.nightly().code == 0
    assert mairie.landed() == 1
    assert_kept(mairie, {**seance(PDF), "before": locked_pdf()})


class TestAlreadyUsed:
    """The number of an act serves once."""

    @pytest.fixture
    def sent(self, mairie: Mairie) -> Mairie:
        """A mairie whose act 2026_090 is acknowledged."""
        deposit(mairie, seance(PDF))
        mairie.play()
        assert [flow["etat"] for flow in mairie.flows()] == ["acquitte"]
        return mairie

    @pytest.mark.parametrize(
        "files",
        [
            pytest.param({f"encore/{n[7:]}": c for n, c in seance(PDF).items()}, id="same act"),
            pytest.param(
                {
                    "encore/actes.csv": csv(HEAD, ROW.replace("Tarifs", "Horaires")),
                    "encore/acte.pdf": PDF,
                },
                id="another act",
            ),
        ],
    )
    def test_a_number_serves_once(self, sent: Mairie, files: Files) -> None:
        deposit(sent, files)
        assert sent.nightly().code == 1
        sheet = sent.sheet("encore")
        assert re.search(
            r"Le numéro « 2026_090 » a déjà servi : \d\d/\d\d/20\d\d, « Tarifs de la salle »\.",
            sheet,
        )
        assert "S'il s'agit du même acte, ne le renvoyez pas." in sheet
        assert contents(sent.folder / "a-corriger") == sorted(files.values())
        assert_kept(sent, files)
        assert (len(sent.flows()), sent.landed()) == (1, 1)


def test_the_same_seance_dropped_twice_at_once_leaves_once(mairie: Mairie) -> None:
    mairie.drop(FIXTURES / "seance-2026-10-08")
    mairie.drop(FIXTURES / "seance-2026-10-08", into="copie")
    assert mairie.nightly().code == 1
    assert sorted(flow["key"][-11:] for flow in mairie.flows()) == ["2026_041-DE", "2026_042-DE"]
    assert mairie.landed() == 2
    original = contents(FIXTURES / "seance-2026-10-08")
    assert contents(mairie.folder / "a-corriger") == original
    assert contents(mairie.folder / "transmis") == original


def test_changed_is_not_blind() -> None:
    """The helper of these tests refuses to change nothing."""
    with pytest.raises(AssertionError):
        changed(PDF, "this text is not in the file", "")
