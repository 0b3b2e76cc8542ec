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
from demat.queue.model import AUTHORITY, DEPOSIT, JOURNAL, JOURNAL_HEAD, METADATA, TRANSMISSION
from demat.queue.model import LINE as LINE_TABLE
from demat.queue.pace import LinePace, Pace
from demat.queue.store import Store

__all__ = ["LEASE", "LINE", "NOW", "Core", "add_flows", "open_store", "send", "sirens"]

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
LEASE = timedelta(minutes=15)
LINE = "tdt.example"
_FACTS = json.dumps({"numero": "2026_041", "objet": "Tarifs de la cantine", "nature": "DE"})
_BATCH = 10_000


def open_store(url: str, folder: Path) -> Store:
    """Open a store with the limits of the default configuration."""
    pace = Pace(line=LinePace(simultaneous=4))
    return Store.open(url, folder / "documents", FixedClock(NOW), pace=pace)


def sirens(count: int) -> list[str]:
    """Return fictional authorities."""
    return [f"{rank:09d}" for rank in range(count)]


def add_flows(
    database: Database, authorities: list[str], count: int, *, finished: bool
) -> list[tuple[int, str]]:
    """Write flows as they are once packed, or once acknowledged; return their owners.

    They are shared between the authorities in turn. Finished ones have their entries in the
    journal.
    """
    last = _prepare(database, authorities)
    owners = [
        (number, authorities[number % len(authorities)])
        for number in range(last + 1, last + count + 1)
    ]
    for start in range(0, count, _BATCH):
        batch = owners[start : start + _BATCH]
        with database.writing() as connection:
            connection.execute(insert(DEPOSIT), [_deposit(*one) for one in batch])
            connection.execute(insert(TRANSMISSION), [_flow(*one, finished) for one in batch])
            if finished:
                connection.execute(insert(JOURNAL), list(_entries(connection, batch)))
                _close_journal(connection)
            else:
                due = AUTHORITY.c.collectivite.in_({siren for _, siren in batch})
                connection.execute(update(AUTHORITY).where(due).values(due_at=NOW))
    with database.writing() as connection:
        database.take_over(connection, METADATA.sorted_tables)
    return owners


def _prepare(database: Database, authorities: list[str]) -> int:
    """Make the rows of authorities and of their line; return the number of the last flow."""
    with database.writing() as connection:
        known = set(connection.execute(select(AUTHORITY.c.collectivite)).scalars())
        if not known:
            line = {"name": LINE, "failures": 0, "openings": 0, "fault": "[]", "hour_bytes": 0}
            connection.execute(insert(LINE_TABLE), line)
        for siren in sorted(set(authorities) - known):
            row = {"collectivite": siren, "pause_fault": "[]", "served_rank": 0, "line": LINE}
            connection.execute(insert(AUTHORITY), row)
        return connection.execute(select(func.max(TRANSMISSION.c.id))).scalar() or 0


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

    Same rows, same columns, same entries of the journal, same two commits. Nothing is looked for
    and nothing is handed back: the number of each flow is known beforehand.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, flows: list[tuple[int, str]]) -> None:
        """Claim flows and say that they were deposited, one after the other."""
        for number, siren in flows:
            with self._database.writing() as connection:
                self.claim(connection, number, siren)
            with self._database.writing() as connection:
                self.done(connection, number, siren)

    def claim(self, connection: Connection, number: int, siren: str) -> None:
        """Write what a claim writes."""
        connection.execute(
            update(TRANSMISSION)
            .where(TRANSMISSION.c.id == number)
            .values(
                delivery="doing",
                attempts=TRANSMISSION.c.attempts + 1,
                next_attempt_at=None,
                claim_token=f"{number:032x}",
                claimed_by="demat",
                lease_until=NOW + LEASE,
                updated_at=NOW,
            )
        )
        rank = self.tell(connection, _told(number, siren, "claimed", "todo", "doing"))
        connection.execute(
            update(AUTHORITY)
            .where(AUTHORITY.c.collectivite == siren)
            .values(served_rank=rank, due_at=NOW, hour=NOW, hour_claims=1)
        )

    def done(self, connection: Connection, number: int, siren: str) -> None:
        """Write what a success writes."""
        connection.execute(
            update(TRANSMISSION)
            .where(TRANSMISSION.c.id == number)
            .values(
                delivery="deposited",
                claim_token=None,
                claimed_by=None,
                lease_until=None,
                reference=str(number),
                deposited_at=NOW,
                faults="[]",
                updated_at=NOW,
            )
        )
        self.tell(connection, _told(number, siren, "deposited", "doing", "deposited"))

    def tell(self, connection: Connection, entry: dict[str, Any]) -> int:
        """Write an entry of the journal and move its end; return its rank."""
        end = connection.execute(select(JOURNAL_HEAD)).one()
        rank: int = end.entries + 1
        sealed = _sealed(end.hash, rank, entry)
        connection.execute(
            insert(JOURNAL).values(**entry, id=rank, previous_hash=end.hash, hash=sealed)
        )
        connection.execute(update(JOURNAL_HEAD).values(entries=rank, hash=sealed))
        return rank


class PreparedCore(Core):
    """The same with statements that are made once, as demat's are."""

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

    def claim(self, connection: Connection, number: int, siren: str) -> None:
        held = {"claim_token": f"{number:032x}", "claimed_by": "demat"}
        lease = {"lease_until": NOW + LEASE, "updated_at": NOW}
        connection.execute(self._CLAIM, {"number": number, **held, **lease})
        rank = self.tell(connection, _told(number, siren, "claimed", "todo", "doing"))
        turn = {"served_rank": rank, "due_at": NOW, "hour": NOW, "hour_claims": 1}
        connection.execute(self._SERVED, {"siren": siren, **turn})

    def done(self, connection: Connection, number: int, siren: str) -> None:
        taken = {"reference": str(number), "deposited_at": NOW, "faults": "[]", "updated_at": NOW}
        connection.execute(self._DONE, {"number": number, **taken})
        self.tell(connection, _told(number, siren, "deposited", "doing", "deposited"))

    def tell(self, connection: Connection, entry: dict[str, Any]) -> int:
        end = connection.execute(self._END).one()
        rank: int = end.entries + 1
        sealed = _sealed(end.hash, rank, entry)
        row = entry | {"id": rank, "previous_hash": end.hash, "hash": sealed}
        connection.execute(self._ENTRY, row)
        connection.execute(self._NEW_END, {"entries": rank, "hash": sealed})
        return rank


def _told(number: int, siren: str, action: str, before: str, after: str) -> dict[str, Any]:
    return {
        "at": NOW.isoformat(timespec="microseconds"),
        "collectivite": siren,
        "deposit_id": number,
        "transmission_id": number,
        "action": action,
        "before": before,
        "after": after,
        "detail": json.dumps({"par": "demat", "tentative": "1"}),
    }


def _sealed(previous: str, rank: int, entry: dict[str, Any]) -> str:
    return hashlib.sha256(f"{previous}{rank}{json.dumps(entry)}".encode()).hexdigest()


def send(store: Store, count: int) -> None:
    """Claim flows and say that they were deposited, one after the other, as the engine does."""
    for _ in range(count):
        claim = store.claim("demat", lease=LEASE)
        if claim is None:
            raise SystemExit("no flow was due")
        store.deposited(claim, str(claim.transmission.id))
