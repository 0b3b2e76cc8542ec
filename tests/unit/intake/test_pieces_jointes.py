"""Attachments of titres and mandats: linked by name, by folder, by IdUnique; what goes wrong."""

import pytest

from demat.faults import Severity
from demat.intake.api import InputFile, Reading
from demat.intake.readers.ecritures import Mandats, Titres
from demat.labels_fr.catalogue import explain, sentence
from tests.unit.intake.factories import CONTEXT, MANDAT, PDF, TITRE, pdf, table, told

ROOT = "21990123800010D2026M000204"


def read(*records: dict[str, object], documents=()) -> Reading:
    return Mandats().read([table(*records, name="mandats.csv"), *documents], CONTEXT)


def links(reading: Reading) -> dict[int, list[tuple[str, str]]]:
    """Return, by number of pièce, the IdUnique and the deposited content of its attachments."""
    assert told(reading.faults) == []
    found: dict[int, list[tuple[str, str]]] = {}
    for draft in reading.drafts:
        content = {pj.id_unique: pj.open().read().decode() for pj in draft.pieces_jointes}
        for bordereau in draft.bordereaux:
            for piece in bordereau.pieces:
                ids = [ref.id_unique for ref in piece.pj]
                found[piece.numero] = [(unique, content[unique]) for unique in ids]
    return found


def named(*names: str) -> list[InputFile]:
    """Return documents whose content is their name."""
    return [pdf(name, name.encode()) for name in names]


@pytest.mark.parametrize("folder", ["204", "pj/204", "0204", "2026/Bordereau 31/204"])
def test_a_folder_with_the_number_of_the_piece_holds_its_documents(folder):
    documents = named(f"{folder}/b.pdf", f"{folder}/a.pdf")
    assert links(read(MANDAT, documents=documents)) == {
        204: [(f"{ROOT}A1", f"{folder}/a.pdf"), (f"{ROOT}A2", f"{folder}/b.pdf")]
    }


def test_a_document_that_a_row_cites_belongs_to_it_whatever_its_folder():
    other = {**MANDAT, "num_mandat": "205", "pj_fichier": "a.pdf"}
    found = links(read(MANDAT, other, documents=named("204/a.pdf", "204/b.pdf")))
    assert [content for _, content in found[204]] == ["204/b.pdf"]
    assert [content for _, content in found[205]] == ["204/a.pdf"]


@pytest.mark.parametrize("folder", ["205", "mandat 204", "204/annexes", ""])
def test_a_document_in_another_folder_is_an_orphan(folder):
    reading = read(MANDAT, documents=named(f"{folder}/a.pdf".lstrip("/")))
    assert [code for code, _, _ in told(reading.faults)] == ["INT-FILE_ORPHAN"]


def test_a_folder_number_that_several_pieces_have_is_not_guessed():
    other = {**MANDAT, "budget": "02"}
    (fault,) = read(MANDAT, other, documents=named("204/a.pdf")).faults
    assert fault.code == "INT-FOLDER_AMBIGUOUS"
    assert sentence(fault) == (
        "Le fichier « 204/a.pdf » est dans un dossier numéroté 204, mais 2 pièces de ce dépôt "
        "portent ce numéro."
    )


def test_the_export_may_give_the_identifiers():
    record = {**MANDAT, "pj_id_unique": "GED1|GED2"}
    documents = named("GED1.pdf", "scans/GED2.xml")
    assert links(read(record, documents=documents)) == {
        204: [("GED1", "GED1.pdf"), ("GED2", "scans/GED2.xml")]
    }


def test_one_identifier_for_two_pieces_is_one_attachment():
    records = [{**MANDAT, "num_mandat": n, "pj_id_unique": "GED1"} for n in ("204", "205")]
    reading = read(*records, documents=named("GED1.pdf"))
    assert links(reading) == {204: [("GED1", "GED1.pdf")], 205: [("GED1", "GED1.pdf")]}
    assert len(reading.drafts[0].pieces_jointes) == 1


