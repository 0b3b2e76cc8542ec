"""What the préfecture sends, whichever way it comes: bound to what was sent, or kept in quarantine.

The tiers de télétransmission gives letters one by one; a mail, an archive or a message that an
agent lays in the watched folder goes the same way. Bytes are kept before they are understood, and
what nothing can be bound to is never thrown away (actes dossier §8.4, §8.5, §9.2).
"""

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from demat.actes.courriers import TypeCourrier
from demat.actes.inbound import parse_inbound
from demat.actes.lot import Lot, MessageKey, message_key, read_lot
from demat.actes.messages import (
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    ARReponse,
    ClassificationSansChangement,
    CourrierPrefecture,
    Inbound,
    RetourClassification,
)
from demat.actes.names import IdActe, parse_archive_name, parse_file_name
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    InboundDocument,
    RemoteCourrier,
)
from demat.engine import cancel, classification, replies
from demat.engine.collect import Round, record_answer
from demat.engine.office import Authority, Office
from demat.engine.reconcile import proven_landed
from demat.faults import Fault, FaultError, Faults
from demat.queue.views import NewCourrier, ReceivedFile, TransmissionView
from demat.xmlio import root_name

__all__ = ["QUARANTINE", "REMINDER", "collect_courriers", "take_lot"]

logger = logging.getLogger(__name__)

QUARANTINE = "quarantaine"
"""Kind of a message that nothing could be bound to."""
PRODUCTION, TEST = "EACT", "TACT"
"""Second field of archive names, by environment (§2.2, §11 trap 32)."""
REMINDER = "rappel"
"""Kind of a mail that reminds of the paper complement of an act (§7.1)."""


def collect_courriers(authority: Authority, office: Office, round_: Round) -> None:
    """Fetch the letters that the other side holds; each is marked as read once it is kept.

    One that is still listed is taken again, whatever is known of it: a crash may have come between
    two of its messages.

    :raises ConnectorError: the list could not be asked for, or after all the others, for a letter
        that could not be had.
    """
    connector, failure = authority.connector, None
    for remote in connector.courriers():
        try:
            document = connector.courrier(remote.reference)
            _take_remote(remote, document, authority, office, round_)
            connector.mark_courrier_read(remote.reference)
        except AuthenticationRefused:
            raise
        except ConnectorError as error:
            failure = error
            logger.warning(
                "letter not had: %s",
                error,
                extra={"action": "courrier", "collectivite": authority.siren},
            )
    if failure is not None:
        raise failure


def _take_remote(
    remote: RemoteCourrier,
    document: InboundDocument,
    authority: Authority,
    office: Office,
    round_: Round,
) -> None:
    try:
        lot = read_lot(document.name, document.content)
    except FaultError as error:
        fault = next(iter(error.faults))
        round_.new += _keep_raw(
            document, authority, office, fault=fault, reference=remote.reference
        )
        return
    raw = InboundDocument(name=document.name, content=document.content)
    take_lot(lot, raw, authority, office, round_, reference=remote.reference)


def take_lot(
    lot: Lot,
    raw: InboundDocument,
    authority: Authority,
    office: Office,
    round_: Round,
    *,
    reference: str = "",
) -> None:
    """Take every message of a lot; taking it again changes nothing.

    :param raw: what was received, untouched.
    :param reference: number of the letter on the other side.
    :raises FaultError: ``ACT-LOT_OTHER``: it is for another authority, nothing is taken.
    """
    if lot.siren and lot.siren != authority.siren:
        params = {"name": raw.name, "siren": lot.siren}
        raise FaultError(Fault(code="ACT-LOT_OTHER", params=params, source=raw.name))
    office.store.documents.put(raw.content)
    if _is_test(lot) and office.settings.application == PRODUCTION:
        fault = Fault(code="ACT-LOT_TEST", params={"name": raw.name}, source=raw.name)
        round_.new += _keep_raw(raw, authority, office, fault=fault, reference=reference)
        return
    desk = _Desk(lot=lot, authority=authority, office=office, round_=round_, reference=reference)
    for name, content in lot.messages.items():
        desk.take(name, content)
    if not lot.messages:
        kind = REMINDER if lot.reminder else QUARANTINE
        desk.keep(kind, raw.name, raw.content, id_acte=lot.reminder, texte=_text_of(lot))


