"""Exports whose columns are not ours, read through the mappings that the configuration names."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Mairie

EXPORTS = Path(__file__).resolve().parents[2] / "fixtures" / "exports"


def declare(mairie: Mairie, *names: str) -> None:
    paths = json.dumps([str(EXPORTS / name) for name in names])
    mairie.edit("arrondissement", f"correspondances = {paths}\narrondissement")


def test_a_mapped_export_is_signed_sent_and_acknowledged(mairie: Mairie) -> None:
    declare(mairie, "compta.toml", "paie.toml")
    mairie.drop(EXPORTS / "compta.csv")
    mairie.nightly()
    mairie.play()
    (flow,) = mairie.flows()
    assert (flow["flux"], flow["etat"]) == ("HELIOS", "acquitte")
    kept = mairie.kept(flow["sha256"])
    assert b'<IdPce V="501"/>' in kept
    assert b'<MtHT V="1240.00"/>' in kept


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
