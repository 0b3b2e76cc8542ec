"""Receipts, remote codes, notes, and what a person asks to see."""

from datetime import date, timedelta
from typing import Any

import pytest

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue.states import DeliveryState, Selection, TransitionRefused
from demat.queue.store import Store
from demat.queue.views import ReceiptView, TransmissionView, UsedKey
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, Packed

FAULT = Fault(code="PES-ACQUIT", params={"piece": "12"})


def receipt(store: Store, content: bytes = b"<PES_ACQUIT/>", **values: object) -> dict[str, Any]:
    defaults: dict[str, object] = {
        "kind": "acquit",
        "name": "ACQUIT.xml",
        "sha256": store.documents.put(content),
        "message_date": date(2026, 11, 24),
        "etat": "acquitte",
        "etat_final": True,
        "faults": Faults(),
        "detail": {"domaine": "depense"},
    }
    return defaults | values


def send(store: Store, packed: Packed, **values: object) -> TransmissionView:
    packed(**values)
    claim = store.claim("w", lease=timedelta(minutes=5))
    assert claim is not None
    return store.deposited(claim, "4711")


def test_a_receipt_moves_the_legal_state_only(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    sent = send(store, packed)
    assert store.awaiting_answer() == (sent,)
    clock.instant += timedelta(days=1)
    values = receipt(store, faults=Faults([FAULT]), etat="refuse", etat_negative=True)
    assert store.record_receipt(sent.id, **values)
    after = store.transmission(sent.id)
    assert (after.etat, after.etat_final, after.etat_negative) == ("refuse", True, True)
    assert (after.delivery, after.reference) == (DeliveryState.DEPOSITED, "4711")
    assert after.faults == Faults([FAULT])
    assert store.awaiting_answer() == ()
    (kept,) = store.receipts(sent.id)
    assert kept == ReceiptView(
        id=1,
        transmission_id=sent.id,
        kind="acquit",
        name="ACQUIT.xml",
        sha256=values["sha256"],
        message_date=date(2026, 11, 24),
        received_at=clock.instant,
        etat="refuse",
        faults=Faults([FAULT]),
        detail={"domaine": "depense"},
    )
    entry = store.journal(transmission_id=sent.id)[-1]
    assert (entry.action, entry.before, entry.after) == ("receipt", "genere", "refuse")
    assert entry.detail == {
        "domaine": "depense",
        "nature": "acquit",
        "fichier": "ACQUIT.xml",
        "sha256": values["sha256"],
        "codes": "PES-ACQUIT",
    }


def test_the_same_bytes_count_once(store: Store, packed: Packed) -> None:
    sent = send(store, packed)
    other = send(store, packed)
    assert store.record_receipt(sent.id, **receipt(store))
    before = (store.transmission(sent.id), store.journal())
    again = receipt(store, name="autre-nom.xml", etat="refuse", etat_negative=True)
    assert not store.record_receipt(sent.id, **again)
    assert (store.transmission(sent.id), store.journal()) == before
    assert len(store.receipts(sent.id)) == 1
    assert store.record_receipt(other.id, **receipt(store))
    assert store.record_receipt(sent.id, **receipt(store, b"<autre/>"))
    assert len(store.receipts(sent.id)) == 2


def test_a_receipt_wants_its_bytes_and_its_transmission(store: Store, packed: Packed) -> None:
    sent = send(store, packed)
    with pytest.raises(FaultError) as caught:
        store.record_receipt(sent.id, **receipt(store, sha256="0" * 64))
    assert caught.value.faults.codes == ("QUE-DOCUMENT_MISSING",)
    with pytest.raises(FaultError) as caught:
        store.record_receipt(9, **receipt(store))
    assert caught.value.faults.codes == ("QUE-UNKNOWN_TRANSMISSION",)


def test_a_conclusion_from_an_old_legal_state_is_refused(store: Store, packed: Packed) -> None:
    sent = send(store, packed)
    assert store.record_receipt(sent.id, **receipt(store), etat_before="genere")
    late = receipt(store, b"<anomalie/>", etat="en_anomalie")
    with pytest.raises(TransitionRefused, match="acquitte -> en_anomalie"):
        store.record_receipt(sent.id, **late, etat_before="genere")
    assert store.transmission(sent.id).etat == "acquitte"
    assert len(store.receipts(sent.id)) == 1


def test_awaiting_answer_by_authority(store: Store, packed: Packed) -> None:
    sent = send(store, packed)
    other = send(store, packed, collectivite=VOISINE)
    packed()
    assert store.awaiting_answer() == (sent, other)
    assert store.awaiting_answer(collectivite=VOISINE) == (other,)


def test_a_note_moves_nothing(store: Store, packed: Packed) -> None:
    sent = packed()
    store.note(sent.id, "probe", {"reponse": "inconnu"})
    assert store.transmission(sent.id) == sent
    entry = store.journal(transmission_id=sent.id)[-1]
    assert (entry.action, entry.before, entry.after) == ("probe", "", "")
    assert (entry.detail, entry.at, entry.deposit_id) == (
        {"reponse": "inconnu"},
        START,
        sent.deposit_id,
    )


def test_the_journal_hears_of_remote_codes_that_change(store: Store, packed: Packed) -> None:
    sent = packed()
    for code in ("3", "3", "4"):
        store.record_remote_code(sent.id, code)
    assert store.transmission(sent.id).remote_code == "4"
    told = [entry.detail for entry in store.journal() if entry.action == "remote_code"]
    assert told == [{"code": "3"}, {"code": "4"}]


def test_selections(store: Store, packed: Packed) -> None:
    lease = timedelta(minutes=5)
    fault = Fault(code="CON-TIMEOUT")
    favourable, unfavourable, sent, refused, suspended, landed = (packed() for _ in range(6))
    for one in (favourable, unfavourable, sent):
        claim = store.claim("w", lease=lease)
        assert claim is not None
        store.deposited(claim, str(one.id))
    store.record_receipt(favourable.id, **receipt(store))
    anomaly = receipt(store, etat="en_anomalie", etat_final=False, etat_negative=True)
    store.record_receipt(unfavourable.id, **anomaly)
    claim = store.claim("w", lease=lease)
    assert claim is not None
    store.refuse(claim, faults=Faults([fault]))
    claim = store.claim("w", lease=lease)
    assert claim is not None
    store.suspend(claim, fault=fault)
    claim = store.claim("w", lease=lease)
    assert claim is not None
    store.landed(claim, fault=fault)
    abandoned, doing = packed(), packed()
    store.abandon(abandoned.id, "erreur", "la secrétaire")
    store.claim("w", lease=lease)
    todo = packed(flux="ACTES", collectivite=VOISINE)

    expected = {
        Selection.WAITING: [doing, todo],
        Selection.SENT: [sent],
        Selection.ACKNOWLEDGED: [favourable],
        Selection.REFUSED: [unfavourable, refused],
        Selection.SUSPENDED: [suspended],
        Selection.LANDED: [landed],
        Selection.ABANDONED: [abandoned],
        Selection.ALL: [
            favourable,
            unfavourable,
            sent,
            refused,
            suspended,
            landed,
            abandoned,
            doing,
            todo,
        ],
    }
    assert set(expected) == set(Selection)
    for selection, views in expected.items():
        found = store.transmissions(selection=selection)
        assert [one.id for one in found] == [one.id for one in views], selection
    assert store.transmissions() == store.transmissions(selection=Selection.ALL)
    assert store.transmissions(flux="ACTES") == (todo,)
    assert store.transmissions(collectivite=VOISINE, selection=Selection.WAITING) == (todo,)
    assert store.transmissions(collectivite=VOISINE, selection=Selection.SENT) == ()


def test_by_key_returns_the_latest(store: Store, packed: Packed) -> None:
    packed(key="099-000000000-20261123-2026_01-DE", flux="ACTES")
    latest = packed(key="099-000000000-20261123-2026_01-DE", flux="ACTES")
    assert store.by_key(EXEMPLE, "ACTES", latest.key) == latest
    assert store.by_key(EXEMPLE, "HELIOS", latest.key) is None
    assert store.by_key(VOISINE, "ACTES", latest.key) is None


def test_an_answer_frees_numbers_in_the_same_breath(store: Store, packed: Packed) -> None:
    keys = [UsedKey(kind=kind, key="1", label="L") for kind in ("nomfic", "idbord", "idpce")]
    sent = send(store, packed, used_keys=keys)
    values = receipt(store, etat="refuse", etat_negative=True)
    frees = [("idbord", "1"), ("idpce", "2")]
    with pytest.raises(TransitionRefused):
        store.record_receipt(sent.id, **values, frees=frees, etat_before="transmis")
    assert store.used(EXEMPLE, "idbord", "1")
    assert store.record_receipt(sent.id, **values, frees=frees)
    used = [kind for kind in ("nomfic", "idbord", "idpce") if store.used(EXEMPLE, kind, "1")]
    assert used == ["nomfic", "idpce"]
    entry = store.journal(transmission_id=sent.id)[-1]
    assert (entry.action, entry.detail) == ("keys_released", {"cles": "idbord:1"})
