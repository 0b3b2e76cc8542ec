"""The table SCDL 2.1.5: every constraint and every check, failing and passing."""

import csv
import io
import json
import re
import unicodedata
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest

from demat.actes.model import format_matiere
from demat.actes.national import MATIERES
from demat.labels_fr.catalogue import explain
from demat.publish import scdl
from demat.publish.scdl import (
    COLUMNS,
    check_csv,
    check_rows,
    matiere_label,
    write_deliberations,
)
from tests.unit.publish.factories import ROW, row

PREFIXES = (
    "Commande publique",
    "Urbanisme",
    "Domaine et patrimoine",
    "Fonction publique",
    "Institutions et vie politique",
    "Libertés publiques et pouvoirs de police",
    "Finances locales",
    "Domaines de compétences par thèmes",
    "Autres domaines de compétences",
)
LEVEL_2 = [format_matiere(code) for code in MATIERES if len(code) == 2]
NO_VOTES = dict.fromkeys(
    ("vote_effectif", "vote_reel", "vote_pour", "vote_contre", "vote_abstention")
)


def folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def table(**cells: str) -> bytes:
    """Write the good row with other texts in some cells, as another program could."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerow({**ROW.cells(), **cells}.values())
    return text.getvalue().encode()


def told(content: bytes) -> list[tuple[str, str]]:
    """Return code and column of each fault, having checked that each can be put into words."""
    found = []
    for fault in check_csv(content):
        explained = explain(fault)
        assert "…" not in f"{explained.sentence}{explained.remedy}", explained
        found.append((fault.code, fault.path.lstrip("!")))
    return found


# ------------------------------------------------------------------------------------ the schema


@pytest.fixture(scope="module")
def schema(shared: Path) -> dict[str, object]:
    path = shared / "official/scdl/deliberations/2.1.5/schema.json"
    return json.loads(path.read_text("utf-8"))


def test_columns_and_constraints_are_those_of_the_official_schema(schema):
    assert tuple(field["name"] for field in schema["fields"]) == COLUMNS
    required = {f["name"] for f in schema["fields"] if f.get("constraints", {}).get("required")}
    assert set(scdl.REQUIRED) == required
    dates = tuple(field["name"] for field in schema["fields"] if field["type"] == "date")
    assert dates == scdl.DATES
    integers = tuple(field["name"] for field in schema["fields"] if field["type"] == "integer")
    assert integers == scdl.VOTES


def test_checks_are_those_of_the_official_schema(schema):
    checks = [(check["name"], check["params"]) for check in schema["custom_checks"]]
    together = {
        (params["column"], *params["othercolumns"])
        for name, params in checks
        if name == "cohesive-columns-value"
    }
    assert set(scdl.TOGETHER) == together
    compared = {
        (params["column"], params["column2"])
        for name, params in checks
        if name == "compare-columns-value"
    }
    assert set(scdl.AT_LEAST) == compared
    (summed,) = [params for name, params in checks if name == "sum-columns-value"]
    assert (summed["column"], *summed["columns"]) == scdl.VOTES[1:]


def test_written_values_match_the_official_patterns(schema):
    rows = [row(delib_id=code, matiere_code=code) for code in LEVEL_2]
    patterns = {
        field["name"]: field["constraints"]["pattern"]
        for field in schema["fields"]
        if "pattern" in field.get("constraints", {})
    }
    assert set(patterns) == {"COLL_SIRET", "DELIB_MATIERE_CODE", "BUDGET_ANNEE"}
    for one in rows:
        for name, pattern in patterns.items():
            assert re.search(pattern, one.cells()[name]), (name, one.cells()[name])


# -------------------------------------------------------------------------------------- the label


@pytest.mark.parametrize("code", LEVEL_2)
def test_every_matiere_has_a_label_that_the_official_check_accepts(code: str):
    label = matiere_label(code)
    first, slash, second = label.partition("/")

    assert folded(first) == folded(PREFIXES[int(code.split(".")[0]) - 1])
    assert slash
    assert second
    assert second == second.strip() == " ".join(second.split())
    assert label == label.lower()
    assert not set(label) & set(",()")
    assert "/ " not in label
    assert " /" not in label
    assert not check_rows([row(matiere_code=code, matiere_nom=label)])


def test_labels_keep_their_accents():
    assert matiere_label("7.1") == "finances locales/décisions budgétaires"
    assert matiere_label("7.9") == "finances locales/prise de participation"
    assert matiere_label("9.4") == "autres domaines de compétences/vœux et motions"
    assert matiere_label("1.5") == (
        "commande publique/transactions/protocole d'accord transactionnel"
    )
    with pytest.raises(KeyError):
        matiere_label("7.11")


# ------------------------------------------------------------------------------------- the writing


def test_a_table_is_written_in_full_and_reads_back():
    content = write_deliberations([ROW])

    assert (
        content
        == (
            ",".join(COLUMNS) + "\r\n"
            "Commune de Saint-Exemple-lès-Fiction,21990123800010,2026_031,2026-03-12,7.1,"
            "finances locales/décisions budgétaires,Vote du budget primitif 2026,2026,"
            "Budget principal,PREF099,2026-03-16,27,25,22,1,2,"
            "https://actes.saint-exemple.fr/actes/2026/DE/2026_031/\r\n"
        ).encode()
    )
    assert not check_csv(content)


def test_every_field_but_the_nature_is_a_column():
    assert len(fields(ROW)) == len(COLUMNS) + 1


def test_an_empty_table_still_has_its_columns():
    assert write_deliberations([]) == (",".join(COLUMNS) + "\r\n").encode()
    assert not check_csv(write_deliberations([]))


@pytest.mark.parametrize(
    ("objet", "written"),
    [
        ("Vente,\n cession ; « don »", "Vente, cession ; « don »"),
        ("  Avec\t\u00a0des   blancs \r\n", "Avec des blancs"),
        ('=HYPERLINK("http://x")', '=HYPERLINK("http://x")'),
        ("+33 % de hausse", "+33 % de hausse"),
        ("Cafe\u0301", "Caf\u00e9"),
    ],
)
def test_the_objet_is_on_one_line_and_otherwise_untouched(objet: str, written: str):
    content = write_deliberations([row(objet=objet), row(delib_id="2026_032")])

    first, second = csv.DictReader(io.StringIO(content.decode(), newline=""))
    assert (first["DELIB_OBJET"], second["DELIB_ID"]) == (written, "2026_032")
    assert not check_csv(content)


def test_unanimity_without_figures_leaves_five_empty_columns_and_zero_is_a_value():
    silent = row(**NO_VOTES)
    assert {silent.cells()[column] for column in scdl.VOTES} == {""}
    assert not check_rows([silent])
    unanimous = row(vote_pour=25, vote_contre=0, vote_abstention=0)
    assert unanimous.cells()["VOTE_CONTRE"] == "0"
    assert not check_rows([unanimous])


@pytest.mark.parametrize("nature", [0, 2, 3, 4, 5, 6])
def test_only_deliberations_may_be_written(nature: int):
    with pytest.raises(ValueError, match="not a délibération"):
        write_deliberations([ROW, row(nature=nature)])


# -------------------------------------------------------------------------------------- the checks


def test_the_good_table_passes():
    assert told(table()) == []
    assert told(b"\xef\xbb\xbf" + table()) == []


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        *(({column: "  "}, [("PUB-SCDL_EMPTY", column)]) for column in scdl.REQUIRED),
        ({"COLL_SIRET": "21990123800011"}, [("PUB-SCDL_SIRET", "COLL_SIRET")]),
        ({"COLL_SIRET": "2199012380001"}, [("PUB-SCDL_SIRET", "COLL_SIRET")]),
        ({"COLL_SIRET": "219 901 238 00010"}, [("PUB-SCDL_SIRET", "COLL_SIRET")]),
        ({"COLL_SIRET": "00000000000000"}, [("PUB-SCDL_SIRET", "COLL_SIRET")]),
        ({"DELIB_DATE": "12/03/2026"}, [("PUB-SCDL_DATE", "DELIB_DATE")]),
        ({"DELIB_DATE": "2026-03-12T10:00:00"}, [("PUB-SCDL_DATE", "DELIB_DATE")]),
        ({"DELIB_DATE": "2026-02-30"}, [("PUB-SCDL_DATE", "DELIB_DATE")]),
        ({"DELIB_DATE": "20260312"}, [("PUB-SCDL_DATE", "DELIB_DATE")]),
        ({"PREF_DATE": "16/03/2026"}, [("PUB-SCDL_DATE", "PREF_DATE")]),
        ({"DELIB_MATIERE_CODE": "7.1.1"}, [("PUB-SCDL_MATIERE", "DELIB_MATIERE_CODE")]),
        ({"DELIB_MATIERE_CODE": "0.99"}, [("PUB-SCDL_MATIERE", "DELIB_MATIERE_CODE")]),
        ({"DELIB_MATIERE_CODE": "7"}, [("PUB-SCDL_MATIERE", "DELIB_MATIERE_CODE")]),
        ({"DELIB_MATIERE_CODE": "7.01"}, [("PUB-SCDL_MATIERE", "DELIB_MATIERE_CODE")]),
        ({"DELIB_MATIERE_CODE": "1.1"}, [("PUB-SCDL_LABEL", "DELIB_MATIERE_NOM")]),
        ({"DELIB_MATIERE_CODE": "7.10"}, [("PUB-SCDL_LABEL", "DELIB_MATIERE_NOM")]),
        ({"DELIB_MATIERE_NOM": "finances locales"}, [("PUB-SCDL_LABEL", "DELIB_MATIERE_NOM")]),
        (
            {"DELIB_MATIERE_NOM": "finances locales / décisions budgétaires"},
            [("PUB-SCDL_LABEL", "DELIB_MATIERE_NOM")],
        ),
        (
            {"DELIB_MATIERE_NOM": "'finances locales/décisions budgétaires"},
            [("PUB-SCDL_LABEL", "DELIB_MATIERE_NOM")],
        ),
        ({"BUDGET_ANNEE": "2026-2027"}, [("PUB-SCDL_YEARS", "BUDGET_ANNEE")]),
        ({"BUDGET_ANNEE": "2027/2026"}, [("PUB-SCDL_YEARS", "BUDGET_ANNEE")]),
        ({"BUDGET_ANNEE": "26"}, [("PUB-SCDL_YEARS", "BUDGET_ANNEE")]),
        ({"BUDGET_ANNEE": ""}, [("PUB-SCDL_TOGETHER", "BUDGET_ANNEE")]),
        ({"BUDGET_NOM": ""}, [("PUB-SCDL_TOGETHER", "BUDGET_ANNEE")]),
        ({"PREF_ID": "Préfecture du département"}, [("PUB-SCDL_PREF", "PREF_ID")]),
        ({"PREF_ID": "SPREF099"}, [("PUB-SCDL_PREF", "PREF_ID")]),
        ({"PREF_DATE": "2026-03-11"}, [("PUB-SCDL_COMPARE", "PREF_DATE")]),
        ({"VOTE_EFFECTIF": "24"}, [("PUB-SCDL_COMPARE", "VOTE_EFFECTIF")]),
        (
            {"VOTE_POUR": "26"},
            [("PUB-SCDL_COMPARE", "VOTE_REEL"), ("PUB-SCDL_SUM", "VOTE_REEL")],
        ),
        (
            {"VOTE_CONTRE": "26"},
            [("PUB-SCDL_COMPARE", "VOTE_REEL"), ("PUB-SCDL_SUM", "VOTE_REEL")],
        ),
        (
            {"VOTE_ABSTENTION": "26"},
            [("PUB-SCDL_COMPARE", "VOTE_REEL"), ("PUB-SCDL_SUM", "VOTE_REEL")],
        ),
        ({"VOTE_POUR": "21"}, [("PUB-SCDL_SUM", "VOTE_REEL")]),
        ({"VOTE_POUR": "22,0"}, [("PUB-SCDL_INTEGER", "VOTE_POUR")]),
        ({"VOTE_POUR": "-22"}, [("PUB-SCDL_INTEGER", "VOTE_POUR")]),
        ({"VOTE_POUR": "٢٢"}, [("PUB-SCDL_INTEGER", "VOTE_POUR")]),
        ({"VOTE_ABSTENTION": ""}, [("PUB-SCDL_TOGETHER", "VOTE_EFFECTIF")]),
        ({"DELIB_URL": "actes/2026/DE/2026_031/"}, [("PUB-SCDL_URL", "DELIB_URL")]),
        ({"DELIB_URL": "//actes.exemple.fr/x"}, [("PUB-SCDL_URL", "DELIB_URL")]),
        ({"DELIB_URL": "ftp://actes.exemple.fr/x"}, [("PUB-SCDL_URL", "DELIB_URL")]),
        ({"DELIB_URL": "https:///x"}, [("PUB-SCDL_URL", "DELIB_URL")]),
        ({"DELIB_URL": "https://exemple.fr/mes actes"}, [("PUB-SCDL_URL", "DELIB_URL")]),
        ({"DELIB_URL": "https://exemple.fr/délibération"}, [("PUB-SCDL_URL", "DELIB_URL")]),
        ({"DELIB_OBJET": "Deux\nlignes"}, [("PUB-SCDL_CONTROL", "DELIB_OBJET")]),
        ({"DELIB_OBJET": "\x92apostrophe"}, [("PUB-SCDL_CONTROL", "DELIB_OBJET")]),
        ({"COLL_NOM": "Commune\t"}, [("PUB-SCDL_CONTROL", "COLL_NOM")]),
    ],
)
def test_each_check_fails_on_the_bytes(cells: dict[str, str], expected: list[tuple[str, str]]):
    assert told(table(**cells)) == expected


@pytest.mark.parametrize(
    "cells",
    [
        {"BUDGET_ANNEE": "2026/2027"},
        {"BUDGET_ANNEE": "2026/2026"},
        {"BUDGET_ANNEE": "", "BUDGET_NOM": ""},
        {"PREF_ID": ""},
        {"PREF_ID": "PREF02A"},
        {"PREF_ID": "SPREF0991"},
        {"PREF_ID": "SGAR099"},
        {"PREF_DATE": ""},
        {"PREF_DATE": "2026-03-12"},
        {"VOTE_EFFECTIF": "25"},
        {"DELIB_URL": ""},
        {"DELIB_URL": "http://localhost:8000/actes/d%C3%A9lib.pdf?v=1#p2"},
        {"DELIB_MATIERE_NOM": "FINANCES LOCALES/DECISIONS BUDGETAIRES"},
        dict.fromkeys(scdl.VOTES, ""),
        dict.fromkeys(scdl.VOTES, "0"),
    ],
)
def test_each_check_passes(cells: dict[str, str]):
    assert told(table(**cells)) == []


def test_faults_tell_the_line_and_the_column():
    rows = [ROW, row(delib_id="2026_032", coll_siret="1")]
    (fault,) = check_rows(rows).within("deliberations-2026.csv")

    explained = explain(fault)
    assert explained.where == "deliberations-2026.csv, ligne 3, colonne « COLL_SIRET »"
    assert explained.sentence == "Le numéro SIRET « 1 » est faux."


def test_the_same_number_twice_is_a_fault_unless_the_authority_differs():
    (fault,) = check_rows([ROW, row(delib_id="x"), replace(ROW, objet="Autre")])
    assert (fault.code, fault.line, fault.params["first"]) == ("PUB-SCDL_DUPLICATE", 4, "2")
    assert not check_rows([ROW, row(coll_siret="21860194600013")])


def test_rows_are_checked_as_they_will_be_written():
    late = row(pref_date=date(2026, 3, 1), objet="Deux\nlignes")
    assert check_rows([late]).codes == ("PUB-SCDL_COMPARE",)
    assert check_csv(write_deliberations([late])).codes == ("PUB-SCDL_COMPARE",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (table().decode().encode("cp1252"), "PUB-SCDL_ENCODING"),
        (b"", "PUB-SCDL_COLUMNS"),
        (table().replace(b"COLL_NOM", b"coll_nom"), "PUB-SCDL_COLUMNS"),
        (table().replace(b"COLL_NOM,", b""), "PUB-SCDL_COLUMNS"),
        (table().replace(b"DELIB_URL", b"DELIB_URL,NATURE_ACTE"), "PUB-SCDL_COLUMNS"),
        (table().replace(b"COLL_NOM,COLL_SIRET", b"COLL_SIRET,COLL_NOM"), "PUB-SCDL_COLUMNS"),
        (table().replace(b",", b";"), "PUB-SCDL_COLUMNS"),
        (table() + b"a,b\r\n", "PUB-SCDL_CELLS"),
        (table() + b'"a', "PUB-SCDL_CSV"),
    ],
)
def test_a_table_of_another_shape_is_refused(content: bytes, code: str):
    assert [found for found, _ in told(content)] == [code]
