"""Ask where our flows are, keep what the State answers, and move the legal state of each flow.

An answer counts only once it is bound to what was sent (name, identifiers); it is stored before it
is interpreted, and the same answer twice changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from demat.actes.inbound import parse_inbound
from demat.actes.lifecycle import EtatActe, next_etat
from demat.actes.messages import AnomalieActe, AnomalieEnveloppe, ARActe, ARAnnulation
from demat.actes.rejections import advice as acte_advice
from demat.connectors.api import ConnectorError, Flux, InboundDocument, RemoteProgress, RemoteStatus
from demat.engine import classification
from demat.engine.give_back import lay_answer, lay_refusal
from demat.engine.office import Authority, Office
from demat.faults import Fault, FaultError, Faults
from demat.helios.acquit import Acquit, ElementAcquit, parse_acquit, refused_elements
from demat.helios.acquit import advice as pes_advice
from demat.helios.lifecycle import EtatPes, answers, decide
from demat.helios.read import PesFacts, read_pes
from demat.queue.views import TransmissionView

__all__ = ["collect", "collect_all"]

logger = logging.getLogger(__name__)

_CONTROLE = "La préfecture (contrôle de légalité)"
_COMPTABLE = "Le comptable public (Hélios)"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What one returned document means for the flow that it answers."""

    kind: str
    etat: str
    final: bool
    negative: bool
    message_date: date | None
    faults: Faults
    rows: Sequence[tuple[str, str]]
    """What the agent reads about it."""


def collect_all(authority: Authority, office: Office) -> int:
    """Poll every flow of an authority that awaits an answer; return how many answers were new."""
    new = 0
    for transmission in office.store.awaiting_answer(collectivite=authority.siren):
        if _worth_asking(transmission, office):
            try:
                new += collect(transmission, authority, office)
            except ConnectorError as error:
                logger.warning(
                    "status not known: %s",
                    error,
                    extra={"action": "collect", "transmission": transmission.id},
                )
    return new


def _worth_asking(transmission: TransmissionView, office: Office) -> bool:
    """A refused act is still asked about for a while, unless another has taken its place."""
    if not transmission.etat_negative:
        return True
    since = office.clock.now() - transmission.created_at
    return transmission.superseded_by is None and since < office.settings.late_answer


def collect(transmission: TransmissionView, authority: Authority, office: Office) -> bool:
    """Ask about one flow and record what is new; return whether an answer was new.

    :raises ConnectorError: the question could not be asked.
    """
    flux = Flux(transmission.flux)
    status = authority.connector.status(flux, transmission.reference or "")
    if status.code != transmission.remote_code:
        office.store.record_remote_code(transmission.id, status.code)
    for document in status.documents:
        _record(transmission, document, status, authority, office)
        transmission = office.store.transmission(transmission.id)
    if status.progress is RemoteProgress.ERROR and not status.documents:
        return _record_error(transmission, status, authority, office)
    return bool(status.documents)


def _record(
    transmission: TransmissionView,
    document: InboundDocument,
    status: RemoteStatus,
    authority: Authority,
    office: Office,
) -> None:
    digest = office.store.documents.put(document.content)  # kept before it is understood
    try:
        answer = _understand(transmission, document, office)
    except FaultError as error:
        office.store.note(
            transmission.id,
            "answer_unbound",
            {"name": document.name, "sha256": digest, "reason": str(error)},
        )
        return
    fresh = office.store.record_receipt(
        transmission.id,
        kind=answer.kind,
        name=document.name,
        sha256=digest,
        message_date=answer.message_date,
        etat=answer.etat,
        etat_final=answer.final,
        etat_negative=answer.negative,
        faults=answer.faults,
        detail={"status": status.code, **({"message": status.message} if status.message else {})},
    )
    if not fresh:
        return
    _follow_up(transmission, answer, document, authority, office)


