"""Key files and tokens that cannot serve: each bad input of the issue, through a whole night.

What is prepared waits, the run says in words what is wrong and what to do, twice if it must, and
everything leaves once somebody has repaired.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keyring
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from keyring.backends.fail import Keyring as NoKeyring

from demat.sandbox.pki import Identity
from demat.signing.keys import KeyFileSigner, load_pkcs12
from tests.acceptance.bad_input import PES, contents, deposit
from tests.acceptance.conftest import Mairie
from tests.acceptance.test_bad_certificates import Trouble, assert_waiting
from tests.softhsm import PIN, SoftHsm, softhsm

__all__ = ["softhsm"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """A mairie and the tokens that can be plugged into its computer."""

    mairie: Mairie
    softhsm: SoftHsm

    @property
    def phrase(self) -> str:
        """Opens the key files of the person."""
        return self.mairie.sandbox.pki.maire.passphrase

    def person(self, identity: Identity | None = None) -> KeyFileSigner:
        one = identity or self.mairie.sandbox.pki.maire
        return load_pkcs12(one.p12.read_bytes(), one.passphrase, name=one.p12.name)

    def key(self, **values: str) -> None:
        """Write the table of the key in the configuration."""
        path = self.mairie.config
        lines = "".join(f'{name} = "{value}"\n' for name, value in values.items())
        table = r"(\[collectivites\.signataires\.cle\]\n)(?:\w+ = .*\n)*"
        text = re.sub(table, lambda found: found[1] + lines, path.read_text("utf-8"))
        path.write_text(text, "utf-8")

    def file(self, name: str, content: bytes, mode: int = 0o600) -> Path:
        """Write a file of the folder of secrets anew, as an editor does."""
        path = self.mairie.root / "secrets" / name
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.chmod(mode)
        return fresh.replace(path)

    def token(self, pin: str = PIN) -> None:
        """Sign with a token; its PIN is in a file."""
        self.file("maire.pin", f"{pin}\n".encode())
        module = str(self.softhsm.module)
        self.key(type="pkcs11", module=module, jeton="MAIRIE", secret="secrets/maire.pin")

    def plug(self, identity: Identity | None = None) -> None:
        person = self.person(identity)
        self.softhsm.token("MAIRIE")
        self.softhsm.put("MAIRIE", person.key, person.certificate, *person.chain)

    def pem(self, key: Any, mode: int = 0o600) -> None:
        """Sign with a key and a certificate in PEM."""
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self.file("maire.key", key.private_bytes(*form), mode)
        certificate = str(self.mairie.sandbox.pki.maire.certificate)
        secret = "secrets/maire.passe"  # not read: the key is not encrypted
        self.key(type="pem", certificat=certificate, cle=str(path), secret=secret)

    def p12(self, content: bytes) -> None:
        path = self.file("maire.p12", content)
        self.key(type="pkcs12", fichier=str(path), secret="secrets/maire.passe")


@pytest.fixture
def office(mairie: Mairie, softhsm: SoftHsm) -> Iterator[Office]:
    """Return the mairie, on a computer without keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield Office(mairie=mairie, softhsm=softhsm)
    keyring.set_keyring(before)


def own_p12(office: Office) -> None:
    office.p12(office.mairie.sandbox.pki.maire.p12.read_bytes())


def without_key(office: Office) -> None:
    protected = BestAvailableEncryption(office.phrase.encode())
    bundle = pkcs12.serialize_key_and_certificates
    office.p12(bundle(None, None, None, [office.person().certificate], protected))


def wrong_pin(office: Office) -> None:
    office.plug()
    office.token("000000")


def expired(office: Office) -> None:
    office.plug(office.mairie.sandbox.pki.expired)
    office.token()


def replug(office: Office) -> None:
    office.softhsm.pull_out()
    office.plug()
    office.token()


def open_to_others(office: Office) -> None:
    (office.mairie.root / "secrets/maire.passe").chmod(0o640)


def closed_again(office: Office) -> None:
    (office.mairie.root / "secrets/maire.passe").chmod(0o600)


def in_the_keyring(office: Office) -> None:
    fichier = str(office.mairie.sandbox.pki.maire.p12)
    office.key(type="pkcs12", fichier=fichier, secret="trousseau:demat/maire")


def no_module(office: Office) -> None:
    office.plug()
    office.file("maire.pin", PIN.encode())
    office.key(type="pkcs11", module="/absent/pilote.so", secret="secrets/maire.pin")


Repair = Callable[[Office], None]
CASES: dict[str, tuple[Repair, Repair, str, str]] = {
    "no private key in the file": (
        without_key,
        own_p12,
        r"« maire\.p12 » ne contient pas de clé privée",
        "en cochant « exporter la clé privée »",
    ),
    "a key that does not match": (
        lambda office: office.pem(rsa.generate_private_key(65537, 2048)),
        lambda office: office.pem(office.person().key),
        r"La clé privée et le certificat de « maire\.key » ne vont pas ensemble",
        "avec sa propre clé privée",
    ),
    "a PEM key that others may read": (
        lambda office: office.pem(office.person().key, 0o644),
        lambda office: office.pem(office.person().key),
        r"« .*maire\.key » peut être lu par d'autres utilisateurs",
        "chmod 600",
    ),
    "a passphrase that others may read": (
        open_to_others,
        closed_again,
        r"« .*maire\.passe » peut être lu par d'autres utilisateurs",
        "chmod 600",
    ),
    "a keyring without the entry": (
        in_the_keyring,
        own_p12,
        r"Le trousseau de l'ordinateur ne peut pas être ouvert pour y lire « demat/maire »",
        "un fichier (chmod 600)",
    ),
    "no token is plugged": (
        lambda office: office.token(),
        lambda office: office.plug(),
        r"Aucune clé ni carte à puce n'est branchée",
        "Branchez celle du signataire",
    ),
    "a wrong PIN in the file": (
        wrong_pin,
        lambda office: office.token(),
        r"Le code PIN enregistré pour « MAIRIE » est faux : il ne sera plus essayé",
        "Enregistrez le bon code",
    ),
    "an expired certificate on the token": (
        expired,
        replug,
        r"Le certificat de « .*Camille Dupré.* » n'était plus valable",
        "en cours de validité",
    ),
    "no module": (
        no_module,
        lambda office: office.token(),
        r"Le pilote de la clé ou de la carte à puce « /absent/pilote\.so » est absent",
        "Installez le pilote PKCS#11",
    ),
}


def nothing(_mairie: Mairie) -> None:
    """The office breaks and repairs."""


@pytest.mark.parametrize("case", CASES)
def test_a_deposit_waits_for_a_key_that_can_sign(office: Office, case: str) -> None:
    break_it, repair, sentence, remedy = CASES[case]
    trouble = Trouble(break_it=nothing, repair=nothing, sentence=sentence, remedy=remedy)
    mairie = office.mairie
    break_it(office)
    deposit(mairie, {"flux.xml": PES})
    for _night in range(3):
        assert_waiting(mairie, mairie.nightly(), trouble)
    repair(office)
    assert mairie.nightly().code == 0
    assert contents(mairie.folder / "transmis") == [PES]
    assert mairie.landed() == 1
    everything = b"".join(
        path.read_bytes() for path in (mairie.root / "donnees").rglob("*") if path.is_file()
    )
    assert PIN.encode() not in everything
    assert office.phrase.encode() not in everything
