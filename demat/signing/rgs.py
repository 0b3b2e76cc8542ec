"""The policies of certification of the RGS: which identifier means which level, for which use.

Each authority numbers its own policies: the level (one star to three) cannot be read from a
certificate without a table. Ours is ``resources/rgs.toml``; a trust folder may hold more.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from cryptography import x509

from demat.faults import Fault, FaultError
from demat.signing.extensions import policies_of

__all__ = ["NiveauRgs", "PolitiqueRgs", "UsageRgs", "read_policies", "rgs_policies", "shipped"]

_TEXTS = ("oid", "niveau", "emetteur", "source")
_KEYS = frozenset({*_TEXTS, "usages"})


class NiveauRgs(StrEnum):
    """The levels of the RGS, from the weakest up."""

    UNE = "*"
    DEUX = "**"
    TROIS = "***"


class UsageRgs(StrEnum):
    """What the certificates of a policy are for."""

    SIGNATURE = "signature"
    CACHET = "cachet"
    AUTHENTIFICATION = "authentification"


@dataclass(frozen=True, kw_only=True, slots=True)
class PolitiqueRgs:
    """One policy of one authority."""

    oid: str
    """Its identifier, dotted, as certificates carry it."""
    niveau: NiveauRgs
    usages: frozenset[UsageRgs]
    emetteur: str
    """Name of the authority, for display."""
    source: str
    """Document where the row was read: title, version, page."""


def rgs_policies(
    certificate: x509.Certificate, known: Iterable[PolitiqueRgs]
) -> tuple[PolitiqueRgs, ...]:
    """Return the known policies that a certificate states, the highest level first."""
    stated = policies_of(certificate)
    found = (one for one in known if one.oid in stated)
    return tuple(sorted(found, key=lambda one: len(one.niveau), reverse=True))


@lru_cache(maxsize=1)
def shipped() -> tuple[PolitiqueRgs, ...]:
    """Return the table of the project."""
    content = resources.files("demat.signing").joinpath("resources", "rgs.toml").read_bytes()
    return read_policies(content, "rgs.toml")


def read_policies(content: bytes, name: str) -> tuple[PolitiqueRgs, ...]:
    """Read a table of policies.

    :param name: of the file, for the fault.
    :raises FaultError: ``SIG-RGS_FILE``: a table that is half understood is not used.
    """
    try:
        table = tomllib.loads(content.decode("utf-8"))
        rows = table.pop("politiques", [])
        if table or not isinstance(rows, list):
            raise ValueError(f"seules des lignes [[politiques]] sont attendues : {sorted(table)}")
        return tuple(_policy(row, rank) for rank, row in enumerate(rows, start=1))
    except ValueError as error:  # of TOML and of UTF-8 too
        params = {"name": name, "reason": str(error)}
        raise FaultError(Fault(code="SIG-RGS_FILE", params=params)) from error


def _policy(row: Any, rank: int) -> PolitiqueRgs:
    if not isinstance(row, Mapping) or row.keys() != _KEYS:
        raise ValueError(f"ligne {rank} : {', '.join(sorted(_KEYS))} sont attendus")
    if not all(isinstance(row[key], str) and row[key] for key in _TEXTS):
        raise ValueError(f"ligne {rank} : {', '.join(_TEXTS)} sont des textes")
    if not isinstance(row["usages"], list) or not row["usages"]:
        raise ValueError(f"ligne {rank} : « usages » est une liste")
    try:
        return PolitiqueRgs(
            oid=x509.ObjectIdentifier(row["oid"]).dotted_string,
            niveau=NiveauRgs(row["niveau"]),
            usages=frozenset(UsageRgs(usage) for usage in row["usages"]),
            emetteur=row["emetteur"],
            source=row["source"],
        )
    except ValueError as error:
        raise ValueError(f"ligne {rank} : {error}") from error
