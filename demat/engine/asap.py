"""The avis des sommes à payer of the titres that the DGFiP prints or hands to Chorus Pro.

A titre of Edition 01 or 02 that came without its own avis (an attachment of type 006) gets the one
that ``demat.helios.asap`` writes, one attachment per titre (helios dossier §3.7, §6.1).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from demat.engine.past import Past
from demat.faults import Fault, Faults, Severity
from demat.helios.asap import Avis, ReglagesAsap
from demat.helios.codes import TypePJ
from demat.helios.model import Bordereau, Domaine, PieceComptable, PieceJointe, PJRef
from demat.helios.plan import plan_key
from demat.intake.api import PesDraft
from demat.schemas.validate import validate

__all__ = ["with_avis"]

_EDITIONS = frozenset({"01", "02"})
_REDUCTION, _COLLECTED = "02", "05"
"""TypBord and TypPce of what asks nothing of the debtor: reductions, sums already collected."""
_NAMED = 10
"""Titres that one sentence names; beyond, it says that there are others."""


def with_avis(
    draft: PesDraft, bordereaux: tuple[Bordereau, ...], notes: Faults, past: Past
) -> tuple[PesDraft, tuple[Bordereau, ...], Faults]:
    """Write the avis that are missing, and have their titres refer to them.

    :param bordereaux: those of the draft that are going to be sent.
    :param notes: what is known so far.
    :returns: the draft with the new attachments, the bordereaux with the references, and the notes
        with what prevents an avis: ``INT-ASAP_CONFIG``, ``INT-ASAP_TALON``, ``PES-032``,
        ``PES-077``, ``XSD-…``, all blocking; ``INT-ASAP_NOTHING_DUE``, a warning.
    """
    own = _own(draft)
    lacking = [
        (bordereau, piece)
        for bordereau in bordereaux
        for piece in bordereau.pieces
        if _needs(bordereau, piece, own)
    ]
    wanted = [one for one in lacking if _due(*one)]
    notes += _nothing_due(piece for bordereau, piece in lacking if not _due(bordereau, piece))
    if not wanted:
        return draft, bordereaux, notes
    budget = draft.budget
    reglages = past.authority.asap.get(plan_key(budget.cod_col, budget.cod_bud))
    if reglages is None:
        params = {"titres": _named(piece for _, piece in wanted), "budget": budget.libelle}
        missing = Faults([Fault(code="INT-ASAP_CONFIG", params=params)])
        return draft, bordereaux, notes + missing
    writing = _Writing(draft, reglages, past)
    attached = {id(piece): writing.attach(bordereau, piece) for bordereau, piece in wanted}
    return (
        replace(draft, pieces_jointes=(*draft.pieces_jointes, *writing.attachments)),
        tuple(replace(one, pieces=tuple(_referring(one, attached))) for one in bordereaux),
        notes + writing.faults,
    )


def _own(draft: PesDraft) -> frozenset[str]:
    """Return the avis that came with the deposit."""
    return frozenset(
        attachment.id_unique
        for attachment in draft.pieces_jointes
        if attachment.type_pj == TypePJ.PES_FACTURE
    )


def _needs(bordereau: Bordereau, piece: PieceComptable, own: frozenset[str]) -> bool:
    """Tell whether a titre must have an avis and has none."""
    if bordereau.domaine is not Domaine.RECETTE or piece.edition not in _EDITIONS:
        return False
    references = [*piece.pj, *(reference for ligne in piece.lignes for reference in ligne.pj)]
    return not any(
        reference.id_unique in own or reference.type_pj == TypePJ.PES_FACTURE
        for reference in references
    )


def _due(bordereau: Bordereau, piece: PieceComptable) -> bool:
    return bordereau.typ_bord != _REDUCTION and piece.typ_pce != _COLLECTED


def _nothing_due(pieces: Iterable[PieceComptable]) -> Faults:
    if not (titres := _named(pieces)):
        return Faults()
    params = {"titres": titres}
    return Faults([Fault(code="INT-ASAP_NOTHING_DUE", params=params, severity=Severity.WARNING)])


def _named(pieces: Iterable[PieceComptable]) -> str:
    numbers = [str(piece.numero) for piece in pieces]
    more = f" et {len(numbers) - _NAMED} autres" if len(numbers) > _NAMED else ""
    return ", ".join(numbers[:_NAMED]) + more


def _referring(bordereau: Bordereau, attached: dict[int, PJRef | None]) -> Iterator[PieceComptable]:
    for piece in bordereau.pieces:
        reference = attached.get(id(piece))
        yield piece if reference is None else replace(piece, pj=(*piece.pj, reference))


class _Writing:
    """Writes the avis of one file, one after the other."""

    def __init__(self, draft: PesDraft, reglages: ReglagesAsap, past: Past) -> None:
        self._draft = draft
        self._reglages = reglages
        self._past = past
        self.attachments: list[PieceJointe] = []
        self.faults = Faults()

    def attach(self, bordereau: Bordereau, piece: PieceComptable) -> PJRef | None:
        """Write the avis of a titre; ``None`` when something prevents it."""
        avis = Avis(
            budget=self._draft.budget,
            bordereau=bordereau,
            piece=piece,
            reglages=self._reglages,
            logiciel=self._past.office.settings.emetteur_pes,
        )
        found = Faults(avis.faults())
        content = b"" if found else avis.write()
        found += self._invalid(content, avis) if content else ()
        self.faults += found
        if found.blocking:
            return None
        attachment = PieceJointe(
            id_unique=self._unused(avis.id_unique),
            name=f"{avis.nom}.xml",
            content=content,
            mime_type="application/xml",
            type_pj=TypePJ.PES_FACTURE,
            description=f"Avis des sommes à payer du titre {piece.numero}",
        )
        self.attachments.append(attachment)
        return PJRef(id_unique=attachment.id_unique, name=attachment.name)

    def _invalid(self, content: bytes, avis: Avis) -> Iterator[Fault]:
        """Yield what the schema refuses, without lines of a file that the agent never sees."""
        for fault in validate(content):
            yield replace(fault, line=None, path="", source=f"{avis.nom}.xml")

    def _unused(self, identifier: str) -> str:
        """Return an identifier that the comptable does not hold.

        The avis of a titre that was refused, corrected and sent again is another document, even
        when the comptable has kept the first one.
        """
        rank, found = 1, identifier
        while self._past.used("idunique", found) is not None:
            rank += 1
            found = f"{identifier}{rank}"
        return found
