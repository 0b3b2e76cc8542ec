"""A small authority on disk, whose tiers de télétransmission does not answer."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from demat.cli.main import invoke
from demat.clock import SystemClock
from demat.compose import open_office
from demat.config import load_config
from demat.engine.office import Office
from demat.sandbox.pki import Identity, Pki, make_pki
from demat.sandbox.prefecture import retour_classification
from tests.softhsm import softhsm

__all__ = ["softhsm"]

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "fixtures" / "saint-exemple"

CONFIG = """\
donnees = "donnees"
stabilite_secondes = 0.01

[[collectivites]]
nom = "Commune de Saint-Exemple-lès-Fiction"
siren = "000000000"
siret = "21990123800010"
dossier = "mairie"
departement = "099"
arrondissement = "1"
adresses_retour = ["retour@tdt-fictif.fr"]
confiance = "{trust}"

[collectivites.tdt]
type = "s2low"
url = "https://127.0.0.1:9"
certificat = "secrets/client.pem"
cle = "secrets/client.key"
mot_de_passe = "secrets/client.passe"
autorite = "{ca}"

[[collectivites.signataires]]
nom = "Camille Dupré"
qualite = "Maire"
ville = "SAINT-EXEMPLE-LES-FICTION"
code_postal = "99120"
sans_surveillance = false

[collectivites.signataires.cle]
type = "pkcs12"
fichier = "secrets/maire.p12"
secret = "secrets/maire.passe"

[[collectivites.budgets]]
libelle = "SAINT-EXEMPLE-LES-FICTION"
siret = "21990123800010"
id_post = "099012"
cod_col = "045"
cod_bud = "00"
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Everything that was said, as if the terminal had no width."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def json(self) -> Any:
        """Read the output, which must be one JSON object and nothing else."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, kw_only=True)
class Town:
    """The folder of an installation."""

    root: Path
    demat: Callable[..., Said]

    @property
    def config(self) -> Path:
        return self.root / "demat.toml"

    @contextmanager
    def office(self) -> Iterator[Office]:
        with open_office(load_config(self.config)) as office:
            yield office

    def change(self, old: str, new: str) -> None:
        """Replace a text of the configuration."""
        text = self.config.read_text("utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), "utf-8")

    def use_signer(self, identity: Identity) -> None:
        """Take another certificate of the test authority for the signer."""
        shutil.copyfile(identity.p12, self.root / "secrets/maire.p12")
        (self.root / "secrets/maire.passe").write_text(identity.passphrase)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a command does to the logs of the process."""
    loggers = [logging.getLogger(name) for name in ("demat", "apscheduler", "watchfiles")]
    kept = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, kept, strict=True):
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=SystemClock().now())


@pytest.fixture
def demat(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that runs one command, as the terminal does."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = invoke([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Said(code=code, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def town(
    tmp_path: Path, pki: Pki, demat: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> Town:
    """Return an installation in the current folder, with nothing deposited yet."""
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    for source, name in (
        (pki.client.certificate, "client.pem"),
        (pki.client.key, "client.key"),
        (pki.maire.p12, "maire.p12"),
    ):
        shutil.copyfile(source, secrets / name)
    (secrets / "client.passe").write_text(pki.client.passphrase)
    (secrets / "maire.passe").write_text(pki.maire.passphrase)
    for path in secrets.iterdir():
        path.chmod(0o600)
    text = CONFIG.format(trust=pki.trust_folder, ca=pki.ca_bundle)
    (tmp_path / "demat.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DEMAT_CONFIG", raising=False)
    return Town(root=tmp_path, demat=demat)


def drop(town: Town, *names: str) -> list[Path]:
    """Copy files of the fixtures beside the installation, as an agent has them on a key."""
    copied = []
    for name in names:
        source, target = FIXTURES / name, town.root / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
        copied.append(target)
    return copied


@pytest.fixture
def acte(town: Town) -> Town:
    """Return the installation with one acte ready to be sent: transmission 1, deposit D1."""
    message = town.root / "nomenclature.xml"
    message.write_bytes(retour_classification(date(2026, 1, 5)))
    assert town.demat("classification", "--install", message).code == 0
    assert town.demat("deposit", *drop(town, "arrete-individuel")).code == 0
    return town


@pytest.fixture
def titres(town: Town) -> Town:
    """Return the installation with one bordereau that awaits a signature: deposit D1."""
    assert town.demat("deposit", *drop(town, "titres-cantine.csv")).code == 0
    return town
