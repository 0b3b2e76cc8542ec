"""From the configuration to the engine: what is chosen, and what is said when it cannot be used."""

import socket
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509 import load_pem_x509_certificate
from lxml import etree

from demat.actes.inbound import DemandeClassification, parse_inbound, read_archive
from demat.actes.tampon import ReglageTampon
from demat.clock import FixedClock, SystemClock, paris_date
from demat.compose import open_office, secret_files
from demat.config import Config
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    PaperKind,
    Refused,
    Shipment,
)
from demat.connectors.tsa import TsaClient
from demat.engine.signataires import Delegation, Person, Signataire
from demat.errors import ConfigurationError
from demat.faults import FaultError, Severity
from demat.helios.asap import Organisme, ReglagesAsap
from demat.helios.model import Adresse, Domaine
from demat.helios.plan import PlanBudget
from demat.labels_fr.catalogue import explain
from demat.queue.pace import LinePace, parse_plage
from demat.sandbox.pki import Identity, Pki, make_pki
from demat.schemas.installed import choose, install
from demat.signing.keys import load_pkcs12, repack_pkcs12
from tests.fictional_authority import FictionalAuthority
from tests.postgres import PostgresServer, own_server
from tests.unit.connectors.conftest import make_acte
from tests.unit.connectors.server import RawServer, http

__all__ = ["own_server"]

