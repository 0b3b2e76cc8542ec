"""Lay files where agents look: returned deposits, transmitted ones, answers (architecture §5)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from demat.connectors.api import InboundDocument
from demat.engine.office import Authority, Office
from demat.engine.receive import LINK
from demat.engine.sheets import correction_sheet, receipt_sheet
from demat.faults import Faults
from demat.files import free_name, move, safe_name, write_atomic
from demat.intake.claim import SHEET, Claimed, leave, pending
from demat.queue.views import DepositView, TransmissionView

__all__ = [
    "lay_answer",
    "lay_refusal",
    "lay_returned",
    "lay_transmitted",
    "put_away_corrected",
]


def lay_returned(deposit: DepositView, authority: Authority, office: Office) -> Path:
    """Move a deposit to ``a-corriger`` with its sheet; nothing was sent."""
    intro = (
        "Ce dépôt n'a pas été envoyé. Rien n'est perdu : vos fichiers sont dans ce dossier.",
        "Corrigez les points ci-dessous, puis remettez le tout dans « a-deposer ».",
    )
    claimed = _in_progress(deposit, authority)
    target = authority.folders.a_corriger
    place = leave(claimed, target) if claimed else _rebuild(deposit, target, office)
    _write_sheet(place, deposit, f"À corriger : {deposit.name}", intro, deposit.faults, office)
    return place


def lay_refusal(
    transmission: TransmissionView,
    who: str,
    faults: Faults,
    authority: Authority,
    office: Office,
) -> Path:
    """Lay a copy of a refused deposit in ``a-corriger``, with the reasons of the other side."""
    deposit = office.store.deposit(transmission.deposit_id)
    intro = (
        f"{who} a refusé « {deposit.name} » (envoi n° {transmission.id}, {transmission.key}).",
        "Corrigez, puis remettez ce dossier dans « a-deposer » : ce qui a déjà été accepté ne "
        "sera pas renvoyé.",
    )
    place = _rebuild(deposit, authority.folders.a_corriger, office)
    _write_sheet(place, deposit, f"Refusé : {deposit.name}", intro, faults, office)
    return place


def lay_transmitted(deposit: DepositView, authority: Authority) -> None:
    """Move a packed deposit to ``transmis``."""
    claimed = _in_progress(deposit, authority)
    if claimed:
        leave(claimed, authority.folders.transmis)


def put_away_corrected(deposit: DepositView, authority: Authority) -> None:
    """Take out of ``a-corriger`` what a newer deposit has just corrected; nothing is deleted."""
    for link in sorted(authority.folders.a_corriger.glob(f"*/{LINK}")):
        if link.read_text(encoding="ascii", errors="replace").strip() == str(deposit.replaces):
            move(link.parent, authority.folders.transmis / "corriges")


def lay_answer(
    transmission: TransmissionView,
    documents: Iterable[InboundDocument],
    *,
    state: str,
    rows: Sequence[tuple[str, str]],
    authority: Authority,
    office: Office,
) -> Path:
    """Lay what the State answered in ``accuses``, with a readable page."""
    folder = authority.folders.accuses / safe_name(transmission.key)
    for document in documents:
        write_atomic(folder / safe_name(document.name), document.content)
    page = receipt_sheet(
        title=f"Accusé : {transmission.key}", state=state, rows=rows, now=office.clock.now()
    )
    write_atomic(folder / SHEET, page)
    return folder


def _in_progress(deposit: DepositView, authority: Authority) -> Claimed | None:
    return next((c for c in pending(authority.folders) if c.token == deposit.token), None)


def _rebuild(deposit: DepositView, target: Path, office: Office) -> Path:
    """Write the files of a deposit again, from what was kept of it."""
    target.mkdir(parents=True, exist_ok=True)
    name = Path(deposit.name).stem if len(deposit.files) == 1 else deposit.name
    place = free_name(target, name)
    for file in deposit.files:
        write_atomic(place / file.name, office.store.documents.get(file.sha256))
    return place


def _write_sheet(
    place: Path,
    deposit: DepositView,
    title: str,
    intro: Sequence[str],
    faults: Faults,
    office: Office,
) -> None:
    explained = [office.explain(fault) for fault in faults]
    page = correction_sheet(
        title=title, intro=intro, faults=faults, explained=explained, now=office.clock.now()
    )
    write_atomic(place / SHEET, page)
    write_atomic(place / LINK, f"{deposit.id}\n".encode("ascii"))
