"""Deposits and packing."""

from datetime import timedelta

import pytest

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue.states import DeliveryState, DepositState, TransitionRefused
from demat.queue.store import Store
from demat.queue.views import ReceivedFile, UsedKey
from tests.unit.queue.conftest import (
    EXEMPLE,
    START,
    VOISINE,
    WAYS,
    NewDeposit,
    NewPart,
    Packed,
    make_deposit,
)

FAULT = Fault(code="PES-012", params={"bordereau": "3"}, line=7, source="mandats.csv")
IDBORD = UsedKey(
    kind="idbord",
    key="2026/01/depense/3",
    label="Bordereau 3",
    scope="2026/01/depense",
    amount_cents=123_456_789_012,
)


def test_receive(store: Store) -> None:
    content = b"mandat;montant"
    files = [
        ReceivedFile(name="b.csv", sha256=store.documents.put(content), size=len(content)),
        ReceivedFile(name="a.pdf", sha256=store.documents.put(b"%PDF"), size=4),
    ]
    deposit = store.receive(collectivite=EXEMPLE, name="lot", files=files)
    assert deposit == store.deposit(deposit.id)
    assert deposit.files == tuple(files)
    assert (deposit.state, deposit.kind) == (DepositState.RECEIVED, None)
    assert (deposit.received_at, deposit.updated_at) == (START, START)
    assert deposit.received_at.tzinfo is not None
    assert (deposit.replaces, deposit.replaced_by) == (None, None)
    assert (deposit.faults, deposit.detail) == (Faults(), {})


def test_receive_wants_the_bytes_first(store: Store) -> None:
    with pytest.raises(FaultError) as caught:
        store.receive(
            collectivite=EXEMPLE,
            name="lot",
            files=[ReceivedFile(name="a", sha256="0" * 64, size=1)],
        )
    assert caught.value.faults.codes == ("QUE-DOCUMENT_MISSING",)
    assert store.deposits() == ()


@pytest.mark.parametrize("before", list(WAYS))
@pytest.mark.parametrize("to", list(DepositState))
def test_advance_follows_the_table_and_nothing_else(
    store: Store, before: DepositState, to: DepositState
) -> None:
    deposit = make_deposit(store, state=before)
    journal = store.journal()
    if to in before.successors and to is not DepositState.PACKED:
        assert store.advance(deposit.id, to).state is to
        last = store.journal()[-1]
        assert (last.action, last.before, last.after) == (to.value, before.value, to.value)
    else:
        with pytest.raises(TransitionRefused, match=f"deposit 1: {before} -> {to} refused"):
            store.advance(deposit.id, to)
        assert store.deposit(deposit.id) == deposit
        assert store.journal() == journal
    assert store.verify_journal() == Faults()


def test_advance_keeps_what_was_found_and_left(
    store: Store, clock: FixedClock, new_deposit: NewDeposit
) -> None:
    deposit = new_deposit()
    clock.instant += timedelta(minutes=5)
    store.advance(deposit.id, DepositState.DRAFTED, detail={"a": "1", "b": "1"}, kind="pes")
    returned = store.advance(
        deposit.id, DepositState.RETURNED, faults=Faults([FAULT]), detail={"b": "2"}
    )
    assert (returned.faults, returned.kind) == (Faults([FAULT]), "pes")
    assert returned.detail == {"a": "1", "b": "2"}
    assert (returned.received_at, returned.updated_at) == (START, clock.instant)
    assert store.journal(deposit_id=deposit.id)[-1].detail == {"b": "2", "codes": "PES-012"}


def test_unknown_deposit(store: Store) -> None:
    for question in (
        lambda: store.deposit(9),
        lambda: store.advance(9, DepositState.DRAFTED),
        lambda: store.receive(collectivite=EXEMPLE, name="x", files=[], replaces=9),
    ):
        with pytest.raises(FaultError) as caught:
            question()
        assert list(caught.value.faults) == [
            Fault(code="QUE-UNKNOWN_DEPOSIT", params={"numero": "9"})
        ]


def test_deposits_by_authority_and_state(store: Store, new_deposit: NewDeposit) -> None:
    first = new_deposit()
    second = new_deposit(state=DepositState.CHECKED)
    third = new_deposit(collectivite=VOISINE, state=DepositState.RETURNED)
    assert store.deposits() == (first, second, third)
    assert store.deposits(collectivite=EXEMPLE) == (first, second)
    wanted = {DepositState.CHECKED, DepositState.RETURNED}
    assert store.deposits(states=wanted) == (second, third)
    assert store.deposits(collectivite=VOISINE, states=wanted) == (third,)
    assert store.deposits(states=[]) == ()


