"""What any protocol file is."""

from pathlib import Path

import pytest

from demat.engine.inspect import Inspected, inspect
from demat.engine.transmit import transmit_due
from demat.faults import FaultError
from demat.sandbox.prefecture import ar_annulation, retour_classification
from tests.unit.actes.pdfs import signed_pdf, with_xmp
from tests.unit.actes.test_documents import ELEMENTS
from tests.unit.engine.conftest import FIXTURES, INSTALLED, Town, Verdict, acquit, anomaly, ar

GOLDEN = Path(__file__).parents[2] / "golden" / "actes"


def test_an_archive_lists_its_members(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    flow = town.flow(1)
    content = town.store.documents.get(flow.sha256)
    found = inspect(content)
    assert (found.kind, found.identifiers) == ("archive ACTES", {"octets": str(len(content))})
    assert [element["element"] for element in found.elements] == flow.facts["members"]


def test_answers_of_the_prefecture(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    flow = town.flow(1)
    echo = {
        "numero": "2026_050",
        "date": "2026-11-05",
        "nature": "1",
        "matiere": "8.3",
        "objet": "Programme de voirie 2027",
    }
    assert inspect(ar(flow)) == Inspected(
        kind="ARActe",
        identifiers={"id_acte": flow.key, "date_reception": "2026-11-24"} | echo,
        elements=({"element": flow.key, "state": "accepted"},),
    )
    assert inspect(anomaly(flow, detail="Illisible")) == Inspected(
        kind="AnomalieActe",
        identifiers={"date_anomalie": "2026-11-24", "code": "002"} | echo,
        elements=({"element": "2026_050", "state": "refused", "detail": "Illisible"},),
    )
    found = inspect(ar_annulation(flow.key, INSTALLED))
    assert (found.kind, found.elements[0]["state"]) == ("ARAnnulation", "cancelled")


ID = "099-000000000-20240314-2024_012-DE"
LETTER = {"id_acte": ID, "date_courrier": "2024-04-08"}


@pytest.mark.parametrize(
    ("root", "identifiers"),
    [
        ("CourrierSimple", {"id_acte": ID, "date": "2024-04-08"}),
        ("ARPieceComplementaire", {**LETTER, "date_reception": "2024-04-19"}),
        ("PieceComplementaire", LETTER),
        ("ARDemandePieceComplementaire", LETTER),
        ("Annulation", {"id_acte": ID}),
        ("DemandeClassification", {"date": "2001-01-01"}),
        ("ReponseClassificationSansChangement", {"date": "2023-09-01"}),
    ],
)
def test_a_message_without_state_tells_its_act_and_its_dates(
    root: str, identifiers: dict[str, str]
) -> None:
    content = (GOLDEN / f"{root}.xml").read_bytes()
    assert inspect(content) == Inspected(kind=root, identifiers=identifiers)


def test_a_classification() -> None:
    found = inspect(retour_classification(INSTALLED))
    assert (found.kind, found.identifiers["date"]) == ("RetourClassification", "2026-01-01")
    assert int(found.identifiers["matieres"]) > 10


def test_a_pes_and_its_acquit(town: Town) -> None:
    town.fixture("mandats-2026-10")
    transmit_due(town.office)
    flow = town.flow(1)
    found = inspect(town.store.documents.get(flow.sha256))
    assert (found.kind, found.identifiers["nom_fic"]) == ("PES_Aller", flow.key)
    assert [element["element"] for element in found.elements] == [
        "bordereau 31",
        *(f"pièce jointe {one}" for one in flow.facts["pieces_jointes"]),
    ]
    assert found.elements[0]["signature"] == "non"
    verdicts = [
        Verdict(domaine=5, bordereau=31),
        Verdict(domaine=4, id_unique="PJ1", accepted=False, error="ERREUR_PJ", libelle="vide"),
    ]
    answer = inspect(acquit(flow, verdicts))
    assert [(e["state"], e["errors"]) for e in answer.elements] == [
        ("accepted", ""),
        ("refused", "ERREUR_PJ vide"),
    ]


def test_files_that_are_not_xml() -> None:
    pdf = (FIXTURES / "arrete-individuel" / "AI_2026_017.pdf").read_bytes()
    said = {"octets": str(len(pdf)), "pages": "1", "signature": "non"}
    assert inspect(pdf) == Inspected(kind="pdf", identifiers=said)


def test_xml_of_no_known_kind() -> None:
    assert inspect(b"<facture/>") == Inspected(kind="facture")


@pytest.mark.parametrize("content", [b"", b"bonjour", b"<a>", b"\x1f\x8b\x08", b"<PES_ACQUIT/>"])
def test_what_cannot_be_read_is_a_fault(content: bytes) -> None:
    with pytest.raises(FaultError):
        inspect(content)


def test_what_a_pdf_says_of_itself() -> None:
    claimed = inspect(with_xmp(ELEMENTS.encode())).identifiers
    assert (claimed["pdfa"], claimed["signature"]) == ("2b", "non")
    assert inspect(signed_pdf()).identifiers["signature"] == "oui"
