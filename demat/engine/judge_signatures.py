"""Judge the signatures of files that lie anywhere: XML, PDF, PKCS#7 beside a document, archives.

What a file is comes from its bytes. A document and its detached signature are brought together by
their names: ``acte.pdf`` with ``acte.pdf.p7s`` or ``acte.p7s``, given together or side by side.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path

from demat.actes.archive import unpack
from demat.actes.documents import detect_type
from demat.actes.inbound import documents_of, read_archive
from demat.actes.names import parse_archive_name
from demat.actes.scellement import CFU, DOCBUDG, verify_scellement
from demat.actes.signatures import signatures_of
from demat.engine.findings import (
    Covers,
    SignatureFinding,
    SignatureKind,
    of_detached,
    of_pdf,
    of_seal,
    of_xades,
)
from demat.engine.judge import FileReport, judge_schema, read_file
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.cms import check_detached, enclosed_content, is_cms
from demat.signing.pades import check_pdf_signatures
from demat.signing.second_opinion import second_opinion
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from demat.signing.verify import PES_ELEMENTS, verify
from demat.xmlio import root_name

__all__ = ["SignatureJudge", "judge_signatures"]

SUFFIXES = (".p7s", ".p7m", ".p7", ".pkcs7", ".sig")
"""How files of detached signatures are named."""
_SIGNED_KINDS = (".pdf", ".xml", ".zip", ".png", ".jpg", ".docx", ".odt")
"""Documents that ``acte.p7s``, which does not say so, may be the signature of."""
_BUDGETS = {
    "DocumentBudgetaire": frozenset({"DocumentBudgetaire"}),
    "CompteFinancierUnique": frozenset(
        {"CompteFinancierUnique", f"CompteFinancierUnique/{{{DOCBUDG}}}DocumentBudgetaire"}
    ),
}
"""By root, where a signature may stand besides the seal."""
_BEFORE_XML = b"\xef\xbb\xbf \t\r\n"
_BUDGET_NAMESPACES = (DOCBUDG.encode(), CFU.encode())


def judge_signatures(
    paths: Sequence[Path],
    trust: TrustStore,
    at: datetime,
    *,
    signature: Path | None = None,
    second: bool = False,
) -> tuple[tuple[Path, FileReport], ...]:
    """Verify every signature of files, each document with what signs it from beside.

    :param at: aware instant of the check.
    :param signature: the detached signature of the only document given, whatever its name.
    :param second: ask an independent library too, for XML; a disagreement is a refusal.
    :return: one report per document, and one per signature whose document is not there.
    :raises FaultError: ``INT-PATH``; ``INT-ONE_DOCUMENT`` for ``signature`` with several documents.
    """
    if signature is not None and len(set(paths)) != 1:
        raise FaultError(Fault(code="INT-ONE_DOCUMENT"))
    judge = SignatureJudge(trust=trust, at=at, second=second)
    beside = _pairs(paths) if signature is None else {paths[0]: (signature,)}
    used = {one for ones in beside.values() for one in ones}
    documents = [path for path in dict.fromkeys((*paths, *beside)) if path not in used]
    return tuple((path, judge.path(path, beside.get(path, ()))) for path in documents)


def _pairs(paths: Iterable[Path]) -> dict[Path, tuple[Path, ...]]:
    """Return the signatures of each document, by name: among what is given, then beside it."""
    given = dict.fromkeys(paths)
    found: dict[Path, dict[Path, None]] = {}
    for path in given:
        if path.suffix.lower() not in SUFFIXES:
            for suffix in SUFFIXES:
                other = path.with_name(path.name + suffix)
                if other in given or other.is_file():
                    found.setdefault(path, {})[other] = None
        elif _is_signature(path.name, read_file(path)):
            document = _document_of(path, given)
            if document is not None:
                found.setdefault(document, {})[path] = None
    return {document: tuple(ones) for document, ones in found.items()}


def _is_signature(name: str, content: bytes) -> bool:
    return name.lower().endswith(SUFFIXES) and detect_type(content) not in ("pdf", "xml")


def _document_of(signature: Path, given: Iterable[Path]) -> Path | None:
    bare = signature.with_suffix("")
    names = (bare, *(bare.with_suffix(suffix) for suffix in _SIGNED_KINDS))
    among = [name for name in names if name in given]
    there = [name for name in names if name.suffix.lower() not in SUFFIXES and name.is_file()]
    return next(iter((*among, *there)), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureJudge:
    """Judges files one by one with the same trust, at the same instant."""

    trust: TrustStore
    at: datetime
    second: bool = False

    def path(self, path: Path, beside: Iterable[Path] = ()) -> FileReport:
        """Judge a file with its detached signatures.

        :raises FaultError: ``INT-PATH``.
        """
        return self.file(path.name, read_file(path), {one.name: read_file(one) for one in beside})

    def file(
        self,
        name: str,
        content: bytes,
        beside: Mapping[str, bytes] | None = None,
        *,
        nested: bool = False,
    ) -> FileReport:
        """Judge one file.

        :param beside: its detached signatures, by name.
        :param nested: whether it comes out of an archive; one inside another is not opened.
        """
        beside = beside or {}
        detached = tuple(
            one for signature in beside.values() for one in self._detached(name, content, signature)
        )
        try:
            faults, own = self._own(name, content, nested=nested)
            if not own and not detached and "SIG-NONE" not in faults.codes:
                faults += [Fault(code="SIG-NONE", source=name)]
        except FaultError as error:
            faults, own = error.faults.within(name), ()
        signatures = own + detached
        return FileReport(
            file=name, verdict=_overall(faults, signatures), faults=faults, signatures=signatures
        )

    def _own(
        self, name: str, content: bytes, *, nested: bool
    ) -> tuple[Faults, tuple[SignatureFinding, ...]]:
        """Return what the file itself holds, and what is wrong with it besides."""
        kind = detect_type(content)
        if content[:2] == b"\x1f\x8b" and not nested:
            return self._archive(content)
        if kind == "pdf":
            return Faults(), self._pdf(content)
        if kind in ("xml", "empty") or content[:1024].lstrip(_BEFORE_XML).startswith(b"<"):
            return self._xml(name, content)
        if is_cms(content):
            return self._alone(name, content)
        return Faults(), ()

    def _pdf(self, content: bytes) -> tuple[SignatureFinding, ...]:
        return tuple(of_pdf(one) for one in check_pdf_signatures(content, self.trust, self.at))

    def _detached(
        self, name: str, content: bytes, signature: bytes
    ) -> tuple[SignatureFinding, ...]:
        found = check_detached(content, signature, self.trust, self.at)
        return tuple(of_detached(one, name) for one in found)

    def _alone(self, name: str, signature: bytes) -> tuple[Faults, tuple[SignatureFinding, ...]]:
        """Judge a signature whose document is not there, unless it carries it in itself."""
        enclosed = enclosed_content(signature)
        if enclosed is not None:
            return Faults(), self._detached(name, enclosed, signature)
        alone = Fault(
            code="SIG-ALONE", params={"name": name}, severity=Severity.WARNING, source=name
        )
        finding = SignatureFinding(
            kind=SignatureKind.CMS,
            verdict=Verdict.UNDECIDED,
            reasons=Faults([alone]),
            covers=Covers.NOTHING,
        )
        return Faults(), (finding,)

    def _xml(self, name: str, content: bytes) -> tuple[Faults, tuple[SignatureFinding, ...]]:
        faults = judge_schema(name, content).faults
        root = root_name(BytesIO(content))
        seals: tuple[SignatureFinding, ...] = ()
        places = PES_ELEMENTS
        if root in _BUDGETS and any(space in content for space in _BUDGET_NAMESPACES):
            seals = (of_seal(verify_scellement(content), name),)
            places = _BUDGETS[root]
        reports = verify(content, trust=self.trust, now=self.at, expected=places)
        if seals:  # a budget has a seal, and a signature only perhaps
            reports = tuple(one for one in reports if "SIG-UNSIGNED" not in one.reasons.codes)
        if self.second and reports:
            faults += [
                Fault(
                    code="SIG-SECOND_OPINION",
                    params={"element": opinion.element_id, "detail": opinion.detail},
                    source=name,
                )
                for opinion in second_opinion(content, reports)
                if not opinion.agrees
            ]
        return faults, (*seals, *(of_xades(one, root=root) for one in reports))

    def _archive(self, content: bytes) -> tuple[Faults, tuple[SignatureFinding, ...]]:
        """Judge an archive of ACTES: its documents, and the signatures that go with them.

        The act itself must be signed; an annexe that is not is only noted. Of another archive,
        every file must be.
        """
        members = unpack(content)
        if not any(parse_archive_name(name) for name in members):
            return self._members(members)
        archive = read_archive(content)
        faults, findings = Faults(), list[SignatureFinding]()
        for name, message in archive.messages.items():
            files = {one: archive.documents[one] for one in documents_of(message)}
            given = signatures_of(message)
            signatures = {one: files[one] for one in files if _is_signature(one, files[one])}
            documents = {one: files[one] for one in files if one not in signatures}
            for rank, (one, document) in enumerate(documents.items()):
                beside = _beside(one, documents, signatures, given)
                report = self.file(one, document, beside, nested=True)
                findings += [found.within(one) for found in report.signatures]
                faults += _of_document(report.faults, main=rank == 0)
            faults += _orphans(name, signatures, documents)
        return faults, tuple(findings)

    def _members(self, members: Mapping[str, bytes]) -> tuple[Faults, tuple[SignatureFinding, ...]]:
        faults, findings = Faults(), list[SignatureFinding]()
        signatures = {one: members[one] for one in members if _is_signature(one, members[one])}
        documents = {one: members[one] for one in members if one not in signatures}
        for one, document in documents.items():
            report = self.file(one, document, _beside(one, documents, signatures, {}), nested=True)
            findings += [found.within(one) for found in report.signatures]
            faults += report.faults
        return faults + _orphans("", signatures, documents), tuple(findings)


def _beside(
    name: str,
    documents: Mapping[str, bytes],
    signatures: Mapping[str, bytes],
    given: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return the signatures of one document of a message, that of the message itself first."""
    found = {f"{name}#Signature": given[name]} if name in given else {}
    for other, content in signatures.items():
        if _signed_by(other, documents) == name:
            found[other] = content
    return found


