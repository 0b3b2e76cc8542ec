"""Bring one deposit from received to packed, or back to its agent with the reasons.

Each move is recorded before the next; after a crash the same call goes on from where it was, since
a deposit is read again from the bytes that were kept.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from demat.clock import paris_date
from demat.connectors.api import Flux
from demat.engine import answers
from demat.engine.antivirus import infected
from demat.engine.classification import ClassificationAwaited, ensure, held
from demat.engine.give_back import finish, lay_returned, lay_transmitted
from demat.engine.numbers import numbering, with_doubts
from demat.engine.office import Authority, Office
from demat.engine.parts import Part, Preparation, frozen
from demat.engine.prepare_actes import acte_parts
from demat.engine.prepare_pes import pes_parts
from demat.engine.proofs import keep_of_flow
from demat.engine.propositions import dump_proposals, to_confirm, without_origins
from demat.engine.replies import answered_courrier, prepare_reponse
from demat.engine.restored import perhaps_sent
from demat.engine.sign import Pen, SignerUnusable, opened, sign_parts, signed_by
from demat.engine.signataires import Signataire, seal_for
from demat.engine.stamps import stamp_flow
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import ActeDraft, InputFile, ReadContext, Reader, Reading
from demat.intake.readers.acte_sidecar import ActeSidecar
from demat.intake.readers.budget import BudgetFile
from demat.intake.readers.ecritures import Mandats, Titres
from demat.intake.readers.envelope import Envelope
from demat.intake.readers.exports import Exports
from demat.intake.readers.pdf_alone import PdfAlone
from demat.intake.readers.pes_file import PesFile
from demat.intake.readers.seance import Seance
from demat.intake.readers.tables import SPREADSHEETS, read_table
from demat.queue.states import DepositState, TransitionRefused
from demat.queue.views import DepositView
from demat.tracing import span

__all__ = [
    "READERS",
    "give_back",
    "kept_files",
    "prepare",
    "process",
    "read_deposit",
    "sign_and_pack",
]

logger = logging.getLogger(__name__)

READERS: tuple[Reader, ...] = (
    *(Titres(), Mandats(), Seance(), ActeSidecar(), BudgetFile(), PesFile()),
    *(Envelope(), PdfAlone()),
)
"""Tried in this order; the first that recognises a deposit reads it."""

MAX_ALIKE = 50
"""Faults of one code that a deposit tells one by one."""

NAMES = "noms_fic"
"""Detail of a deposit: the NomFic that its files were given, kept while it waits."""

NO_CLASSIFICATION = "ACT-025"
"""Fault of an act that only lacks the préfecture's list: its agent has nothing to do about it."""

_CLASHES = frozenset({"QUE-KEY_USED", "QUE-SUPERSEDED", "QUE-IN_FLIGHT"})
"""Faults of the store that an agent, not a technician, can do something about."""
_UNCHECKED = (DepositState.RECEIVED, DepositState.DRAFTED)
_OPEN = (DepositState.RECEIVED, DepositState.DRAFTED, DepositState.CHECKED, DepositState.SIGNED)


def process(deposit: DepositView, authority: Authority, office: Office) -> DepositView:
    """Read, check, build, validate, sign and freeze one deposit, as far as it can go alone.

    Nothing is sent here. A deposit that awaits a person's signature stops there.

    :raises SignerUnusable: the key cannot be used; the deposit waits and the next call tries again.
    :raises ClassificationAwaited: nothing else is wrong; the deposit waits too.
    :raises AntivirusUnusable: the antivirus does not answer; the deposit waits in the same way.
    """
    if deposit.state not in _OPEN:
        finish(deposit, authority, office)
        return deposit
    try:
        with span("prepare", siren=authority.siren, deposit=deposit.id) as told:
            prepared = _process(deposit, authority, office)
            told.outcome = prepared.state
        return prepared
    except TransitionRefused:  # another process is at it: that one goes on
        logger.info("left to another process", extra={"action": "left", "deposit": deposit.id})
        return office.store.deposit(deposit.id)


def _process(deposit: DepositView, authority: Authority, office: Office) -> DepositView:
    found = infected(deposit, office)
    if found.blocking:
        return _refuse(deposit, found, authority, office)
    if answers.hold_answers(deposit.files, office):
        return _take_answers(deposit, authority, office)
    try:
        preparation = prepare(deposit, authority, office)
    except FaultError as error:
        return _refuse(deposit, error.faults, authority, office)
    if set(preparation.faults.blocking.codes) == {NO_CLASSIFICATION}:
        raise ClassificationAwaited(preparation.faults.blocking)
    if preparation.faults.blocking:
        return give_back(deposit, preparation, authority, office)
    if doubts := perhaps_sent(deposit, preparation, office):
        return give_back(deposit, Preparation(kind="", faults=doubts), authority, office)
    names = {NAMES: " ".join(part.key for part in preparation.parts if part.flux is Flux.HELIOS)}
    if deposit.state in _UNCHECKED:  # else a run before a crash did it
        kind, faults = preparation.kind, preparation.faults
        deposit = office.store.check(deposit.id, kind=kind, faults=faults, detail=names)
    if not preparation.to_sign:
        return _pack(deposit, preparation.parts, preparation.faults, authority, office)
    today = paris_date(office.clock.now())
    seal = seal_for(authority.signataires, preparation.to_sign, today)
    if seal is not None:
        return _sign_and_pack(deposit, preparation, seal, authority, office)
    awaiting = DepositState.AWAITING_SIGNATURE  # again, when a crash took a person's signature
    return office.store.advance(deposit.id, awaiting, faults=preparation.faults)


