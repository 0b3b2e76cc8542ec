"""Rules on a bordereau and its pièces: 17 to 23, 25 to 36 (helios dossier §9)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from demat.amounts import total
from demat.faults import Fault
from demat.helios.codes import PERSONNE_PHYSIQUE, TRIPLETS, TYP_BORD, TypePJ, TypTiers
from demat.helios.model import Domaine
from demat.helios.names import number_key
from demat.helios.read import read_montant, read_whole
from demat.helios.rule_base import (
    BordereauNode,
    ContextePes,
    PieceNode,
    TiersNode,
    french,
    is_present,
    read_day,
    text,
    who,
)
from demat.identifiers import is_siret

__all__ = ["Sums", "check_bordereau", "check_bordereaux", "check_piece", "idbord_key", "idpce_key"]

_ORMC_BORDEREAU = "06"
_ORMC_TITRE = "15"
_EDITION_TITRE = frozenset({"01", "02", "04", "05"})
_EDITION_ORMC = frozenset({"03", "06"})
_EDITION_DGFIP = frozenset({"01", "02", "03", "05", "06"})
_EDITION_SINGLE = frozenset({"01", "02", "05", "06"})
_EDITION_CHORUS = frozenset({"02", "03"})
_EDITION_PATIENT = "05"
_EDITION_ORMC_ENSU = "06"
_EDITION_ORMC_CHORUS = "03"
_ROLE = ("01", "06", "01")
_SIRET = "01"


def idbord_key(cod_bud: str, bordereau: BordereauNode) -> str:
    """Return ``domaine/cod_bud/exercice/typ_bord/numero``."""
    return _key(cod_bud, bordereau, bordereau.get("IdBord"))


def idpce_key(cod_bud: str, bordereau: BordereauNode, numero: str) -> str:
    """Return ``domaine/cod_bud/exercice/typ_bord/numero`` for a pièce of a bordereau."""
    return _key(cod_bud, bordereau, numero)


def _key(cod_bud: str, bordereau: BordereauNode, numero: str) -> str:
    """Numbers are compared as numbers: ``0012`` and ``12`` are the same bordereau."""
    exercice, rank = (read_whole(one) or 0 for one in (bordereau.get("Exer"), numero))
    return number_key(bordereau.domaine, cod_bud, exercice, bordereau.get("TypBord"), rank)


def check_bordereaux(
    bordereaux: list[BordereauNode], cod_bud: str, contexte: ContextePes
) -> Iterator[Fault]:
    """Apply the rules that compare the bordereaux of one file: 17 and 28 (doubles inside it)."""
    numbers = Counter(idbord_key(cod_bud, bordereau) for bordereau in bordereaux)
    pieces = [
        (bordereau, rank, idpce_key(cod_bud, bordereau, numero))
        for bordereau in bordereaux
        for rank, (numero, _) in enumerate(bordereau.pieces)
    ]
    piece_numbers = Counter(key for _, _, key in pieces)
    for bordereau in bordereaux:
        key = idbord_key(cod_bud, bordereau)
        if numbers[key] > 1:
            yield bordereau.fault("PES-017_DOUBLE", exercice=bordereau.get("Exer"))
        elif earlier := contexte.used("idbord", key):
            yield bordereau.fault("PES-017", exercice=bordereau.get("Exer"), earlier=earlier)
    for bordereau, rank, key in pieces:
        if key.endswith("/0"):
            yield bordereau.piece_fault("PES-028_MISSING", rank)
        elif piece_numbers[key] > 1:
            yield bordereau.piece_fault("PES-028_DOUBLE", rank)
        elif earlier := contexte.used("idpce", key):
            yield bordereau.piece_fault("PES-028", rank, earlier=earlier)


@dataclass(slots=True)
class Sums:
    """What the lines of one bordereau add up to, in euros."""

    ht: Decimal = Decimal(0)
    tva: Decimal = Decimal(0)
    has_tva: bool = False
    """Whether some line carries TVA."""

    def add(self, piece: PieceNode) -> None:
        """Add the lines of a pièce; amounts that cannot be read are passed over."""
        for ligne in piece.lignes:
            if (ht := read_montant(ligne.get("MtHT"))) is not None:
                self.ht += ht
            if tva := read_montant(ligne.get("MtTVA")):
                self.tva += tva
                self.has_tva = True


def check_bordereau(bordereau: BordereauNode, sums: Sums, contexte: ContextePes) -> Iterator[Fault]:
    """Apply the rules on one bordereau taken alone, whose pièces have gone by."""
    yield from _type(bordereau)
    yield from _totals(bordereau, sums)
    yield from _tva(bordereau, sums)
    yield from _cumul(bordereau)
    yield from _date(bordereau, contexte.today)
    if bordereau.domaine is Domaine.RECETTE:
        yield from _role(bordereau)


def _type(bordereau: BordereauNode) -> Iterator[Fault]:
    """Rule 18."""
    typ_bord = bordereau.get("TypBord")
    if typ_bord not in TYP_BORD[bordereau.domaine]:
        yield bordereau.fault("PES-018", typ_bord=typ_bord)


def _totals(bordereau: BordereauNode, sums: Sums) -> Iterator[Fault]:
    """Rules 19, 20 and 21: what is announced is what is found."""
    found = len(bordereau.pieces)
    if read_whole(bordereau.get("NbrPce")) != found:
        yield bordereau.fault("PES-019", announced=bordereau.get("NbrPce"), found=str(found))
    for code, name, summed in (
        ("PES-020", bordereau.montant_ht, sums.ht),
        ("PES-021", "MtBordTVA", sums.tva),
    ):
        announced = bordereau.get(name) or "0"
        computed = total([summed])
        if read_montant(announced) != computed:
            stated = bordereau.get("TypBord") == _ORMC_BORDEREAU  # by the norm, for rôles (§3.2)
            told = f"{code}_ROLE" if stated else code
            yield bordereau.fault(told, announced=announced, found=f"{computed:.2f}")


def _tva(bordereau: BordereauNode, sums: Sums) -> Iterator[Fault]:
    """Rule 22: TVA on the bordereau if and only if some line carries any."""
    announced = read_montant(bordereau.get("MtBordTVA")) or Decimal(0)
    if (announced > 0) != sums.has_tva:
        yield bordereau.fault("PES-022" if announced > 0 else "PES-022_MISSING")
    zero = bordereau.has_tva and announced == 0
    if zero and bordereau.domaine is Domaine.RECETTE:
        yield bordereau.fault("PES-022_ZERO")


def _cumul(bordereau: BordereauNode) -> Iterator[Fault]:
    """Rule 23."""
    if not bordereau.dematerialise or bordereau.get("TypBord") == _ORMC_BORDEREAU:
        return
    if not (read_montant(bordereau.get("MtCumulAnnuel")) or Decimal(0)) > 0:
        yield bordereau.fault("PES-023")


def _date(bordereau: BordereauNode, today: date) -> Iterator[Fault]:
    """Rule 25: not in the future, within the exercice or its additional month."""
    emission, exercice = read_day(bordereau.get("DteBordEm")), read_whole(bordereau.get("Exer"))
    if emission is None or exercice is None:
        return  # the schemas say so
    params = {"date": french(emission), "exercice": str(exercice)}
    if emission > today:
        yield bordereau.fault("PES-025_FUTURE", **params)
    elif emission.year != exercice and (emission.year, emission.month) != (exercice + 1, 1):
        yield bordereau.fault("PES-025", **params)


def _role(bordereau: BordereauNode) -> Iterator[Fault]:
    """Rule 30, for the date common to the articles of a rôle; ``Objet`` is for rôles too (§3.2)."""
    asap, emission = read_day(bordereau.get("DteAsp")), read_day(bordereau.get("DteBordEm"))
    if asap is not None and emission is not None and asap < emission:
        yield bordereau.fault("PES-030_ROLE", date=french(asap), emission=french(emission))
    if bordereau.get("TypBord") != _ORMC_BORDEREAU:
        for name in ("DteAsp", "Objet"):
            if bordereau.get(name):
                yield bordereau.fault("PES-030_ROLE_ONLY", element=name)


def check_piece(piece: PieceNode, contexte: ContextePes) -> Iterator[Fault]:
    """Apply the rules on one mandat or titre."""
    yield from _triplet(piece, contexte)
    yield from _lines(piece)
    if piece.domaine is Domaine.RECETTE:
        yield from _asap(piece)
        yield from _edition(piece)
        if piece.get("IdRol") and piece.triplet != _ROLE:
            yield piece.fault("PES-036", role=piece.get("IdRol"))


def _triplet(piece: PieceNode, contexte: ContextePes) -> Iterator[Fault]:
    """Rules 26 and 27; without the official grid ours is partial, and the context adds to it."""
    triplet = piece.triplet
    ormc = piece.domaine is Domaine.RECETTE and (triplet[1] == _ORMC_TITRE)
    if ormc != (triplet[0] == _ORMC_BORDEREAU):
        yield piece.fault("PES-027", typ_pce=triplet[1], typ_bord=triplet[0])
    elif contexte.grille_triplets:
        if (piece.domaine, *triplet) not in contexte.grille_triplets:
            yield piece.fault("PES-026_GRID", triplet="-".join(triplet))
    elif triplet not in TRIPLETS[piece.domaine] and (
        (piece.domaine, *triplet) not in contexte.triplets
    ):
        yield piece.fault("PES-026", triplet="-".join(triplet))


def _lines(piece: PieceNode) -> Iterator[Fault]:
    """Rule 29."""
    seen: set[int] = set()
    for ligne in piece.lignes:
        numero = read_whole(ligne.get("IdLigne")) or 0
        if numero < 1 or numero in seen:
            yield ligne.fault("PES-029")
        seen.add(numero)


def _asap(piece: PieceNode) -> Iterator[Fault]:
    """Rule 30."""
    asap, emission = read_day(piece.get("DteAsp")), read_day(piece.bordereau.get("DteBordEm"))
    if asap is None:
        return
    if emission is not None and asap < emission:
        yield piece.fault(
            "PES-030",
            date=french(asap),
            emission=french(emission),
        )
    if piece.get("Edition") in _EDITION_DGFIP:
        yield piece.fault("PES-030_EDITION", edition=piece.get("Edition"))


def _edition(piece: PieceNode) -> Iterator[Fault]:
    """Rules 31 to 35: what each mode of edition of the avis demands."""
    edition = piece.get("Edition")
    if not edition:
        return
    ormc = piece.get("TypPce") == _ORMC_TITRE
    if edition in (_EDITION_TITRE if ormc else _EDITION_ORMC):
        yield piece.fault("PES-031", edition=edition, typ_pce=piece.get("TypPce"))
    debtors = _debtors(piece)
    if edition in _EDITION_SINGLE:
        if len({who(tiers) for tiers in debtors}) != 1:
            yield piece.fault("PES-032", edition=edition)
        if not is_present(piece.node, ".//PJRef"):
            yield piece.fault("PES-032_PJ", edition=edition)
    if edition in _EDITION_CHORUS:
        yield from _chorus(piece, debtors)
    if edition == _EDITION_ORMC_CHORUS and not _has_invoice(piece, TypePJ.FACTURE_ORMC_CHORUS, ""):
        yield piece.fault("PES-033_PJ", edition=edition)
    if edition == _EDITION_PATIENT and any(
        tiers.get("CatTiers") != PERSONNE_PHYSIQUE for tiers in _main(debtors)
    ):
        yield piece.fault("PES-034")
    if edition == _EDITION_ORMC_ENSU and not _has_invoice(piece, TypePJ.FACTURE_ORMC_ENSU):
        yield piece.fault("PES-035")


def _has_invoice(piece: PieceNode, *kinds: str) -> bool:
    """Tell whether a reference says that it is of one of these kinds (§3.7)."""
    return any(text(reference, "TypePJ") in kinds for reference in piece.node.iter("PJRef"))


def _chorus(piece: PieceNode, debtors: list[TiersNode]) -> Iterator[Fault]:
    """Rule 33."""
    if not piece.get("NumeroFacture"):
        yield piece.fault("PES-033_INVOICE", edition=piece.get("Edition"))
    for tiers in _main(debtors):
        identifier = tiers.get("IdTiers")
        if tiers.get("NatIdTiers") != _SIRET or not is_siret(identifier):
            yield piece.fault("PES-033", tiers=tiers.get("Nom"), value=identifier)


def _debtors(piece: PieceNode) -> list[TiersNode]:
    return [tiers for ligne in piece.lignes for tiers in ligne.tiers]


def _main(debtors: list[TiersNode]) -> list[TiersNode]:
    return [tiers for tiers in debtors if tiers.get("TypTiers") == TypTiers.DEBITEUR_PRINCIPAL]
