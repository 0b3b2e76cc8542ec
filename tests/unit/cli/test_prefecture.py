"""Letters, replies, cancellation, publicity, certificate: as a person and a program meet them."""

from datetime import date

import pytest

from demat.cli import prefecture
from demat.engine.office import Office
from demat.queue.views import NewCourrier
from tests.unit.cli.conftest import FIXTURES, Town
from tests.unit.cli.moves import acknowledge, send

KEY = "099-000000000-20261020-AI_2026_017-AI"
PDF = FIXTURES / "seance-2026-11-05" / "voirie.pdf"


def write_letter(office: Office, *, kind: str = "3", day: date = date(2026, 11, 20)) -> None:
    """Have the préfecture write about transmission 1."""
    office.store.keep_courrier(
        NewCourrier(
            collectivite="000000000",
            sha256=office.store.documents.put(f"<lettre {kind} {day}/>".encode()),
            kind=kind,
            name="lettre.xml",
            root="DemandePieceComplementaire",
            id_acte=KEY,
            day=day,
            texte="Le plan de situation",
            reference="881",
            transmission_id=1,
        )
    )


@pytest.fixture
def acknowledged(acte: Town) -> Town:
    with acte.office() as office:
        acknowledge(office)
    return acte


@pytest.fixture
def asked(acknowledged: Town) -> Town:
    with acknowledged.office() as office:
        write_letter(office)
    return acknowledged


def test_no_letter_yet(town: Town) -> None:
    assert town.demat("courriers").out == "Aucun courrier de la préfecture.\n"
    said = town.demat("courriers", "--a-repondre")
    assert said.out == "Aucun courrier de la préfecture n'attend de réponse.\n"
    assert town.demat("courriers", "--json").json == {"courriers": []}


def test_a_letter_is_listed_with_its_term(asked: Town) -> None:
    said = asked.demat("courriers")
    assert said.code == 0
    assert "n° 1 " in said.out
    assert "demande de pièces complémentaires sur l'acte AI_2026_017 du 20/11/2026" in said.words
    assert "à répondre avant le" in said.words
    assert "« Le plan de situation »" in said.words
    (entry,) = asked.demat("courriers", "--a-repondre", "--json").json["courriers"]
    assert (entry["id"], entry["acte"], entry["date"]) == (1, 1, "2026-11-20")
    assert (entry["awaits_answer"], entry["answer"]) == (True, None)


def test_an_answer_is_prepared_and_the_letter_waits_no_more(asked: Town) -> None:
    said = asked.demat("reply", "1", "--file", PDF)
    assert (said.code, said.err) == (0, "")
    assert f"Réponse au courrier n° 1 : envoi n° 2, {KEY}-3-4-c1" in said.words
    assert "prochain passage" in said.words
    assert asked.demat("courriers", "--a-repondre", "--json").json == {"courriers": []}
    assert "réponse : envoi n° 2, à envoyer" in asked.demat("courriers").words
    again = asked.demat("reply", "1", "--file", PDF)
    assert again.code == 1
    assert "déjà répondu au courrier n° 1" in again.words


def test_a_refusal_is_another_message(asked: Town) -> None:
    entry = asked.demat("reply", "1", "--refus", "--file", PDF, "--json").json
    assert entry["kind"] == "reponse"
    assert [flow["key"] for flow in entry["transmissions"]] == [f"{KEY}-3-3-c1"]


def test_an_answer_to_no_letter_goes_back(asked: Town) -> None:
    said = asked.demat("reply", "9", "--file", PDF)
    assert said.code == 1
    assert "n'est pas partie" in said.words
    assert "pas de courrier de la préfecture n° 9" in said.words


def test_an_answer_needs_a_file(asked: Town) -> None:
    assert asked.demat("reply", "1").code == 2
    said = asked.demat("reply", "1", "--file", asked.root / "absent.pdf")
    assert said.code != 0
    assert "absent.pdf" in said.words


def test_an_act_is_cancelled(acknowledged: Town) -> None:
    said = acknowledged.demat("cancel", "1", "--yes")
    assert (said.code, said.err) == (0, "")
    assert f"Annulation de {KEY} : envoi n° 2" in said.words
    assert "L'acte lui-même demeure" in said.words
    flow = acknowledged.demat("show", "1", "--json").json
    assert flow["etat"] == "annulation_demandee"
    again = acknowledged.demat("cancel", "1", "--yes")
    assert again.code != 0
    assert "a déjà été demandée" in again.words


def test_nobody_cancels_by_accident(acknowledged: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    said = acknowledged.demat("cancel", "1")
    assert said.code != 0
    assert "Personne n'est là pour confirmer" in said.words
    monkeypatch.setattr(prefecture.sys.stdin, "isatty", lambda: True, raising=False)
    for answer, code in (("non", 1), ("OUI", 0)):
        monkeypatch.setattr("builtins.input", lambda _question, answer=answer: answer)
        said = acknowledged.demat("cancel", "1")
        assert said.code == code
    assert len(acknowledged.demat("flows", "--json").json["flows"]) == 2


def test_an_act_without_ar_is_not_cancelled(acte: Town) -> None:
    with acte.office() as office:
        send(office)
    said = acte.demat("cancel", "1", "--yes")
    assert said.code != 0
    assert "il ne peut pas être annulé" in said.words


def test_publicity_makes_an_act_executoire(acknowledged: Town) -> None:
    assert "pas encore : notez sa publicité" in acknowledged.demat("show", "1").words
    said = acknowledged.demat("publicite", "1", "--date", "22/10/2026", "--mode", "notification")
    assert said.out == "Noté. L'acte est exécutoire depuis le 22/10/2026.\n"
    life = acknowledged.demat("show", "1", "--json").json["life"]
    assert life["executoire_since"] == "2026-10-22"
    assert life["defere_until"] == "2026-12-21"
    assert life["public_by"] == "notification"
    words = acknowledged.demat("show", "1").words
    assert "Exécutoire : depuis le 22/10/2026" in words
    assert "possible jusqu'au 21/12/2026 (indicatif)" in words


@pytest.mark.parametrize(
    ("day", "mode", "words"),
    [
        ("22/10/2026", "affichage", "ne convient pas à un acte de nature"),
        ("22/10/2026", "radio", "n'est pas une façon de rendre un acte public"),
        ("hier", "notification", "ne peut pas être lue"),
        ("22/10/2999", "notification", "n'est pas encore arrivée"),
        ("01/10/2026", "notification", "antérieure à la décision"),
    ],
)
def test_a_publicity_that_cannot_be(acknowledged: Town, day: str, mode: str, words: str) -> None:
    said = acknowledged.demat("publicite", "1", "--date", day, "--mode", mode)
    assert said.code != 0
    assert words in said.words
    assert acknowledged.demat("show", "1", "--json").json["life"]["public_since"] is None
