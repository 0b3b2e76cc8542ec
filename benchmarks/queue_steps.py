"""What the benchmark of the queue does: many flows at once, and the same writes without demat."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from demat.clock import FixedClock
from demat.queue.database import Database
from demat.queue.model import AUTHORITY, DEPOSIT, JOURNAL, JOURNAL_HEAD, TRANSMISSION
from demat.queue.pace import Pace
from demat.queue.store import Store

__all__ = ["LEASE", "NOW", "Core", "add_flows", "open_store", "sirens"]

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
LEASE = timedelta(minutes=15)
_FACTS = json.dumps({"numero": "2026_041", "objet": "Tarifs de la cantine", "nature": "DE"})
_BATCH = 10_000


def open_store(url: str, folder: Path) -> Store:
    """Open a store with every limit of the default configuration."""
    return Store.open(url, folder / "documents", FixedClock(NOW), pace=Pace())


def sirens(count: int) -> list[str]:
    """Return fictional authorities."""
    return [f"{rank:09d}" for rank in range(count)]


def add_flows(
    database: Database, authorities: list[str], count: int, *, finished: bool
) -> list[int]:
    """Write flows as they are once packed, or once acknowledged; return their numbers.

    They are shared between the authorities in turn.
    """
    with database.writing() as connection:
        last: int = connection.execute(select(func.max(TRANSMISSION.c.id))).scalar() or 0
        known = set(connection.execute(select(AUTHORITY.c.collectivite)).scalars())
        for siren in authorities:
            if siren not in known:
                connection.execute(insert(AUTHORITY).values(collectivite=siren, pause_fault="[]"))
        for start in range(last, last + count, _BATCH):
            end = min(start + _BATCH, last + count)
            numbers = range(start + 1, end + 1)
            owners = [(number, authorities[number % len(authorities)]) for number in numbers]
            connection.execute(insert(DEPOSIT), [_deposit(*one) for one in owners])
            connection.execute(insert(TRANSMISSION), [_flow(*one, finished) for one in owners])
            if finished:
                connection.execute(insert(JOURNAL), list(_entries(connection, owners)))
                _close_journal(connection)
        if not finished:
            connection.execute(update(AUTHORITY).values(due_at=NOW))
    return list(range(last + 1, last + count + 1))


def _entries(connection: Connection, owners: list[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    """Yield two entries of the journal for each flow; their seals are not those of a chain."""
    rank: int = connection.execute(select(JOURNAL_HEAD.c.entries)).scalar_one()
    for number, siren in owners:
        for action, before, after in (
            ("claimed", "todo", "doing"),
            ("deposited", "doing", "deposited"),
        ):
            rank += 1
            sealed = hashlib.sha256(str(rank).encode()).hexdigest()
            yield {
                "id": rank,
                "at": NOW.isoformat(timespec="microseconds"),
                "collectivite": siren,
                "deposit_id": number,
                "transmission_id": number,
                "action": action,
                "before": before,
                "after": after,
                "detail": "{}",
                "previous_hash": sealed,
                "hash": sealed,
            }


def _close_journal(connection: Connection) -> None:
    last: int = connection.execute(select(func.max(JOURNAL.c.id))).scalar_one()
    sealed = hashlib.sha256(str(last).encode()).hexdigest()
    connection.execute(update(JOURNAL_HEAD).values(entries=last, hash=sealed))


def _deposit(number: int, siren: str) -> dict[str, Any]:
    return {
        "id": number,
        "collectivite": siren,
        "name": f"seance-{number}",
        "kind": "actes",
        "state": "packed",
        "token": f"{number:016x}",
        "faults": "[]",
        "detail": "{}",
        "received_at": NOW,
        "updated_at": NOW,
    }


def _flow(number: int, siren: str, finished: bool) -> dict[str, Any]:
    key = f"099-{siren}-20261123-{number}-DE"
    return {
        "id": number,
        "deposit_id": number,
        "collectivite": siren,
        "flux": "ACTES",
        "file_name": f"DMT-EACT--{siren}--20261123-{number}.tar.gz",
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
        "size": 210_000,
        "key": key,
        "delivery": "deposited" if finished else "todo",
        "etat": "acquitte" if finished else "transmis",
        "etat_final": finished,
        "etat_negative": False,
        "reference": str(number) if finished else None,
        "remote_code": "4" if finished else None,
        "attempts": int(finished),
        "created_at": NOW,
        "deposited_at": NOW if finished else None,
        "updated_at": NOW,
        "facts": _FACTS,
        "faults": "[]",
    }


class Core:
    """The writes of a claim and of its outcome, in plain SQLAlchemy Core, on the same tables.

    Statements are made once, nothing is looked for and nothing is read but the end of the journal:
    the number of each flow is known beforehand.
    """

    _CLAIM = (
        update(TRANSMISSION)
        .where(TRANSMISSION.c.id == bindparam("number"))
        .values(delivery="doing", next_attempt_at=None, attempts=TRANSMISSION.c.attempts + 1)
    )
    _DONE = (
        update(TRANSMISSION)
        .where(TRANSMISSION.c.id == bindparam("number"))
        .values(delivery="deposited", claim_token=None, claimed_by=None, lease_until=None)
    )
    _SERVED = update(AUTHORITY).where(AUTHORITY.c.collectivite == bindparam("siren"))
    _END = select(JOURNAL_HEAD.c.entries, JOURNAL_HEAD.c.hash)
    _ENTRY = insert(JOURNAL)
    _NEW_END = update(JOURNAL_HEAD)

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, flows: list[tuple[int, str]]) -> None:
        """Claim flows and say that they were deposited, one after the other."""
        for number, siren in flows:
            with self._database.writing() as connection:
                held = {"claim_token": f"{number:032x}", "claimed_by": "demat"}
                lease = {"lease_until": NOW + LEASE, "updated_at": NOW}
                connection.execute(self._CLAIM, {"number": number, **held, **lease})
                told = {"action": "claimed", "before": "todo", "after": "doing"}
                rank = self._tell(connection, number, siren, told, {"par": "demat"})
                turn = {"served_rank": rank, "due_at": NOW, "hour": NOW, "hour_claims": 1}
                connection.execute(self._SERVED, {"siren": siren, **turn})
            with self._database.writing() as connection:
                taken = {"reference": str(number), "deposited_at": NOW, "faults": "[]"}
                connection.execute(self._DONE, {"number": number, "updated_at": NOW, **taken})
                told = {"action": "deposited", "before": "doing", "after": "deposited"}
                self._tell(connection, number, siren, told, {"reference": str(number)})

    def _tell(
        self, connection: Any, number: int, siren: str, told: dict[str, str], detail: dict[str, str]
    ) -> int:
        end = connection.execute(self._END).one()
        rank: int = end.entries + 1
        entry = {
            "id": rank,
            "at": NOW.isoformat(timespec="microseconds"),
            "collectivite": siren,
            "deposit_id": number,
            "transmission_id": number,
            "detail": json.dumps(detail),
            **told,
        }
        sealed = hashlib.sha256(f"{end.hash}{json.dumps(entry)}".encode()).hexdigest()
        connection.execute(self._ENTRY, entry | {"previous_hash": end.hash, "hash": sealed})
        connection.execute(self._NEW_END, {"entries": rank, "hash": sealed})
        return rank


def send(store: Store, count: int) -> None:
    """Claim flows and say that they were deposited, one after the other, as the engine does."""
    for _ in range(count):
        claim = store.claim("demat", lease=LEASE)
        if claim is None:
            raise SystemExit("no flow was due")
        store.deposited(claim, str(claim.transmission.id))


def blocks(flows: list[int], authorities: list[str], size: int) -> Iterator[list[tuple[int, str]]]:
    """Yield flows with their authorities, so many at a time."""
    owners = [(number, authorities[number % len(authorities)]) for number in flows]
    for start in range(0, len(owners), size):
        yield owners[start : start + size]
