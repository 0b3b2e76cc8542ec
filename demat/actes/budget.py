"""A budget document as values: what it is, its lines, its totals and its balance (§7.2).

``DocumentBudgetaire`` of TotEM, and the one inside a CFU. Read as a stream and leniently: the
schema judges the form. Amounts are those of the file, in euros; what is derived says so.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from lxml import etree

from demat.actes.chapitres import Section, section_of_chapitre, section_of_compte
from demat.actes.scellement import CFU, DOCBUDG
from demat.amounts import CENT
from demat.faults import Fault, FaultError, Severity
from demat.xmlio import Element, line_of, local_name, root_name, stream_untrusted

__all__ = [
    "ETAPES",
    "EnteteBudget",
    "LigneBudget",
    "Totaux",
    "etape_of",
    "is_execution",
    "numero_of",
    "objet_of",
    "read_entete",
    "read_lignes",
]

ETAPES: Mapping[str, str] = {
    "01": "budget primitif",
    "02": "décision modificative",
    "03": "budget supplémentaire",
    "09": "compte administratif",
    "10": "compte financier unique",
}
"""``NatDec`` → what the document is (§7.2)."""
_ABREGES: Mapping[str, str] = {"01": "BP", "02": "DM", "03": "BS", "09": "CA", "10": "CFU"}
_EXECUTION = frozenset({"09", "10"})
_AMOUNT = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_MONTANTS = ("MtBudgPrec", "MtRARPrec", "MtPropNouv", "MtPrev", "CredOuv", "MtReal", "MtRAR3112")
_PREFIX = f"{{{DOCBUDG}}}"
_LIGNE = f"{_PREFIX}LigneBudget"
_DOCUMENT = "DocumentBudgetaire"
_NAMESPACES: Mapping[str, str] = {_DOCUMENT: DOCBUDG, "CompteFinancierUnique": CFU}


@dataclass(frozen=True, kw_only=True, slots=True)
class EnteteBudget:
    """What a budget says of itself; what it does not say, or says badly, is empty."""

    racine: str
    """``DocumentBudgetaire`` or ``CompteFinancierUnique``."""
    siret: str = ""
    """``IdColl``: SIRET, or SIREN, of the authority; optional in the schema."""
    collectivite: str = ""
    """``LibelleColl``: the authority."""
    poste: str = ""
    """``LibellePoste``: the poste comptable."""
    id_poste: str = ""
    """``IdPost``: its codique."""
    departement: str = ""
    """``Departement``."""
    libelle: str = ""
    """``LibelleEtab``: the budget itself; that of a budget annexe differs from the authority's."""
    id_etab: str = ""
    """``IdEtab``: SIRET of the budget."""
    cod_coll: str = ""
    """``CodColl``."""
    cod_bud: str = ""
    """``CodBud``: ``00`` for the budget principal."""
    nomenclature: str = ""
    """``Nomenclature``: ``M57-M57_A``, ``M4-M43_D``…"""
    nat_dec: str = ""
    """``NatDec``: a key of ``ETAPES``."""
    num_dec: str = ""
    """``NumDec``: number of a décision modificative."""
    exercice: int | None = None
    """``Exer``."""
    projet: bool = False
    """``ProjetBudget``: it is only a draft of the budget."""
    date_decision: date | None = None
    """``DteDec``: day of the vote; optional."""
    cod_typ_bud: str = ""
    """``CodTypBud``: ``P`` principal, ``A`` annexe."""
    principal: str = ""
    """``LibelleEtabPal``: the budget principal of an annexe."""

    @property
    def siren(self) -> str:
        """SIREN of the authority, from its SIRET, else from that of the budget."""
        return (self.siret or self.id_etab)[:9]

    @property
    def annexe(self) -> bool:
        """Whether it is a budget annexe."""
        return self.cod_typ_bud == "A"

    @property
    def cfu(self) -> bool:
        """Whether the file is a compte financier unique, with accounts of the comptable."""
        return self.racine == "CompteFinancierUnique"


def etape_of(entete: EnteteBudget) -> str:
    """Return what a budget is, with its number: ``décision modificative n° 2``."""
    etape = ETAPES.get(entete.nat_dec, "document budgétaire")
    return f"{etape} n° {entete.num_dec}" if entete.nat_dec == "02" and entete.num_dec else etape