def test_a_returned_deposit_is_replaced_once(store: Store, new_deposit: NewDeposit) -> None:
    first = new_deposit(state=DepositState.RETURNED)
    second = new_deposit(replaces=first.id)
    assert second.replaces == first.id
    assert store.deposit(first.id).replaced_by == second.id
    with pytest.raises(FaultError) as caught:
        new_deposit(replaces=first.id)
    assert list(caught.value.faults) == [Fault(code="QUE-REPLACED", params={"numero": "1"})]
    assert len(store.deposits()) == 2


def test_another_authority_cannot_replace(store: Store, new_deposit: NewDeposit) -> None:
    first = new_deposit(state=DepositState.RETURNED)
    with pytest.raises(FaultError) as caught:
        new_deposit(collectivite=VOISINE, replaces=first.id)
    assert caught.value.faults.codes == ("QUE-UNKNOWN_DEPOSIT",)


def test_find_open_return(store: Store, new_deposit: NewDeposit, packed: Packed) -> None:
    assert store.find_open_return(EXEMPLE, "mandats.csv") is None
    new_deposit()
    new_deposit(state=DepositState.RETURNED, name="autres.csv")
    new_deposit(state=DepositState.RETURNED, collectivite=VOISINE)
    packed()
    assert store.find_open_return(EXEMPLE, "mandats.csv") is None
    new_deposit(state=DepositState.RETURNED)
    latest = new_deposit(state=DepositState.RETURNED)
    assert store.find_open_return(EXEMPLE, "mandats.csv") == latest
    replacing = new_deposit(state=DepositState.RETURNED, replaces=latest.id)
    assert store.find_open_return(EXEMPLE, "mandats.csv") == replacing


def test_find_open_return_after_a_refusal(store: Store, packed: Packed, new_part: NewPart) -> None:
    refused = packed()
    claim = store.claim("w", lease=timedelta(minutes=5))
    assert claim is not None
    assert store.find_open_return(EXEMPLE, "mandats.csv") is None
    store.refuse(claim, faults=Faults([Fault(code="CON-REFUSED")]))
    found = store.find_open_return(EXEMPLE, "mandats.csv")
    assert found == store.deposit(refused.deposit_id)
    packed(name="corrige.csv", supersedes=refused.id)
    assert store.find_open_return(EXEMPLE, "mandats.csv") is None


def test_find_open_return_after_an_unfavourable_answer(store: Store, packed: Packed) -> None:
    sent = packed()
    for negative in (False, True):
        store.record_receipt(
            sent.id,
            kind="anomalie",
            name="ano.xml",
            sha256=store.documents.put(str(negative).encode()),
            message_date=None,
            etat="en_anomalie",
            etat_final=False,
            etat_negative=negative,
            faults=Faults(),
            detail={},
        )
        found = store.find_open_return(EXEMPLE, "mandats.csv")
        assert (found is not None) == negative


def test_pack(store: Store, new_deposit: NewDeposit, new_part: NewPart) -> None:
    deposit = new_deposit(state=DepositState.SIGNED)
    facts = {"bordereaux": [1, 2], "exercice": 2026, "objet": "été"}
    parts = [
        new_part(facts=facts, used_keys=[IDBORD]),
        new_part(content=b"<autre/>", key="autre", etat_negative=True, etat_final=True),
    ]
    first, second = store.pack(deposit.id, parts)
    assert store.deposit(deposit.id).state is DepositState.PACKED
    assert store.transmissions() == (first, second)
    assert (first.deposit_id, first.collectivite) == (deposit.id, EXEMPLE)
    assert (first.delivery, first.etat) == (DeliveryState.TODO, "genere")
    assert (first.etat_final, first.etat_negative) == (False, False)
    assert (second.etat_final, second.etat_negative) == (True, True)
    assert first.facts == facts
    assert (first.attempts, first.reference, first.remote_code) == (0, None, None)
    assert (first.created_at, first.deposited_at, first.next_attempt_at) == (START, None, None)
    assert first.created_at.tzinfo is not None
    assert [entry.action for entry in store.journal()][-3:] == ["packed"] * 3


