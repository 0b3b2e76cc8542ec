"""From every earlier revision, with rows in every table, to the last; then the work goes on."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.faults import FaultError, Faults
from demat.queue.database import REVISIONS
from demat.queue.states import DeliveryState, DepositState
from demat.queue.store import Store
from demat.queue.views import ReceivedFile, UsedKey
from tests.unit.queue.conftest import EXEMPLE, START, content, make_deposit, make_part
from tests.unit.queue.past import DOCUMENTS, KEY, SEALED, SHA256, old_database, rows_of

PAST = REVISIONS[:-1]


@pytest.fixture(params=PAST)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def migrated(empty_url: str, revision: str, documents_folder: Path) -> Iterator[Store]:
    """Return a store on a database that an earlier version left, with the documents it names."""
    old_database(empty_url, revision)
    opened = Store.open(empty_url, documents_folder, FixedClock(START))
    for document in DOCUMENTS.values():
        opened.documents.put(document)
    yield opened
    opened.close()


def test_no_row_and_no_value_is_lost(empty_url: str, revision: str, documents_folder: Path) -> None:
    old_database(empty_url, revision)
    before = content(empty_url)
    assert all(rows for name, rows in before.items() if name != "deplacement")
    Store.open(empty_url, documents_folder, FixedClock(START)).close()
    after = content(empty_url)
    for name, rows in before.items():
        columns = rows[0] if rows else ()
        kept = [{column: row[column] for column in columns} for row in after[name]]
        assert sorted(kept, key=repr) == rows, name


def test_what_was_known_is_still_known(migrated: Store, revision: str) -> None:
    waiting, sent = migrated.transmissions()
    assert (waiting.delivery, waiting.superseded_by) == (DeliveryState.TODO, sent.id)
    assert (sent.reference, sent.deposited_at, sent.facts) == ("4711", START, {"exercice": "2026"})
    (deposit,) = migrated.deposits()
    assert (deposit.name, deposit.state) == ("délibération d'été.pdf", DepositState.PACKED)
    assert migrated.verify_journal() == Faults()
    assert migrated.verify_documents() == Faults()
    assert [entry.hash for entry in migrated.journal()] == [entry["hash"] for entry in SEALED]
    assert migrated.cumul_cents(EXEMPLE, "depense/01/2026") == 2**40
    (receipt,) = migrated.receipts(sent.id)
    assert receipt.etat == "acquitte"
    known = migrated.classification(EXEMPLE)
    assert known is not None
    assert (known.sha256, known.checked_at) == (SHA256["grille"], START)
    if revision >= "0002":
        (piece,) = migrated.pieces(EXEMPLE)
        assert (piece.key, piece.day, piece.amount_cents) == (KEY, None, 2**40)
        assert len(migrated.reglements(EXEMPLE)) == 1
    if revision >= "0003":
        (courrier,) = migrated.courriers(EXEMPLE)
        assert courrier.texte == "Merci d'envoyer l'annexe."
    if revision >= "0004":
        assert len(migrated.stamps(1)) == len(migrated.proofs(1)) == 1


def test_the_work_goes_on(migrated: Store) -> None:
    claim = migrated.claim("main", lease=timedelta(minutes=10))
    assert claim is not None
    assert migrated.deposited(claim, "4712").delivery is DeliveryState.DEPOSITED
    assert migrated.next_serial(EXEMPLE, "pes", "2026") == 42
    assert migrated.begin_run("nightly", START) == 2  # the one under way was dead
    file = ReceivedFile(name="a.pdf", sha256=SHA256["depot"], size=8)
    again = migrated.receive(
        collectivite=EXEMPLE, name="x", files=[file], token=rows_of("0001")["deposit"][0]["token"]
    )
    assert again.id == 1
    deposit = make_deposit(migrated, state=DepositState.CHECKED)
    assert deposit.id == 2
    key = UsedKey(kind="idpce", key=KEY, label="mandat n° 12", scope="", amount_cents=0)
    with pytest.raises(FaultError) as caught:
        migrated.pack(deposit.id, [make_part(migrated, used_keys=(key,))])
    (fault,) = caught.value.faults
    assert (fault.code, fault.params["numero"]) == ("QUE-KEY_USED", "1")
    (packed,) = migrated.pack(deposit.id, [make_part(migrated)])
    assert packed.id >= 3
    assert migrated.verify_journal() == Faults()
