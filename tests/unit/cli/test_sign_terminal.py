"""The session on a real terminal: the secret does not show, Ctrl-C loses nothing, tokens too."""

import sqlite3

import pytest

from demat.sandbox.pki import Pki
from demat.signing.keys import load_pkcs12
from tests.softhsm import PIN, SoftHsm
from tests.terminal import terminal
from tests.unit.cli.conftest import Town, drop
from tests.unit.cli.test_sign import events, states, typed

ASKED = "Votre réponse : "
SECRET = "(rien ne s'affiche) : "


def test_the_passphrase_is_typed_once_and_never_shown(titres: Town, pki: Pki) -> None:
    typed(titres)
    titres.demat("deposit", *drop(titres, "mandats-2026-10"))
    with terminal("sign", cwd=titres.root) as screen:
        screen.until(ASKED)
        screen.type("oui\n")
        screen.until(SECRET)
        screen.type(f"{pki.maire.passphrase}\n")
        assert screen.end() == 0
    assert pki.maire.passphrase not in screen.seen
    assert screen.seen.count(SECRET) == 1
    assert "2 bordereaux signés." in screen.seen
    assert set(states(titres).values()) == {"packed"}


def test_what_only_a_technician_understands_is_not_shown(titres: Town) -> None:
    """No time-stamp today: the night asks for it again, and its report says so."""
    config = titres.config.read_text("utf-8")
    stamps = '[horodatage]\nurl = "http://127.0.0.1:9/tsp"\nconfiance = "pki/confiance"\n\n'
    titres.config.write_text(config.replace("[[collectivites]]", f"{stamps}[[collectivites]]", 1))
    (titres.root / "pki/confiance").mkdir(parents=True, exist_ok=True)
    with terminal("sign", cwd=titres.root) as screen:
        screen.until(ASKED)
        screen.type("oui\n")
        assert screen.end() == 0
    assert "1 bordereau signé." in screen.seen
    assert "CON-TSA" not in screen.seen
    assert set(states(titres).values()) == {"packed"}


@pytest.mark.parametrize("at", [ASKED, SECRET])
def test_ctrl_c_loses_nothing(titres: Town, at: str) -> None:
    typed(titres)
    with terminal("sign", cwd=titres.root) as screen:
        screen.until(ASKED)
        if at == SECRET:
            screen.type("oui\n")
            screen.until(SECRET)
        screen.type("\x03")
        assert screen.end() == 1
    assert "Interrompu : ce qui n'est pas signé attend toujours" in screen.seen
    assert "Traceback" not in screen.seen
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}
    with sqlite3.connect(titres.root / "donnees/demat.sqlite3") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    database.close()


def test_ctrl_d_is_no_yes(titres: Town) -> None:
    with terminal("sign", cwd=titres.root) as screen:
        screen.until(ASKED)
        screen.type("\x04")
        assert screen.end() == 1
    assert "Interrompu" in screen.seen
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


# ----------------------------------------------------------------------------------- tokens


@pytest.fixture
def card(titres: Town, softhsm: SoftHsm, pki: Pki) -> Town:
    """The key of the maire is in a token, which alone holds it."""
    path = titres.root / "secrets/maire.p12"
    signer = load_pkcs12(path.read_bytes(), pki.maire.passphrase, name=path.name)
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", signer.key, signer.certificate)
    path.unlink()
    titres.change(
        'type = "pkcs12"\nfichier = "secrets/maire.p12"\nsecret = "secrets/maire.passe"',
        f'type = "pkcs11"\nmodule = "{softhsm.module}"\njeton = "MAIRIE"',
    )
    return titres


def test_the_pin_of_a_token_is_typed_once_for_all(card: Town) -> None:
    card.demat("deposit", *drop(card, "mandats-2026-10"))
    with terminal("sign", cwd=card.root) as screen:
        screen.until(ASKED)
        screen.type("oui\n")
        screen.until("Code PIN de « MAIRIE » : ")
        screen.type(f"{PIN}\n")
        assert screen.end() == 0
    assert PIN not in screen.seen
    assert screen.seen.count("Code PIN") == 1
    assert set(states(card).values()) == {"packed"}
    assert [event["signataire"] for event in events(card, "signed")] == ["Camille Dupré"] * 2


def test_a_wrong_pin_signs_nothing(card: Town) -> None:
    with terminal("sign", cwd=card.root) as screen:
        screen.until(ASKED)
        screen.type("oui\n")
        for _ in range(2):  # never a third one, which could lock the token
            screen.until("Code PIN de « MAIRIE »")
            screen.type("000000\n")
        assert screen.end() == 4
    assert states(card) == {"titres-cantine.csv": "awaiting_signature"}
    (event,) = events(card, "key_unusable")
    assert event["codes"].startswith("SIG-TOKEN_")
    again = card.demat("sign", "--yes")
    assert again.code == 4
    assert again.out.count("Code PIN") == 0


def test_the_seal_of_a_token_signs_alone(card: Town) -> None:
    secret = card.root / "secrets/pin"
    secret.write_text(f"{PIN}\n")
    secret.chmod(0o600)
    card.change('jeton = "MAIRIE"', 'jeton = "MAIRIE"\nsecret = "secrets/pin"')
    card.change("sans_surveillance = false", "sans_surveillance = true")
    card.demat("deposit", *drop(card, "mandats-2026-10"))
    assert states(card)["mandats-2026-10"] == "packed"
    secret.chmod(0o644)
    assert card.demat("sign", "--yes").code == 4
