"""What the rules of a PES share: their context, the places they walk through, how they report.

A rule yields faults without deciding their weight; ``demat.helios.rule_levels`` holds the levels.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from demat.faults import Fault, Severity
from demat.helios.model import Budget, Domaine
from demat.helios.plan import PlanBudget, plan_key
from demat.helios.read import DOMAINES, SIGNATURE, read_boolean, read_montant
from demat.xmlio import Element, line_of, value

__all__ = [
    "BordereauNode",
    "ContextePes",
    "LigneNode",
    "Origine",
    "PieceNode",
    "amounts",
    "bordereaux_of",
    "french",
    "going_signed",
    "is_present",
    "read_day",
    "text",
    "who",
]

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


@dataclass(frozen=True, kw_only=True, slots=True)
class BordereauNode:
    """A ``Bordereau`` of the file and where it is."""

    node: Element
    domaine: Domaine
    dematerialise: bool
    """``InfoDematerialisee`` of its head is true."""
    entete: Element
    """``BlocBordereau``, or an empty element when it is missing."""

    @property
    def montant_ht(self) -> str:
        """Name of the element that announces the total without TVA."""
        return "MtBordHT" if self.domaine is Domaine.DEPENSE else "MtBordHt"

    def get(self, name: str) -> str:
        """Return a value of ``BlocBordereau``."""
        return text(self.entete, name)

    def pieces(self) -> Iterator["PieceNode"]:
        """Walk through the mandats or titres."""
        for node in self.node.iterfind("Piece"):
            bloc = node.find("BlocPiece")
            info = bloc
            if bloc is not None and self.domaine is Domaine.DEPENSE:
                info = bloc.find("InfoPce")
            yield PieceNode(node=node, bordereau=self, info=node if info is None else info)

    def fault(self, code: str, node: Element | None = None, /, **params: str) -> Fault:
        """Report something about this bordereau."""
        return Fault(
            code=code,
            params={"bordereau": self.get("IdBord"), **params},
            path=f"bordereau {self.get('IdBord')}",
            line=line_of(self.node if node is None else node),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceNode:
    """A ``Piece`` (mandat or titre) and where it is."""

    node: Element
    bordereau: BordereauNode
    info: Element
    """The element that holds ``IdPce``: ``InfoPce`` in dépense, ``BlocPiece`` in recette."""

    @property
    def domaine(self) -> Domaine:
        """Mandat or titre."""
        return self.bordereau.domaine

    @property
    def triplet(self) -> tuple[str, str, str]:
        """TypBord, TypPce, NatPce."""
        return (self.bordereau.get("TypBord"), self.get("TypPce"), self.get("NatPce"))

    def get(self, name: str) -> str:
        """Return a value of the pièce's own block."""
        return text(self.info, name)

    def lignes(self) -> Iterator["LigneNode"]:
        """Walk through the lines."""
        name = "InfoLignePce" if self.domaine is Domaine.DEPENSE else "InfoLignePiece"
        for node in self.node.iterfind("LigneDePiece"):
            info = node.find(f"BlocLignePiece/{name}")
            yield LigneNode(node=node, piece=self, info=node if info is None else info)

    def fault(self, code: str, node: Element | None = None, /, **params: str) -> Fault:
        """Report something about this pièce."""
        bordereau, piece = self.bordereau.get("IdBord"), self.get("IdPce")
        return Fault(
            code=code,
            params={"bordereau": bordereau, "piece": piece, **params},
            path=f"bordereau {bordereau} / piece {piece}",
            line=line_of(self.node if node is None else node),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LigneNode:
    """A ``LigneDePiece`` and where it is."""

    node: Element
    piece: PieceNode
    info: Element
    """``InfoLignePce`` in dépense, ``InfoLignePiece`` in recette."""

    @property
    def domaine(self) -> Domaine:
        """Line of a mandat or of a titre."""
        return self.piece.domaine

    def get(self, name: str) -> str:
        """Return a value of the line's own block."""
        return text(self.info, name)

    def bloc(self, path: str) -> str:
        """Return a value of ``BlocLignePiece``, as ``RattachPiece/ExerRat``."""
        return text(self.node, f"BlocLignePiece/{path}")

    def lien(self, name: str) -> str:
        """Return a value of ``LiensIdent``."""
        return text(self.node, f"BlocLignePiece/LiensIdent/{name}")

    def tiers(self) -> list[Element]:
        """Return the ``Tiers`` elements."""
        return self.node.findall("Tiers")

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


def bordereaux_of(root: Element) -> list[BordereauNode]:
    """Return the bordereaux of a PES_Aller, dépense first."""
    return [
        _bordereau(node, domaine, head)
        for domaine, branch, entete in DOMAINES
        for head in [root.find(f"{branch}/{entete}")]
        for node in root.iterfind(f"{branch}/Bordereau")
    ]


def _bordereau(node: Element, domaine: Domaine, head: Element | None) -> BordereauNode:
    entete = node.find("BlocBordereau")
    return BordereauNode(
        node=node,
        domaine=domaine,
        dematerialise=head is not None and read_boolean(text(head, "InfoDematerialisee")),
        entete=node if entete is None else entete,
    )


def going_signed(root: Element, contexte: ContextePes) -> bool:
    """Tell whether the file carries a signature or is going to."""
    return contexte.signature or next(root.iter(SIGNATURE), None) is not None


def text(node: Element, path: str) -> str:
    """Return the value ``V`` at ``path``; empty when there is none."""
    return value(node, path) or ""


def is_present(node: Element, path: str) -> bool:
    """Tell whether an element lies at ``path``, with or without a value."""
    return node.find(path) is not None


def read_day(text_: str) -> date | None:
    """Return a date written as the norm says, without its time zone; ``None`` for the rest."""
    try:
        return date.fromisoformat(text_[:10])
    except ValueError:
        return None


def french(day: date) -> str:
    """Write a date for an agent."""
    return day.strftime("%d/%m/%Y")


def who(tiers: Element) -> tuple[str, ...]:
    """Return what tells one debtor from another when the same one comes back on every line."""
    return tuple(text(tiers, f"InfoTiers/{name}") for name in ("IdTiers", "RefTiers", "Nom"))


def amounts(bordereau: BordereauNode, name: str) -> list[Decimal]:
    """Return the readable amounts ``name`` of all the lines of a bordereau, in euros."""
    return [
        amount
        for piece in bordereau.pieces()
        for ligne in piece.lignes()
        if (amount := read_montant(ligne.get(name))) is not None
    ]
