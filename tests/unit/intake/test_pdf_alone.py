"""Documents without data: which are acts, which are annexes, what is proposed of each."""

import io
from collections.abc import Collection
from dataclasses import replace
from datetime import date

import pikepdf
import pytest
from fpdf import FPDF

from demat.actes.natures import NatureActe
from demat.intake.api import Confidence, InputFile, Proposal, Reading
from demat.intake.names import annexe_of
from demat.intake.readers.pdf_alone import PdfAlone
from tests.unit.actes.factories import JPG, pdf_bytes
from tests.unit.actes.pdfs import image_pdf
from tests.unit.intake.factories import CONTEXT, told

ACT = """DÉLIBÉRATION {numero}
Séance du 8 octobre 2026
Objet : {objet}
Le conseil municipal, après en avoir délibéré, approuve.
"""


def written(name: str, text: str) -> InputFile:
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=11)
    document.multi_cell(0, 6, text)
    return InputFile(name=name, data=bytes(document.output()))


def act(name: str, numero: str = "N° 2026_041", objet: str = "Tarifs de la salle") -> InputFile:
    return written(name, ACT.format(numero=numero, objet=objet))


def plain(name: str) -> InputFile:
    return written(name, "Tableau des associations\nLes Cordes du Lavoir 450")


def read(*files: InputFile, series: str = "") -> Reading:
    def propose(nature: NatureActe, day: date, taken: Collection[str]) -> str:
        rank = 1
        while f"{series}{day.year}_{rank:03d}" in taken:
            rank += 1
        return f"{series}{day.year}_{rank:03d}" if series else ""

    reader = PdfAlone()
    assert reader.recognises(files)
    return reader.read(files, replace(CONTEXT, propose_numero=propose))


def grouped(reading: Reading) -> dict[str, str]:
    assert told(reading.faults) == []
    return {one.cells["fichier"]: one.cells.get("annexes", "") for one in reading.proposals}


def only(reading: Reading) -> Proposal:
    assert told(reading.faults) == []
    (one,) = reading.proposals
    return one


def test_one_act_is_one_proposal() -> None:
    one = only(read(act("tarifs.pdf")))
    assert one.cells == {
        "numero": "2026_041",
        "date": "08/10/2026",
        "nature": "Délibération",
        "matiere": "7.10",
        "objet": "Tarifs de la salle",
        "fichier": "tarifs.pdf",
    }
    assert one.confidences["matiere"] is Confidence.LIKELY
    assert "fichier" not in one.confidences
    assert one.reasons["numero"] == "DÉLIBÉRATION N° 2026_041"
    assert one.where == "tarifs.pdf"


def test_a_scan_proposes_nothing_and_says_why() -> None:
    one = only(read(InputFile(name="scan.pdf", data=image_pdf())))
    assert {one.cells[column] for column in ("numero", "date", "nature", "matiere", "objet")} == {
        ""
    }
    assert set(one.confidences.values()) == {Confidence.NONE}
    assert one.notes["objet"].startswith("Ce document est une image (un scan)")


def test_several_acts_are_several_proposals() -> None:
    reading = read(
        act("b/tarifs.pdf"), act("a/voirie.pdf", "N° 2026_042"), act("c.pdf", "N° 2026_043")
    )
    assert grouped(reading) == {"a/voirie.pdf": "", "b/tarifs.pdf": "", "c.pdf": ""}
    assert {one.cells["numero"] for one in reading.proposals} == {
        *("2026_041", "2026_042", "2026_043"),
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("tarifs.pdf", "tarifs-annexe.pdf"), {"tarifs.pdf": "tarifs-annexe.pdf"}),
        (
            ("tarifs.pdf", "Tarifs_Annexe 2.pdf", "TARIFS - annexe 1.pdf"),
            {"tarifs.pdf": "TARIFS - annexe 1.pdf|Tarifs_Annexe 2.pdf"},
        ),
        (("tarifs.pdf", "annexe.pdf"), {"tarifs.pdf": "annexe.pdf"}),
        (("tarifs.pdf", "PJ plan.pdf"), {"tarifs.pdf": "PJ plan.pdf"}),
        (("tarifs.pdf", "tableau.pdf"), {"tarifs.pdf": "tableau.pdf"}),
    ],
)
def test_an_annexe_goes_with_its_act(names: tuple[str, ...], expected: dict[str, str]) -> None:
    first, *others = names
    assert grouped(read(act(first), *map(plain, others))) == expected


def test_an_annexe_named_after_one_of_several_acts_goes_with_that_one() -> None:
    files = [act("tarifs.pdf"), act("subventions.pdf", "N° 2026_042")]
    files += [plain("subventions-annexe.pdf"), plain("subventions-tableau.pdf")]
    assert grouped(read(*files)) == {
        "subventions.pdf": "subventions-tableau.pdf|subventions-annexe.pdf",
        "tarifs.pdf": "",
    }


