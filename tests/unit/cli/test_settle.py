"""``demat settle``: one answer, its checks, and what the person reads."""

import pytest

from tests.unit.cli.conftest import Town
from tests.unit.cli.moves import land, send, suspend


@pytest.fixture
def acte(acte: Town) -> Town:
    """Return an installation where nothing stays on its way for long."""
    acte.change("[[collectivites]]", "[rythme]\nprocessus_secondes = 0.001\n\n[[collectivites]]")
    return acte


def test_exactly_one_answer_is_given(acte: Town) -> None:
    with acte.office() as office:
        suspend(office)
    for answers in (
        [],
        ["--not-landed", "--reference", "4711"],
        ["--not-landed", "--abandon", "x"],
    ):
        said = acte.demat("settle", "1", *answers)
        assert said.code == 1
        assert "Il faut dire une seule chose de l'envoi n° 1." in said.words
        assert "--reference" in said.words
    assert acte.demat("flows", "--state", "suspended", "--json").json["flows"]


def test_what_did_not_arrive_leaves_again(acte: Town) -> None:
    with acte.office() as office:
        suspend(office)
    said = acte.demat("settle", "1", "--not-landed")
    assert (said.code, said.err) == (0, "")
    assert said.words.endswith("il repartira, à l'identique, au prochain passage.")
    (flow,) = acte.demat("flows", "--state", "waiting", "--json").json["flows"]
    assert (flow["delivery"], flow["unknown_since"]) == ("todo", None)
    assert "vérifié : il n'était pas arrivé" in acte.demat("show", "1").words


def test_what_may_still_be_on_its_way_is_to_be_looked_for_again(acte: Town) -> None:
    acte.change("processus_secondes = 0.001", "processus_secondes = 300")
    with acte.office() as office:
        suspend(office)
    for answer in (["--not-landed"], ["--abandon", "plus utile"]):
        said = acte.demat("settle", "1", *answer)
        assert said.code == 1
        assert "peut-être encore en chemin" in said.words
        assert "Attendez 5 min" in said.words
    assert acte.demat("show", "1", "--json").json["delivery"] == "suspended"


def test_what_landed_tells_what_to_do_and_is_not_sent_again(acte: Town) -> None:
    with acte.office() as office:
        land(office)
    shown = acte.demat("show", "1").words
    assert "demat settle 1 --reference NUMÉRO" in shown
    assert acte.demat("show", "1", "--json").json["delivery"] == "landed"
    said = acte.demat("settle", "1", "--not-landed")
    assert said.code == 1
    assert "ne peut pas être renvoyé" in said.words


def test_a_number_is_checked_with_the_other_side(acte: Town) -> None:
    """Its tiers de télétransmission does not answer: nothing is concluded."""
    with acte.office() as office:
        land(office)
    said = acte.demat("settle", "1", "--reference", "4711")
    assert said.code != 0
    assert "ne répond pas" in said.words
    assert acte.demat("show", "1", "--json").json["delivery"] == "landed"


def test_giving_up_says_how_to_go_on(acte: Town) -> None:
    with acte.office() as office:
        suspend(office)
    said = acte.demat("settle", "1", "--abandon", "numéro d'un autre acte")
    assert said.code == 0
    assert "demat resubmit" in said.words
    shown = acte.demat("show", "1", "--json").json
    assert (shown["delivery"], shown["unknown_since"]) == ("abandoned", None)


@pytest.mark.parametrize("answer", [["--not-landed"], ["--reference", "4711"], ["--abandon", "x"]])
def test_what_is_known_is_not_settled(acte: Town, answer: list[str]) -> None:
    with acte.office() as office:
        send(office)
    said = acte.demat("settle", "1", *answer)
    assert said.code == 1
    assert "n'attend rien de vous" in said.words
