"""One act as a PDF with its data in a file beside it."""

import json
from datetime import date

import pytest

from demat.actes.build import build_message_acte
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.natures import NatureActe
from demat.faults import FaultError
from demat.intake.api import InputFile, Reading
from demat.intake.readers.acte_sidecar import ActeSidecar, cited_texts
from demat.labels_fr.catalogue import sentence
from tests.unit.intake.factories import CONTEXT, pdf, table, told

FICHE: dict[str, object] = {
    "numero": "AI_2026_017",
    "date": "20/10/2026",
    "nature": "arrêté individuel",
    "matiere": "4.1",
    "objet": "Avancement d'échelon",
}
EMETTEUR = Emetteur(
    siren="000000000",
    departement="099",
    arrondissement="1",
    nature="31",
    adresses_retour=("retour@tdt-fictif.fr",),
)
ACTE = Acte(
    numero="2026_041",
    date_decision=date(2026, 10, 8),
    nature=NatureActe.DELIBERATION,
    matiere=(7, 10),
    objet="Tarifs d'été",
    document=Piece(name="tarifs.pdf", content=pdf("a").content, type_pj="99_DE"),
    annexes=(
        Piece(name="a.pdf", content=pdf("a").content, type_pj=""),
        Piece(name="b.pdf", content=pdf("a").content, type_pj="22_PN"),
    ),
    document_papier=True,
    classification_date=date(2023, 9, 1),
    precedent="099-000000000-20260101-2026_001-DE",
)
STEM = "099-000000000-20261008-2026_041-DE-1-1_"


def fiche(content: object, name: str = "AI_2026_017.json") -> InputFile:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return InputFile(name=name, data=data)


def message(name: str = f"{STEM}0.xml") -> InputFile:
    return InputFile(name=name, data=build_message_acte(ACTE, EMETTEUR))


def read(*files: InputFile) -> Reading:
    assert ActeSidecar().recognises(files)
    return ActeSidecar().read(files, CONTEXT)


def acte(reading: Reading) -> Acte:
    assert [fault for fault in reading.faults if fault.blocking] == []
    (draft,) = reading.drafts
    return draft.acte


# ---------------------------------------------------------------------------------- JSON


