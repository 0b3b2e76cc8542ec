"""The same signatures judged by signxml, a program that shares no code of ours with the first.

It looks at digests and values only, not at places, chains or claims (measurements §2): it confirms
our arithmetic, it does not replace the verdict.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from demat.signing.ids import IdIndex
from demat.signing.verify import SignatureReport
from demat.xmlio import Element, parse_untrusted

__all__ = ["SecondOpinion", "second_opinion"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondOpinion:
    """What signxml says of one signature."""

    element: str
    """Local name of the signed element."""
    element_id: str
    """Its attribute ``Id``."""
    valid: bool
    """Whether signxml finds the digests and the value right."""
    agrees: bool
    """Whether our report says the same about them."""
    detail: str = ""
    """Why signxml refuses, in its own words; empty when it does not."""


def second_opinion(content: bytes, reports: Iterable[SignatureReport]) -> tuple[SecondOpinion, ...]:
    """Judge again every signature that :func:`demat.signing.verify.verify` could read.

    :param reports: those of the same document; the ones without a certificate are left out.
    :raises FaultError: ``XML-…``, when the document itself cannot be read.
    """
    index = IdIndex(parse_untrusted(content))
    judged = [(report, index.element(report.element_id)) for report in reports if report.covered]
    return tuple(_judge(report, node) for report, node in judged if node is not None)


def _judge(report: SignatureReport, node: Element) -> SecondOpinion:
    detail = _refusal(report, node)
    ours = report.digests_correct and report.value_correct
    return SecondOpinion(
        element=report.element,
        element_id=report.element_id,
        valid=not detail,
        agrees=ours == (not detail),
        detail=detail,
    )


def _refusal(report: SignatureReport, node: Element) -> str:
    """Return why signxml refuses the signature of one element, handed over alone."""
    certificate = x509.load_der_x509_certificate(report.certificate)
    configuration = SignatureConfiguration(
        location="./",
        expect_references=2,
        # old files are judged as well: their weakness is said in the report
        signature_methods=frozenset(SignatureMethod),
        digest_algorithms=frozenset(DigestAlgorithm),
        verification_time=report.signing_time or certificate.not_valid_before_utc,
    )
    try:
        XMLVerifier().verify(
            etree.tostring(node, with_tail=False),
            x509_cert=certificate,
            id_attribute="Id",
            parser=etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True),
            expect_config=configuration,
        )
    except (SignXMLException, ValueError) as error:
        return str(error) or type(error).__name__
    return ""
