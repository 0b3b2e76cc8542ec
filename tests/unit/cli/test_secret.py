"""``demat secret``: a secret typed twice goes to the keyring, and nowhere else."""

import json
import sys
from collections.abc import Iterator

import keyring
import pytest

from demat.cli import secret as command
from demat.cli.main import invoke
from tests.unit.test_secret import SECRET, MemoryKeyring


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    before, found = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(found)
    yield found
    keyring.set_keyring(before)


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch):
    """Return how to say what the person types; what they were asked is returned."""

    def put(*answers: str) -> list[str]:
        asked: list[str] = []
        left = list(answers)
        monkeypatch.setattr(command, "getpass", lambda words: asked.append(words) or left.pop(0))
        return asked

    return put


def test_a_secret_is_kept(memory, type_in, capfd) -> None:
    asked = type_in(SECRET, SECRET)
    assert invoke(["secret", "demat/signature-maire"]) == 0
    assert memory.entries.pop(("demat", "signature-maire")) == SECRET
    assert SECRET not in repr(memory.entries)
    said = capfd.readouterr().out
    assert "Dans la configuration, écrivez : trousseau:demat/signature-maire" in said
    assert asked[0].startswith("Mot de passe ou code PIN pour « demat/signature-maire »")
    assert SECRET not in said + "".join(asked)


def test_a_program_is_told_too(memory, type_in, capfd) -> None:
    type_in(SECRET, SECRET)
    assert invoke(["secret", "demat/maire", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"entry": "demat/maire", "kept": True}


@pytest.mark.parametrize("typed", [(SECRET, "autre"), ("",)])
def test_what_is_typed_twice_must_be_the_same(memory, type_in, typed, capfd) -> None:
    type_in(*typed)
    assert invoke(["secret", "demat/maire"]) == 4
    assert memory.entries == {}
    said = capfd.readouterr().err
    assert "les deux saisies sont différentes" in said
    assert SECRET not in said


def test_nobody_is_there_or_nothing_is_named(memory, monkeypatch, type_in, capfd) -> None:
    asked = type_in()
    assert invoke(["secret", "demat"]) == 4
    assert "ne dit pas d'où vient" in capfd.readouterr().err.replace("\n", " ")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert invoke(["secret", "demat/maire"]) == 4
    assert asked == []
    assert memory.entries == {}


def test_a_keyring_that_does_not_open(memory, type_in, capfd) -> None:
    memory.error = OSError(SECRET)
    type_in(SECRET, SECRET)
    assert invoke(["secret", "demat/maire", "--verbose"]) == 4
    said = capfd.readouterr().err
    assert "Le trousseau de l'ordinateur ne peut pas être ouvert" in said.replace("\n", " ")
    assert SECRET not in said
