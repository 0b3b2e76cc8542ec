"""What goes wrong with a token while deposits wait: nothing is lost, nothing is signed in part."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from demat.sandbox.pki import Pki
from demat.signing.keys import load_pkcs12
from demat.signing.token import TokenSigner
from tests.softhsm import PIN, SoftHsm
from tests.unit.cli.conftest import Town, drop
from tests.unit.cli.test_sign import events, states
from tests.unit.cli.test_sign_terminal import card

__all__ = ["card"]

Keep = Callable[[str], Path]
WAITING = {"titres-cantine.csv": "awaiting_signature", "mandats-2026-10": "awaiting_signature"}


@pytest.fixture
def keep(card: Town) -> Keep:
    """Return how to write anew the file that holds the PIN of the token."""
    path = card.root / "secrets/pin"
    card.change('jeton = "MAIRIE"', 'jeton = "MAIRIE"\nsecret = "secrets/pin"')

    def write(pin: str) -> Path:
        fresh = path.with_suffix(".new")
        fresh.write_text(f"{pin}\n")
        fresh.chmod(0o600)
        return fresh.replace(path)

    return write


def plug(softhsm: SoftHsm, pki: Pki) -> None:
    """Plug the token again."""
    signer = load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="maire.p12")
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", signer.key, signer.certificate)


def unusable(card: Town) -> list[str]:
    return [event["codes"] for event in events(card, "key_unusable")]


def test_a_token_pulled_out_in_the_middle_leaves_the_rest_waiting(
    card: Town, softhsm: SoftHsm, pki: Pki, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(PIN)
    card.demat("deposit", *drop(card, "mandats-2026-10"))
    assert states(card) == WAITING
    sign, signed = TokenSigner.sign, iter(range(9))

    def pulled_out(self: TokenSigner, data: bytes) -> bytes:
        if next(signed) == 1:
            softhsm.pull_out()
        return sign(self, data)

    monkeypatch.setattr(TokenSigner, "sign", pulled_out)
    done = card.demat("sign", "--yes")
    assert done.code == 4
    assert "« MAIRIE » ne répond plus" in " ".join((done.out + done.err).split())
    assert sorted(states(card).values()) == ["awaiting_signature", "packed"]
    again = card.demat("sign", "--yes")
    assert again.code == 4
    assert "Aucune clé ni carte à puce n'est branchée" in " ".join((again.out + again.err).split())
    assert [event["codes"] for event in events(card, "signing_refused")] == ["SIG-TOKEN_REMOVED"]
    assert unusable(card) == ["SIG-TOKEN_NONE"]
    plug(softhsm, pki)
    assert card.demat("sign", "--yes").code == 0
    assert set(states(card).values()) == {"packed"}


def test_a_wrong_pin_in_a_file_is_tried_one_night_only(card: Town, keep: Keep) -> None:
    card.change("sans_surveillance = false", "sans_surveillance = true")
    keep("000000")
    card.demat("deposit", *drop(card, "mandats-2026-10"))
    (mark,) = (card.root / "donnees/jetons").iterdir()
    first = mark.read_bytes()
    assert json.loads(first)["wrong"] == 1
    for _night in range(3):
        card.demat("nightly")
        assert states(card)["mandats-2026-10"] not in {"packed", "returned"}
    assert mark.read_bytes() == first
    assert unusable(card) == ["SIG-TOKEN_PIN_REFUSED"]
    keep(PIN)
    card.demat("nightly")
    assert states(card)["mandats-2026-10"] == "packed"
    assert not mark.exists()
