"""What an answer of the préfecture means for the message that it answers (actes dossier §4.1, §8).

A flow of ACTES is one message of ours: an act (1-1), an answer to a letter, the receipt of a letter
or a cancellation (6-1). ``facts["message"]`` tells which.
"""

from datetime import date

from demat.actes.echo import compare_echo
from demat.actes.inbound import parse_inbound, read_archive
from demat.actes.lifecycle import EtatActe, next_etat
from demat.actes.messages import (
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    ARReponse,
    Inbound,
)
from demat.actes.rejections import advice
from demat.engine.answer import Answer, unbound
from demat.faults import Faults
from demat.queue.views import TransmissionView

__all__ = ["ACTE", "ANNULATION", "freed_by_refusal", "message_of", "understand_acte"]

ACTE = "1-1"
"""Code of the transmission of an act."""
ANNULATION = "6-1"
"""Code of the cancellation of a transmission."""


def message_of(transmission: TransmissionView) -> str:
    """Return the code of the message that a flow of ACTES carries."""
    return str(transmission.facts.get("message", ACTE))


def understand_acte(transmission: TransmissionView, content: bytes, sent: bytes) -> Answer:
    """Read an answer and bind it to its flow.

    :param sent: the frozen archive.
    :raises FaultError: it is unreadable, or it is about something else.
    """
    message = parse_inbound(content)
    if isinstance(message, AnomalieActe | AnomalieEnveloppe):
        return _anomaly(message, transmission)
    code = message_of(transmission)
    if isinstance(message, ARActe) and code == ACTE:
        return _ar(message, transmission, sent)
    if isinstance(message, ARAnnulation) and code in (ACTE, ANNULATION):
        return _cancelled(message, transmission)
    if isinstance(message, ARReponse) and code not in (ACTE, ANNULATION):
        return _reply_received(message, transmission)
    raise unbound(type(message).__name__, transmission)


def _ar(message: ARActe, transmission: TransmissionView, sent: bytes) -> Answer:
    _same_acte(message.id_acte, transmission)
    return _answer(
        message,
        transmission,
        day=message.date_reception,
        faults=_echo(message, sent),
        rows=_rows(message.id_acte, transmission, message.date_reception),
        announced=message.classification_en_cours,
    )


def _cancelled(message: ARAnnulation, transmission: TransmissionView) -> Answer:
    """A 6-2 comes with the cancellation, or straight to the act."""
    _same_acte(message.id_acte, transmission)
    rows = _rows(message.id_acte, transmission, message.date_reception)
    if message_of(transmission) == ACTE:
        return _answer(message, transmission, day=message.date_reception, rows=rows)
    return _received(message, message.date_reception, rows, cancels=message.id_acte)


def _reply_received(message: ARReponse, transmission: TransmissionView) -> Answer:
    found = f"{message.id_acte} ({message.date_courrier.isoformat()})"
    expected = (transmission.facts.get("id_acte"), transmission.facts.get("date_courrier"))
    if (message.id_acte, message.date_courrier.isoformat()) != expected:
        raise unbound(found, transmission)
    rows = _rows(message.id_acte, transmission, message.date_reception)
    letter = ("En réponse au courrier du", message.date_courrier.strftime("%d/%m/%Y"))
    return _received(message, message.date_reception, [*rows, letter])


def _anomaly(message: AnomalieActe | AnomalieEnveloppe, transmission: TransmissionView) -> Answer:
    _bind_anomaly(message, transmission)
    return _answer(
        message,
        transmission,
        day=message.date,
        faults=Faults([advice(message)]),
        rows=[("Envoi", transmission.key), ("Motif de la préfecture", message.detail)],
        announced=getattr(message, "classification_en_cours", None),
    )


def _answer(
    message: Inbound,
    transmission: TransmissionView,
    *,
    day: date,
    rows: list[tuple[str, str]],
    faults: Faults | None = None,
    announced: date | None = None,
) -> Answer:
    etat = next_etat(EtatActe(transmission.etat), message)
    return Answer(
        kind=type(message).__name__,
        etat=etat,
        final=etat not in (EtatActe.TRANSMIS, EtatActe.PREPARE, EtatActe.EN_ANOMALIE),
        negative=etat is EtatActe.EN_ANOMALIE,
        message_date=day,
        faults=faults or Faults(),
        rows=rows,
        frees=freed_by_refusal(transmission) if etat is EtatActe.EN_ANOMALIE else (),
        announced=announced,
    )


def freed_by_refusal(transmission: TransmissionView) -> tuple[tuple[str, str], ...]:
    """Return what may be tried again once a message was refused; never the number of an act."""
    return tuple((kind, key) for kind, key in transmission.facts.get("frees", ()))


def _received(
    message: ARAnnulation | ARReponse, day: date, rows: list[tuple[str, str]], *, cancels: str = ""
) -> Answer:
    """Return what the receipt of an answer or of a cancellation means: the préfecture has it."""
    return Answer(
        kind=type(message).__name__,
        etat=EtatActe.ACQUITTE,
        final=True,
        negative=False,
        message_date=day,
        faults=Faults(),
        rows=rows,
        cancels=cancels,
    )


def _rows(id_acte: str, transmission: TransmissionView, day: date) -> list[tuple[str, str]]:
    return [
        ("Identifiant de l'acte", id_acte),
        ("Objet", str(transmission.facts.get("objet", ""))),
        ("Reçu en préfecture le", day.strftime("%d/%m/%Y")),
    ]


def _same_acte(id_acte: str, transmission: TransmissionView) -> None:
    if id_acte != transmission.facts.get("id_acte", transmission.key):
        raise unbound(id_acte, transmission)


def _bind_anomaly(
    message: AnomalieActe | AnomalieEnveloppe, transmission: TransmissionView
) -> None:
    """An anomaly has no IDActe: its echo, when it is there, must be ours (actes dossier §8.4)."""
    if isinstance(message, AnomalieActe):
        echo = message.acte_recu
        if message_of(transmission) != ACTE:
            raise unbound(type(message).__name__, transmission)
        if echo is not None:
            mine = (transmission.facts.get("numero"), transmission.facts.get("date"))
            if (echo.numero, echo.date.isoformat()) != mine:
                raise unbound(f"{echo.numero} ({echo.date.isoformat()})", transmission)
    elif message.formulaires and not set(message.formulaires) & _messages(transmission):
        raise unbound(message.formulaires[0], transmission)


def _messages(transmission: TransmissionView) -> set[str]:
    """Return the names of the messages that an archive of ours holds."""
    return {name for name in transmission.facts.get("members", ()) if name.endswith("_0.xml")}


def _echo(message: ARActe, sent: bytes) -> Faults:
    """Compare the echo of the préfecture with what was sent; a difference is shown, not hidden."""
    if message.acte_recu is None:
        return Faults()
    _, acte = read_archive(sent).acte()
    return compare_echo(acte, message.acte_recu)
