"""What a PES_Aller holds, read from the file itself, signed or not (helios dossier §2 to §5).

The reading is lenient: a value that cannot be read is reported as absent (``None``, 0 or empty);
saying what is wrong with it belongs to the schemas and to ``demat.helios.rules``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from demat.faults import Fault, FaultError
from demat.helios.model import Domaine
from demat.helios.rule_base import BordereauNode
from demat.helios.scalars import read_boolean, read_montant, read_whole
from demat.helios.walk import DOMAINES, SIGNATURE, FileEnd, PjNode, is_role, walk
from demat.xmlio import Element, line_of, local_name, read_head, value

__all__ = [
    "DOMAINES",
    "SIGNATURE",
    "BordereauFacts",
    "EntetePes",
    "PesFacts",
    "PjFacts",
    "facts_of",
    "pj_facts",
    "read_boolean",
    "read_entete",
    "read_montant",
    "read_pes",
    "read_whole",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class BordereauFacts:
    """One bordereau as its file announces it."""

    id: str
    """``@Id``; empty when the element carries none."""
    domaine: Domaine
    """Mandats or titres."""
    exercice: int
    """``Exer``; 0 when unreadable."""
    numero: int
    """``IdBord``; 0 when unreadable."""
    typ_bord: str
    """``TypBord``."""
    date_emission: str = ""
    """``DteBordEm``, as written."""
    nbr_pce: int
    """``NbrPce`` as announced; 0 when unreadable."""
    mt_ht: Decimal | None
    """``MtBordHT`` or ``MtBordHt`` as announced, in euros."""
    mt_tva: Decimal | None
    """``MtBordTVA`` as announced, in euros."""
    pieces: tuple[int, ...]
    """``IdPce`` of each pièce, in order; 0 when unreadable."""
    signed: bool
    """Whether a ``ds:Signature`` lies in the bordereau."""
    line: int | None = None
    """Line of the file where the bordereau starts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PjFacts:
    """One attachment carried by the file; its content is not decoded here."""

    id_unique: str
    """``IdUnique``."""
    name: str
    """``NomPJ``."""
    type_pj: str
    """``TypePJ``; empty when not said."""
    description: str = ""
    """``Description``."""
    line: int | None = None
    """Line of the file where the attachment starts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PesFacts:
    """What a PES_Aller is, for whom and what it carries."""

    kind: str
    """Local name of the root: ``PES_Aller``."""
    nom_fic: str
    """``NomFic``: correlation key with the acquit."""
    typ_fic: str
    """``TypFic``: ``PESORMC`` for a file of rôles."""
    version: str
    """``Parametres/Version``, as written."""
    id_post: str
    """``IdPost``: codique."""
    id_coll: str
    """``IdColl``: SIRET of the budget."""
    cod_col: str
    """``CodCol``."""
    cod_bud: str
    """``CodBud``; empty when the file (before 2019) omits it."""
    libelle: str
    """``LibelleColBud``."""
    bordereaux: tuple[BordereauFacts, ...]
    """In document order, dépense before recette."""
    pieces_jointes: tuple[PjFacts, ...]
    """Attachments carried by the file."""
    dematerialise: bool
    """``InfoDematerialisee`` of any domain is true; absent counts as false."""
    signed_globally: bool
    """Whether a ``ds:Signature`` is the direct child of the root."""
    autres_domaines: tuple[str, ...] = ()
    """Root children that we only transport: ``PES_Facture``, ``PES_Marche``."""
    cited: tuple[str, ...] = ()
    """IdUnique of the electronic attachments that it refers to and does not carry; only when the
    file was checked as well as read."""

    @property
    def role(self) -> bool:
        """Whether it is a file of rôles (ORMC), which leaves unsigned (§3.8)."""
        return self.typ_fic == "PESORMC"

    @property
    def signed(self) -> bool:
        """Whether it carries a signature: on the whole, or on some bordereau."""
        return self.signed_globally or any(bordereau.signed for bordereau in self.bordereaux)

    @property
    def domaines(self) -> tuple[Domaine, ...]:
        """The domains that hold at least one bordereau, in the order of the file."""
        return tuple(dict.fromkeys(bordereau.domaine for bordereau in self.bordereaux))


@dataclass(frozen=True, kw_only=True, slots=True)
class EntetePes:
    """What the beginning of a file says, before its first pièce."""

    nom_fic: str
    """``NomFic``."""
    id_coll: str
    """``IdColl``: SIRET of the budget."""
    has_bordereaux: bool
    """Whether a bordereau of mandats or titres follows."""
    role: bool
    """Whether it is a file of rôles (ORMC), which leaves unsigned (§3.8)."""


def read_entete(content: bytes) -> EntetePes:
    """Read the beginning of a PES_Aller; the rest may be of any size.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    root = read_head(content, before=("Bordereau", "PES_Facture", "PES_Marche", "PES_PJ"))
    if local_name(root) != "PES_Aller":
        params = {"expected": "PES_Aller", "found": local_name(root)}
        raise FaultError(Fault(code="XML-ROOT", params=params, line=line_of(root)))
    return EntetePes(
        nom_fic=_text(root, "Enveloppe/Parametres/NomFic"),
        id_coll=_text(root, "EnTetePES/IdColl"),
        has_bordereaux=any(root.find(f"{one[1]}/Bordereau") is not None for one in DOMAINES),
        role=is_role(root),
    )


