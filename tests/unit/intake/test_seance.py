"""The acts of a séance."""

from dataclasses import replace
from datetime import date

import pytest

from demat.actes.classification import Classification, NatureClassee, TypePJ
from demat.actes.model import Acte, Piece
from demat.actes.natures import NatureActe
from demat.faults import Severity
from demat.intake.api import ActeDraft, InputFile, Reading
from demat.intake.readers.seance import Seance, protected
from demat.labels_fr.catalogue import sentence
from tests.unit.intake.factories import ACTE, CONTEXT, csv_bytes, pdf, table, told


def read(*files: InputFile, context=CONTEXT) -> Reading:
    assert Seance().recognises(files)
    return Seance().read(files, context)


def acte(reading: Reading) -> Acte:
    assert told(reading.faults) == []
    (draft,) = reading.drafts
    assert isinstance(draft, ActeDraft)
    return draft.acte


def one(*documents: InputFile, **changes: object) -> Reading:
    """Read a list of one act, changed, with its PDF."""
    return read(table({**ACTE, **changes}), *(documents or (pdf("tarifs.pdf"),)))


def test_a_whole_row_becomes_an_act():
    record = {**ACTE, "annexes": "a.pdf|b.pdf", "papier": "oui", "pour": "12", "signataire": "CD"}
    reading = read(
        table(record, name="actes.xlsx"), pdf("tarifs.pdf", b"t"), pdf("b.pdf", b"b"), pdf("a.pdf")
    )
    assert reading == Reading(
        kind="seance",
        drafts=(
            ActeDraft(
                acte=Acte(
                    numero="2026_041",
                    date_decision=date(2026, 10, 8),
                    nature=NatureActe.DELIBERATION,
                    matiere=(7, 10),
                    objet="Tarifs de la salle des fêtes",
                    document=Piece(name="tarifs.pdf", content=b"t", type_pj="99_DE"),
                    annexes=(
                        Piece(name="a.pdf", content=pdf("a").content, type_pj="99_DE"),
                        Piece(name="b.pdf", content=b"b", type_pj="99_DE"),
                    ),
                    document_papier=True,
                    classification_date=CONTEXT.classification.date,
                ),
                where="actes.xlsx, ligne 2",
                extra={"vote_pour": "12", "signataire": "CD"},
            ),
        ),
    )


@pytest.mark.parametrize(
    ("written", "nature"),
    [
        ("DE", NatureActe.DELIBERATION),
        ("1", NatureActe.DELIBERATION),
        (1, NatureActe.DELIBERATION),
        ("Délibérations", NatureActe.DELIBERATION),
        ("arrêté réglementaire", NatureActe.REGLEMENTAIRE),
        ("Actes réglementaires", NatureActe.REGLEMENTAIRE),
        ("Acte individuel", NatureActe.INDIVIDUEL),
        ("Contrats, conventions et avenants", NatureActe.CONTRAT),
        ("avenant", NatureActe.CONTRAT),
        ("Documents budgétaires et financiers", NatureActe.BUDGETAIRE),
        ("Autres", NatureActe.AUTRE),
    ],
)
def test_natures_as_agents_write_them(written, nature):
    assert acte(one(nature=written)).nature is nature


def test_an_unknown_nature_is_a_fault_with_the_words_to_choose_from():
    reading = one(nature="Arrêté")
    assert told(reading.faults) == [("INT-CHOICE", 2, "nature")]
    assert reading.drafts == ()
    (fault,) = reading.faults
    assert "arrete reglementaire" in fault.params["known"]


@pytest.mark.parametrize(
    ("written", "matiere"),
    [
        ("7.10", (7, 10)),
        ("7.10 Divers", (7, 10)),
        ("7.10. Divers", (7, 10)),
        ("8.1.3", (8, 1, 3)),
        ("7", (7,)),
    ],
)
def test_matieres(written, matiere):
    assert acte(one(matiere=written)).matiere == matiere


@pytest.mark.parametrize("written", ["7,10", "Finances", "2026-10-07", "7.x"])
def test_a_matiere_that_cannot_be_read(written):
    reading = one(matiere=written)
    assert told(reading.faults) == [("INT-MATIERE", 2, "matiere")]
    assert reading.drafts == ()


@pytest.mark.parametrize(
    ("written", "warned"),
    [(7.10, True), (8.1, True), (8.2, False), ("7.1", False), ("7.10", False)],
)
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_matiere_held_as_a_number_may_have_lost_its_zero(written, warned, kind):
    reading = read(table({**ACTE, "matiere": written}, name=f"actes.{kind}"), pdf("tarifs.pdf"))
    assert told(reading.faults) == ([("INT-MATIERE_NUMBER", 2, "matiere")] if warned else [])
    assert all(fault.severity is Severity.WARNING for fault in reading.faults)
    assert len(reading.drafts) == 1


