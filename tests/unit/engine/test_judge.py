"""Verdicts on files that lie anywhere: three-valued, never « conforme » by default."""

from pathlib import Path

import pytest

from demat.engine.judge import judge_schema, read_file
from demat.faults import FaultError
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