def _follow_up(
    transmission: TransmissionView,
    answer: _Answer,
    document: InboundDocument,
    authority: Authority,
    office: Office,
) -> None:
    """Show the answer to the agents, free what may be used again, keep the classification fresh."""
    helios = transmission.flux == Flux.HELIOS
    who = _COMPTABLE if helios else _CONTROLE
    state = "Accepté." if not answer.negative else f"{who} a refusé tout ou partie de cet envoi."
    lay_answer(
        transmission, [document], state=state, rows=answer.rows, authority=authority, office=office
    )
    if answer.negative:
        if helios:
            _free_refused(transmission, document, office)
        lay_refusal(transmission, who, answer.faults, authority, office)
    if not helios:
        _keep_classification_fresh(document, authority, office)


def _understand(
    transmission: TransmissionView, document: InboundDocument, office: Office
) -> _Answer:
    """Read an answer and bind it to its flow.

    :raises FaultError: it is unreadable, or it is about something else.
    """
    if transmission.flux == Flux.HELIOS:
        facts = read_pes(office.store.documents.get(transmission.sha256))
        return _acquit(parse_acquit(document.content), facts)
    return _acte_answer(transmission, document)


def _acte_answer(transmission: TransmissionView, document: InboundDocument) -> _Answer:
    message = parse_inbound(document.content)
    etat = next_etat(EtatActe(transmission.etat), message)
    if isinstance(message, ARActe | ARAnnulation):
        if message.id_acte != transmission.key:
            raise _unbound(message.id_acte, transmission)
        rows = [
            ("Identifiant de l'acte", message.id_acte),
            ("Objet", str(transmission.facts.get("objet", ""))),
            ("Reçu en préfecture le", message.date_reception.strftime("%d/%m/%Y")),
        ]
        received: date | None = message.date_reception
        faults = _echo(message, transmission) if isinstance(message, ARActe) else Faults()
    elif isinstance(message, AnomalieActe | AnomalieEnveloppe):
        _bind_anomaly(message, transmission)
        rows = [("Acte", transmission.key), ("Motif de la préfecture", message.detail)]
        received, faults = message.date, Faults([acte_advice(message)])
    else:
        raise _unbound(type(message).__name__, transmission)
    return _Answer(
        kind=type(message).__name__,
        etat=etat,
        final=etat in (EtatActe.ACQUITTE, EtatActe.ANNULE),
        negative=etat is EtatActe.EN_ANOMALIE,
        message_date=received,
        faults=faults,
        rows=rows,
    )


def _unbound(found: str, transmission: TransmissionView) -> FaultError:
    params = {"found": found, "expected": transmission.key}
    return FaultError(Fault(code="QUE-UNBOUND_ANSWER", params=params))


def _bind_anomaly(
    message: AnomalieActe | AnomalieEnveloppe, transmission: TransmissionView
) -> None:
    """An anomaly has no IDActe: its echo, when it is there, must be ours (actes dossier §8.4)."""
    if isinstance(message, AnomalieActe) and message.acte_recu is not None:
        echo = message.acte_recu
        same = echo.numero == transmission.facts.get("numero") and (
            echo.date.isoformat() == transmission.facts.get("date")
        )
        if not same:
            raise _unbound(f"{echo.numero} ({echo.date.isoformat()})", transmission)
    if isinstance(message, AnomalieEnveloppe) and message.formulaires:
        base = f"{transmission.key}-1-1_0.xml"
        if base not in message.formulaires:
            raise _unbound(message.formulaires[0], transmission)


def _echo(message: ARActe, transmission: TransmissionView) -> Faults:
    """Compare the echo of the préfecture with what was sent; a difference is shown, not hidden."""
    echo = message.acte_recu
    if echo is None or echo.numero == transmission.facts.get("numero"):
        return Faults()
    params = {"sent": str(transmission.facts.get("numero")), "echo": echo.numero}
    return Faults([Fault(code="QUE-ECHO_DIFFERS", params=params)])


