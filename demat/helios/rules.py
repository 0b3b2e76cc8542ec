"""What the schemas cannot see in a PES_Aller: all findings at once (helios dossier §9).

Codes are ``PES-`` and the number of the rule in three digits, with a word for each further case.
Rule 2 (schemas) belongs to ``demat.schemas``; of rule 16 the certificate itself is judged by
``demat.signing``, here only what the signature says.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from demat.faults import Fault, Faults, Severity
from demat.helios.plan import PlanBudget
from demat.helios.read import BordereauFacts, PesFacts, read_montant, read_whole
from demat.helios.rule_base import ContextePes, Origine, PieceNode, bordereaux_of, text
from demat.helios.rule_levels import FIXED, LEVELS
from demat.helios.rules_bordereau import (
    check_bordereau,
    check_bordereaux,
    check_piece,
    idpce_key,
)
from demat.helios.rules_file import check_file
from demat.helios.rules_history import check_history
from demat.helios.rules_ligne import check_dgp, check_ligne
from demat.helios.rules_ormc import check_article
from demat.helios.rules_pj import check_pieces_jointes
from demat.helios.rules_plan import check_plan_ligne, check_plan_piece
from demat.helios.rules_prelevement import check_prelevements
from demat.helios.rules_signature import check_signatures
from demat.helios.rules_text import check_header_texts, check_texts
from demat.helios.rules_tiers import check_tiers
from demat.xmlio import Element, parse_untrusted

__all__ = [
    "ContextePes",
    "Origine",
    "bordereau_keys",
    "check_pes",
    "line_amounts",
    "register_keys",
]


def check_pes(content: bytes, contexte: ContextePes) -> Faults:
    """Check a PES_Aller, built or ready-made, and return every finding with its line.

    The file is read as it is: run it after ``demat.helios.ready_made.complete``. The schemas are
    another check; only lengths and empty values are common, because here they name the pièce.
    Levels come from ``rule_levels`` and from ``contexte.levels``.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    root = parse_untrusted(content, root="PES_Aller")
    return Faults(
        replace(fault, severity=_severity(fault.code, contexte))
        for fault in _findings(content, root, contexte)
    )


def _severity(code: str, contexte: ContextePes) -> Severity:
    level = LEVELS[code]
    default = level.built if contexte.origine is Origine.BUILT else level.ready_made
    return default if code in FIXED else contexte.levels.get(code, default)


def _findings(content: bytes, root: Element, contexte: ContextePes) -> Iterator[Fault]:
    yield from check_file(content, root, contexte)
    yield from check_signatures(root)
    yield from check_header_texts(root)
    cod_col, cod_bud = text(root, "EnTetePES/CodCol"), text(root, "EnTetePES/CodBud")
    plan, bordereaux = contexte.plan(root), bordereaux_of(root)
    yield from check_bordereaux(bordereaux, cod_bud, contexte)
    yield from check_history(bordereaux, cod_bud, contexte)
    for bordereau in bordereaux:
        yield from check_bordereau(bordereau, contexte)
        yield from check_texts(bordereau)
        for piece in bordereau.pieces():
            yield from _piece(piece, cod_col, plan, contexte)
    yield from check_pieces_jointes(root, contexte)


def _piece(
    piece: PieceNode, cod_col: str, plan: PlanBudget, contexte: ContextePes
) -> Iterator[Fault]:
    yield from check_piece(piece, contexte)
    yield from check_plan_piece(piece, plan)
    yield from check_article(piece, cod_col)
    yield from check_prelevements(piece, contexte)
    yield from check_dgp(piece)
    for ligne in piece.lignes():
        yield from check_ligne(ligne)
        yield from check_plan_ligne(ligne, plan)
        yield from check_tiers(ligne, contexte)


def line_amounts(content: bytes) -> dict[str, Decimal]:
    """Return ``MtHT`` of every line of a PES_Aller, in euros, by ``idpce`` key, ``/`` and line.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    root = parse_untrusted(content, root="PES_Aller")
    cod_bud = text(root, "EnTetePES/CodBud")
    return {
        f"{idpce_key(cod_bud, piece)}/{read_whole(ligne.get('IdLigne'))}": amount
        for bordereau in bordereaux_of(root)
        for piece in bordereau.pieces()
        for ligne in piece.lignes()
        if (amount := read_montant(ligne.get("MtHT"))) is not None
    }


def register_keys(facts: PesFacts) -> tuple[tuple[str, str], ...]:
    """Return every key that sending this file uses up, as (kind, key).

    The caller keeps them and answers ``contexte.used`` from them. Keys are relative to one
    authority:

    * ``nomfic``: the NomFic, as an opaque text;
    * ``idbord``: ``domaine/cod_bud/exercice/typ_bord/numero``, as ``depense/00/2026/01/31``;
    * ``idpce``: the same with the number of the mandat or titre;
    * ``idunique``: the IdUnique of an attachment carried by the file.

    Numbers are written without leading zeros; a key may come twice in a faulty file and is
    returned once.
    """
    keys = [("nomfic", facts.nom_fic)]
    for bordereau in facts.bordereaux:
        idbord, pieces = bordereau_keys(facts, bordereau)
        keys += [("idbord", idbord), *(("idpce", key) for key in pieces)]
    keys += [("idunique", piece.id_unique) for piece in facts.pieces_jointes]
    return tuple(dict.fromkeys(keys))


def bordereau_keys(facts: PesFacts, bordereau: BordereauFacts) -> tuple[str, tuple[str, ...]]:
    """Return the key of a bordereau, and those of its pièces in order."""
    pieces = tuple(_key(facts, bordereau, piece) for piece in bordereau.pieces)
    return _key(facts, bordereau, bordereau.numero), pieces


def _key(facts: PesFacts, bordereau: BordereauFacts, numero: int) -> str:
    parts = (bordereau.domaine, facts.cod_bud, bordereau.exercice, bordereau.typ_bord, numero)
    return "/".join(str(part) for part in parts)
