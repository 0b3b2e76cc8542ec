"""What the signatures of a deposited PDF are worth, in the words of the rules on acts."""

from demat.actes.contexte import SignatureTrouvee
from demat.engine.office import Authority, Office
from demat.signing.cms import DocumentSignature
from demat.signing.pades import check_pdf_signatures
from demat.signing.verdict import Verdict

__all__ = ["signatures_found"]

_OF_ISSUER = frozenset(
    {"SIG-UNTRUSTED", "SIG-NO_CRL", "SIG-CRL_STALE", "SIG-CRL_TOO_LATE", "SIG-CHAIN_ALGORITHM"}
)
"""What is unknown about those who certified the signatory, not about the signature."""


def signatures_found(
    content: bytes, authority: Authority, office: Office
) -> tuple[SignatureTrouvee, ...]:
    """Verify the signatures of a PDF with what the authority trusts (actes dossier §10 rule 36)."""
    reports = check_pdf_signatures(content, authority.trust, office.clock.now())
    return tuple(_in_words(report, office) for report in reports)


def _in_words(report: DocumentSignature, office: Office) -> SignatureTrouvee:
    refused = report.verdict is Verdict.REFUSED
    told = report.reasons.blocking if refused else report.reasons
    return SignatureTrouvee(
        refused=refused,
        reason=" ".join(office.explain(fault).sentence for fault in told),
        issuer_only=not refused and set(told.codes) <= _OF_ISSUER,
    )
