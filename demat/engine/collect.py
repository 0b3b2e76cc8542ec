"""Ask where our flows are, keep what the State answers, and move the legal state of each flow.

An answer counts only once it is bound to what was sent (name, identifiers); it is stored before it
is interpreted, and the same answer twice changes nothing. A later acquit
may tell what the first left unsaid; one that contradicts it is kept and shown to a person, moves
nothing and frees no number.
"""

import logging
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace

from demat.actes.lifecycle import EtatActe
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    InboundDocument,
    RemoteProgress,
    RemoteStatus,
    Unreachable,
)
from demat.engine import classification
from demat.engine.acte_answers import freed_by_refusal, understand_acte
from demat.engine.acte_file import lay_papers
from demat.engine.answer import Answer
from demat.engine.as_one import file_of
from demat.engine.give_back import (
    COMPTABLE,
    CONTROLE,
    lay_answer,
    lay_conflict,
    lay_refusals,
    withdraw_refusal,
)
from demat.engine.issued import (
    act_cancelled,
    cancellation_refused,
    expects_no_answer,
    sent_for_good,
)
from demat.engine.office import Authority, Office
from demat.engine.pes_answers import CONFLICT, later_acquit, understand_acquit
from demat.engine.reconcile import proven_landed
from demat.engine.sheets import receipt_sheet
from demat.engine.stamps import stamp_flow
from demat.engine.tdt_papers import fetch_papers
from demat.engine.transmit import FREED
from demat.engine.waits import is_shut
from demat.faults import Fault, FaultError, Faults, Severity
from demat.helios.acquit import parse_acquit
from demat.helios.lifecycle import EtatPes, answers
from demat.helios.read import read_pes
from demat.helios.rules import register_keys
from demat.queue.references import SET_ASIDE
from demat.queue.states import DeliveryState, TransitionRefused
from demat.queue.views import TransmissionView
from demat.tracing import span

__all__ = [
    "SLICE",
    "Round",
    "collect",
    "collecting",
    "record_answer",
    "take_acquit",
    "to_confirm",
]

logger = logging.getLogger(__name__)

_HANDED_OVER = (RemoteProgress.TRANSMITTED, RemoteProgress.ANSWERED)
EARLIER_COPY = "PES-EARLIER_COPY"
SLICE = 20
"""How many flows of one authority are seen to before the others have their turn."""


def collecting(
    authority: Authority, office: Office, *, tell: Callable[[Faults], None] | None = None
) -> Generator[None, None, int]:
    """Poll every flow of an authority that awaits an answer; return how many answers were new.

    One flow that cannot be asked about, or whose answer cannot be kept, does not stop the others.
    Yields after each :data:`SLICE` of them, for other authorities to have their turn.

    :param tell: told of the answers that a person should look at.
    :raises AuthenticationRefused: no question of this authority is answered.
    :raises Unreachable: none was, though some were asked.
    """
    round_ = Round()
    asked = 0
    for transmission in office.store.awaiting_answer(collectivite=authority.siren):
        if office.stopping() or _given_up(round_, authority, office):
            break
        if _worth_asking(transmission, office):
            _try_to_collect(transmission, round_, authority, office)
            asked += 1
            if asked % SLICE == 0:
                yield
    lay_refusals(authority, office)
    if tell is not None:
        tell(round_.told)
    if round_.failure is not None and not round_.answered:
        raise round_.failure
    return round_.new


@dataclass(kw_only=True, slots=True)
class Round:
    """What is counted while the flows of one authority are asked about, one after the other."""

    new: int = 0
    """Answers that were not known."""
    answered: int = 0
    """Questions that got an answer."""
    failure: ConnectorError | None = None
    """Why the last question that failed did."""
    silent: bool = False
    """Whether the last question got no answer at all."""
    classification_asked: bool = False
    """Whether the préfecture's list was asked for: once is enough."""
    told: Faults = field(default_factory=Faults)
    """What a person should look at: answers about something else, or that disagree."""


def _try_to_collect(
    transmission: TransmissionView, round_: Round, authority: Authority, office: Office
) -> None:
    try:
        with span("collect", siren=authority.siren, transmission=transmission.id):
            collect(transmission, authority, office, round_)
    except AuthenticationRefused:
        raise
    except (ConnectorError, FaultError, TransitionRefused) as error:
        if isinstance(error, ConnectorError):
            round_.failure = error
        if isinstance(error, Unreachable):
            round_.silent = True
            office.store.line_silent(authority.line, next(iter(error.faults), None))
        logger.warning(
            "status not known: %s",
            error,
            extra={"action": "collect", "transmission": transmission.id},
        )


