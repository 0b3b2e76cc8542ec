"""The papers beside the AR: stamped copies, bordereau, certificate; the originals untouched."""

import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pikepdf
import pytest

from demat.actes.tampon import ReglageTampon
from demat.engine.acte_file import BORDEREAU, STAMPED, certificate_of, lay_papers
from demat.engine.publicity import record_publicity
from demat.engine.transmit import transmit_due
from demat.faults import FaultError
from demat.queue.states import DepositState
from demat.queue.views import TransmissionView
from tests.pdf_words import text_of
from tests.unit.engine.conftest import FIXTURES, Town, ar, collect_all

PDF = FIXTURES / "seance-2026-11-05" / "voirie.pdf"
TITLES = "numero;date;nature;matiere;objet;fichier;annexes"


@pytest.fixture
def stamping(town: Town) -> Town:
    authority = replace(town.authority, tampon=ReglageTampon())
    return replace(town, authority=authority, office=replace(town.office, authorities=(authority,)))


def send(town: Town, folder: Path, document: bytes, *annexes: str) -> TransmissionView:
    """Send an act and give it its AR."""
    folder.mkdir()
    (folder / "acte.pdf").write_bytes(document)
    for rank, annexe in enumerate(annexes, start=1):
        (folder / annexe).write_bytes(PDF.read_bytes() + b"%" * rank)
    row = f"2026_070;05/11/2026;DE;7.10;Tarifs;acte.pdf;{'|'.join(annexes)}"
    (folder / "actes.csv").write_text(f"{TITLES}\r\n{row}\r\n", "utf-8")
    deposit = town.hand_in(folder)
    assert deposit.state is DepositState.PACKED, deposit.faults.codes
    transmit_due(town.office)
    flow = town.flow(1)
    town.answer(flow, ar(flow))
    collect_all(town.authority, town.office)
    return town.flow(1)


def restricted() -> bytes:
    """Return a PDF that nobody may change without its owner's password."""
    stream = io.BytesIO()
    with pikepdf.open(PDF) as pdf:
        rules = pikepdf.Permissions(modify_other=False, modify_annotation=False)
        pdf.save(stream, encryption=pikepdf.Encryption(owner="secret", user="", allow=rules))
    return stream.getvalue()


def papers(town: Town, flow: TransmissionView) -> Path:
    return town.folders.accuses / flow.key


def page(town: Town, flow: TransmissionView) -> str:
    return (papers(town, flow) / "A-LIRE.html").read_text("utf-8")


def test_the_papers_lie_beside_the_ar(stamping: Town, tmp_path: Path) -> None:
    flow = send(stamping, tmp_path / "s", PDF.read_bytes(), "plan.pdf")
    assert stamping.tree(papers(stamping, flow)) == sorted(
        ["A-LIRE.html", BORDEREAU, "reponse-1.xml", f"{STAMPED}/acte.pdf", f"{STAMPED}/plan.pdf"]
    )
    words = text_of(papers(stamping, flow) / STAMPED / "acte.pdf")
    assert "Reçu en préfecture le 24/11/2026" in words
    assert flow.key in words
    bordereau = text_of(papers(stamping, flow) / BORDEREAU)
    for said in ("2026_070", "acte.pdf", "plan.pdf", "7.10"):
        assert said in bordereau
    assert f"99_DE-{flow.key}-1-1_2.pdf" in bordereau.replace("\x02", "-")  # cut at a hyphen
    assert "Accusé de réception de la préfecture" in bordereau
    assert b"%PDF" not in stamping.store.documents.get(flow.sha256)[:4]  # the archive, as sent


def test_the_stamp_is_optional(town: Town, tmp_path: Path) -> None:
    flow = send(town, tmp_path / "s", PDF.read_bytes())
    assert not (papers(town, flow) / STAMPED).exists()
    assert (papers(town, flow) / BORDEREAU).exists()


def test_two_annexes_of_one_name_are_two_copies(stamping: Town, tmp_path: Path) -> None:
    flow = send(stamping, tmp_path / "s", PDF.read_bytes(), "plan.pdf", "Plan.pdf")
    stamped = sorted(path.name for path in (papers(stamping, flow) / STAMPED).iterdir())
    assert stamped == ["Plan-2.pdf", "acte.pdf", "plan.pdf"]


def test_a_pdf_that_cannot_be_stamped_is_delivered_as_it_was(
    stamping: Town, tmp_path: Path
) -> None:
    content = restricted()
    flow = send(stamping, tmp_path / "s", content)
    assert flow.etat == "acquitte"
    assert (papers(stamping, flow) / STAMPED / "acte.pdf").read_bytes() == content
    told = page(stamping, flow)
    assert "acte.pdf" in told
    assert "tampon" in told


def test_making_them_again_changes_nothing_but_what_is_known_since(
    stamping: Town, tmp_path: Path
) -> None:
    flow = send(stamping, tmp_path / "s", PDF.read_bytes())
    stamped = papers(stamping, flow) / STAMPED / "acte.pdf"
    before = stamped.read_bytes()
    assert not lay_papers(flow, stamping.authority, stamping.office)
    assert stamped.read_bytes() == before
    stamping.clock.instant += timedelta(days=2)
    record_publicity(
        flow, "25/11/2026", "affichage", stamping.authority, stamping.office, who="essai"
    )
    assert "Publié le 25/11/2026" in text_of(stamped)


def test_the_certificate_needs_both_conditions(stamping: Town, tmp_path: Path) -> None:
    flow = send(stamping, tmp_path / "s", PDF.read_bytes())
    with pytest.raises(FaultError) as caught:
        certificate_of(flow, stamping.authority, stamping.office)
    assert caught.value.faults.codes == ("ACT-CERTIFICAT_PUBLICITE",)
    stamping.clock.instant += timedelta(days=2)
    record_publicity(
        flow, "25/11/2026", "affichage", stamping.authority, stamping.office, who="essai"
    )
    target = tmp_path / "certificat.pdf"
    target.write_bytes(certificate_of(flow, stamping.authority, stamping.office))
    words = text_of(target)
    assert "exécutoire" in words
    assert "24/11/2026" in words
    assert "25/11/2026" in words


def test_a_message_about_an_act_has_no_certificate(stamping: Town) -> None:
    stamping.fixture("titres-cantine.csv")
    with pytest.raises(FaultError) as caught:
        certificate_of(stamping.flow(1), stamping.authority, stamping.office)
    assert caught.value.faults.codes == ("ACT-CERTIFICAT_KIND",)


def test_an_act_of_an_earlier_classification_keeps_its_labels(
    stamping: Town, tmp_path: Path
) -> None:
    from demat.engine.classification import install, of_date
    from demat.sandbox.prefecture import retour_classification

    newer = retour_classification(date(2026, 11, 20)).replace(b"Divers", b"Autre chose")
    install(newer, stamping.authority, stamping.office)
    old = of_date(date(2026, 1, 1), stamping.authority, stamping.office)
    new = of_date(date(2026, 11, 20), stamping.authority, stamping.office)
    unknown = of_date(date(2020, 1, 1), stamping.authority, stamping.office)
    assert (old.date, new.date) == (date(2026, 1, 1), date(2026, 11, 20))
    assert old.libelle((7, 10)) != new.libelle((7, 10)) == unknown.libelle((7, 10))
