"""Verification of the signatures of a document (helios dossier §7.5; architecture, decision 16).

A signature counts only if it bears on its own parent, at an expected place, with exactly the two
expected references, in a document where Ids are unique and where every expected element is
covered. Each signature then gets one report: refused when something is proven wrong, undecided
when something could not be checked, accepted otherwise.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.algorithms import DS, canonical
from demat.signing.certificate import check_usage, describe
from demat.signing.cms import CLOCK_SKEW
from demat.signing.distinguished import same_name
from demat.signing.ids import duplicate_ids
from demat.signing.level import NiveauCertificat, level_of
from demat.signing.policy import is_known, is_proven_wrong
from demat.signing.reading import (
    ClaimedCertificate,
    SignatureParts,
    check_text,
    read_signature,
)
from demat.signing.skeleton import Skeleton, skeleton_of
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from demat.xmlio import Element, check_measure, line_of, local_name, parse_untrusted

__all__ = ["PES_ELEMENTS", "SignatureReport", "Verdict", "overall", "verify"]

PES_ELEMENTS = frozenset(
    {
        "PES_Aller",
        "PES_Aller/PES_DepenseAller/Bordereau",
        "PES_Aller/PES_RecetteAller/Bordereau",
    }
)
"""Where signatures of a PES stand: names from the root down, without namespace below the root."""
_SIGNATURE = f"{{{DS}}}Signature"
_ENCODINGS = frozenset(
    {
        *("UTF-8", "ISO-8859-1", "ISO-8859-15", "US-ASCII", "ASCII", "WINDOWS-1252"),
        *("UTF-16", "UTF-16LE", "UTF-16BE"),
    }
)
"""What every program reads in the same way; UTF-7 hides tags in what looks like text."""
_DOUBTS = frozenset({"SIG-POLICY_UNKNOWN", "SIG-FUTURE", "SIG-NO_KEY_USAGE"})
"""Warnings on what could not be checked: no yes goes with them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureReport:
    """What was found about one signature, or about one element that lacks it."""

    element: str
    """Local name of the element that carries the signature, or should."""
    element_id: str
    """Its attribute ``Id``; empty when it has none."""
    line: int | None = None
    """Line where the element starts."""
    verdict: Verdict
    """Refused when something is proven wrong, undecided when something could not be checked."""
    reasons: Faults
    """Everything found, codes ``SIG-…``; warnings do not refuse."""
    signer: str = ""
    """Common name of the signatory's certificate."""
    issuer: str = ""
    """Common name of the authority that issued it."""
    serial: str = ""
    """Its serial number, in decimal."""
    signing_time: datetime | None = None
    """``SigningTime``, UTC; ``None`` when it is missing or not written in UTC."""
    policy: str = ""
    """``SigPolicyId/Identifier``: the signature policy referred to."""
    role: str = ""
    """``ClaimedRole``: « Maire »…"""
    covered: bool = False
    """Whether the signature bears on this element, at an expected place, and no other."""
    digests_correct: bool = False
    """Whether the element and the signed properties have the announced digests."""
    value_correct: bool = False
    """Whether ``SignatureValue`` was made with the key of the certificate."""
    chain: Verdict = Verdict.UNDECIDED
    """Whether a trusted authority vouched for the certificate at the time of signing."""
    certificate: bytes = field(default=b"", repr=False)
    """The signatory's certificate, DER; empty when none could be read."""
    level: NiveauCertificat = NiveauCertificat.INCONNU
    """What the certificate states of its strength."""


def overall(reports: tuple[SignatureReport, ...]) -> Verdict:
    """Return the verdict on a document from its reports; nothing signed is never a yes."""
    verdicts = {report.verdict for report in reports}
    if Verdict.REFUSED in verdicts:
        return Verdict.REFUSED
    return Verdict.ACCEPTED if verdicts == {Verdict.ACCEPTED} else Verdict.UNDECIDED