def read_pes(content: bytes) -> PesFacts:
    """Read any PES_Aller, signed or not, of any size.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    attachments: list[PjFacts] = []
    for place in walk(content):
        if isinstance(place, PjNode):
            attachments.append(pj_facts(place.node))
        elif isinstance(place, FileEnd):
            return facts_of(place, attachments)
    raise AssertionError("a walk ends with the end of the file")


def facts_of(end: FileEnd, attachments: Iterable[PjFacts]) -> PesFacts:
    """Return the facts of a file that was walked through."""
    root, entete = end.root, "EnTetePES/"
    return PesFacts(
        kind=local_name(root),
        nom_fic=_text(root, "Enveloppe/Parametres/NomFic"),
        typ_fic=_text(root, "Enveloppe/Parametres/TypFic"),
        version=_text(root, "Enveloppe/Parametres/Version"),
        id_post=_text(root, entete + "IdPost"),
        id_coll=_text(root, entete + "IdColl"),
        cod_col=_text(root, entete + "CodCol"),
        cod_bud=_text(root, entete + "CodBud"),
        libelle=_text(root, entete + "LibelleColBud"),
        bordereaux=tuple(
            _bordereau(one)
            for domaine, _, _ in DOMAINES
            for one in end.bordereaux
            if one.domaine is domaine
        ),
        pieces_jointes=tuple(attachments),
        dematerialise=any(
            read_boolean(_text(root, f"{branch}/{head}/InfoDematerialisee"))
            for _, branch, head in DOMAINES
        ),
        signed_globally=root.find(SIGNATURE) is not None,
        autres_domaines=tuple(
            name for name in ("PES_Facture", "PES_Marche") if root.find(name) is not None
        ),
    )


def _bordereau(node: BordereauNode) -> BordereauFacts:
    return BordereauFacts(
        id=node.id,
        domaine=node.domaine,
        exercice=read_whole(node.get("Exer")) or 0,
        numero=read_whole(node.get("IdBord")) or 0,
        typ_bord=node.get("TypBord"),
        date_emission=node.get("DteBordEm"),
        nbr_pce=read_whole(node.get("NbrPce")) or 0,
        mt_ht=read_montant(node.get(node.montant_ht)),
        mt_tva=read_montant(node.get("MtBordTVA")),
        pieces=tuple(read_whole(numero) or 0 for numero, _ in node.pieces),
        signed=node.signatures > 0,
        line=node.line,
    )


def pj_facts(node: Element) -> PjFacts:
    """Return the facts of one attachment (``PES_PJ/PJ``)."""
    return PjFacts(
        id_unique=_text(node, "IdUnique"),
        name=_text(node, "NomPJ"),
        type_pj=_text(node, "TypePJ"),
        description=_text(node, "Description"),
        line=line_of(node),
    )


def _text(node: Element, path: str) -> str:
    return value(node, path) or ""
