"""Verification of the signatures of a document (helios dossier §7.5; architecture, decision 16).

A signature counts only if it bears on its own parent, at an expected place, with exactly the two
expected references, in a document where Ids are unique and where every expected element is
covered. Each signature then gets one report: refused when something is proven wrong, undecided
when something could not be checked, accepted otherwise.
"""

from collections.abc import Iterator
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
from demat.signing.distinguished import same_name
from demat.signing.ids import IdIndex
from demat.signing.level import NiveauCertificat, level_of
from demat.signing.policy import is_known
from demat.signing.reading import ClaimedCertificate, SignatureParts, read_signature
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from demat.xmlio import Element, line_of, local_name, parse_untrusted

__all__ = ["PES_ELEMENTS", "SignatureReport", "Verdict", "overall", "verify"]

PES_ELEMENTS = frozenset({"PES_Aller", "PES_Aller/*/Bordereau"})
"""Where signatures of a PES stand: local names from the root down, ``*`` for any one name."""
_SIGNATURE = f"{{{DS}}}Signature"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureReport:
    """What was found about one signature, or about one element that lacks it."""

    element: str
    """Local name of the element that carries the signature, or should."""
    element_id: str
    """Its attribute ``Id``; empty when it has none."""
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
    content: bytes, *, trust: TrustStore, expected: frozenset[str] = PES_ELEMENTS
) -> tuple[SignatureReport, ...]:
    """Check every signature of a document, and that every expected element is covered.

    :param trust: the authorities that we trust, and their revocation lists.
    :param expected: where signatures may stand, as paths of local names from the root.
    :return: one report per signature, then one (refused, ``SIG-UNSIGNED``) per expected element
        that neither carries a signature nor lies inside an expected element that does.
    :raises FaultError: ``XML-…``, when the document itself cannot be read (DTD included).
    """
    root = parse_untrusted(content)
    signatures = list(root.iter(_SIGNATURE))
    owners = [parent for node in signatures if (parent := node.getparent()) is not None]
    signed = frozenset(node for node in owners if _at_expected_place(node, expected))
    verifier = _Verifier(index=IdIndex(root), trust=trust, signed=signed)
    reports = tuple(verifier.report(node) for node in signatures)
    return reports + tuple(_unsigned(node) for node in _uncovered(root, signed, expected))


def _unsigned(node: Element) -> SignatureReport:
    name, value = local_name(node), node.get("Id", "")
    reasons = _located(Faults([Fault(code="SIG-UNSIGNED")]), node, node)
    return SignatureReport(element=name, element_id=value, verdict=Verdict.REFUSED, reasons=reasons)


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
        if node not in outer
        and node not in signed
        and not any(above in signed for above in node.iterancestors())
    ]


def _at_expected_place(node: Element, expected: frozenset[str]) -> bool:
    names = [local_name(above) for above in (node, *node.iterancestors())][::-1]
    return any(_matches(names, path.split("/")) for path in expected)


def _matches(names: list[str], pattern: list[str]) -> bool:
    return len(names) == len(pattern) and all(
        wanted in ("*", name) for name, wanted in zip(names, pattern, strict=True)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verifier:
    """Checks the signatures of one document; remembers the chains already judged."""

    index: IdIndex
    trust: TrustStore
    signed: frozenset[Element]
    """The elements at an expected place that carry a signature."""
    _chains: dict[tuple[bytes, datetime], tuple[Verdict, Faults]] = field(default_factory=dict)

    def report(self, node: Element) -> SignatureReport:
        """Report on one signature."""
        parent = node.getparent()
        owner = node if parent is None else parent
        name, value = local_name(owner), owner.get("Id", "")
        report = SignatureReport(
            element=name, element_id=value, verdict=Verdict.REFUSED, reasons=Faults()
        )
        try:
            self._check_place(node, owner)
            parts = read_signature(node, target=value)
            return self._judge(report, node, owner, parts)
        except FaultError as error:
            return replace(report, reasons=_located(error.faults, node, owner))

    def _check_place(self, node: Element, owner: Element) -> None:
        """Refuse a signature that another reader could take for that of something else."""
        if owner not in self.signed:
            raise FaultError(Fault(code="SIG-PLACE"))
        if len(owner.findall(_SIGNATURE)) != 1:
            raise FaultError(Fault(code="SIG-SEVERAL"))
        if self.index.duplicates:
            double = min(self.index.duplicates)
            raise FaultError(Fault(code="SIG-DUPLICATE_ID", params={"id": double}))

    def _judge(
        self, report: SignatureReport, node: Element, owner: Element, parts: SignatureParts
    ) -> SignatureReport:
        certificate = _signing_certificate(parts)
        content = certificate.public_bytes(Encoding.DER)
        facts = describe(certificate)
        integrity = _check_digests(node, owner, parts)
        value = _check_value(parts, certificate)
        chain, chain_faults = self._chain(parts, certificate)
        reasons = (
            integrity
            + value
            + _check_strength(parts)
            + _check_properties(parts, certificate)
            + check_usage(certificate, self.trust.policies)
            + chain_faults
            + self._check_mix(owner)
        )
        return replace(
            report,
            verdict=Verdict.REFUSED if reasons.blocking else chain,
            reasons=_located(reasons, node, owner),
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

    def _check_mix(self, owner: Element) -> Faults:
        """Notice a signature under another one: legitimate only as a platform's own seal."""
        above = any(node in self.signed for node in owner.iterancestors())
        return _warn("SIG-MIXED") if above else Faults()


def _located(faults: Faults, node: Element, owner: Element) -> Faults:
    """Tell of which element the signature is at fault, and on which line it stands."""
    name, value = local_name(owner), owner.get("Id") or "?"
    return Faults(
        replace(
            fault,
            params={"element": name, "id": value, **fault.params},
            path=owner.getroottree().getpath(owner),
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


def _check_digests(node: Element, owner: Element, parts: SignatureParts) -> Faults:
    faults: list[Fault] = []
    with _detached(node, owner):
        signed = canonical(owner)
    if parts.element.algorithm.digest(signed) != parts.element.digest:
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
        faults += _warn("SIG-POLICY_UNKNOWN", policy=properties.policy)
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
    if claimed.serial != str(certificate.serial_number) or not same_name(
        claimed.issuer, certificate.issuer
    ):
        faults += [Fault(code="SIG-ISSUER_SERIAL")]
    if claimed.algorithm.weak:
        faults += _warn("SIG-CERT_DIGEST_SHA1")
    return faults


def _warn(code: str, **params: str) -> Faults:
    return Faults([Fault(code=code, params=params, severity=Severity.WARNING)])