def verify(
    content: bytes,
    *,
    trust: TrustStore,
    now: datetime | None = None,
    expected: frozenset[str] = PES_ELEMENTS,
) -> tuple[SignatureReport, ...]:
    """Check every signature of a document, and that every expected element is covered.

    :param trust: the authorities that we trust, and their revocation lists.
    :param now: aware instant of the check, to notice a signature that comes from the future; that
        is not looked at without it.
    :param expected: where signatures may stand, as paths of names from the root.
    :return: one report per signature, then one (refused, ``SIG-UNSIGNED``) per expected element
        that neither carries a signature nor lies inside an expected element that does.
    :raises FaultError: ``XML-…``, when the document itself cannot be read (DTD included);
        ``XML-EXCESS``; ``SIG-ENCODING``.
    """
    root, skeleton = _read(content, {path.rpartition("/")[2] for path in expected})
    signatures = list(root.iter(_SIGNATURE))
    if signatures:
        _check_encoding(root)
        check_measure(skeleton.document if skeleton else content, root)
    owners = [parent for node in signatures if (parent := node.getparent()) is not None]
    signed = frozenset(node for node in owners if _at_expected_place(node, expected))
    paths = _Paths()
    verifier = _Verifier(
        duplicates=frozenset(duplicate_ids(content, root)),
        skeleton=skeleton,
        trust=trust,
        now=now,
        signed=signed,
        paths=paths,
        counts=Counter(owners),
    )
    reports = tuple(verifier.report(node) for node in signatures)
    return reports + tuple(_unsigned(node, paths) for node in _uncovered(root, signed, expected))


def _read(content: bytes, names: Collection[str]) -> tuple[Element, Skeleton | None]:
    """Read what the rules need: the skeleton of the document when it has one, else all of it."""
    skeleton = skeleton_of(content, names)
    if skeleton is not None:
        root = parse_untrusted(skeleton.document)
        if skeleton.fits(root):
            return root, skeleton
    return parse_untrusted(content), None


def _check_encoding(root: Element) -> None:
    encoding = root.getroottree().docinfo.encoding
    if encoding and encoding.upper() not in _ENCODINGS:
        raise FaultError(Fault(code="SIG-ENCODING", params={"encoding": encoding}))


class _Paths:
    """Says where elements are; siblings are counted once, however many of them are reported."""

    def __init__(self) -> None:
        self._steps: dict[Element, dict[Element, str]] = {}

    def of(self, node: Element) -> str:
        """Return the path of an element from the root, as XPath writes it."""
        steps: list[str] = []
        parent = node.getparent()
        while parent is not None:
            if parent not in self._steps:
                self._steps[parent] = _steps(parent)
            steps.append(self._steps[parent][node])
            node, parent = parent, parent.getparent()
        return "/".join([node.getroottree().getpath(node), *steps[::-1]])


def _steps(parent: Element) -> dict[Element, str]:
    names = {child: _qualified(child) for child in parent.iterchildren("*")}
    totals, seen = Counter(names.values()), Counter[str]()
    steps = {}
    for child, name in names.items():
        seen[name] += 1
        steps[child] = f"{name}[{seen[name]}]" if totals[name] > 1 else name
    return steps


def _qualified(node: Element) -> str:
    return f"{node.prefix}:{local_name(node)}" if node.prefix else local_name(node)


def _unsigned(node: Element, paths: _Paths) -> SignatureReport:
    name, value = local_name(node), node.get("Id", "")
    reasons = _located(Faults([Fault(code="SIG-UNSIGNED")]), node, node, paths)
    return SignatureReport(
        element=name,
        element_id=value,
        line=line_of(node),
        verdict=Verdict.REFUSED,
        reasons=reasons,
    )


def _uncovered(
    root: Element, signed: frozenset[Element], expected: frozenset[str]
) -> list[Element]:
    """Return the innermost expected elements that no signature of theirs or above them covers.

    An element with an expected name at another place is looked at as well: a program that finds
    its elements by name would take it for a good one.
    """
    names = {path.rpartition("/")[2] for path in expected}
    candidates = list(root.iter(*(f"{{*}}{name}" for name in sorted(names))))
    outer = {above for node in candidates for above in node.iterancestors()}
    return [
        node
        for node in candidates
        if node not in outer and node not in signed and not _lies_in(node, signed)
    ]


def _lies_in(node: Element, signed: frozenset[Element]) -> bool:
    """Tell whether an element above is signed; a signature leaves out what lies in itself."""
    for above in node.iterancestors():
        if above.tag == _SIGNATURE:
            return False
        if above in signed:
            return True
    return False


