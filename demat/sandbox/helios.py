"""The DGFiP behind the TdT: checks of the TdT, then acceptance or refusal of each bordereau and PJ.

Refusals of connectors dossier §1.9.7 (TdT) and helios dossier §3.2, §5, §8.1 (Hélios). Reads PES
with its own code: it shares nothing with the module that writes them.
"""

import base64
import binascii
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from demat.faults import FaultError
from demat.sandbox.scenario import Autorite
from demat.xmlio import Element, local_name, parse_untrusted, value

__all__ = [
    "BordereauLu",
    "ElementAck",
    "Erreur",
    "Helios",
    "LigneFautive",
    "PesLu",
    "PieceFautive",
    "PjLue",
    "TdtError",
    "check_as_tdt",
    "read_pes",
]

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_HEADER = ("DteStr", "IdPost", "IdColl", "CodCol", "CodBud", "LibelleColBud")
_PJ_LIMIT = 200_000_000


class TdtError(Exception):
    """The asynchronous checks of the TdT refuse the file; the message is what it shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LigneLue:
    """A line of a mandat or titre."""

    number: str
    has_fonction: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceLue:
    """A mandat or a titre."""

    number: str
    lines: tuple[LigneLue, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BordereauLu:
    """A bordereau."""

    domaine: int
    """5 dépense, 6 recette (DomaineAck)."""
    exercice: str
    number: str
    typ_bord: str
    dematerialise: bool
    """InfoDematerialisee of its domain."""
    signed: bool
    """Signature inside the bordereau or of the whole file."""
    pieces: tuple[PieceLue, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PjLue:
    """An attachment."""

    id_unique: str
    readable: bool
    """Base64 of a gzip file that holds at least one byte."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PesLu:
    """A PES_Aller, reduced to what decides its fate."""

    nom_fic: str
    typ_fic: str
    emetteur: tuple[str, str]
    """Sigle and Adresse of the sender."""
    header: dict[str, str]
    """EnTetePES, by element."""
    bordereaux: tuple[BordereauLu, ...]
    pieces_jointes: tuple[PjLue, ...]
    marches: int
    """Number of PES_Marche blocks."""
    factures: int
    """Number of PES_Facture blocks."""

    def renamed(self, nom_fic: str) -> "PesLu":
        """Return the same PES under another NomFic."""
        return replace(self, nom_fic=nom_fic)