CLOCK = FixedClock(datetime(2026, 10, 8, 12, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=CLOCK.now())


def _config(folder: Path, **changes: object) -> Config:
    return Config.model_validate(
        {
            "donnees": folder / "donnees",
            "collectivites": [_collectivite(folder)],
            **changes,
        }
    )


def _collectivite(folder: Path, **changes: object) -> dict[str, object]:
    secrets = folder / "secrets"
    return {
        "nom": "Commune de Saint-Exemple-lès-Fiction",
        "siren": "000000000",
        "siret": "21990123800010",
        "dossier": folder / "mairie",
        "departement": "099",
        "arrondissement": "1",
        "adresses_retour": ("retour@tdt-fictif.fr",),
        "tdt": {
            "type": "s2low",
            "url": "https://127.0.0.1:9",
            "certificat": secrets / "client.pem",
            "cle": secrets / "client.key",
            "mot_de_passe": secrets / "client.passe",
        },
        "signataires": [
            {
                "nom": "Camille Dupré",
                "ville": "SAINT-EXEMPLE",
                "code_postal": "99120",
                "cle": {
                    "type": "pkcs12",
                    "fichier": secrets / "maire.p12",
                    "secret": str(secrets / "maire.passe"),
                },
            }
        ],
        **changes,
    }


def test_an_office_holds_what_the_configuration_says(tmp_path: Path) -> None:
    config = _config(
        tmp_path,
        stabilite_secondes=2,
        envoi_attente_secondes=30,
        envoi_tentatives=3,
        niveaux_pes={"PES-012": "warning"},
        rythme={"bail_secondes": 20, "processus_secondes": 40, "releve_minutes": 7},
    )
    with open_office(config, clock=CLOCK) as office:
        authority = office.authorities[0]
        assert office.settings.settle == timedelta(seconds=2)
        assert office.settings.retry.base == timedelta(seconds=30)
        assert office.settings.retry.max_attempts == 3
        assert office.settings.lease == timedelta(seconds=20)
        assert office.settings.processing == timedelta(seconds=40)
        assert office.settings.collecting == timedelta(minutes=7)
        assert office.settings.pes_levels == {"PES-012": Severity.WARNING}
        assert office.settings.emetteur_pes.sigle == "DEMAT"
        assert authority.folders.root == tmp_path / "mairie"
        assert authority.emetteur.nature == "31"
        (signataire,) = authority.signataires
        assert (signataire.nom, signataire.qualite) == ("Camille Dupré", "Maire")
        assert not signataire.unattended
        assert not signataire.typed
        assert authority.publication is None
        assert office.authority("000000000") is authority
    assert (tmp_path / "donnees/demat.sqlite3").is_file()


@pytest.mark.parametrize(
    ("tampon", "reglage"),
    [
        ({}, ReglageTampon()),
        ({"actif": False, "x": 10}, None),
        (
            {"pages": "premiere", "coin": "bas-gauche", "x": 10, "y": 20, "largeur": 50},
            ReglageTampon(pages="premiere", coin="bas-gauche", x=10, y=20, largeur=50),
        ),
    ],
)
def test_the_stamp_goes_where_the_authority_wants_it(
    tampon: dict[str, object], reglage: ReglageTampon | None, tmp_path: Path
) -> None:
    config = _config(tmp_path, collectivites=[_collectivite(tmp_path, tampon=tampon)])
    with open_office(config, clock=CLOCK) as office:
        assert office.authorities[0].tampon == reglage


def test_copies_are_stamped_unless_the_authority_says_otherwise(tmp_path: Path) -> None:
    with open_office(_config(tmp_path), clock=CLOCK) as office:
        assert office.authorities[0].tampon == ReglageTampon()


def test_what_leaves_is_judged_by_the_editions_that_are_installed(tmp_path: Path) -> None:
    config = _config(tmp_path)
    source = Path(__file__).resolve().parents[2] / "demat" / "schemas" / "resources" / "pes-5.17"
    place = config.donnees / "schemas"
    install(source, place, edition="officielle", valid_from=date(2030, 1, 1), now=CLOCK.now())
    choose(place, "officielle", "PES_Aller")
    root = etree.QName("http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller", "PES_Aller")
    with open_office(config, clock=CLOCK) as office:
        entry = office.catalogue.find(root, date(2026, 3, 12))
        assert entry is not None
        assert entry.edition == "officielle"
    schema = next((place / "officielle" / "fichiers").rglob("types.xsd"))
    schema.write_bytes(schema.read_bytes() + b" ")
    with pytest.raises(FaultError) as caught, open_office(config, clock=CLOCK):
        pass
    assert caught.value.faults.codes == ("CFG-SCHEMA_ALTERED",)


def test_secrets_are_not_needed_to_look_at_the_flows(tmp_path: Path) -> None:
    with open_office(_config(tmp_path), clock=CLOCK) as office:
        assert office.store.transmissions() == ()


def test_a_missing_key_is_told_when_it_is_needed(tmp_path: Path) -> None:
    shipment = Shipment(flux=Flux.HELIOS, file_name="P.xml", content=b"<x/>", key="P")
    with open_office(_config(tmp_path), clock=CLOCK) as office:
        authority = office.authorities[0]
        with pytest.raises(FaultError) as sending:
            authority.connector.deposit(shipment)
        with pytest.raises(FaultError) as signing, authority.signataires[0].open(None):
            pass
    told = [explain(fault).sentence for error in (sending, signing) for fault in error.value.faults]
    assert told == [
        f"Le certificat ou la clé « {tmp_path}/secrets/client.pem » est absent ou illisible.",
        f"Le certificat ou la clé « {tmp_path}/secrets/maire.p12 » est absent ou illisible.",
    ]


def test_a_missing_trust_folder_is_told(tmp_path: Path) -> None:
    item = _collectivite(tmp_path, confiance=tmp_path / "absent")
    with (
        pytest.raises(FaultError) as caught,
        open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK),
    ):
        pass
    assert caught.value.faults.codes == ("SIG-TRUST_FOLDER",)


def test_a_database_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError),
        open_office(_config(tmp_path, base="sqlite://"), clock=CLOCK),
    ):
        pass


def test_the_password_of_the_database_goes_to_the_server(
    tmp_path: Path, own_server: PostgresServer
) -> None:
    own_server.execute("ALTER ROLE demat PASSWORD 'à garder / pour @ soi'")
    own_server.require_password()
    base = own_server.url(own_server.new_database())
    secret = tmp_path / "base.secret"
    secret.write_text("à garder / pour @ soi\n")
    secret.chmod(0o600)
    config = _config(tmp_path, base=base, base_mot_de_passe=secret)
    with open_office(config, clock=CLOCK) as office:
        assert office.store.next_serial("000000000", "pes", "2026") == 1
    assert (secret, False) in list(secret_files(config))
    with (
        pytest.raises(FaultError) as caught,
        open_office(_config(tmp_path, base=base), clock=CLOCK),
    ):
        pass
    assert caught.value.faults.codes == ("QUE-UNREACHABLE",)


