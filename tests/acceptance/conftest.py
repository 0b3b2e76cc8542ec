"""A mairie for the acceptance tests: its folders, its configuration, its other side.

Everything goes through public entry points: the command line and the watched folder. Each test has
a store and a sandbox of its own, whose time moves only when told to; the keys are made once.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from typer.testing import CliRunner

from demat.cli.main import app
from demat.clock import SystemClock
from demat.sandbox.client import Sandbox
from demat.sandbox.pki import make_pki
from demat.sandbox.scenario import Scenario


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a command answered."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The standard output as JSON."""
        return json.loads(self.stdout)


def demat(*args: str | Path, config: Path | None = None) -> Result:
    """Run the command line in this process, as ``demat ARGS``; quick."""
    env = {"DEMAT_CONFIG": str(config)} if config else {}
    done = CliRunner().invoke(app, [str(arg) for arg in args], env=env)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception  # a traceback is never an answer
    return Result(code=done.exit_code, stdout=done.stdout, stderr=done.stderr)


def demat_process(*args: str | Path, config: Path | None = None, cwd: Path | None = None) -> Result:
    """Run ``python -m demat ARGS`` in a process of its own, as a user does."""
    env = dict(os.environ)
    if config:
        env["DEMAT_CONFIG"] = str(config)
    command = [sys.executable, "-m", "demat", *map(str, args)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=env, cwd=cwd, check=False
    )
    return Result(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def unfolded(text: str) -> str:
    """The words of a text wherever its lines are folded, every blank made one plain space."""
    return " ".join(text.split())


def page_text(path: Path) -> str:
    """The words of an HTML page, every blank (no-break ones too) made one plain space."""
    words = [
        text for text in html.fromstring(path.read_bytes()).itertext() if isinstance(text, str)
    ]
    return unfolded(" ".join(words))


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One budget of the configuration."""

    libelle: str = "SAINT-EXEMPLE-LES-FICTION"
    siret: str = "21990123800010"
    id_post: str = "099012"
    cod_col: str = "045"
    cod_bud: str = "00"

    def toml(self) -> str:
        """Write it as the configuration does."""
        return f"""
[[collectivites.budgets]]
libelle = "{self.libelle}"
siret = "{self.siret}"
id_post = "{self.id_post}"
cod_col = "{self.cod_col}"
cod_bud = "{self.cod_bud}"

[collectivites.budgets.asap]
signataire_nom = "TEMOIN"
signataire_prenom = "CLAIRE"
adresse2 = "1 PLACE DE LA MAIRIE"
cp = "99120"
ville = "SAINT-EXEMPLE-LES-FICTION"
ref_bdf = "099045"
talon = ["{{emetteur}} {{an}} {{titre:8}}", "{{poste}} {{centimes:10}}"]
code_tipi = "099045"
adresse_tipi = "https://paiement.exemple"
centre_adresse3 = "TSA 99999"
centre_cp = "99998"
centre_ville = "FICTION CEDEX 9"
tresorerie_nom = "SGC DE BELLOMBRE"
tresorerie_adresse2 = "2 RUE DU TRESOR"
tresorerie_cp = "99121"
tresorerie_ville = "CLAIRVALLON"
modalites_reglement = "Écrire à la mairie"
"""


CONFIG = """\
donnees = "donnees"
stabilite_secondes = 0.05
envoi_attente_secondes = 0.0

[[collectivites]]
nom = "{nom}"
siren = "{siren}"
siret = "{siret}"
dossier = "mairie"
departement = "{departement}"
arrondissement = "{arrondissement}"
nature = "{nature}"
adresses_retour = ["retour@tdt-fictif.fr"]
confiance = "{confiance}"

[collectivites.tdt]
type = "s2low"
url = "{url}"
certificat = "{certificat_client}"
cle = "{cle_client}"
mot_de_passe = "secrets/client.passe"
autorite = "{autorite}"

[[collectivites.signataires]]
nom = "Camille Dupré"
qualite = "Maire"
ville = "SAINT-EXEMPLE-LES-FICTION"
code_postal = "99120"
sans_surveillance = true

[collectivites.signataires.cle]
type = "pkcs12"
fichier = "{certificat_maire}"
secret = "secrets/maire.passe"
{budgets}
[collectivites.publication]
dossier = "site"
url = "https://actes.saint-exemple.example"
signataire = "Camille Dupré"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Commune:
    """Whose mairie it is; the defaults are those of the sandbox's own account."""

    nom: str = "Commune de Saint-Exemple-lès-Fiction"
    siren: str = "000000000"
    siret: str = "21990123800010"
    departement: str = "099"
    arrondissement: str = "1"
    nature: str = "31"
    budgets: Sequence[Budget] = (Budget(), Budget(libelle="EAU SAINT-EXEMPLE", cod_bud="02"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Mairie:
    """One authority with its watched folder, its configuration and its sandbox."""

    root: Path
    config: Path
    sandbox: Sandbox

    @property
    def folder(self) -> Path:
        """The folder that the agents see: ``a-deposer``, ``a-corriger``, ``accuses``…"""
        return self.root / "mairie"

    @property
    def trust(self) -> Path:
        """Folder of the authorities that the sandbox's certificates come from."""
        return self.sandbox.pki.trust_folder

    def edit(self, old: str, new: str) -> None:
        """Change the configuration; ``old`` must be in it."""
        text = self.config.read_text("utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), "utf-8")

    def secret(self, name: str, value: str) -> None:
        """Write a passphrase file (``client``, ``maire``)."""
        path = self.root / "secrets" / f"{name}.passe"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{value}\n", "utf-8")
        path.chmod(0o600)

    def demat(self, *args: str | Path) -> Result:
        """Run a command on this configuration, in this process."""
        return demat(*args, config=self.config)

    def demat_process(self, *args: str | Path) -> Result:
        """Run a command on this configuration, in a process of its own."""
        return demat_process(*args, config=self.config)

    def drop(self, *sources: Path, into: str = "") -> None:
        """Copy files or folders into ``a-deposer``, as an agent does.

        :param into: name of a folder of ``a-deposer`` that holds them together.
        """
        target = self.folder / "a-deposer" / into
        target.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, target / source.name)
            else:
                shutil.copyfile(source, target / source.name)

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of the agent's own into ``a-deposer``; ``name`` may hold folders."""
        path = self.folder / "a-deposer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def nightly(self) -> Result:
        """Make one run of everything that is due; its report is ``.json``."""
        return self.demat("nightly", "--json")

    def advance(self, minutes: float) -> None:
        """Let the other side's time pass."""
        self.sandbox.advance(minutes)

    def play(self, minutes: float = 60) -> tuple[Result, Result]:
        """Send what is due, let the other side's time pass, collect the answers."""
        sent = self.nightly()
        self.advance(minutes)
        return sent, self.nightly()

    def flows(self, state: str = "all") -> list[dict[str, Any]]:
        """The transmissions in a state."""
        found: list[dict[str, Any]] = self.demat("flows", "--state", state, "--json").json["flows"]
        return found

    def show(self, number: int) -> dict[str, Any]:
        """Everything known about one transmission."""
        found: dict[str, Any] = self.demat("show", str(number), "--json").json
        return found

    def returned(self) -> list[dict[str, Any]]:
        """The deposits given back to the agents, with their faults."""
        answer = self.demat("flows", "--state", "returned", "--json")
        found: list[dict[str, Any]] = answer.json["deposits"]
        return found

    def kept(self, sha256: str) -> bytes:
        """The bytes that the store keeps under a digest."""
        folder = self.root / "donnees" / "documents"
        return (folder / sha256[:2] / sha256[2:]).read_bytes()

    def sheet(self, name: str) -> str:
        """What an agent reads on the sheet that came back with a deposit in ``a-corriger``."""
        return page_text(self.folder / "a-corriger" / name / "A-LIRE.html")

    def landed(self) -> int:
        """How many flows the other side received."""
        ledger = self.sandbox.ledger()
        return len(ledger["actes"]) + len(ledger["pes"])


OpenMairie = Callable[..., Mairie]


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a command run in this process does to its logs: other tests read them."""
    logger = logging.getLogger("demat")
    kept = (logger.handlers[:], logger.level, logger.propagate)
    yield
    logger.handlers[:], level, logger.propagate = kept
    logger.setLevel(level)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test keys of both sides, made once."""
    folder = tmp_path_factory.mktemp("cles")
    make_pki(folder, now=SystemClock().now())
    return folder


@pytest.fixture
def open_mairie(keys: Path, tmp_path: Path) -> Iterator[OpenMairie]:
    """Return a function that opens a mairie: ``open_mairie(commune, scenario, name=…)``."""
    with ExitStack() as stack:

        def opened(
            commune: Commune | None = None,
            scenario: str | Scenario = "nominal",
            *,
            name: str = "travail",
        ) -> Mairie:
            root = tmp_path / name
            shutil.copytree(keys, root / "bac-a-sable")
            sandbox = stack.enter_context(
                Sandbox.start(root / "bac-a-sable", scenario=scenario, speed=0, max_seconds=600)
            )
            return _install(root, commune or Commune(), sandbox)

        yield opened


@pytest.fixture
def mairie(open_mairie: OpenMairie) -> Mairie:
    """The mairie of the fictional commune, against a sandbox where all goes well."""
    return open_mairie()


@pytest.fixture(scope="session")
def quiet_sandbox(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that must receive nothing: the tests of refusals can share it."""
    folder = tmp_path_factory.mktemp("bac-a-sable") / "cles"
    shutil.copytree(keys, folder)
    with Sandbox.start(folder, speed=0, max_seconds=1200) as sandbox:
        yield sandbox


@pytest.fixture
def strict_mairie(quiet_sandbox: Sandbox, tmp_path: Path) -> Mairie:
    """A mairie whose deposits must all be refused: ``landed()`` stays 0 in all tests together."""
    return _install(tmp_path, Commune(), quiet_sandbox)


def _install(root: Path, commune: Commune, sandbox: Sandbox) -> Mairie:
    pki = sandbox.pki
    mairie = Mairie(root=root, config=root / "demat.toml", sandbox=sandbox)
    mairie.secret("client", pki.client.passphrase)
    signatory = pki.maire if commune.siren == Commune().siren else pki.signatory
    mairie.secret("maire", signatory.passphrase)
    text = CONFIG.format(
        nom=commune.nom,
        siren=commune.siren,
        siret=commune.siret,
        departement=commune.departement,
        arrondissement=commune.arrondissement,
        nature=commune.nature,
        confiance=pki.trust_folder,
        url=sandbox.url,
        certificat_client=pki.client.certificate,
        cle_client=pki.client.key,
        autorite=pki.ca_bundle,
        certificat_maire=signatory.p12,
        budgets="".join(budget.toml() for budget in commune.budgets),
    )
    mairie.config.write_text(text, "utf-8")
    (mairie.folder / "a-deposer").mkdir(parents=True)
    return mairie
