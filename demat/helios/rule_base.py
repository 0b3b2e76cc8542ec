"""What the rules of a PES share: their context, the places they walk through, how they report.

A rule yields faults without deciding their weight; ``demat.helios.rule_levels`` holds the levels.
The places hold the values of their elements (``V``) by name, read once: a file may have a hundred
thousand lines. They are made by ``demat.helios.walk`` and only live while they are looked at,
bordereaux excepted. Their classes are not frozen, which would double the time that they take.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import cast

from demat.faults import Fault, Severity
from demat.helios.model import Budget, Domaine
from demat.helios.plan import PlanBudget, plan_key
from demat.xmlio import Element, line_of, value

__all__ = [
    "BordereauNode",
    "ContextePes",
    "LigneNode",
    "Origine",
    "PieceNode",
    "TiersNode",
    "Values",
    "french",
    "is_present",
    "megabytes",
    "read_day",
    "same_persons",
    "text",
    "values_of",
    "who",
]

Values = Mapping[str, str]
"""Name of an element → its ``V``; an element without ``V`` is left out."""
_NONE: Values = {}

Used = Callable[[str, str], str | None]
Known = Callable[[str], Decimal | None]


class Origine(StrEnum):
    """Who wrote the file."""

    BUILT = "built"
    """We did: what is wrong with its sums is our own defect."""
    READY_MADE = "ready_made"
    """The business software did: the agent cannot always correct it."""


def _never_used(_kind: str, _key: str) -> str | None:
    return None


def _unknown(_key: str) -> Decimal | None:
    return None


def _not_followed(_scope: str) -> bool:
    return False


_NO_PLAN = PlanBudget()


@dataclass(frozen=True, kw_only=True, slots=True)
class ContextePes:
    """What a rule may know beside the file."""

    budgets: tuple[Budget, ...]
    """Budgets that the authority configured; a file for any other is refused."""
    today: date
    """Legal day, in Europe/Paris."""
    origine: Origine = Origine.BUILT
    """Who wrote the file: it decides some levels."""
    signature: bool = False
    """Whether this flow is going to be signed; signatures already there count by themselves."""
    used: Used = _never_used
    """Tells where a key was already sent, in words without French (``2026-01-05 NOMFIC``), or
    ``None``. Kinds and keys: see ``demat.helios.rules.register_keys``."""
    max_bytes: int = 120_000_000
    """Configured ceiling of the file, in bytes."""
    max_pj_bytes: int = 10_000_000
    """Configured ceiling of one attachment before compression, in bytes."""
    levels: Mapping[str, Severity] = field(default_factory=dict)
    """Levels that the configuration overrides, by code."""
    triplets: frozenset[tuple[Domaine, str, str, str]] = frozenset()
    """Combinations to add to the known grid: domain, TypBord, TypPce, NatPce."""
    paires_tiers: frozenset[tuple[str, str]] = frozenset()
    """Pairs CatTiers, NatJur to add to the known grid."""
    grille_triplets: frozenset[tuple[Domaine, str, str, str]] = frozenset()
    """« Annexe 2 », when the authority has it: it is then the whole truth on the triplets."""
    grille_tiers: frozenset[tuple[str, str]] = frozenset()
    """« Annexe 3 », when the authority has it: it is then the whole truth on the pairs."""
    civilites: frozenset[str] = frozenset()
    """Civilities that the comptable of this authority expects, beside the known ones."""
    plans: Mapping[str, PlanBudget] = field(default_factory=dict)
    """How each budget is kept, by ``demat.helios.plan.plan_key``."""
    followed: Callable[[str], bool] = _not_followed
    """Tells whether the numbering of a scope (see ``cumul``) is known since its bordereau n° 1."""
    montant_origine: Known = _unknown
    """Amount in euros that may still be taken from a line, ``None`` when unknown. Key:
    ``domaine/cod_bud/exercice/pièce/ligne``, the domain being that of the original pièce."""
    cumul: Known = _unknown
    """Yearly total in euros before this file, ``None`` when not wholly known. Key:
    ``domaine/cod_bud/exercice/typ_bord``."""
    delai_prelevement: int = 1
    """Days that the bank needs between the emission and a prélèvement."""

    def plan(self, root: Element) -> PlanBudget:
        """Return how the budget named by the header of a file is kept."""
        key = plan_key(text(root, "EnTetePES/CodCol"), text(root, "EnTetePES/CodBud"))
        return self.plans.get(key, _NO_PLAN)


@dataclass(kw_only=True, slots=True, eq=False)
class BordereauNode:
    """A ``Bordereau``: its head, and what was counted while its pièces went by."""

    domaine: Domaine
    dematerialise: bool
    """``InfoDematerialisee`` of its domain is true."""
    id: str
    """``@Id``."""
    entete: Values
    """``BlocBordereau``."""
    has_tva: bool
    """Whether ``MtBordTVA`` is there, with or without a value."""
    line: int | None
    """Line of the file where it starts."""
    pieces: list[tuple[str, int | None]] = field(default_factory=list)
    """``IdPce`` and line of each pièce."""
    signatures: int = 0
    """How many ``ds:Signature`` are its children."""

    @property
    def montant_ht(self) -> str:
        """Name of the element that announces the total without TVA."""
        return "MtBordHT" if self.domaine is Domaine.DEPENSE else "MtBordHt"

    def get(self, name: str) -> str:
        """Return a value of ``BlocBordereau``."""
        return self.entete.get(name, "")

    def fault(self, code: str, node: Element | None = None, /, **params: str) -> Fault:
        """Report something about this bordereau."""
        return Fault(
            code=code,
            params={"bordereau": self.get("IdBord"), **params},
            path=f"bordereau {self.get('IdBord')}",
            line=self.line if node is None else line_of(node),
        )

    def piece_fault(self, code: str, rank: int, /, **params: str) -> Fault:
        """Report something about one of its pièces, once it has gone by.

        :param rank: its place in ``pieces``.
        """
        numero, line = self.pieces[rank]
        return _piece_fault(code, self, numero, line, params)


@dataclass(slots=True, eq=False)
class PieceNode:
    """A ``Piece`` (mandat or titre) and where it is."""

    node: Element
    bordereau: BordereauNode
    info: Values = field(init=False)
    """What stands beside ``IdPce``: in ``InfoPce`` in dépense, in ``BlocPiece`` in recette."""
    bloc: Element = field(init=False)
    """The element that holds ``IdPce``."""
    triplet: tuple[str, str, str] = field(init=False)
    """TypBord, TypPce, NatPce."""
    _lignes: list["LigneNode"] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        found = self.node.find(_INFO_PIECE[self.bordereau.domaine])
        self.bloc = self.node if found is None else found
        self.info = values_of(self.bloc)
        bordereau, info = self.bordereau.entete, self.info
        self.triplet = (
            bordereau.get("TypBord", ""),
            info.get("TypPce", ""),
            info.get("NatPce", ""),
        )

    @property
    def lignes(self) -> list["LigneNode"]:
        """Its lines, read when they are first asked for."""
        if self._lignes is None:
            nodes = self.node.iterchildren("LigneDePiece")
            self._lignes = [LigneNode(node, self) for node in nodes]
        return self._lignes

    def forget_lines(self) -> None:
        """Let go of the lines, which hold this pièce: the memory of both is free at once."""
        self._lignes = None

    @property
    def domaine(self) -> Domaine:
        """Mandat or titre."""
        return self.bordereau.domaine

    def get(self, name: str) -> str:
        """Return a value of the pièce's own block."""
        return self.info.get(name, "")

    def fault(self, code: str, node: Element | None = None, /, **params: str) -> Fault:
        """Report something about this pièce."""
        line = line_of(self.node if node is None else node)
        return _piece_fault(code, self.bordereau, self.get("IdPce"), line, params)