def objet_of(entete: EnteteBudget) -> str:
    """Return an objet for the act, without what the file does not say.

    ``Décision modificative n° 2 - exercice 2026 - Budget annexe EAU``, for instance.
    """
    etape = etape_of(entete)
    year = str(entete.exercice or "")
    parts = [etape[:1].upper() + etape[1:]]
    if entete.nat_dec == "02":
        parts += [f"exercice {year}"] if year else []
    else:
        parts[0] = f"{parts[0]} {year}".strip()
    kind = {"P": "Budget principal", "A": "Budget annexe"}.get(entete.cod_typ_bud, "")
    name = "" if entete.cod_typ_bud == "P" else entete.libelle
    parts += [" ".join(part for part in (kind, name) if part)] if kind or name else []
    return " - ".join(parts)


def numero_of(entete: EnteteBudget) -> str:
    """Return a number for the act, of at most 15 characters: ``BP2026``, ``DM2_2026_02``.

    A budget annexe adds its code, since the principal has the same decisions.
    """
    abrege = _ABREGES.get(entete.nat_dec, "BUDGET")
    number = entete.num_dec if entete.nat_dec == "02" and entete.num_dec.isdigit() else ""
    year = str(entete.exercice or "")
    base = f"{abrege}{number}_{year}" if number else f"{abrege}{year}"
    code = re.sub(r"[^A-Z0-9]", "", entete.cod_bud.upper()) if entete.annexe else ""
    return (f"{base}_{code}" if code else base)[:15].rstrip("_")


def is_execution(entete: EnteteBudget) -> bool:
    """Tell whether the document says what was spent (CA, CFU) and not what is voted."""
    return entete.nat_dec in _EXECUTION


@dataclass(frozen=True, kw_only=True, slots=True)
class LigneBudget:
    """One ``LigneBudget``; a line of totals is not one."""

    chapitre: str
    """``ContNat``, else ``ContFon`` of a budget voted by function; empty: the file does not say."""
    nature: str
    """``Nature``: the account."""
    libelle: str
    """``LibCpte``: what the authority added to the name of the account."""
    fonction: str
    """``Fonction``."""
    operation: str
    """``Operation``."""
    sens: str
    """``CodRD``: ``R`` recette, ``D`` dépense; a CFU may leave it out."""
    ordre: bool
    """``OpBudg``: opération d'ordre; not said means réelle (its default)."""
    section: Section
    """Section, by the chapitre, else by the account."""
    section_deduite: bool
    """The section comes from the class of the account: the file gives no chapitre that tells it."""
    montants: Mapping[str, Decimal]
    """Name of the element (``MtPrev``, ``MtReal``…) → euros."""
    line: int | None
    """Line of the file."""

    def montant(self, name: str) -> Decimal:
        """Return one amount, in euros; zero when the line has none."""
        return self.montants.get(name, Decimal(0))

    @property
    def vote(self) -> Decimal:
        """What the assembly votes, with the restes à réaliser: ``MtPrev`` and ``MtRARPrec``."""
        return self.montant("MtPrev") + self.montant("MtRARPrec")

    @property
    def realise(self) -> Decimal:
        """What was spent or received: ``MtReal``."""
        return self.montant("MtReal")


_Case = tuple[Section, str, bool, str]
"""Section, sens, ordre, chapitre."""