@pytest.mark.parametrize(
    ("mode", "exposed"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_files_that_others_may_read_are_found(tmp_path: Path, mode: int, exposed: bool) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("client.pem", "client.key", "client.passe", "maire.p12", "maire.passe"):
        (secrets / name).touch()
        (secrets / name).chmod(mode)
    assert list(secret_files(_config(tmp_path))) == [
        (secrets / "client.key", exposed),
        (secrets / "client.passe", exposed),
        (secrets / "maire.p12", exposed),
        (secrets / "maire.passe", exposed),
    ]


BUDGET = {
    "libelle": "COMMUNE",
    "siret": "21990123800010",
    "id_post": "099012",
    "cod_col": "045",
    "cod_bud": "00",
}


def test_what_is_known_of_a_budget_comes_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("compte;libelle\n7067;Redevances\n", encoding="utf-8")
    (tmp_path / "annexe2.csv").write_text(
        "domaine;typ_bord;typ_pce;nat_pce\nrecette;1;1;1\n", encoding="utf-8"
    )
    (tmp_path / "annexe3.csv").write_text("cat_tiers;nat_jur\n50;3\n", encoding="utf-8")
    known = {
        "nomenclature": "M57",
        "vote_par_fonction": True,
        "codes_produit": ["CANT"],
        "plan_comptes": tmp_path / "plan.csv",
    }
    budgets = [{**BUDGET, **known}, {**BUDGET, "cod_bud": "02"}]
    config = _config(
        tmp_path,
        grille_triplets=tmp_path / "annexe2.csv",
        grille_tiers=tmp_path / "annexe3.csv",
        collectivites=[_collectivite(tmp_path, budgets=budgets)],
    )
    with open_office(config, clock=CLOCK) as office:
        assert office.authorities[0].plans == {
            "045/00": PlanBudget(
                nomenclature="M57",
                vote_par_fonction=True,
                codes_produit=frozenset({"CANT"}),
                comptes=frozenset({"7067"}),
            ),
            "045/02": PlanBudget(),
        }
        assert office.settings.grille_triplets == {(Domaine.RECETTE, "01", "01", "01")}
        assert office.settings.grille_tiers == {("50", "03")}


@pytest.mark.parametrize(
    ("content", "where", "sentence"),
    [
        (
            "cat_tiers;nat_jur\n50;3\n5x;3\n",
            "annexe3.csv, ligne 3, colonne « cat_tiers »",
            "La valeur « 5x » ne convient pas dans la colonne « cat_tiers » de la table.",
        ),
        ("cat_tiers;nat_jur\n", "annexe3.csv", "La table ne contient aucune ligne."),
        (None, "", "La table « {path} » est absente ou illisible."),
    ],
)
def test_a_wrong_table_is_told(
    tmp_path: Path, content: str | None, where: str, sentence: str
) -> None:
    path = tmp_path / "annexe3.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with (
        pytest.raises(FaultError) as caught,
        open_office(_config(tmp_path, grille_tiers=path), clock=CLOCK),
    ):
        pass
    (fault,) = caught.value.faults
    told = explain(fault)
    assert (told.where, told.sentence) == (where, sentence.format(path=path))


def test_the_settings_of_the_avis_are_those_of_the_budget(tmp_path: Path) -> None:
    budget = {
        "libelle": "COMMUNE DE BELLOMBRE",
        "siret": "21990123800010",
        "id_post": "099012",
        "cod_col": "045",
        "cod_bud": "00",
    }
    asap = {
        "signataire_nom": "TEMOIN",
        "signataire_prenom": "CLAIRE",
        "signataire_qualite": "Présidente de l’office",
        "categorie_tiers": "24",
        "nature_juridique": "08",
        "adresse1": "MAIRIE",
        "adresse2": "1 PLACE DU PUITS",
        "adresse3": "LE BOURG",
        "cp": "99120",
        "ville": "BELLOMBRE",
        "telephone": "0199000000",
        "horaires": "LUNDI 9H-12H",
        "courriel": "mairie@bellombre.exemple",
        "mode_recouvrement": "tip",
        "ref_bdf": "099045",
        "ics": "FR99ZZZ999999",
        "talon": ("{emetteur}", "{titre}"),
        "code_tipi": "099046",
        "adresse_tipi": "https://paiement.exemple",
        "centre_adresse3": "TSA 99999",
        "centre_cp": "99998",
        "centre_ville": "FICTION CEDEX 9",
        "tresorerie_nom": "SGC DE BELLOMBRE",
        "tresorerie_adresse1": "BATIMENT A",
        "tresorerie_adresse2": "2 RUE DU TRESOR",
        "tresorerie_adresse3": "LE PRE",
        "tresorerie_cp": "99121",
        "tresorerie_ville": "CLAIRVALLON",
        "tresorerie_telephone": "0199000001",
        "tresorerie_horaires": "MARDI 9H-12H",
        "tresorerie_courriel": "sgc@bellombre.exemple",
        "modalites_reglement": "Écrire à la mairie",
        "modalites_contestation": "Tribunal de Fiction",
    }
    other = {**budget, "cod_bud": "02"}
    item = _collectivite(tmp_path, budgets=[{**budget, "asap": asap}, other])
    with open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK) as office:
        found = office.authorities[0].asap
    assert found == {
        "045/00": ReglagesAsap(
            emetteur=Organisme(
                nom="COMMUNE DE BELLOMBRE",
                adresse=Adresse(
                    adr1="MAIRIE",
                    adr2="1 PLACE DU PUITS",
                    adr3="LE BOURG",
                    cp="99120",
                    ville="BELLOMBRE",
                ),
                telephone="0199000000",
                horaires="LUNDI 9H-12H",
                courriel="mairie@bellombre.exemple",
            ),
            tiers_emetteur=("24", "08"),
            signataire=("TEMOIN", "CLAIRE", "Présidente de l'office"),
            ref_bdf="099045",
            ics="FR99ZZZ999999",
            tip=True,
            code_tipi="099046",
            adresse_tipi="https://paiement.exemple",
            centre=Adresse(adr2="", adr3="TSA 99999", cp="99998", ville="FICTION CEDEX 9"),
            tresorerie=Organisme(
                nom="SGC DE BELLOMBRE",
                adresse=Adresse(
                    adr1="BATIMENT A",
                    adr2="2 RUE DU TRESOR",
                    adr3="LE PRE",
                    cp="99121",
                    ville="CLAIRVALLON",
                ),
                telephone="0199000001",
                horaires="MARDI 9H-12H",
                courriel="sgc@bellombre.exemple",
            ),
            talon=("{emetteur}", "{titre}"),
            modalites_reglement="Écrire à la mairie",
            modalites_contestation="Tribunal de Fiction",
        )
    }


