from datetime import date
from pathlib import Path

import pytest

from demat.sandbox.scenario import (
    Answer,
    AnswerKind,
    RegleActe,
    RegleHelios,
    RetourHelios,
    Scenario,
    ScenarioError,
)
from demat.sandbox.scenarios import SCENARIOS, load_scenario


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_named_scenarios_survive_json(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert Scenario.from_json(scenario.to_json()) == scenario


def test_a_file_describes_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "mien.json"
    path.write_text('{"name": "mien", "tdt_classification": null, "budgets_sans_fonction": ["02"]}')
    assert load_scenario(str(path)) == Scenario(
        name="mien", tdt_classification=None, budgets_sans_fonction=("02",)
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Invalid JSON"),
        ('{"nam": "x"}', "nam"),
        ('{"delays": {"analyse": 1}}', "delays.analyse"),
        ('{"regles_actes": [{"number": "("}]}', "is not a regular expression"),
        ('{"comptes": [{"siren": "111111111"}]}', "describes no authority 111111111"),
        ('{"start": "2026-03-02T09:00:00"}', "timezone"),
        ('{"regles_actes": [{"number": "", "letters": [{"type": "6"}]}]}', "letters.0.type"),
        ('{"autorites": [{"emetteur": "Mairie"}]}', "emetteur"),
    ],
)
def test_a_wrong_file_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        Scenario.from_json(text)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'nominale': known ones are .*nominal"):
        load_scenario("nominale")


def test_the_first_matching_rule_decides() -> None:
    late = RegleActe(number="_TARD$", answers=(Answer(kind=AnswerKind.AR, minutes=90),))
    silent = RegleHelios(nom_fic="MUET", retour=RetourHelios.SILENCE)
    scenario = Scenario(
        regles_actes=(late, RegleActe(number="TARD", answers=())), regles_helios=(silent,)
    )
    assert scenario.regle_acte("2026_TARD") == late
    assert scenario.regle_acte("TARD_1").answers == ()
    assert scenario.regle_acte("2026_012").answers == (Answer(),)
    assert scenario.regle_helios("PES_MUET_1") == silent
    assert scenario.regle_helios("PES_1").retour is RetourHelios.AUTO


def test_a_changed_classification_is_not_the_one_of_the_tdt() -> None:
    scenario = SCENARIOS["classification-changee"]
    assert scenario.tdt_classification == date(2025, 9, 1)
    assert scenario.ministry_classification == date(2026, 1, 15)


def test_the_lists_of_the_prefecture_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "7-2.xml"
    path.write_bytes(b"<a/>")
    scenario = Scenario(classification=path)
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert (Scenario().lists(), scenario.lists()) == (None, b"<a/>")
    path.unlink()
    with pytest.raises(ScenarioError, match=r"the classification cannot be read: .*7-2\.xml"):
        scenario.lists()