def _take_answers(deposit: DepositView, authority: Authority, office: Office) -> DepositView:
    """Take what the comptable answered; a deposit that holds answers becomes no transmission."""
    faults = answers.take_answers(deposit.files, authority, office)
    if faults.blocking:
        return _refuse(deposit, faults, authority, office)
    if deposit.state in _UNCHECKED:
        office.store.check(deposit.id, kind=answers.KIND, faults=faults)
    taken = office.store.put_away(deposit.id, faults=faults)
    lay_transmitted(taken, authority, office)
    logger.info("answers taken", extra={"action": "answers", "deposit": deposit.id})
    return taken


def read_deposit(kept: list[InputFile], authority: Authority, office: Office) -> Reading:
    """Read the kept files of a deposit with the reader that recognises them.

    :param kept: those of :func:`kept_files`, lent for as long as what is read of them serves.
    :raises FaultError: ``INT-UNREADABLE`` when none does.
    """
    files = without_origins(kept)
    _refuse_empty(files)
    readers: tuple[Reader, ...] = (Exports(authority.mappings), *READERS)
    reader = next((one for one in readers if one.recognises(files)), None)
    if reader is None:
        raise FaultError(_unrecognised(files))
    if _reads_actes(reader, files):
        ensure(authority, office)
    context = ReadContext(
        siren=authority.siren,
        siret=authority.siret,
        classification=held(authority, office),
        budgets=authority.budgets,
        civilites=authority.civilites,
        today=paris_date(office.clock.now()),
        propose_numero=numbering(authority, office),
        emetteur=authority.emetteur,
    )
    return reader.read(files, context)


def _reads_actes(reader: Reader, files: list[InputFile]) -> bool:
    """Tell whether a deposit holds acts, which no authority sends without a classification."""
    if isinstance(reader, Exports):
        return reader.lists_actes(files)
    return isinstance(reader, Seance | ActeSidecar | BudgetFile | Envelope | PdfAlone)


@contextmanager
def kept_files(deposit: DepositView, office: Office) -> Iterator[list[InputFile]]:
    """Lend the files of a deposit, as they were handed in, for the length of a block.

    :raises FaultError: ``QUE-DOCUMENT_…`` for all those that are lost, ``QUE-S3_…``.
    """
    files, faults = [], Faults()
    with ExitStack() as stack:
        for file in deposit.files:
            try:
                path = stack.enter_context(office.store.documents.local(file.sha256))
            except FaultError as error:
                faults += error.faults
            else:
                files.append(InputFile(name=file.name, data=path))
        faults.raise_if_blocking()
        yield files


def _refuse_empty(files: list[InputFile]) -> None:
    empty = [
        Fault(code="INT-FILE_EMPTY", params={"name": file.base}, source=file.base)
        for file in files
        if not file.head
    ]
    Faults(empty).raise_if_blocking()


_WORD_PROCESSING = frozenset({".doc", ".docx", ".odt", ".rtf"})


def _unrecognised(files: list[InputFile]) -> Fault:
    """Say why no reader took the deposit, as closely as the files allow.

    :raises FaultError: ``INT-TABLE…`` when its only spreadsheet cannot be read.
    """
    names = ", ".join(file.base for file in files)
    tables = [file for file in files if file.suffix in SPREADSHEETS]
    texts = [file.base for file in files if file.suffix in _WORD_PROCESSING]
    if len(tables) > 1:
        listed = ", ".join(file.base for file in tables)
        return Fault(code="INT-TABLE_SEVERAL", params={"names": listed})
    if tables:
        columns = ", ".join(filter(None, read_table(tables[0]).columns))
        params = {"columns": columns}
        return Fault(code="INT-TABLE_UNKNOWN", params=params, source=tables[0].base)
    if texts:
        return Fault(code="INT-WORD_PROCESSING", params={"names": ", ".join(texts)})
    return Fault(code="INT-UNREADABLE", params={"names": names})