def test_time_stamps_come_from_the_service_that_is_configured(tmp_path: Path) -> None:
    trusted = tmp_path / "tsa"
    trusted.mkdir()
    item: dict[str, object] = {"url": "https://127.0.0.1:9/tsp", "confiance": trusted}
    login = {"identifiant": "mairie", "mot_de_passe": tmp_path / "tsa.passe"}
    (tmp_path / "tsa.passe").write_text("secret-fictif\n", "utf-8")
    (tmp_path / "tsa.passe").chmod(0o600)
    with open_office(_config(tmp_path, horodatage=item | login), clock=CLOCK) as office:
        assert office.stamping is not None
        client = office.stamping.authority
        assert isinstance(client, TsaClient)
        assert client.settings.url == "https://127.0.0.1:9/tsp"
        assert client.settings.credentials is not None
        assert client.settings.credentials() == ("mairie", "secret-fictif")
    with open_office(_config(tmp_path, horodatage=item), clock=CLOCK) as office:
        assert office.stamping is not None
    with open_office(_config(tmp_path), clock=CLOCK) as office:
        assert office.stamping is None
    config = _config(tmp_path, horodatage=item | login)
    assert next(path for path, _ in secret_files(config)) == tmp_path / "tsa.passe"


def test_raw_exchanges_are_where_the_configuration_says(tmp_path: Path) -> None:
    with open_office(_config(tmp_path), clock=CLOCK) as office:
        assert office.authorities[0].exchanges == tmp_path / "donnees/echanges/000000000"
    with open_office(_config(tmp_path, conserver_echanges=False), clock=CLOCK) as office:
        assert office.authorities[0].exchanges is None


