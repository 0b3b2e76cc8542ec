"""Distinguished names of certificates, as text and compared by meaning.

Signing tools write the same issuer in many ways: order, escaping, numeric attribute types,
hexadecimal values (helios dossier §7.6). Names are therefore compared as collections of RDN sets
(RFC 4514, RFC 5280 §7.1), never as strings.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.oid import NameOID

__all__ = ["common_name", "format_name", "same_name"]

_Rdn = frozenset[tuple[str, str]]

_SHORT: Mapping[str, str] = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
"""The short names that RFC 4514 lets everybody rely on."""
_SYNONYMS: Mapping[str, str] = {
    **{short: oid for oid, short in _SHORT.items()},
    "S": "2.5.4.8",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "SERIALNUMBER": "2.5.4.5",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "DNQUALIFIER": "2.5.4.46",
    "DNQ": "2.5.4.46",
    "POSTALCODE": "2.5.4.17",
}
"""Names that OpenSSL, Java and Windows give to attribute types, in capitals."""
_OID = re.compile(r"^(OID\.)?([0-9]+(\.[0-9]+)+)$", re.IGNORECASE)
_PART = re.compile(
    r"""
    \s*(?P<type>[A-Za-z][A-Za-z0-9-]*|(?:OID\.)?[0-9]+(?:\.[0-9]+)+)\s*=\s*
    (?P<value>"(?:[^"\\]|\\.)*"|(?:[^,;+"\\]|\\.)*)
    \s*(?P<separator>[,;+]|$)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_MUST_ESCAPE = re.compile(r'([,+"\\<>;=]|^[ #]| $)')


def common_name(name: x509.Name) -> str:
    """Return what a person calls the holder: the common name, else the whole name."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else format_name(name)


def format_name(name: x509.Name) -> str:
    """Write a name as RFC 4514 wants it: most specific first, unusual types in numbers."""
    rdns = asn1.Name.load(name.public_bytes()).chosen
    return ",".join("+".join(_format_attribute(part) for part in rdn) for rdn in reversed(rdns))


def _format_attribute(part: asn1.NameTypeAndValue) -> str:
    oid = part["type"].dotted
    if oid in _SHORT:
        return f"{_SHORT[oid]}={_MUST_ESCAPE.sub(_escape, part['value'].native)}"
    return f"{oid}=#{part['value'].dump().hex()}"


def _escape(found: re.Match[str]) -> str:
    return f"\\{found.group(1)}"


def same_name(text: str, name: x509.Name) -> bool:
    """Tell whether a text, as a signature gives it, designates a name, whatever the order."""
    rdns = _parse(text)
    return rdns is not None and Counter(rdns) == Counter(_rdns_of(name))


@lru_cache(maxsize=64)
def _rdns_of(name: x509.Name) -> tuple[_Rdn, ...]:
    return tuple(
        frozenset((part["type"].dotted, _folded(str(part["value"].native))) for part in rdn)
        for rdn in asn1.Name.load(name.public_bytes()).chosen
    )


def _parse(text: str) -> list[_Rdn] | None:
    """Read RFC 2253/4514 text and its usual variants; ``None`` when it cannot be understood."""
    rdns: list[_Rdn] = []
    position, rest, separator = 0, set[tuple[str, str]](), ","
    while separator:
        found = _PART.match(text, position)
        part = _attribute(found) if found else None
        if found is None or part is None:
            return None
        rest.add(part)
        position, separator = found.end(), found["separator"]
        if separator != "+":
            rdns.append(frozenset(rest))
            rest = set()
    return rdns


def _attribute(found: re.Match[str]) -> tuple[str, str] | None:
    numeric = _OID.match(found["type"])
    oid = numeric.group(2) if numeric else _SYNONYMS.get(found["type"].upper())
    value = _unescape(found["value"])
    return None if oid is None or value is None else (oid, _folded(value))


def _unescape(value: str) -> str | None:
    if value.startswith("#"):
        return _from_hexadecimal(value[1:].strip())
    if value.startswith('"'):
        value = value[1:-1]
    try:
        return _ESCAPES.sub(_unescaped, value.encode()).decode()
    except UnicodeDecodeError:
        return None


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found.group(1)
    return bytes.fromhex(escaped.decode("ascii")) if len(escaped) == 2 else escaped


def _from_hexadecimal(digits: str) -> str | None:
    try:
        return str(core.load(bytes.fromhex(digits)).native)
    except ValueError:
        return None


def _folded(value: str) -> str:
    """Fold case and white space, which do not count in a comparison (RFC 5280 §7.1)."""
    return " ".join(value.split()).casefold()
