"""Values that the tests of ``demat.publish`` start from, all fictional."""

from dataclasses import replace
from datetime import UTC, date, datetime

from demat.publish.content import (
    ActeRetire,
    MotifRetrait,
    PublicActe,
    PublicDocument,
    SiteContent,
    Votes,
)
from demat.publish.scdl import DeliberationRow

URL = "https://actes.saint-exemple.fr"

ROW = DeliberationRow(
    nature=1,
    coll_nom="Commune de Saint-Exemple-lès-Fiction",
    coll_siret="21990123800010",
    delib_id="2026_031",
    delib_date=date(2026, 3, 12),
    matiere_code="7.1",
    matiere_nom="finances locales/décisions budgétaires",
    objet="Vote du budget primitif 2026",
    budget_annee="2026",
    budget_nom="Budget principal",
    pref_id="PREF099",
    pref_date=date(2026, 3, 16),
    vote_effectif=27,
    vote_reel=25,
    vote_pour=22,
    vote_contre=1,
    vote_abstention=2,
    delib_url=f"{URL}/actes/2026/DE/2026_031/",
)

ACTE = PublicActe(
    numero="2026_031",
    date_decision=date(2026, 3, 12),
    nature=1,
    matiere="7.1",
    objet="Vote du budget primitif 2026",
    signataire="Camille Dupré",
    qualite="Maire",
    mise_en_ligne=datetime(2026, 3, 20, 23, 30, tzinfo=UTC),
    ar_identifiant="099-000000000-20260312-2026_031-DE",
    ar_date=date(2026, 3, 16),
    documents=(
        PublicDocument(content=b"%PDF-1.7 acte", extension="pdf"),
        PublicDocument(content=b"\x89PNG plan", extension="png"),
    ),
    votes=Votes(effectif=27, reel=25, pour=22, contre=1, abstention=2),
    budget_annee="2026",
    budget_nom="Budget principal",
)

RETIRE = ActeRetire(
    numero="2026_030",
    date_decision=date(2026, 2, 12),
    nature=1,
    mise_en_ligne=datetime(2026, 2, 15, 9, tzinfo=UTC),
    retrait=datetime(2026, 3, 15, 9, tzinfo=UTC),
    motif=MotifRetrait.ANNULATION,
)

SITE = SiteContent(
    nom="Commune de Saint-Exemple-lès-Fiction",
    siret="21990123800010",
    url=URL,
    responsable="Camille Dupré",
    qualite="Maire",
    actes=(ACTE,),
    retires=(RETIRE,),
)


def acte(**changes: object) -> PublicActe:
    """Return the good act, changed."""
    return replace(ACTE, **changes)  # type: ignore[arg-type]  # the field names are the caller's


def row(**changes: object) -> DeliberationRow:
    """Return the good row, changed."""
    return replace(ROW, **changes)  # type: ignore[arg-type]  # the field names are the caller's