def _given_up(round_: Round, authority: Authority, office: Office) -> bool:
    """Whether the line was shut meanwhile: each further question would cost a whole time-out."""
    return round_.silent and is_shut(authority, office)


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
    round_: Round | None = None,
) -> int:
    """Ask about one flow and record what is new; return how many answers were.

    :raises ConnectorError: the question could not be asked.
    """
    round_ = round_ or Round()
    before = round_.new
    status = authority.connector.status(Flux(transmission.flux), transmission.reference or "")
    round_.answered += 1
    if round_.silent or round_.answered == 1:  # earlier rounds may have got no answer
        round_.silent = False
        office.store.line_answered(authority.line)
    for document in status.documents:
        round_.new += record_answer(
            transmission, document, round_, authority, office, status=status
        )
        transmission = office.store.transmission(transmission.id)
    if status.code != transmission.remote_code:  # no new answer came with it
        office.store.record_remote_code(transmission.id, status.code)
        transmission = office.store.transmission(transmission.id)
    round_.told += Faults(_strange(transmission, status)) + to_confirm(transmission, office)
    if round_.new > before and transmission.etat == EtatActe.ACQUITTE:
        fetch_papers(transmission, authority, office)
    if status.progress is RemoteProgress.ERROR and not status.documents:
        round_.new += _record_error(transmission, status, office)
    elif status.progress in _HANDED_OVER and expects_no_answer(transmission):
        sent_for_good(transmission, office)
    return round_.new - before


def to_confirm(flow: TransmissionView, office: Office) -> Faults:
    """Return what a person must do on the other side for a flow, by its last known status."""
    known = {authority.siren: authority for authority in office.authorities}
    authority = known.get(flow.collectivite)
    if authority is None or flow.reference is None or flow.etat_final:
        return Faults()
    page = authority.connector.person_page(Flux(flow.flux), flow.reference, flow.remote_code or "")
    if not page:
        return Faults()
    return Faults([Fault(code="CON-TO_CONFIRM", params={"key": flow.key, "page": page})])


def _strange(transmission: TransmissionView, status: RemoteStatus) -> Iterator[Fault]:
    """Yield a status that we do not know: it is told, and nothing is concluded from it (§10)."""
    if status.progress is RemoteProgress.UNRECOGNISED:
        params = {
            "key": transmission.key,
            "reference": transmission.reference or "",
            "code": status.code,
            "message": status.message or "…",
        }
        yield Fault(code="CON-UNKNOWN_STATUS", params=params)


def record_answer(
    transmission: TransmissionView,
    document: InboundDocument,
    round_: Round,
    authority: Authority,
    office: Office,
    *,
    status: RemoteStatus | None = None,
) -> bool:
    """Keep the bytes, understand, lay them where agents look, and record them last.

    After a crash the same answer is found again and all is done again, to the same effect.

    :param status: what the other side said with it; ``None`` when it came by another way.
    :returns: whether it was new and could be bound to the flow.
    """
    digest = office.store.documents.put(document.content)  # kept before it is understood
    if _known(transmission, digest, office):
        return False
    sent = office.store.documents.get(transmission.sha256)
    try:
        answer = _understand(transmission, document, sent, office)
    except FaultError as error:
        reason = {"name": document.name, "sha256": digest, "reason": str(error)}
        office.store.note(transmission.id, SET_ASIDE, reason)
        round_.told += error.faults.within(transmission.key)
        return False
    round_.told += Faults(one for one in answer.faults if one.code == CONFLICT)
    answer = replace(answer, rows=(*answer.rows, *_papers(transmission, answer, authority, office)))
    page = _page(transmission, answer, office)
    lay_answer(transmission, document, page, authority.folders)
    if answer.conflict and page is not None:
        lay_conflict(transmission, page, authority.folders)
    _keep_classification_fresh(answer, round_, authority, office)
    if answer.cancels:  # before the receipt: a crash in between finds it again
        act_cancelled(answer, document, authority, office)
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
        detail=_told_with(status),
        frees=answer.frees,
        remote_code=None if status is None else status.code,
    )
    if fresh and answer.negative:
        cancellation_refused(transmission, answer.faults, office)
    if fresh and transmission.etat_negative and not answer.negative:  # a late AR wins (§8.5)
        withdraw_refusal(transmission, authority, office)
    if fresh:
        stamp_flow(transmission.id, office)
    return fresh


def _papers(
    transmission: TransmissionView, answer: Answer, authority: Authority, office: Office
) -> Iterator[tuple[str, str]]:
    """Lay the papers of an act beside its AR; yield what its page should say about them."""
    if answer.kind != "ARActe" or answer.etat != EtatActe.ACQUITTE:
        return
    told = lay_papers(transmission, authority, office, received=answer.message_date)
    for fault in told:
        text = office.explain(fault)
        yield ("À savoir", f"{text.where} : {text.sentence} {text.remedy}".removeprefix(" : "))


def _told_with(status: RemoteStatus | None) -> dict[str, str]:
    if status is None:
        return {}
    return {"status": status.code, **({"message": status.message} if status.message else {})}


