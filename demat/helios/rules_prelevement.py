"""Rules on direct debits of titres: 67 to 69 (helios dossier §3.5, §9)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from demat.faults import Fault
from demat.helios.model import Domaine
from demat.helios.rule_base import (
    ContextePes,
    LigneNode,
    PieceNode,
    french,
    is_present,
    read_day,
    text,
)
from demat.helios.scalars import read_montant
from demat.xmlio import Element

__all__ = ["check_prelevements"]

_SEPA = "InfoPrelevementSEPA"
_BLOCKS = {"01": _SEPA, "02": "InfoPrelevement"}
"""Block that goes with each ``NatPrel``: the Trésor debits (01), or the ordonnateur's bank (02)."""
_ORMC_TITRE = "15"
_RUM = re.compile(r"^[0-9a-zA-Z/?:(). ,\-+']{1,35}$")
_ICS = re.compile(r"^([0-9]{6}|[0-9A-Za-z]{13})$")


def check_prelevements(piece: PieceNode, contexte: ContextePes) -> Iterator[Fault]:
    """Apply the rules to one titre."""
    if piece.domaine is not Domaine.RECETTE:
        return
    found = [
        (ligne, block)
        for ligne in piece.lignes
        if ligne.blocs
        for name in _BLOCKS.values()
        if (block := ligne.blocs.get(name)) is not None
    ]
    if not found:
        return
    for ligne, block in found:
        yield from _mandate(ligne, block)
        yield from _date(ligne, block, contexte)
        yield from _former(ligne, block)
    yield from _amount(piece, [block for _, block in found])


def _mandate(ligne: LigneNode, block: Element) -> Iterator[Fault]:
    """Rule 67."""
    nature = text(block, "NatPrel")
    if _BLOCKS.get(nature, block.tag) != block.tag:
        yield ligne.fault("PES-067_BLOCK", block, value=nature, expected=_BLOCKS[nature])
    if block.tag == _SEPA and all(one.compte is None for one in ligne.tiers):
        yield ligne.fault("PES-067", block, tiers=ligne.tiers[0].get("Nom") if ligne.tiers else "")


def _date(ligne: LigneNode, block: Element, contexte: ContextePes) -> Iterator[Fault]:
    """Rule 68, the date."""
    day = read_day(text(block, "DtePrel"))
    emission = read_day(ligne.piece.bordereau.get("DteBordEm"))
    if day is None or emission is None:
        return
    earliest = emission + timedelta(days=contexte.delai_prelevement)
    if day < earliest:
        yield ligne.fault("PES-068_DATE", block, date=french(day), earliest=french(earliest))


def _amount(piece: PieceNode, blocks: list[Element]) -> Iterator[Fault]:
    """Rule 68, the amounts: at most what is due, exactly that for the article of a rôle."""
    taken = [read_montant(text(block, "MtPrel")) or Decimal(0) for block in blocks]
    debited = sum(taken, Decimal(0))
    due = sum(
        (
            read_montant(ligne.get(name)) or Decimal(0)
            for ligne in piece.lignes
            for name in ("MtHT", "MtTVA")
        ),
        Decimal(0),
    )
    exact = piece.get("TypPce") == _ORMC_TITRE
    if min(taken) <= 0 or debited > due or (exact and debited != due):
        params = {"amount": f"{debited:.2f}", "due": f"{due:.2f}"}
        yield piece.fault("PES-068", blocks[0], **params)


def _former(ligne: LigneNode, block: Element) -> Iterator[Fault]:
    """Rule 69."""
    ics = text(block, "AncienICS")
    if ics and not _ICS.match(ics):
        yield ligne.fault("PES-069", block, value=ics)
    if is_present(block, "AncienneBanque") and is_present(block, "AncienIBAN"):
        yield ligne.fault("PES-069_BANK", block)
    for name in ("RefUniMdt", "AncienRUM"):
        if is_present(block, name) and not _RUM.match(text(block, name)):
            yield ligne.fault("PES-069_RUM", block, value=text(block, name))
