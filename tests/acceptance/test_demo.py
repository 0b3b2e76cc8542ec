"""The demonstration, as the README says to run it."""

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from demat.cli import demo
from tests.acceptance.conftest import demat, demat_process, page_text

INDIVIDUAL = b"AI_2026_017"
COUNTS = {
    "transmissions": 10,
    "acknowledged": 8,
    "refused": 2,
    "resubmitted": 2,
    "published": 3,
}
"""Three acts and four PES; one PES and one act more that were refused, then their corrections:
7 + 1 (PES corrected) + 1 (act of the second séance) + 1 (that act again)."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Play it once in a process of its own; return its folder and what it said."""
    root = tmp_path_factory.mktemp("demonstration") / "dossier"
    done = demat_process("demo", "--json", "--dir", root)
    assert (done.code, done.stderr) == (0, "")
    return root, done.json


def test_every_expectation_of_the_scenario_is_met(played: tuple[Path, dict[str, Any]]) -> None:
    _, said = played
    seconds = said.pop("seconds")
    assert said == COUNTS
    assert seconds > 0


def test_the_store_that_it_leaves_tells_the_same(played: tuple[Path, dict[str, Any]]) -> None:
    root, _ = played
    config = root / "demat.toml"
    flows = {
        state: demat("flows", "--state", state, "--json", config=config).json["flows"]
        for state in ("all", "acknowledged", "refused")
    }
    assert {state: len(found) for state, found in flows.items()} == {
        "all": 10,
        "acknowledged": 8,
        "refused": 2,
    }
    again = [flow for flow in flows["all"] if flow["supersedes"]]
    assert {flow["supersedes"] for flow in again} == {flow["id"] for flow in flows["refused"]}
    assert {flow["etat"] for flow in again} == {"acquitte"}
    assert {flow["flux"] for flow in again} == {"ACTES", "HELIOS"}
    attempts = [flow["attempts"] for flow in flows["all"]]
    assert attempts == [1] * 10


def test_the_site_shows_the_deliberations_and_nothing_else(
    played: tuple[Path, dict[str, Any]],
) -> None:
    site = played[0] / "site"
    numbers = ["2026_041", "2026_042", "2026_050_R1"]
    home = page_text(site / "index.html")
    acts = site / "actes" / "2026" / "DE"
    assert sorted(path.name for path in acts.iterdir()) == numbers
    for number in numbers:
        assert (acts / number / f"{number}.pdf").read_bytes().startswith(b"%PDF-")
        assert number in page_text(acts / number / "index.html")
    assert "Saint-Exemple-lès-Fiction" in home
    with (site / "donnees" / "deliberations-2026.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert sorted(row["DELIB_ID"] for row in rows) == numbers
    for path in site.rglob("*"):
        assert not path.is_file() or INDIVIDUAL not in path.read_bytes()


def test_the_proof_that_it_leaves_is_good(played: tuple[Path, dict[str, Any]]) -> None:
    root, _ = played
    said = demat(
        "verify", root / "preuve.zip", "--confiance", root / "bac-a-sable" / "confiance", "--json"
    )
    (found,) = said.json["files"]
    assert (said.code, found["verdict"]) == (0, "accepted")
    assert [one["signer"] for one in found["signatures"]] == ["Camille Dupré"]


def test_an_expectation_that_is_not_met_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corrected export is the faulty one: the comptable refuses it again."""
    fixtures = tmp_path / "fixtures"
    shutil.copytree(demo.FIXTURES, fixtures)
    shutil.copyfile(fixtures / "titres-eau.csv", fixtures / "titres-eau-corrige.csv")
    monkeypatch.setattr(demo, "FIXTURES", fixtures)
    done = demat("demo", "--json", "--dir", tmp_path / "dossier")
    assert done.code == 1
    assert "le PES corrigé est acquitté, il remplace l'ancien" in done.json["failures"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "precieux.txt"
    kept.write_text("à garder", "utf-8")
    done = demat("demo", "--dir", tmp_path)
    assert done.code != 0
    assert str(tmp_path) in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precieux.txt"]
    assert kept.read_text("utf-8") == "à garder"
