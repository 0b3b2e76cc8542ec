"""Ask where our flows are, keep what the State answers, and move the legal state of each flow.

An answer counts only once it is bound to what was sent (name, identifiers); it is stored before it
is interpreted, and the same answer twice changes nothing. A later acquit
may tell what the first left unsaid; one that contradicts it is kept and shown to a person, moves
nothing and frees no number.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from demat.actes.inbound import parse_inbound
from demat.actes.lifecycle import EtatActe, next_etat
from demat.actes.messages import AnomalieActe, AnomalieEnveloppe, ARActe, ARAnnulation
from demat.actes.rejections import advice as acte_advice
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    InboundDocument,
    RemoteProgress,
    RemoteStatus,
)
from demat.engine import classification
from demat.engine.as_one import file_of
from demat.engine.give_back import (
    COMPTABLE,
    CONTROLE,
    lay_answer,
    lay_conflict,
    lay_refusals,
    withdraw_refusal,
)
from demat.engine.office import Authority, Office
from demat.engine.retour_sheets import element_name
from demat.engine.sheets import receipt_sheet
from demat.engine.transmit import FREED
from demat.faults import Fault, FaultError, Faults, Severity
from demat.helios.acquit import Acquit, ElementAcquit, parse_acquit, refused_elements
from demat.helios.acquit import advice as pes_advice
from demat.helios.lifecycle import EtatPes, answers, decide
from demat.helios.pieces import Verdict, element_states
from demat.helios.read import PesFacts, read_pes
from demat.helios.released import released_keys
from demat.helios.rules import register_keys
from demat.queue.states import DeliveryState, TransitionRefused
from demat.queue.views import TransmissionView

__all__ = ["collect", "collect_all", "take_acquit"]

logger = logging.getLogger(__name__)

CONFLICT = "PES-ACQUIT_CONFLICT"
UNBOUND = "answer_unbound"
"""Entry of the journal: an answer that is about something else, or that nobody can read."""


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
    frees: tuple[tuple[str, str], ...] = ()
    """Kinds and keys that may be used again (helios dossier §8.1)."""
    announced: date | None = None
    """Date of the classification in force at the préfecture, when the answer tells it."""
    conflict: bool = False
    """Whether it disagrees with an earlier answer, which stays the one that counts."""


def collect_all(
    authority: Authority, office: Office, *, tell: Callable[[Faults], None] | None = None
) -> int:
    """Poll every flow of an authority that awaits an answer; return how many answers were new.

    One flow that cannot be asked about, or whose answer cannot be kept, does not stop the others.

    :param tell: told of the answers that a person should look at.
    :raises AuthenticationRefused: no question of this authority is answered.
    :raises Unreachable: none was, though some were asked.
    """
    round_ = _Round()
    for transmission in office.store.awaiting_answer(collectivite=authority.siren):
        if office.stopping():
            break
        if _worth_asking(transmission, office):
            _try_to_collect(transmission, round_, authority, office)
    lay_refusals(authority, office)
    if tell is not None:
        tell(round_.told)
    if round_.failure is not None and not round_.answered:
        raise round_.failure
    return round_.new


@dataclass(kw_only=True, slots=True)
class _Round:
    """What is counted while the flows of one authority are asked about, one after the other."""

    new: int = 0
    """Answers that were not known."""
    answered: int = 0
    """Questions that got an answer."""
    failure: ConnectorError | None = None
    """Why the last question that failed did."""
    classification_asked: bool = False
    """Whether the préfecture's list was asked for: once is enough."""
    told: Faults = field(default_factory=Faults)
    """What a person should look at: answers about something else, or that disagree."""


def _try_to_collect(
    transmission: TransmissionView, round_: _Round, authority: Authority, office: Office
) -> None:
    try:
        collect(transmission, authority, office, round_)
    except AuthenticationRefused:
        raise
    except (ConnectorError, FaultError, TransitionRefused) as error:
        if isinstance(error, ConnectorError):
            round_.failure = error
        logger.warning(
            "status not known: %s",
            error,
            extra={"action": "collect", "transmission": transmission.id},
        )