def prepare(deposit: DepositView, authority: Authority, office: Office) -> Preparation:
    """Read and build a deposit; no state moves.

    :raises FaultError: why it cannot be read.
    """
    with kept_files(deposit, office) as files:
        if (wanted := answered_courrier(deposit)) is not None:
            return prepare_reponse(wanted, files, authority, office)
        return _prepare(deposit, files, authority, office)


def _prepare(
    deposit: DepositView, files: list[InputFile], authority: Authority, office: Office
) -> Preparation:
    reading = read_deposit(files, authority, office)
    if reading.faults.blocking:
        return Preparation(kind=reading.kind, faults=reading.faults.summarised(MAX_ALIKE))
    if reading.proposals:
        proposals = with_doubts(reading.proposals, authority, office)
        faults = reading.faults + Faults([to_confirm(proposals, deposit.name)])
        return Preparation(kind=reading.kind, proposals=proposals, faults=faults)
    actes = [draft for draft in reading.drafts if isinstance(draft, ActeDraft)]
    pes = [draft for draft in reading.drafts if not isinstance(draft, ActeDraft)]
    acte_made, acte_faults = acte_parts(actes, deposit, held(authority, office), authority, office)
    names = deposit.detail.get(NAMES, "").split()
    pes_made, pes_faults = pes_parts(pes, deposit, authority, office, names)
    parts = (*acte_made, *pes_made)
    faults = reading.faults + acte_faults + pes_faults
    if not parts and not faults.blocking:
        faults += [Fault(code="INT-NOTHING_TO_SEND", source=deposit.name)]
    return Preparation(kind=reading.kind, parts=parts, faults=faults.summarised(MAX_ALIKE))


def _sign_and_pack(
    deposit: DepositView,
    preparation: Preparation,
    seal: Signataire,
    authority: Authority,
    office: Office,
) -> DepositView:
    """Sign with a declared seal; the deposit waits for a technician when its key is of no use."""
    with opened(seal, authority, office, deposit_id=deposit.id) as pen:
        try:
            return sign_and_pack(deposit, preparation, pen, authority, office)
        except SignerUnusable:  # the agent has nothing to correct
            raise
        except FaultError as error:
            return _refuse(deposit, error.faults, authority, office)


def sign_and_pack(
    deposit: DepositView, preparation: Preparation, pen: Pen, authority: Authority, office: Office
) -> DepositView:
    """Sign with a key that is open, tell the journal who signed what, and freeze.

    :raises FaultError: ``SIG-…``; nothing has changed.
    """
    parts = sign_parts(preparation.parts, pen, authority, office)
    detail = signed_by(pen, preparation.to_sign)
    if deposit.state is DepositState.SIGNED:  # a crash took the first signature
        office.store.tell(authority.siren, "signed", detail, deposit_id=deposit.id)
    else:
        deposit = office.store.advance(deposit.id, DepositState.SIGNED, detail=detail)
    return _pack(deposit, parts, preparation.faults, authority, office)


def _pack(
    deposit: DepositView,
    parts: tuple[Part, ...],
    faults: Faults,
    authority: Authority,
    office: Office,
) -> DepositView:
    """Freeze: bytes first, then one transaction that names them all."""
    new = [frozen(part, office.store.documents) for part in parts]
    try:
        flows = office.store.pack(deposit.id, new, faults=faults)
    except FaultError as error:  # somebody used the same number meanwhile
        return _refuse(deposit, error.faults, authority, office)
    for flow, part in zip(flows, parts, strict=True):
        keep_of_flow(flow, part.content, authority, office)
        stamp_flow(flow.id, office)
    packed = office.store.deposit(deposit.id)
    lay_transmitted(packed, authority, office)
    logger.info(
        "packed %d transmissions", len(new), extra={"action": "packed", "deposit": deposit.id}
    )
    return packed


def _refuse(
    deposit: DepositView, faults: Faults, authority: Authority, office: Office
) -> DepositView:
    """Give a deposit back with what is wrong with it."""
    return give_back(deposit, Preparation(kind="", faults=faults), authority, office)


def give_back(
    deposit: DepositView,
    preparation: Preparation,
    authority: Authority,
    office: Office,
    *,
    detail: Mapping[str, str] | None = None,
) -> DepositView:
    """Give a deposit back with what is wrong with it, or with what a person must confirm.

    :param detail: what the journal tells besides.
    :raises FaultError: the store is in trouble: the deposit waits, its agent has nothing to do.
    """
    faults, proposals = preparation.faults, preparation.proposals
    if any(code.startswith("QUE-") and code not in _CLASHES for code in faults.codes):
        raise FaultError(faults)
    returned = office.store.advance(
        deposit.id,
        DepositState.RETURNED,
        faults=faults,
        kind=preparation.kind if proposals else None,
        detail=dump_proposals(proposals) if proposals else detail,
    )
    lay_returned(returned, authority, office)
    logger.info("returned", extra={"action": "returned", "deposit": deposit.id})
    return returned
