"""Rules on creditors and debtors: 55 to 66 (helios dossier §9, §3.6, §4.4)."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from stdnum import luhn
from stdnum.fr import nir

from demat.faults import Fault
from demat.helios.codes import (
    CIVILITES,
    CIVILITES_REFUSED,
    PAIRES_TIERS,
    PERSONNE_PHYSIQUE,
    NatIdTiers,
    TypTiers,
)
from demat.helios.model import Domaine
from demat.helios.rule_base import ContextePes, LigneNode, TiersNode
from demat.helios.scalars import read_boolean
from demat.identifiers import is_bic, is_iban, is_siren, is_siret

__all__ = ["check_tiers", "is_rib"]

_OF_PERSONS = {
    Domaine.DEPENSE: ("DteNaissance", "Civilite", "Prenom"),
    Domaine.RECETTE: ("DteNaissance",),
}
_CP = re.compile(r"^[0-9]{5}$")
_CP_ABROAD = "99999"
_COUNTRY = frozenset({"", "FR"})
_AT_HOME = frozenset({"", "100"})
"""``CodPays`` of France, which may be left out."""
_PUBLIC_OR_SOCIAL = range(20, 75)
_FORBIDDEN = re.compile(r"[/«»\[\]&*<>%]|  |\b(?:NEE?|VEUVE?|SUCCESSION)\b", re.IGNORECASE)
_TITLE = re.compile(r"^(?:M\.|MR|MME|MLLE|MONSIEUR|MADAME|MADEMOISELLE)\s", re.IGNORECASE)
_DIVERS = re.compile(r"^DIVERS", re.IGNORECASE)
_RIB_LETTERS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")
_RIB = re.compile(r"^[0-9]{10}[0-9A-Z]{11}[0-9]{2}$")


def check_tiers(ligne: LigneNode, contexte: ContextePes) -> Iterator[Fault]:
    """Apply the rules on the persons of one line."""
    persons = ligne.tiers
    yield from _presence(ligne, persons)
    for tiers in persons:
        yield from _identity(ligne, tiers, contexte)
        yield from _identifier(ligne, tiers)
        yield from _quality(ligne, tiers)
        yield from _address(ligne, tiers)
        yield from _account(ligne, tiers)


def _fault(ligne: LigneNode, code: str, tiers: TiersNode, **params: str) -> Fault:
    name = tiers.get("Nom") or tiers.get("RefTiers")
    return ligne.fault(code, tiers.node, tiers=name, **params)


def _presence(ligne: LigneNode, persons: list[TiersNode]) -> Iterator[Fault]:
    """Rule 55."""
    if not persons:
        yield ligne.fault("PES-055")
    elif ligne.domaine is Domaine.RECETTE:
        kinds = [tiers.get("TypTiers") for tiers in persons]
        if kinds.count(TypTiers.DEBITEUR_PRINCIPAL) != 1:
            yield ligne.fault("PES-055_MAIN", count=str(kinds.count(TypTiers.DEBITEUR_PRINCIPAL)))


def _identity(ligne: LigneNode, tiers: TiersNode, contexte: ContextePes) -> Iterator[Fault]:
    """Rules 56 to 59."""
    category, nature = tiers.get("CatTiers"), tiers.get("NatJur")
    pair = (category, nature)
    if contexte.grille_tiers:
        if pair not in contexte.grille_tiers:
            yield _fault(ligne, "PES-056_GRID", tiers, categorie=category, nature=nature)
    elif pair not in PAIRES_TIERS and pair not in contexte.paires_tiers:
        yield _fault(ligne, "PES-056", tiers, categorie=category, nature=nature)
    if category == PERSONNE_PHYSIQUE:
        for name in ("Civilite", "Prenom"):
            if not tiers.get(name):
                yield _fault(ligne, "PES-057", tiers, element=name)
    else:
        yield from _persons_only(ligne, tiers)
    yield from _civilite(ligne, tiers, contexte)


def _civilite(ligne: LigneNode, tiers: TiersNode, contexte: ContextePes) -> Iterator[Fault]:
    """Rule 59; the closed list is not known, the authority tells what its comptable expects."""
    given = tiers.get("Civilite")
    if given.upper() in CIVILITES_REFUSED:
        yield _fault(ligne, "PES-059", tiers, value=given)
    elif given and given.upper() not in CIVILITES and given not in contexte.civilites:
        yield _fault(ligne, "PES-059_UNKNOWN", tiers, value=given)


def _persons_only(ligne: LigneNode, tiers: TiersNode) -> Iterator[Fault]:
    """Rule 58: in recette the civility and the first name of a body are tolerated."""
    for name in _OF_PERSONS[ligne.domaine]:
        if name in tiers.info:
            yield _fault(ligne, "PES-058", tiers, element=name)
    recette = ligne.domaine is Domaine.RECETTE
    if recette and tiers.node.find("InfoTiers/LieuNaissance") is not None:
        yield _fault(ligne, "PES-058", tiers, element="LieuNaissance")


def _identifier(ligne: LigneNode, tiers: TiersNode) -> Iterator[Fault]:
    """Rule 60: the number and its kind go together, and the number has a right key."""
    identifier, code = tiers.get("IdTiers"), tiers.get("NatIdTiers")
    if bool(identifier) != bool(code):
        yield _fault(ligne, "PES-060_PAIR", tiers, value=identifier, kind=code)
        return
    check, kind = _IDENTIFIERS.get(code), NatIdTiers.from_code(code)
    if check and kind and not check(identifier):
        yield _fault(ligne, "PES-060", tiers, value=identifier, kind=kind.libelle)


def _is_finess(identifier: str) -> bool:
    """Nine characters, Luhn key; the key of Corsican numbers (2A, 2B) is not documented to us."""
    if re.match(r"^2[AB][0-9]{7}$", identifier):
        return True
    return len(identifier) == 9 and identifier.isdigit() and bool(luhn.is_valid(identifier))


def _is_nir(identifier: str) -> bool:
    return len(identifier) == 15 and bool(nir.is_valid(identifier))


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda identifier: bool(compiled.match(identifier))


_IDENTIFIERS: Mapping[str, Callable[[str], bool]] = {
    NatIdTiers.SIRET: is_siret,
    NatIdTiers.SIREN: is_siren,
    NatIdTiers.FINESS: _is_finess,
    NatIdTiers.NIR: _is_nir,
    NatIdTiers.TVA: _matches(r"^[A-Z]{2}[0-9A-Za-z]{2,16}$"),
    NatIdTiers.HORS_UE: _matches(r"^.{1,18}$"),
    NatIdTiers.TAHITI: _matches(r"^[0-9A-Za-z]{9}$"),
    NatIdTiers.RIDET: _matches(r"^[0-9]{9,10}$"),
    NatIdTiers.FRWF: _matches(r"^FRWF.{0,14}$"),
    NatIdTiers.IREP: _matches(r"^[0-9]{5}.{0,75}$"),
    NatIdTiers.NFP: _matches(r"^[0-9]{13}$"),
}


def _quality(ligne: LigneNode, tiers: TiersNode) -> Iterator[Fault]:
    """Rule 61: advice only."""
    category = tiers.get("CatTiers")
    public = category.isdigit() and int(category) in _PUBLIC_OR_SOCIAL
    if public and tiers.get("NatIdTiers") not in {NatIdTiers.SIRET, NatIdTiers.SIREN}:
        yield _fault(ligne, "PES-061", tiers)
    name = tiers.get("Nom")
    if name and (
        name != name.upper() or _FORBIDDEN.search(name) or _TITLE.match(name) or _DIVERS.match(name)
    ):
        yield _fault(ligne, "PES-061_NAME", tiers)


def _address(ligne: LigneNode, tiers: TiersNode) -> Iterator[Fault]:
    """Rules 62 and 63."""
    adresse = tiers.adresse
    if adresse is None:
        return
    for name in ("Adr2", "Ville"):
        if not adresse.get(name, "").strip():
            yield _fault(ligne, "PES-062", tiers, element=name)
    postal = adresse.get("CP", "")
    country = adresse.get("CodPays", "").lstrip("0")
    if not _CP.match(postal):
        yield _fault(ligne, "PES-062_CP", tiers, value=postal)
    elif country not in _AT_HOME and postal != _CP_ABROAD:
        yield _fault(ligne, "PES-062_ABROAD", tiers, value=postal)
    non_resident = read_boolean(adresse.get("CodRes", ""))
    if non_resident and not country:
        yield _fault(ligne, "PES-063", tiers)
    elif not non_resident and country not in _AT_HOME:
        yield _fault(ligne, "PES-063_RESIDENT", tiers, value=adresse.get("CodPays", ""))


def _account(ligne: LigneNode, tiers: TiersNode) -> Iterator[Fault]:
    """Rules 64, 65 and 66."""
    account = tiers.compte
    if account is None:
        return
    if "IBAN" in account:
        yield from _iban(ligne, tiers, account["IBAN"])
        yield from _bic(ligne, tiers, account.get("BIC", ""), account["IBAN"])
    elif account.get("IdPayInt", "") in _COUNTRY:
        parts = [account.get(name, "") for name in ("CodeEtab", "CodeGuic", "IdCpte", "CleRib")]
        if not is_rib("".join(parts)):
            yield _fault(ligne, "PES-064_RIB", tiers, value=" ".join(parts))
    if not account.get("TitCpte", "").strip():
        yield _fault(ligne, "PES-066", tiers)


def _iban(ligne: LigneNode, tiers: TiersNode, iban: str) -> Iterator[Fault]:
    """Rule 64: capitals, length, international key, then the French key inside."""
    if not is_iban(iban):
        yield _fault(ligne, "PES-064", tiers, value=iban)
    elif iban.startswith("FR") and not is_rib(iban[4:]):
        yield _fault(ligne, "PES-064_RIB", tiers, value=iban[4:])


@lru_cache(maxsize=4096)
def is_rib(text_: str) -> bool:
    """Tell whether 23 characters (bank, branch, account, key) are a French RIB with a right key."""
    if not _RIB.match(text_):
        return False
    return int(text_.translate(_RIB_LETTERS)) % 97 == 0


def _bic(ligne: LigneNode, tiers: TiersNode, bic: str, iban: str) -> Iterator[Fault]:
    """Rule 65."""
    if not bic:
        if not iban.startswith("FR"):
            yield _fault(ligne, "PES-065_MISSING", tiers, value=iban)
    elif not is_bic(bic):
        yield _fault(ligne, "PES-065", tiers, value=bic)
    elif bic[4:6] != iban[:2]:
        yield _fault(ligne, "PES-065_COUNTRY", tiers, value=bic, country=iban[:2])
