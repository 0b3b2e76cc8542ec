"""What the schemas cannot see in a PES_Aller: all findings at once (helios dossier §9).

Codes are ``PES-`` and the number of the rule in three digits, with a word for each further case.
Rule 2 (schemas) belongs to ``demat.schemas``; of rule 16 the certificate itself is judged by
``demat.signing``, here only what the signature says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from demat.faults import Fault, Faults, Severity
from demat.helios.names import number_key
from demat.helios.plan import PlanBudget
from demat.helios.read import BordereauFacts, PesFacts, facts_of, pj_facts
from demat.helios.rule_base import (
    ContextePes,
    LigneNode,
    Origine,
    PieceNode,
    TiersNode,
    same_persons,
    text,
)
from demat.helios.rule_levels import FIXED, LEVELS
from demat.helios.rules_bordereau import (
    Sums,
    check_bordereau,
    check_bordereaux,
    check_piece,
    idpce_key,
)
from demat.helios.rules_file import check_characters, check_file, may_exceed_latin_1
from demat.helios.rules_history import Origins, check_history, origin_key
from demat.helios.rules_ligne import check_dgp, check_ligne
from demat.helios.rules_ormc import check_article
from demat.helios.rules_pj import Attachments
from demat.helios.rules_plan import check_plan_ligne, check_plan_piece
from demat.helios.rules_prelevement import check_prelevements
from demat.helios.rules_signature import check_signature
from demat.helios.rules_text import (
    check_attachment_texts,
    check_bordereau_texts,
    check_header_texts,
    check_piece_texts,
)
from demat.helios.rules_tiers import check_tiers
from demat.helios.scalars import read_montant, read_whole
from demat.helios.walk import SIGNATURE, BordereauEnd, FileEnd, PjNode, walk
from demat.xmlio import Element

__all__ = [
    "ContextePes",
    "Origine",
    "Reduction",
    "bordereau_keys",
    "check_pes",
    "check_texts",
    "line_amounts",
    "line_reductions",
    "read_and_check",
    "register_keys",
]


def check_pes(content: bytes, contexte: ContextePes) -> Faults:
    """Check a PES_Aller, built or ready-made, and return every finding with its line.

    The file is read as it is: run it after ``demat.helios.ready_made.complete``. The schemas are
    another check; only lengths and empty values are common, because here they name the pièce.
    Levels come from ``rule_levels`` and from ``contexte.levels``.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    return read_and_check(content, contexte)[1]


def check_texts(content: bytes, contexte: ContextePes) -> Faults:
    """Apply rules 70 and 71 alone: what the schemas refuse too, with the pièce where it is.

    :raises FaultError: as :func:`check_pes`.
    """
    faults = check_pes(content, contexte)
    return Faults(fault for fault in faults if fault.code in _TEXTS)


def read_and_check(
    content: bytes, contexte: ContextePes, *, texts: bool = True
) -> tuple[PesFacts, Faults]:
    """Do what :func:`demat.helios.read.read_pes` and :func:`check_pes` do, in one pass.

    :param texts: whether to apply rules 70 and 71, which cannot be broken in a file that the
        schemas accept.
    :raises FaultError: as they do.
    """
    control = _Control(content, contexte, texts=texts)
    attachments = []
    for place in walk(content):
        match place:
            case PieceNode():
                control.piece(place)
            case BordereauEnd():
                control.bordereau(place)
            case PjNode():
                control.attachment(place)
                attachments.append(pj_facts(place.node))
            case FileEnd():
                control.end(place)
                facts = replace(facts_of(place, attachments), cited=control.cited())
    return facts, control.faults()


_TEXTS = frozenset({"PES-070", "PES-071"})


