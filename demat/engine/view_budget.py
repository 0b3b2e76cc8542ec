"""A budget shown to an agent without XML: its header, its seal, its sections, its balance.

What TotEM prints, in short. The file is read as a stream, once for the sums and once for each list
of lines; only the seal needs it whole in memory.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from demat.actes.archive import unpack
from demat.actes.budget import (
    EnteteBudget,
    LigneBudget,
    Totaux,
    etape_of,
    is_execution,
    objet_of,
    read_entete,
    read_lignes,
)
from demat.actes.chapitres import Section, libelle_chapitre
from demat.actes.scellement import EtatScellement, Scellement, verify_scellement
from demat.engine.view_csv import Row, to_csv
from demat.engine.view_page import Explain, euros, render
from demat.faults import Fault, FaultError, Faults, Severity
from demat.files import write_chunks

__all__ = [
    "BudgetVu",
    "Case",
    "EtatSection",
    "SectionVue",
    "ShownBudget",
    "budget_in_archive",
    "budget_rows",
    "read_budgets",
    "show_budget",
]

_LONG = 300
"""Number of lines beyond which a browser lays out only what is on screen."""
_SENS = {"R": "recette", "D": "dépense"}
_MAX_VALUES = 20
"""Amounts that cannot be read, told one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EtatSection:
    """Whether a section is balanced."""

    etat: str
    """``bon``, ``mauvais``, ``incertain`` or ``discret``."""
    words: str
    """The verdict, for an agent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One chapitre on one side of a section, or their total; amounts in euros."""

    code: str
    """Chapitre; empty when the lines name none."""
    libelle: str
    """Its name, when the nomenclatures agree on one."""
    reel: Decimal
    ordre: Decimal

    @property
    def total(self) -> Decimal:
        """Réel and ordre together."""
        return self.reel + self.ordre


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionVue:
    """One section of a budget."""

    section: Section
    nom: str
    """``fonctionnement``, ``exploitation`` in M4, ``investissement``, or ``inconnue``."""
    depenses: tuple[Case, ...]
    recettes: tuple[Case, ...]
    total_depenses: Case
    total_recettes: Case
    etat: EtatSection

    @property
    def solde(self) -> Decimal:
        """Recettes less dépenses, in euros."""
        return self.total_recettes.total - self.total_depenses.total


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetVu:
    """One budget of a file, added up."""

    entete: EnteteBudget
    etape: str
    """``budget primitif``, ``décision modificative n° 2``…"""
    execution: bool
    """Amounts are what was done (CA, CFU), not what is voted."""
    sections: tuple[SectionVue, ...]
    ordre: EtatSection
    """Whether the opérations d'ordre have their two faces."""
    lignes: int
    deduites: int
    """Lines whose section comes from the class of their account."""
    sans_sens: int
    """Lines that are neither recette nor dépense."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownBudget:
    """What was read and written."""

    kind: str
    """``DocumentBudgetaire`` or ``CompteFinancierUnique``."""
    name: str
    """What the agent calls the file."""
    scellement: Scellement
    budgets: tuple[BudgetVu, ...]
    faults: Faults
    """What is worth a look; each says whom to ask."""


def read_budgets(content: bytes) -> tuple[tuple[BudgetVu, ...], Faults]:
    """Add up each budget of a file.

    :returns: the budgets, and the amounts that could not be read.
    :raises FaultError: ``XML-…``, ``ACT-BUDGET_ROOT``.
    """
    faults: list[Fault] = []
    found: list[tuple[EnteteBudget, Totaux]] = []
    for one in read_lignes(io.BytesIO(content), faults):
        if isinstance(one, EnteteBudget):
            found.append((one, Totaux(execution=is_execution(one))))
        else:
            found[-1][1].add(one)
    budgets = tuple(_budget(entete, totaux) for entete, totaux in found)
    return budgets, Faults(faults).summarised(_MAX_VALUES)


def _budget(entete: EnteteBudget, totaux: Totaux) -> BudgetVu:
    return BudgetVu(
        entete=entete,
        etape=etape_of(entete),
        execution=is_execution(entete),
        sections=tuple(_section(section, entete, totaux) for section in totaux.sections),
        ordre=_ordre(totaux),
        lignes=totaux.lignes,
        deduites=totaux.deduites,
        sans_sens=totaux.sans_sens,
    )


def _section(section: Section, entete: EnteteBudget, totaux: Totaux) -> SectionVue:
    def side(sens: str) -> tuple[Case, ...]:
        return tuple(
            Case(
                code=code,
                libelle=libelle_chapitre(code, entete.nomenclature),
                reel=totaux.somme(section=section, sens=sens, ordre=False, chapitre=code),
                ordre=totaux.somme(section=section, sens=sens, ordre=True, chapitre=code),
            )
            for code in totaux.chapitres(section, sens)
        )

    def total(sens: str) -> Case:
        return Case(
            code="",
            libelle="",
            reel=totaux.somme(section=section, sens=sens, ordre=False),
            ordre=totaux.somme(section=section, sens=sens, ordre=True),
        )

    return SectionVue(
        section=section,
        nom=section.libelle(entete.nomenclature),
        depenses=side("D"),
        recettes=side("R"),
        total_depenses=total("D"),
        total_recettes=total("R"),
        etat=_equilibre(section, totaux),
    )


def _equilibre(section: Section, totaux: Totaux) -> EtatSection:
    """Say whether a section is balanced; nothing asks it of what was executed."""
    solde = totaux.solde(section)
    if section is Section.INCONNUE:
        return EtatSection(etat="incertain", words="section inconnue : à vérifier dans TotEM")
    if totaux.execution:
        more = "recettes" if solde > 0 else "dépenses"
        words = f"{more} supérieures de {euros(abs(solde))}"
        return EtatSection(etat="discret", words=words if solde else "dépenses et recettes égales")
    if totaux.inconnu:
        words = "équilibre non vérifié : la section de certaines lignes est inconnue"
        return EtatSection(etat="incertain", words=words)
    if not solde:
        return EtatSection(etat="bon", words="en équilibre")
    if solde > 0:
        return EtatSection(etat="incertain", words=f"en suréquilibre de {euros(solde)}")
    return EtatSection(etat="mauvais", words=f"en déséquilibre : il manque {euros(-solde)}")


def _ordre(totaux: Totaux) -> EtatSection:
    ecart = totaux.ecart_ordre
    if not ecart:
        return EtatSection(etat="bon", words="dépenses et recettes d'ordre égales")
    words = f"dépenses et recettes d'ordre différentes de {euros(abs(ecart))}"
    return EtatSection(etat="mauvais", words=words)


def show_budget(
    content: bytes, *, name: str, html: Path | None, csv: Path | None, explain: Explain
) -> ShownBudget:
    """Write the page and the table of a budget.

    :param name: what the agent calls the file.
    :param html: where the page goes.
    :param csv: where the table goes.
    :raises FaultError: ``XML-…``, ``ACT-BUDGET_ROOT``; nothing is then written.
    :raises OSError: a file cannot be written.
    """
    seal = verify_scellement(content)
    budgets, unread = read_budgets(content)
    shown = ShownBudget(
        kind=budgets[0].entete.racine,
        name=name,
        scellement=seal,
        budgets=budgets,
        faults=Faults(_seal_faults(name, seal)) + unread,
    )
    if html:
        write_chunks(html, render("budget.html.j2", explain, _values(shown, content)))
    if csv:
        write_chunks(csv, to_csv(budget_rows(content)))
    return shown


def _seal_faults(name: str, seal: Scellement) -> Iterator[Fault]:
    """Rules 46 and 47, as warnings: here nothing is judged."""
    codes = {EtatScellement.ABSENT: "ACT-046", EtatScellement.ALTERED: "ACT-047"}
    if code := codes.get(seal.etat):
        yield Fault(code=code, params={"name": name}, severity=Severity.WARNING)


def _values(shown: ShownBudget, content: bytes) -> dict[str, object]:
    def lignes(rank: int) -> Iterator[LigneBudget]:
        """Read again the lines of one budget, as the page is written."""
        return (ligne for at, ligne in _numbered(content) if at == rank)

    first = shown.budgets[0]
    return {
        "title": objet_of(first.entete),
        "shown": shown,
        "faults": shown.faults,
        "lignes": lignes,
        "sens": _SENS,
        "long": sum(budget.lignes for budget in shown.budgets) > _LONG,
        "source": shown.name,
    }


def _numbered(content: bytes) -> Iterator[tuple[int, LigneBudget]]:
    """Yield each line with the rank of its budget, from 0."""
    rank = -1
    for one in read_lignes(io.BytesIO(content), []):
        if isinstance(one, EnteteBudget):
            rank += 1
        else:
            yield rank, one


_COLONNES: tuple[tuple[str, str], ...] = (
    ("Budget précédent", "MtBudgPrec"),
    ("Restes à réaliser N-1", "MtRARPrec"),
    ("Propositions nouvelles", "MtPropNouv"),
    ("Voté", "MtPrev"),
    ("Crédits ouverts", "CredOuv"),
    ("Réalisé", "MtReal"),
    ("Restes à réaliser au 31/12", "MtRAR3112"),
)
_TITLES = (
    *("SIRET", "Collectivité", "Budget", "Étape", "Exercice", "Section"),
    *("Section déduite du compte", "Sens", "Opération d'ordre", "Chapitre", "Libellé du chapitre"),
    *("Compte", "Libellé du compte", "Fonction", "Opération"),
    *(title for title, _ in _COLONNES),
)


def budget_rows(content: bytes) -> Iterator[Row]:
    """Yield the rows of a budget, titles first: one per line of the file, without its totals."""
    yield _TITLES
    entete = EnteteBudget(racine="")
    for one in read_lignes(io.BytesIO(content), []):
        if isinstance(one, EnteteBudget):
            entete = one
        else:
            yield (*_head(entete), *_ligne(one, entete))


def _head(entete: EnteteBudget) -> Row:
    return (
        *(entete.siret or entete.id_etab, entete.collectivite, entete.libelle),
        *(etape_of(entete), str(entete.exercice or "")),
    )


def _ligne(ligne: LigneBudget, entete: EnteteBudget) -> Row:
    return (
        ligne.section.libelle(entete.nomenclature),
        "oui" if ligne.section_deduite else "non",
        _SENS.get(ligne.sens, ""),
        "oui" if ligne.ordre else "non",
        *(ligne.chapitre, libelle_chapitre(ligne.chapitre, entete.nomenclature)),
        *(ligne.nature, ligne.libelle, ligne.fonction, ligne.operation),
        *(ligne.montants.get(name) for _, name in _COLONNES),
    )


def budget_in_archive(content: bytes) -> tuple[str, bytes] | None:
    """Return the budget that an ACTES archive carries as its act, with its name in the archive.

    :raises FaultError: ``ACT-ARCHIVE_…``.
    """
    for name, member in unpack(content).items():
        if name.endswith(".xml") and _is_budget(member):
            return name, member
    return None


def _is_budget(content: bytes) -> bool:
    try:
        read_entete(io.BytesIO(content))
    except FaultError:
        return False
    return True