def _piece_fault(
    code: str, bordereau: BordereauNode, numero: str, line: int | None, params: Values
) -> Fault:
    of = bordereau.get("IdBord")
    return Fault(
        code=code,
        params={"bordereau": of, "piece": numero, **params},
        path=f"bordereau {of} / piece {numero}",
        line=line,
    )


_INFO_PIECE = {Domaine.DEPENSE: "BlocPiece/InfoPce", Domaine.RECETTE: "BlocPiece"}
_INFO_LIGNE = {Domaine.DEPENSE: "InfoLignePce", Domaine.RECETTE: "InfoLignePiece"}


class LigneNode:
    """A ``LigneDePiece`` and where it is."""

    __slots__ = ("blocs", "info", "node", "piece", "tiers")

    def __init__(self, node: Element, piece: PieceNode) -> None:
        self.node = node
        self.piece = piece
        self.info = _NONE
        """``InfoLignePce`` in dépense, ``InfoLignePiece`` in recette."""
        self.blocs: dict[str, Element] = {}
        """The other blocks of ``BlocLignePiece``, by name: ``RattachPiece``, ``LiensIdent``…"""
        self.tiers: list[TiersNode] = []
        """Creditor of a mandat, debtors of a titre."""
        own = _INFO_LIGNE[piece.bordereau.domaine]
        for child in node:
            tag = child.tag
            if tag == "BlocLignePiece":
                for bloc in child:
                    if bloc.tag == own:
                        self.info = values_of(bloc)
                    else:
                        self.blocs[str(bloc.tag)] = bloc
            elif tag == "Tiers":
                self.tiers.append(TiersNode(child))

    @property
    def domaine(self) -> Domaine:
        """Line of a mandat or of a titre."""
        return self.piece.bordereau.domaine

    def get(self, name: str) -> str:
        """Return a value of the line's own block."""
        return self.info.get(name, "")

    def lien(self, name: str) -> str:
        """Return a value of ``LiensIdent``."""
        links = self.blocs.get("LiensIdent")
        return "" if links is None else text(links, name)

    def fault(self, code: str, node: Element | None = None, /, **params: str) -> Fault:
        """Report something about this line."""
        bordereau, piece = self.piece.bordereau.get("IdBord"), self.piece.get("IdPce")
        ligne = self.get("IdLigne")
        return Fault(
            code=code,
            params={"bordereau": bordereau, "piece": piece, "ligne": ligne, **params},
            path=f"bordereau {bordereau} / piece {piece} / ligne {ligne}",
            line=line_of(self.node if node is None else node),
        )


