"""The demonstration: the whole job on a fictional commune, against the sandbox, over real TLS.

Every step is the one of production; only the other side is a stand-in. The expectations of the
scenario are checked as it goes: the exit code is 0 only if all were met.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demat.cli.boundary import Exit, say
from demat.cli.display import console, flows_table
from demat.cli.words import VERDICT_FR
from demat.compose import open_office
from demat.config import load_config
from demat.engine.evidence import make_evidence
from demat.engine.evidence_verify import verify_evidence
from demat.engine.judge import read_file
from demat.engine.nightly import nightly
from demat.engine.office import Authority, Office
from demat.engine.resubmit import resubmit
from demat.faults import Fault, FaultError
from demat.files import write_atomic
from demat.intake.api import InputFile
from demat.queue.states import Selection
from demat.queue.views import TransmissionView
from demat.sandbox.client import Sandbox
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict

__all__ = ["play", "write_config"]

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "saint-exemple"
NEW_CLASSIFICATION = date(2026, 11, 1)


@dataclass(kw_only=True, slots=True)
class _Play:
    """One performance: where it happens, what is said, what was not as expected."""

    root: Path
    console: Console
    quiet: bool
    failures: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Tell what is going on."""
        if not self.quiet:
            self.console.print(text, markup=False)

    def expect(self, met: bool, what: str) -> None:
        """Check one expectation of the scenario."""
        if not met:
            self.failures.append(what)
        self.say(f"  {'ok' if met else 'ÉCHEC'}  {what}")


def play(directory: Path | None, *, as_json: bool, keep: bool) -> int:
    """Play the scenario in a folder of its own; remove the folder unless told to keep it.

    :raises FaultError: ``INT-DEMO_DIR`` when the folder given is not empty.
    """
    start = time.monotonic()
    with _folder(directory, keep=keep) as root:
        show = _Play(root=root, console=console(), quiet=as_json)
        show.say(f"Démonstration dans {root}")
        show.say("Autorité de certification d'essai et tiers de télétransmission local…")
        with Sandbox.start(root / "bac-a-sable", scenario="demo") as sandbox:
            config = write_config(root, sandbox)
            with open_office(load_config(config)) as office:
                _scenario(show, office, sandbox)
                counts = _counts(office)
                table = flows_table(office.store.transmissions())
        counts["seconds"] = round(time.monotonic() - start, 1)
        if as_json:
            say(json.dumps(counts | ({"failures": show.failures} if show.failures else {})))
        else:
            _conclude(show, counts, table, keep=keep or directory is not None)
        return Exit.FAULTS if show.failures else Exit.DONE


@contextmanager
def _folder(directory: Path | None, *, keep: bool) -> Iterator[Path]:
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise FaultError(Fault(code="INT-DEMO_DIR", params={"path": str(directory)}))
        yield directory.resolve()
        return
    root = Path(tempfile.mkdtemp(prefix="demat-demo-"))
    try:
        yield root
    finally:
        if not keep:
            shutil.rmtree(root)


CONFIG = """\
donnees = "donnees"
stabilite_secondes = 0.2
envoi_attente_secondes = 0.1

[horodatage]
url = "{tsa}"
confiance = "{trust}"

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
url = "{url}"
certificat = "{client}"
cle = "{key}"
mot_de_passe = "secrets/client.passe"
autorite = "{ca}"

[[collectivites.signataires]]
nom = "Camille Dupré"
qualite = "Maire"
ville = "SAINT-EXEMPLE-LES-FICTION"
code_postal = "99120"
sans_surveillance = {unattended}

[collectivites.signataires.cle]
type = "pkcs12"
fichier = "{signer}"
secret = "secrets/maire.passe"

[[collectivites.budgets]]
libelle = "SAINT-EXEMPLE-LES-FICTION"
siret = "21990123800010"
id_post = "099012"
cod_col = "045"
cod_bud = "00"

[[collectivites.budgets]]
libelle = "EAU SAINT-EXEMPLE"
siret = "21990123800010"
id_post = "099012"
cod_col = "045"
cod_bud = "02"

[collectivites.publication]
dossier = "site"
url = "https://actes.saint-exemple.example"
signataire = "Camille Dupré"
"""