def _at_expected_place(node: Element, expected: frozenset[str]) -> bool:
    root = node.getroottree().getroot()
    below = [above.tag for above in (node, *node.iterancestors()) if above is not root]
    return "/".join([local_name(root), *below[::-1]]) in expected


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verifier:
    """Checks the signatures of one document; remembers the chains already judged."""

    duplicates: frozenset[str]
    """Identifiers that occur more than once in the document."""
    skeleton: Skeleton | None
    """What was taken out of the document before it was read."""
    trust: TrustStore
    now: datetime | None
    signed: frozenset[Element]
    """The elements at an expected place that carry a signature."""
    paths: _Paths
    counts: Counter[Element]
    """How many signatures each element carries."""
    _chains: dict[tuple[bytes, datetime], tuple[Verdict, Faults]] = field(default_factory=dict)

    def report(self, node: Element) -> SignatureReport:
        """Report on one signature."""
        parent = node.getparent()
        owner = node if parent is None else parent
        name, value = local_name(owner), owner.get("Id", "")
        report = SignatureReport(
            element=name,
            element_id=value,
            line=line_of(owner),
            verdict=Verdict.REFUSED,
            reasons=Faults(),
        )
        try:
            self._check_place(owner)
            parts = read_signature(node, target=value)
            check_text(owner)
            return self._judge(report, node, owner, parts)
        except FaultError as error:
            return replace(report, reasons=_located(error.faults, node, owner, self.paths))

    def _check_place(self, owner: Element) -> None:
        """Refuse a signature that another reader could take for that of something else."""
        if owner not in self.signed:
            raise FaultError(Fault(code="SIG-PLACE"))
        if self.counts[owner] != 1:
            raise FaultError(Fault(code="SIG-SEVERAL"))
        if self.duplicates:
            double = min(self.duplicates)
            raise FaultError(Fault(code="SIG-DUPLICATE_ID", params={"id": double}))

    def _judge(
        self, report: SignatureReport, node: Element, owner: Element, parts: SignatureParts
    ) -> SignatureReport:
        certificate = _signing_certificate(parts)
        content = certificate.public_bytes(Encoding.DER)
        facts = describe(certificate)
        integrity = _check_digests(node, owner, parts, self.skeleton)
        value = _check_value(parts, certificate)
        chain, chain_faults = self._chain(parts, certificate)
        reasons = (
            integrity
            + value
            + _check_strength(parts)
            + _check_properties(parts, certificate)
            + check_usage(certificate, self.trust.policies)
            + self._check_future(parts)
            + chain_faults
            + self._check_mix(owner)
        )
        return replace(
            report,
            verdict=_verdict(reasons, chain),
            reasons=_located(reasons, node, owner, self.paths),
            signer=facts.holder,
            issuer=facts.authority,
            serial=facts.serial,
            signing_time=parts.properties.instant,
            policy=parts.properties.policy,
            role=", ".join(parts.properties.roles),
            covered=True,
            digests_correct=not integrity,
            value_correct=not value,
            chain=chain,
            certificate=content,
            level=level_of(content, self.trust.policies),
        )

    def _chain(
        self, parts: SignatureParts, certificate: x509.Certificate
    ) -> tuple[Verdict, Faults]:
        instant = parts.properties.instant
        if instant is None:  # its own reason says so
            return Verdict.UNDECIDED, Faults()
        key = (certificate.public_bytes(Encoding.DER), instant)
        if key not in self._chains:
            self._chains[key] = self.trust.check_chain(certificate, parts.certificates, instant)
        return self._chains[key]

    def _check_future(self, parts: SignatureParts) -> Faults:
        """Notice a time of signing that has not come yet, by our clock."""
        instant = parts.properties.instant
        if self.now is None or instant is None or instant <= self.now + CLOCK_SKEW:
            return Faults()
        return _warn("SIG-FUTURE", time=parts.properties.signing_time)

    def _check_mix(self, owner: Element) -> Faults:
        """Notice a signature under another one: legitimate only as a platform's own seal."""
        above = any(node in self.signed for node in owner.iterancestors())
        return _warn("SIG-MIXED") if above else Faults()


def _verdict(reasons: Faults, chain: Verdict) -> Verdict:
    if reasons.blocking:
        return Verdict.REFUSED
    return Verdict.UNDECIDED if _DOUBTS.intersection(reasons.codes) else chain


def _located(faults: Faults, node: Element, owner: Element, paths: _Paths) -> Faults:
    """Tell of which element the signature is at fault, and on which line it stands."""
    name, value = local_name(owner), owner.get("Id") or "?"
    return Faults(
        replace(
            fault,
            params={"element": name, "id": value, **fault.params},
            path=paths.of(owner),
            line=line_of(node),
        )
        for fault in faults
    )


def _signing_certificate(parts: SignatureParts) -> x509.Certificate:
    """Choose the certificate that the signed properties designate, else the first."""
    claimed = parts.properties.certificate
    for certificate in parts.certificates:
        if claimed and _has_digest(certificate, claimed):
            return certificate
    return parts.certificates[0]


