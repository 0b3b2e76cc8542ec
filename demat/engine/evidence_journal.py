"""The extract of the journal in a zip of evidence: each seal computed again, each path climbed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demat.engine.evidence_manifest import strict_json
from demat.engine.merkle import climb
from demat.faults import Fault, Faults
from demat.queue.journal import seal

__all__ = ["Entry", "Journal", "read_journal"]

_FIELDS = frozenset(
    {"id", "at", "collectivite", "deposit_id", "transmission_id", "action"}
    | {"before", "after", "detail"}
)
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry whose seal is right."""

    id: int
    """Rank in the journal."""
    deposit: int | None
    """Deposit that it is about."""
    transmission: int | None
    """Transmission that it is about; ``None``: its deposit alone."""
    action: str
    """What happened."""
    detail: Mapping[str, Any]
    """What else is known."""
    previous: str
    """Seal of the entry before it."""
    seal: str
    """Its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """What could be read, and what does not hold."""

    entries: tuple[Entry, ...]
    roots: tuple[str, ...]
    """Roots of the trees that entries lead to: what the time-stamps of the journal are on."""
    faults: Faults
    """``PRV-JOURNAL``, ``PRV-ANCHOR``."""

    def strangers(self, deposit: int, transmission: int) -> Faults:
        """Return the entries that are about something else."""
        return Faults(
            _fault("PRV-JOURNAL", str(entry.id))
            for entry in self.entries
            if (entry.deposit, entry.transmission) not in ((deposit, transmission), (deposit, None))
        )

    def packed(self, transmission: int) -> str:
        """Return the digest that was noted when the transmission was frozen; empty when none."""
        for entry in self.entries:
            if (entry.action, entry.transmission) == ("packed", transmission):
                return str(entry.detail.get("sha256", ""))
        return ""

    def receipts(self, transmission: int) -> dict[str, str]:
        """Return the names of the answers that were noted, by digest."""
        return {
            str(entry.detail.get("sha256", "")): str(entry.detail.get("fichier", ""))
            for entry in self.entries
            if (entry.action, entry.transmission) == ("receipt", transmission)
        }


def read_journal(lines: bytes, anchors: bytes) -> Journal:
    """Check an extract of the journal and its paths; never raises."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    for rank, line in enumerate(lines.splitlines(), start=1):
        try:
            entry = _entry(strict_json(line))
        except _MALFORMED:
            faults.append(_fault("PRV-JOURNAL", f"de la ligne {rank}"))
            continue
        if entries and not _follows(entries[-1], entry):
            faults.append(_fault("PRV-JOURNAL", str(entry.id)))
        entries.append(entry)
    if not entries:
        faults.append(_fault("PRV-JOURNAL", "1"))
    roots, lost = _anchors(anchors, {entry.id: entry for entry in entries})
    return Journal(entries=tuple(entries), roots=roots, faults=Faults([*faults, *lost]))


def _entry(value: Mapping[str, Any]) -> Entry:
    sealed = value["entree"]
    if set(value) != {"entree", "precedent", "sceau"} or set(sealed) != _FIELDS:
        raise ValueError("not an entry")
    if seal(value["precedent"], sealed) != value["sceau"]:
        raise ValueError("the seal is not that of the entry")
    detail = strict_json(sealed["detail"].encode())
    return Entry(
        id=int(sealed["id"]),
        deposit=sealed["deposit_id"],
        transmission=sealed["transmission_id"],
        action=str(sealed["action"]),
        detail=dict(detail),
        previous=str(value["precedent"]),
        seal=str(value["sceau"]),
    )


def _follows(before: Entry, entry: Entry) -> bool:
    """Tell whether an entry may come after another: later, and chained when it is the next."""
    if entry.id == before.id + 1:
        return entry.previous == before.seal
    return entry.id > before.id


def _anchors(content: bytes, entries: Mapping[int, Entry]) -> tuple[tuple[str, ...], list[Fault]]:
    try:
        found = strict_json(content)["ancrages"]
        anchors = [(str(one["racine"]), dict(one["chemins"])) for one in found]
    except _MALFORMED:
        return (), [_fault("PRV-ANCHOR", "1")]
    lost = [
        _fault("PRV-ANCHOR", str(number))
        for root, paths in anchors
        for number, path in _paths(paths)
        if not _leads(entries.get(number), path, root)
    ]
    return tuple(root for root, _ in anchors), lost


def _paths(paths: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    for number, path in paths.items():
        yield (int(number) if number.isdecimal() and len(number) < 19 else 0), path


def _leads(entry: Entry | None, path: Any, root: str) -> bool:
    if entry is None:
        return False
    try:
        return climb(entry.seal, [str(step) for step in path]) == root
    except (ValueError, TypeError):
        return False


def _fault(code: str, entry: str) -> Fault:
    return Fault(code=code, params={"entree": entry}, source="journal")
