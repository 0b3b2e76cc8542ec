"""What one look of the supervision costs with few and with many finished flows, on SQLite.

``python -m benchmarks.supervision [FLOWS]`` (1,000,000 by default): the same 2,000 unfinished flows
of 1,000 authorities are looked at before and after the finished ones are there.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import create_engine, insert, text

from demat.clock import FixedClock
from demat.queue.model import AUTHORITY, DEPOSIT, DEPOSIT_FILE, JOURNAL, JOURNAL_HEAD, TRANSMISSION
from demat.queue.store import Store

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
AUTHORITIES = 1_000
UNFINISHED = 2_000
LOOKS = 20
CHUNK = 20_000


def main(count: int) -> None:
    """Print the time of a look, before and after."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        url = f"sqlite:///{root / 'demat.sqlite3'}"
        store = Store.open(url, root / "documents", FixedClock(NOW))
        fill(url, 0, UNFINISHED, final=False)
        few = looks(store)
        fill(url, UNFINISHED, count, final=True)
        many = looks(store)
        store.close()
    print(f"look with {UNFINISHED} unfinished flows: {few * 1000:.1f} ms")
    print(f"the same with {count} finished flows besides: {many * 1000:.1f} ms")
    print(f"ratio: {many / few:.2f}")


def looks(store: Store) -> float:
    """Return the median time of a look, in seconds."""
    times = []
    for _ in range(LOOKS):
        start = perf_counter()
        store.measures("nightly")
        store.verify_journal_end()
        store.try_documents()
        store.try_writing()
        times.append(perf_counter() - start)
    return sorted(times)[LOOKS // 2]


def fill(url: str, start: int, count: int, *, final: bool) -> None:
    """Write flows as they would be after their life, one entry of the journal for each."""
    engine = create_engine(url)
    for first in range(start + 1, start + count + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, start + count + 1))
        with engine.begin() as connection:
            if first == 1:
                connection.execute(
                    insert(AUTHORITY), [_authority(one) for one in range(AUTHORITIES)]
                )
            connection.execute(insert(DEPOSIT), [_deposit(one) for one in numbers])
            connection.execute(insert(DEPOSIT_FILE), [_file(one) for one in numbers])
            connection.execute(insert(TRANSMISSION), [_flow(one, final=final) for one in numbers])
            connection.execute(insert(JOURNAL), [_entry(one) for one in numbers])
            head = {"entries": numbers[-1], "hash": _hash(numbers[-1])}
            connection.execute(JOURNAL_HEAD.update().values(**head))
    with engine.begin() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()


def _siren(number: int) -> str:
    return f"{number % AUTHORITIES:09d}"


def _hash(number: int) -> str:
    return f"{number:064x}"


def _authority(number: int) -> dict[str, object]:
    return {"collectivite": _siren(number), "served_rank": 0, "pause_fault": "[]", "line": ""}


def _deposit(number: int) -> dict[str, object]:
    return {
        "id": number,
        "collectivite": _siren(number),
        "name": f"{number}.csv",
        "kind": "titres",
        "state": "packed",
        "token": f"t{number}",
        "faults": "[]",
        "detail": "{}",
        "received_at": NOW,
        "updated_at": NOW,
    }


def _file(number: int) -> dict[str, object]:
    return {
        "deposit_id": number,
        "rank": 0,
        "name": "a.csv",
        "sha256": _hash(number),
        "size": 100,
    }


def _flow(number: int, *, final: bool) -> dict[str, object]:
    kinds = ("todo", "deposited", "deposited", "suspended")
    delivery = "deposited" if final else kinds[number % 4]
    return {
        "id": number,
        "deposit_id": number,
        "collectivite": _siren(number),
        "flux": ("HELIOS", "ACTES")[number % 2],
        "file_name": f"PES{number}.xml",
        "sha256": _hash(number),
        "size": 100,
        "key": f"PES{number}",
        "delivery": delivery,
        "etat": "acquitte" if final else "transmis",
        "etat_final": final,
        "etat_negative": False,
        "reference": f"{number}",
        "attempts": 1,
        "created_at": NOW - timedelta(hours=2),
        "deposited_at": NOW - timedelta(hours=1) if delivery == "deposited" else None,
        "updated_at": NOW - timedelta(hours=1),
        "facts": "{}",
        "faults": "[]",
    }


def _entry(number: int) -> dict[str, object]:
    return {
        "id": number,
        "at": NOW.isoformat(timespec="microseconds"),
        "collectivite": _siren(number),
        "transmission_id": number,
        "action": "deposited",
        "before": "doing",
        "after": "deposited",
        "detail": "{}",
        "previous_hash": _hash(number - 1),
        "hash": _hash(number),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
