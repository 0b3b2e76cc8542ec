"""Folder exchange: files are laid in one folder of a share, answers picked up in another.

For the gateway of the DGFiP and for the tiers de télétransmission that work that way (connectors
dossier §2.2, §2.3, §5.3). The name of a file is its key: there is no number on the other side, and
nobody says « received ». What proves what:

========================== =========================================================================
its ``….part`` is there     its renaming never took place: surely not received
final name is there         received, and not taken yet
renaming confirmed          received, whatever became of it since
answer about it is there    received
neither name is there       taken, or never begun: nobody knows, and it is never sent again blindly
========================== =========================================================================
"""

import logging
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from demat.actes.inbound import RetourClassification, parse_inbound, read_archive
from demat.actes.lot import MessageKey
from demat.actes.names import FileName, IdActe, parse_file_name
from demat.clock import Clock
from demat.connectors.api import (
    Flux,
    InboundDocument,
    OutcomeUnknown,
    PaperKind,
    Refused,
    RemoteCourrier,
    RemotePaper,
    RemoteProgress,
    RemoteRetour,
    RemoteStatus,
    Shipment,
    Unreachable,
)
from demat.connectors.echange_recu import Recu
from demat.connectors.echange_sortie import Lettre, Sortie, SortieSettings
from demat.connectors.partage import PART, Partage, is_plain_name
from demat.faults import Fault, FaultError
from demat.helios.read import read_pes

__all__ = ["Accompagnement", "EchangeConnector", "EchangeSettings"]

logger = logging.getLogger(__name__)

