"""Keys and certificates that cannot serve: told in words, and nothing is given back to the agents.

The agent has nothing to correct: what is prepared waits, and leaves once a technician has repaired.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from inspect import signature
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from demat.clock import FixedClock, SystemClock
from demat.compose import open_office
from demat.config import load_config
from demat.engine.nightly import nightly
from demat.sandbox.pki import Identity
from tests.acceptance.bad_input import (
    PDF,
    PES,
    assert_kept,
    contents,
    deposit,
    lying,
    seance,
)
from tests.acceptance.conftest import Mairie, Result, unfolded


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Something wrong with a certificate, how to repair it, what is said."""

    break_it: Callable[[Mairie], None]
    repair: Callable[[Mairie], None]
    sentence: str
    """Regular expression."""
    remedy: str


def sign_with(mairie: Mairie, identity: Identity) -> None:
    """Put another signatory in the configuration."""
    text = mairie.config.read_text("utf-8")
    mairie.config.write_text(
        re.sub(r'fichier = ".*\.p12"', f'fichier = "{identity.p12}"', text), "utf-8"
    )
    mairie.secret("maire", identity.passphrase)


def connect_with(mairie: Mairie, identity: Identity) -> None:
    """Put another TLS certificate in the configuration."""
    text = mairie.config.read_text("utf-8")
    text = re.sub(r'certificat = ".*\.pem"', f'certificat = "{identity.certificate}"', text)
    text = re.sub(r'cle = ".*"', f'cle = "{identity.key}"', text)
    mairie.config.write_text(text, "utf-8")
    mairie.secret("client", identity.passphrase)


def own_signatory(mairie: Mairie) -> None:
    sign_with(mairie, mairie.sandbox.pki.maire)


def own_connection(mairie: Mairie) -> None:
    connect_with(mairie, mairie.sandbox.pki.client)


def damaged_p12(mairie: Mairie) -> None:
    damaged = mairie.root / "maire.p12"
    damaged.write_bytes(mairie.sandbox.pki.maire.p12.read_bytes()[:500])
    text = mairie.config.read_text("utf-8")
    mairie.config.write_text(re.sub(r'fichier = ".*\.p12"', 'fichier = "maire.p12"', text), "utf-8")