def test_a_fiche_beside_its_pdf():
    reading = read(fiche({**FICHE, "Signataire": "Camille Dupré"}), pdf("AI_2026_017.pdf"))
    assert told(reading.faults) == []
    (draft,) = reading.drafts
    assert (draft.where, draft.extra) == ("AI_2026_017.json", {"signataire": "Camille Dupré"})
    assert draft.acte == Acte(
        numero="AI_2026_017",
        date_decision=date(2026, 10, 20),
        nature=NatureActe.INDIVIDUEL,
        matiere=(4, 1),
        objet="Avancement d'échelon",
        document=Piece(name="AI_2026_017.pdf", content=pdf("a").content, type_pj="99_AI"),
        classification_date=CONTEXT.classification.date,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_fiche_in_any_encoding(encoding):
    content = json.dumps(FICHE, ensure_ascii=False).encode(encoding)
    assert acte(read(fiche(content), pdf("a.pdf"))).objet == "Avancement d'échelon"


@pytest.mark.parametrize(
    ("deposited", "chosen"),
    [
        (["autre.pdf"], "autre.pdf"),
        (["ai_2026_017.PDF"], "ai_2026_017.PDF"),
        (["AI_2026_017.docx", "AI_2026_017.pdf"], "AI_2026_017.pdf"),
    ],
)
@pytest.mark.parametrize("unsaid", [{}, {"fichier": ""}, {"fichier": None}])
def test_the_document_that_is_not_said(deposited, chosen, unsaid):
    reading = read(fiche({**FICHE, **unsaid}), *(pdf(name) for name in deposited))
    (draft,) = reading.drafts
    assert draft.acte.document.name == chosen
    assert {fault.params["name"] for fault in reading.faults} == {*deposited} - {chosen}


def test_two_documents_none_of_which_is_said():
    reading = read(fiche(FICHE), pdf("a.pdf"), pdf("b.pdf"))
    assert told(reading.faults) == [
        ("INT-CELL_EMPTY", None, "fichier"),
        ("INT-FILE_ORPHAN", None, ""),
        ("INT-FILE_ORPHAN", None, ""),
    ]
    assert reading.drafts == ()


def test_a_fiche_alone_says_what_is_missing():
    reading = read(fiche({**FICHE, "fichier": "arrete.pdf", "annexes": ["a.pdf"]}))
    assert told(reading.faults) == [
        ("INT-FILE_MISSING", None, "fichier"),
        ("INT-FILE_MISSING", None, "annexes"),
    ]


def test_a_document_that_the_fiche_does_not_cite_is_not_forgotten():
    reading = read(fiche(FICHE), pdf("AI_2026_017.pdf"), pdf("plan.pdf"))
    assert told(reading.faults) == [("INT-FILE_ORPHAN", None, "")]
    assert sentence(next(iter(reading.faults))) == (
        "Le fichier « plan.pdf » est dans le dépôt mais « AI_2026_017.json » ne le cite pas."
    )


@pytest.mark.parametrize(
    ("annexes", "names"),
    [
        (["a.pdf", "b.pdf"], ["a.pdf", "b.pdf"]),
        ("a.pdf, b.pdf", ["a.pdf", "b.pdf"]),
        (["Plan, nord.pdf"], ["Plan, nord.pdf"]),
        ([], []),
        (None, []),
    ],
)
def test_annexes_as_a_list_or_a_text(annexes, names):
    found = acte(
        read(
            fiche({**FICHE, "Annexes": annexes}),
            pdf("AI_2026_017.pdf"),
            *(pdf(name) for name in names),
        )
    )
    assert [piece.name for piece in found.annexes] == names


def test_types_of_annexes_keep_their_places():
    found = acte(
        read(
            fiche({**FICHE, "annexes": ["a.pdf", "b.pdf"], "types_annexes": ["", "41_CA"]}),
            *(pdf(name) for name in ("AI_2026_017.pdf", "a.pdf", "b.pdf")),
        )
    )
    assert [piece.type_pj for piece in found.annexes] == ["99_AI", "41_CA"]


@pytest.mark.parametrize(
    ("written", "matiere", "codes"),
    [
        (b"7.10", (7, 10), []),
        (b"7.1", (7, 1), ["INT-MATIERE_NUMBER"]),
        (b'"7.1"', (7, 1), []),
    ],
)
def test_numbers_stay_as_they_are_written(written, matiere, codes):
    content = json.dumps(FICHE).encode().replace(b'"4.1"', written)
    reading = read(fiche(content), pdf("a.pdf"))
    assert (acte(reading).matiere, list(reading.faults.codes)) == (matiere, codes)


def test_a_number_and_a_truth_are_texts_of_a_cell():
    found = acte(read(fiche({**FICHE, "numero": 2026041, "papier": True}), pdf("a.pdf")))
    assert (found.numero, found.document_papier) == ("2026041", True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "erreur vers la ligne 1"),
        (b'{"numero": "1",\n"date": }', "erreur vers la ligne 2"),
        (b'[{"numero": "1"}]', "un objet { } est attendu"),
        (b'"texte"', "un objet { } est attendu"),
        (b"[" * 100_000, "trop de crochets les uns dans les autres"),
        (b'{"objet": {"fr": "x"}}', "la valeur de « objet » doit être un texte"),
        (b'{"objet": ["a", "b"]}', "la valeur de « objet » doit être un texte"),
        (b'{"annexes": [["a.pdf"]]}', "la valeur de « annexes » doit être un texte"),
        (b'{"objet": "a", "titre": "b"}', "« objet » y figure deux fois"),
    ],
)
def test_a_bad_fiche_says_why(content, reason):
    reading = read(fiche(content), pdf("a.pdf"))
    assert reading.drafts == ()
    assert told(reading.faults) == [("INT-JSON", None, "")]
    (fault,) = reading.faults
    assert (fault.params["reason"], fault.source) == (reason, "AI_2026_017.json")


def test_a_number_of_five_thousand_digits_is_only_a_long_text():
    content = b'{"numero": ' + b"9" * 5000 + b"}"
    reading = read(fiche(content), pdf("a.pdf"))
    assert "INT-CELL_EMPTY" in reading.faults.codes


# ----------------------------------------------------------------------------------- XML


