"""``demat confirm``: what a deposit proposes is shown, corrected, and confirmed by a person."""

import sys
from datetime import date

import pytest

from demat.sandbox.prefecture import retour_classification
from tests.unit.cli.conftest import FIXTURES, Town

TARIFS = FIXTURES / "seance-2026-10-08/tarifs-salle.pdf"
FACTURE = FIXTURES / "mandats-2026-10/facture-lerand.pdf"


@pytest.fixture
def waiting(town: Town) -> Town:
    """Return the installation with a PDF alone that waits: deposit D1."""
    message = town.root / "nomenclature.xml"
    message.write_bytes(retour_classification(date(2026, 1, 5)))
    assert town.demat("classification", "--install", message).code == 0
    assert town.demat("deposit", TARIFS).code == 1
    return town


def answers(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: answer)


def test_a_deposit_that_waits_says_so(waiting: Town) -> None:
    said = waiting.demat("show", "D1")
    assert said.out.startswith(
        "Dépôt D1 « tarifs-salle.pdf » : attend votre confirmation, dans « a-corriger »\n"
    )
    (listed,) = waiting.demat("flows", "--state", "returned", "--json").json["deposits"]
    (proposal,) = listed["proposals"]
    assert proposal["cells"]["numero"] == "2026_041"
    assert proposal["confidences"]["numero"] == "certain"
    assert proposal["reasons"]["date"] == "Séance du 8 octobre 2026"


def test_what_is_proposed_is_shown_with_its_source(
    waiting: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "non")
    said = waiting.demat("confirm", "d1")
    assert said.code == 1
    assert said.out.startswith("Dépôt D1 « tarifs-salle.pdf » : 1 acte\n1. tarifs-salle.pdf\n")
    assert "Numéro : 2026_041 (Lu tel quel : un coup d'œil suffit)" in said.words
    assert "« DÉLIBÉRATION N° 2026_041 »" in said.words
    assert "Matière : 7.10 Finances locales / Divers (Incertain" in said.words
    assert said.out.endswith("Rien n'a été confirmé.\n")
    assert waiting.demat("flows", "--json").json == {"flows": [], "waits": []}


def test_a_person_says_yes(waiting: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, " Oui ")
    said = waiting.demat("confirm", "1", "--set", "objet=Tarifs 2027")
    assert said.code == 0
    assert "Objet : Tarifs 2027 (Donné dans le dépôt)" in said.words
    assert "envoi n° 1 : 099-000000000-20261008-2026_041-DE" in said.words
    assert waiting.demat("show", "1", "--json").json["key"].endswith("2026_041-DE")


def test_confirming_can_be_ordered(waiting: Town) -> None:
    answer = waiting.demat("confirm", "D1", "--set", "numero=2026_099", "--yes", "--json")
    assert answer.code == 0
    assert (answer.json["state"], answer.json["replaces"]) == ("packed", 1)
    assert [flow["key"] for flow in answer.json["transmissions"]] == [
        "099-000000000-20261008-2026_099-DE"
    ]
    assert waiting.demat("confirm", "D1", "--yes").code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("D1",), "Rien n'a été confirmé : 1 acte(s) attendent l'accord d'une personne"),
        (("D1", "--json"), "Rien n'a été confirmé : 1 acte(s) attendent l'accord d'une personne"),
        (("D77", "--yes"), "Il n'existe pas de dépôt n° 77"),
        (("douze", "--yes"), "Il n'existe pas de dépôt n° douze"),
        (("D1", "--set", "numero", "--yes"), "La correction « numero » ne peut pas être faite"),
    ],
)
def test_a_wrong_use_is_told(
    waiting: Town,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    said = waiting.demat("confirm", *arguments)
    assert said.code == 2
    assert sentence in said.words
    assert waiting.demat("flows", "--json").json == {"flows": [], "waits": []}


def test_what_lacks_is_told_and_nothing_is_handed_in(town: Town) -> None:
    assert town.demat("deposit", FACTURE).code == 1
    said = town.demat("confirm", "D1", "--yes")
    assert said.code == 1
    assert "facture-lerand.pdf : La case « numero » est vide." in said.words
    assert len(town.demat("flows", "--state", "returned", "--json").json["deposits"]) == 1