def test_a_document_that_goes_with_nothing_is_told_as_a_proposal_of_its_own() -> None:
    files = [act("tarifs.pdf"), act("voirie.pdf", "N° 2026_042"), plain("plan.pdf")]
    reading = read(*files)
    assert grouped(reading) == {"plan.pdf": "", "tarifs.pdf": "", "voirie.pdf": ""}


def test_an_act_called_an_annexe_by_mistake_is_not_lost() -> None:
    assert grouped(read(act("annexe.pdf"))) == {"annexe.pdf": ""}


def test_the_longest_name_wins() -> None:
    files = [act("2026.pdf"), act("2026-41.pdf", "N° 2026_042"), plain("2026-41-annexe.pdf")]
    assert grouped(read(*files))["2026-41.pdf"] == "2026-41-annexe.pdf"
    assert grouped(read(*files))["2026.pdf"] == ""


def test_an_image_is_an_annexe() -> None:
    photo = InputFile(name="photo.jpg", data=JPG)
    one = only(read(act("tarifs.pdf"), photo))
    assert one.cells["annexes"] == "photo.jpg"
    assert one.confidences["annexes"] is Confidence.GUESS


def test_a_folder_of_images_is_told_apart() -> None:
    reading = read(act("acte.pdf"), InputFile(name="photos/a.jpg", data=JPG))
    assert grouped(reading) == {"acte.pdf": "", "photos/a.jpg": ""}


def test_a_scan_may_be_an_act_and_is_not_made_an_annexe_by_itself() -> None:
    scan = image_pdf()
    reading = read(act("tarifs.pdf"), InputFile(name="voirie.pdf", data=scan))
    assert grouped(reading) == {"tarifs.pdf": "", "voirie.pdf": ""}
    reading = read(act("tarifs.pdf"), InputFile(name="tarifs-plan.pdf", data=scan))
    assert grouped(reading) == {"tarifs.pdf": "tarifs-plan.pdf"}


def test_how_sure_an_annexe_is() -> None:
    named = only(read(act("tarifs.pdf"), plain("tarifs-annexe.pdf")))
    assert named.confidences["annexes"] is Confidence.LIKELY
    guessed = only(read(act("tarifs.pdf"), plain("tableau.pdf")))
    assert guessed.confidences["annexes"] is Confidence.GUESS


def test_each_folder_is_a_world_of_its_own() -> None:
    files = [act("un/acte.pdf"), plain("un/plan.pdf")]
    files += [act("deux/acte.pdf", "N° 2026_042"), plain("deux/tableau.pdf")]
    assert grouped(read(*files)) == {
        "deux/acte.pdf": "deux/tableau.pdf",
        "un/acte.pdf": "un/plan.pdf",
    }


def test_acts_without_number_get_the_next_ones_of_the_series() -> None:
    reading = read(act("a.pdf", ""), act("b.pdf", "N° X_2026_001"), act("c.pdf", ""), series="X_")
    assert [one.cells["numero"] for one in reading.proposals] == [
        *("X_2026_002", "X_2026_001", "X_2026_003"),
    ]
    first, second, _ = reading.proposals
    assert first.confidences["numero"] is Confidence.GUESS
    assert first.notes["numero"].startswith("Le document n'en donne pas")
    assert second.confidences["numero"] is Confidence.CERTAIN


def test_without_a_series_a_number_that_is_not_told_stays_empty() -> None:
    one = only(read(act("a.pdf", "")))
    assert (one.cells["numero"], one.confidences["numero"]) == ("", Confidence.NONE)


def locked() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_bytes())) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [(locked(), "ACT-035_PASSWORD"), (b"%PDF-1.4 coupe", "ACT-035"), (b"texte", "ACT-035")],
)
def test_a_pdf_that_nobody_can_open_is_a_fault_not_a_draft(content: bytes, code: str) -> None:
    reading = read(act("a.pdf"), InputFile(name="b.pdf", data=content))
    assert [(fault.code, fault.source) for fault in reading.faults] == [(code, "b.pdf")]
    assert reading.proposals == ()


@pytest.mark.parametrize(
    ("stem", "main"),
    [
        ("2026_041-annexe", "2026 041"),
        ("2026_041_Annexe_1", "2026 041"),
        ("Délibération 12 - annexes", "deliberation 12"),
        ("annexe 3", ""),
        ("PJ-plan", ""),
        ("tarifs pièce jointe 2", "tarifs"),
        ("tarifs", None),
        ("annexion", None),
        ("vote-budget-annexe-eau", None),
        ("Budgets annexes 2026", None),
        ("budget annexe eau - annexe 1", "budget annexe eau"),
    ],
)
def test_names_of_annexes(stem: str, main: str | None) -> None:
    assert annexe_of(stem) == main
