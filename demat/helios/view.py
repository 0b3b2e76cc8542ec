"""A PES_Aller as a person looks at it: piece by piece, leniently, nothing left out (§3, §4, §5).

The file is read as a stream, so that one of 20,000 pièces takes no more memory than one of ten.
What the readers of this package know by name has its field; every other value is kept in ``autres``
under the name of its element, for the page to show.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from demat.amounts import total
from demat.helios.model import Domaine
from demat.helios.read import SIGNATURE, read_boolean, read_montant, read_whole
from demat.helios.view_avis import VueAvis, avis_of
from demat.xmlio import Element, line_of, path_of, stream_untrusted, value

__all__ = [
    "EntetePes",
    "VueBordereau",
    "VueLigne",
    "VuePes",
    "VuePiece",
    "VuePj",
    "VuePjRef",
    "VueTiers",
    "masked",
    "read_view",
]

Champs = tuple[tuple[str, str], ...]
"""Name of an element of the norm and its value, in document order."""

_ROOT = "PES_Aller"
_BRANCHES = {"PES_DepenseAller": Domaine.DEPENSE, "PES_RecetteAller": Domaine.RECETTE}
_SHOWN = 4
"""Characters of a bank account or of a NIR that stay readable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntetePes:
    """Who sends, for which budget."""

    nom_fic: str = ""
    """``NomFic``."""
    typ_fic: str = ""
    """``TypFic``."""
    emetteur: str = ""
    """``Emetteur``: software that made the file."""
    date: str = ""
    """``DteStr``, as written."""
    id_post: str = ""
    """``IdPost``: codique of the poste comptable."""
    libelle_poste: str = ""
    """``LibellePoste``."""
    id_coll: str = ""
    """``IdColl``: SIRET of the budget."""
    cod_col: str = ""
    """``CodCol``."""
    cod_bud: str = ""
    """``CodBud``."""
    libelle: str = ""
    """``LibelleColBud``."""
    autres: Champs = ()
    """Everything else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VueBordereau:
    """The head of one bordereau."""

    rang: int
    """Its rank in the file, from 1: the number of a bordereau may come twice."""
    id: str
    """``@Id``."""
    domaine: Domaine
    """Mandats or titres."""
    exercice: str
    """``Exer``."""
    numero: str
    """``IdBord``."""
    typ_bord: str
    """``TypBord``."""
    date_emission: str
    """``DteBordEm``, as written."""
    nbr_pce: str
    """``NbrPce`` as announced."""
    mt_ht: Decimal | None
    """``MtBordHT`` as announced, in euros; ``None`` when it cannot be read."""
    mt_tva: Decimal | None
    """``MtBordTVA`` as announced, in euros; ``None`` when absent."""
    mt_cumul: Decimal | None
    """``MtCumulAnnuel``, in euros."""
    dematerialise: bool
    """``InfoDematerialisee`` of its domain."""
    autres: Champs
    """Everything else."""
    line: int | None = None
    """Line of the file where it starts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VuePjRef:
    """A pièce or a line points to a document (``PJRef``)."""

    support: str
    """``Support``: 01 electronic, 02 paper, 03 disc."""
    id_unique: str
    """``IdUnique``."""
    nom: str
    """``NomPJ``."""
    type_pj: str
    """``TypePJ``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VueTiers:
    """A debtor or a creditor."""

    nom: str
    """``Civilite``, ``Prenom``, ``Nom`` and ``ComplNom``, as one reads them."""
    id_tiers: str
    """``IdTiers``; a NIR is masked."""
    nat_id_tiers: str
    """``NatIdTiers``."""
    cat_tiers: str
    """``CatTiers``."""
    nat_jur: str
    """``NatJur``."""
    typ_tiers: str
    """``TypTiers`` (recette)."""
    adresse: tuple[str, ...]
    """Lines of the address, down to ``CP Ville``."""
    iban: str
    """``IBAN``, or the older RIB, masked but for its end."""
    bic: str
    """``BIC``."""
    titulaire: str
    """``TitCpte``."""
    autres: Champs
    """Everything else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VueRattachement:
    """The earlier pièce that a line refers to (``RattachPiece``)."""

    nature: str
    """``NatPceOrig``."""
    exercice: str
    """``ExerRat``."""
    piece: str
    """``IdPceOrig``."""
    ligne: str
    """``IdLigneOrig``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VueLigne:
    """One line of a pièce."""

    numero: str
    """``IdLigne``."""
    objet: str
    """``ObjLignePce`` (recette)."""
    compte: str
    """``Nature``: the account."""
    fonction: str
    """``Fonction``."""
    operation: str
    """``Operation``."""
    mt_ht: Decimal | None
    """``MtHT``, in euros; ``None`` when it cannot be read."""
    mt_tva: Decimal | None
    """``MtTVA``, in euros; ``None`` when absent."""
    tiers: tuple[VueTiers, ...]
    """At most one in dépense."""
    rattachement: VueRattachement | None
    """The pièce that it corrects or continues."""
    pj: tuple[VuePjRef, ...]
    """Documents of this line alone."""
    autres: Champs
    """Everything else: marché, régie, mode of payment, prélèvement…"""

    @property
    def mt_ttc(self) -> Decimal | None:
        """The amount with TVA, in euros."""
        return None if self.mt_ht is None else total((self.mt_ht, self.mt_tva or Decimal(0)))


@dataclass(frozen=True, kw_only=True, slots=True)
class VuePiece:
    """One titre or one mandat."""

    bordereau: VueBordereau
    """Where it stands."""
    numero: str
    """``IdPce``."""
    typ_pce: str
    """``TypPce``."""
    nat_pce: str
    """``NatPce``."""
    objet: str
    """``ObjPce`` or ``Obj``."""
    pj: tuple[VuePjRef, ...]
    """Its documents."""
    lignes: tuple[VueLigne, ...]
    """Its lines, in document order."""
    autres: Champs
    """Everything else: service, ASAP, DGP…"""
    line: int | None = None
    """Line of the file where it starts."""

    @property
    def mt_ht(self) -> Decimal:
        """Sum of the lines without TVA, in euros."""
        return total(ligne.mt_ht for ligne in self.lignes if ligne.mt_ht is not None)

    @property
    def mt_tva(self) -> Decimal:
        """Sum of the TVA of the lines, in euros."""
        return total(ligne.mt_tva for ligne in self.lignes if ligne.mt_tva is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class VuePj:
    """One document that the file carries."""

    id_unique: str
    """``IdUnique``."""
    nom: str
    """``NomPJ``."""
    type_pj: str
    """``TypePJ``."""
    description: str
    """``Description``."""
    mime_type: str
    """``@MIMEType`` as announced."""
    contenu: str
    """``Fichier``: base64 of the gzipped document, not decoded."""
    autres: Champs
    """Everything else, ``RefCompta`` included."""
    line: int | None = None
    """Line of the file where it starts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VueAutre:
    """Something that we only transport (``PES_Facture``, ``PES_Marche``), or a signature."""

    nom: str
    """Path of the element from the root."""
    avis: tuple[VueAvis, ...] = ()
    """The bills of a ``PES_Facture``."""