def write_config(root: Path, sandbox: Sandbox, *, unattended: bool = True) -> Path:
    """Write the configuration of the fictional commune for a running sandbox; return its path."""
    pki = sandbox.pki
    for name, secret in (
        ("client.passe", pki.client.passphrase),
        ("maire.passe", pki.maire.passphrase),
    ):
        path = root / "secrets" / name
        write_atomic(path, f"{secret}\n".encode())
        path.chmod(0o600)
    text = CONFIG.format(
        trust=pki.trust_folder,
        url=sandbox.url,
        tsa=sandbox.tsa,
        client=pki.client.certificate,
        key=pki.client.key,
        ca=pki.ca_bundle,
        signer=pki.maire.p12,
        unattended="true" if unattended else "false",
    )
    config = root / "demat.toml"
    write_atomic(config, text.encode())
    return config


def _scenario(show: _Play, office: Office, sandbox: Sandbox) -> None:
    authority = office.authorities[0]
    authority.folders.make()

    show.say("\n1. La secrétaire dépose une séance, un arrêté, des titres, des mandats, un PES.")
    _drop(authority, "seance-2026-10-08", "arrete-individuel", "mandats-2026-10")
    _drop(authority, "titres-cantine.csv", "titres-eau.csv", "compta-D0032.xml")
    _night(office)
    sent = office.store.transmissions()
    show.expect(len(sent) == 7, f"7 envois préparés, signés et remis ({len(sent)})")
    _answers(office, sandbox)
    _expect_acts(show, office)
    _expect_pes(show, office)

    show.say("\n2. Le comptable a refusé les titres d'eau : l'export est corrigé et renvoyé.")
    refused = _refused(office, "HELIOS")
    if refused is not None:
        _again(office, authority, refused, FIXTURES / "titres-eau-corrige.csv")
        _night(office)
        _answers(office, sandbox)
        show.expect(_replaced(office, refused), "le PES corrigé est acquitté, il remplace l'ancien")

    show.say("\n3. La préfecture change sa nomenclature ; une délibération est rejetée.")
    sandbox.set_ministry_classification(NEW_CLASSIFICATION)
    _drop(authority, "seance-2026-11-05")
    _night(office)
    _answers(office, sandbox)
    refused = _refused(office, "ACTES")
    show.expect(refused is not None, "la délibération revient en anomalie (nomenclature périmée)")
    sandbox.advance(10)
    _night(office)
    held = office.store.classification(authority.siren)
    fresh = held is not None and held.day == NEW_CLASSIFICATION
    show.expect(fresh, "la nouvelle nomenclature est demandée et installée")
    if refused is not None:
        _again(office, authority, refused, None)
        _night(office)
        _answers(office, sandbox)
        show.expect(_replaced(office, refused), "renvoyée sous un nouveau numéro, acquittée")

    show.say("\n4. Publication des délibérations.")
    published = office.store.publications(authority.siren)
    show.expect(len(published) == 3, f"3 délibérations en ligne ({len(published)})")
    show.expect(
        not _mentions(show.root / "site", b"AI_2026_017"), "l'arrêté individuel n'y est pas"
    )
    show.expect(not office.store.verify_journal(), "le journal est intact")
    ledger = sandbox.ledger()
    landed = len(ledger["actes"]) + len(ledger["pes"])
    count = len(office.store.transmissions())
    show.expect(landed == count, f"de l'autre côté, {landed} envois pour {count} : aucun en double")

    show.say("\n5. La preuve d'un envoi, vérifiée sans réseau comme dans dix ans.")
    _prove(show, office)