def _has_digest(certificate: x509.Certificate, claimed: ClaimedCertificate) -> bool:
    der = certificate.public_bytes(Encoding.DER)
    return claimed.algorithm.digest(der) == claimed.digest


def _check_digests(
    node: Element, owner: Element, parts: SignatureParts, skeleton: Skeleton | None
) -> Faults:
    faults: list[Fault] = []
    digest = skeleton.digest(owner, parts.element.algorithm) if skeleton else None
    if digest is None:
        with _detached(node, owner):
            digest = parts.element.algorithm.digest(canonical(owner))
    if digest != parts.element.digest:
        faults.append(Fault(code="SIG-DIGEST"))
    reference = parts.properties_reference
    if reference.algorithm.digest(canonical(parts.signed_properties)) != reference.digest:
        faults.append(Fault(code="SIG-PROPERTIES_DIGEST"))
    return Faults(faults)


@contextmanager
def _detached(node: Element, owner: Element) -> Iterator[None]:
    """Take the signature out for a while; the text that follows it stays, being signed."""
    position, tail = owner.index(node), node.tail
    placeholder = etree.Comment("")  # holds the text; canonical forms here leave comments out
    placeholder.tail = tail
    owner.replace(node, placeholder)
    try:
        yield
    finally:
        owner[position] = node
        node.tail = tail


def _check_value(parts: SignatureParts, certificate: x509.Certificate) -> Faults:
    key = certificate.public_key()
    data = canonical(parts.signed_info, comments=parts.with_comments)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(parts.value, data, padding.PKCS1v15(), parts.algorithm.hash)
            return Faults()
    except InvalidSignature:
        pass
    return Faults([Fault(code="SIG-VALUE")])


def _check_strength(parts: SignatureParts) -> Faults:
    used = (parts.algorithm, parts.element.algorithm, parts.properties_reference.algorithm)
    if any(algorithm.weak for algorithm in used):
        return Faults([Fault(code="SIG-SHA1")])
    return Faults()


def _check_properties(parts: SignatureParts, certificate: x509.Certificate) -> Faults:
    """Check what the policy of the DGFiP wants under the signature."""
    properties = parts.properties
    faults = Faults()
    if not properties.signing_time:
        faults += [Fault(code="SIG-NO_TIME")]
    elif properties.instant is None:
        faults += [Fault(code="SIG-TIME", params={"time": properties.signing_time})]
    if not properties.policy:
        faults += [Fault(code="SIG-NO_POLICY")]
    elif not is_known(
        properties.policy, properties.policy_digest_algorithm, properties.policy_digest
    ):
        wrong = is_proven_wrong(properties.policy, properties.policy_digest)
        code = "SIG-POLICY_DIGEST" if wrong else "SIG-POLICY_UNKNOWN"
        severity = Severity.BLOCKING if wrong else Severity.WARNING
        faults += [Fault(code=code, params={"policy": properties.policy}, severity=severity)]
    if not properties.roles:
        faults += [Fault(code="SIG-NO_ROLE")]
    return faults + _check_claimed(properties.certificate, certificate)


def _check_claimed(claimed: ClaimedCertificate | None, certificate: x509.Certificate) -> Faults:
    """Check that the certificate beside the signature is the one named under the signature."""
    if claimed is None:
        return Faults([Fault(code="SIG-NO_SIGNING_CERTIFICATE")])
    faults = Faults()
    if not _has_digest(certificate, claimed):
        faults += [Fault(code="SIG-CERT_DIGEST")]
    if not _is_issued_as(certificate, claimed):
        faults += [Fault(code="SIG-ISSUER_SERIAL")]
    if claimed.algorithm.weak:
        faults += _warn("SIG-CERT_DIGEST_SHA1")
    return faults


def _is_issued_as(certificate: x509.Certificate, claimed: ClaimedCertificate) -> bool:
    """Tell whether a certificate has the issuer and the number that were claimed, if any were."""
    if isinstance(claimed.issuer, str):
        same = same_name(claimed.issuer, certificate.issuer)
    elif not claimed.issuer:  # SigningCertificateV2 may leave them out: its digest says enough
        return True
    else:
        same = certificate.issuer.public_bytes() == claimed.issuer
    return same and claimed.serial == str(certificate.serial_number)


def _warn(code: str, **params: str) -> Faults:
    return Faults([Fault(code=code, params=params, severity=Severity.WARNING)])
