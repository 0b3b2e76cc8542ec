"""The pages on which a signataire reads, pièce by pièce, what waits for a signature."""

from pathlib import Path
from tempfile import TemporaryDirectory

from demat.engine.office import Authority, Office
from demat.engine.sign_session import Waiting, as_shown
from demat.engine.view_pes import show_pes

__all__ = ["write_pages"]


def write_pages(
    waiting: Waiting, folder: Path, authority: Authority, office: Office
) -> tuple[Path, ...]:
    """Write one page per file to sign, its attachments beside it; return the pages.

    They show what is going to be signed, not what was handed in.

    :param folder: made when needed; pages of the same deposit are replaced.
    :raises FaultError: ``INT-SIGN_CHANGED`` when it is no longer what was listed.
    :raises OSError: a file cannot be written.
    """
    parts = [part for part in as_shown(waiting, authority, office).parts if part.to_sign]
    pages = []
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as aside:
        for rank, part in enumerate(parts, start=1):
            source = Path(aside) / f"{rank}.xml"
            source.write_bytes(part.content)
            suffix = f"-{rank}" if len(parts) > 1 else ""
            page = folder / f"D{waiting.deposit.id}{suffix}.html"
            show_pes(
                source,
                html=page,
                csv=None,
                trust=authority.trust,
                explain=office.explain,
                name=part.file_name,
            )
            pages.append(page)
    return tuple(pages)