def test_every_fault_of_every_row_is_told_at_once():
    reading = read(
        table(
            {**ACTE, "date": "30/02/2026", "matiere": "", "papier": "peut-être"},
            {**ACTE, "numero": "", "objet": " ", "fichier": ""},
            {**ACTE, "numero": "2026_043", "date": "", "nature": "", "fichier": "absent.pdf"},
        ),
        pdf("tarifs.pdf"),
        pdf("oublie.pdf"),
    )
    assert told(reading.faults) == [
        ("INT-DATE", 2, "date"),
        ("INT-CELL_EMPTY", 2, "matiere"),
        ("INT-CHOICE", 2, "papier"),
        ("INT-CELL_EMPTY", 3, "numero"),
        ("INT-CELL_EMPTY", 3, "objet"),
        ("INT-CELL_EMPTY", 3, "fichier"),
        ("INT-CELL_EMPTY", 4, "date"),
        ("INT-CELL_EMPTY", 4, "nature"),
        ("INT-FILE_MISSING", 4, "fichier"),
        ("INT-FILE_ORPHAN", None, ""),
    ]
    assert sentence(next(iter(reading.faults))) == (
        "La case « date » contient « 30/02/2026 », qui n'est pas une date possible."
    )


def test_a_missing_annexe_keeps_the_act_back():
    reading = one(annexes="plan.pdf")
    assert told(reading.faults) == [("INT-FILE_MISSING", 2, "annexes")]
    assert reading.drafts == ()


@pytest.mark.parametrize(
    ("deposited", "fichier", "annexes"),
    [
        (("Tarifs.PDF", "PLAN.pdf"), "tarifs.pdf", "Plan.pdf"),
        (("tarifs e\u0301te\u0301.pdf", "plan.pdf"), "Tarifs  été.pdf", "plan.pdf"),
        (("pieces/tarifs.pdf", "pieces/plan.pdf"), "tarifs.pdf", "plan.pdf"),
        (("tarifs.pdf", "Plan, nord.pdf"), "tarifs.pdf", "Plan, nord.pdf"),
        (("tarifs.pdf", "plan.pdf"), "C:\\Mairie\\tarifs.pdf", "C:\\Mairie\\plan.pdf"),
    ],
)
def test_documents_are_found_and_none_is_an_orphan(deposited, fichier, annexes):
    found = acte(one(*(pdf(name) for name in deposited), fichier=fichier, annexes=annexes))
    assert [found.document.name, *(piece.name for piece in found.annexes)] == [
        name.rpartition("/")[2] for name in deposited
    ]


def test_annexes_on_several_lines_of_a_cell():
    found = acte(one(pdf("tarifs.pdf"), pdf("a.pdf"), pdf("b.pdf"), annexes="a.pdf\nb.pdf"))
    assert [piece.name for piece in found.annexes] == ["a.pdf", "b.pdf"]


def test_two_files_of_the_same_name_are_never_confused():
    reading = one(pdf("a/tarifs.pdf", b"1"), pdf("b/tarifs.pdf", b"2"))
    assert told(reading.faults) == [("INT-FILE_AMBIGUOUS", 2, "fichier")]
    assert reading.drafts == ()
    named = one(pdf("a/tarifs.pdf", b"1"), pdf("b/tarifs.pdf", b"2"), fichier="b/tarifs.pdf")
    assert told(named.faults) == [("INT-FILE_ORPHAN", None, "")]
    assert named.drafts[0].acte.document.content == b"2"


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ({}, ["99_DE", "99_DE", "99_DE"]),
        ({"type": "70_de"}, ["70_DE", "99_DE", "99_DE"]),
        ({"types_annexes": "22_PN"}, ["99_DE", "22_PN", "99_DE"]),
        ({"types_annexes": "|22_PN"}, ["99_DE", "99_DE", "22_PN"]),
        ({"types_annexes": "22_PN, 22_NE"}, ["99_DE", "22_PN", "22_NE"]),
        ({"type": "70_DE", "types_annexes": "22_PN;"}, ["70_DE", "22_PN", "99_DE"]),
    ],
)
def test_types_follow_the_order_of_the_files(types, expected):
    found = acte(one(pdf("tarifs.pdf"), pdf("a.pdf"), pdf("b.pdf"), annexes="a.pdf|b.pdf", **types))
    assert [found.document.type_pj, *(piece.type_pj for piece in found.annexes)] == expected