@pytest.mark.parametrize(
    "deposited",
    [
        [f"99_DE-{STEM}1.pdf", f"{STEM}2.pdf", f"22_PN-{STEM}3.pdf"],
        [f"{STEM}1.pdf", f"{STEM}2.pdf", f"{STEM}3.pdf"],
        [f"actes/99_DE-{STEM}1.PDF", f"actes/{STEM}2.pdf", f"actes/22_PN-{STEM}3.pdf"],
    ],
)
def test_a_message_with_its_documents(deposited):
    found = acte(read(message(), *(pdf(name) for name in deposited)))
    assert found == Acte(
        numero="2026_041",
        date_decision=date(2026, 10, 8),
        nature=NatureActe.DELIBERATION,
        matiere=(7, 10),
        objet="Tarifs d'été",
        document=Piece(
            name=deposited[0].rpartition("/")[2], content=pdf("a").content, type_pj="99_DE"
        ),
        annexes=(
            Piece(name=deposited[1].rpartition("/")[2], content=pdf("a").content, type_pj="99_DE"),
            Piece(name=deposited[2].rpartition("/")[2], content=pdf("a").content, type_pj="22_PN"),
        ),
        document_papier=True,
        classification_date=CONTEXT.classification.date,
        precedent="099-000000000-20260101-2026_001-DE",
    )


def test_a_message_without_its_documents():
    assert told(read(message()).faults) == [
        ("INT-FILE_MISSING", None, "fichier"),
        ("INT-FILE_MISSING", None, "annexes"),
        ("INT-FILE_MISSING", None, "annexes"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<ARActe IDActe="099-000000000-20261008-2026_041-DE" NumeroInterne="1"/>', None),
        (b"<Acte NumeroInterne='1'", "XML-SYNTAX"),
        (b"<!DOCTYPE Acte [<!ENTITY a 'b'>]><Acte NumeroInterne='1'/>", "XML-DTD"),
        (b'<Acte NumeroInterne="1" Date="2026-10-08"/>', "ACT-INBOUND_CONTENT"),
    ],
)
def test_an_xml_that_is_no_act(content, code):
    reading = read(InputFile(name="acte.xml", data=content), pdf("acte.pdf"))
    assert reading.drafts == ()
    assert code is None or reading.faults.codes == (code,)
    assert all(fault.source == "acte.xml" for fault in reading.faults)
    assert reading.faults.blocking


def test_another_message_is_named():
    content = (
        b'<ARActe IDActe="099-000000000-20261008-2026_041-DE" DateReception="2026-10-08">'
        b'<ActeRecu NumeroInterne="1"/></ARActe>'
    )
    reading = read(InputFile(name="ar.xml", data=content), pdf("ar.pdf"))
    assert [sentence(fault) for fault in reading.faults] == [
        "Le fichier « ar.xml » n'est pas la fiche d'un acte."
    ]


# -------------------------------------------------------------------------- recognition


@pytest.mark.parametrize(
    ("files", "recognised"),
    [
        ([fiche(FICHE), pdf("a.pdf")], True),
        ([message(), pdf("a.pdf")], True),
        ([fiche(FICHE)], True),
        ([pdf("a.pdf")], False),
        ([fiche(FICHE), fiche(FICHE, "b.json"), pdf("a.pdf")], False),
        ([fiche(FICHE), message(), pdf("a.pdf")], False),
        ([InputFile(name="pes.xml", data=b"<PES_Aller/>"), pdf("a.pdf")], False),
        ([fiche(FICHE), table({"agent": "A", "heures": "3"}), pdf("a.pdf")], True),
    ],
)
def test_what_is_recognised(files, recognised):
    assert ActeSidecar().recognises(files) is recognised


def test_the_names_that_a_data_file_cites():
    assert cited_texts(fiche({**FICHE, "fichier": "a.pdf", "annexes": ["b.pdf", "c.pdf"]})) == (
        "a.pdf",
        "b.pdf|c.pdf",
    )
    assert cited_texts(message()) == (
        f"99_DE-{STEM}1.pdf",
        f"{STEM}2.pdf|22_PN-{STEM}3.pdf",
    )
    assert cited_texts(InputFile(name="pes.xml", data=b"<PES_Aller/>")) == ()
    assert cited_texts(fiche(FICHE)) == ()
    with pytest.raises(FaultError):
        cited_texts(fiche(b"{"))
