"""``init`` and ``doctor``: an installation is made once, and all that is wrong in it is found."""

import io
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from demat.cli import setup
from demat.clock import SystemClock, paris_date
from demat.config import load_config
from demat.engine.office import StampingMeans
from demat.engine.stamps import anchor_journal
from demat.queue.documents import DocumentFolder
from demat.sandbox.pki import Pki
from demat.sandbox.tsa import Tsa
from demat.signing.trust import TrustStore
from tests.clamd_daemon import running_clamd
from tests.fictional_authority import DAY, FictionalAuthority, der, new_key
from tests.revocation_server import running_server
from tests.unit.cli.conftest import Said, Town
from tests.unit.engine.stamps_support import LocalTsa, make_journal_again

Demat = Callable[..., Said]
NUMBERS = ("--siren", "000000000", "--siret", "21990123800010", "--departement", "099")


def _init(demat: Demat, folder: Path, nom: str = "Commune de Saint-Exemple") -> Said:
    return demat("init", folder, "--nom", nom, *NUMBERS)


def test_init_makes_what_is_needed(tmp_path: Path, demat: Demat) -> None:
    said = _init(demat, tmp_path / "demat")
    assert (said.code, said.err) == (0, "")
    assert f"demat doctor --config {tmp_path}/demat/demat.toml" in said.out
    made = sorted(path.name for path in (tmp_path / "demat").iterdir())
    assert made == ["commune_de_saint-exemple", "confiance", "demat.toml", "secrets"]
    assert (tmp_path / "demat/secrets").stat().st_mode & 0o777 == 0o700
    watched = tmp_path / "demat/commune_de_saint-exemple"
    assert sorted(path.name for path in watched.iterdir()) == [
        "a-corriger",
        "a-deposer",
        "accuses",
        "courriers",
        "en-cours",
        "transmis",
    ]


def test_init_never_overwrites(tmp_path: Path, demat: Demat) -> None:
    _init(demat, tmp_path)
    (tmp_path / "demat.toml").write_text("precious")
    said = _init(demat, tmp_path)
    assert said.code == 2
    assert "existe déjà : il n'a pas été remplacé." in said.words
    assert (tmp_path / "demat.toml").read_text() == "precious"


@pytest.mark.parametrize(
    "nom", ["Commune d'Été", 'Commune dite « La "Grande" »', "Ville\\Neuve", "Ligne\nLigne"]
)
def test_the_template_loads_whatever_the_name(tmp_path: Path, demat: Demat, nom: str) -> None:
    _init(demat, tmp_path, nom)
    item = load_config(tmp_path / "demat.toml").collectivites[0]
    assert item.nom == nom.strip()
    assert item.dossier.is_dir()


def test_init_refuses_numbers_with_a_wrong_key(tmp_path: Path, demat: Demat) -> None:
    said = demat(
        *("init", tmp_path / "x", "--nom", "X", "--siren", "000000001"),
        *("--siret", "21990123800011", "--departement", "99"),
    )
    assert said.code == 4
    for words in ("SIREN « 000000001 »", "SIRET « 21990123800011 »", "département « 99 »"):
        assert words in said.words
    assert not (tmp_path / "x").exists()


def test_doctor_finds_what_init_left_to_complete(tmp_path: Path, demat: Demat) -> None:
    _init(demat, tmp_path)
    said = demat("doctor", "--config", tmp_path / "demat.toml")
    assert said.code == 4
    for key in ("adresses_retour", "url", "ville"):
        assert f"Le réglage « {key} » n'a pas encore été complété." in said.words


def test_the_template_is_good_once_completed(town: Town, demat: Demat) -> None:
    folder = town.root / "neuf"
    _init(demat, folder)
    config = folder / "demat.toml"
    text = config.read_text("utf-8")
    text = text.replace("https://A-COMPLETER/actes", "https://mairie.example/actes")
    text = text.replace("https://A-COMPLETER", "https://127.0.0.1:9")
    text = text.replace("A-COMPLETER@exemple.fr", "retour@tdt-fictif.fr")
    text = text.replace("A COMPLETER", "SAINT-EXEMPLE")
    config.write_text(text, "utf-8")
    for name, target in (("maire.p12", "signataire.p12"), ("maire.passe", "signataire.passe")):
        (town.root / "secrets" / name).rename(folder / "secrets" / target)
    for name in ("client.pem", "client.key", "client.passe"):
        (town.root / "secrets" / name).rename(folder / "secrets" / name)
    checks = demat("doctor", "--config", config, "--json").json["checks"]
    assert [item["check"] for item in checks if item["faults"]] == [
        "Commune de Saint-Exemple : tiers de télétransmission"
    ]
    (signataire,) = load_config(config).collectivites[0].signataires
    assert (signataire.sans_surveillance, signataire.cle.secret) == (False, "invite")