VuePes = EntetePes | VueBordereau | VuePiece | VuePj | VueAutre

_PATHS = frozenset(
    {f"{_ROOT}/{name}" for name in ("Enveloppe", "EnTetePES", "PES_Facture", "PES_Marche")}
    | {f"{_ROOT}/PES_PJ/PJ", f"{_ROOT}/Signature"}
    | {
        f"{_ROOT}/{branch}/{rest}"
        for branch, head in (
            ("PES_DepenseAller", "EnTeteDepense"),
            ("PES_RecetteAller", "EnTeteRecette"),
        )
        for rest in (
            head,
            "Bordereau/BlocBordereau",
            "Bordereau/Piece",
            "Bordereau/Signature",
        )
    }
)


def masked(text: str) -> str:
    """Return the end of a bank account or of a NIR: enough to compare, too little to misuse."""
    kept = "".join(text.split())
    return f"•••• {kept[-_SHOWN:]}" if len(kept) > 2 * _SHOWN else "••••" if kept else ""


def read_view(source: BinaryIO) -> Iterator[VuePes]:
    """Yield what a PES_Aller holds, in document order: header, then bordereaux and pièces, then PJ.

    A pièce comes after its bordereau. The header comes once, when it has been read whole.

    :param source: the file, open at its beginning.
    :raises FaultError: ``XML-…``; possibly after some values, when the file is broken further on.
    """
    reader = _Reader()
    for node in stream_untrusted(source, _PATHS, root=_ROOT):
        yield from reader.take(node)