def _signed_by(signature: str, documents: Mapping[str, bytes]) -> str:
    """Return which document of a message a file of signature goes with: by name, else the only one.

    A name of the protocol says nothing of the document: a ``99_SE`` beside a single act is of it.
    """
    bare = Path(signature).with_suffix("").name
    for name in documents:
        if bare in (name, Path(name).with_suffix("").name):
            return name
    return next(iter(documents)) if len(documents) == 1 else ""


def _of_document(faults: Faults, *, main: bool) -> Faults:
    """Note an annexe that nobody signed, which is no fault of the act."""
    return Faults(
        replace(one, severity=Severity.WARNING) if one.code == "SIG-NONE" and not main else one
        for one in faults
    )


def _orphans(
    message: str, signatures: Mapping[str, bytes], documents: Mapping[str, bytes]
) -> Faults:
    """Refuse signatures of which nothing says what they sign."""
    return Faults(
        Fault(code="SIG-ALONE", params={"name": name}, source=message)
        for name in signatures
        if not _signed_by(name, documents)
    )


def _overall(faults: Faults, signatures: Sequence[SignatureFinding]) -> Verdict:
    """Refused as soon as one is, accepted when there is one at least and all are."""
    verdicts = {one.verdict for one in signatures}
    if faults.blocking or Verdict.REFUSED in verdicts:
        return Verdict.REFUSED
    return Verdict.ACCEPTED if verdicts == {Verdict.ACCEPTED} else Verdict.UNDECIDED