# ------------------------------------------------------------------------------- signataires


def _signataire(folder: Path, cle: dict[str, object], **changes: object) -> Signataire:
    budgets = [{**BUDGET, "cod_bud": code, "libelle": name} for code, name in BUDGETS.items()]
    item = {"nom": "Claire Témoin", "ville": "B", "code_postal": "99120", "cle": cle, **changes}
    authority = _collectivite(folder, budgets=budgets, signataires=[item])
    with open_office(_config(folder, collectivites=[authority]), clock=CLOCK) as office:
        (found,) = office.authorities[0].signataires
        return found


BUDGETS = {"00": "COMMUNE", "02": "EAU", "03": "EAU"}
KEY = {"type": "pkcs12", "fichier": "/k.p12"}


def test_a_signataire_is_what_the_configuration_declares(tmp_path: Path) -> None:
    delegation = {
        "reference": "Arrêté n° 14",
        "debut": date(2026, 4, 2),
        "fin": date(2026, 12, 31),
        "flux": ["depense"],
        "plafond": "5 000,00",
    }
    found = _signataire(
        tmp_path,
        {**KEY, "empreinte": "AB" * 32},
        qualite="Adjointe",
        budgets=["045/00"],
        delegation=delegation,
        portee="fichier",
    )
    assert found.whole
    assert (found.nom, found.qualite, found.typed, found.unattended) == (
        "Claire Témoin",
        "Adjointe",
        True,
        False,
    )
    assert (found.budgets, found.fingerprint) == (frozenset({"045/00"}), "ab" * 32)
    assert found.delegation == Delegation(
        reference="Arrêté n° 14",
        debut=date(2026, 4, 2),
        fin=date(2026, 12, 31),
        domaines=frozenset({Domaine.DEPENSE}),
        plafond=Decimal("5000.00"),
    )


def test_a_label_means_every_budget_that_bears_it(tmp_path: Path) -> None:
    found = _signataire(tmp_path, KEY, budgets=["EAU"])
    assert found.budgets == {"045/02", "045/03"}
    other = _signataire(tmp_path, KEY)
    assert (other.budgets, other.whole) == (frozenset(), False)


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_key_in_pem_is_opened_with_what_is_typed(
    tmp_path: Path, pki: Pki, encrypted: bool
) -> None:
    signer = load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="p12")
    protection = BestAvailableEncryption(b"abc") if encrypted else NoEncryption()
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
    key.chmod(0o600)
    certificate.write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    found = _signataire(tmp_path, {"type": "pem", "cle": key, "certificat": certificate})
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "abc"

    with found.open(Person(ask=ask)) as opened:
        assert opened.certificate == signer.certificate
    question = "Mot de passe de la clé « k.pem » (rien ne s'affiche) : "
    assert asked == ([question] if encrypted else [])
    assert found.public() == signer.certificate
    if encrypted:
        with pytest.raises(FaultError) as caught, found.open(None):
            pass
        assert caught.value.faults.codes == ("SIG-NOBODY",)
    key.chmod(0o644)
    with pytest.raises(FaultError) as caught, found.open(Person(ask=ask)):
        pass
    assert caught.value.faults.codes == ("CFG-SECRET_MODE",)