def _worth_asking(transmission: TransmissionView, office: Office) -> bool:
    """A refused act is still asked about for a while, unless another has taken its place.

    Without a reference there is nothing to ask (connectors dossier §9.3).
    """
    if transmission.reference is None:
        return False
    if not transmission.etat_negative:
        return True
    since = office.clock.now() - transmission.created_at
    return transmission.superseded_by is None and since < office.settings.late_answer


def collect(
    transmission: TransmissionView,
    authority: Authority,
    office: Office,
    round_: _Round | None = None,
) -> int:
    """Ask about one flow and record what is new; return how many answers were.

    :raises ConnectorError: the question could not be asked.
    """
    round_ = round_ or _Round()
    before = round_.new
    status = authority.connector.status(Flux(transmission.flux), transmission.reference or "")
    round_.answered += 1
    if status.code != transmission.remote_code:
        office.store.record_remote_code(transmission.id, status.code)
    for document in status.documents:
        round_.new += _record(transmission, document, status, round_, authority, office)
        transmission = office.store.transmission(transmission.id)
    if status.progress is RemoteProgress.ERROR and not status.documents:
        round_.new += _record_error(transmission, status, office)
    return round_.new - before


def _record(
    transmission: TransmissionView,
    document: InboundDocument,
    status: RemoteStatus,
    round_: _Round,
    authority: Authority,
    office: Office,
) -> bool:
    """Keep the bytes, understand, lay them where agents look, and record them last.

    After a crash the same answer is found again and all is done again, to the same effect.
    """
    digest = office.store.documents.put(document.content)  # kept before it is understood
    if _known(transmission, digest, office):
        return False
    sent = office.store.documents.get(transmission.sha256)
    try:
        answer = _understand(transmission, document, sent)
    except FaultError as error:
        reason = {"name": document.name, "sha256": digest, "reason": str(error)}
        office.store.note(transmission.id, UNBOUND, reason)
        round_.told += error.faults.within(transmission.key)
        return False
    if transmission.flux == Flux.HELIOS and transmission.etat_final:
        answer = _later(answer, document, transmission, office)
        round_.told += Faults(one for one in answer.faults if one.code == CONFLICT)
    page = _page(transmission, answer, office)
    lay_answer(transmission, document, page, authority.folders)
    if answer.conflict and page is not None:
        lay_conflict(transmission, page, authority.folders)
    _keep_classification_fresh(answer, round_, authority, office)
    fresh = office.store.record_receipt(
        transmission.id,
        kind=answer.kind,
        name=document.name,
        sha256=digest,
        message_date=answer.message_date,
        etat=answer.etat,
        etat_before=transmission.etat,
        etat_final=answer.final,
        etat_negative=answer.negative,
        faults=answer.faults,
        detail={"status": status.code, **({"message": status.message} if status.message else {})},
        frees=answer.frees,
    )
    if fresh and transmission.etat_negative and not answer.negative:  # a late AR wins (§8.5)
        withdraw_refusal(transmission, authority, office)
    return fresh


def _known(transmission: TransmissionView, digest: str, office: Office) -> bool:
    """Whether that answer was recorded, or set aside, at an earlier poll."""
    if any(receipt.sha256 == digest for receipt in office.store.receipts(transmission.id)):
        return True
    return any(
        entry.action == UNBOUND and entry.detail.get("sha256") == digest
        for entry in office.store.journal(transmission_id=transmission.id)
    )