class Totaux:
    """Sums of the lines of one budget, in euros, while they go by."""

    def __init__(self, *, execution: bool = False) -> None:
        """Start at zero.

        :param execution: add up what was done (``MtReal``), not what is voted.
        """
        self.execution = execution
        self.lignes = 0
        """Lines added."""
        self.sans_sens = 0
        """Lines that are neither recette nor dépense: in no sum."""
        self.deduites = 0
        """Lines with an amount whose section comes from the class of the account."""
        self._cases: dict[_Case, Decimal] = {}

    def add(self, ligne: LigneBudget) -> None:
        """Add one line."""
        self.lignes += 1
        if ligne.sens not in ("R", "D"):
            self.sans_sens += 1
            return
        amount = ligne.realise if self.execution else ligne.vote
        if ligne.section_deduite and amount:
            self.deduites += 1
        key = (ligne.section, ligne.sens, ligne.ordre, ligne.chapitre)
        self._cases[key] = self._cases.get(key, Decimal(0)) + amount

    def somme(
        self,
        *,
        section: Section | None = None,
        sens: str | None = None,
        ordre: bool | None = None,
        chapitre: str | None = None,
    ) -> Decimal:
        """Return the sum of what is asked for; what is not said is not filtered."""
        wanted = (section, sens, ordre, chapitre)
        found = (
            amount
            for key, amount in self._cases.items()
            if all(asked is None or asked == one for asked, one in zip(wanted, key, strict=True))
        )
        return sum(found, Decimal(0)).quantize(CENT)

    def solde(self, section: Section) -> Decimal:
        """Return recettes less dépenses of a section: zero when it is balanced."""
        return self.somme(section=section, sens="R") - self.somme(section=section, sens="D")

    @property
    def ecart_ordre(self) -> Decimal:
        """Recettes less dépenses of the opérations d'ordre, which are the two faces of the same."""
        return self.somme(sens="R", ordre=True) - self.somme(sens="D", ordre=True)

    @property
    def inconnu(self) -> bool:
        """Whether an amount is in no known section: no balance can then be sure."""
        return any(key[0] is Section.INCONNUE and amount for key, amount in self._cases.items())

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections that have lines, in the order of the document's own tables."""
        present = {key[0] for key in self._cases}
        return tuple(section for section in Section if section in present)

    def chapitres(self, section: Section, sens: str) -> tuple[str, ...]:
        """Return the chapitres of a section on one side, sorted."""
        return tuple(sorted({key[3] for key in self._cases if key[:2] == (section, sens)}))


def read_entete(source: BinaryIO) -> EnteteBudget:
    """Read what a budget says of itself; nothing beyond its first line is read.

    :raises FaultError: ``XML-…`` when it cannot be read; ``ACT-BUDGET_ROOT`` when it is no budget.
    """
    return next(one for one in read_lignes(source, []) if isinstance(one, EnteteBudget))


def read_lignes(source: BinaryIO, faults: list[Fault]) -> Iterator[EnteteBudget | LigneBudget]:
    """Yield the header of each budget of a file, each followed by its lines.

    :param source: open at its beginning, and able to go back there.
    :param faults: receives ``ACT-BUDGET_VALUE`` for each amount that cannot be read.
    :raises FaultError: as :func:`read_entete`.
    """
    racine = root_name(source)
    if racine not in _NAMESPACES:
        raise FaultError(_no_budget(racine))
    gathered: _Entete | None = None
    for node in stream_untrusted(source, _paths(racine), root=racine):
        if gathered is None:
            gathered = _Entete(racine, node)
        if node.tag == _LIGNE:
            values = _values(node)
            if node.get("calculated") != "true" and values.get("OpBudg") != "T":  # else a total
                yield _ligne(node, values, gathered.nomenclature, faults)
        elif str(node.tag).startswith(_PREFIX):
            gathered.keep(node)
            if local_name(node) == "BlocBudget":
                yield gathered.entete()
    if gathered is None or not gathered.complete:
        raise FaultError(_no_budget(racine))


def _no_budget(racine: str) -> Fault:
    return Fault(code="ACT-BUDGET_ROOT", params={"root": racine})


def _paths(racine: str) -> tuple[str, ...]:
    """Return the places that are read, and one that is only forgotten as it goes by."""
    document = _DOCUMENT if racine == _DOCUMENT else f"{racine}/{_DOCUMENT}"
    return (
        f"{document}/EnTeteDocBudgetaire",
        *(f"{document}/Budget/{name}" for name in ("EnTeteBudget", "BlocBudget", "LigneBudget")),
        f"{racine}/DocumentComptable/BudgetComptable/LigneComptable",
    )


