"""The evidence of a transmission: what it holds, and what it is worth, years later."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

import pypdfium2
import pytest

from demat.engine.evidence import Evidence, make_evidence
from demat.engine.evidence_verify import EvidenceReport, Subject, verify_evidence
from demat.engine.evidence_zip import read_zip, write_zip
from demat.sandbox.pki import Pki
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.engine.conftest import START, Town, accept_all
from tests.unit.engine.stamps_support import with_stamps

TITRES = "titres-cantine.csv"
YEARS = timedelta(days=3650)


def acknowledged(town: Town) -> Town:
    town.fixture(TITRES)
    town.night()
    flow = town.flow()
    town.answer(flow, accept_all(flow))
    town.night()
    return town


@pytest.fixture
def proven(town: Town, pki: Pki, seal: Callable[..., Town]) -> Town:
    """A town that signs, whose PES was accepted, with a time-stamping authority."""
    return acknowledged(with_stamps(seal(), pki)[0])


def evidence(town: Town, number: int = 1) -> Evidence:
    return make_evidence(number, town.authority, town.office)


def judged(content: bytes, trust: TrustStore) -> EvidenceReport:
    return verify_evidence(content, trust=trust, at=START + YEARS)


def roots(pki: Pki) -> TrustStore:
    """What a reader keeps for ten years: the root, and nothing else."""
    return TrustStore(roots=TrustStore.from_folder(pki.trust_folder).roots)


def verdicts(report: EvidenceReport) -> dict[str, str]:
    return {point.subject.value: point.verdict.value for point in report.points}


def manifest(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read_zip(content).entries["manifeste.json"])
    return found


def test_ten_years_later_with_the_root_alone(proven: Town, pki: Pki) -> None:
    made = evidence(proven)
    report = judged(made.content, roots(pki))
    assert (report.verdict, report.faults.codes) == (Verdict.ACCEPTED, ())
    assert verdicts(report) == dict.fromkeys(Subject, "accepted")
    (stamp, *_) = proven.store.stamps(1)
    assert (report.proven_at, report.sealed_at) == (stamp.instant, made.sealed_at)
    assert report.manifest_sha256 == made.manifest_sha256
    assert [one.signer for one in report.signatures] == ["Camille Dupré"]
    assert report.transmission["cle"] == proven.flow().key
    assert not made.faults


def test_what_the_zip_holds(proven: Town) -> None:
    made = evidence(proven)
    names = list(read_zip(made.content).entries)
    assert names[:3] == ["manifeste.json", "horodatages/manifeste.tst", "manifeste.sha256"]
    assert names[3:] == sorted(names[3:])
    folders = {name.partition("/")[0] for name in names}
    assert folders == {
        *("manifeste.json", "manifeste.sha256", "LISEZ-MOI.pdf"),
        *("depot", "documents", "recus", "certificats", "listes-de-revocation"),
        *("horodatages", "journal"),
    }
    flow = proven.flow()
    entries = read_zip(made.content).entries
    assert sha256(entries[f"documents/{flow.file_name}"]).hexdigest() == flow.sha256
    assert b"SigningCertificate" in entries[f"documents/{flow.file_name}"]
    assert entries["LISEZ-MOI.pdf"].startswith(b"%PDF-")
    listed = {item["nom"]: item for item in manifest(made.content)["entrees"]}
    assert set(listed) == set(names[3:])
    assert listed[f"depot/001-{TITRES}"]["precisions"] == {"nom": TITRES}


def test_any_program_opens_it_and_the_same_state_gives_the_same_bytes(proven: Town) -> None:
    made = evidence(proven)
    with zipfile.ZipFile(BytesIO(made.content)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == dict(
            read_zip(made.content).entries
        )
    assert write_zip(read_zip(made.content).entries) == made.content


def test_the_journal_tells_that_it_was_made(proven: Town) -> None:
    made = evidence(proven)
    (told,) = [
        entry for entry in proven.store.journal(transmission_id=1) if entry.action == "evidence"
    ]
    assert told.detail == {
        "manifeste": made.manifest_sha256,
        "zip": sha256(made.content).hexdigest(),
    }


def test_without_roots_integrity_is_proven_and_trust_undecided(proven: Town) -> None:
    report = judged(evidence(proven).content, TrustStore())
    assert report.verdict is Verdict.UNDECIDED
    assert verdicts(report) == {
        "contenu": "accepted",
        "sceau": "undecided",
        "horodatages": "undecided",
        "signatures": "undecided",
        "journal": "accepted",
        "reponses": "accepted",
    }
    assert not report.faults.blocking


def test_without_time_stamps_nothing_outside_seals_it(pki: Pki, seal: Callable[..., Town]) -> None:
    town = acknowledged(seal())
    made = evidence(town)
    assert made.faults.codes == ("PRV-NOT_SEALED",)
    soon = verify_evidence(made.content, trust=roots(pki), at=town.clock.now())
    assert (soon.verdict, soon.faults.codes) == (Verdict.UNDECIDED, ("PRV-NOT_SEALED",))
    assert verdicts(soon) | {"sceau": "accepted"} == dict.fromkeys(Subject, "accepted")
    late = judged(made.content, roots(pki))
    assert verdicts(late)["signatures"] == "undecided"  # the certificate has ended since
    assert "PRV-SIGNED_WHEN" in late.faults.codes
    assert not late.faults.blocking


def test_an_unsigned_file_has_nothing_to_prove(town: Town, pki: Pki) -> None:
    stamped, _ = with_stamps(town, pki)
    report = judged(evidence(acknowledged(stamped)).content, roots(pki))
    assert report.verdict is Verdict.ACCEPTED
    assert report.signatures == ()


def test_an_act_and_its_answer(town: Town, pki: Pki) -> None:
    from tests.unit.engine.test_collect import ar

    stamped, _ = with_stamps(town, pki)
    stamped.fixture("seance-2026-10-08")
    stamped.night()
    flow = stamped.flows(flux="ACTES")[0]
    stamped.answer(flow, ar(flow))
    stamped.night()
    report = judged(evidence(stamped, flow.id).content, roots(pki))
    assert (report.verdict, report.faults.codes) == (Verdict.ACCEPTED, ())
    receipts = {point.subject: point.count for point in report.points}[Subject.RECEIPTS]
    assert receipts == 1


def test_before_any_answer(town: Town, pki: Pki) -> None:
    stamped, _ = with_stamps(town, pki)
    stamped.fixture(TITRES)
    report = judged(evidence(stamped).content, roots(pki))
    assert report.verdict is Verdict.ACCEPTED


def test_an_authority_that_is_away_leaves_it_unsealed(proven: Town) -> None:
    stamping = proven.office.stamping
    assert stamping is not None
    stamping.authority.away = True  # type: ignore[attr-defined]  # the double of the tests
    made = evidence(proven)
    assert made.sealed_at is None
    assert set(made.faults.codes) == {"CON-TSA_AWAY", "PRV-NOT_SEALED"}
    assert not made.faults.blocking


def test_exchanges_are_there_and_credentials_are_not(proven: Town, tmp_path: Any) -> None:
    folder = tmp_path / "echanges"
    flow = proven.flow()
    (folder / flow.key).mkdir(parents=True)
    (folder / flow.key / "1-request.txt").write_text("POST https://tdt.exemple\n", "utf-8")
    (folder / flow.key / "1-response.bin").write_bytes(
        b"HTTP 200\r\nSet-Cookie: (masked)\r\n\r\nAuthorization: dans le corps"
    )
    (folder / flow.key / "2-response.bin").write_bytes(b"HTTP 200\r\nAuthorization: Basic x\r\n")
    (folder / flow.key / "3-request.txt").write_text("GET /\npassword = 'x'\n", "utf-8")
    (folder / "autre").mkdir()
    (folder / "autre" / "1-request.txt").write_text("GET /\n", "utf-8")
    town = replace(proven, authority=replace(proven.authority, exchanges=folder))
    names = [name for name in read_zip(evidence(town).content).entries if "echanges/" in name]
    assert names == [f"echanges/{flow.key}/{one}" for one in ("1-request.txt", "1-response.bin")]


def words(content: bytes) -> str:
    """The words of the summary, blanks made one."""
    with pypdfium2.PdfDocument(read_zip(content).entries["LISEZ-MOI.pdf"]) as opened:
        pages = []
        for page in opened:
            text = page.get_textpage()
            pages.append(text.get_text_bounded())
            text.close()
            page.close()
    return " ".join(" ".join(pages).split())


def test_the_summary_is_read_without_knowing_anything(proven: Town) -> None:
    told = words(evidence(proven).content)
    flow = proven.flow()
    for part in (
        "Preuve de l'envoi n° 1",
        "Remis au tiers de télétransmission le 23/11/2026",
        "État : acquitté.",
        flow.sha256,
        "Camille Dupré",
        "AC fille de démonstration",
        "valable.",
        "acquittement du comptable",
        "le document figé",
        "une réponse de l'État",
        "Horodatage de démonstration",
        "demat verify preuve.zip --confiance dossier",
        f"depot/001-{TITRES} fichier déposé par la mairie",
    ):
        assert part in told


def test_the_summary_of_what_has_nothing_to_show(town: Town) -> None:
    town.fixture(TITRES)
    told = words(evidence(town).content)
    for part in (
        "Cet envoi n'a pas encore été remis",
        "ne porte aucune signature électronique",
        "Aucune réponse n'est encore arrivée",
        "Rien n'a été horodaté",
        "Aucun service d'horodatage n'était configuré",
    ):
        assert part in told


def test_thousands_of_exchanges_have_one_line(proven: Town, tmp_path: Any) -> None:
    folder = tmp_path / "echanges" / proven.flow().key
    folder.mkdir(parents=True)
    for rank in range(3000):
        (folder / f"{rank:05d}-request.txt").write_text("GET https://tdt.exemple\n", "utf-8")
    authority = replace(proven.authority, exchanges=tmp_path / "echanges")
    made = evidence(replace(proven, authority=authority))
    assert "echanges/ 3000 copies des échanges" in words(made.content)
    assert len(read_zip(made.content).entries) > 3000