def _page(transmission: TransmissionView, answer: _Answer, office: Office) -> bytes | None:
    """Write the readable page; an answer that changes nothing leaves the page as it was."""
    if answer.conflict:
        return _conflict_page(transmission, answer, office)
    if answer.etat == transmission.etat:
        return None
    who = COMPTABLE if transmission.flux == Flux.HELIOS else CONTROLE
    refused = f"{who} a refusé tout ou partie de cet envoi."
    return receipt_sheet(
        title=f"Accusé : {transmission.key}",
        state=refused if answer.negative else "Accepté.",
        good=not answer.negative,
        rows=(*_deposit_rows(transmission, office), *answer.rows),
        now=office.clock.now(),
    )


def _deposit_rows(transmission: TransmissionView, office: Office) -> tuple[tuple[str, str], ...]:
    """Name the deposit of a file that is one of several: the agent handed in one thing."""
    which = file_of(transmission)
    name = office.store.deposit(transmission.deposit_id).name
    return (("Dépôt", f"{name} ({which})"),) if which else ()


def _conflict_page(transmission: TransmissionView, answer: _Answer, office: Office) -> bytes:
    told = [office.explain(fault) for fault in answer.faults if fault.code == CONFLICT]
    state = " ".join(f"{text.sentence} {text.remedy}" for text in told)
    return receipt_sheet(
        title=f"À vérifier : {transmission.key}",
        state=state,
        good=False,
        rows=answer.rows,
        now=office.clock.now(),
    )


def _later(
    answer: _Answer, document: InboundDocument, transmission: TransmissionView, office: Office
) -> _Answer:
    """Return what an acquit means that comes after another.

    Compared with every earlier one, bordereau by bordereau and attachment by attachment. It may
    tell what they left unsaid; when it contradicts one of them, it is at most a warning.
    """
    facts = read_pes(office.store.documents.get(transmission.sha256))
    new = parse_acquit(document.content)
    acquits = [
        parse_acquit(office.store.documents.get(receipt.sha256))
        for receipt in office.store.receipts(transmission.id)
        if receipt.kind == "PES_ACQUIT"
    ]
    said = _said(new, facts)
    differing = [
        name
        for acquit in acquits
        for name, taken in _said(acquit, facts).items()
        if said.get(name, taken) is not taken
    ]
    if not acquits and answer.etat != transmission.etat:  # the TdT had put the flow in error
        differing = list(said)
    if acquits and not differing:
        elements = dict.fromkeys(one for acquit in (*acquits, new) for one in acquit.elements)
        return _acquit(replace(new, elements=tuple(elements)), facts)
    faults = transmission.faults
    if differing:
        params = {
            "key": transmission.key,
            "name": document.name,
            "elements": ", ".join(dict.fromkeys(differing)),
        }
        faults += [Fault(code=CONFLICT, params=params)]
    return replace(
        answer,
        etat=transmission.etat,
        final=True,
        negative=transmission.etat_negative,
        faults=faults,
        frees=(),
        conflict=bool(differing),
    )


def _said(acquit: Acquit, facts: PesFacts) -> dict[str, bool]:
    """Return, by the name of the element, whether Hélios says that it has it."""
    return {
        element_name(one): one.verdict is Verdict.INTEGRE
        for one in element_states(facts, acquit)
        if one.kind in ("idbord", "idunique") and one.verdict is not Verdict.SANS_REPONSE
    }


def take_acquit(content: bytes, name: str, authority: Authority, office: Office) -> Faults:
    """Take an acquit that an agent downloaded; return what the agent should read about it.

    :raises FaultError: ``PES-ACQUIT_UNSENT``: no file of that name was handed over by this
        authority; ``XML-…``, ``PES-ACQUIT_…``, ``QUE-UNBOUND_ANSWER``: nothing is concluded.
    """
    acquit = parse_acquit(content)
    flow = _answered(acquit.nom_fic, authority, office)
    if flow is None:
        params = {"name": name, "nom_fic": acquit.nom_fic or "…"}
        raise FaultError(Fault(code="PES-ACQUIT_UNSENT", params=params))
    document = InboundDocument(name=name, content=content)
    status = RemoteStatus(progress=RemoteProgress.ANSWERED, code=flow.remote_code or "", message="")
    round_ = _Round()
    fresh = _record(flow, document, status, round_, authority, office)
    if round_.told and not fresh:
        raise FaultError(round_.told)
    lay_refusals(authority, office)
    code = "PES-ACQUIT_TAKEN" if fresh else "PES-RETOUR_KNOWN"
    params = {"name": name, "numero": str(flow.id), "key": flow.key}
    taken = Fault(code=code, params=params, severity=Severity.WARNING, source=name)
    return Faults([taken, *(replace(one, severity=Severity.WARNING) for one in round_.told)])