def _bad(town: Town) -> dict[str, list[str]]:
    """Return the codes that ``doctor`` finds, by check."""
    said = town.demat("doctor", "--json")
    return {
        item["check"].rpartition(" : ")[2]: [fault["code"] for fault in item["faults"]]
        for item in said.json["checks"]
        if item["faults"]
    }


SIGNATAIRE = "signataire Camille Dupré"
AWAY = {"tiers de télétransmission": ["CON-UNREACHABLE"]}


def test_a_good_installation_whose_server_is_away(town: Town) -> None:
    said = town.demat("doctor")
    assert (said.code, said.err) == (3, "")
    assert "ok  Journal" in said.out.splitlines()
    assert "Le tiers de télétransmission ne répond pas" in said.words
    assert _bad(town) == AWAY
    assert not town.demat("doctor", "--json").json["ok"]


def test_documents_that_are_lost_damaged_or_forged(acte: Town) -> None:
    """A missing file, a damaged one, a row that a forger changed: each is told, by name."""
    with acte.office() as office:
        (flow,) = office.store.transmissions()
        first, *rest = office.store.deposit(flow.deposit_id).files
        assert isinstance(office.store.documents, DocumentFolder)
        path = office.store.documents.path
        office.store.documents.put(b"un reste")
    said = acte.demat("doctor")
    assert "ok Documents conservés (présents, ceux à envoyer relus)" in said.words
    assert "ok Documents conservés que rien ne cite : 1" in said.words
    path(first.sha256).unlink()
    path(rest[0].sha256).write_bytes(b"autre")
    base = sqlite3.connect(acte.root / "donnees" / "demat.sqlite3")
    with base:
        base.execute("UPDATE transmission SET sha256 = ?", ["f" * 64])
    base.close()
    said = acte.demat("doctor")
    assert said.code == 4
    assert f"Un document conservé a disparu (empreinte {first.sha256})" in said.words
    assert f"Un document conservé a disparu (empreinte {'f' * 64})" in said.words
    assert f"{flow.file_name} :" in said.words
    assert rest[0].sha256 not in said.words  # it is there: only reading it tells
    said = acte.demat("doctor", "--complet")
    assert "!! Documents conservés (tous relus)" in said.words
    assert f"celui qui avait été enregistré (empreinte {rest[0].sha256})" in said.words


def test_a_journal_that_was_made_again_is_told(acte: Town, pki: Pki) -> None:
    """Its chain is whole: only its time-stamps know what it was."""
    trust = TrustStore.from_folder(pki.trust_folder)
    authority = LocalTsa(tsa=Tsa(pki.time_stamps, SystemClock()))
    with acte.office() as office:
        means = StampingMeans(authority=authority, trust=trust)
        assert anchor_journal(replace(office, stamping=means))
        assert _bad(acte) == AWAY
        make_journal_again(office.store)
    assert _bad(acte) == {"Journal": ["PRV-JOURNAL_STAMP"], **AWAY}
    said = acte.demat("doctor")
    assert said.code == 4
    assert "Arrêtez tout" in said.words


def test_a_long_reading_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert setup.counter("Documents relus") is None  # nobody looks
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    show = setup.counter("Documents relus")
    assert show is not None
    for done in range(1, 251):
        show(done, 250)
    assert (
        screen.getvalue()
        == "".join(f"\rDocuments relus : {done} sur 250" for done in (100, 200, 250)) + "\n"
    )


def test_the_antivirus_is_told_and_asked(town: Town, tmp_path: Path) -> None:
    assert "ok Antivirus : aucun n'est configuré" in town.demat("doctor").words
    town.change("stabilite_secondes = 0.01", f'antivirus = {{ adresse = "{tmp_path}/absent" }}')
    said = town.demat("doctor")
    assert said.code == 3  # all is well here, but the others do not answer
    assert f"L'antivirus ({tmp_path}/absent) ne répond pas" in said.words
    assert _bad(town) == {"Antivirus": ["CON-ANTIVIRUS_AWAY"], **AWAY}
    with running_clamd(tmp_path) as daemon:
        town.change(f"{tmp_path}/absent", daemon.unix)
        assert _bad(town) == AWAY
        assert "ok Antivirus" in town.demat("doctor").words


