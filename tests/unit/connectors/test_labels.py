"""Every code that a connector creates has its French sentence."""

import re
from pathlib import Path

import pytest

import demat.connectors
from demat.connectors.s2low_ko import classify_ko
from demat.labels_fr import connectors, partage

LABELS = connectors.LABELS | partage.LABELS


def _codes() -> set[str]:
    folder = Path(demat.connectors.__file__).parent
    text = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    return set(re.findall(r'"(CON-[A-Z0-9_]+)"', text))


def test_every_code_has_its_sentence():
    assert len(_codes()) > 40
    assert _codes() <= set(LABELS)


@pytest.mark.parametrize("code", sorted(LABELS))
def test_sentence_says_what_and_what_to_do(code):
    label = LABELS[code]
    assert label.sentence.endswith(".")
    assert label.remedy.endswith(".")
    assert label.ask


def test_words_of_the_other_side_are_shown_in_full():
    ko = classify_ko("Phrase très longue " * 20)
    assert ko.message in LABELS[ko.code].sentence.format(**ko.fault.params)
