"""Exports whose columns are not ours, read through the mappings that the configuration names."""

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.acceptance.conftest import Mairie

EXPORTS = Path(__file__).resolve().parents[2] / "fixtures" / "exports"


def declare(mairie: Mairie, *names: str) -> None:
    paths = json.dumps([str(EXPORTS / name) for name in names])
    mairie.edit("arrondissement", f"correspondances = {paths}\narrondissement")


ALL = ("compta.toml", "cantine.toml", "eau.toml", "paie.toml")


def test_the_four_layouts_are_signed_sent_and_acknowledged(mairie: Mairie) -> None:
    declare(mairie, *ALL)
    for name in ("compta.csv", "cantine.csv", "eau.xlsx", "paie.ods"):
        mairie.drop(EXPORTS / name)
    mairie.nightly()
    mairie.play()
    assert mairie.returned() == []
    found = sorted(summary(mairie, flow) for flow in mairie.flows())
    assert found == [
        ("acquitte", "PESALR2", "00", "1", ["14", "15"], ["501", "502", "503"]),
        ("acquitte", "PESALR2", "00", "1", ["25", "26"], ["601", "602", "603"]),
        ("acquitte", "PESALR2", "00", "1", ["33"], ["701"]),
        ("acquitte", "PESALR2", "02", "1", ["4"], ["32"]),
        ("acquitte", "PESORMC", "02", "0", ["3"], ["31", "32", "33"]),
    ]


def summary(mairie: Mairie, flow: dict[str, Any]) -> tuple[Any, ...]:
    """Return state, type, budget, dematerialised, bordereaux and pièces of a flow."""
    root = etree.fromstring(mairie.kept(flow["sha256"]))

    def values(name: str) -> list[str]:
        return [node.get("V", "") for node in root.iter(name)]

    single = ("TypFic", "CodBud", "InfoDematerialisee")
    return (flow["etat"], *(values(name)[0] for name in single), values("IdBord"), values("IdPce"))


def test_without_its_mapping_the_export_is_returned(mairie: Mairie) -> None:
    mairie.drop(EXPORTS / "compta.csv")
    mairie.nightly()
    assert mairie.flows() == []
    assert mairie.landed() == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nom = ", "CFG-MAPPING_TOML"),
        ('nom = "X"\nkind = "titres"\nreconnaitre = ["A"]\ninconnu = 1\n', "CFG-MAPPING_KEY"),
        (None, "CFG-MAPPING_FILE"),
    ],
)
def test_a_wrong_mapping_is_told_before_anything_is_read(
    mairie: Mairie, tmp_path: Path, text: str | None, code: str
) -> None:
    path = tmp_path / "faux.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    mairie.edit("arrondissement", f"correspondances = [{json.dumps(str(path))}]\narrondissement")
    answer = mairie.demat("nightly", "--json")
    assert answer.code == 4
    assert code in {fault["code"] for fault in answer.json["error"]}
