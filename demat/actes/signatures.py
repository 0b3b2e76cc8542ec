"""The detached signatures that a message of ACTES carries (dossier §4.1, ``FichierSigne``)."""

from collections.abc import Mapping

from demat.actes.inbound import parse_tolerant
from demat.xmlio import serialise

__all__ = ["signatures_of"]


def signatures_of(message: bytes) -> Mapping[str, bytes]:
    """Return the signatures in a message, by the name of the file that each is said to sign.

    ``FichierSigne/Signature`` holds a PKCS#7 in base64; one that is XML is handed over as it is
    written, for a reader to refuse. Of two for the same file, the first counts.

    :raises FaultError: ``XML-…`` when the message is no XML.
    """
    found: dict[str, bytes] = {}
    for node in parse_tolerant(message).iter("{*}Signature"):
        parent = node.getparent()
        name = "" if parent is None else (parent.findtext("{*}NomFichier") or "").strip()
        if name:
            text = (node.text or "").strip().encode()
            found.setdefault(name, serialise(node) if len(node) else text)
    return found
