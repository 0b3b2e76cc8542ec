"""Reading the manifest of a zip of evidence, strictly: what it does not say plainly is refused."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demat.connectors.api import Flux
from demat.engine.evidence_parts import ALONE, FOLDERS, VERSION
from demat.faults import Fault, FaultError

__all__ = ["Listed", "Manifest", "read_manifest", "strict_json"]

MAX_MANIFEST = 20_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One file, as the manifest names it."""

    role: str
    """What it is."""
    sha256: str
    """Its digest."""
    size: int
    """Bytes."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What else it says of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a manifest says."""

    pieces: Mapping[str, Listed]
    """Every file, by name."""
    transmission: Mapping[str, Any]
    """Facts of the transmission."""
    number: int
    """Number of the transmission."""
    deposit: int
    """Number of its deposit."""
    key: str
    """IDActe or NomFic."""
    sha256: str
    """Digest of the frozen bytes."""


def read_manifest(content: bytes) -> Manifest:
    """Read a manifest.

    :raises FaultError: ``PRV-FORMAT``.
    """
    try:
        if len(content) > MAX_MANIFEST:
            raise ValueError("manifeste démesuré")
        return _manifest(strict_json(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error)[:120] or type(error).__name__
        raise FaultError(Fault(code="PRV-FORMAT", params={"raison": reason})) from error


def strict_json(content: bytes) -> Any:
    """Read JSON in which no name comes twice.

    :raises ValueError: it is none.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("un nom vient deux fois")
        return found

    return json.loads(content.decode("utf-8"), object_pairs_hook=once)


def _manifest(value: Mapping[str, Any]) -> Manifest:
    if value["format"] != "demat-preuve" or value["version"] != VERSION:
        raise ValueError(f"format {value['format']!r}, version {value['version']!r}")
    facts = value["transmission"]
    Flux(facts["flux"])
    pieces: dict[str, Listed] = {}
    for item in value["entrees"]:
        name = item["nom"]
        if name in pieces:
            raise ValueError(f"« {name} » vient deux fois")
        pieces[name] = _listed(item)
    _check_roles(pieces)
    return Manifest(
        pieces=pieces,
        transmission=facts,
        number=_number(facts["numero"]),
        deposit=_number(facts["depot"]),
        key=_text(facts["cle"]),
        sha256=_digest(facts["sha256"]),
    )


def _check_roles(pieces: Mapping[str, Listed]) -> None:
    for name, piece in pieces.items():
        if not name.startswith(FOLDERS[piece.role]):
            raise ValueError(f"« {name} » n'est pas à la place d'un « {piece.role} »")
    roles = Counter(piece.role for piece in pieces.values())
    for role in sorted(ALONE):
        if roles[role] != 1:
            raise ValueError(f"{roles[role]} entrées « {role} » au lieu d'une")


def _listed(item: Mapping[str, Any]) -> Listed:
    about = item["precisions"]
    if not isinstance(about, dict):
        raise TypeError("precisions")
    return Listed(
        role=_text(item["role"]),
        sha256=_digest(item["sha256"]),
        size=_number(item["taille"]),
        about=about,
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"un nombre était attendu : {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"un texte était attendu : {value!r}")
    return value


def _digest(value: object) -> str:
    text = _text(value)
    if not _SHA256.fullmatch(text):
        raise ValueError(f"une empreinte était attendue : {text!r}")
    return text
