from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.sandbox.journal import Entry, Journal, JournalError
from demat.sandbox.scenarios import SCENARIOS
from demat.sandbox.state import State
from demat.sandbox.virtual import SharedClock

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENTRIES = [
    Entry(at=AT, kind="request", head={"target": "/a?x=é"}, body=b""),
    Entry(at=AT + timedelta(seconds=1), kind="order", body=b'{"at": "\n\n\x00"}\n'),
    Entry(at=AT + timedelta(days=1), kind="request", head={"a": "b"}, body=bytes(range(256)) * 9),
]


def written(path: Path) -> bytes:
    journal = Journal(path)
    for entry in ENTRIES:
        journal.sync(journal.append(entry))
    journal.close()
    return path.read_bytes()


def read(path: Path) -> list[Entry]:
    journal = Journal(path)
    try:
        return list(journal.entries())
    finally:
        journal.close()


def test_what_was_written_is_read_and_a_record_cut_anywhere_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = written(path)
    assert read(path) == ENTRIES
    ends = [0]
    for count in range(1, len(ENTRIES) + 1):
        path.unlink()
        journal = Journal(path)
        for entry in ENTRIES[:count]:
            journal.append(entry)
        journal.close()
        ends.append(len(path.read_bytes()))
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        count = sum(end <= cut for end in ends) - 1
        assert read(path) == ENTRIES[:count]
        assert path.stat().st_size == ends[count]


def test_writing_goes_on_after_a_cut_record(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(written(path)[:-3])
    journal = Journal(path)
    assert list(journal.entries()) == ENTRIES[:2]
    journal.append(ENTRIES[0])
    journal.close()
    assert read(path) == [*ENTRIES[:2], ENTRIES[0]]


def test_a_damaged_record_before_others_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = bytearray(written(path))
    whole[whole.index(b"\x00")] = 1
    path.write_bytes(bytes(whole))
    with pytest.raises(JournalError, match="damaged"):
        read(path)


def test_a_journal_has_one_holder(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with pytest.raises(JournalError, match="held by another process"):
        Journal(tmp_path / "journal")
    journal.close()
    Journal(tmp_path / "journal").close()


def test_a_state_belongs_to_one_scenario(tmp_path: Path) -> None:
    State(tmp_path, SCENARIOS["nominal"]).journal.close()
    with pytest.raises(JournalError, match="another scenario"):
        State(tmp_path, SCENARIOS["demo"])
    State(tmp_path, SCENARIOS["nominal"]).journal.close()


def test_a_shared_clock_goes_on_while_nobody_reads_it(tmp_path: Path) -> None:
    machine = FixedClock(AT)
    path = tmp_path / "clock.json"
    start = datetime(2026, 5, 1, tzinfo=UTC)
    first = SharedClock.start(path, machine, start=start, speed=60)
    other = SharedClock(path, machine)
    machine.instant += timedelta(seconds=2)
    first.push(10)
    assert first.now() == other.now() == start + timedelta(minutes=12)
    machine.instant += timedelta(seconds=1)
    again = SharedClock.start(path, machine, start=AT, speed=0)
    assert again.now() == start + timedelta(minutes=13)
    machine.instant += timedelta(days=1)
    assert first.now() == other.now() == again.now() == start + timedelta(minutes=13)
    with pytest.raises(ValueError, match="never goes back"):
        again.push(-1)
