"""Time-stamps, and what judges a signature, bound to what they are about."""

from dataclasses import replace
from datetime import timedelta

import pytest

from demat.clock import FixedClock
from demat.faults import FaultError
from demat.queue.journal import GENESIS, seal, sealed_values
from demat.queue.proofs import ANCHOR, FROZEN, RECEIVED
from demat.queue.store import Store
from demat.queue.views import NewStamp, TransmissionView, Unstamped
from tests.unit.queue.conftest import START, Packed


def stamp_of(store: Store, flow: TransmissionView, **changes: object) -> NewStamp:
    made = NewStamp(
        objet=FROZEN,
        transmission_id=flow.id,
        sha256=flow.sha256,
        token_sha256=store.documents.put(b"jeton"),
        instant=START + timedelta(seconds=3),
        authority="Horodatage fictif",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a factory


def receive(store: Store, flow: TransmissionView, content: bytes = b"<acquit/>") -> str:
    sha256 = store.documents.put(content)
    store.record_receipt(
        flow.id,
        kind="acquit",
        name="acquit.xml",
        sha256=sha256,
        message_date=None,
        etat="acquitte",
        etat_final=True,
    )
    return sha256


def test_what_awaits_its_stamp_is_known(store: Store, packed: Packed) -> None:
    first = packed()
    second = packed(name="b.csv", content=b"<autre/>", key="B", file_name="b.xml")
    received = receive(store, first)
    waiting = (
        Unstamped(objet=FROZEN, transmission_id=first.id, sha256=first.sha256),
        Unstamped(objet=RECEIVED, transmission_id=first.id, sha256=received),
        Unstamped(objet=FROZEN, transmission_id=second.id, sha256=second.sha256),
    )
    assert store.unstamped() == waiting
    assert store.unstamped(limit=1) == waiting[:1]
    assert store.unstamped(transmission_id=second.id) == waiting[2:]
    assert store.record_stamp(stamp_of(store, first))
    assert store.record_stamp(stamp_of(store, first, objet=RECEIVED, sha256=received))
    assert store.unstamped() == waiting[2:]


def test_a_stamp_is_kept_once_and_told(store: Store, packed: Packed, clock: FixedClock) -> None:
    flow = packed()
    clock.instant += timedelta(minutes=1)
    assert store.record_stamp(stamp_of(store, flow))
    assert not store.record_stamp(stamp_of(store, flow, authority="Autre"))
    (kept,) = store.stamps(flow.id)
    assert (kept.objet, kept.sha256, kept.instant) == (
        FROZEN,
        flow.sha256,
        START + timedelta(seconds=3),
    )
    assert (kept.authority, kept.at) == ("Horodatage fictif", clock.now())
    told = [one for one in store.journal(transmission_id=flow.id) if one.action == "stamped"]
    assert [one.detail for one in told] == [
        {
            "objet": FROZEN,
            "sha256": flow.sha256,
            "jeton": kept.token_sha256,
            "instant": kept.instant.isoformat(),
        }
    ]
    assert not store.verify_journal()


def test_a_stamp_without_its_token(store: Store, packed: Packed) -> None:
    with pytest.raises(FaultError) as caught:
        store.record_stamp(stamp_of(store, packed(), token_sha256="0" * 64))
    assert caught.value.faults.codes == ("QUE-DOCUMENT_MISSING",)


def test_a_stamp_of_nothing(store: Store, packed: Packed) -> None:
    flow = packed()
    with pytest.raises(FaultError) as caught:
        store.record_stamp(stamp_of(store, flow, transmission_id=99))
    assert caught.value.faults.codes == ("QUE-UNKNOWN_TRANSMISSION",)


def anchor(store: Store) -> bool:
    first, seals = store.unanchored()
    return bool(seals) and store.record_stamp(
        NewStamp(
            objet=ANCHOR,
            sha256=seals[-1],
            token_sha256=store.documents.put(seals[-1].encode()),
            instant=START,
            authority="Horodatage fictif",
            first_entry=first,
            last_entry=first + len(seals) - 1,
        )
    )


def test_each_entry_of_the_journal_comes_under_one_stamp(store: Store, packed: Packed) -> None:
    assert store.unanchored() == (1, ())
    packed()
    count = len(store.journal())
    assert store.unanchored() == (1, tuple(one.hash for one in store.journal()))
    assert anchor(store)
    assert not anchor(store)  # only the entry that tells of the stamp is new
    packed(name="b.csv", content=b"<autre/>", key="B", file_name="b.xml")
    first, seals = store.unanchored()
    assert first == count + 1
    assert seals == tuple(one.hash for one in store.journal())[count:]
    assert anchor(store)
    one, other = store.anchors([1, count + 2])
    assert (one.first_entry, one.last_entry) == (1, count)
    assert (other.first_entry, other.last_entry) == (count + 1, count + len(seals))
    assert store.anchors([count]) == (one,)
    assert store.anchors([]) == ()
    assert store.seals(count + 1, count + len(seals)) == seals
    assert not store.verify_journal()


def test_the_seal_of_an_entry_can_be_made_again_from_what_is_shown(
    store: Store, packed: Packed
) -> None:
    packed()
    previous = GENESIS
    for entry in store.journal():
        assert entry.previous_hash == previous
        assert seal(previous, sealed_values(entry)) == entry.hash
        previous = entry.hash


def test_certificates_are_bound_once(store: Store, packed: Packed, clock: FixedClock) -> None:
    flow = packed()
    digests = [store.documents.put(content) for content in (b"racine", b"liste")]
    store.keep_proofs(flow.id, {digests[0]: "racine", digests[1]: "liste"})
    clock.instant += timedelta(days=1)
    store.keep_proofs(flow.id, {digests[0]: "racine"})
    found = [(one.nature, one.sha256, one.at) for one in store.proofs(flow.id)]
    assert found == [("liste", digests[1], START), ("racine", digests[0], START)]
    with pytest.raises(FaultError):
        store.keep_proofs(flow.id, {"0" * 64: "liste"})


def test_a_lost_token_or_list_is_noticed(store: Store, packed: Packed) -> None:
    flow = packed()
    store.record_stamp(stamp_of(store, flow))
    listed = store.documents.put(b"liste")
    store.keep_proofs(flow.id, {listed: "liste"})
    assert not store.verify_documents()
    (stamp,) = store.stamps(flow.id)
    for digest in (listed, stamp.token_sha256):
        store.documents.path(digest).unlink()
    assert store.verify_documents().codes == ("QUE-DOCUMENT_MISSING",) * 2
