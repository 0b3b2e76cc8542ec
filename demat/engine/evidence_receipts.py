"""The answers of the State in a zip of evidence: noted by the journal, about this sending."""

from collections.abc import Mapping
from hashlib import sha256

from demat.actes.inbound import parse_inbound
from demat.connectors.api import Flux
from demat.engine.evidence_journal import Journal
from demat.engine.evidence_manifest import Manifest
from demat.faults import Fault, FaultError, Faults
from demat.helios.acquit import parse_acquit

__all__ = ["check_receipts"]

ACTE = "1-1"
ERROR = "error"
"""Kind of what the tiers de télétransmission says by itself, in words."""


def check_receipts(found: Mapping[str, bytes], manifest: Manifest, journal: Journal) -> Faults:
    """Compare the answers with the journal, by digest, and with the transmission, by name."""
    noted = journal.receipts(manifest.number)
    faults: list[Fault] = []
    digests = set()
    for name, content in found.items():
        digest = sha256(content).hexdigest()
        digests.add(digest)
        if digest not in noted:
            faults.append(Fault(code="PRV-RECEIPT", params={"nom": name}, source=name))
            continue
        faults += _other(name, content, manifest)
    for digest, name in noted.items():
        if digest not in digests:
            faults.append(Fault(code="PRV-RECEIPT_MISSING", params={"nom": name}))
    return Faults(faults)


def _other(name: str, content: bytes, manifest: Manifest) -> list[Fault]:
    """Return the fault of an answer that names another sending."""
    if manifest.pieces[name].about.get("nature") == ERROR:
        return []
    try:
        told = _named_in(content, manifest)
    except FaultError as error:
        return list(error.faults.within(name))
    if told in ("", manifest.key):
        return []
    params = {"nom": name, "trouve": told, "attendu": manifest.key}
    return [Fault(code="PRV-RECEIPT_OTHER", params=params, source=name)]


def _named_in(content: bytes, manifest: Manifest) -> str:
    """Return the identifier that an answer names; empty when it names none.

    :raises FaultError: it cannot be read.
    """
    if manifest.transmission["flux"] == Flux.HELIOS:
        return parse_acquit(content).nom_fic
    if manifest.transmission.get("message") not in ("", ACTE):
        return ""  # an answer to a letter, or a cancellation, names the act that it is about
    return str(getattr(parse_inbound(content), "id_acte", ""))
