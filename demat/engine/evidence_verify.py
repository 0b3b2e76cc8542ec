"""Judge a zip of evidence, offline, at any later date: ``verify_evidence(content, trust=…, at=…)``.

For ``demat verify``: when ``is_evidence(content)`` (``demat.engine.evidence_zip``) says so, call
:func:`verify_evidence`. Nothing is extracted, nothing is fetched, and no root is taken from the
zip: without those of the reader, what depends on trust is undecided while integrity is proven.

What is proven: every file is the one that the manifest names; the manifest is older than its
time-stamp; the signatures are good at the instant that the time-stamp on the signed file proves;
each entry of the journal is whole (its seal is computed again) and, through the tree that the
nightly time-stamp is on, existed at that instant. What is not: that the journal holds nothing else
about the transmission; the entries of others in between are not shown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from demat.engine.evidence_journal import Journal, read_journal
from demat.engine.evidence_manifest import Manifest, read_manifest
from demat.engine.evidence_parts import MANIFEST, MANIFEST_DIGEST, MANIFEST_STAMP
from demat.engine.evidence_receipts import check_receipts
from demat.engine.evidence_signatures import Signed, judge_frozen
from demat.engine.evidence_zip import MAX_BYTES, is_evidence, read_zip
from demat.engine.proofs import CERTIFICATE, LIST, OCSP, ROOT
from demat.faults import Fault, FaultError, Faults, Severity
from demat.queue.proofs import ANCHOR, FROZEN, RECEIVED
from demat.signing.cms import MALFORMED
from demat.signing.material import is_certificate, is_crl, is_ocsp
from demat.signing.timestamp import StampReport, check_token
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict

__all__ = ["EvidenceReport", "Point", "Subject", "is_evidence", "verify_evidence"]

MAX_MATERIAL = 200
"""Certificates, and lists, that are believed to help: a chain is built among them."""
_DIGEST_LINE = re.compile(r"^([0-9a-f]{64})  (\S+)$", re.MULTILINE)


class Subject(StrEnum):
    """What is judged, one after the other."""

    CONTENT = "contenu"
    """Every byte of the zip is as it was written."""
    SEAL = "sceau"
    """Something outside proves that the manifest has not changed since."""
    STAMPS = "horodatages"
    """The instants at which documents, answers and journal existed."""
    SIGNATURES = "signatures"
    """The signatures of what was sent, at the proven instant."""
    JOURNAL = "journal"
    """The entries about the transmission."""
    RECEIPTS = "reponses"
    """The answers of the State are about this transmission."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """The judgment of one subject."""

    subject: Subject
    verdict: Verdict
    count: int
    """How many things were looked at: entries, tokens, signatures…"""
    faults: Faults = field(default_factory=Faults)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceReport:
    """What a zip of evidence is worth."""

    verdict: Verdict
    """Refused when anything is proven wrong, undecided when something could not be checked."""
    faults: Faults
    """Everything found, codes ``PRV-…`` and ``SIG-…``; what is changed is named."""
    points: tuple[Point, ...] = ()
    signatures: tuple[Signed, ...] = ()
    manifest_sha256: str = ""
    """Digest of the manifest, to compare with the one that was shown when it was made."""
    sealed_at: datetime | None = None
    """Instant that the time-stamp on the manifest proves."""
    proven_at: datetime | None = None
    """Instant that the time-stamp on the frozen file proves."""
    transmission: Mapping[str, Any] = field(default_factory=dict)
    """What the manifest says of the transmission."""


def verify_evidence(content: bytes | Path, *, trust: TrustStore, at: datetime) -> EvidenceReport:
    """Judge a zip of evidence.

    :param content: the zip, or where it lies.
    :param trust: the roots that the reader trusts, for signatures and for time-stamps.
    :param at: aware instant of the check; it counts for what no time-stamp proves.
    """
    try:
        data = content if isinstance(content, bytes) else _read(content)
        reading = read_zip(data)
        digests = _check_seal_file(reading.entries)
        manifest = read_manifest(reading.entries.get(MANIFEST, b""))
    except FaultError as error:
        return _refused(error.faults)
    faults = _once(reading.faults, digests + _check_entries(manifest, reading.entries))
    judge = _Judge(manifest=manifest, entries=reading.entries, trust=trust, at=at)
    return judge.report(faults)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            size = str(path.stat().st_size)
            raise FaultError(Fault(code="PRV-SIZE", params={"octets": size}))
        return path.read_bytes()
    except OSError as error:
        params = {"path": str(path), "reason": error.strerror or str(error)}
        raise FaultError(Fault(code="INT-PATH", params=params)) from error


def _once(envelopes: Faults, contents: Faults) -> Faults:
    """Tell once of each file: that its content was changed says more than that its place was."""
    told = {fault.params.get("nom") for fault in contents}
    found: dict[tuple[str, str], Fault] = {}
    for fault in envelopes:
        if fault.params.get("nom", "") not in told:
            found.setdefault((fault.code, fault.params.get("nom", "")), fault)
    return Faults(found.values()) + contents


def _refused(faults: Faults) -> EvidenceReport:
    point = Point(subject=Subject.CONTENT, verdict=Verdict.REFUSED, count=0, faults=faults)
    return EvidenceReport(verdict=Verdict.REFUSED, faults=faults, points=(point,))


def _check_seal_file(entries: Mapping[str, bytes]) -> Faults:
    """Compare the digests of the manifest and of its time-stamp, which no other file names.

    :raises FaultError: the manifest was changed or is not there: nothing in it counts.
    """
    missing = [name for name in (MANIFEST, MANIFEST_DIGEST) if name not in entries]
    Faults(_named("PRV-MISSING", name) for name in missing).raise_if_blocking()
    text = entries[MANIFEST_DIGEST].decode("ascii", "replace")
    lines = {name: digest for digest, name in _DIGEST_LINE.findall(text)}
    faults: list[Fault] = []
    whole = "".join(f"{digest}  {name}\n" for name, digest in lines.items()) == text
    if not whole or MANIFEST not in lines or not set(lines) <= {MANIFEST, MANIFEST_STAMP}:
        raise FaultError(_named("PRV-CHANGED", MANIFEST_DIGEST))
    for name in (MANIFEST, MANIFEST_STAMP):
        if name in lines and name not in entries:
            faults.append(_named("PRV-MISSING", name))
        elif name in entries and name not in lines:
            faults.append(_named("PRV-ADDED", name))
        elif name in lines and lines[name] != sha256(entries[name]).hexdigest():
            faults.append(_named("PRV-CHANGED_PAIR", name))
    if any(fault.params["nom"] == MANIFEST for fault in faults):
        raise FaultError(Faults(faults))
    return Faults(faults)


def _check_entries(manifest: Manifest, entries: Mapping[str, bytes]) -> Faults:
    faults: list[Fault] = []
    for name, piece in manifest.pieces.items():
        if name not in entries:
            faults.append(_named("PRV-MISSING", name))
        elif (len(entries[name]), sha256(entries[name]).hexdigest()) != (piece.size, piece.sha256):
            faults.append(_named("PRV-CHANGED", name))
    known = {*manifest.pieces, MANIFEST, MANIFEST_DIGEST, MANIFEST_STAMP}
    faults += [_named("PRV-ADDED", name) for name in entries if name not in known]
    return Faults(faults)


def _named(code: str, name: str) -> Fault:
    return Fault(code=code, params={"nom": name}, source=name)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judge:
    """One zip whose bytes were compared with its manifest."""

    manifest: Manifest
    entries: Mapping[str, bytes]
    trust: TrustStore
    at: datetime

    def report(self, content: Faults) -> EvidenceReport:
        """Judge each subject in turn."""
        trust, unreadable = self._helped()
        stamps = dict(self._stamps(trust))
        sealed, seal = self._seal(trust)
        proven = _instant_of(stamps, self.manifest.sha256, FROZEN)
        signatures, signed = self._signatures(trust, proven)
        journal = read_journal(self._one("journal"), self._one("ancrages"))
        points = (
            _point(Subject.CONTENT, len(self.entries), content + unreadable),
            _point(Subject.SEAL, 1, seal),
            _point(Subject.STAMPS, len(stamps), self._stamp_faults(stamps, journal)),
            _point(Subject.SIGNATURES, len(signatures), signed),
            _point(Subject.JOURNAL, len(journal.entries), self._journal_faults(journal)),
            self._receipts(journal),
        )
        faults = Faults(fault for point in points for fault in point.faults)
        return EvidenceReport(
            verdict=_overall(points),
            faults=faults,
            points=points,
            signatures=signatures,
            manifest_sha256=sha256(self.entries[MANIFEST]).hexdigest(),
            sealed_at=sealed,
            proven_at=proven,
            transmission=self.manifest.transmission,
        )

    def _of_role(self, role: str) -> Iterator[tuple[str, bytes]]:
        for name, piece in self.manifest.pieces.items():
            if piece.role == role and name in self.entries:
                yield name, self.entries[name]

    def _one(self, role: str) -> bytes:
        return next((content for _, content in self._of_role(role)), b"")

    def _helped(self) -> tuple[TrustStore, Faults]:
        """Return the reader's trust, with the certificates and lists of the zip as helpers."""
        faults: list[Fault] = []
        found: dict[str, list[bytes]] = {ROOT: [], CERTIFICATE: [], LIST: [], OCSP: []}
        readable = {ROOT: is_certificate, CERTIFICATE: is_certificate, LIST: is_crl, OCSP: is_ocsp}
        for role, check in readable.items():
            for name, content in self._of_role(role):
                if len(found[role]) < MAX_MATERIAL and check(content):
                    found[role].append(content)
                else:
                    faults.append(_named("PRV-CERTIFICATE", name))
        trust = replace(
            self.trust,
            intermediates=(*self.trust.intermediates, *found[CERTIFICATE]),
            crls=(*self.trust.crls, *found[LIST]),
            ocsps=(*self.trust.ocsps, *found[OCSP]),
        )
        return trust, Faults(faults)

    def _stamps(self, trust: TrustStore) -> Iterator[tuple[str, tuple[str, str, StampReport]]]:
        """Yield, by name, what each token is about, its digest, and its judgment."""
        for name, token in self._of_role("horodatage"):
            about = self.manifest.pieces[name].about
            digest = str(about.get("empreinte", ""))
            report = check_token(token, sha256=digest, trust=trust)
            yield name, (str(about.get("objet", "")), digest, report)

    def _stamp_faults(
        self, stamps: Mapping[str, tuple[str, str, StampReport]], journal: Journal
    ) -> Faults:
        receipts = {sha256(content).hexdigest() for _, content in self._of_role("recu")}
        subjects = {
            FROZEN: {self.manifest.sha256},
            RECEIVED: receipts,
            ANCHOR: set(journal.roots),
        }
        faults = Faults()
        for name, (objet, digest, _) in stamps.items():
            if digest not in subjects.get(objet, set()):
                faults += [_named("PRV-STAMP_ABOUT", name)]
        return faults + _of_stamps({name: report for name, (_, _, report) in stamps.items()})

    def _seal(self, trust: TrustStore) -> tuple[datetime | None, Faults]:
        digest = sha256(self.entries[MANIFEST]).hexdigest()
        token = self.entries.get(MANIFEST_STAMP)
        if token is None:
            params = {"empreinte": digest}
            severity = Severity.WARNING
            return None, Faults([Fault(code="PRV-NOT_SEALED", params=params, severity=severity)])
        report = check_token(token, sha256=digest, trust=trust)
        instant = report.instant if report.verdict is Verdict.ACCEPTED else None
        return instant, _of_stamps({MANIFEST_STAMP: report})

    def _signatures(
        self, trust: TrustStore, proven: datetime | None
    ) -> tuple[tuple[Signed, ...], Faults]:
        document = self._one("document")
        flux = str(self.manifest.transmission.get("flux", ""))
        try:
            found = judge_frozen(flux, document, trust=trust, proven=proven, at=self.at)
        except FaultError as error:
            return (), error.faults
        except MALFORMED as error:  # what is malformed deep inside a certificate or a list
            reason = str(error)[:120] or type(error).__name__
            return (), Faults([Fault(code="PRV-FORMAT", params={"raison": reason})])
        return found, Faults(fault for one in found for fault in one.reasons)

    def _journal_faults(self, journal: Journal) -> Faults:
        name = next((name for name, _ in self._of_role("document")), "documents")
        digest = sha256(self._one("document")).hexdigest()
        faults = journal.faults + journal.strangers(self.manifest.deposit, self.manifest.number)
        if journal.packed(self.manifest.number) != digest or self.manifest.sha256 != digest:
            faults += [_named("PRV-DOCUMENT", name)]
        return faults

    def _receipts(self, journal: Journal) -> Point:
        found = {name: content for name, content in self._of_role("recu")}
        faults = check_receipts(found, self.manifest, journal)
        return _point(Subject.RECEIPTS, len(found), faults)


