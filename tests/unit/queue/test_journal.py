"""The journal shows any change made behind its back."""

import hashlib
import json

import pytest
from sqlalchemy import Engine, text

from demat.faults import Fault, FaultError, Faults
from demat.queue.states import DepositState
from demat.queue.store import Store
from tests.unit.queue.conftest import EXEMPLE, START, NewDeposit


@pytest.fixture
def five_entries(store: Store, new_deposit: NewDeposit) -> None:
    new_deposit(state=DepositState.AWAITING_SIGNATURE)
    new_deposit()
    assert len(store.journal()) == 5
    assert store.verify_journal() == Faults()


@pytest.mark.usefixtures("five_entries")
@pytest.mark.parametrize(
    ("forgery", "entries"),
    [
        ("UPDATE journal SET detail = '{}' WHERE id = 1", ["1"]),
        ("UPDATE journal SET at = '2026-11-22T07:00:00.000000+00:00' WHERE id = 3", ["3"]),
        ("UPDATE journal SET collectivite = 'x' WHERE id = 2", ["2"]),
        ("UPDATE journal SET deposit_id = 2 WHERE id = 2", ["2"]),
        ("UPDATE journal SET transmission_id = 2 WHERE id = 2", ["2"]),
        ("UPDATE journal SET action = 'x' WHERE id = 2", ["2"]),
        ("UPDATE journal SET before = 'x' WHERE id = 2", ["2"]),
        ("UPDATE journal SET after = 'x' WHERE id = 5", ["5"]),
        ("UPDATE journal SET detail = x'00' WHERE id = 5", ["5"]),
        # the entry itself and the one chained to it
        ("UPDATE journal SET hash = 'a' WHERE id = 2", ["2", "3"]),
        ("UPDATE journal SET hash = 'a' WHERE id = 5", ["5", "5"]),
        ("UPDATE journal SET previous_hash = 'a' WHERE id = 2", ["2"]),
        ("DELETE FROM journal WHERE id = 1", ["2"]),
        ("DELETE FROM journal WHERE id = 3", ["4"]),
        ("DELETE FROM journal WHERE id = 5", ["5"]),  # the end cut off
        ("DELETE FROM journal", ["5"]),
        ("DELETE FROM journal_head", ["5"]),
        ("UPDATE journal_head SET entries = 4", ["4"]),
    ],
)
def test_tampering_shows(store: Store, raw: Engine, forgery: str, entries: list[str]) -> None:
    with raw.begin() as connection:
        connection.execute(text(forgery))
    assert store.verify_journal() == Faults(
        Fault(code="QUE-JOURNAL_BROKEN", params={"entree": entry}) for entry in entries
    )


@pytest.mark.usefixtures("five_entries")
def test_an_entry_put_in_between_shows(store: Store, raw: Engine) -> None:
    with raw.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO journal SELECT 6, at, collectivite, deposit_id, transmission_id, "
                "action, before, after, detail, hash, hash FROM journal WHERE id = 5"
            )
        )
    assert store.verify_journal().codes == ("QUE-JOURNAL_BROKEN", "QUE-JOURNAL_BROKEN")


@pytest.mark.usefixtures("five_entries")
def test_nothing_is_written_without_the_end_of_the_chain(store: Store, raw: Engine) -> None:
    with raw.begin() as connection:
        connection.execute(text("DELETE FROM journal_head"))
    before = store.deposits()
    with pytest.raises(FaultError) as caught:
        store.advance(2, DepositState.DRAFTED)
    assert caught.value.faults.codes == ("QUE-JOURNAL_BROKEN",)
    assert store.deposits() == before


@pytest.mark.usefixtures("five_entries")
def test_anybody_can_recompute_the_chain(store: Store, raw: Engine) -> None:
    previous = "0" * 64
    with raw.begin() as connection:
        for row in connection.execute(text("SELECT * FROM journal ORDER BY id")).mappings():
            entry = {
                name: value for name, value in row.items() if name not in ("previous_hash", "hash")
            }
            canonical = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            previous = hashlib.sha256((previous + canonical).encode()).hexdigest()
            assert row["hash"] == previous
    assert store.journal()[-1].hash == previous


@pytest.mark.usefixtures("five_entries")
def test_reading(store: Store) -> None:
    first = store.journal()[0]
    assert (first.id, first.at, first.collectivite) == (1, START, EXEMPLE)
    assert (first.action, first.before, first.after) == ("received", "", "received")
    assert first.detail == {"nom": "mandats.csv"}
    assert [entry.id for entry in store.journal(deposit_id=2)] == [5]
    assert store.journal(transmission_id=1) == ()