@pytest.mark.parametrize("state", [s for s in WAYS if DepositState.PACKED not in s.successors])
def test_pack_wants_a_deposit_that_is_ready(
    store: Store, new_part: NewPart, state: DepositState
) -> None:
    deposit = make_deposit(store, state=state)
    with pytest.raises(TransitionRefused, match=f"deposit 1: {state} -> packed refused"):
        store.pack(deposit.id, [new_part(used_keys=[IDBORD])])
    assert store.transmissions() == ()
    assert store.used(EXEMPLE, "idbord", IDBORD.key) is None


def test_pack_happens_once(store: Store, packed: Packed, new_part: NewPart) -> None:
    first = packed()
    with pytest.raises(TransitionRefused, match="packed -> packed"):
        store.pack(first.deposit_id, [new_part()])
    assert store.transmissions() == (first,)


def test_pack_wants_parts_and_their_bytes(
    store: Store, new_deposit: NewDeposit, new_part: NewPart
) -> None:
    deposit = new_deposit(state=DepositState.CHECKED)
    with pytest.raises(ValueError, match="at least one transmission"):
        store.pack(deposit.id, [])
    with pytest.raises(FaultError) as caught:
        store.pack(deposit.id, [new_part(sha256="0" * 64)])
    assert caught.value.faults.codes == ("QUE-DOCUMENT_MISSING",)
    with pytest.raises(TypeError, match="not JSON serializable"):
        store.pack(deposit.id, [new_part(facts={"jour": START})])
    assert store.deposit(deposit.id).state is DepositState.CHECKED


def test_a_key_is_used_once_and_nothing_is_written_otherwise(
    store: Store, packed: Packed, new_deposit: NewDeposit, new_part: NewPart
) -> None:
    packed(used_keys=[IDBORD])
    before = (store.journal()[-1], store.transmissions())
    deposit = new_deposit(state=DepositState.CHECKED)
    other = UsedKey(kind="nomfic", key="N", label="Un fichier")
    with pytest.raises(FaultError) as caught:
        store.pack(deposit.id, [new_part(used_keys=[other]), new_part(used_keys=[IDBORD])])
    params = {
        "famille": "idbord",
        "cle": IDBORD.key,
        "libelle": "Bordereau 3",
        "numero": "1",
    }
    assert list(caught.value.faults) == [Fault(code="QUE-KEY_USED", params=params)]
    assert store.deposit(deposit.id).state is DepositState.CHECKED
    assert (store.journal()[before[0].id - 1], store.transmissions()) == before
    assert store.used(EXEMPLE, "nomfic", "N") is None
    assert store.verify_journal() == Faults()


def test_two_parts_of_one_deposit_cannot_share_a_key(
    store: Store, new_deposit: NewDeposit, new_part: NewPart
) -> None:
    deposit = new_deposit(state=DepositState.CHECKED)
    with pytest.raises(FaultError) as caught:
        store.pack(deposit.id, [new_part(used_keys=[IDBORD]), new_part(used_keys=[IDBORD])])
    assert caught.value.faults.codes == ("QUE-KEY_USED",)


