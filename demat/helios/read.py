"""What a PES_Aller holds, read from the file itself, signed or not (helios dossier §2 to §5).

The reading is lenient: a value that cannot be read is reported as absent (``None``, 0 or empty);
saying what is wrong with it belongs to the schemas and to ``demat.helios.rules``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from demat.helios.model import Domaine
from demat.xmlio import Element, line_of, local_name, parse_untrusted, value

__all__ = [
    "SIGNATURE",
    "BordereauFacts",
    "PesFacts",
    "PjFacts",
    "facts_of",
    "read_boolean",
    "read_montant",
    "read_pes",
    "read_whole",
]

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
DOMAINES = (
    (Domaine.DEPENSE, "PES_DepenseAller", "EnTeteDepense"),
    (Domaine.RECETTE, "PES_RecetteAller", "EnTeteRecette"),
)
_WHOLE = re.compile(r"^[0-9]{1,18}$")
_MONTANT = re.compile(r"^[0-9]{1,14}(\.[0-9]*)?$")


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
    """``TypFic``."""
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

    @property
    def domaines(self) -> tuple[Domaine, ...]:
        """The domains that hold at least one bordereau, in the order of the file."""
        return tuple(dict.fromkeys(bordereau.domaine for bordereau in self.bordereaux))


def read_pes(content: bytes) -> PesFacts:
    """Read any PES_Aller, signed or not.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``.
    """
    return facts_of(parse_untrusted(content, root="PES_Aller"))


def facts_of(root: Element) -> PesFacts:
    """Return the facts of a PES_Aller that is already parsed."""
    entete = "EnTetePES/"
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
        bordereaux=tuple(_bordereaux(root)),
        pieces_jointes=tuple(_piece_jointe(node) for node in root.iterfind("PES_PJ/PJ")),
        dematerialise=any(
            read_boolean(_text(root, f"{branch}/{head}/InfoDematerialisee"))
            for _, branch, head in DOMAINES
        ),
        signed_globally=root.find(SIGNATURE) is not None,
        autres_domaines=tuple(
            name for name in ("PES_Facture", "PES_Marche") if root.find(name) is not None
        ),
    )


def _bordereaux(root: Element) -> Iterator[BordereauFacts]:
    for domaine, branch, _ in DOMAINES:
        for node in root.iterfind(f"{branch}/Bordereau"):
            yield _bordereau(node, domaine)


def _bordereau(node: Element, domaine: Domaine) -> BordereauFacts:
    bloc = "BlocBordereau/"
    montant = "MtBordHT" if domaine is Domaine.DEPENSE else "MtBordHt"
    return BordereauFacts(
        id=node.get("Id", ""),
        domaine=domaine,
        exercice=read_whole(_text(node, bloc + "Exer")) or 0,
        numero=read_whole(_text(node, bloc + "IdBord")) or 0,
        typ_bord=_text(node, bloc + "TypBord"),
        date_emission=_text(node, bloc + "DteBordEm"),
        nbr_pce=read_whole(_text(node, bloc + "NbrPce")) or 0,
        mt_ht=read_montant(_text(node, bloc + montant)),
        mt_tva=read_montant(_text(node, bloc + "MtBordTVA")),
        pieces=tuple(_numero(piece, domaine) for piece in node.iterfind("Piece")),
        signed=node.find(SIGNATURE) is not None,
        line=line_of(node),
    )


def _numero(piece: Element, domaine: Domaine) -> int:
    inner = "BlocPiece/InfoPce/IdPce" if domaine is Domaine.DEPENSE else "BlocPiece/IdPce"
    return read_whole(_text(piece, inner)) or 0


def _piece_jointe(node: Element) -> PjFacts:
    return PjFacts(
        id_unique=_text(node, "IdUnique"),
        name=_text(node, "NomPJ"),
        type_pj=_text(node, "TypePJ"),
        description=_text(node, "Description"),
        line=line_of(node),
    )


def _text(node: Element, path: str) -> str:
    return value(node, path) or ""


def read_whole(text: str) -> int | None:
    """Return a whole number of at most 18 digits, ``None`` for anything else."""
    stripped = text.strip()
    return int(stripped) if _WHOLE.match(stripped) else None


def read_montant(text: str) -> Decimal | None:
    """Return an amount written as the norm says (dot, no sign), ``None`` for anything else."""
    stripped = text.strip()
    return Decimal(stripped) if _MONTANT.match(stripped) else None


def read_boolean(text: str) -> bool:
    """Tell whether an ``xs:boolean`` is true: ``1`` and ``true`` are the same value."""
    return text.strip() in {"1", "true"}