@pytest.mark.parametrize(
    "cle",
    [
        KEY,
        {"type": "pem", "cle": "/k.pem", "certificat": "/c.pem"},
        {"type": "pkcs11", "module": "/m.so"},
    ],
)
def test_a_key_that_is_not_there_is_told_without_its_secret(
    tmp_path: Path, cle: dict[str, object]
) -> None:
    with pytest.raises(FaultError) as caught:
        _signataire(tmp_path, cle).public()
    assert caught.value.faults.codes == ("CFG-KEY_FILE",)


def test_a_passphrase_that_others_may_read_opens_no_line(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("client.pem", "client.key", "client.passe"):
        (secrets / name).write_text("x")
        (secrets / name).chmod(0o644)
    shipment = Shipment(flux=Flux.HELIOS, file_name="P.xml", content=b"<x/>", key="P")
    with (
        open_office(_config(tmp_path), clock=CLOCK) as office,
        pytest.raises(FaultError) as caught,
    ):
        office.authorities[0].connector.deposit(shipment)
    assert caught.value.faults.codes == ("CFG-SECRET_MODE",)


def test_revocation_is_kept_once_for_all_and_the_line_is_known(tmp_path: Path) -> None:
    ac = FictionalAuthority(CLOCK.now())
    line = ac.issue("Télétransmission")
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (line, ac.certificate))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/client.pem").write_bytes(pem)
    (tmp_path / "confiance").mkdir()
    item = _collectivite(tmp_path, confiance=tmp_path / "confiance")
    with open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK) as office:
        (authority,) = office.authorities
        assert office.revocation is not None
        assert office.revocation.folder.folder == tmp_path / "donnees/revocation"
        assert authority.trust.kept == office.revocation.folder
        assert authority.line_certificates() == (line, ac.certificate)
        (tmp_path / "secrets/client.pem").write_text("x")
        assert authority.line_certificates() == ()
        (tmp_path / "secrets/client.pem").unlink()
        assert authority.line_certificates() == ()


def _exchange(folder: Path, **changes: object) -> dict[str, object]:
    for name in ("entree", "sortie"):
        (folder / "partage" / name).mkdir(parents=True, exist_ok=True)
    return {"type": "echange", "url": f"file://{folder}/partage", **changes}


def test_an_authority_may_use_an_exchange(tmp_path: Path) -> None:
    item = _collectivite(tmp_path, tdt=_exchange(tmp_path, accuses=True))
    with open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK) as office:
        (authority,) = office.authorities
        assert authority.connector.name == "echange"
        assert authority.connector.acknowledges_courriers
        assert authority.connector.test().startswith("OK")
        assert (authority.line_expires(), authority.line_certificates()) == (None, ())


def test_the_classification_is_asked_for_once_a_day(tmp_path: Path) -> None:
    item = _collectivite(tmp_path, tdt=_exchange(tmp_path))
    config = _config(tmp_path, collectivites=[item], trigramme="XYZ", application="EACT")
    for _ in range(2):  # by another process too
        with open_office(config, clock=CLOCK) as office:
            connector = office.authorities[0].connector
            if not list((tmp_path / "partage" / "entree").iterdir()):
                connector.request_classification(date(2025, 9, 1))
            with pytest.raises(Refused) as caught:
                connector.request_classification(None)
            assert caught.value.faults.codes == ("CON-CLASSIFICATION_DAILY",)
    (laid,) = (tmp_path / "partage" / "entree").iterdir()
    assert laid.name == "XYZ-EACT--000000000--20261008-1.tar.gz"
    (message,) = read_archive(laid.read_bytes()).messages.values()
    assert parse_inbound(message) == DemandeClassification(date=date(2025, 9, 1))


