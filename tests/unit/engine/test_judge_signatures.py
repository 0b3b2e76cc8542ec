"""What is signed, whatever it is: brought together by name, judged, and never a yes by default."""

import base64
import gzip
import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from demat.engine import judge_signatures as module
from demat.engine.findings import Covers, SignatureFinding, SignatureKind
from demat.engine.judge import FileReport
from demat.engine.judge_signatures import SignatureJudge, judge_signatures
from demat.faults import FaultError, Severity
from demat.sandbox.pki import Pki, make_pki
from demat.signing.keys import KeyFileSigner, load_pkcs12
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from demat.signing.xades import sign_elements
from fixtures.budget import PRIMITIF, budget_xml
from tests.unit.engine.conftest import FIXTURES, Town
from tests.unit.signing.factory import NOW, OPTIONS
from tests.unit.signing.pdfs import sign_pdf, text_pdf
from tests.unit.signing.test_cms import sign_beside

PES = (FIXTURES / "compta-D0032.xml").read_bytes()
PLAIN = text_pdf("Le conseil municipal fixe les tarifs.")
DAY = timedelta(days=1)
ACCEPTED, REFUSED, UNDECIDED = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.UNDECIDED


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=NOW)


@pytest.fixture(scope="module")
def trust(pki: Pki) -> TrustStore:
    return TrustStore.from_folder(pki.trust_folder)


@pytest.fixture(scope="module")
def signer(pki: Pki) -> KeyFileSigner:
    return load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="maire.p12")


@pytest.fixture
def judge(trust: TrustStore) -> SignatureJudge:
    return SignatureJudge(trust=trust, at=NOW)


def only(report: FileReport) -> SignatureFinding:
    (one,) = report.signatures
    return one


# ------------------------------------------------------------------------------ what it is


def test_a_pes(judge: SignatureJudge, signer: KeyFileSigner) -> None:
    ids = ["B1"]
    content = PES.replace(b"<Bordereau>", b'<Bordereau Id="B1">')
    signed = sign_elements(content, ids, signer=signer, options=OPTIONS, at=NOW)
    report = judge.file("t.xml", signed)
    one = only(report)
    assert (report.verdict, report.faults.codes) == (ACCEPTED, ())
    assert (one.kind, one.covers, one.element_id) == (SignatureKind.XADES, Covers.ELEMENT, "B1")
    assert signed.splitlines()[(one.line or 0) - 1].strip().startswith(b"<Bordereau ")
    assert one.level is not None
    spoiled = judge.file("t.xml", signed.replace(b"CANTINE", b"CANTINF").replace(b'V="2', b'V="3'))
    assert spoiled.verdict is REFUSED
    later = SignatureJudge(trust=judge.trust, at=NOW - DAY).file("t.xml", signed)
    assert (later.verdict, only(later).reasons.codes) == (UNDECIDED, ("SIG-FUTURE",))


def test_an_unsigned_pes(judge: SignatureJudge) -> None:
    report = judge.file("t.xml", PES)
    assert report.verdict is REFUSED
    assert {(one.covers, one.reasons.codes) for one in report.signatures} == {
        (Covers.NOTHING, ("SIG-UNSIGNED",))
    }


def test_a_whole_pes(judge: SignatureJudge, signer: KeyFileSigner) -> None:
    name = re.search(rb'<n:PES_Aller [^>]*Id="([^"]+)"', PES)
    assert name is not None
    signed = sign_elements(PES, [name[1].decode()], signer=signer, options=OPTIONS, at=NOW)
    one = only(judge.file("t.xml", signed))
    assert (one.verdict, one.covers, one.element) == (ACCEPTED, Covers.WHOLE_FILE, "PES_Aller")


