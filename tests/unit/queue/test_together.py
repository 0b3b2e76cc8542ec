"""Eight threads that do everything at once: nobody deadlocks, nothing is counted or owned twice."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demat.clock import FixedClock
from demat.faults import Faults
from demat.queue.states import DeliveryState
from demat.queue.store import Store
from tests.unit.queue.conftest import START
from tests.unit.queue.hands import Hand, Told


def test_eight_threads(store: Store, database_url: str, documents_folder: Path) -> None:
    told = Told()
    second = Store.open(database_url, documents_folder, FixedClock(START))  # as another process
    hands = [Hand((store, second)[seed % 2], told, seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(hand.work, 40) for hand in hands]:
            done.result()
    second.close()
    assert store.verify_journal() == Faults()
    assert sorted(told.serials) == list(range(1, len(told.serials) + 1))
    assert all(len(numbers) == 1 for numbers in told.deposits.values())
    assert len(set(told.claims)) == len(told.claims)
    assert len(set(told.sent)) == len(told.sent)
    delivered = {one.id for one in store.transmissions() if one.delivery is DeliveryState.DEPOSITED}
    assert delivered == set(told.sent)
    assert len(set(told.runs)) == len(told.runs) > 0
    entries = store.journal()
    assert [entry.id for entry in entries] == list(range(1, len(entries) + 1))
    taken = [entry for entry in entries if entry.action == "claimed"]
    assert len(taken) == len(told.claims)
    assert told.refused >= {"QUE-KEY_USED", "QUE-SUPERSEDED"}
