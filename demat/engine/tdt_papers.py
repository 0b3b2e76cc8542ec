"""The papers that the tiers de télétransmission makes of an acknowledged act, beside our own.

Its bordereau d'acquittement and its stamped copies are those of the operator that the State has
approved: they are kept as they come, bound to the act, then laid in ``accuses``. Nothing that fails
here touches the AR; what could not be had is asked for again by night, for a week.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import PurePosixPath

from demat.connectors.api import ConnectorError, Flux, PaperKind, RemotePaper
from demat.engine.acte_answers import ACTE, message_of
from demat.engine.office import Authority, Office
from demat.faults import FaultError
from demat.files import free_names, safe_name, write_atomic
from demat.queue.views import TransmissionView

__all__ = ["FOLDER", "fetch_papers", "missing_papers"]

logger = logging.getLogger(__name__)

FOLDER = "plate-forme"
"""Folder, beside the AR, of what comes from the tiers de télétransmission."""
PERSISTENCE = timedelta(days=7)
"""How long after the AR the papers are asked for."""
_NATURES = {PaperKind.BORDEREAU: "bordereau_tdt", PaperKind.TAMPON: "tampon_tdt"}


def missing_papers(authority: Authority, office: Office) -> int:
    """Fetch the papers of the acts acknowledged of late that have none; return how many got them.

    Our own papers are made from what was sent; these exist on the other side only.
    """
    if not authority.connector.papers_offered:
        return 0
    since = office.clock.now() - PERSISTENCE
    waiting = office.store.without_papers(authority.siren, tuple(_NATURES.values()), since=since)
    return sum(fetch_papers(acte, authority, office) for acte in waiting)


def fetch_papers(acte: TransmissionView, authority: Authority, office: Office) -> bool:
    """Fetch, keep, then lay the papers of an act that has its AR; never raises for what fails.

    :returns: whether there were any.
    """
    if not authority.connector.papers_offered or acte.reference is None:
        return False
    if acte.flux != Flux.ACTES or message_of(acte) != ACTE:  # a PES, an answer, a cancellation
        return False
    known = office.store.publicite(acte.id)
    try:
        papers = authority.connector.papers(
            acte.reference, affichage=known.day if known is not None else None
        )
        digests = [office.store.documents.put(paper.content) for paper in papers]
        natures = [_NATURES[paper.kind] for paper in papers]
        _lay(acte, papers, authority)
        # last: what a crash left half done is found again, and done again to the same effect
        office.store.keep_proofs(acte.id, dict(zip(digests, natures, strict=True)))
    except (ConnectorError, FaultError, OSError) as error:
        logger.info(  # they may come a little after the AR
            "papers not fetched: %s",
            error,
            extra={"action": "tdt_papers", "transmission": acte.id},
        )
        return False
    return bool(papers)


def _lay(acte: TransmissionView, papers: Sequence[RemotePaper], authority: Authority) -> None:
    folder = authority.folders.accuses / safe_name(acte.key) / FOLDER
    names = free_names(_names(acte, papers))
    for paper, name in zip(papers, names, strict=True):
        write_atomic(folder / name, paper.content)


def _names(acte: TransmissionView, papers: Sequence[RemotePaper]) -> Iterator[str]:
    """Yield the name of each paper: a stamped copy bears that of the file that the agent gave."""
    given = [PurePosixPath(str(name)).name for name in acte.facts.get("documents", ())]
    for paper in papers:
        if paper.kind is PaperKind.BORDEREAU:
            yield "bordereau-acquittement.pdf"
        elif paper.rank < len(given):
            yield safe_name(given[paper.rank])
        else:
            yield f"piece-{paper.rank}.pdf"
