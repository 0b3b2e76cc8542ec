"""What the text of an act says of it, on a corpus of fictional acts and at the edges."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demat.actes.classification import NATIONALE, Classification
from demat.actes.found import NOTHING, Confidence, Found
from demat.actes.lecture import COLUMNS, looks_like_acte, read_acte
from demat.actes.lecture_dates import find_days, number_of
from demat.actes.lecture_text import MAX_CHARS, Texte
from tests.unit.actes.factories import CLASSIFICATION
from tests.unit.actes.lecture_corpus import CASES, Case

TODAY = date(2026, 11, 29)


def read(text: str, classification: Classification = NATIONALE) -> dict[str, Found]:
    return dict(read_acte(text, classification=classification, today=TODAY))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_act_of_the_corpus_is_read(case: Case) -> None:
    found = read(case.text)
    assert {column: found[column].value for column in COLUMNS} == {
        column: getattr(case, column) for column in COLUMNS
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_value_has_its_source_and_an_empty_one_has_no_confidence(case: Case) -> None:
    text = " ".join(Texte.of(case.text).text.split())
    for column, one in read(case.text).items():
        assert bool(one.value) == (one.confidence is not Confidence.NONE), column
        if one.value and column != "matiere":
            assert one.words
            assert one.words.removesuffix("…") in text


def test_confidence_is_earned() -> None:
    """What is said to be read as such must survive a text that was badly read."""
    noisy = str.maketrans({"é": "?", "è": "?", "ê": "?", "à": "a", "ç": "c", "'": "’"})
    wrong: Counter[str] = Counter()
    certain: Counter[str] = Counter()
    for case in CASES:
        found = read(case.text.translate(noisy))
        for column in ("numero", "date", "nature"):
            if found[column].confidence is Confidence.CERTAIN:
                certain[column] += 1
                wrong[column] += found[column].value != getattr(case, column)
    assert not +wrong
    assert certain["date"] > 20
    assert certain["nature"] > 20


DELIBERATION = """DÉLIBÉRATION N° {numero}
Séance du {seance}
Objet : {objet}
{rest}
Le conseil municipal, après en avoir délibéré, approuve.
"""


def act(
    numero: str = "2026_041",
    seance: str = "8 octobre 2026",
    objet: str = "Tarifs de la salle",
    rest: str = "",
) -> str:
    return DELIBERATION.format(numero=numero, seance=seance, objet=objet, rest=rest)


# ------------------------------------------------------------------------------ confidence


def test_what_is_read_as_it_stands_is_certain() -> None:
    found = read(act())
    assert {column: one.confidence for column, one in found.items()} == {
        "numero": Confidence.CERTAIN,
        "date": Confidence.CERTAIN,
        "nature": Confidence.CERTAIN,
        "matiere": Confidence.LIKELY,
        "objet": Confidence.CERTAIN,
    }


@pytest.mark.parametrize(
    ("written", "value", "confidence", "words"),
    [
        ("2026-041", "2026_041", Confidence.LIKELY, "tirets bas"),
        ("41", "2026_41", Confidence.LIKELY, "L'année a été ajoutée"),
        ("2O26-O41", "2026_041", Confidence.GUESS, "Lu « 2O26-O41 »"),
    ],
)
def test_a_number_that_had_to_be_changed_says_so(
    written: str, value: str, confidence: Confidence, words: str
) -> None:
    numero = read(act(written))["numero"]
    assert (numero.value, numero.confidence) == (value, confidence)
    assert words in numero.note


def test_two_numbers_are_a_guess() -> None:
    text = act(rest="Délibération n° 2026_042")
    numero = read(text)["numero"]
    assert (numero.value, numero.confidence) == ("2026_041", Confidence.GUESS)


def test_a_day_to_come_is_a_guess() -> None:
    day = read(act(seance="8 décembre 2026"))["date"]
    assert (day.value, day.confidence) == ("08/12/2026", Confidence.GUESS)
    assert day.note == "Cette date est à venir."


def test_two_days_of_a_seance_are_a_guess_that_names_the_other() -> None:
    text = act(rest="L'an deux mille vingt-six, le neuf octobre,")
    day = read(text)["date"]
    assert (day.value, day.confidence) == ("08/10/2026", Confidence.GUESS)
    assert day.note == "Le texte donne aussi : 09/10/2026."


def test_an_objet_too_long_is_cut_at_a_word_and_doubtful() -> None:
    objet = read(act(objet="tarifs " * 100))["objet"]
    assert objet.confidence is Confidence.GUESS
    assert len(objet.value) <= 499
    assert set(objet.value.split()) == {"tarifs"}


def test_the_day_of_what_is_no_act_is_never_sure() -> None:
    assert read("Facture\nDate : 12/09/2026")["date"].confidence is Confidence.GUESS


def test_an_objet_that_names_a_person_is_told() -> None:
    arrete = "ARRÊTÉ N° 2026_017\nObjet : {}\nARRÊTE\nFait à Bellombre, le 21 septembre 2026"
    named = read(arrete.format("Nomination de Mme FICTIF"))["objet"]
    assert named.note == "L'objet peut devenir public : retirez-en le nom de la personne."
    assert read(arrete.format("Nomination d'un agent"))["objet"].note == ""


# -------------------------------------------------------------------------------- matières


def test_a_matiere_that_the_prefecture_lacks_is_not_proposed() -> None:
    known = {node: label for node, label in NATIONALE.matieres.items() if node != (7, 10)}
    matiere = read(act(), replace(NATIONALE, matieres=known))["matiere"]
    assert (matiere.value, matiere.confidence) == ("", Confidence.NONE)
    assert matiere.note == (
        "Ces mots font penser à 7.10, que la nomenclature de votre préfecture n'a pas."
    )


def test_a_prefecture_that_knows_deeper_is_told() -> None:
    text = act(objet="Fonctionnement de la cantine et de l'école")
    matiere = read(text, CLASSIFICATION)["matiere"]
    assert (matiere.value, matiere.confidence) == ("8.1", Confidence.GUESS)
    assert matiere.note == (
        "La nomenclature de votre préfecture est plus détaillée : 8.1.3 cantine."
    )


def test_two_matieres_of_the_same_weight_are_both_told() -> None:
    matiere = read(act(objet="Emprunt et tarifs de l'eau"))["matiere"]
    assert (matiere.value, matiere.confidence) == ("7.3", Confidence.GUESS)
    assert matiere.note == "Aussi possible : 7.10 Divers."


def test_an_action_weighs_more_than_a_theme() -> None:
    assert read(act(objet="École du Lavoir : demande de subvention"))["matiere"].value == "7.5"


def test_without_any_known_word_nothing_is_proposed() -> None:
    assert read(act(objet="Questions diverses"))["matiere"] == NOTHING


# ------------------------------------------------------------------------------------ days


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("le 8 octobre 2026", "2026-10-08"),
        ("1er août 2026", "2026-08-01"),
        ("LE PREMIER DÉCEMBRE DEUX MILLE VINGT-CINQ", "2025-12-01"),
        ("le trente et un janvier deux mil vingt six", "2026-01-31"),
        ("L'an deux mille vingt-six, et le vingt-deux du mois d'avril", "2026-04-22"),
        ("l’an 2026, le jeudi 8 octobre", "2026-10-08"),
        ("08/10/2026", "2026-10-08"),
        ("8.10.26", "2026-10-08"),
        ("08 - 10 - 2026", "2026-10-08"),
        ("2026-10-08", "2026-10-08"),
        ("12 f?vrier 2026", "2026-02-12"),
        ("12 fevrier 2O26", "2026-02-12"),
        ("31/02/2026", None),
        ("8 octobre", None),
        ("le 8 octobre à 20 h 26", None),
        ("099.000.000", None),
        ("12/13/2026", None),
    ],
)
def test_days(text: str, day: str | None) -> None:
    assert [str(one.day) for one in find_days(Texte.of(text))] == ([day] if day else [])


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("un", 1),
        ("vingt et un", 21),
        ("soixante-dix-sept", 77),
        ("quatre-vingts", 80),
        ("quatre-vingt-dix-neuf", 99),
        ("mille neuf cent quatre-vingt-deux", 1982),
        ("deux mil vingt-six", 2026),
        ("deux mille trente", 2030),
    ],
)
def test_numbers_in_words(words: str, number: int) -> None:
    assert number_of(words) == number


# ------------------------------------------------------------------------------------ text


def test_the_twin_of_a_text_is_as_long_as_the_text() -> None:
    texte = Texte.of("É\u00a0À Œuvre ﬁn İ ß ½ n° 1 muni-\ncipal\r\nA B C D E F")
    assert texte.text == "É À OEuvre fin İ ß 1⁄2 n° 1 municipal\nABCDEF"
    assert texte.plain.startswith("e a oeuvre fin i")
    assert len(texte.plain) == len(texte.text)


@given(st.text(max_size=400))
@settings(max_examples=200)
def test_any_text_is_borne(text: str) -> None:
    texte = Texte.of(text)
    assert len(texte.plain) == len(texte.text)
    assert set(read(text)) == set(COLUMNS)


FRAGMENTS = ("N° ", "2026", "-", "/", "\n", "Objet : ", "le ", "8 octobre ", "deux mille ", "vu ")


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join))
@settings(max_examples=200)
def test_any_mixture_of_what_is_looked_for_is_borne(text: str) -> None:
    assert set(read(text)) == set(COLUMNS)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert len(Texte.of("a" * (2 * MAX_CHARS)).text) == MAX_CHARS
    assert read("x " * MAX_CHARS + act())["numero"] == NOTHING


def test_an_act_is_told_from_an_annexe() -> None:
    kinds = {case.name: looks_like_acte(read(case.text)) for case in CASES}
    assert [name for name, acte in kinds.items() if not acte] == [
        *("scan", "an annexe", "an invoice", "procès-verbal", "a letter"),
    ]