class _Reader:
    """Remembers what stands above the element being read."""

    def __init__(self) -> None:
        self._enveloppe: dict[str, str] = {}
        self._dematerialise = False
        self._bordereau: VueBordereau | None = None

    def take(self, node: Element) -> Iterator[VuePes]:
        place = path_of(node).split("/")[1:]
        match place:
            case ["Enveloppe"]:
                self._enveloppe = dict(_leaves(node))
            case ["EnTetePES"]:
                yield _entete(self._enveloppe, node)
            case ["PES_PJ", "PJ"]:
                yield _pj(node)
            case [_, "Bordereau", "BlocBordereau"]:
                self._bordereau = self._head(node, _BRANCHES[place[0]])
                yield self._bordereau
            case [_, "Bordereau", "Piece"] if self._bordereau is not None:
                yield _piece(node, self._bordereau)
            case [_, "EnTeteDepense" | "EnTeteRecette"]:
                self._dematerialise = read_boolean(_text(node, "InfoDematerialisee"))
            case ["PES_Facture"]:
                yield VueAutre(nom="PES_Facture", avis=avis_of(node))
            case _:
                yield VueAutre(nom="/".join(place))

    def _head(self, node: Element, domaine: Domaine) -> VueBordereau:
        parent = node.getparent()
        known = ("Exer", "IdBord", "TypBord", "DteBordEm", "NbrPce", "MtBordHT", "MtBordHt")
        return VueBordereau(
            rang=self._bordereau.rang + 1 if self._bordereau else 1,
            id="" if parent is None else parent.get("Id", ""),
            domaine=domaine,
            exercice=_text(node, "Exer"),
            numero=_number(node, "IdBord"),
            typ_bord=_text(node, "TypBord"),
            date_emission=_text(node, "DteBordEm"),
            nbr_pce=_number(node, "NbrPce"),
            mt_ht=_montant(node, "MtBordHT") if domaine is Domaine.DEPENSE else _recette_ht(node),
            mt_tva=_montant(node, "MtBordTVA"),
            mt_cumul=_montant(node, "MtCumulAnnuel"),
            dematerialise=self._dematerialise,
            autres=_rest(node, {*known, "MtBordTVA", "MtCumulAnnuel"}),
            line=line_of(node),
        )


def _recette_ht(node: Element) -> Decimal | None:
    return _montant(node, "MtBordHt")


def _entete(enveloppe: dict[str, str], node: Element) -> EntetePes:
    known = {"DteStr", "IdPost", "LibellePoste", "IdColl", "CodCol", "CodBud", "LibelleColBud"}
    software = (enveloppe.get("Sigle", ""), enveloppe.get("Adresse", ""))
    return EntetePes(
        nom_fic=enveloppe.get("NomFic", ""),
        typ_fic=enveloppe.get("TypFic", ""),
        emetteur=", ".join(part for part in software if part),
        date=_text(node, "DteStr"),
        id_post=_text(node, "IdPost"),
        libelle_poste=_text(node, "LibellePoste"),
        id_coll=_text(node, "IdColl"),
        cod_col=_text(node, "CodCol"),
        cod_bud=_text(node, "CodBud"),
        libelle=_text(node, "LibelleColBud"),
        autres=_rest(node, known),
    )


_PIECE = {"IdPce", "TypPce", "NatPce", "ObjPce", "Obj", "PJRef"}


def _piece(node: Element, bordereau: VueBordereau) -> VuePiece:
    bloc = node.find("BlocPiece")
    info = node if bloc is None else bloc
    inner = info.find("InfoPce")
    head = info if inner is None else inner
    return VuePiece(
        bordereau=bordereau,
        numero=_number(head, "IdPce"),
        typ_pce=_text(head, "TypPce"),
        nat_pce=_text(head, "NatPce"),
        objet=_text(head, "ObjPce") or _text(head, "Obj"),
        pj=_references(head),
        lignes=tuple(_ligne(ligne) for ligne in node.iterfind("LigneDePiece")),
        autres=() if bloc is None else _rest(bloc, _PIECE),
        line=line_of(node),
    )


_LIGNE = {"IdLigne", "ObjLignePce", "Nature", "Fonction", "Operation", "MtHT", "MtTVA"}
_LIGNE_BLOCKS = {"PJRef", "RattachPiece"}


def _ligne(node: Element) -> VueLigne:
    bloc = node.find("BlocLignePiece")
    body = node if bloc is None else bloc
    found = body.find("InfoLignePce")
    found = body.find("InfoLignePiece") if found is None else found
    info = body if found is None else found
    return VueLigne(
        numero=_number(info, "IdLigne"),
        objet=_text(info, "ObjLignePce"),
        compte=_text(info, "Nature"),
        fonction=_text(info, "Fonction"),
        operation=_text(info, "Operation"),
        mt_ht=_montant(info, "MtHT"),
        mt_tva=_montant(info, "MtTVA"),
        tiers=tuple(_tiers(tiers) for tiers in node.iterfind("Tiers")),
        rattachement=_rattachement(body),
        pj=_references(info),
        autres=_rest(body, _LIGNE | _LIGNE_BLOCKS)
        + tuple(pair for part in node.iterfind("Recouvrement") for pair in _leaves(part)),
    )