def test_a_pdf(judge: SignatureJudge, pki: Pki) -> None:
    signed = sign_pdf(PLAIN, pki.maire, NOW - DAY)
    one = only(judge.file("acte.pdf", signed))
    assert (one.kind, one.verdict, one.covers) == (SignatureKind.PADES, ACCEPTED, Covers.WHOLE_FILE)
    assert (one.field, one.signer, one.signing_time) == ("Signature1", "Camille Dupré", NOW - DAY)
    assert (one.digests_correct, one.value_correct, one.time_proven) == (True, True, False)
    both = judge.file("acte.pdf", sign_pdf(signed, pki.maire, NOW, field="Signature2"))
    assert [one.covers for one in both.signatures] == [Covers.REVISION, Covers.WHOLE_FILE]
    assert both.verdict is ACCEPTED
    unsigned = judge.file("acte.pdf", PLAIN)
    assert (unsigned.verdict, unsigned.faults.codes) == (REFUSED, ("SIG-NONE",))


def test_a_budget(judge: SignatureJudge, signer: KeyFileSigner) -> None:
    content = budget_xml(PRIMITIF)
    report = judge.file("budget.xml", content)
    one = only(report)
    assert (report.verdict, one.kind, one.covers) == (
        ACCEPTED,
        SignatureKind.SEAL,
        Covers.ALL_BUT_SEAL,
    )
    assert (one.sealed_at != "", one.signer, one.level) == (True, "", None)
    changed = content.replace(b"SAINT", b"SAINF", 1)
    one = only(judge.file("budget.xml", changed))
    assert (one.verdict, one.reasons.codes) == (REFUSED, ("ACT-047",))
    start, stop = content.index(b"<Scellement"), content.index(b"/>", content.index(b"<Scellement"))
    one = only(judge.file("budget.xml", content[:start] + content[stop + 2 :]))
    assert (one.verdict, one.reasons.codes) == (REFUSED, ("ACT-046",))


def test_a_budget_that_a_person_signs_too(judge: SignatureJudge, signer: KeyFileSigner) -> None:
    content = budget_xml(PRIMITIF)
    named = content.replace(b"<DocumentBudgetaire ", b'<DocumentBudgetaire Id="D1" ', 1)
    signed = sign_elements(named, ["D1"], signer=signer, options=OPTIONS, at=NOW)
    found = judge.file("budget.xml", signed).signatures
    assert [(one.kind.value, one.verdict) for one in found] == [
        ("seal", REFUSED),  # what was added after the seal breaks it
        ("xades", ACCEPTED),
    ]


@pytest.mark.parametrize(
    "content", [b"", b"<a>", b"bonjour", b"\x1f\x8b\x08", b"PK\x03\x04", PLAIN]
)
def test_what_is_not_signed_is_refused(judge: SignatureJudge, content: bytes) -> None:
    assert judge.file("f", content).verdict is REFUSED


@pytest.mark.parametrize("start", [b"<!-- relu -->\n", b"<!DOCTYPE x>"])
def test_a_pes_that_starts_otherwise(
    judge: SignatureJudge, signer: KeyFileSigner, start: bytes
) -> None:
    content = PES.replace(b"<Bordereau>", b'<Bordereau Id="B1">')
    signed = sign_elements(content, ["B1"], signer=signer, options=OPTIONS, at=NOW)
    bare = signed[signed.index(b"?>") + 2 :].decode("latin-1").encode()
    report = judge.file("t.xml", start + bare)
    told = (
        *report.faults.codes,
        *(code for one in report.signatures for code in one.reasons.codes),
    )
    assert (report.verdict, told) == (
        (REFUSED, ("XML-DTD",)) if b"DOCTYPE" in start else (ACCEPTED, ())
    )


def test_a_document_that_no_schema_knows(judge: SignatureJudge) -> None:
    report = judge.file("f.xml", b"<facture/>")
    assert report.verdict is REFUSED
    assert "SIG-NONE" in report.faults.codes


# ---------------------------------------------------------------------- documents and signatures


@pytest.fixture
def folder(tmp_path: Path, pki: Pki) -> Path:
    (tmp_path / "acte.pdf").write_bytes(PLAIN)
    (tmp_path / "acte.pdf.p7s").write_bytes(sign_beside(PLAIN, pki.maire).dump())
    (tmp_path / "autre.pdf").write_bytes(PLAIN + b"\n")
    return tmp_path


Verify = Callable[..., dict[str, FileReport]]


