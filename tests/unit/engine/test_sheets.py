"""The pages that agents read."""

from datetime import UTC, datetime

import pytest

from demat.engine.sheets import correction_sheet, receipt_sheet
from demat.faults import Fault, Faults, Severity
from demat.labels_fr.catalogue import explain
from demat.xmlio import parse_untrusted

NOW = datetime(2026, 11, 23, 23, 5, tzinfo=UTC)  # the 24th in Paris
FAULTS = Faults(
    [
        Fault(code="INT-IBAN", params={"value": "<b>FR76</b> & co"}, line=12, source="titres.csv"),
        Fault(code="INT-ALREADY_SENT", params={"what": "X", "key": "Y"}, severity=Severity.WARNING),
    ]
)


def correction(faults: Faults = FAULTS) -> str:
    return correction_sheet(
        title="À corriger : <titres>",
        intro=("Rien n'est parti.", "Corrigez & redéposez."),
        faults=faults,
        explained=[explain(fault) for fault in faults],
        now=NOW,
    ).decode()


def test_a_correction_sheet_says_what_where_and_what_to_do() -> None:
    page = correction()
    assert "&lt;titres&gt;</h1>" in page
    assert '<p class="bandeau">Rien n&#x27;est parti.</p><p>Corrigez &amp; redéposez.</p>' in page
    blocking, warnings = page.index("À corriger (1)"), page.index("À vérifier (1)")
    assert blocking < page.index("titres.csv, ligne 12") < warnings
    assert "&lt;b&gt;FR76&lt;/b&gt; &amp; co" in page
    assert "X a déjà été transmis (Y)" in page[warnings:]
    assert 'class="remede"' in page
    assert "Une question ? Demandez à" in page
    assert "Fiche établie le 24/11/2026 à 00 h 05." in page


def test_an_empty_part_is_not_shown() -> None:
    page = correction(FAULTS.warnings)
    assert "À corriger (" not in page
    assert "À vérifier (1)" in page


@pytest.mark.parametrize(("good", "band"), [(True, "bandeau bon"), (False, "bandeau")])
def test_a_receipt_sheet_is_green_only_when_accepted(good: bool, band: str) -> None:
    page = receipt_sheet(
        title="Accusé : X", state="État.", good=good, rows=[("Objet", "a < b")], now=NOW
    ).decode()
    assert f'<p class="{band}">État.</p>' in page
    assert '<th scope="row">Objet</th><td>a &lt; b</td>' in page


def test_the_pages_are_whole_html_in_french() -> None:
    for page in (
        correction(),
        receipt_sheet(title="T", state="S", rows=[], now=NOW).decode(),
    ):
        assert page.startswith('<!DOCTYPE html>\n<html lang="fr">')
        body = page[page.index("<body>") : page.index("</html>")]
        parse_untrusted(body.replace("<br>", "<br/>").encode())  # balanced