def test_acts_and_pes_may_go_two_ways(tmp_path: Path, pki: Pki) -> None:
    item = _collectivite(tmp_path, tdt_helios=_exchange(tmp_path))
    with open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK) as office:
        connector = office.authorities[0].connector
        assert connector.name == "s2low+echange"
        assert connector.acknowledges_courriers  # S²LOW sends the receipts of the letters
        assert connector.retours() == ()  # asked of the share: nobody listens for S²LOW
        pes = Shipment(flux=Flux.HELIOS, file_name="a.xml", content=b"<a/>", key="a")
        assert connector.deposit(pes) == "a.xml"
        with pytest.raises(ConnectorError):
            connector.courriers()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "127.0.0.1"),
        ({"tdt": {"type": "echange", "url": "file:///srv/echange"}}, "/srv/echange"),
        (
            {"tdt_helios": {"type": "echange", "url": "file:///srv/echange"}},
            "127.0.0.1+/srv/echange",
        ),
    ],
)
def test_a_share_that_does_not_answer_stops_no_other_authority(
    tmp_path: Path, changes: dict[str, object], line: str
) -> None:
    """Each share is a line, and two ways are a third one."""
    item = _collectivite(tmp_path, **changes)
    with open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK) as office:
        assert office.authorities[0].line == line


def test_the_secrets_of_an_exchange_are_known(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    keys = {"cle": "sftp", "mot_de_passe": "sftp.passe", "mot_de_passe_compte": "compte.passe"}
    for name in keys.values():
        (secrets / name).write_bytes(b"x")
        (secrets / name).chmod(0o644)
    table = {key: secrets / name for key, name in keys.items()}
    for where in ("tdt", "tdt_helios"):
        item = _collectivite(tmp_path, **{where: _exchange(tmp_path, **table)})
        found = dict(secret_files(_config(tmp_path, collectivites=[item])))
        assert {path.name for path, exposed in found.items() if exposed} >= set(keys.values())


def test_a_key_that_others_may_read_opens_no_share(tmp_path: Path) -> None:
    key = tmp_path / "cle"
    key.write_bytes(b"x")
    key.chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        table = _exchange(
            tmp_path,
            url=f"sftp://mairie@127.0.0.1:{port}/",
            cle=key,
            empreinte_hote=["SHA256:" + "A" * 43],
        )
        config = _config(tmp_path, collectivites=[_collectivite(tmp_path, tdt=table)])
        with open_office(config, clock=CLOCK) as office:
            with pytest.raises(AuthenticationRefused) as caught:
                office.authorities[0].connector.test()
            assert caught.value.faults.codes == ("CFG-SECRET_MODE",)
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):  # nobody was even called
            listening.accept()


def test_lines_bear_what_the_configuration_says(tmp_path: Path) -> None:
    rythme = {
        "envois_par_heure": 100,
        "octets_par_heure": 1_000,
        "plages_muettes": ["22:00-06:00"],
        "echecs_avant_pause": 2,
        "pause_secondes": 10,
        "tdt": [
            {"hote": "TDT.exemple", "envois_simultanes": 1, "plages_muettes": []},
            {"hote": "autre.exemple", "octets_par_heure": 5},
        ],
    }
    with open_office(_config(tmp_path, rythme=rythme), clock=CLOCK) as office:
        pace = office.store._pace
        assert office.authorities[0].line == "127.0.0.1"
    assert pace is not None
    assert (pace.per_hour, pace.failures, pace.reopening.base) == (100, 2, timedelta(seconds=10))
    night = (parse_plage("22:00-06:00"),)
    assert pace.of("127.0.0.1") == LinePace(simultaneous=4, bytes_per_hour=1_000, quiet=night)
    assert pace.of("tdt.exemple") == LinePace(simultaneous=1, bytes_per_hour=1_000)
    assert pace.of("autre.exemple") == LinePace(simultaneous=4, bytes_per_hour=5, quiet=night)