def _known(transmission: TransmissionView, digest: str, office: Office) -> bool:
    """Whether that answer was recorded, or set aside, at an earlier poll."""
    if any(receipt.sha256 == digest for receipt in office.store.receipts(transmission.id)):
        return True
    return any(
        entry.action == SET_ASIDE and entry.detail.get("sha256") == digest
        for entry in office.store.journal(transmission_id=transmission.id)
    )


def _page(transmission: TransmissionView, answer: Answer, office: Office) -> bytes | None:
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


def _conflict_page(transmission: TransmissionView, answer: Answer, office: Office) -> bytes:
    told = [office.explain(fault) for fault in answer.faults if fault.code == CONFLICT]
    state = " ".join(f"{text.sentence} {text.remedy}" for text in told)
    return receipt_sheet(
        title=f"À vérifier : {transmission.key}",
        state=state,
        good=False,
        rows=answer.rows,
        now=office.clock.now(),
    )


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
    round_ = Round()
    fresh = record_answer(flow, document, round_, authority, office)
    if round_.told and not fresh:
        raise FaultError(round_.told)
    if answers(acquit, read_pes(office.store.documents.get(flow.sha256))):
        proven_landed(flow, office)
    lay_refusals(authority, office)
    code = "PES-ACQUIT_TAKEN" if fresh else "PES-RETOUR_KNOWN"
    params = {"name": name, "numero": str(flow.id), "key": flow.key}
    taken = Fault(code=code, params=params, severity=Severity.WARNING, source=name)
    return Faults([taken]) + round_.told.as_warnings()


def _answered(nom_fic: str, authority: Authority, office: Office) -> TransmissionView | None:
    """Return the latest transmission of that NomFic that the other side has, or may have."""
    flow = office.store.by_key(authority.siren, Flux.HELIOS, nom_fic) if nom_fic else None
    if flow is None:
        return None
    received = flow.delivery in (DeliveryState.DEPOSITED, *DeliveryState.unsettled())
    return flow if received or flow.unknown_since is not None else None


def _understand(
    transmission: TransmissionView, document: InboundDocument, sent: bytes, office: Office
) -> Answer:
    """Read an answer and bind it to its flow.

    :param sent: the frozen bytes.
    :raises FaultError: it is unreadable, or it is about something else.
    """
    if transmission.flux != Flux.HELIOS:
        return understand_acte(transmission, document.content, sent)
    answer = understand_acquit(transmission, document.content, sent)
    if not transmission.etat_final:
        return answer
    return later_acquit(answer, document, transmission, office)


def _record_error(transmission: TransmissionView, status: RemoteStatus, office: Office) -> bool:
    """An error of the tiers de télétransmission itself (virus, unreadable file), no document."""
    if status.earlier_copy:
        return _record_earlier_copy(transmission, status, office)
    helios = transmission.flux == Flux.HELIOS
    if not helios and EtatActe(transmission.etat).acknowledged:  # the AR wins (§8.5)
        return False
    faults = Faults(
        [Fault(code="CON-REMOTE_ERROR", params={"message": status.message or status.code})]
    )
    fresh = office.store.record_receipt(
        transmission.id,
        kind="error",
        name="erreur.txt",
        sha256=office.store.documents.put(status.message.encode()),
        message_date=None,
        etat=EtatPes.REFUSE if helios else EtatActe.EN_ANOMALIE,
        etat_before=transmission.etat,
        etat_final=helios,
        etat_negative=True,
        faults=faults,
        detail={"status": status.code},
        frees=_freeable(transmission, office) if helios else freed_by_refusal(transmission),
    )
    if fresh:
        cancellation_refused(transmission, faults, office)
    return fresh


def _record_earlier_copy(
    transmission: TransmissionView, status: RemoteStatus, office: Office
) -> bool:
    """The same file was there already: it is the one that counts, and its acquit will be ours.

    Nothing is refused and no number is freed: sent again under another name, the file might be paid
    twice (§9.3).
    """
    params = {"key": transmission.key, "message": status.message}
    return office.store.record_receipt(
        transmission.id,
        kind="error",
        name="erreur.txt",
        sha256=office.store.documents.put(status.message.encode()),
        message_date=None,
        etat=transmission.etat,
        etat_before=transmission.etat,
        etat_final=False,
        faults=Faults([Fault(code=EARLIER_COPY, params=params)]),
        detail={"status": status.code},
    )


def _freeable(transmission: TransmissionView, office: Office) -> tuple[tuple[str, str], ...]:
    facts = read_pes(office.store.documents.get(transmission.sha256))
    return tuple(key for key in register_keys(facts) if key[0] in FREED[transmission.flux])


def _keep_classification_fresh(
    answer: Answer, round_: Round, authority: Authority, office: Office
) -> None:
    """Every answer tells the date in force: ask for the list when ours is older (§5.4)."""
    current = office.store.classification(authority.siren)
    if answer.announced is None or round_.classification_asked:
        return
    if current is None or current.day < answer.announced:
        office.store.confirm_classification(authority.siren, announced=answer.announced)
        round_.classification_asked = True
        classification.request_newer(authority, office)