def _answered(nom_fic: str, authority: Authority, office: Office) -> TransmissionView | None:
    """Return the latest transmission of that NomFic that the other side has, or may have."""
    flow = office.store.by_key(authority.siren, Flux.HELIOS, nom_fic) if nom_fic else None
    received = (DeliveryState.DEPOSITED, DeliveryState.SUSPENDED)
    return flow if flow is not None and flow.delivery in received else None


def _understand(transmission: TransmissionView, document: InboundDocument, sent: bytes) -> _Answer:
    """Read an answer and bind it to its flow.

    :param sent: the frozen bytes.
    :raises FaultError: it is unreadable, or it is about something else.
    """
    if transmission.flux == Flux.HELIOS:
        return _acquit(parse_acquit(document.content), read_pes(sent))
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
        announced=getattr(message, "classification_en_cours", None),
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
    faults += _silences(acquit, facts)
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
        frees=released_keys(acquit, facts) if etat is not EtatPes.ACQUITTE else (),
    )


def _silences(acquit: Acquit, facts: PesFacts) -> Iterator[Fault]:
    """Yield the bordereaux of which the acquit says nothing: neither there nor refused."""
    for one in element_states(facts, acquit):
        if one.kind == "idbord" and one.verdict is Verdict.SANS_REPONSE:
            yield Fault(code="PES-ACK_SILENT", params={"nom": element_name(one)})


def _named(element: ElementAcquit) -> str:
    """Name an element of an acquit as the agent knows it."""
    if element.bordereau is not None:
        return f"Bordereau de {element.libelle} n° {element.bordereau} ({element.exercice})"
    if element.id_unique:
        return f"Pièce jointe {element.id_unique}"
    return element.libelle.capitalize()


def _record_error(transmission: TransmissionView, status: RemoteStatus, office: Office) -> bool:
    """An error of the tiers de télétransmission itself (virus, unreadable file), no document."""
    helios = transmission.flux == Flux.HELIOS
    if not helios and EtatActe(transmission.etat).acknowledged:  # the AR wins (§8.5)
        return False
    fault = Fault(code="CON-REMOTE_ERROR", params={"message": status.message or status.code})
    return office.store.record_receipt(
        transmission.id,
        kind="error",
        name="erreur.txt",
        sha256=office.store.documents.put(status.message.encode()),
        message_date=None,
        etat=EtatPes.REFUSE if helios else EtatActe.EN_ANOMALIE,
        etat_before=transmission.etat,
        etat_final=helios,
        etat_negative=True,
        faults=Faults([fault]),
        detail={"status": status.code},
        frees=_freeable(transmission, office) if helios else (),
    )


def _freeable(transmission: TransmissionView, office: Office) -> tuple[tuple[str, str], ...]:
    facts = read_pes(office.store.documents.get(transmission.sha256))
    return tuple(key for key in register_keys(facts) if key[0] in FREED[transmission.flux])


def _keep_classification_fresh(
    answer: _Answer, round_: _Round, authority: Authority, office: Office
) -> None:
    """Every answer tells the date in force: ask for the list when ours is older (§5.4)."""
    current = office.store.classification(authority.siren)
    if answer.announced is None or round_.classification_asked:
        return
    if current is None or current.day < answer.announced:
        round_.classification_asked = True
        classification.request_newer(authority, office)
