"""Bring transmission 1 into each state, as the engine does."""

from collections.abc import Callable
from datetime import date, timedelta

from demat.engine.office import Office
from demat.faults import Fault, Faults

UNREACHABLE = Fault(code="CON-UNREACHABLE", params={"reason": "[Errno 111] Connection refused"})
ANOMALY = Fault(code="ACT-ANOMALIE", params={"detail": "Le matricule est absent."})


def wait(office: Office) -> None:
    """Leave it as it was packed."""


def postpone(office: Office) -> None:
    claim = office.store.claim("test", lease=timedelta(minutes=1))
    assert claim is not None
    later = office.clock.now() + timedelta(hours=1)
    office.store.postpone(claim, fault=UNREACHABLE, until=later)


def send(office: Office) -> None:
    claim = office.store.claim("test", lease=timedelta(minutes=1))
    assert claim is not None
    office.store.deposited(claim, "4001")


def suspend(office: Office) -> None:
    claim = office.store.claim("test", lease=timedelta(minutes=1))
    assert claim is not None
    office.store.suspend(claim, fault=Fault(code="CON-LOST_ANSWER", params={"reason": "…"}))


def land(office: Office) -> None:
    claim = office.store.claim("test", lease=timedelta(minutes=1))
    assert claim is not None
    office.store.landed(claim, fault=Fault(code="CON-LANDED_NO_ID", params={"key": "…"}))


def refuse_at_once(office: Office) -> None:
    claim = office.store.claim("test", lease=timedelta(minutes=1))
    assert claim is not None
    office.store.refuse(claim, faults=Faults([ANOMALY]))


def abandon(office: Office) -> None:
    office.store.abandon(1, "doublon", "test")


def _answer(office: Office, *, good: bool) -> None:
    send(office)
    office.store.record_receipt(
        1,
        kind="ARActe" if good else "AnomalieActe",
        name="reponse.xml",
        sha256=office.store.documents.put(b"<reponse/>"),
        message_date=date(2026, 10, 21),
        etat="acquitte" if good else "en_anomalie",
        etat_final=good,
        etat_negative=not good,
        faults=Faults() if good else Faults([ANOMALY]),
    )


def acknowledge(office: Office) -> None:
    _answer(office, good=True)


def reject(office: Office) -> None:
    _answer(office, good=False)


MOVES: dict[str, tuple[Callable[[Office], None], str]] = {
    "waiting": (wait, "à envoyer"),
    "sent": (send, "remis, sans réponse"),
    "acknowledged": (acknowledge, "acquitté"),
    "refused": (reject, "rejeté par la préfecture"),
    "suspended": (suspend, "issue inconnue, à vérifier"),
    "landed": (land, "arrivé, sous un numéro à retrouver"),
    "abandoned": (abandon, "abandonné"),
}
"""By selection: how a transmission gets there, and what the list then says."""