@pytest.fixture
def verify(folder: Path, trust: TrustStore) -> Verify:
    def run(*names: str, signature: str = "") -> dict[str, FileReport]:
        paths = [folder / name for name in names]
        beside = folder / signature if signature else None
        judged = judge_signatures(paths, trust, NOW, signature=beside)
        return {path.name: report for path, report in judged}

    return run


@pytest.mark.parametrize(
    "given",
    [["acte.pdf", "acte.pdf.p7s"], ["acte.pdf.p7s", "acte.pdf"], ["acte.pdf"], ["acte.pdf.p7s"]],
)
def test_a_document_and_its_signature(verify: Verify, given: list[str]) -> None:
    reports = verify(*given)
    assert list(reports) == ["acte.pdf"]
    one = only(reports["acte.pdf"])
    assert (reports["acte.pdf"].verdict, one.verdict) == (ACCEPTED, ACCEPTED)
    assert (one.kind, one.covers, one.member) == (SignatureKind.CMS, Covers.DOCUMENT, "acte.pdf")


@pytest.mark.parametrize("suffix", [".p7s", ".P7S", ".sig", ".p7m", ".pkcs7"])
def test_the_other_way_of_naming(verify: Verify, folder: Path, suffix: str) -> None:
    (folder / "acte.pdf.p7s").rename(folder / f"acte{suffix}")
    assert verify(f"acte{suffix}")["acte.pdf"].verdict is ACCEPTED
    assert verify("acte.pdf", f"acte{suffix}")["acte.pdf"].verdict is ACCEPTED


def test_the_signature_of_another_document(verify: Verify) -> None:
    report = verify("autre.pdf", signature="acte.pdf.p7s")["autre.pdf"]
    one = only(report)
    assert (report.verdict, one.reasons.codes) == (REFUSED, ("SIG-PDF_ALTERED",))
    assert (one.covers, one.digests_correct, one.value_correct) == (Covers.NOTHING, False, True)
    with pytest.raises(FaultError, match="INT-ONE_DOCUMENT"):
        verify("autre.pdf", "acte.pdf", signature="acte.pdf.p7s")


def test_a_signature_without_its_document(verify: Verify, folder: Path) -> None:
    (folder / "acte.pdf").unlink()
    report = verify("acte.pdf.p7s")["acte.pdf.p7s"]
    assert report.verdict is UNDECIDED
    assert [fault.code for fault in only(report).reasons] == ["SIG-ALONE"]


def test_a_signature_that_carries_its_document(judge: SignatureJudge, pki: Pki) -> None:
    made = sign_beside(PLAIN, pki.maire)
    made["content"]["encap_content_info"]["content"] = PLAIN
    report = judge.file("acte.p7m", made.dump(force=True))
    assert (report.verdict, only(report).covers) == (ACCEPTED, Covers.DOCUMENT)


