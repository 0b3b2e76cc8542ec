"""Rule 16: what a signature already in the file says of itself (helios dossier §7.4, §7.5, §9).

Whether the signature is right and its certificate valid on that day is judged by
``demat.signing``; here only what the policy of the DGFiP wants written is looked for.
"""

import re
from collections.abc import Iterator

from demat.faults import Fault
from demat.xmlio import Element, line_of

__all__ = ["check_signature"]

_UTC = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$")
_PROPERTIES = ".//{*}SignedSignatureProperties"
_WANTED = {
    "PES-016_ROLE": ("{*}SignerRole//{*}ClaimedRole",),
    "PES-016_POLICY": (
        "{*}SignaturePolicyIdentifier//{*}Identifier",
        "{*}SignaturePolicyIdentifier//{*}SigPolicyHash/{*}DigestValue",
    ),
    "PES-016_CERTIFICATE": ("{*}SigningCertificate//{*}X509SerialNumber",),
}
"""What must be written under the signature, by the code of its absence."""


def check_signature(signature: Element, where: str) -> Iterator[Fault]:
    """Apply the rule to a signature of the file or of a bordereau.

    :param where: what it signs, for the agent.
    """
    found = signature.find(_PROPERTIES)
    properties = signature if found is None else found
    time = _content(properties, "{*}SigningTime")
    if not _UTC.match(time):
        yield _fault("PES-016", signature, where, value=time)
    for code, paths in _WANTED.items():
        if not all(_content(properties, path) for path in paths):
            yield _fault(code, signature, where)


def _content(node: Element, path: str) -> str:
    """Return the text of an element: a signature is the only part of a PES that has any."""
    return (node.findtext(path) or "").strip()


def _fault(code: str, signature: Element, where: str, **params: str) -> Fault:
    return Fault(
        code=code, params={"ou": where, **params}, path="Signature", line=line_of(signature)
    )