class _Entete:
    """Gathers the header of the budget that is being read."""

    def __init__(self, racine: str, node: Element) -> None:
        root = node.getroottree().getroot()
        if etree.QName(root).namespace != _NAMESPACES[racine]:
            raise FaultError(_no_budget(racine))
        self._racine = racine
        self._kept: dict[str, dict[str, str]] = {}

    def keep(self, node: Element) -> None:
        """Keep the values of ``EnTeteDocBudgetaire``, ``EnTeteBudget`` or ``BlocBudget``."""
        self._kept[local_name(node)] = _values(node)

    @property
    def complete(self) -> bool:
        """Whether there was a budget."""
        return "BlocBudget" in self._kept

    @property
    def nomenclature(self) -> str:
        """Nomenclature of the budget that is being read."""
        return self._kept.get("EnTeteBudget", {}).get("Nomenclature", "")

    def entete(self) -> EnteteBudget:
        """Return what was kept."""
        document = self._kept.get("EnTeteDocBudgetaire", {})
        budget = self._kept.get("EnTeteBudget", {})
        bloc = self._kept.get("BlocBudget", {})
        return EnteteBudget(
            racine=self._racine,
            siret=document.get("IdColl", ""),
            collectivite=document.get("LibelleColl", ""),
            poste=document.get("LibellePoste", ""),
            id_poste=document.get("IdPost", ""),
            departement=document.get("Departement", ""),
            libelle=budget.get("LibelleEtab", ""),
            id_etab=budget.get("IdEtab", ""),
            cod_coll=budget.get("CodColl", ""),
            cod_bud=budget.get("CodBud", ""),
            nomenclature=self.nomenclature,
            nat_dec=bloc.get("NatDec", ""),
            num_dec=bloc.get("NumDec", ""),
            exercice=_year(bloc.get("Exer", "")),
            projet=bloc.get("ProjetBudget", "") in ("true", "1"),
            date_decision=_day(bloc.get("DteDec", "")),
            cod_typ_bud=bloc.get("CodTypBud", ""),
            principal=bloc.get("LibelleEtabPal", ""),
        )


def _values(node: Element) -> dict[str, str]:
    """Return the first value of each child, by name, without the blanks around it."""
    found: dict[str, str] = {}
    for child in node.iterchildren("*"):
        tag = str(child.tag)
        if tag.startswith(_PREFIX):
            found.setdefault(tag[len(_PREFIX) :], child.get("V", "").strip())
    return found


def _year(text: str) -> int | None:
    return int(text[:4]) if re.fullmatch(r"\d{4}(Z|[+-]\d\d:\d\d)?", text, re.ASCII) else None


def _day(text: str) -> date | None:
    """Read a day; its zone, if there is one, says nothing of a legal day (§11.3)."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _ligne(
    node: Element, values: Mapping[str, str], nomenclature: str, faults: list[Fault]
) -> LigneBudget:
    nature = values.get("Nature", "")
    fonction = values.get("ContFon", "")
    chapitre = values.get("ContNat", "") or (fonction if fonction.startswith("9") else "")
    section, deduced = _section(chapitre, nature, nomenclature)
    return LigneBudget(
        chapitre=chapitre,
        nature=nature,
        libelle=values.get("LibCpte", ""),
        fonction=values.get("Fonction", ""),
        operation=values.get("Operation", ""),
        sens=values.get("CodRD", ""),
        ordre=values.get("OpBudg", "") == "1",
        section=section,
        section_deduite=deduced,
        montants=_amounts(node, values, faults),
        line=line_of(node),
    )


def _section(chapitre: str, nature: str, nomenclature: str) -> tuple[Section, bool]:
    """Return the section of a line, and whether it was deduced from the class of the account."""
    # 001, 002, 021, 023… are chapitres and accounts at once
    code = chapitre or (nature if nature.startswith("0") else "")
    section = section_of_chapitre(code, nomenclature)
    if section is not Section.INCONNUE:
        return section, False
    section = section_of_compte(nature)
    return section, section is not Section.INCONNUE


def _amounts(
    node: Element, values: Mapping[str, str], faults: list[Fault]
) -> Mapping[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name in _MONTANTS:
        if name not in values:
            continue
        amount = _amount(values[name])
        if amount is None:
            params = {"element": name, "value": values[name][:40], "line": str(line_of(node) or "")}
            faults.append(Fault(code="ACT-BUDGET_VALUE", params=params, severity=Severity.WARNING))
        else:
            found[name] = amount
    return found


def _amount(text: str) -> Decimal | None:
    """Read an ``xs:decimal`` that is a whole number of cents; anything else is ``None``."""
    if not _AMOUNT.fullmatch(text):
        return None
    amount = Decimal(text)
    rounded = amount.quantize(CENT)
    return rounded if rounded == amount else None