def test_used_and_cumul_belong_to_one_authority(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    clock.instant = START.replace(day=30, hour=23, minute=30)  # 1 December in Paris
    packed(used_keys=[IDBORD])
    packed(collectivite=VOISINE, used_keys=[IDBORD])
    assert store.used(EXEMPLE, "idbord", IDBORD.key) == "01/12/2026, Bordereau 3"
    assert store.used(EXEMPLE, "idbord", "2026/01/depense/4") is None
    assert store.used(EXEMPLE, "idpce", IDBORD.key) is None
    second = UsedKey(kind="idbord", key="4", label="B", scope=IDBORD.scope, amount_cents=-12)
    packed(used_keys=[second])
    assert store.cumul_cents(EXEMPLE, IDBORD.scope) == 123_456_789_000
    assert store.cumul_cents(VOISINE, IDBORD.scope) == 123_456_789_012
    assert store.cumul_cents(EXEMPLE, "2027/01/depense") == 0


def test_keys_of_a_refused_transmission_are_freed(store: Store, packed: Packed) -> None:
    nomfic = UsedKey(kind="nomfic", key="N", label="Un fichier")
    refused = packed(used_keys=[IDBORD, nomfic])
    for allowed in (False, True):
        if not allowed:
            with pytest.raises(TransitionRefused, match="numbers of transmission 1: todo, genere"):
                store.release_keys(refused.id, ["idbord"])
            claim = store.claim("w", lease=timedelta(minutes=5))
            assert claim is not None
            store.refuse(claim, faults=Faults([Fault(code="CON-REFUSED")]))
    store.release_keys(refused.id, ["idbord", "idpce"])
    assert store.used(EXEMPLE, "idbord", IDBORD.key) is None
    assert store.cumul_cents(EXEMPLE, IDBORD.scope) == 0
    assert store.used(EXEMPLE, "nomfic", "N") == "23/11/2026, Un fichier"
    entry = store.journal(transmission_id=refused.id)[-1]
    assert (entry.action, entry.detail) == ("keys_released", {"cles": f"idbord:{IDBORD.key}"})
    again = packed(used_keys=[IDBORD], supersedes=refused.id)
    assert store.transmission(refused.id).superseded_by == again.id


def test_supersedes_once(store: Store, packed: Packed) -> None:
    old = packed()
    store.abandon(old.id, "erreur de saisie", "la secrétaire")
    new = packed(supersedes=old.id)
    assert new.supersedes == old.id
    assert store.transmission(old.id).superseded_by == new.id
    with pytest.raises(FaultError) as caught:
        packed(supersedes=old.id)
    assert list(caught.value.faults) == [Fault(code="QUE-SUPERSEDED", params={"numero": "1"})]


def test_what_may_still_arrive_is_not_superseded(store: Store, packed: Packed) -> None:
    waiting = packed()
    with pytest.raises(FaultError) as caught:
        packed(supersedes=waiting.id)
    assert list(caught.value.faults) == [Fault(code="QUE-IN_FLIGHT", params={"numero": "1"})]
    with pytest.raises(FaultError) as caught:
        packed(supersedes=waiting.id, collectivite=VOISINE)
    assert caught.value.faults.codes == ("QUE-UNKNOWN_TRANSMISSION",)


def test_a_claim_of_the_watched_folder_is_received_once(store: Store) -> None:
    first = store.receive(collectivite=EXEMPLE, name="lot", files=[], token="depot-1")
    again = store.receive(collectivite=EXEMPLE, name="lot", files=[], token="depot-1")
    other = store.receive(collectivite=EXEMPLE, name="lot", files=[], token="depot-2")
    assert again == first
    assert store.deposits() == (first, other)
    assert len(store.journal()) == 2


def test_warnings_stay_on_a_packed_deposit(
    store: Store, new_deposit: NewDeposit, new_part: NewPart
) -> None:
    deposit = new_deposit(state=DepositState.CHECKED)
    store.pack(deposit.id, [new_part()], faults=Faults([FAULT]))
    assert store.deposit(deposit.id).faults == Faults([FAULT])


def test_some_keys_only_are_freed(store: Store, packed: Packed) -> None:
    keys = [UsedKey(kind=kind, key=key, label="L") for kind in ("idbord", "idpce") for key in "12"]
    refused = packed(used_keys=keys)
    store.abandon(refused.id, "erreur", "la secrétaire")
    store.release_keys(refused.id, ["idbord"], only=[("idbord", "2"), ("idpce", "1")])
    left = [(one.kind, one.key) for one in keys if store.used(EXEMPLE, one.kind, one.key)]
    assert left == [("idbord", "1"), ("idpce", "1"), ("idpce", "2")]


def test_who_holds_a_key(store: Store, packed: Packed) -> None:
    holder = packed(used_keys=[IDBORD])
    assert store.holder(EXEMPLE, "idbord", IDBORD.key) == holder
    assert store.holder(VOISINE, "idbord", IDBORD.key) is None
    assert store.holder(EXEMPLE, "idbord", "4") is None


def test_checking_moves_twice_at_once(store: Store, new_deposit: NewDeposit) -> None:
    deposit = new_deposit()
    checked = store.check(deposit.id, kind="titres", faults=Faults(), detail={"noms": "A"})
    assert (checked.state, checked.kind, checked.detail) == (
        DepositState.CHECKED,
        "titres",
        {"noms": "A"},
    )
    steps = [entry.after for entry in store.journal(deposit_id=deposit.id)]
    assert steps == ["received", "drafted", "checked"]
    with pytest.raises(TransitionRefused, match="checked -> checked refused"):
        store.check(deposit.id, kind="titres", faults=Faults())


def test_checking_goes_on_from_what_was_read(store: Store, new_deposit: NewDeposit) -> None:
    deposit = new_deposit(state=DepositState.DRAFTED)
    assert store.check(deposit.id, kind="autre", faults=Faults()).state is DepositState.CHECKED
    gone = new_deposit(state=DepositState.RETURNED, name="autre.csv")
    with pytest.raises(TransitionRefused):
        store.check(gone.id, kind="titres", faults=Faults())
