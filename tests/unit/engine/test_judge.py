"""Verdicts on files that lie anywhere: three-valued, never « conforme » by default."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from demat.engine import judge
from demat.engine.judge import judge_schema, judge_signatures, read_file
from demat.faults import FaultError
from demat.sandbox.pki import Pki
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.engine.conftest import FIXTURES, Town

PES = (FIXTURES / "compta-D0032.xml").read_bytes()
PDF = (FIXTURES / "arrete-individuel" / "AI_2026_017.pdf").read_bytes()


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert read_file(tmp_path / "a") == b"x"
    for wrong in (tmp_path / "b", tmp_path):
        with pytest.raises(FaultError) as caught:
            read_file(wrong)
        assert caught.value.faults.codes == ("INT-PATH",)


@pytest.mark.parametrize(
    ("content", "verdict", "codes"),
    [
        (PES, Verdict.ACCEPTED, ()),
        (PES.replace(b'<IdBord V="32"/>', b""), Verdict.REFUSED, ("XSD-UNEXPECTED_ELEMENT",)),
        (b"<facture/>", Verdict.UNDECIDED, ("XSD-UNKNOWN_ROOT",)),
        (PDF, Verdict.ACCEPTED, ()),
        (PDF[:200], Verdict.REFUSED, ("ACT-035",)),
    ],
)
def test_schema(content: bytes, verdict: Verdict, codes: tuple[str, ...]) -> None:
    report = judge_schema("fichier", content)
    assert (report.verdict, report.faults.codes) == (verdict, codes)
    assert {fault.source for fault in report.faults} <= {"fichier"}


@pytest.mark.parametrize("content", [b"", b"bonjour", b"\x1f\x8b\x08", b"<a>"])
def test_what_cannot_be_read_is_refused(content: bytes) -> None:
    assert judge_schema("fichier", content).verdict is Verdict.REFUSED


def test_an_archive_is_judged_member_by_member(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    content = town.store.documents.get(town.flow(1).sha256)
    assert judge_schema("x.tar.gz", content).verdict is Verdict.ACCEPTED


def signed(town: Town) -> bytes:
    town.fixture("titres-cantine.csv")
    return town.store.documents.get(town.flow(1).sha256)


def test_signatures(seal: Callable[..., Town], pki: Pki) -> None:
    town = seal()
    content = signed(town)
    trust = TrustStore.from_folder(pki.trust_folder)
    report = judge_signatures("t.xml", content, trust)
    assert (report.verdict, len(report.signatures)) == (Verdict.ACCEPTED, 1)
    assert judge_signatures("t.xml", content, TrustStore()).verdict is not Verdict.ACCEPTED
    spoiled = content.replace(b"86.40", b"86.50", 1)
    assert judge_signatures("t.xml", spoiled, trust).verdict is Verdict.REFUSED


def test_a_second_opinion_that_differs_refuses(
    seal: Callable[..., Town], pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = signed(seal())
    trust = TrustStore.from_folder(pki.trust_folder)
    assert judge_signatures("t.xml", content, trust, second=True).verdict is Verdict.ACCEPTED
    real = judge.second_opinion
    monkeypatch.setattr(
        judge,
        "second_opinion",
        lambda *args: [replace(one, agrees=False, detail="non") for one in real(*args)],
    )
    report = judge_signatures("t.xml", content, trust, second=True)
    assert (report.verdict, report.faults.codes) == (Verdict.REFUSED, ("SIG-SECOND_OPINION",))


def test_no_signature_is_not_a_good_one() -> None:
    report = judge_signatures("t.xml", PES, TrustStore())
    assert report.verdict is Verdict.REFUSED
    assert [one.reasons.codes for one in report.signatures] == [("SIG-UNSIGNED",)]
    other = judge_signatures("f.xml", b"<facture/>", TrustStore())
    assert other.verdict is Verdict.REFUSED
    assert "SIG-NONE" in other.faults.codes


@pytest.mark.parametrize("content", [b"", b"<a>", PDF])
def test_signatures_of_what_cannot_be_read(content: bytes) -> None:
    assert judge_signatures("f", content, TrustStore()).verdict is Verdict.REFUSED
