"""Keep, with what is frozen, the certificates and revocation lists that judge its signatures.

A certificate ends, a revocation list is replaced: what was known on the day is kept as documents,
bound to the transmission, so that the evidence shows the state at that time.
"""

from collections.abc import Iterator, Mapping

from demat.actes.archive import unpack
from demat.connectors.api import Flux
from demat.engine.office import Authority, Office
from demat.faults import FaultError
from demat.queue.views import TransmissionView
from demat.signing.material import Material, certificates_in, known_about
from demat.signing.pades import check_pdf_signatures
from demat.signing.timestamp import StampReport

__all__ = [
    "CERTIFICATE",
    "LIST",
    "MATERIAL",
    "OCSP",
    "ROOT",
    "keep_of_flow",
    "kept_of_stamp",
    "signers_of",
]

ROOT, CERTIFICATE, LIST, OCSP = "racine", "certificat", "liste", "ocsp"
"""Natures of what is kept."""
MATERIAL = frozenset({ROOT, CERTIFICATE, LIST, OCSP})
"""All of them: other documents may be bound to a transmission."""


def keep_of_flow(
    flow: TransmissionView, content: bytes, authority: Authority, office: Office
) -> None:
    """Keep what is known today about the signatories of a frozen file.

    :raises FaultError: ``QUE-…``: it cannot be kept.
    """
    signers = signers_of(flow.flux, content, authority, office)
    if signers:
        office.store.keep_proofs(flow.id, _put(known_about(signers, authority.trust), office))


def kept_of_stamp(report: StampReport, office: Office) -> Mapping[str, str]:
    """Put away what is known today about the authority that made a time-stamp.

    :returns: nature of each document, by digest, to be bound to the transmission.
    """
    if office.stamping is None:
        return {}
    return _put(known_about(report.certificates, office.stamping.trust), office)


def signers_of(
    flux: str, content: bytes, authority: Authority, office: Office
) -> tuple[bytes, ...]:
    """Return the certificates that came with the signatures of a frozen file, DER."""
    if flux == Flux.HELIOS:
        return certificates_in(content)
    found = _of_archive(content, authority, office)
    return tuple(dict.fromkeys(der for der in found if der))


def _of_archive(content: bytes, authority: Authority, office: Office) -> Iterator[bytes]:
    try:
        members = unpack(content)
    except FaultError:
        return
    now = office.clock.now()
    for name, member in members.items():
        if name.lower().endswith(".pdf"):
            for report in check_pdf_signatures(member, authority.trust, now):
                yield report.certificate
        elif name.lower().endswith(".xml"):
            yield from certificates_in(member)


def _put(material: Material, office: Office) -> Mapping[str, str]:
    put = office.store.documents.put
    return {
        **{put(der): OCSP for der in material.ocsps},
        **{put(der): LIST for der in material.crls},
        **{put(der): CERTIFICATE for der in material.certificates},
        **{put(der): ROOT for der in material.roots},
    }