@dataclass(frozen=True, kw_only=True, slots=True)
class Erreur:
    """NumAnoAck and LibelleAnoAck."""

    code: str
    libelle: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LigneFautive:
    """DetailLigne."""

    number: str
    erreurs: tuple[Erreur, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceFautive:
    """DetailPiece."""

    number: str
    lines: tuple[LigneFautive, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementAck:
    """ElementACQUIT."""

    domaine: int
    bordereau: str = ""
    exercice: str = ""
    id_unique: str = ""
    erreurs: tuple[Erreur, ...] = ()
    pieces: tuple[PieceFautive, ...] = ()

    @property
    def accepted(self) -> bool:
        """EtatAck."""
        return not self.erreurs and not self.pieces


def read_pes(content: bytes) -> PesLu:
    """Read a PES_Aller.

    :raises TdtError: not XML.
    """
    try:
        root = parse_untrusted(content)
    except FaultError as error:
        raise TdtError("Le fichier n'est pas un fichier XML valide") from error
    return PesLu(
        nom_fic=value(root, "Enveloppe/Parametres/NomFic") or "",
        typ_fic=value(root, "Enveloppe/Parametres/TypFic") or "",
        emetteur=(
            value(root, "Enveloppe/Emetteur/Sigle") or "",
            value(root, "Enveloppe/Emetteur/Adresse") or "",
        ),
        header={name: value(root, f"EnTetePES/{name}") or "" for name in _HEADER},
        bordereaux=tuple(_bordereaux(root)),
        pieces_jointes=tuple(_pj(node) for node in root.iterfind("PES_PJ/PJ")),
        marches=_count(root, "PES_Marche"),
        factures=_count(root, "PES_Facture"),
    )


def _count(root: Element, name: str) -> int:
    return sum(1 for child in root if isinstance(child.tag, str) and local_name(child) == name)


def _bordereaux(root: Element) -> Iterator[BordereauLu]:
    whole = root.find(_SIGNATURE) is not None
    for domaine, block, head in (
        (5, "PES_DepenseAller", "EnTeteDepense"),
        (6, "PES_RecetteAller", "EnTeteRecette"),
    ):
        dematerialise = value(root, f"{block}/{head}/InfoDematerialisee") in ("1", "true")
        for node in root.iterfind(f"{block}/Bordereau"):
            yield BordereauLu(
                domaine=domaine,
                exercice=value(node, "BlocBordereau/Exer") or "",
                number=value(node, "BlocBordereau/IdBord") or "",
                typ_bord=value(node, "BlocBordereau/TypBord") or "",
                dematerialise=dematerialise,
                signed=whole or node.find(_SIGNATURE) is not None,
                pieces=tuple(_piece(piece) for piece in node.iterfind("Piece")),
            )


def _piece(node: Element) -> PieceLue:
    return PieceLue(
        number=value(node, ".//IdPce") or "",
        lines=tuple(
            LigneLue(
                number=value(line, ".//IdLigne") or "",
                has_fonction=line.find(".//Fonction") is not None,
            )
            for line in node.iterfind("LigneDePiece")
        ),
    )


def _pj(node: Element) -> PjLue:
    text = node.findtext("Contenu/Fichier") or ""
    return PjLue(id_unique=value(node, "IdUnique") or "", readable=_is_readable(text))


def _is_readable(text: str) -> bool:
    try:
        packed = base64.b64decode("".join(text.split()), validate=True)
        unpacked = zlib.decompressobj(wbits=31).decompress(packed, _PJ_LIMIT)
    except (binascii.Error, zlib.error, ValueError):
        return False
    return bool(unpacked)


def check_as_tdt(content: bytes, autorite: Autorite) -> PesLu:
    """Apply the checks that the TdT makes after it has taken the file.

    :raises TdtError: the transaction becomes -1 with this message.
    """
    if b"ISO-8859-1" not in content[:50].upper():
        raise TdtError("Le fichier n'est pas encodé en ISO-8859-1")
    pes = read_pes(content)
    if not (pes.bordereaux or pes.pieces_jointes or pes.marches or pes.factures):
        raise TdtError("Le fichier ne contient ni bordereau, ni PJ, ni marché")
    if not pes.nom_fic:
        raise TdtError("La balise NomFic n'est pas présente dans le fichier")
    for name in ("CodCol", "IdPost", "CodBud"):
        if not pes.header[name]:
            raise TdtError(f"La balise {name} n'est pas présente dans le fichier")
    if len(pes.header["CodCol"]) > 3:
        raise TdtError("La balise CodCol est trop longue")
    if not autorite.destination:
        raise TdtError("Le code de destination de la collectivité n'est pas configuré")
    return pes


class Helios:
    """What the comptable's application has already integrated."""

    def __init__(self, budgets_sans_fonction: tuple[str, ...]) -> None:
        """Start empty.

        :param budgets_sans_fonction: CodBud whose accounting plan has no function.
        """
        self._without_fonction = frozenset(budgets_sans_fonction)
        self._bordereaux: set[tuple[str, ...]] = set()
        self._pieces_jointes: set[tuple[str, str]] = set()

    def process(self, pes: PesLu, autorite: Autorite) -> tuple[ElementAck, ...]:
        """Integrate what can be, and return one element per PJ and per bordereau.

        A refusal of the whole flux (budget unknown, signature against InfoDematerialisee) returns
        the refused elements alone: nothing is integrated.
        """
        refused = self._refused_flux(pes, autorite)
        if refused:
            return refused
        others = [ElementAck(domaine=11)] * pes.marches + [ElementAck(domaine=12)] * pes.factures
        return (
            *(self._pj(pj, pes) for pj in pes.pieces_jointes),
            *(self._bordereau(bordereau, pes) for bordereau in pes.bordereaux),
            *others,
        )

    def refuse(self, pes: PesLu, *, but_pieces: bool = False) -> tuple[ElementAck, ...]:
        """Refuse every bordereau and PJ, and integrate nothing.

        :param but_pieces: the PJ are accepted and integrated.
        """
        erreur = Erreur(code="ERREUR_AUTRE", libelle="2559 - Exercice clos")
        pieces = (
            self._pj(pj, pes)
            if but_pieces
            else ElementAck(domaine=4, id_unique=pj.id_unique, erreurs=(erreur,))
            for pj in pes.pieces_jointes
        )
        bordereaux = (
            ElementAck(
                domaine=one.domaine,
                bordereau=one.number,
                exercice=one.exercice,
                erreurs=(erreur,),
            )
            for one in pes.bordereaux
        )
        return (*pieces, *bordereaux)

    def _refused_flux(self, pes: PesLu, autorite: Autorite) -> tuple[ElementAck, ...]:
        header = tuple(pes.header[name] for name in ("IdPost", "IdColl", "CodCol", "CodBud"))
        known = {(b.id_post, b.siret, b.cod_col, b.cod_bud) for b in autorite.budgets}
        if known and header not in known:
            libelle = (
                f"Collectivite {header[2]}, budget {header[3]} : inconnus au poste {header[0]}"
            )
            unknown = Erreur(code="ERREUR_CODE_COLLECTIVITE_BUDGET", libelle=libelle)
            return (ElementAck(domaine=99, erreurs=(unknown,)),)
        return tuple(
            ElementAck(
                domaine=3,
                bordereau=bordereau.number,
                exercice=bordereau.exercice,
                erreurs=(_signature_error(bordereau),),
            )
            for bordereau in pes.bordereaux
            if bordereau.signed != bordereau.dematerialise
        )

    def _pj(self, pj: PjLue, pes: PesLu) -> ElementAck:
        key = (pes.header["IdColl"], pj.id_unique)
        erreur = None
        if not pj.readable:
            erreur = Erreur(code="ERREUR_PJ", libelle="Contenu de la PJ vide ou illisible")
        elif key in self._pieces_jointes:
            libelle = f"1984 - La PJ {pj.id_unique} est deja integree"
            erreur = Erreur(code="ERREUR_DOUBLON_PJ", libelle=libelle)
        else:
            self._pieces_jointes.add(key)
        return ElementAck(
            domaine=4, id_unique=pj.id_unique, erreurs=() if erreur is None else (erreur,)
        )

    def _bordereau(self, bordereau: BordereauLu, pes: PesLu) -> ElementAck:
        header = (pes.header[name] for name in ("IdPost", "CodCol", "CodBud"))
        what = (bordereau.exercice, bordereau.typ_bord, bordereau.number)
        key = (*header, str(bordereau.domaine), *what)
        erreurs: tuple[Erreur, ...] = ()
        pieces: tuple[PieceFautive, ...] = ()
        if key in self._bordereaux:
            libelle = f"Bordereau {bordereau.number} deja integre sur {bordereau.exercice}"
            erreurs = (Erreur(code="ERREUR_DOUBLON_BORDEREAU", libelle=libelle),)
        elif pes.header["CodBud"] in self._without_fonction:
            pieces = tuple(_lines_with_fonction(bordereau))
        element = ElementAck(
            domaine=bordereau.domaine,
            bordereau=bordereau.number,
            exercice=bordereau.exercice,
            erreurs=erreurs,
            pieces=pieces,
        )
        if element.accepted:
            self._bordereaux.add(key)
        return element


def _signature_error(bordereau: BordereauLu) -> Erreur:
    missing = bordereau.dematerialise
    libelle = "signature absente" if missing else "signature presente, flux non dematerialise"
    return Erreur(
        code="ERREUR_SIGNATURE_BORDEREAU_INVALIDE",
        libelle=f"Bordereau {bordereau.number} : {libelle}",
    )


def _lines_with_fonction(bordereau: BordereauLu) -> Iterator[PieceFautive]:
    erreur = Erreur(code="ERREUR_AUTRE", libelle="1971 - Compte fonction present a tort")
    for piece in bordereau.pieces:
        lines = tuple(
            LigneFautive(number=line.number, erreurs=(erreur,))
            for line in piece.lines
            if line.has_fonction
        )
        if lines:
            yield PieceFautive(number=piece.number, lines=lines)