def test_a_second_opinion_that_differs_refuses(
    trust: TrustStore, signer: KeyFileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = PES.replace(b"<Bordereau>", b'<Bordereau Id="B1">')
    signed = sign_elements(content, ["B1"], signer=signer, options=OPTIONS, at=NOW)
    judge = SignatureJudge(trust=trust, at=NOW, second=True)
    assert judge.file("t.xml", signed).verdict is ACCEPTED
    real = module.second_opinion
    monkeypatch.setattr(
        module,
        "second_opinion",
        lambda *args: [replace(one, agrees=False, detail="non") for one in real(*args)],
    )
    report = judge.file("t.xml", signed)
    assert (report.verdict, report.faults.codes) == (REFUSED, ("SIG-SECOND_OPINION",))


# -------------------------------------------------------------------------------- archives


def rewritten(content: bytes, edit: Callable[[dict[str, bytes]], None]) -> bytes:
    """Write an archive again, its members edited."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = {one.name: (archive.extractfile(one) or io.BytesIO()).read() for one in archive}
    edit(members)
    return packed(members)


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue())


@pytest.fixture
def archive(town: Town) -> bytes:
    town.fixture("arrete-individuel")
    return town.store.documents.get(town.flow(1).sha256)


def the_act(members: dict[str, bytes]) -> str:
    return next(name for name in members if name.endswith(".pdf"))


def the_message(members: dict[str, bytes]) -> str:
    return next(name for name in members if name.endswith("-1-1_0.xml"))


def test_an_archive_of_acts(judge: SignatureJudge, archive: bytes, pki: Pki) -> None:
    report = judge.file("x.tar.gz", archive)
    assert (report.verdict, report.faults.codes) == (REFUSED, ("SIG-NONE",))

    def sign(members: dict[str, bytes]) -> None:
        members[the_act(members)] = sign_pdf(members[the_act(members)], pki.maire, NOW)

    report = judge.file("x.tar.gz", rewritten(archive, sign))
    one = only(report)
    assert (report.verdict, one.kind, one.signer) == (
        ACCEPTED,
        SignatureKind.PADES,
        "Camille Dupré",
    )
    assert one.member.endswith(".pdf")


@pytest.mark.parametrize("spoiled", [False, True])
def test_a_signature_in_the_message(
    judge: SignatureJudge, archive: bytes, pki: Pki, spoiled: bool
) -> None:
    def sign(members: dict[str, bytes]) -> None:
        name, message = the_act(members), the_message(members)
        made = base64.b64encode(sign_beside(members[name], pki.maire).dump()).decode()
        text = members[message].decode("latin-1")
        tag = f"{name}</actes:NomFichier>"
        assert tag in text
        signature = f"<actes:Signature>{made}</actes:Signature>"
        members[message] = text.replace(tag, tag + signature, 1).encode("latin-1")
        members[name] += b"\n" if spoiled else b""

    report = judge.file("x.tar.gz", rewritten(archive, sign))
    one = only(report)
    assert (one.kind, report.verdict) == (SignatureKind.CMS, REFUSED if spoiled else ACCEPTED)
    assert one.reasons.codes == (("SIG-PDF_ALTERED",) if spoiled else ())


def test_any_other_archive(judge: SignatureJudge, pki: Pki) -> None:
    signed = sign_pdf(PLAIN, pki.maire, NOW)
    signature = sign_beside(PLAIN, pki.maire).dump()
    members = {"a.pdf": signed, "b.pdf": PLAIN, "b.pdf.p7s": signature}
    report = judge.file("x.tar.gz", packed(members))
    assert report.verdict is ACCEPTED
    assert [(one.member, one.kind.value) for one in report.signatures] == [
        ("a.pdf", "pades"),
        ("b.pdf", "cms"),
    ]
    report = judge.file("x.tar.gz", packed({**members, "c.pdf": PLAIN}))
    assert (report.verdict, [fault.source for fault in report.faults]) == (REFUSED, ["c.pdf"])
    report = judge.file("x.tar.gz", packed({**members, "zz.p7s": signature}))
    assert (report.verdict, report.faults.codes) == (REFUSED, ("SIG-ALONE",))


def test_an_archive_in_an_archive_is_not_opened(judge: SignatureJudge, pki: Pki) -> None:
    inner = packed({"a.pdf": sign_pdf(PLAIN, pki.maire, NOW)})
    report = judge.file("x.tar.gz", packed({"y.tar.gz": inner}))
    assert (report.verdict, report.faults.codes) == (REFUSED, ("SIG-NONE",))


def test_an_annexe_that_nobody_signed_is_noted(judge: SignatureJudge, town: Town, pki: Pki) -> None:
    town.fixture("seance-2026-11-05")
    content = town.store.documents.get(town.flow(1).sha256)
    acts: list[str] = []

    def sign(members: dict[str, bytes]) -> None:
        for name in [one for one in members if one.endswith("_1.pdf")]:
            acts.append(name)
            members[name] = sign_pdf(members[name], pki.maire, NOW)

    report = judge.file("x.tar.gz", rewritten(content, sign))
    assert {one.member for one in report.signatures} == set(acts)
    assert {fault.severity for fault in report.faults} <= {Severity.WARNING}
    assert report.verdict is ACCEPTED