def _rattachement(node: Element) -> VueRattachement | None:
    found = node.find("RattachPiece")
    if found is None:
        return None
    return VueRattachement(
        nature=_text(found, "NatPceOrig"),
        exercice=_text(found, "ExerRat"),
        piece=_number(found, "IdPceOrig"),
        ligne=_number(found, "IdLigneOrig"),
    )


_TIERS = frozenset(
    {"Civilite", "Prenom", "Nom", "ComplNom", "IdTiers", "NatIdTiers", "CatTiers", "NatJur"}
    | {"TypTiers", "Adr1", "Adr2", "Adr3", "CP", "Ville", "IBAN", "BIC", "TitCpte"}
    | {"IdPayInt", "IdBancInt", "CodeEtab", "CodeGuic", "IdCpte", "CleRib"}
)
_NIR = "04"


def _tiers(node: Element) -> VueTiers:
    known = dict(_leaves(node))
    names = (known.get(name, "") for name in ("Civilite", "Prenom", "Nom", "ComplNom"))
    identifier = known.get("IdTiers", "")
    town = f"{known.get('CP', '')} {known.get('Ville', '')}".strip()
    rib = "".join(known.get(name, "") for name in ("CodeEtab", "CodeGuic", "IdCpte", "CleRib"))
    return VueTiers(
        nom=" ".join(part for part in names if part),
        id_tiers=masked(identifier) if known.get("NatIdTiers") == _NIR else identifier,
        nat_id_tiers=known.get("NatIdTiers", ""),
        cat_tiers=known.get("CatTiers", ""),
        nat_jur=known.get("NatJur", ""),
        typ_tiers=known.get("TypTiers", ""),
        adresse=tuple(p for p in (*(known.get(f"Adr{n}", "") for n in "123"), town) if p),
        iban=masked(known.get("IBAN", "") or rib),
        bic=known.get("BIC", ""),
        titulaire=known.get("TitCpte", ""),
        autres=tuple(pair for pair in _leaves(node) if pair[0] not in _TIERS),
    )


def _references(node: Element) -> tuple[VuePjRef, ...]:
    return tuple(
        VuePjRef(
            support=_text(found, "Support"),
            id_unique=_text(found, "IdUnique"),
            nom=_text(found, "NomPJ"),
            type_pj=_text(found, "TypePJ"),
        )
        for found in node.iterfind("PJRef")
    )


def _pj(node: Element) -> VuePj:
    found = node.find("Contenu/Fichier")
    return VuePj(
        id_unique=_text(node, "IdUnique"),
        nom=_text(node, "NomPJ"),
        type_pj=_text(node, "TypePJ"),
        description=_text(node, "Description"),
        mime_type="" if found is None else found.get("MIMEType", ""),
        contenu="" if found is None else found.text or "",
        autres=_rest(node, {"IdUnique", "NomPJ", "TypePJ", "Description"}),
        line=line_of(node),
    )


def _leaves(node: Element) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of every element that carries one; signatures have none."""
    for found in node.iter("*"):
        text = found.get("V")
        if text is not None and text.strip() and isinstance(found.tag, str):
            yield found.tag.rpartition("}")[2], text.strip()


def _rest(node: Element, known: Collection[str]) -> Champs:
    """Return the values that no field holds; blocks that a field holds are left out whole."""
    return tuple(pair for child in node if child.tag != SIGNATURE for pair in _inner(child, known))


def _inner(node: Element, known: Collection[str]) -> Iterator[tuple[str, str]]:
    if node.tag in known:
        return
    text = node.get("V")
    if text is not None and text.strip() and isinstance(node.tag, str):
        yield node.tag, text.strip()
    for child in node:
        yield from _inner(child, known)


def _text(node: Element, path: str) -> str:
    return (value(node, path) or "").strip()


def _number(node: Element, path: str) -> str:
    """Return a number without its leading zeros; as written when it is not one."""
    text = _text(node, path)
    whole = read_whole(text)
    return text if whole is None else str(whole)


def _montant(node: Element, path: str) -> Decimal | None:
    return read_montant(_text(node, path))
