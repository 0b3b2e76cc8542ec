"""Letters of the préfecture, messages that we issue about an acte, publicity."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue.moves import EtatMove
from demat.queue.states import DeliveryState, DepositState, TransitionRefused
from demat.queue.store import Store
from demat.queue.views import NewCourrier, ReceivedFile, UsedKey
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, NewPart, Packed

ID_ACTE = "099-000000000-20261008-2026_041-DE"


def letter(store: Store, content: bytes = b"<DemandePieceComplementaire/>") -> NewCourrier:
    return NewCourrier(
        collectivite=EXEMPLE,
        sha256=store.documents.put(content),
        kind="3",
        name=f"{ID_ACTE}-3-1_12.xml",
        root="DemandePieceComplementaire",
        id_acte=ID_ACTE,
        day=date(2026, 11, 20),
        texte="Grille tarifaire complète",
    )


def document(store: Store) -> ReceivedFile:
    content = b"%PDF-1.4 demande"
    return ReceivedFile(
        name=f"{ID_ACTE}-3-1_13.pdf", sha256=store.documents.put(content), size=len(content)
    )


def annulation(about: int) -> EtatMove:
    return EtatMove(
        to="annulation_demandee",
        final=True,
        negative=False,
        before="acquitte",
        faults=Faults(),
        detail={"annule": str(about)},
        action="cancellation",
    )


def test_a_letter_is_kept_once_and_told_to_the_journal(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    acte = packed(flux="ACTES", key=ID_ACTE)
    new = replace(letter(store), transmission_id=acte.id, documents=(document(store),))
    kept, fresh = store.keep_courrier(new)
    assert fresh
    assert (kept.id, kept.kind, kept.received_at, kept.laid) == (1, "3", START, False)
    assert (kept.day, kept.texte, kept.documents) == (new.day, new.texte, new.documents)
    assert store.keep_courrier(new) == (kept, False)
    assert store.courrier(EXEMPLE, 1) == kept
    (entry,) = [one for one in store.journal(transmission_id=acte.id) if one.action == "courrier"]
    assert entry.detail["sha256"] == new.sha256
    assert not store.verify_journal()


def test_the_second_way_fills_in_what_the_first_did_not_tell(store: Store, packed: Packed) -> None:
    acte = packed(flux="ACTES", key=ID_ACTE)
    store.keep_courrier(replace(letter(store), kind="quarantaine"))
    store.mark_laid([1])
    file = document(store)
    better = replace(letter(store), documents=(file,), reference="881", transmission_id=acte.id)
    kept, fresh = store.keep_courrier(better)
    assert not fresh
    assert (kept.documents, kept.reference) == ((file,), "881")
    assert (kept.transmission_id, kept.kind) == (acte.id, "3")
    assert not kept.laid  # its document must be laid too
    emptied = replace(letter(store), kind="4", reference="", documents=())
    assert store.keep_courrier(emptied) == (kept, False)  # nothing known is forgotten


def test_two_letters_of_one_kind_on_one_acte_are_two(store: Store) -> None:
    store.keep_courrier(letter(store))
    other, fresh = store.keep_courrier(
        replace(letter(store, b"<DemandePieceComplementaire n='2'/>"), day=date(2026, 11, 25))
    )
    assert fresh
    assert other.id == 2
    assert [one.day for one in store.courriers(EXEMPLE)] == [date(2026, 11, 20), other.day]


def test_letters_are_asked_for_by_acte_reference_and_place(store: Store, packed: Packed) -> None:
    acte = packed(flux="ACTES", key=ID_ACTE)
    mine, _ = store.keep_courrier(replace(letter(store), transmission_id=acte.id, reference="881"))
    alone, _ = store.keep_courrier(letter(store, b"<CourrierSimple/>"))
    assert store.courriers(EXEMPLE, transmission_id=acte.id) == (mine,)
    assert store.courriers(EXEMPLE, reference="881") == (mine,)
    store.mark_laid([mine.id])
    assert store.courriers(EXEMPLE, unlaid=True) == (alone,)
    assert store.courriers(VOISINE) == ()


def test_one_authority_does_not_see_the_letters_of_another(store: Store) -> None:
    kept, _ = store.keep_courrier(letter(store))
    with pytest.raises(FaultError) as caught:
        store.courrier(VOISINE, kept.id)
    assert caught.value.faults.codes == ("QUE-UNKNOWN_COURRIER",)


def test_the_bytes_must_be_kept_first(store: Store) -> None:
    lost = ReceivedFile(name="a.pdf", sha256="0" * 64, size=1)
    with pytest.raises(FaultError) as caught:
        store.keep_courrier(replace(letter(store), documents=(lost,)))
    assert caught.value.faults.codes == ("QUE-DOCUMENT_MISSING",)
    assert store.courriers(EXEMPLE) == ()


def test_the_documents_of_letters_are_verified(store: Store) -> None:
    file = document(store)
    new = replace(letter(store), documents=(file,))
    store.keep_courrier(new)
    assert not store.verify_documents()
    store.documents.path(file.sha256).unlink()
    store.documents.path(new.sha256).unlink()
    assert store.verify_documents().codes == ("QUE-DOCUMENT_MISSING", "QUE-DOCUMENT_MISSING")


def test_publicity_is_told_once_and_corrected(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    acte = packed(flux="ACTES", key=ID_ACTE)
    assert store.publicite(acte.id) is None
    store.record_publicite(acte.id, date(2026, 10, 12), "affichage", "secretariat")
    clock.instant += timedelta(hours=1)
    store.record_publicite(acte.id, date(2026, 10, 13), "mise en ligne", "secretariat")
    told = store.publicite(acte.id)
    assert told is not None
    assert (told.day, told.mode, told.who) == (date(2026, 10, 13), "mise en ligne", "secretariat")
    assert told.recorded_at == clock.instant
    days = [e.detail["jour"] for e in store.journal() if e.action == "publicite"]
    assert days == ["2026-10-12", "2026-10-13"]  # what was told before stays on record


def test_a_message_of_ours_is_queued_with_the_move_of_its_acte(
    store: Store, packed: Packed, new_part: NewPart
) -> None:
    acte = packed(flux="ACTES", key=ID_ACTE, etat="acquitte", etat_final=True)
    key = UsedKey(kind="annulation", key=ID_ACTE, label="annulation")
    part = new_part(flux="ACTES", key=f"{ID_ACTE}-6-1", etat="prepare", used_keys=(key,))
    issued = store.issue(
        EXEMPLE,
        name="Annulation de 2026_041",
        kind="annulation",
        part=part,
        about=acte.id,
        move=annulation(acte.id),
    )
    assert issued.delivery is DeliveryState.TODO
    deposit = store.deposit(issued.deposit_id)
    assert (deposit.kind, deposit.state, deposit.files) == (
        "annulation",
        DepositState.PACKED,
        (),
    )
    assert store.transmission(acte.id).etat == "annulation_demandee"
    with pytest.raises(FaultError) as caught:  # the acte is not cancelled twice
        store.issue(EXEMPLE, name="encore", kind="annulation", part=part)
    assert caught.value.faults.codes == ("QUE-KEY_USED",)
    assert len(store.deposits()) == 2


def test_nothing_is_queued_when_the_acte_has_moved(
    store: Store, packed: Packed, new_part: NewPart
) -> None:
    acte = packed(flux="ACTES", key=ID_ACTE, etat="transmis")
    part = new_part(flux="ACTES", key=f"{ID_ACTE}-6-1", etat="prepare")
    with pytest.raises(TransitionRefused):
        store.issue(
            EXEMPLE,
            name="Annulation",
            kind="annulation",
            part=part,
            about=acte.id,
            move=annulation(acte.id),
        )
    assert [one.id for one in store.transmissions()] == [acte.id]
    assert len(store.deposits()) == 1


def test_the_acte_moves_back_when_its_cancellation_is_refused(store: Store, packed: Packed) -> None:
    acte = packed(flux="ACTES", key=ID_ACTE, etat="annulation_demandee", etat_final=True)
    fault = Fault(code="CON-KO", params={"message": "non"})
    back = replace(
        annulation(acte.id),
        to="acquitte",
        before="annulation_demandee",
        action="cancellation_refused",
        faults=Faults([fault]),
    )
    store.change_etat(acte.id, back)
    moved = store.transmission(acte.id)
    assert (moved.etat, moved.faults.codes) == ("acquitte", ("CON-KO",))
    assert store.journal()[-1].action == "cancellation_refused"
    with pytest.raises(TransitionRefused):
        store.change_etat(acte.id, back)