def test_a_file_named_as_our_identifier_has_that_identifier():
    documents = named(f"{ROOT}A1.pdf", f"{ROOT}A7.pdf", "a.pdf")
    assert links(read({**MANDAT, "pj_fichier": "a.pdf"}, documents=documents)) == {
        204: [
            (f"{ROOT}A2", "a.pdf"),  # the first place belongs to the file that has its name
            (f"{ROOT}A1", f"{ROOT}A1.pdf"),
            (f"{ROOT}A7", f"{ROOT}A7.pdf"),
        ]
    }


def test_a_file_cited_by_the_name_of_our_identifier_has_it_too():
    record = {**MANDAT, "pj_fichier": f"{ROOT}A1.pdf"}
    assert links(read(record, documents=named(f"{ROOT}A1.pdf"))) == {
        204: [(f"{ROOT}A1", f"{ROOT}A1.pdf")]
    }


def test_a_role_and_the_titres_beside_it_each_carry_their_own_attachments():
    role = {"type": "rôle", "num_dette": "2026000417", "periode": "3", "pj_fichier": "r.pdf"}
    records = ({**TITRE, "pj_fichier": "t.pdf"}, {**TITRE, **role})
    files = [table(*records, name="titres.csv"), pdf("t.pdf"), pdf("r.pdf")]
    reading = Titres().read(files, CONTEXT)
    assert told(reading.faults) == []
    assert [[pj.name for pj in draft.pieces_jointes] for draft in reading.drafts] == [
        ["t.pdf"],
        ["r.pdf"],
    ]


@pytest.mark.parametrize(
    ("cells", "documents", "code", "where", "words"),
    [
        ({"pj_fichier": "a.pdf"}, [], "INT-FILE_MISSING", "colonne « pj_fichier »", "« a.pdf »"),
        ({"pj_id_unique": "GED1"}, [], "INT-FILE_MISSING", "colonne « pj_id_unique »", "« GED1 »"),
        ({"pj_id_unique": "GED-1"}, [], "INT-ID_UNIQUE", "colonne « pj_id_unique »", "« GED-1 »"),
        ({}, ["a.pdf"], "INT-FILE_ORPHAN", "a.pdf", "« a.pdf »"),
        (
            {"pj_fichier": "a.pdf"},
            ["x/a.pdf", "y/a.pdf"],
            "INT-FILE_AMBIGUOUS",
            "colonne « pj_fichier »",
            "x/a.pdf, y/a.pdf",
        ),
    ],
)
def test_what_is_wrong_with_a_document_names_it(cells, documents, code, where, words):
    reading = read({**MANDAT, **cells}, documents=named(*documents))
    (fault,) = reading.faults
    told(reading.faults)
    assert (fault.code, fault.severity) == (code, Severity.BLOCKING)
    assert where in explain(fault).where
    assert words in explain(fault).sentence
    assert reading.drafts == ()


def test_a_document_cited_twice_by_a_piece_is_sent_once():
    record = {**MANDAT, "pj_fichier": "a.pdf|a.pdf"}
    twice = {**MANDAT, "compte": "6067", "pj_fichier": "A.PDF"}
    found = links(read(record, twice, documents=named("a.pdf")))
    assert found == {204: [(f"{ROOT}A1", "a.pdf")]}


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("paie", "etat.xml", "004"),
        ("paie collective", "etat.xml", "004"),
        ("paie", "etat.pdf", "003"),
        ("mandat", "etat.xml", "003"),
    ],
)
def test_the_xml_of_a_mandat_of_pay_is_the_etat_de_paye(kind, name, expected):
    record = {**MANDAT, "type": kind, "pj_fichier": name}
    reading = read(record, documents=[InputFile(name=name, data=b"<DocumentPaye/>")])
    assert [pj.type_pj for pj in reading.drafts[0].pieces_jointes] == [expected]


@pytest.mark.parametrize(("kind", "repeated"), [("010", "010"), ("011", "011"), ("002", "")])
def test_the_reference_repeats_the_kinds_that_the_norm_wants_there(kind, repeated):
    record = {**TITRE, "pj_fichier": "a.pdf", "pj_type": kind}
    reading = Titres().read([table(record, name="titres.csv"), pdf("a.pdf", PDF)], CONTEXT)
    (draft,) = reading.drafts
    assert [ref.type_pj for ref in draft.bordereaux[0].pieces[0].pj] == [repeated]