def _text_of(lot: Lot) -> str:
    return lot.mail.text if lot.mail is not None else ""


def _is_test(lot: Lot) -> bool:
    """Whether the envelope comes from a test environment: it must never feed a real one (§9.2)."""
    found = parse_archive_name(lot.envelope_name)
    return found is not None and found.application == TEST


def _keep_raw(
    raw: InboundDocument, authority: Authority, office: Office, *, fault: Fault, reference: str
) -> bool:
    """Keep what cannot be taken, for a person to see; return whether it is new."""
    _, fresh = office.store.keep_courrier(
        NewCourrier(
            collectivite=authority.siren,
            sha256=office.store.documents.put(raw.content),
            kind=QUARANTINE,
            name=raw.name,
            reference=reference,
            faults=Faults([fault]),
        )
    )
    return fresh


@dataclass(frozen=True, kw_only=True, slots=True)
class _Desk:
    """One lot being taken."""

    lot: Lot
    authority: Authority
    office: Office
    round_: Round
    reference: str

    def take(self, name: str, content: bytes) -> None:
        """Take one message: a letter, an answer, a classification, or something unknown."""
        try:
            message = parse_inbound(content)
        except FaultError as error:
            self.keep(QUARANTINE, name, content, faults=error.faults)
            return
        key = message_key(message, name=name, siren=self.lot.siren)
        if isinstance(message, CourrierPrefecture):
            self._letter(message, name, content)
        elif isinstance(message, RetourClassification):
            self.round_.new += classification.install(content, self.authority, self.office)
        elif isinstance(message, ClassificationSansChangement):
            classification.confirm(self.authority, self.office)
        else:
            self._answer(message, key, name, content)

    def _letter(self, message: CourrierPrefecture, name: str, content: bytes) -> None:
        kind = TypeCourrier.from_root(message.root) if self._ours(message.id_acte) else None
        acte = self._by_id(message.id_acte)
        self.keep(
            kind.value if kind else QUARANTINE,
            name,
            content,
            id_acte=message.id_acte,
            texte=message.texte,
            letter=message,
            acte=acte,
        )

    def _ours(self, id_acte: str) -> bool:
        """Whether an identifier is that of an act of this authority: it may be answered."""
        try:
            return IdActe.parse(id_acte).siren == self.authority.siren
        except FaultError:
            return False

    def _answer(self, message: Inbound, key: MessageKey, name: str, content: bytes) -> None:
        flows = self._flows(message, key)
        before = len(self.round_.told)
        for flow in flows:
            document = InboundDocument(name=name, content=content)
            self.round_.new += record_answer(
                proven_landed(flow, self.office), document, self.round_, self.authority, self.office
            )
        if not flows or len(self.round_.told) > before:
            self.keep(QUARANTINE, name, content, id_acte=key.id_acte or key.named)

    def keep(
        self,
        kind: str,
        name: str,
        content: bytes,
        *,
        id_acte: str = "",
        texte: str = "",
        faults: Faults | None = None,
        letter: CourrierPrefecture | None = None,
        acte: TransmissionView | None = None,
    ) -> None:
        """Keep a message with what came with it, for a person to see."""
        documents = self.lot.documents_of(name) if name in self.lot.messages else self.lot.others
        _, fresh = self.office.store.keep_courrier(
            NewCourrier(
                collectivite=self.authority.siren,
                sha256=self.office.store.documents.put(content),
                kind=kind,
                name=name,
                root=_root(content),
                id_acte=id_acte,
                day=letter.date if letter else None,
                texte=texte,
                reference=self.reference,
                documents=self._kept(documents),
                transmission_id=acte.id if acte else None,
                faults=(faults or Faults()) + self.lot.faults,
            )
        )
        self.round_.new += fresh

    def _kept(self, documents: Mapping[str, bytes]) -> tuple[ReceivedFile, ...]:
        put = self.office.store.documents.put
        return tuple(
            ReceivedFile(name=name, sha256=put(content), size=len(content))
            for name, content in documents.items()
        )

    def _flows(self, message: Inbound, key: MessageKey) -> list[TransmissionView]:
        """Return what a message answers, by the keys of §8.4 in order of preference."""
        if isinstance(message, ARActe):
            return _some(self._by_id(message.id_acte))
        if isinstance(message, ARAnnulation):
            store, siren = self.office.store, self.authority.siren
            return _some(
                store.holder(siren, cancel.KIND, message.id_acte) or self._by_id(message.id_acte)
            )
        if isinstance(message, ARReponse):
            return _some(self._answered(message))
        if isinstance(message, AnomalieActe):
            return _some(self._rejected(key))
        if isinstance(message, AnomalieEnveloppe):
            return self._of_envelope(key)
        return []

    def _by_id(self, id_acte: str) -> TransmissionView | None:
        if not id_acte:
            return None
        return self.office.store.by_key(self.authority.siren, Flux.ACTES, id_acte)

    def _answered(self, message: ARReponse) -> TransmissionView | None:
        """Return our answer to the letter of that date on that act, the oldest without receipt."""
        store, siren = self.office.store, self.authority.siren
        acte = self._by_id(message.id_acte)
        letters = store.courriers(siren, transmission_id=acte.id if acte else None)
        answers = [
            answer
            for letter in letters
            if (letter.id_acte, letter.day) == (message.id_acte, message.date_courrier)
            if (answer := store.holder(siren, replies.KIND, str(letter.id))) is not None
            if replies.receipt_root(answer) == message.root
        ]
        open_ = [answer for answer in answers if not answer.etat_final]
        return next(iter(open_ or answers), None)

    def _rejected(self, key: MessageKey) -> TransmissionView | None:
        """An anomaly names no act: its echo does, by number and date, then by its file names."""
        if key.numero and key.date:
            holder = self.office.store.holder(self.authority.siren, "numero", key.numero)
            if holder is not None and holder.facts.get("date") == key.date.isoformat():
                return holder
        for name in (key.document_name, key.named and f"{key.named}-1-1_0.xml"):
            found = parse_file_name(name) if name else None
            if found and found.id_acte and (flow := self._by_id(str(found.id_acte))):
                return flow
        return None

    def _of_envelope(self, key: MessageKey) -> list[TransmissionView]:
        """Return every flow of a rejected archive: by its name, else by those of its messages."""
        store, siren = self.office.store, self.authority.siren
        archive = key.envelope_name.removesuffix(".xml")
        named = store.by_file_name(siren, f"{self.office.settings.trigramme}-{archive}.tar.gz")
        if archive and named is not None:
            return [named]
        return [flow for name in key.formulaires for flow in self._by_message(name)]

    def _by_message(self, name: str) -> list[TransmissionView]:
        found = parse_file_name(name)
        if found is None or found.id_acte is None:
            return []
        code, id_acte = f"{found.transaction}-{found.message}", str(found.id_acte)
        if code == "1-1":
            return _some(self._by_id(id_acte))
        flows = self.office.store.transmissions(collectivite=self.authority.siren, flux=Flux.ACTES)
        return [flow for flow in flows if name in flow.facts.get("members", ())][-1:]


def _some(flow: TransmissionView | None) -> list[TransmissionView]:
    return [] if flow is None else [flow]


def _root(content: bytes) -> str:
    try:
        return root_name(io.BytesIO(content))
    except FaultError:
        return ""