def test_the_time_stamps_are_told_and_asked(town: Town, tmp_path: Path) -> None:
    assert "ok Horodatage : aucun service n'est configuré" in town.demat("doctor").words
    (tmp_path / "tsa").mkdir()
    table = f'{{ url = "http://127.0.0.1:9/", confiance = "{tmp_path}/tsa" }}'
    town.change("stabilite_secondes = 0.01", f"horodatage = {table}")
    assert "Le service d'horodatage (http://127.0.0.1:9/) ne répond pas" in (
        town.demat("doctor").words
    )
    assert _bad(town) == {"Horodatage": ["CON-TSA_AWAY"], **AWAY}


def test_a_secret_that_others_may_read(town: Town) -> None:
    (town.root / "secrets/maire.passe").chmod(0o644)
    said = town.demat("doctor")
    assert f"chmod 600 {town.root}/secrets/maire.passe" in said.words
    assert _bad(town) == {
        "Fichiers de mots de passe et de clés": ["CFG-SECRET_MODE"],
        SIGNATAIRE: ["CFG-SECRET_MODE"],
        **AWAY,
    }


def test_a_signer_whose_certificate_has_expired(town: Town, pki: Pki) -> None:
    town.use_signer(pki.expired)
    assert _bad(town) == {SIGNATAIRE: ["SIG-EXPIRED"], **AWAY}
    assert town.demat("doctor").code == 4


def test_a_wrong_passphrase(town: Town) -> None:
    (town.root / "secrets/maire.passe").write_text("faux")
    assert _bad(town) == {SIGNATAIRE: ["SIG-PASSPHRASE"], **AWAY}


def test_a_missing_client_key(town: Town) -> None:
    (town.root / "secrets/client.key").unlink()
    assert _bad(town) == {"tiers de télétransmission": ["CFG-KEY_FILE"]}
    assert town.demat("doctor").code == 4


def test_a_budget_whose_siret_has_a_wrong_key(town: Town) -> None:
    town.change('siret = "21990123800010"\nid_post', 'siret = "21990123800011"\nid_post')
    assert _bad(town) == {"SIRET des budgets": ["CFG-SIRET"], **AWAY}


def test_a_folder_that_cannot_be_made(town: Town) -> None:
    (town.root / "mairie").write_text("in the way")
    assert _bad(town) == {"dossiers": ["INT-FOLDER"], **AWAY}


def test_a_journal_that_was_altered(acte: Town) -> None:
    assert "Journal" not in _bad(acte)
    database = sqlite3.connect(acte.root / "donnees/demat.sqlite3")
    for (name,) in database.execute("select name from sqlite_master where type = 'trigger'"):
        database.execute(f"drop trigger {name}")
    database.execute("update journal set action = 'refused' where id = 2")
    database.commit()
    database.close()
    assert _bad(acte)["Journal"] == ["QUE-JOURNAL_BROKEN"]
    assert acte.demat("doctor").code == 4


def test_a_kept_document_that_was_altered(acte: Town) -> None:
    with acte.office() as office:
        digest = office.store.transmission(1).sha256
    kept = next(path for path in (acte.root / "donnees/documents").rglob(f"*{digest[4:]}*"))
    kept.chmod(0o600)
    kept.write_bytes(b"forged")
    found = _bad(acte)["Documents conservés (présents, ceux à envoyer relus)"]
    assert found == ["QUE-DOCUMENT_CORRUPT"]
    kept.unlink()
    found = _bad(acte)["Documents conservés (présents, ceux à envoyer relus)"]
    assert found == ["QUE-DOCUMENT_MISSING"]