def _acquit(acquit: Acquit, facts: PesFacts) -> _Answer:
    if not answers(acquit, facts):
        params = {"found": acquit.nom_fic, "expected": facts.nom_fic}
        raise FaultError(Fault(code="QUE-UNBOUND_ANSWER", params=params))
    etat = decide(acquit, facts)
    refused = refused_elements(acquit)
    faults = Faults(
        replace(pes_advice(erreur), path="", source=_named(element))
        for element in refused
        for erreur in element.erreurs
    )
    if refused and not faults:
        faults = Faults([Fault(code="PES-ACK_NO_REASON")])
    rows = [("Fichier", facts.nom_fic)]
    rows += [
        (_named(element), "accepté" if element.accepted else "refusé")
        for element in acquit.elements
    ]
    return _Answer(
        kind="PES_ACQUIT",
        etat=etat,
        final=True,
        negative=etat is not EtatPes.ACQUITTE,
        message_date=None,
        faults=faults,
        rows=rows,
    )


def _named(element: ElementAcquit) -> str:
    """Name an element of an acquit as the agent knows it."""
    if element.bordereau is not None:
        return f"Bordereau de {element.libelle} n° {element.bordereau} ({element.exercice})"
    if element.id_unique:
        return f"Pièce jointe {element.id_unique}"
    return element.libelle.capitalize()


def _free_refused(
    transmission: TransmissionView, document: InboundDocument, office: Office
) -> None:
    """Let the numbers of what Hélios did not integrate be used again (helios dossier §8.1)."""
    facts = read_pes(office.store.documents.get(transmission.sha256))
    acquit = parse_acquit(document.content)
    if decide(acquit, facts) is EtatPes.REFUSE:
        office.store.release_keys(transmission.id, ["idbord", "idpce", "idunique"])
        return
    accepted = {
        (element.exercice, element.bordereau)
        for element in acquit.elements
        if element.accepted and element.bordereau is not None
    } - {
        (element.exercice, element.bordereau)
        for element in refused_elements(acquit)
        if element.bordereau is not None
    }
    refused_pj = {element.id_unique for element in refused_elements(acquit) if element.id_unique}
    free = [("idunique", unique) for unique in refused_pj]
    for item in transmission.facts.get("bordereaux", ()):
        if (item["exercice"], item["numero"]) not in accepted:
            free.append(("idbord", str(item["key"])))
            free += [("idpce", str(key)) for key in item.get("idpce", ())]
    office.store.release_keys(transmission.id, ["idbord", "idpce", "idunique"], only=free)


def _record_error(
    transmission: TransmissionView, status: RemoteStatus, authority: Authority, office: Office
) -> bool:
    """An error of the tiers de télétransmission itself (virus, unreadable file), no document."""
    fault = Fault(code="CON-REMOTE_ERROR", params={"message": status.message or status.code})
    digest = office.store.documents.put(status.message.encode())
    helios = transmission.flux == Flux.HELIOS
    fresh = office.store.record_receipt(
        transmission.id,
        kind="error",
        name="erreur.txt",
        sha256=digest,
        message_date=None,
        etat=EtatPes.REFUSE if helios else EtatActe.EN_ANOMALIE,
        etat_final=helios,
        etat_negative=True,
        faults=Faults([fault]),
        detail={"status": status.code},
    )
    if fresh:
        if helios:
            office.store.release_keys(transmission.id, ["idbord", "idpce", "idunique"])
        who = "Votre tiers de télétransmission"
        lay_refusal(transmission, who, Faults([fault]), authority, office)
    return fresh


def _keep_classification_fresh(
    document: InboundDocument, authority: Authority, office: Office
) -> None:
    """Every answer tells the date in force: ask for the list when ours is older (§5.4)."""
    message = parse_inbound(document.content)
    if not isinstance(message, ARActe | AnomalieActe):
        return
    announced = message.classification_en_cours
    current = office.store.classification(authority.siren)
    if announced is not None and (current is None or current.day < announced):
        classification.request_newer(authority, office)