class _Control:
    """The rules, applied as the file goes by; findings are put in the order of the file's parts."""

    def __init__(self, content: bytes, contexte: ContextePes, *, texts: bool) -> None:
        self._content = content
        self._texts = texts
        self._contexte = contexte
        self._scan = may_exceed_latin_1(content)
        self._attachments = Attachments(contexte)
        self._header: _Header | None = None
        self._sums = Sums()
        self._file: list[Fault] = []
        self._bordereaux: list[Fault] = []
        self._pieces: list[Fault] = []  # of the bordereau that goes by
        self._pjs: list[Fault] = []
        self._characters: list[Fault] = []
        self._signatures: list[Fault] = []

    def piece(self, piece: PieceNode) -> None:
        """Apply the rules on one mandat or titre, its lines and their persons."""
        header = self._header = self._header or _Header(piece.node, self._contexte)
        contexte, found = self._contexte, self._pieces
        self._sums.add(piece)
        self._attachments.refer(piece.node)
        self._look(piece.node)
        found += header.origins.check(piece)
        if self._texts:
            found += check_piece_texts(piece)
        found += check_piece(piece, contexte)
        found += check_plan_piece(piece, header.plan)
        found += check_article(piece, header.cod_col)
        found += check_prelevements(piece, contexte)
        found += check_dgp(piece)
        right: list[TiersNode] = []  # persons of a line, in whom nothing is wrong
        for ligne in piece.lignes:
            found += check_ligne(ligne)
            found += check_plan_ligne(ligne, header.plan)
            if not (right and same_persons(ligne.tiers, right)):
                wrong = list(check_tiers(ligne, contexte))
                found += wrong
                right = [] if wrong else ligne.tiers

    def bordereau(self, end: BordereauEnd) -> None:
        """Apply the rules on a bordereau whose pièces have gone by."""
        bordereau = end.bordereau
        where = f"bordereau n° {bordereau.get('IdBord')}"
        for signature in end.signatures:
            self._signatures += check_signature(signature, where)
        self._bordereaux += check_bordereau(bordereau, self._sums, self._contexte)
        self._bordereaux += check_bordereau_texts(bordereau)
        self._bordereaux += self._pieces
        self._pieces, self._sums = [], Sums()

    def attachment(self, piece: PjNode) -> None:
        """Apply the rules on one attachment."""
        self._look(piece.node)
        self._pjs += check_attachment_texts(piece.node)
        self._pjs += self._attachments.check(piece.node, piece.bordereaux)

    def end(self, end: FileEnd) -> None:
        """Apply the rules that need the whole file."""
        root, contexte = end.root, self._contexte
        self._look(root)
        whole = [check_signature(one, "fichier entier") for one in root.findall(SIGNATURE)]
        cod_bud = text(root, "EnTetePES/CodBud")
        self._file = [
            *check_file(self._content, end, contexte),
            *(fault for found in whole for fault in found),
            *self._signatures,
            *check_header_texts(root),
            *check_bordereaux(end.bordereaux, cod_bud, contexte),
            *check_history(end.bordereaux, cod_bud, contexte),
        ]
        self._pjs += self._attachments.end(root, end.bordereaux)

    def cited(self) -> tuple[str, ...]:
        """Return the IdUnique of the attachments that the file refers to and does not carry."""
        return self._attachments.cited()

    def _look(self, branch: Element) -> None:
        if self._scan:
            self._characters += check_characters(branch)

    def faults(self) -> Faults:
        """Return every finding, with its level."""
        found = (*self._characters, *self._file, *self._bordereaux, *self._pjs)
        return Faults(
            replace(fault, severity=_severity(fault.code, self._contexte)) for fault in found
        )


class _Header:
    """What the rules on pièces need of the head of the file."""

    def __init__(self, node: Element, contexte: ContextePes) -> None:
        root = node.getroottree().getroot()
        self.cod_col = text(root, "EnTetePES/CodCol")
        self.plan: PlanBudget = contexte.plan(root)
        self.origins = Origins(text(root, "EnTetePES/CodBud"), contexte)


def _severity(code: str, contexte: ContextePes) -> Severity:
    level = LEVELS[code]
    default = level.built if contexte.origine is Origine.BUILT else level.ready_made
    return default if code in FIXED else contexte.levels.get(code, default)


def line_amounts(content: bytes) -> dict[str, Decimal]:
    """Return ``MtHT`` of every line of a PES_Aller, in euros, by ``idpce`` key, ``/`` and line.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    return {
        f"{one.idpce}/{read_whole(one.ligne.get('IdLigne'))}": one.amount
        for one in _amounts(content)
    }


class _Amount(NamedTuple):
    """``MtHT`` of one line, where it can be read."""

    cod_bud: str
    idpce: str
    ligne: LigneNode
    amount: Decimal


def _amounts(content: bytes) -> Iterator[_Amount]:
    for place in walk(content):
        if isinstance(place, PieceNode):
            cod_bud = text(place.node.getroottree().getroot(), "EnTetePES/CodBud")
            idpce = idpce_key(cod_bud, place.bordereau, place.get("IdPce"))
            for ligne in place.lignes:
                amount = read_montant(ligne.get("MtHT"))
                if amount is not None:
                    yield _Amount(cod_bud, idpce, ligne, amount)


@dataclass(frozen=True, slots=True)
class Reduction:
    """What one line takes from another."""

    origin: str
    """Key of the line that is reduced: ``domaine/cod_bud/exercice/pièce/ligne``."""
    idpce: str
    """Key of the pièce that reduces it, as :func:`register_keys` writes it."""
    amount: Decimal
    """In euros."""


def line_reductions(content: bytes) -> Iterator[Reduction]:
    """Yield what the lines of a PES_Aller take from earlier ones (``RattachPiece``).

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    for one in _amounts(content):
        if origin := origin_key(one.ligne, one.cod_bud):
            yield Reduction(origin, one.idpce, one.amount)


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
    return number_key(
        bordereau.domaine, facts.cod_bud, bordereau.exercice, bordereau.typ_bord, numero
    )