def _trust(town: Town, *files: bytes) -> Path:
    """Give the installation another trust folder."""
    text = town.config.read_text("utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("confiance")]
    folder = town.root / "confiance"
    folder.mkdir()
    for rank, content in enumerate(files):
        (folder / f"{rank}.der").write_bytes(content)
    town.change(line, f'confiance = "{folder}"')
    return folder


def test_the_age_of_each_list_of_revocation_is_told(town: Town, pki: Pki) -> None:
    crl = x509.load_pem_x509_crl(pki.crl.read_bytes())
    made, until = (
        f"{paris_date(instant):%d/%m/%Y}"
        for instant in (crl.last_update_utc, crl.next_update_utc or crl.last_update_utc)
    )
    lines = [line for line in town.demat("doctor").out.splitlines() if "révocation" in line]
    name = "Commune de Saint-Exemple-lès-Fiction"
    assert [" ".join(line.split()) for line in lines] == [
        f"ok {name} : liste de révocation de « AC {which} de démonstration » du {made}, valable "
        f"jusqu'au {until}"
        for which in ("racine", "fille")
    ]


def test_lists_of_revocation_that_nobody_has(town: Town, pki: Pki) -> None:
    _trust(town, pki.root.read_bytes(), pki.intermediate.read_bytes())
    none = {
        f"liste de révocation de « AC {which} de démonstration »": ["SIG-LIST_NONE"]
        for which in ("racine", "fille")
    }
    assert _bad(town) == {**none, **AWAY}
    found = town.demat("doctor", "--rafraichir", "--json")
    assert found.code == 3
    (searched,) = [
        [fault["code"] for fault in item["faults"]]
        for item in found.json["checks"]
        if item["check"].endswith("recherche des listes de révocation")
    ]
    assert searched == ["SIG-LIST_NONE", "CON-REV_ADDRESS"] * 2


def test_without_trust_folder_no_list_is_missed(town: Town) -> None:
    text = town.config.read_text("utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("confiance")]
    town.change(line, "")
    said = town.demat("doctor", "--rafraichir")
    assert "liste de révocation" not in said.words
    assert said.out.count("!!") == 1
    assert not (town.root / "donnees/revocation").exists()


def _ours(pki: Pki) -> list[bytes]:
    """Return the authorities of the signataire, and their lists."""
    return [path.read_bytes() for path in sorted(pki.trust_folder.iterdir())]


def test_lists_of_revocation_are_fetched_on_demand(town: Town, pki: Pki) -> None:
    now = SystemClock().now()
    with running_server() as server:
        root = FictionalAuthority(now, name="AC racine", crl_address=f"{server.url}/racine.crl")
        middle = FictionalAuthority(now, name="AC fille", parent=root)
        _trust(town, *_ours(pki), der(root.certificate), der(middle.certificate))
        server.publish("/racine.crl", root.crl(made=-9 * DAY, until=-2 * DAY))
        asked = "liste de révocation de « AC racine »"
        assert _bad(town) == {asked: ["SIG-LIST_NONE"], **AWAY}
        assert server.asked == []
        said = town.demat("doctor", "--rafraichir")
        assert "n'est plus à jour depuis le" in said.words
        stale = f"{paris_date(now - 9 * DAY):%d/%m/%Y}"
        until = f"{paris_date(now - 2 * DAY):%d/%m/%Y}"
        aged = f"{asked} du {stale}, valable jusqu'au {until}"
        assert _bad(town) == {aged: ["SIG-LIST_STALE"], **AWAY}
        (town.root / "donnees/revocation/adresses.json").unlink()  # as an hour later
        server.publish("/racine.crl", root.crl(until=9 * DAY))
        assert town.demat("doctor", "--rafraichir").out.count("!!") == 1  # the tiers is away
        assert _bad(town) == AWAY


def test_a_signer_whose_certificate_is_revoked(town: Town, pki: Pki) -> None:
    town.use_signer(pki.revoked)
    assert _bad(town) == {"certificats non révoqués": ["SIG-OWN_REVOKED"], **AWAY}
    said = town.demat("doctor")
    assert said.code == 4
    assert "Le certificat de « Dominique Martin-Fictif » a été révoqué le" in said.words


def test_certificates_that_end_soon(town: Town, pki: Pki) -> None:
    now = SystemClock().now()
    root = FictionalAuthority(now, name="AC bientôt finie", days=(-300, 20))
    _trust(town, *_ours(pki), der(root.certificate), root.crl(until=9 * DAY))
    assert _bad(town) == {"autorités de confiance": ["SIG-AUTHORITY_EXPIRY_30"], **AWAY}
    client = root.issue("Télétransmission", days=(-300, 5), key=new_key())
    (town.root / "secrets/client.pem").write_bytes(client.public_bytes(Encoding.PEM))
    assert _bad(town)["certificat de télétransmission"] == ["SIG-LINE_EXPIRY_7"]