def _prove(show: _Play, office: Office) -> None:
    """Write the evidence of a signed PES, and judge it with the root alone, ten years later."""
    authority = office.authorities[0]
    flow = next(one for one in office.store.transmissions(flux="HELIOS") if one.etat == "acquitte")
    made = make_evidence(flow.id, authority, office)
    write_atomic(show.root / "preuve.zip", made.content)
    report = verify_evidence(
        show.root / "preuve.zip",
        trust=TrustStore(roots=authority.trust.roots),
        at=office.clock.now() + timedelta(days=3650),
    )
    told = VERDICT_FR[report.verdict]
    show.expect(
        report.verdict is Verdict.ACCEPTED,
        f"la preuve de l'envoi n° {flow.id} tient, certificat du maire terminé ({told})",
    )


def _drop(authority: Authority, *names: str) -> None:
    """Do as an agent: copy files into ``a-deposer``."""
    for name in names:
        source, target = FIXTURES / name, authority.folders.a_deposer / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)


def _night(office: Office) -> None:
    nightly(office)


def _answers(office: Office, sandbox: Sandbox) -> None:
    """Let the other side's time pass, then make another run that collects the answers."""
    sandbox.advance(60)
    _night(office)


def _expect_acts(show: _Play, office: Office) -> None:
    actes = office.store.transmissions(flux="ACTES")
    good = [item for item in actes if item.etat == "acquitte"]
    show.expect(len(good) == 3, f"2 délibérations et 1 arrêté individuel acquittés ({len(good)}/3)")


def _expect_pes(show: _Play, office: Office) -> None:
    flows = office.store.transmissions(flux="HELIOS")
    good = [item for item in flows if item.etat == "acquitte"]
    with_pj = [item for item in good if len(item.facts["pieces_jointes"]) == 2]
    show.expect(len(good) == 3, f"titres, mandats et PES prêt acquittés ({len(good)}/3)")
    show.expect(len(with_pj) == 1, "les mandats sont partis avec leurs 2 pièces jointes")
    show.expect(_refused(office, "HELIOS") is not None, "le PES de l'eau est refusé (erreur 1971)")


def _refused(office: Office, flux: str) -> TransmissionView | None:
    found = office.store.transmissions(flux=flux, selection=Selection.REFUSED)
    return next((item for item in found if item.superseded_by is None), None)


def _again(
    office: Office, authority: Authority, refused: TransmissionView, corrected: Path | None
) -> None:
    files = []
    if corrected is not None:
        files = [InputFile(name=corrected.name, data=read_file(corrected))]
    resubmit(refused, replacements=files, authority=authority, office=office)


def _replaced(office: Office, refused: TransmissionView) -> bool:
    newer = office.store.transmission(refused.id).superseded_by
    return newer is not None and office.store.transmission(newer).etat == "acquitte"


def _mentions(folder: Path, text: bytes) -> bool:
    return any(text in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def _counts(office: Office) -> dict[str, object]:
    store = office.store
    everything = store.transmissions()
    published = [store.publications(authority.siren) for authority in office.authorities]
    return {
        "transmissions": len(everything),
        "acknowledged": len(store.transmissions(selection=Selection.ACKNOWLEDGED)),
        "refused": len(store.transmissions(selection=Selection.REFUSED)),
        "resubmitted": sum(item.supersedes is not None for item in everything),
        "published": sum(len(items) for items in published),
    }


def _conclude(show: _Play, counts: dict[str, object], table: Table, *, keep: bool) -> None:
    console = show.console
    console.print()
    console.print(table)
    console.print(
        f"{counts['transmissions']} envois, {counts['acknowledged']} acquittés, "
        f"{counts['refused']} refusés puis renvoyés ({counts['resubmitted']}), "
        f"{counts['published']} délibérations publiées, en {counts['seconds']} s.",
        markup=False,
    )
    if keep:
        for label, place in (
            ("Dossier de la mairie", "mairie"),
            ("Site publié", "site/index.html"),
            ("Configuration", "demat.toml"),
            ("Échanges conservés", "donnees/echanges"),
            ("Preuve d'un envoi", "preuve.zip"),
        ):
            console.print(f"  {label} : {show.root / place}", markup=False)
    else:
        console.print("Pour garder le dossier et le visiter : demat demo --keep", markup=False)
    for failure in show.failures:
        console.print(f"ÉCHEC : {failure}", style="bold red", markup=False)
