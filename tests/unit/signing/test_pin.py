"""PINs of tokens: whatever people and nights do, no retry locks the token.

The card is a fake one: SoftHSM2, real elsewhere, never locks and never announces the last try.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from demat.faults import Fault, FaultError
from demat.secret import SecretFile
from demat.signing.keys import SignerUnusable
from demat.signing.pin import PinQuestion, PinSource, PinTries, TokenState
from tests.unit.signing.factory import sentence

GOOD = "271828"


@dataclass
class Card:
    """A smart card that locks after three wrong PINs; some cards do not tell how many are left."""

    tells: bool = True
    left: int = 3
    tried: list[str] = field(default_factory=list)

    @property
    def state(self) -> TokenState:
        return TokenState(
            label="CARTE MAIRE",
            serial="00 42/7",
            count_low=self.tells and self.left < 3,
            final_try=self.tells and self.left == 1,
            locked=self.tells and self.left == 0,
        )

    def enter(self, pin: str) -> bool:
        self.tried.append(pin)
        self.left = 3 if pin == GOOD and self.left else max(self.left - 1, 0)
        return pin == GOOD


def log_in(card: Card, source: PinSource) -> None:
    """Do what ``demat.signing.token`` does with a real token."""
    tries = PinTries(source)
    while True:
        state = card.state
        if card.enter(tries.next(state)):
            tries.accepted(state)
            return
        tries.refused(card.state)


def refusal(card: Card, source: PinSource) -> Fault:
    with pytest.raises(SignerUnusable) as caught:
        log_in(card, source)
    (fault,) = caught.value.faults
    assert "CARTE MAIRE" in sentence(fault) or fault.code == "SIG-NOBODY"
    return fault


class Person:
    """Types what it is told to, and notes what it was asked."""

    def __init__(self, *pins: str) -> None:
        self.pins = list(pins)
        self.asked: list[PinQuestion] = []

    def __call__(self, question: PinQuestion) -> str:
        self.asked.append(question)
        return self.pins.pop(0)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "jetons"


@pytest.fixture
def pin_file(tmp_path: Path) -> Callable[[str], SecretFile]:
    """Return how to write the file of the PIN anew."""
    path = tmp_path / "pin"

    def write(pin: str) -> SecretFile:
        fresh = path.with_suffix(".new")
        fresh.write_text(f"{pin}\n")
        fresh.chmod(0o600)
        fresh.replace(path)
        return SecretFile(path)

    return write


def test_a_right_pin_leaves_no_trace(memory, pin_file) -> None:
    card = Card()
    log_in(card, PinSource(memory=memory, ask=Person(GOOD)))
    log_in(card, PinSource(memory=memory, kept=pin_file(GOOD)))
    assert card.tried == [GOOD, GOOD]
    assert list(memory.iterdir()) == []


@pytest.mark.parametrize("tells", [True, False])
def test_a_person_who_types_three_wrong_pins_does_not_lock_the_card(memory, tells) -> None:
    card, person = Card(tells=tells), Person("1", "2", "3", "4")
    source = PinSource(memory=memory, ask=person)
    code = "SIG-TOKEN_FINAL_TRY" if tells else "SIG-TOKEN_WRONG_PINS"
    assert refusal(card, source).code == code
    assert refusal(card, source).code == code  # nor do they when they start again
    assert card.tried == ["1", "2"]
    assert [question.wrong for question in person.asked] == [0, 1]


def test_the_second_pin_of_a_person_is_the_right_one(memory) -> None:
    card, person = Card(), Person("1", GOOD, "1", GOOD)
    for _ in range(2):  # the count starts anew after a right PIN
        log_in(card, PinSource(memory=memory, ask=person))
    assert (card.left, list(memory.iterdir())) == (3, [])


@pytest.mark.parametrize("tells", [True, False])
def test_the_last_try_is_for_a_person_who_asks_for_it_and_only_once(memory, tells) -> None:
    card, person = Card(tells=tells), Person("1", "2", "3", "4")
    refusal(card, PinSource(memory=memory, ask=person))
    source = PinSource(memory=memory, ask=person, last_try=True)
    fault = refusal(card, source)
    assert fault.code == ("SIG-TOKEN_LOCKED" if tells else "SIG-TOKEN_WRONG_PINS")
    assert card.tried == ["1", "2", "3"]
    assert [question.last_try for question in person.asked] == [False, False, True]


def test_a_last_try_that_is_right_makes_the_card_usable_again(memory) -> None:
    card, person = Card(), Person("1", "2", GOOD)
    refusal(card, PinSource(memory=memory, ask=person))
    log_in(card, PinSource(memory=memory, ask=person, last_try=True))
    assert (card.left, list(memory.iterdir())) == (3, [])


def test_a_kept_pin_is_never_the_last_try(memory, pin_file) -> None:
    card = Card(left=1)
    source = PinSource(memory=memory, kept=pin_file(GOOD), last_try=True)
    assert refusal(card, source).code == "SIG-TOKEN_FINAL_TRY"
    person = Person(GOOD)
    log_in(card, replace(source, ask=person))
    assert person.asked == [PinQuestion(token="CARTE MAIRE", last_try=True)]


def test_a_kept_pin_that_is_wrong_is_tried_once(memory, pin_file) -> None:
    card, source = Card(), PinSource(memory=memory, kept=pin_file("1234"))
    assert [refusal(card, source).code for _night in range(4)] == ["SIG-TOKEN_PIN_REFUSED"] * 4
    assert card.tried == ["1234"]
    log_in(card, replace(source, kept=pin_file(GOOD)))
    log_in(card, replace(source, kept=pin_file("1234"), ask=Person(GOOD)))
    assert card.tried == ["1234", GOOD, "1234", GOOD]


def test_two_kept_pins_that_are_wrong_are_enough(memory, pin_file) -> None:
    card = Card(tells=False)
    for pin in ("1", "2", "3"):
        fault = refusal(card, PinSource(memory=memory, kept=pin_file(pin)))
    assert fault.code == "SIG-TOKEN_WRONG_PINS"
    assert card.tried == ["1", "2"]


def test_a_person_is_asked_when_the_kept_pin_was_refused(memory, pin_file) -> None:
    card, kept = Card(), pin_file("1234")
    refusal(card, PinSource(memory=memory, kept=kept))
    person = Person(GOOD)
    log_in(card, PinSource(memory=memory, kept=kept, ask=person))
    assert person.asked == [PinQuestion(token="CARTE MAIRE", wrong=1)]
    assert card.tried == ["1234", GOOD]


def test_wrong_pins_are_forgotten_when_the_card_was_unlocked_elsewhere(memory, pin_file) -> None:
    card, kept = Card(), pin_file("1234")
    refusal(card, PinSource(memory=memory, kept=kept))
    refusal(card, PinSource(memory=memory, ask=Person("1")))
    card.left = 3  # its PIN was entered with the software of the maker
    assert refusal(card, PinSource(memory=memory, kept=kept)).code == "SIG-TOKEN_PIN_REFUSED"
    assert card.tried == ["1234", "1"]  # which does not make that file right
    log_in(card, PinSource(memory=memory, ask=Person(GOOD)))


def test_a_locked_card_is_not_tried(memory, pin_file) -> None:
    card = Card(left=0)
    source = PinSource(memory=memory, kept=pin_file(GOOD), ask=Person(GOOD), last_try=True)
    assert refusal(card, source).code == "SIG-TOKEN_LOCKED"
    assert card.tried == []


@pytest.mark.parametrize("ask", [None, Person("")])
def test_nobody_types_a_pin(memory, ask) -> None:
    card = Card()
    assert refusal(card, PinSource(memory=memory, ask=ask)).code == "SIG-NOBODY"
    assert (card.tried, memory.exists()) == ([], False)


def test_a_power_cut_during_a_try_counts_as_a_wrong_pin(memory, pin_file) -> None:
    card, source = Card(), PinSource(memory=memory, kept=pin_file("1234"))
    card.enter(PinTries(source).next(card.state))  # and no more
    assert refusal(card, source).code == "SIG-TOKEN_PIN_REFUSED"
    assert card.tried == ["1234"]


def test_a_pin_that_the_card_did_not_look_at_is_tried_again(memory, pin_file) -> None:
    card, source = Card(), PinSource(memory=memory, kept=pin_file(GOOD))
    tries = PinTries(source)
    tries.next(card.state)
    tries.undone(card.state)
    assert list(memory.iterdir()) == []
    refusal(card, PinSource(memory=memory, kept=pin_file("1")))
    tries = PinTries(replace(source, kept=pin_file(GOOD)))
    tries.next(card.state)
    tries.undone(card.state)
    (mark,) = memory.iterdir()
    assert json.loads(mark.read_bytes())["wrong"] == 1
    log_in(card, source)


def test_a_pin_that_opens_but_does_not_sign_is_not_insisted(memory, pin_file) -> None:
    card, source = Card(), PinSource(memory=memory, kept=pin_file(GOOD))
    tries = PinTries(source)
    tries.next(card.state)
    tries.accepted(card.state)
    tries.spoiled(card.state)
    assert refusal(card, source).code == "SIG-TOKEN_WRONG_PINS"


def test_a_mark_holds_nothing_of_the_pin(memory, pin_file) -> None:
    refusal(Card(), PinSource(memory=memory, kept=pin_file("314159")))
    (mark,) = memory.iterdir()
    assert mark.name == "00_42_7-CARTE_MAIRE.json"
    found = (memory.parent / "pin").stat()
    assert json.loads(mark.read_bytes()) == {
        "wrong": 1,
        "counts": True,
        "refused": [f"{memory.parent / 'pin'} {found.st_ino} {found.st_mtime_ns}"],
    }


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"wrong": "x"}', b'{"wrong": 0}'])
def test_a_damaged_mark_lets_nothing_be_tried(memory, pin_file, content) -> None:
    card, source = Card(), PinSource(memory=memory, kept=pin_file(GOOD))
    refusal(card, PinSource(memory=memory, kept=pin_file("1")))
    next(memory.iterdir()).write_bytes(content)
    source = replace(source, kept=pin_file(GOOD))
    assert refusal(card, source).code == "SIG-TOKEN_WRONG_PINS"
    log_in(card, replace(source, ask=Person(GOOD), last_try=True))
    assert list(memory.iterdir()) == []


def test_a_mark_that_cannot_be_written_lets_nothing_be_tried(memory, pin_file) -> None:
    memory.write_text("a file where the folder should be")
    card = Card()
    with pytest.raises(SignerUnusable) as caught:
        log_in(card, PinSource(memory=memory, kept=pin_file(GOOD)))
    assert card.tried == []
    assert caught.value.faults.codes in {("INT-SYSTEM",), ("SIG-TOKEN_WRONG_PINS",)}


def test_two_cards_are_counted_apart(memory) -> None:
    card, other = Card(), Card()
    source = PinSource(memory=memory, ask=Person("1", "2", GOOD))
    refusal(card, source)
    tries = PinTries(source)
    state = replace(other.state, serial="43")
    assert other.enter(tries.next(state))


@pytest.mark.parametrize("seed", range(200))
def test_no_series_of_mistakes_locks_a_card(memory, pin_file, seed) -> None:
    """People and nights, in any order, with any PIN: only the last try asked for may lock."""
    chance = random.Random(seed)  # noqa: S311 - any order will do
    card = Card(tells=chance.random() < 0.5)
    kept = pin_file("0")
    for _ in range(30):
        pins = chance.choices(["1", "2", GOOD], weights=[4, 4, 1], k=5)
        kept = pin_file(pins[0]) if chance.random() < 0.3 else kept
        ask = Person(*pins[1:]) if chance.random() < 0.5 else None
        source = PinSource(memory=memory, kept=kept if chance.random() < 0.5 else None, ask=ask)
        try:
            log_in(card, source)
        except FaultError:
            assert card.left >= 1