_PROBE = f"demat-essai{PART}"
_COMPARED = 8 * 1024 * 1024
"""Up to there what lies on the other side is read and compared; above, its size is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Accompagnement:
    """The small file laid after each PES, which tells the gateway where it goes (§2.3).

    Two conventions were seen for its lines and two for the message: nothing says which a gateway
    wants, so all of it is configured.
    """

    forme: str
    """``site``: the three commands ``SITE P_…`` of FTP; ``meta``: the single one of PassTrans."""
    p_dest: str
    p_appli: str
    p_msg: str
    """First field of ``P_MSG``: a word such as ``PES``, or ``TypFic`` for that of the file."""
    extension: str
    """What its name ends with, after that of the PES."""

    def write(self, content: bytes) -> bytes:
        """Return the file that goes with a PES.

        :raises FaultError: the PES cannot be read.
        """
        facts = read_pes(content)
        first = facts.typ_fic if self.p_msg == "TypFic" else self.p_msg
        message = "#".join((first, facts.cod_col, facts.id_post, facts.cod_bud))
        values = {"P_DEST": self.p_dest, "P_APPLI": self.p_appli, "P_MSG": message}
        if self.forme == "meta":
            text = "site meta " + ";".join(f"{name}={found}" for name, found in values.items())
        else:
            text = "\n".join(f"SITE {name} {found}" for name, found in values.items())
        return f"{text}\n".encode("latin-1")


@dataclass(frozen=True, kw_only=True, slots=True)
class EchangeSettings:
    """How one authority uses its share."""

    sirens: frozenset[str]
    """SIREN of the authority and of its budgets: what says that it is for another is not taken."""
    cod_cols: frozenset[str] = frozenset()
    """``CodCol`` of its budgets; none: those of the acquits are not compared."""
    entree: str = "entree"
    """Folder where files are laid."""
    sortie: str = "sortie"
    """Folder where answers lie."""
    traites: str = ""
    """Folder where answers are moved once they are stored; empty: they are removed."""
    pris: str = ""
    """Folder where the other side moves what it has taken; empty: it removes it."""
    accompagnement: Accompagnement | None = None
    accuses: bool = False
    """Whether the other side sends the receipts 3-2 and 4-2 itself."""
    ask_classification: Callable[[date | None], tuple[str, bytes]] | None = None
    """Packs a message 7-1 and returns the name and the bytes of its archive.

    A ``FaultError`` that it raises becomes a ``Refused``."""
    max_acte_bytes: int = 150 * 1024 * 1024
    max_pes_bytes: int = 128 * 1000 * 1000
    max_answer_bytes: int = 150 * 1024 * 1024
    settle: timedelta = field(default=timedelta(seconds=5))
    """How long what cannot be read must stay the same before it is told as broken."""
    relist: timedelta = field(default=timedelta(seconds=5))
    """How long a list of the answers is used: a thousand questions about a folder of ten thousand
    files are asked one after the other."""


class EchangeConnector:
    """Connector to a share, for one authority."""

    name = "echange"
    keeps_refused_numbers = True  # nothing proves that the ministry takes one twice (§12.3)

    def __init__(self, share: Partage, settings: EchangeSettings, clock: Clock) -> None:
        """Prepare the connector; nothing is opened nor read yet."""
        self._share = share
        self._settings = settings
        self.acknowledges_courriers = settings.accuses
        self.papers_offered: frozenset[PaperKind] = frozenset()
        self._begun: set[str] = set()
        self._sortie = Sortie(
            share,
            SortieSettings(
                folder=settings.sortie,
                traites=settings.traites,
                sirens=settings.sirens,
                most=settings.max_answer_bytes,
                settle=settings.settle,
                relist=settings.relist,
            ),
            clock,
        )

    def test(self) -> str:
        """Read every folder, write a file where ours are laid and remove it.

        :raises AuthenticationRefused: key of the server, login or rights.
        :raises Unreachable: the share does not answer, or a folder is not there.
        :raises Refused: ``CON-SHARE_FULL``, ``CON-SHARE_WRITE``: nothing can be written.
        """
        settings, share = self._settings, self._share
        for folder in filter(None, (settings.entree, settings.traites, settings.pris)):
            share.entries(folder)
        waiting = len((*self._sortie.lettres(), *self._sortie.of_helios()))
        share.write(settings.entree, _PROBE, b"demat\n")
        share.remove(settings.entree, _PROBE)
        words = [f"OK : {share.where}", f"{waiting} réponse(s) à prendre"]
        if self._sortie.left_alone:
            words.append(f"laissés de côté : {', '.join(self._sortie.left_alone[:10])}")
        return " ; ".join(words)

    # sending

    def deposit(self, shipment: Shipment) -> str:
        """Write under another name, sync, then give the final name; the small file comes last.

        What lies there already, the same to the byte, is not laid a second time: it is handed over.

        :returns: the name of the file, which is how it is known from then on; for ACTES with that
            of its message.
        :raises Unreachable: the last renaming was never asked for, or surely did not take place.
        :raises OutcomeUnknown: ``CON-LOST_ANSWER``: it perhaps did.
        :raises Refused: another file bears its name, there is no room (``transient``), or its name
            or size cannot be laid.
        """
        reference = self._reference(shipment)
        self._lay(self._files(shipment))
        logger.info("laid", extra={"action": "deposit"})
        return reference

    def _files(self, shipment: Shipment) -> tuple[tuple[str, bytes], ...]:
        """Return the names and contents to lay; the last one makes the others be taken."""
        settings, name, content = self._settings, shipment.file_name, shipment.content
        helios = shipment.flux is Flux.HELIOS
        limit = settings.max_pes_bytes if helios else settings.max_acte_bytes
        if len(content) > limit:
            message = f"{len(content) / 1_048_576:.0f} Mo, maximum {limit / 1_048_576:.0f} Mo"
            raise Refused(Fault(code="CON-SIZE", params={"message": message}))
        if not helios or settings.accompagnement is None:
            return ((name, content),)
        try:
            beside = settings.accompagnement.write(content)
        except FaultError as error:
            raise Refused(error.faults) from error
        return (name, content), (f"{name}{settings.accompagnement.extension}", beside)

    def _lay(self, files: Sequence[tuple[str, bytes]]) -> None:
        entree = self._settings.entree
        (main, content), (last, _) = files[0], files[-1]
        earlier = self._parts(last)
        there = self._is_there(main, content)
        if there and (last == main or self._share.look(entree, last) is not None):
            return  # the very same: it is handed over, whoever laid it
        self._withdraw(last, earlier)
        if last != main:
            for part in self._parts(main):
                self._share.remove(entree, part)
        self._begun.add(last)
        # each try writes under a name of its own: an earlier one that is still under way, its
        # connection given up, can neither spoil this one nor give a half of it the final name
        parts = {name: f"{name}.{secrets.token_hex(4)}{PART}" for name, _ in files}
        # the last first: as long as its part is there, nothing has been handed over
        for name, data in reversed(files):
            if not (there and name == main):
                self._share.write(entree, parts[name], data)
        if last != main and not there:
            self._rename_first(parts[main], main)
        self._begun.discard(last)
        try:
            self._share.rename(entree, parts[last], last)
        except Unreachable:
            self._begun.add(last)
            raise

    def _rename_first(self, part: str, name: str) -> None:
        """Give its final name to a file that is not taken before the small one has come."""
        try:
            self._share.rename(self._settings.entree, part, name)
        except OutcomeUnknown as error:
            raise Unreachable(error.faults) from error

    def _parts(self, name: str) -> tuple[str, ...]:
        """Return what earlier tries have left, or are writing, of a file."""
        pattern = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{8}}{re.escape(PART)}")
        entries = self._share.entries(self._settings.entree)
        return tuple(entry.name for entry in entries if pattern.fullmatch(entry.name))

    def _withdraw(self, last: str, parts: Sequence[str]) -> None:
        """Remove what earlier tries left: once it is gone, they can never end any more.

        :raises OutcomeUnknown: one of them ended at that very moment, or may have.
        """
        if parts and not self._proves(last):
            raise OutcomeUnknown(_fault("CON-SHARE_TAKEN", last))
        for part in parts:
            if not self._share.remove(self._settings.entree, part):
                raise OutcomeUnknown(_fault("CON-SHARE_TAKEN", last))

    def _proves(self, name: str) -> bool:
        """Whether the ``.part`` of a file proves that it has not got its final name."""
        return name in self._begun or self._share.atomic(self._settings.entree)

    def _is_there(self, name: str, content: bytes) -> bool:
        """Whether these bytes lie under that name.

        :raises Refused: ``CON-SHARE_CLASH``: others do.
        """
        entree = self._settings.entree
        found = self._share.look(entree, name)
        if found is None:
            return False
        same = found.plain and found.size == len(content)
        if same and found.size <= _COMPARED:
            held = self._share.read(entree, name, most=found.size)
            if held is None:  # taken at that very moment: it was there
                return True
            same = held == content
        if not same:
            raise Refused(_fault("CON-SHARE_CLASH", name))
        return True

    # recovering

    def find(self, shipment: Shipment) -> str | None:
        """Look for what was laid and whose outcome is unknown (§9.4: the name is the key).

        The part is looked for first: when it is not there, a renaming has either taken place
        already or never will, so that what is seen next cannot change behind our back.

        :raises OutcomeUnknown: ``CON-SHARE_TAKEN``: taken, or never begun; an answer will tell.
            ``CON-SHARE_CLASH``: another file bears its name.
        """
        settings, share = self._settings, self._share
        reference = self._reference(shipment)
        files = self._files(shipment)
        (main, content), (last, _) = files[0], files[-1]
        part = bool(self._parts(last))
        try:
            there = self._is_there(main, content)
        except Refused as error:  # ours may have been taken before the other came
            raise OutcomeUnknown(error.faults) from error
        if there and (last == main or share.look(settings.entree, last) is not None):
            return reference
        if settings.pris and share.look(settings.pris, main) is not None:
            return reference
        if self._is_answered(shipment.flux, reference):
            return reference
        if part and self._proves(last):
            return None
        if settings.pris and not part and not there:
            return None
        raise OutcomeUnknown(_fault("CON-SHARE_TAKEN", main))

    def _is_answered(self, flux: Flux, reference: str) -> bool:
        if flux is Flux.HELIOS:
            return next(self._acquits(reference), None) is not None
        return next(self._answers(reference), None) is not None

    # following

    def status(self, flux: Flux, reference: str) -> RemoteStatus:
        """Look whether a file was taken, and what has come about it.

        :raises Unreachable: the share cannot be read; asking again is safe.
        """
        laid = reference.partition(":")[0]
        if flux is Flux.ACTES:
            known = _message(reference) is not None
            found = self._actes_documents(reference) if known else ()
        else:
            known = is_plain_name(laid) and laid.lower().endswith(".xml")
            found = self._helios_documents(reference) if known else ()
        if not known:
            return _status(RemoteProgress.UNRECOGNISED, "inconnu")
        if found:
            negative = any("anomalie" in document.name for document in found)
            progress = RemoteProgress.ERROR if negative else RemoteProgress.ANSWERED
            return _status(progress, "répondu", found)
        if self._share.look(self._settings.entree, laid) is not None:
            return _status(RemoteProgress.PENDING, "déposé")
        return _status(RemoteProgress.TRANSMITTED, "pris")

    def _helios_documents(self, reference: str) -> tuple[InboundDocument, ...]:
        found = (self._sortie.content(recu) for recu in self._acquits(reference))
        return _named(reference, "PES_ACQUIT", found)

    def _acquits(self, reference: str) -> Iterator[Recu]:
        """Yield the acquits about a PES: by its NomFic and CodCol, never by their name (§2.3)."""
        for name in (reference, reference[: -len(".xml")]):  # the NomFic may have none (§1.9.6)
            for recu in self._sortie.acquits(name):
                mine = not self._settings.cod_cols or recu.cod_col in self._settings.cod_cols
                if mine or recu.cod_col in ("", "000"):
                    yield recu

    def _actes_documents(self, reference: str) -> tuple[InboundDocument, ...]:
        """Return the AR about a message, else the anomalies: an AR always wins (§8.5)."""
        answers = list(self._answers(reference))
        refusals = [one for one in answers if one[2].root.startswith("Anomalie")]
        receipts = [one for one in answers if one not in refusals]
        kept, label = (receipts, "AR") if receipts else (refusals, "anomalie")
        contents = (self._sortie.message(recu, name) for recu, name, _ in kept)
        return _named(reference, label, contents)

    def _answers(self, reference: str) -> Iterator[tuple[Recu, str, MessageKey]]:
        """Yield the messages that answer one of ours, with the files that hold them."""
        mine = _message(reference)
        if mine is None:
            return
        archive = reference.partition(":")[0]
        for recu, name, key in self._sortie.about(str(mine.id_acte or "")):
            if _is_about(key, mine, archive):
                yield recu, name, key

    # what comes of itself

    def papers(self, reference: str, *, affichage: date | None = None) -> tuple[RemotePaper, ...]:
        """Return nothing: a share gives back what the State said, and makes no papers."""
        return ()

    def person_page(self, flux: Flux, reference: str, code: str) -> str:
        """Return nothing: nobody confirms what lies on a share."""
        return ""

    def classification(self) -> bytes:
        """Return the newest message 7-2 that nobody has put away, untouched.

        :raises Refused: ``CON-NO_CLASSIFICATION``: there is none.
        """
        found: list[tuple[date, bytes]] = []
        for recu, name, key in self._sortie.about(""):
            if key.root != "RetourClassification":
                continue
            content = self._sortie.message(recu, name)
            message = parse_inbound(content) if content else None
            if isinstance(message, RetourClassification):
                found.append((message.date, content))
        if not found:
            params = {"message": "aucun fichier 7-2"}
            raise Refused(Fault(code="CON-NO_CLASSIFICATION", params=params))
        return max(found)[1]

    def request_classification(self, held: date | None) -> None:
        """Lay a message 7-1; the answer comes as a letter.

        :raises Refused: ``CON-CLASSIFICATION_DAILY``: already asked today, or it cannot be laid.
        :raises OutcomeUnknown: perhaps laid; nothing is harmed by a second one.
        """
        pack = self._settings.ask_classification
        if pack is None:
            raise Refused(Fault(code="CON-SENT_BY_TDT", params={"message": "7-1"}))
        try:
            archive = pack(held)
        except FaultError as error:
            raise Refused(error.faults) from error
        self._lay((archive,))

    def retours(self) -> tuple[RemoteRetour, ...]:
        """List the PES_Retour, and the acquits: both are files of the comptable, put away alike."""
        return tuple(
            RemoteRetour(reference=lettre.reference, name=lettre.main.name)
            for lettre in self._sortie.of_helios()
        )

    def retour(self, reference: str) -> InboundDocument:
        """Return one of them, untouched.

        :raises Refused: ``CON-NO_RETOUR``: it is not there any more.
        """
        return self._fetched(reference, "CON-NO_RETOUR")

    def mark_read(self, reference: str) -> None:
        """Remove one of them, or move it, when it is still the file that was given.

        :raises Refused: ``CON-NO_RETOUR``: no such thing was ever given.
        """
        if not self._sortie.put_away(reference):
            params = {"reference": reference, "message": "…"}
            raise Refused(Fault(code="CON-NO_RETOUR", params=params))

    def courriers(self) -> tuple[RemoteCourrier, ...]:
        """List every message of the préfecture, letters or not, with what goes with it."""
        return tuple(
            RemoteCourrier(
                reference=lettre.reference, kind=lettre.main.kind, about="", id_acte=_acte(lettre)
            )
            for lettre in self._sortie.lettres()
        )

    def courrier(self, reference: str) -> InboundDocument:
        """Return one of them; several files that lie side by side come as one archive.

        :raises Refused: ``CON-NO_COURRIER``: it is not there any more.
        """
        return self._fetched(reference, "CON-NO_COURRIER")

    def mark_courrier_read(self, reference: str) -> None:
        """Remove one of them, or move it, when it is still the file that was given."""
        self._sortie.put_away(reference)

    def close(self) -> None:
        """Let go of the connection; the next question opens another."""
        self._share.close()

    def _fetched(self, reference: str, code: str) -> InboundDocument:
        lettre = self._sortie.get(reference)
        found = self._sortie.fetch(lettre) if lettre is not None else None
        if found is None:
            raise Refused(Fault(code=code, params={"reference": reference, "message": "…"}))
        return found

    def _reference(self, shipment: Shipment) -> str:
        """Return how a shipment is known once it is laid: its name and that of its message.

        :raises Refused: ``CON-SHARE_NAME``, or the archive is not one of ours.
        """
        name = shipment.file_name
        if not is_plain_name(name):
            raise Refused(_fault("CON-SHARE_NAME", name))
        if shipment.flux is Flux.HELIOS:
            return name
        try:
            message = next(iter(read_archive(shipment.content).messages), "")
        except FaultError as error:
            raise Refused(error.faults) from error
        return f"{name}:{message.removesuffix('_0.xml')}"


_MESSAGE = re.compile(r"[^:]{1,200}\.tar\.gz:(?P<message>[^:/]{1,200})")


def _message(reference: str) -> FileName | None:
    """Return the message of ours that a reference names."""
    found = _MESSAGE.fullmatch(reference)
    return parse_file_name(f"{found['message']}_0.xml") if found else None


def _is_about(key: MessageKey, mine: FileName, archive: str) -> bool:
    """Whether a message answers one of ours (actes dossier §8.4).

    The receipts of replies name a letter and not a reply: whoever takes them as letters knows which
    reply it was.
    """
    code, id_acte = f"{mine.transaction}-{mine.message}", mine.id_acte
    if key.root == "AnomalieEnveloppe":
        stem = f"{mine}".rpartition("_")[0]
        listed = any(name.startswith(f"{stem}_") for name in key.formulaires)
        named = key.envelope_name.removesuffix(".xml")
        return listed or (bool(named) and archive.endswith(f"-{named}.tar.gz"))
    if id_acte is None:
        return False
    if key.root == "ARActe":
        return code == "1-1" and key.id_acte == str(id_acte)
    if key.root == "ARAnnulation":
        return code == "6-1" and key.id_acte == str(id_acte)
    return key.root == "AnomalieActe" and code == "1-1" and _rejects(key, id_acte)


def _rejects(key: MessageKey, id_acte: IdActe) -> bool:
    """An anomaly names no act: its echo does, by number and date, else its file names."""
    if key.numero and key.date is not None:
        return (key.numero, key.date) == (id_acte.numero, id_acte.date)
    found = parse_file_name(key.document_name) if key.document_name else None
    if found is not None:
        return found.id_acte == id_acte
    return key.named == str(id_acte)


def _acte(lettre: Lettre) -> str:
    return next((key.id_acte for key in lettre.main.keys.values() if key.id_acte), "")


def _named(reference: str, label: str, contents: Iterator[bytes]) -> tuple[InboundDocument, ...]:
    """Name what has come about a file; the same bytes count once (§5.3)."""
    different = [content for content in dict.fromkeys(contents) if content]
    return tuple(
        InboundDocument(
            name=f"{reference}-{label}{f'-{rank}' if rank > 1 else ''}.xml", content=content
        )
        for rank, content in enumerate(different, start=1)
    )


def _status(
    progress: RemoteProgress, code: str, documents: Sequence[InboundDocument] = ()
) -> RemoteStatus:
    return RemoteStatus(progress=progress, code=code, message="", documents=documents)


def _fault(code: str, name: str) -> Fault:
    return Fault(code=code, params={"name": name})
