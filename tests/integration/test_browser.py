"""What people open in a browser, in a real one: the public site, sheets, PES, budgets, health.

A frame of 320 CSS pixels shows each page; the frame's own document then tells whether something
sticks out (WCAG 2.1, 1.4.10) and how contrasted its text is (1.4.3).
"""

import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from demat.engine.health import Ending, Figures, Limits, judge
from demat.engine.sheets import correction_sheet, receipt_sheet
from demat.engine.view_budget import show_budget
from demat.engine.view_pes import show_pes
from demat.faults import Fault, Faults, Severity
from demat.labels_fr.catalogue import explain
from demat.publish.site import render_site
from demat.queue.measures import Measures, Waiting
from demat.signing.trust import TrustStore
from demat.supervision.health_page import as_html
from fixtures.budget import FINANCIER, MODIFICATIVE, PRIMITIF, Ligne, budget_xml
from tests.conftest import ROOT, needs_program
from tests.unit.publish.factories import SITE

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--allow-file-access-from-files", "--virtual-time-budget=4000", "--dump-dom"),
)
HARNESS = """<!DOCTYPE html><meta charset="utf-8"><pre id="found"></pre><script>
const pages = @@PAGES@@, found = {};
function luminance(color) {
  const part = color.match(/[\\d.]+/g).slice(0, 3).map(Number).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}
function background(node, view) {
  for (let one = node; one; one = one.parentElement) {
    const color = view.getComputedStyle(one).backgroundColor;
    if (!/, 0\\)$/.test(color)) return color;
  }
  return "rgb(255, 255, 255)";
}
function look(page, frame) {
  const view = frame.contentWindow, inner = frame.contentDocument;
  let worst = 21;
  for (const node of inner.querySelectorAll("body *")) {
    if (![...node.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = luminance(view.getComputedStyle(node).color), b = luminance(background(node, view));
    worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  const root = inner.documentElement;
  found[page] = {beyond: root.scrollWidth - root.clientWidth, contrast: worst,
    headings: inner.querySelectorAll("h1").length, lang: inner.documentElement.lang};
  document.getElementById("found").textContent = JSON.stringify(found);
}
for (const page of pages) {
  const frame = document.createElement("iframe");
  frame.width = 320; frame.height = 600; frame.style.border = "0";
  frame.onload = () => look(page, frame);
  frame.src = page;
  document.body.append(frame);
}
</script>"""


LONG = "ANTICONSTITUTIONNELLEMENT" * 6
"""Longer than a narrow screen, without a place to cut it."""


def pes_pages(folder: Path) -> dict[str, bytes]:
    """Write the pages of PES files of every kind, one with values as long as they can be."""
    golden = ROOT / "tests" / "golden" / "pes"
    sources = {path.stem: path.read_bytes() for path in golden.glob("*.xml")}
    del sources["acquit_retour"]  # what a mairie answers to a retour: it has no page
    long = sources["aller_depense"].replace(b"SITUATION 2 REHABILITATION RESERVOIR", LONG.encode())
    long = long.replace(b"TRAVAUX DU VALLON", LONG.encode()).replace(b"1500.00", b"1" * 12)
    sources["aller_long"] = long.replace(b"FACT_S2_2026.pdf", LONG.encode() + b".pdf")
    for name, content in sources.items():
        source = folder / f"{name}.xml"
        source.write_bytes(content)
        page = folder / "pes" / f"{name}.html"
        show_pes(source, html=page, csv=None, trust=TrustStore(), explain=explain)
    written = {f"pes/{name}.html" for name in sources}
    return {name: (folder / name).read_bytes() for name in written}


def budget_pages(folder: Path) -> dict[str, bytes]:
    """Write the pages of budgets: balanced, a decision of an annexe, an altered account, long."""
    line = Ligne(sens="D", nature="2313", prev="1" * 12, libelle=LONG[:100], operation="2026001")
    sources = {
        "bp": budget_xml(),
        "dm": budget_xml(MODIFICATIVE),
        "cfu": budget_xml(FINANCIER).replace(b"38210.42", b"38210.43"),
        "long": budget_xml(replace(PRIMITIF, libelle=LONG[:100], lignes=(line,) * 3)),
    }
    for name, content in sources.items():
        page = folder / "budget" / f"{name}.html"
        show_budget(content, name=f"{name}.xml", html=page, csv=None, explain=explain)
    written = {f"budget/{name}.html" for name in sources}
    return {name: (folder / name).read_bytes() for name in written}