class TiersNode:
    """A ``Tiers``: a debtor or a creditor, and where it is."""

    __slots__ = ("adresse", "compte", "info", "node")

    def __init__(self, node: Element) -> None:
        self.node = node
        self.info = _NONE
        """``InfoTiers``."""
        self.adresse: Values | None = None
        """``Adresse``; ``None`` when it is not there."""
        self.compte: Values | None = None
        """``CpteBancaire``; ``None`` when it is not there."""
        for child in node:
            tag = child.tag
            if tag == "InfoTiers":
                self.info = values_of(child)
            elif tag == "Adresse":
                self.adresse = values_of(child)
            elif tag == "CpteBancaire":
                self.compte = values_of(child)

    def get(self, name: str) -> str:
        """Return a value of ``InfoTiers``."""
        return self.info.get(name, "")

    def says_as(self, other: "TiersNode") -> bool:
        """Tell whether all that was read of it is what was read of another."""
        return (
            self.info == other.info
            and self.adresse == other.adresse
            and self.compte == other.compte
        )


def same_persons(persons: list[TiersNode], others: list[TiersNode]) -> bool:
    """Tell whether two lines say the same of their persons: those of a pièce mostly do."""
    if len(persons) != len(others):
        return False
    return all(one.says_as(other) for one, other in zip(persons, others, strict=True))


def values_of(block: Element) -> Values:
    """Return the values of the children of a block."""
    found = {child.tag: v for child in block if (v := child.get("V")) is not None}
    return cast("Values", found)  # the tag of a comment is no text, but it has no value either


def text(node: Element, path: str) -> str:
    """Return the value ``V`` at ``path``; empty when there is none."""
    return value(node, path) or ""


def is_present(node: Element, path: str) -> bool:
    """Tell whether an element lies at ``path``, with or without a value."""
    return node.find(path) is not None


@lru_cache(maxsize=4096)
def read_day(text_: str) -> date | None:
    """Return a date written as the norm says, without its time zone; ``None`` for the rest."""
    try:
        return date.fromisoformat(text_[:10])
    except ValueError:
        return None


def megabytes(size: int) -> str:
    """Write a number of bytes in millions, for an agent: ``128,0``."""
    return f"{size / 1_000_000:.1f}".replace(".", ",")


def french(day: date) -> str:
    """Write a date for an agent."""
    return day.strftime("%d/%m/%Y")


def who(tiers: TiersNode) -> tuple[str, ...]:
    """Return what tells one debtor from another when the same one comes back on every line."""
    return tuple(tiers.get(name) for name in ("IdTiers", "RefTiers", "Nom"))
