"""Lay files where agents look: returned deposits, transmitted ones, answers (architecture §5)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from demat.connectors.api import Flux, InboundDocument
from demat.engine.as_one import file_of, progress
from demat.engine.classification import held
from demat.engine.confirmation_sheet import confirmation_sheet
from demat.engine.office import Authority, Office
from demat.engine.propositions import labelled, laid_names, proposals_of, proposals_table
from demat.engine.receive import LINK
from demat.engine.sheets import correction_sheet
from demat.faults import Faults
from demat.files import free_name, move, safe_name, write_atomic
from demat.intake.api import Proposal
from demat.intake.claim import SHEET, Claimed, leave, pending
from demat.intake.folders import Folders
from demat.intake.names import PROPOSALS, files_below, readable
from demat.queue.states import DeliveryState, DepositState, Selection
from demat.queue.views import DepositView, TransmissionView

__all__ = [
    "COMPTABLE",
    "CONTROLE",
    "OUTDATED",
    "finish",
    "kept_back",
    "lay_answer",
    "lay_conflict",
    "lay_refusals",
    "lay_returned",
    "lay_transmitted",
    "put_away_corrected",
    "who_refused",
    "withdraw_refusal",
]

CONTROLE = "La préfecture (contrôle de légalité)"
COMPTABLE = "Le comptable public (Hélios)"
OUTDATED = "ACT-026_VERSION"
"""The act names a classification that is no longer in force."""
SHOWN = "sheet_laid"
"""Entry of the journal: the agent was shown that refusal."""


def lay_returned(deposit: DepositView, authority: Authority, office: Office) -> Path:
    """Move a deposit to ``a-corriger`` with its sheet; nothing was sent."""
    intro = (
        "Ce dépôt n'a pas été envoyé. Rien n'est perdu : vos fichiers sont dans ce dossier.",
        "Corrigez les points ci-dessous, puis remettez le tout dans « a-deposer ».",
    )
    proposals = proposals_of(deposit)
    if proposals:
        shown = labelled(proposals, held(authority, office))
        sheet = _confirmation(deposit, shown, office)
    else:
        sheet = _sheet(f"À corriger : {deposit.name}", intro, deposit.faults, office)
    claimed = _in_progress(deposit, authority)
    put_away_corrected(deposit, authority, office)
    if claimed is None:
        return _lay_copy(deposit, sheet, authority, office)
    if proposals:
        _lay_proposals(claimed.folder, deposit, authority, office)
    _mark(claimed.folder, deposit, sheet)
    return leave(claimed, authority.folders.a_corriger)  # last: never seen without its sheet


def _confirmation(deposit: DepositView, proposals: Sequence[Proposal], office: Office) -> bytes:
    return confirmation_sheet(
        title=f"À confirmer : {deposit.name}",
        proposals=proposals,
        remarks=[office.explain(fault) for fault in deposit.faults if not fault.blocking],
        now=office.clock.now(),
    )


def _lay_proposals(
    folder: Path, deposit: DepositView, authority: Authority, office: Office
) -> None:
    """Write the list of proposals, and put aside what it was made from; twice is as once."""
    names = laid_names([file.name for file in deposit.files])
    for path in files_below(folder):
        name = readable(path.relative_to(folder).as_posix())
        new = names.get(name, name)
        aside = path.with_name(f"{path.name}{new.removeprefix(name)}")
        if new != name and not aside.exists():
            path.rename(aside)
    table = proposals_table(proposals_of(deposit), held(authority, office))
    write_atomic(folder / PROPOSALS, table)


def lay_refusals(authority: Authority, office: Office) -> None:
    """Lay in ``a-corriger`` a copy of every deposit of which something was refused meanwhile.

    A refusal is shown once: the journal tells which were, so that a crash hides none and that what
    an agent has taken away does not come back.
    """
    store = office.store
    waiting = store.refused_untold(authority.siren, SHOWN)
    for number in dict.fromkeys(flow.deposit_id for flow in waiting):
        same = store.transmissions(selection=Selection.REFUSED, deposit_id=number)
        open_ = [flow for flow in same if flow.superseded_by is None]
        _lay_refused(store.deposit(number), open_, authority, office)
    for flow in waiting:
        store.note(flow.id, SHOWN, {"codes": " ".join(flow.faults.codes)})


def _lay_refused(
    deposit: DepositView, refused: Sequence[TransmissionView], authority: Authority, office: Office
) -> None:
    """Show all that was refused of one deposit on one sheet, beside one copy of its files."""
    faults = Faults()
    for flow in refused:
        faults += flow.faults.within(flow.key)
    intro = (
        " ".join(_refusal(flow, deposit, office) for flow in refused),
        *_standing(deposit, office),
        "Corrigez, puis remettez ce dossier dans « a-deposer » : ce qui a déjà été accepté ne "
        "sera pas renvoyé.",
    )
    sheet = _sheet(f"Refusé : {deposit.name}", intro, faults, office)
    laid = _laid(deposit.id, authority)
    if laid:
        _mark(laid[0], deposit, sheet)
    else:
        _lay_copy(deposit, sheet, authority, office)


def _refusal(flow: TransmissionView, deposit: DepositView, office: Office) -> str:
    did = "demat n'a pas envoyé" if kept_back(flow) else f"{who_refused(flow, office)} a refusé"
    which = ", ".join(filter(None, (f"envoi n° {flow.id}", file_of(flow), flow.key)))
    return f"{did} « {deposit.name} » ({which})."


def kept_back(flow: TransmissionView) -> bool:
    """Whether an act was not even presented, for its classification was no longer in force."""
    return flow.delivery is DeliveryState.REFUSED and OUTDATED in flow.faults.codes


def _standing(deposit: DepositView, office: Office) -> tuple[str, ...]:
    """Say where the other files of a deposit are, when it left in several."""
    flows = office.store.transmissions(collectivite=deposit.collectivite, deposit_id=deposit.id)
    return tuple(filter(None, (progress(flows),)))


def who_refused(flow: TransmissionView, office: Office) -> str:
    """Say in words who refused a transmission."""
    errors = [receipt.kind == "error" for receipt in office.store.receipts(flow.id)]
    if flow.delivery is DeliveryState.REFUSED or errors[-1:] == [True]:
        return "Votre tiers de télétransmission"
    return COMPTABLE if flow.flux == Flux.HELIOS else CONTROLE


def withdraw_refusal(flow: TransmissionView, authority: Authority, office: Office) -> None:
    """Take out of ``a-corriger`` a deposit of which nothing is refused any more."""
    refused = office.store.transmissions(collectivite=authority.siren, selection=Selection.REFUSED)
    if not any(one.deposit_id == flow.deposit_id for one in refused):
        _put_away(_laid(flow.deposit_id, authority), authority)


def lay_transmitted(deposit: DepositView, authority: Authority, office: Office) -> None:
    """Move a packed deposit to ``transmis``, and out of ``a-corriger`` what it corrects.

    What the agent should still check (a number that changed, a doubtful matière) goes with it.
    """
    put_away_corrected(deposit, authority, office)
    claimed = _in_progress(deposit, authority)
    if claimed is None:
        return
    for ours in (SHEET, LINK):  # they speak of the deposit that this one corrected
        (claimed.folder / ours).unlink(missing_ok=True)
    if deposit.faults:
        intro = ("Ce dépôt est prêt et part à son tour : rien à redéposer.",)
        sheet = _sheet(f"Bien reçu : {deposit.name}", intro, deposit.faults, office)
        write_atomic(claimed.folder / SHEET, sheet)
    leave(claimed, authority.folders.transmis)


def finish(deposit: DepositView, authority: Authority, office: Office) -> None:
    """Put a settled deposit where it belongs, when a full disk or a crash left it in progress."""
    if _in_progress(deposit, authority) is None:
        return
    if deposit.state is DepositState.RETURNED:
        lay_returned(deposit, authority, office)
    elif deposit.state is DepositState.PACKED:
        lay_transmitted(deposit, authority, office)


def put_away_corrected(deposit: DepositView, authority: Authority, office: Office) -> None:
    """Take out of ``a-corriger`` all that a deposit corrects; nothing is deleted."""
    older = deposit.replaces
    while older is not None:
        _put_away(_laid(older, authority), authority)
        older = office.store.deposit(older).replaces


def _put_away(folders: Iterable[Path], authority: Authority) -> None:
    for folder in folders:
        move(folder, authority.folders.transmis / "corriges")


def _laid(number: int, authority: Authority) -> list[Path]:
    """Return the folders of ``a-corriger`` that hold a deposit."""
    return [
        link.parent
        for link in sorted(authority.folders.a_corriger.glob(f"*/{LINK}"))
        if not link.parent.name.startswith(".")  # a copy that a crash left half made
        and link.read_text(encoding="ascii", errors="replace").strip() == str(number)
    ]


def lay_answer(
    transmission: TransmissionView, document: InboundDocument, page: bytes | None, folders: Folders
) -> Path:
    """Lay what the State answered in ``accuses``; laying it again changes nothing.

    :param page: readable page about it; none leaves the page of an earlier answer.
    """
    folder = folders.accuses / safe_name(transmission.key)
    write_atomic(folder / safe_name(document.name), document.content)
    if page is not None:
        write_atomic(folder / SHEET, page)
    return folder


def lay_conflict(transmission: TransmissionView, page: bytes, folders: Folders) -> None:
    """Lay in ``a-corriger``, where agents look first, that two answers of the State disagree."""
    folder = folders.a_corriger / f"contradiction-{safe_name(transmission.key)}"
    write_atomic(folder / SHEET, page)


def _in_progress(deposit: DepositView, authority: Authority) -> Claimed | None:
    return next((c for c in pending(authority.folders) if c.token == deposit.token), None)


def _lay_copy(deposit: DepositView, sheet: bytes, authority: Authority, office: Office) -> Path:
    """Write the files of a deposit again, from what was kept of it; whole or not at all."""
    laid = _laid(deposit.id, authority)
    if laid:
        return laid[0]
    target = authority.folders.a_corriger
    half = target / f".copie-{deposit.id}"
    for file in deposit.files:
        write_atomic(half / file.name, office.store.documents.get(file.sha256))
    if proposals_of(deposit):
        _lay_proposals(half, deposit, authority, office)
    _mark(half, deposit, sheet)
    loose = deposit.name in {file.name for file in deposit.files}
    return half.rename(free_name(target, Path(deposit.name).stem if loose else deposit.name))


def _mark(folder: Path, deposit: DepositView, sheet: bytes) -> None:
    write_atomic(folder / SHEET, sheet)
    write_atomic(folder / LINK, f"{deposit.id}\n".encode("ascii"))


def _sheet(title: str, intro: Sequence[str], faults: Faults, office: Office) -> bytes:
    return correction_sheet(
        title=title,
        intro=intro,
        faults=faults,
        explained=[office.explain(fault) for fault in faults],
        now=office.clock.now(),
    )