def health_pages() -> dict[str, bytes]:
    """Write the page of ``/sante``: all is well, and all is wrong, for a town with a long name."""
    waits = [
        Waiting(collectivite="000000000", flux=flux, state=state, count=12, since=NOW - 60 * DAY)
        for state in ("todo", "suspended", "deposited")
        for flux in ("ACTES", "HELIOS")
    ]
    nothing = Measures(
        waiting=(), deposits={}, pauses=(), lines=(), nights=(), journal_entries=0, transmissions=0
    )
    well = Figures(at=NOW, measures=nothing, disk_free=10**12, disk_total=10**12)
    wrong = replace(
        well,
        measures=replace(nothing, waiting=tuple(waits)),
        disk_free=1,
        nights={"000000000": NOW - 60 * DAY},
        names={"000000000": LONG},
        endings=(Ending(collectivite="000000000", use="line", last_day=(NOW - DAY).date()),),
    )
    return {
        f"sante/{name}.html": as_html(judge(figures, Limits()), explain, NOW)
        for name, figures in (("well", well), ("wrong", wrong))
    }


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Render everything, show it in Chromium, return what each page looked like."""
    chromium = needs_program("chromium")
    folder = tmp_path_factory.mktemp("pages")
    files = dict(render_site(SITE))
    faults = Faults(
        [
            Fault(code="INT-IBAN", params={"value": "FR76 0000"}, line=12, source="titres.csv"),
            Fault(code="INT-MATIERE_NUMBER", params={"value": "7.1"}, severity=Severity.WARNING),
        ]
    )
    files["sheets/correction.html"] = correction_sheet(
        title="À corriger : titres.csv",
        intro=("Ce dépôt n'a pas été envoyé.", "Corrigez, puis redéposez."),
        faults=faults,
        explained=[explain(fault) for fault in faults],
        now=NOW,
    )
    files["sheets/accuse.html"] = receipt_sheet(
        title="Accusé : PESALR2_21990123800010_261122_001",
        state="Accepté.",
        rows=[("Pièce jointe 21990123800010D2026M000204A1", "accepté")],
        now=NOW,
    )
    files |= pes_pages(folder) | budget_pages(folder) | health_pages()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shown = sorted(name for name in files if name.endswith(".html"))
    harness = folder / "harness.html"
    harness.write_text(HARNESS.replace("@@PAGES@@", json.dumps(shown)), encoding="utf-8")
    profile = tmp_path_factory.mktemp("profile")
    command = [chromium, *FLAGS, f"--user-data-dir={profile}", harness.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    text = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert text, done.stdout[:500]
    found: dict[str, dict[str, object]] = json.loads(unescape(text.group(1)))
    assert sorted(found) == shown
    return found


def test_no_page_sticks_out_of_a_narrow_screen(pages: dict[str, dict[str, object]]) -> None:
    assert {name: page["beyond"] for name, page in pages.items() if page["beyond"] != 0} == {}


def test_every_text_is_contrasted_enough(pages: dict[str, dict[str, object]]) -> None:
    weak = {name: page["contrast"] for name, page in pages.items() if page["contrast"] < 4.5}
    assert weak == {}


def test_every_page_has_one_title_and_speaks_french(pages: dict[str, dict[str, object]]) -> None:
    assert {(page["headings"], page["lang"]) for page in pages.values()} == {(1, "fr")}


def test_the_pages_of_interest_were_shown(pages: dict[str, dict[str, object]]) -> None:
    assert {"index.html", "sheets/correction.html", "sheets/accuse.html"} <= set(pages)
    assert {"pes/aller_long.html", "pes/acquit_v2.html", "pes/retour_complet.html"} <= set(pages)
    assert {"budget/bp.html", "budget/cfu.html", "budget/long.html"} <= set(pages)
    assert {"sante/well.html", "sante/wrong.html"} <= set(pages)
    assert "actes/2026/DE/2026_031/index.html" in pages
    assert Path("actes/2026/DE/2026_030/index.html").as_posix() in pages