def somebody_else(mairie: Mairie) -> None:
    """Sign with a key file that was given to the next town."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = SystemClock().now()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "0002 21990456600013"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Octave Tuillier"),
        ]
    )
    usage = dict.fromkeys(signature(x509.KeyUsage).parameters, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(77)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=300))
        .add_extension(x509.KeyUsage(**{**usage, "content_commitment": True}), critical=True)
        .sign(key, SHA256())
    )
    path = mairie.root / "voisin.p12"
    secret = BestAvailableEncryption(b"voisin")
    path.write_bytes(serialize_key_and_certificates(b"voisin", key, certificate, None, secret))
    text = mairie.config.read_text("utf-8")
    mairie.config.write_text(re.sub(r'fichier = ".*\.p12"', f'fichier = "{path}"', text), "utf-8")
    mairie.secret("maire", "voisin")


def key_of_another(mairie: Mairie) -> None:
    """Put a certificate beside a key that is not its own."""
    pki, kept = mairie.sandbox.pki, mairie.root / "avant.toml"
    shutil.copyfile(mairie.config, kept)
    mairie.edit(
        f'type = "pkcs12"\nfichier = "{pki.maire.p12}"',
        f'type = "pem"\ncertificat = "{pki.maire.certificate}"\ncle = "{pki.expired.key}"',
    )
    pki.expired.key.chmod(0o600)
    mairie.secret("maire", pki.expired.passphrase)


def as_before(mairie: Mairie) -> None:
    shutil.copyfile(mairie.root / "avant.toml", mairie.config)
    own_signatory(mairie)


def other_fingerprint(mairie: Mairie) -> None:
    shutil.copyfile(mairie.config, mairie.root / "avant.toml")
    mairie.edit('type = "pkcs12"', f'type = "pkcs12"\nempreinte = "{"0" * 64}"')


def secret_file(mairie: Mairie) -> Path:
    return mairie.root / "secrets" / "maire.passe"


SIGNING = {
    "wrong passphrase": Trouble(
        break_it=lambda mairie: mairie.secret("maire", "faux"),
        repair=own_signatory,
        sentence=r"Le mot de passe du fichier de certificat « maire\.p12 » est faux\.",
        remedy="Vérifiez les majuscules",
    ),
    "expired certificate": Trouble(
        break_it=lambda mairie: sign_with(mairie, mairie.sandbox.pki.expired),
        repair=own_signatory,
        sentence=(
            r"Le certificat de « .*Camille Dupré.* » n'était plus valable à la date de signature : "
            r"il a pris fin le \d\d/\d\d/20\d\d"
        ),
        remedy="",
    ),
    "passphrase file missing": Trouble(
        break_it=lambda mairie: secret_file(mairie).unlink(),
        repair=own_signatory,
        sentence=r"Le fichier de mot de passe « .*maire\.passe » est absent ou illisible\.",
        remedy="mot de passe sur une seule ligne",
    ),
    "damaged key file": Trouble(
        break_it=damaged_p12,
        repair=own_signatory,
        sentence=r"Le fichier de certificat « maire\.p12 » est illisible",
        remedy="Exportez de nouveau le certificat avec sa clé privée",
    ),
    "certificate of another authority": Trouble(
        break_it=somebody_else,
        repair=own_signatory,
        sentence=(
            r"Le certificat de « Octave Tuillier » a été délivré pour une autre collectivité "
            r"\(SIREN 219904566\)\."
        ),
        remedy="le même élu en a un par collectivité",
    ),
    "key that does not match": Trouble(
        break_it=key_of_another,
        repair=as_before,
        sentence=r"La clé privée et le certificat de « .*\.key » ne vont pas ensemble\.",
        remedy="avec sa propre clé privée",
    ),
    "another certificate than the declared one": Trouble(
        break_it=other_fingerprint,
        repair=as_before,
        sentence=r"Le certificat trouvé \(« Camille Dupré »\) n'est pas celui qui est déclaré pour",
        remedy="mettez à jour « empreinte »",
    ),
}


def assert_waiting(mairie: Mairie, result: Result, trouble: Trouble) -> None:
    """The run told it; the deposit waits in ``en-cours``; nothing was returned, nothing left."""
    assert result.code == 1
    (authority,) = result.json["authorities"]
    (error,) = authority["errors"]
    assert re.search(trouble.sentence, error)
    assert trouble.remedy in error
    assert authority["returned"] == authority["packed"] == 0
    assert contents(mairie.folder / "en-cours") == [PES]
    assert lying(mairie.folder / "a-corriger") == {}
    assert_kept(mairie, {"flux.xml": PES})
    assert mairie.landed() == 0


@pytest.mark.parametrize("case", SIGNING)
def test_a_deposit_waits_for_a_key_that_can_sign(mairie: Mairie, case: str) -> None:
    trouble = SIGNING[case]
    trouble.break_it(mairie)
    deposit(mairie, {"flux.xml": PES})
    assert_waiting(mairie, mairie.nightly(), trouble)
    assert_waiting(mairie, mairie.nightly(), trouble)  # the next run says it again, loses nothing
    trouble.repair(mairie)
    assert mairie.nightly().code == 0
    assert contents(mairie.folder / "transmis") == [PES]
    assert lying(mairie.folder / "en-cours") == {}
    assert mairie.landed() == 1


def test_acts_leave_although_nothing_can_be_signed(mairie: Mairie) -> None:
    mairie.secret("maire", "faux")
    deposit(mairie, {"flux.xml": PES, **seance(PDF)})
    assert mairie.nightly().code == 1
    assert [flow["flux"] for flow in mairie.flows()] == ["ACTES"]
    assert (mairie.landed(), contents(mairie.folder / "en-cours")) == (1, [PES])


@pytest.mark.parametrize("case", SIGNING)
def test_commands_answer_that_the_configuration_is_wrong(
    strict_mairie: Mairie, tmp_path_factory: pytest.TempPathFactory, case: str
) -> None:
    trouble = SIGNING[case]
    trouble.break_it(strict_mairie)
    source = tmp_path_factory.mktemp("bureau") / "flux.xml"
    source.write_bytes(PES)
    answer = strict_mairie.demat("deposit", source, "--json")
    assert answer.code == 4
    assert re.search(trouble.sentence, answer.json["error"][0]["message"])
    assert contents(strict_mairie.folder / "en-cours") == [PES]
    checked = strict_mairie.demat("doctor", "--json")
    assert checked.code == 4
    assert checked.json["ok"] is False
    assert re.search(trouble.sentence, checked.stdout)
    assert strict_mairie.landed() == 0


def test_a_person_who_mistypes_the_passphrase_loses_nothing(strict_mairie: Mairie) -> None:
    strict_mairie.edit("sans_surveillance = true", "sans_surveillance = false")
    deposit(strict_mairie, {"flux.xml": PES})
    assert strict_mairie.nightly().code == 0
    strict_mairie.secret("maire", "faux")
    answer = strict_mairie.demat("sign", "--yes")
    assert answer.code == 4
    assert "Le mot de passe du fichier de certificat « maire.p12 » est faux." in unfolded(
        answer.stderr
    )
    waiting = strict_mairie.demat("flows", "--state", "awaiting_signature", "--json").json
    assert [item["name"] for item in waiting["deposits"]] == ["flux.xml"]
    assert contents(strict_mairie.folder / "en-cours") == [PES]
    assert strict_mairie.landed() == 0
    own_signatory(strict_mairie)
    assert strict_mairie.demat("sign", "--yes").code == 0


def test_nothing_is_signed_at_a_time_that_has_passed(mairie: Mairie) -> None:
    """A dead battery puts the computer back in the past, between two runs."""
    mairie.secret("maire", "faux")
    deposit(mairie, {"flux.xml": PES})
    assert mairie.nightly().code == 1
    own_signatory(mairie)
    yesterday = FixedClock(SystemClock().now() - timedelta(days=1))
    with open_office(load_config(mairie.config), clock=yesterday) as office:
        report = nightly(office, pause=lambda _seconds: None)
    assert report is not None
    (error,) = report.authorities[0].errors
    assert error.startswith("L'horloge de cet ordinateur indique le ")
    assert (mairie.landed(), contents(mairie.folder / "en-cours")) == (0, [PES])
    assert mairie.nightly().code == 0  # the clock was set right
    assert mairie.landed() == 1


REFUSED = r"Le tiers de télétransmission refuse le certificat de la collectivité \(.*\)"
CONNECTION = {
    "wrong passphrase": Trouble(
        break_it=lambda mairie: mairie.secret("client", "faux"),
        repair=own_connection,
        sentence=r"Le certificat de la collectivité ne peut pas être ouvert sur cette machine",
        remedy="Vérifiez l'emplacement des fichiers du certificat et la phrase secrète",
    ),
    "expired certificate": Trouble(
        break_it=lambda mairie: connect_with(mairie, mairie.sandbox.pki.expired_client),
        repair=own_connection,
        sentence=REFUSED,
        remedy="Vérifiez que le certificat n'est ni expiré ni révoqué",
    ),
    "unknown certificate": Trouble(
        break_it=lambda mairie: connect_with(mairie, mairie.sandbox.pki.unknown_client),
        repair=own_connection,
        sentence=REFUSED,
        remedy="déclaré chez le tiers de télétransmission ; les envois reprendront",
    ),
    "key missing": Trouble(
        break_it=lambda mairie: mairie.edit("client.key", "client-absent.key"),
        repair=own_connection,
        sentence=r"Le certificat ou la clé « .*client-absent\.key » est absent ou illisible\.",
        remedy="Vérifiez son emplacement",
    ),
    "authority of somebody else": Trouble(
        break_it=lambda mairie: mairie.edit(
            str(mairie.sandbox.pki.ca_bundle), str(mairie.sandbox.pki.unknown_client.certificate)
        ),
        repair=lambda mairie: mairie.edit(
            str(mairie.sandbox.pki.unknown_client.certificate), str(mairie.sandbox.pki.ca_bundle)
        ),
        sentence=r"un certificat qui n'est pas reconnu ; par sécurité, rien n'a été envoyé",
        remedy="Demandez au tiers de télétransmission s'il a changé son certificat",
    ),
}


@pytest.mark.parametrize("case", CONNECTION)
def test_flows_stay_queued_while_the_connection_is_refused(mairie: Mairie, case: str) -> None:
    trouble = CONNECTION[case]
    assert mairie.nightly().code == 0  # the préfecture's list is held from before
    trouble.break_it(mairie)
    deposit(mairie, {"flux.xml": PES, **seance(PDF)})
    night = mairie.nightly()
    assert night.code == 1
    (authority,) = night.json["authorities"]
    (error,) = authority["errors"]
    assert re.search(trouble.sentence, error)
    assert trouble.remedy in error
    assert (authority["packed"], authority["returned"]) == (2, 0)
    assert len(mairie.flows("waiting")) == 2
    assert_kept(mairie, {"flux.xml": PES, **seance(PDF)})
    checked = mairie.demat("doctor", "--json")
    assert checked.code == 4
    assert re.search(trouble.sentence, checked.stdout)
    assert mairie.landed() == 0
    trouble.repair(mairie)
    tomorrow = FixedClock(SystemClock().now() + timedelta(days=1))
    with open_office(load_config(mairie.config), clock=tomorrow) as office:
        report = nightly(office, pause=lambda _seconds: None)
    assert report is not None
    assert report.outcome == "done"
    assert (mairie.landed(), len(mairie.flows("sent"))) == (2, 2)