def _instant_of(
    stamps: Mapping[str, tuple[str, str, StampReport]], digest: str, objet: str
) -> datetime | None:
    """Return the earliest instant that an accepted token proves about a digest."""
    instants = [
        report.instant
        for kind, stamped, report in stamps.values()
        if (kind, stamped) == (objet, digest)
        and report.verdict is Verdict.ACCEPTED
        and report.instant is not None
    ]
    return min(instants, default=None)


def _of_stamps(reports: Mapping[str, StampReport]) -> Faults:
    """Put judgments of tokens in faults that name their files; alike ones are told together."""
    alike: dict[tuple[Verdict, str], list[str]] = {}
    for name, report in reports.items():
        if report.verdict is not Verdict.ACCEPTED:
            reasons = " ".join(dict.fromkeys(report.reasons.codes))
            alike.setdefault((report.verdict, reasons), []).append(name)
    return Faults(
        Fault(
            code="PRV-STAMP" if verdict is Verdict.REFUSED else "PRV-STAMP_DOUBT",
            params={"nom": ", ".join(names), "raison": reasons},
            severity=Severity.BLOCKING if verdict is Verdict.REFUSED else Severity.WARNING,
        )
        for (verdict, reasons), names in alike.items()
    )


def _point(subject: Subject, count: int, faults: Faults) -> Point:
    if faults.blocking:
        verdict = Verdict.REFUSED
    else:
        verdict = Verdict.UNDECIDED if faults else Verdict.ACCEPTED
    return Point(subject=subject, verdict=verdict, count=count, faults=faults)


def _overall(points: tuple[Point, ...]) -> Verdict:
    verdicts = {point.verdict for point in points}
    if Verdict.REFUSED in verdicts:
        return Verdict.REFUSED
    return Verdict.UNDECIDED if Verdict.UNDECIDED in verdicts else Verdict.ACCEPTED
