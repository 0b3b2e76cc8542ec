"""The static site of the public acts of an authority: pages, files, table (dossier §5).

No script, nothing from elsewhere, own colours (the State's design system is not for local
authorities, §5.4). The same content gives the same bytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from demat.actes.national import MATIERES
from demat.actes.natures import NatureActe
from demat.publish.content import (
    ActeRetire,
    MotifRetrait,
    PublicActe,
    PublicDocument,
    SiteContent,
    Votes,
    is_public_numero,
)
from demat.publish.decision import level_2
from demat.publish.scdl import DeliberationRow, matiere_label, write_deliberations

__all__ = [
    "ActeRetire",
    "MotifRetrait",
    "PublicActe",
    "PublicDocument",
    "SiteContent",
    "Votes",
    "deliberation_rows",
    "is_public_numero",
    "render_site",
]

_A = TypeVar("_A", PublicActe, ActeRetire)

_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
    *("août", "septembre", "octobre", "novembre", "décembre"),
)
_SINGULAR: Mapping[NatureActe, str] = {
    NatureActe.DELIBERATION: "Délibération",
    NatureActe.REGLEMENTAIRE: "Acte réglementaire",
    NatureActe.CONTRAT: "Contrat ou convention",
    NatureActe.BUDGETAIRE: "Document budgétaire",
    NatureActe.AUTRE: "Acte",
}


def render_site(site: SiteContent) -> Mapping[str, bytes]:
    """Return the whole site: relative path → bytes.

    :raises ValueError: an individual act is among the acts (its value cannot even be made).
    """
    _refuse_individual(site)
    tables = {year: write_deliberations(rows) for year, rows in deliberation_rows(site).items()}
    files = {_table_path(year): content for year, content in tables.items()}
    for acte in site.actes:
        names = zip(acte.file_names, acte.documents, strict=True)
        files.update({f"{acte.folder}/{name}": document.content for name, document in names})
    return files | _pages(site, {year: len(content) for year, content in tables.items()})


def _pages(site: SiteContent, tables: Mapping[int, int]) -> dict[str, bytes]:
    """Return the pages and their style sheet; ``tables`` tells the size of the table of a year."""
    templates = _environment()
    files = {"style.css": templates.get_template("style.css").render().encode()}

    def page(path: str, template: str, **values: object) -> None:
        root = "../" * path.count("/")
        text = templates.get_template(template).render(
            site=site, root=root, tables=tables, **values
        )
        files[path] = text.encode()

    years = _by_year(site)
    page("index.html", "index.html.j2", years=years)
    for year, found in years.items():
        page(f"actes/{year}/index.html", "annee.html.j2", year=year, found=found)
    for acte in site.actes:
        page(f"{acte.folder}/index.html", "acte.html.j2", acte=acte)
    for retire in site.retires:
        page(f"{retire.folder}/index.html", "retire.html.j2", acte=retire)
    page("accessibilite.html", "accessibilite.html.j2")
    page("mentions-legales.html", "mentions-legales.html.j2")
    return files


def _refuse_individual(site: SiteContent) -> None:
    if any(acte.nature == NatureActe.INDIVIDUEL for acte in site.addressed):
        raise ValueError("an individual act is never published")


def deliberation_rows(site: SiteContent) -> dict[int, tuple[DeliberationRow, ...]]:
    """Return the rows of the table of délibérations of each year, oldest first."""
    ordered = sorted(
        (acte for acte in site.actes if acte.nature == NatureActe.DELIBERATION),
        key=lambda acte: (acte.date_decision, acte.numero),
    )
    return {
        year: tuple(_row(acte, site) for acte in actes)
        for year, actes in groupby(ordered, key=lambda acte: acte.date_decision.year)
    }


def _row(acte: PublicActe, site: SiteContent) -> DeliberationRow:
    votes = acte.votes
    code = _code(acte)
    return DeliberationRow(
        nature=acte.nature,
        coll_nom=site.nom,
        coll_siret=site.siret,
        delib_id=acte.numero,
        delib_date=acte.date_decision,
        matiere_code=code,
        matiere_nom=matiere_label(code),
        objet=acte.objet,
        budget_annee=acte.budget_annee,
        budget_nom=acte.budget_nom,
        pref_date=acte.ar_date,
        vote_effectif=votes.effectif if votes else None,
        vote_reel=votes.reel if votes else None,
        vote_pour=votes.pour if votes else None,
        vote_contre=votes.contre if votes else None,
        vote_abstention=votes.abstention if votes else None,
        delib_url=site.permalink(acte),
    )


def _code(acte: PublicActe) -> str:
    first, second = level_2(acte.matiere) or (0, 0)  # the value was checked when it was made
    return f"{first}.{second}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Year:
    """What the lists show of one year, newest first."""

    actes: list[PublicActe]
    retires: list[ActeRetire]


def _by_year(site: SiteContent) -> dict[int, _Year]:
    """Group the acts by year, newest year first."""
    years = sorted({one.date_decision.year for one in site.addressed}, reverse=True)
    return {
        year: _Year(actes=_newest(site.actes, year), retires=_newest(site.retires, year))
        for year in years
    }


def _newest(actes: Iterable[_A], year: int) -> list[_A]:
    mine = (acte for acte in actes if acte.date_decision.year == year)
    return sorted(mine, key=lambda acte: (acte.date_decision, acte.numero), reverse=True)


# -------------------------------------------------------------------------------------- templates


def _environment() -> Environment:
    templates = Environment(
        loader=PackageLoader("demat.publish"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters.update(
        jour=_jour,
        octets=_octets,
        poids=_poids,
        nature=_nature,
        matiere=_matiere,
        table=_table_path,
    )
    return templates


def _table_path(year: int) -> str:
    return f"donnees/deliberations-{year}.csv"


def _jour(day: date) -> str:
    """Write a day as people read it: ``1er mars 2026``."""
    rank = "1er" if day.day == 1 else str(day.day)
    return f"{rank} {_MONTHS[day.month - 1]} {day.year}"


def _octets(size: int) -> str:
    """Write a number with narrow no-break spaces between thousands."""
    return f"{size:,}".replace(",", "\u202f")


def _poids(size: int) -> str:
    """Write a size as French people read it: ``242 Ko``, ``1,2 Mo``."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} Ko"
    return f"{size / 1_000_000:.1f} Mo".replace(".", ",")


def _nature(acte: PublicActe | ActeRetire) -> str:
    return _SINGULAR[NatureActe(acte.nature)]


def _matiere(acte: PublicActe) -> str:
    found = level_2(acte.matiere) or ()
    labels = (MATIERES[found[:depth]] for depth in (1, 2))
    return f"{_code(acte)} {' / '.join(labels)}"