def test_everything_that_a_line_needs_comes_from_the_configuration(tmp_path: Path) -> None:
    """A PKCS#12, a login, an agent, a fingerprint, and acts left to be confirmed, over real TLS."""
    live = make_pki(tmp_path / "pki", now=SystemClock().now())
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, text in (("p12.passe", live.client.passphrase), ("compte.passe", "secret-fictif")):
        (secrets / name).write_text(text)
        (secrets / name).chmod(0o600)
    agent = load_pem_x509_certificate(live.maire.certificate.read_bytes())
    server_certificate = load_pem_x509_certificate(live.server.certificate.read_bytes())
    digest = server_certificate.fingerprint(SHA256()).hex(":").upper()
    with RawServer(live) as server:
        server.on("/modules/actes/actes_transac_create.php", http(b"OK\n4711\n"))
        tdt = {
            "type": "s2low",
            "url": server.url,
            "certificat_p12": live.client.p12,
            "mot_de_passe": secrets / "p12.passe",
            "autorite": live.ca_bundle,
            "empreintes_serveur": ["00" * 32, digest],
            "identifiant": "mairie",
            "mot_de_passe_compte": secrets / "compte.passe",
            "certificat_agent": live.maire.certificate,
            "en_attente": True,
            "a_signer": True,
            "pieces": ["bordereau"],
        }
        item = _collectivite(tmp_path, tdt=tdt)
        with open_office(_config(tmp_path, collectivites=[item])) as office:
            (authority,) = office.authorities
            assert authority.connector.deposit(make_acte()) == "4711"
            assert authority.connector.papers_offered == {PaperKind.BORDEREAU}
            (line, *_) = authority.line_certificates()
            assert authority.line_expires() == paris_date(line.not_valid_after_utc)
        posted = server.of("/modules/actes/actes_transac_create.php")
    assert b64decode(posted.headers["authorization"][6:]) == b"mairie:secret-fictif"
    forwarded = b64decode(posted.headers["org.s2low.forward-x509-identification"])
    assert forwarded == agent.public_bytes(Encoding.DER)
    assert (posted.field("en_attente"), posted.field("must_signed")) == ([b"1"], [b"1"])


def test_a_pkcs12_is_opened_once_until_it_is_renewed(tmp_path: Path, pki: Pki) -> None:
    """Opening one costs a fifth of a second, and each exchange has its own connection."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    file, passphrase = secrets / "client.p12", secrets / "p12.passe"

    def renew(identity: Identity) -> None:
        file.write_bytes(identity.p12.read_bytes())
        passphrase.write_text(identity.passphrase)
        passphrase.chmod(0o600)

    def line() -> bytes:
        (first, *_) = authority.line_certificates()
        return first.public_bytes(Encoding.PEM)

    renew(pki.client)
    tdt = {
        "type": "s2low",
        "url": "https://127.0.0.1:9",
        "certificat_p12": file,
        "mot_de_passe": passphrase,
    }
    item = _collectivite(tmp_path, tdt=tdt)
    opened: list[bytes] = []

    def counted(content: bytes, secret: str, *, name: str) -> tuple[bytes, str]:
        opened.append(content)
        return repack_pkcs12(content, secret, name=name)

    with open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK) as office:
        (authority,) = office.authorities
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("demat.compose_tdt.repack_pkcs12", counted)
            before = [line() for _ in range(3)]
            assert len(opened) == 1
            renew(pki.unknown_client)  # no restart is needed
            after = [line() for _ in range(2)]
            assert len(opened) == 2
    assert len({*before}) == len({*after}) == 1
    assert before[0] != after[0]


def test_a_pkcs12_that_does_not_open_is_told_by_the_line_alone(tmp_path: Path, pki: Pki) -> None:
    """Its end cannot be told either; the office opens all the same."""
    tdt = {"type": "s2low", "url": "https://127.0.0.1:9", "certificat_p12": pki.client.p12}
    item = _collectivite(tmp_path, tdt=tdt)
    with open_office(_config(tmp_path, collectivites=[item]), clock=CLOCK) as office:
        (authority,) = office.authorities
        assert authority.line_expires() is None
        assert authority.line_certificates() == ()
        with pytest.raises(AuthenticationRefused) as caught:
            authority.connector.deposit(make_acte())
    assert caught.value.faults.codes == ("SIG-PASSPHRASE",)