def test_more_types_than_annexes():
    reading = one(types_annexes="22_PN")
    assert told(reading.faults) == [("INT-TYPES_COUNT", 2, "types_annexes")]
    assert sentence(next(iter(reading.faults))) == (
        "La case « types_annexes » donne plus de types de document (1) qu'il n'y a d'annexes (0)."
    )


@pytest.mark.parametrize(
    ("offered", "default"),
    [
        (("99_DE", "99_SE", "70_DE"), "99_DE"),
        (("99_SE", "99_AT"), "99_AT"),
        (("99_SE", "70_DE"), ""),
        ((), "99_DE"),
    ],
)
def test_the_default_type_is_one_that_the_prefecture_offers(offered, default):
    nature = NatureActe.DELIBERATION
    types = tuple(TypePJ(code=code, libelle=code) for code in offered)
    classification = Classification(
        date=date(2023, 9, 1),
        natures={nature: NatureClassee(nature=nature, libelle="", abrege="DE", types=types)},
        matieres={(7,): "Finances", (7, 10): "Divers"},
    )
    reading = read(
        table(ACTE), pdf("tarifs.pdf"), context=replace(CONTEXT, classification=classification)
    )
    assert acte(reading).document.type_pj == default
    assert acte(reading).classification_date == date(2023, 9, 1)


def test_missing_columns_stop_the_reading_at_once():
    record = {key: value for key, value in ACTE.items() if key not in ("date", "objet")}
    reading = read(table(record), pdf("tarifs.pdf"))
    assert told(reading.faults) == [("INT-COLUMN_MISSING", 1, "")] * 2
    assert reading.drafts == ()


def test_an_empty_date_cell_of_a_spreadsheet_program_is_a_fault_of_its_row():
    rows = [list(ACTE), list(ACTE.values()), [], [*list(ACTE.values())[:1], "", "DE"]]
    reading = read(InputFile(name="a.csv", data=csv_bytes(rows)), pdf("tarifs.pdf"))
    assert {fault.line for fault in reading.faults} == {4}


def test_a_deposit_without_list_of_acts_is_not_read():
    assert not Seance().recognises([pdf("a.pdf")])
    with pytest.raises(ValueError, match="not recognised"):
        Seance().read([pdf("a.pdf")], CONTEXT)


# ------------------------------------------------------------- numbers, and confirmed lists


def confirmed(*rows: dict[str, object], name: str = "propositions.csv") -> Reading:
    acts = [{"confirme": "oui", **ACTE, "fichier": "tarifs.pdf", **row} for row in rows]
    return Seance().read([table(*acts, name=name), pdf("tarifs.pdf")], CONTEXT)


@pytest.mark.parametrize("answer", ["oui", "OUI", " Oui ", "o"])
def test_a_confirmed_row_is_an_act(answer: str) -> None:
    reading = confirmed({"confirme": answer})
    assert told(reading.faults) == []
    assert len(reading.drafts) == 1


@pytest.mark.parametrize("answer", ["", "non", "oui ?", "x", "1"])
def test_a_row_that_nobody_confirmed_blocks(answer: str) -> None:
    reading = confirmed({"confirme": answer})
    assert told(reading.faults) == [("INT-NOT_CONFIRMED", 2, "confirme")]
    assert reading.faults.blocking


def test_the_apostrophe_that_protects_a_cell_is_dropped() -> None:
    reading = confirmed({"numero": "'007", "objet": "'=1+1", "matiere": "7.10 Finances / Divers"})
    assert told(reading.faults) == []
    (draft,) = reading.drafts
    assert (draft.acte.numero, draft.acte.objet, draft.acte.matiere) == ("007", "=1+1", (7, 10))


def test_a_confirmed_list_proposes_no_number() -> None:
    context = replace(CONTEXT, propose_numero=lambda nature, day, taken: "2026_001")
    row = {**ACTE, "numero": "", "fichier": "tarifs.pdf", "confirme": "oui"}
    reading = Seance().read([table(row), pdf("tarifs.pdf")], context)
    assert told(reading.faults) == [("INT-CELL_EMPTY", 2, "numero")]
    assert reading.proposals == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026_041", "2026_041"),
        ("Tarifs", "Tarifs"),
        ("12", "12"),
        ("007", "'007"),
        ("1E5", "'1E5"),
        ("123456789012", "'123456789012"),
        ("=SOMME(A1)", "'=SOMME(A1)"),
        ("+33", "'+33"),
        ("-a", "'-a"),
        ("@x", "'@x"),
        ("'a", "''a"),
        ("7.10 Divers", "7.10 Divers"),
        ("", ""),
    ],
)
def test_a_cell_that_a_spreadsheet_would_change_is_protected(text: str, shown: str) -> None:
    assert protected(text) == shown
