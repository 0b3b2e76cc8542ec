"""Documents found by the names that the data gives them."""

import pytest

from demat.faults import Faults
from demat.intake.api import InputFile
from demat.intake.readers.documents import Documents
from demat.intake.readers.tables import Row
from demat.labels_fr.catalogue import sentence
from tests.unit.intake.factories import told


def row() -> Row:
    return Row(file="actes.csv", number=3, cells={})


def documents(*names: str, same: bool = False) -> Documents:
    return Documents(InputFile(name=name, data=b"" if same else name.encode()) for name in names)


@pytest.mark.parametrize(
    ("deposited", "cited", "found"),
    [
        (["a.pdf"], "a.pdf", "a.pdf"),
        (["Délib n°1.PDF"], "delib n°1.pdf", "Délib n°1.PDF"),
        (["de\u0301lib.pdf"], "d\u00e9lib.pdf", "de\u0301lib.pdf"),
        (["annexes/plan.pdf"], "plan.pdf", "annexes/plan.pdf"),
        (["a/plan.pdf", "b/plan.pdf"], "b/plan.pdf", "b/plan.pdf"),
        (["a/plan.pdf", "b/plan.pdf"], "b\\plan.pdf", "b/plan.pdf"),
        (["plan.pdf"], "C:\\Mairie\\Actes\\plan.pdf", "plan.pdf"),
        (["plan.pdf", "PLAN.pdf"], "plan.pdf", "plan.pdf"),
    ],
)
def test_a_document_is_found(deposited, cited, found):
    where = row()
    assert documents(*deposited).find(where, "fichier", cited).name == found
    assert where.faults == []


def test_a_missing_document_is_a_fault_of_the_row():
    where = row()
    assert documents("b.pdf").find(where, "annexes", "a.pdf") is None
    assert told(Faults(where.faults)) == [("INT-FILE_MISSING", 3, "annexes")]
    assert sentence(where.faults[0]) == (
        "Le fichier « a.pdf », cité dans la colonne « annexes », n'est pas dans le dépôt."
    )


@pytest.mark.parametrize(
    "deposited", [("a/plan.pdf", "b/plan.pdf"), ("Plan.pdf", "PLAN.pdf"), ("plân.pdf", "Plan.pdf")]
)
def test_two_different_files_that_a_name_may_mean_are_not_chosen_between(deposited):
    where = row()
    folder = documents(*deposited)
    assert folder.find(where, "fichier", "plan.pdf") is None
    assert told(Faults(where.faults)) == [("INT-FILE_AMBIGUOUS", 3, "fichier")]
    assert sentence(where.faults[0]) == (
        "Plusieurs fichiers différents du dépôt peuvent être « plan.pdf » : "
        f"{', '.join(deposited)}."
    )
    assert folder.orphans("actes.csv") == ()


def test_the_same_file_twice_is_taken_once():
    where = row()
    folder = documents("a/plan.pdf", "b/plan.pdf", same=True)
    assert folder.find(where, "fichier", "plan.pdf").name == "a/plan.pdf"
    assert where.faults == []
    assert folder.orphans("actes.csv") == ()


def test_a_document_that_nothing_cites_is_told():
    folder = documents("a.pdf", "sous/b.pdf")
    folder.find(row(), "fichier", "A.pdf")
    orphans = Faults(folder.orphans("actes.csv"))
    assert told(orphans) == [("INT-FILE_ORPHAN", None, "")]
    assert sentence(next(iter(orphans))) == (
        "Le fichier « sous/b.pdf » est dans le dépôt mais « actes.csv » ne le cite pas."
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Plan, nord.pdf", ("Plan, nord.pdf",)),
        ("PLAN, NORD.pdf", ("PLAN, NORD.pdf",)),
        ("a.pdf, b.pdf", ("a.pdf", "b.pdf")),
        ("", ()),
    ],
)
def test_a_name_that_exists_is_not_split(text, names):
    assert documents("Plan, nord.pdf", "a.pdf", "b.pdf").names(text) == names
