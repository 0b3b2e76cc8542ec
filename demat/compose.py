"""Builds the engine from the configuration: the only place where implementations are chosen."""

import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from demat import __version__
from demat.actes.model import Emetteur
from demat.actes.numerotation import Numerotation
from demat.actes.tampon import ReglageTampon
from demat.clock import Clock, SystemClock, paris_date
from demat.compose_tdt import (
    TdtMeans,
    client_pem,
    connector_of,
    credentials_of,
    line_of,
    readable,
    secret_paths,
)
from demat.config import (
    INVITE,
    AntivirusConfig,
    AsapConfig,
    BudgetConfig,
    CleConfig,
    ClePemConfig,
    ClePkcs11Config,
    ClePkcs12Config,
    CollectiviteConfig,
    Config,
    DelegationConfig,
    DocumentsS3Config,
    RythmeConfig,
    RythmeTdtConfig,
    SignataireConfig,
    TamponConfig,
)
from demat.connectors.clamd import ClamdClient, ClamdSettings
from demat.connectors.revocation import RevocationClient
from demat.connectors.tsa import TsaClient, TsaSettings
from demat.connectors.watched import watched
from demat.engine.health import Limits
from demat.engine.office import (
    Antivirus,
    Authority,
    Office,
    PublicationTarget,
    Revocation,
    Settings,
    StampingMeans,
)
from demat.engine.signataires import Delegation, Person, Signataire
from demat.faults import Fault, FaultError, Severity
from demat.helios.asap import Organisme, ReglagesAsap
from demat.helios.model import Adresse, Budget, Domaine, EmetteurPes
from demat.helios.plan import (
    PlanBudget,
    plan_key,
    read_comptes,
    read_grille_tiers,
    read_grille_triplets,
)
from demat.helios.text import transliterate
from demat.intake.folders import Folders
from demat.intake.mapping import ExportMapping, load_mapping
from demat.labels_fr.catalogue import explain
from demat.queue.database import Database, file_of, with_password
from demat.queue.documents import DocumentFolder, DocumentStore
from demat.queue.documents_s3 import DocumentBucket, S3Settings
from demat.queue.moving import Copying, move_everything
from demat.queue.pace import LinePace, Pace, parse_plage
from demat.queue.retry import RetryPolicy
from demat.queue.store import Store
from demat.schemas.installed import catalogue_of
from demat.secret import Prompt, SecretFile, ask_pin, parse_source, read_private, read_secret
from demat.signing.certificate import (
    Certificate,
    all_certificates,
    expiry_of,
    first_certificate,
)
from demat.signing.keys import Signer, is_encrypted, load_pem, load_pkcs12
from demat.signing.pin import PinSource
from demat.signing.policy import HELIOS_1_7, PolitiqueSignature, SignatureOptions
from demat.signing.revocation_folder import RevocationFolder
from demat.signing.token import TokenSettings, open_token
from demat.signing.trust import TrustStore

if TYPE_CHECKING:
    from demat.queue.tasks import TaskQueue
from demat.supervision.settings import Address, SupervisionSettings

__all__ = [
    "Moved",
    "database_file",
    "documents_of",
    "move_store",
    "open_office",
    "open_store",
    "open_tasks",
    "secret_files",
    "supervision_of",
]

Row = TypeVar("Row")


@contextmanager
def open_store(
    config: Config, *, clock: Clock | None = None, base: Path | None = None
) -> Iterator[Store]:
    """Open the store alone; close it at the end.

    :param base: an SQLite file in the place of the configured database.
    :raises FaultError: ``CFG-…``, ``QUE-…``.
    """
    address = _base(config) if base is None else f"sqlite:///{base}"
    store = Store.open(
        address, documents_of(config), clock or SystemClock(), pace=_pace(config.rythme)
    )
    try:
        yield store
    finally:
        store.close()


def database_file(config: Config) -> Path | None:
    """Return the file of the database; ``None`` when it is a server's."""
    return file_of(_base(config))


@contextmanager
def open_office(
    config: Config, *, clock: Clock | None = None, base: Path | None = None
) -> Iterator[Office]:
    """Open the store and build every authority; close the store at the end.

    :param base: an SQLite file in the place of the configured database.
    :raises FaultError: ``CFG-…``, ``SIG-…``, ``QUE-…`` when something configured cannot be used.
    """
    clock = clock or SystemClock()
    with open_store(config, clock=clock, base=base) as store, ExitStack() as closing:
        means = TdtMeans(config=config, store=store, clock=clock, closing=closing)
        yield Office(
            store=store,
            clock=clock,
            settings=_settings(config),
            explain=explain,
            authorities=tuple(_authority(item, means) for item in config.collectivites),
            catalogue=catalogue_of(config.donnees / "schemas"),
            antivirus=_antivirus(config.antivirus),
            revocation=Revocation(folder=_revocation(config), source=RevocationClient()),
            stamping=_stamping(config),
        )


def documents_of(config: Config) -> DocumentStore:
    """Return where the documents are kept.

    :raises FaultError: ``CFG-S3_LIBRARY``, ``CFG-SECRET_…``, ``CFG-KEYRING…``, ``QUE-FOLDER``.
    """
    if not config.documents:
        return DocumentFolder(config.donnees / "documents")
    bucket, _, prefix = config.documents.removeprefix("s3://").partition("/")
    item = config.documents_s3 or DocumentsS3Config()
    secret = ""
    if item.secret:
        secret = read_secret(parse_source(item.secret, Path()), question="", ask=None)
    settings = S3Settings(
        bucket=bucket,
        prefix=prefix.strip("/"),
        address=item.adresse.rstrip("/"),
        region=item.region,
        access_key=item.cle_acces,
        secret_key=secret,
        authority=readable(item.autorite).read_bytes() if item.autorite else None,
    )
    return DocumentBucket(settings)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """What was moved."""

    vers: str
    """Address of the database that holds it, without its password."""
    rows: Mapping[str, int]
    """Rows of each table."""
    documents: int
    """Documents that were copied; the others were there."""


def move_store(
    config: Config,
    wanted: Config,
    *,
    clock: Clock | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Moved:
    """Move the database, and the documents when ``wanted`` keeps them elsewhere.

    Most documents are copied while others still work, the last ones once the database is closed.

    :param wanted: configuration that names the new places; only ``base…``, ``documents…`` and
        ``donnees`` count.
    :param progress: is told how many documents were copied, and of how many.
    :raises FaultError: ``QUE-…``, ``CFG-…``.
    """
    clock = clock or SystemClock()
    kept = documents_of(config)
    copying = Copying(kept, documents_of(wanted), progress)
    vers = wanted.base or _sqlite(wanted)
    with (
        closing(Database(_base(config), closed_too=True)) as source,
        closing(Database(_base(wanted))) as target,
    ):
        Store(source, kept, clock).recover_expired()
        copying.copy_new()
        rows = move_everything(source, target, vers, clock.now(), once_closed=copying.copy_new)
    return Moved(vers=vers, rows=rows, documents=copying.copied)


def open_tasks(config: Config) -> "TaskQueue":
    """Open the tasks that workers share.

    :raises FaultError: ``CFG-WORKER_DATABASE``, ``CFG-WORKER_LIBRARY``.
    """
    if not config.base.startswith("postgresql"):
        raise FaultError(Fault(code="CFG-WORKER_DATABASE"))
    try:
        from demat.queue.tasks import TaskQueue
    except ImportError as error:
        params = {"bibliotheque": error.name or "procrastinate"}
        raise FaultError(Fault(code="CFG-WORKER_LIBRARY", params=params)) from error
    return TaskQueue(_base(config))


def supervision_of(config: Config, *, listen: str = "") -> SupervisionSettings:
    """Return how the installation is to be seen from outside.

    :param listen: where this process listens, instead of what the configuration says.
    :raises FaultError: ``CFG-LISTEN`` when that is no address.
    """
    item, found = config.supervision, config.supervision.seuils
    address = listen or item.ecoute
    return SupervisionSettings(
        folder=config.donnees,
        listen=Address.parse(address) if address else None,
        traces=item.traces,
        limits=Limits(
            unsent=(found.envoi_heures, found.envoi_panne_heures),
            actes=(found.acte_heures, found.acte_panne_heures),
            pes=(found.pes_heures, found.pes_panne_heures),
            unknown=(found.inconnu_heures, found.inconnu_panne_heures),
            night=(found.nuit_heures, found.nuit_panne_heures),
            certificate_days=found.certificat_jours,
            list_days=found.liste_jours,
            disk_percent=(found.disque_pourcent, found.disque_panne_pourcent),
            disk_megabytes=(found.disque_mo, found.disque_panne_mo),
        ),
    )


def _base(config: Config) -> str:
    """Return the address of the database, its password included."""
    if config.base_mot_de_passe is not None:
        return with_password(config.base, SecretFile(config.base_mot_de_passe).read())
    return config.base or _sqlite(config)


def _sqlite(config: Config) -> str:
    return f"sqlite:///{config.donnees / 'demat.sqlite3'}"


def _revocation(config: Config) -> RevocationFolder:
    """Return where the lists of revocation are kept, for all the authorities together."""
    return RevocationFolder(config.donnees / "revocation")


def _trust(folder: Path | None, config: Config) -> TrustStore:
    if folder is None:
        return TrustStore()
    return replace(TrustStore.from_folder(folder), kept=_revocation(config))


def _antivirus(item: AntivirusConfig | None) -> Antivirus | None:
    if item is None:
        return None
    return ClamdClient(ClamdSettings(address=item.adresse, silence=item.delai_secondes))


def _stamping(config: Config) -> StampingMeans | None:
    item = config.horodatage
    if item is None:
        return None
    credentials = None
    if item.identifiant and item.mot_de_passe is not None:
        credentials = credentials_of(item.identifiant, item.mot_de_passe)
    settings = TsaSettings(
        url=item.url,
        ca_file=item.autorite,
        credentials=credentials,
        policy=item.politique,
        silence=item.delai_secondes,
    )
    trust = _trust(item.confiance, config)
    return StampingMeans(authority=TsaClient(settings), trust=trust)


def _settings(config: Config) -> Settings:
    return Settings(
        trigramme=config.trigramme,
        application=config.application,
        emetteur_pes=EmetteurPes(sigle=config.editeur, adresse=f"demat {__version__}"),
        settle=timedelta(seconds=config.stabilite_secondes),
        retry=RetryPolicy(
            base=timedelta(seconds=max(config.envoi_attente_secondes, 0.001)),
            cap=timedelta(hours=6),
            max_attempts=config.envoi_tentatives,
        ),
        max_actes_bytes=config.taille_maximale_actes,
        max_pes_bytes=config.taille_maximale_pes,
        max_pj_bytes=config.taille_maximale_pj,
        lease=timedelta(seconds=config.rythme.bail_secondes),
        processing=timedelta(seconds=config.rythme.processus_secondes),
        collecting=timedelta(minutes=config.rythme.releve_minutes),
        pes_levels={code: Severity(level) for code, level in config.niveaux_pes.items()},
        grille_triplets=_table(config.grille_triplets, read_grille_triplets),
        grille_tiers=_table(config.grille_tiers, read_grille_tiers),
    )


def _pace(rythme: RythmeConfig) -> Pace:
    line = LinePace(
        simultaneous=rythme.envois_simultanes,
        bytes_per_hour=rythme.octets_par_heure,
        quiet=tuple(map(parse_plage, rythme.plages_muettes)),
    )
    return Pace(
        per_hour=rythme.envois_par_heure,
        failures=rythme.echecs_avant_pause,
        reopening=RetryPolicy(
            base=timedelta(seconds=rythme.pause_secondes), cap=timedelta(hours=6)
        ),
        line=line,
        lines={item.hote.lower(): _line_pace(item, line) for item in rythme.tdt},
    )


def _line_pace(item: RythmeTdtConfig, others: LinePace) -> LinePace:
    plages = item.plages_muettes
    return LinePace(
        simultaneous=item.envois_simultanes or others.simultaneous,
        bytes_per_hour=item.octets_par_heure or others.bytes_per_hour,
        quiet=others.quiet if plages is None else tuple(map(parse_plage, plages)),
    )


def _table(path: Path | None, read: Callable[[bytes], frozenset[Row]]) -> frozenset[Row]:
    """Read a table that the authority added; none means that it has none.

    :raises FaultError: ``CFG-GRID_…``, with the name of the file and the line.
    """
    if path is None:
        return frozenset()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FaultError(Fault(code="CFG-GRID_FILE", params={"path": str(path)})) from error
    try:
        return read(content)
    except FaultError as error:
        raise FaultError(error.faults.within(path.name)) from error


def _plan(budget: BudgetConfig) -> PlanBudget:
    return PlanBudget(
        nomenclature=budget.nomenclature,
        vote_par_fonction=budget.vote_par_fonction,
        codes_produit=budget.codes_produit,
        comptes=_table(budget.plan_comptes, read_comptes),
    )


def _authority(item: CollectiviteConfig, means: TdtMeans) -> Authority:
    config = means.config
    emetteur = _emetteur(item)
    return Authority(
        nom=item.nom,
        siren=item.siren,
        siret=item.siret,
        folders=Folders(item.dossier),
        emetteur=emetteur,
        budgets=tuple(
            Budget(
                id_post=budget.id_post,
                siret=budget.siret,
                cod_col=budget.cod_col,
                cod_bud=budget.cod_bud,
                libelle=budget.libelle,
                fin_jur=budget.fin_jur,
            )
            for budget in item.budgets
        ),
        civilites=item.civilites,
        connector=watched(connector_of(item, emetteur, means), item.siren),
        signataires=tuple(
            _signataire(one, item, config.donnees / "jetons") for one in item.signataires
        ),
        trust=_trust(item.confiance, config),
        publication=_publication(item),
        line_expires=lambda: _expiry(item),
        line_certificates=lambda: _line(item),
        plans={plan_key(one.cod_col, one.cod_bud): _plan(one) for one in item.budgets},
        asap={
            plan_key(one.cod_col, one.cod_bud): _asap(one.asap, one.libelle)
            for one in item.budgets
            if one.asap is not None
        },
        mappings=tuple(map(_mapping, item.correspondances)),
        numerotation=Numerotation(item.numerotation) if item.numerotation else None,
        tampon=_tampon(item.tampon),
        line=line_of(item),
        exchanges=means.exchanges(item),
    )


def _emetteur(item: CollectiviteConfig) -> Emetteur:
    return Emetteur(
        siren=item.siren,
        departement=item.departement,
        arrondissement=item.arrondissement,
        nature=item.nature,
        adresses_retour=item.adresses_retour,
        referent_nom=item.referent_nom,
        referent_telephone=item.referent_telephone,
        referent_email=item.referent_email,
    )


def _tampon(item: TamponConfig) -> ReglageTampon | None:
    if not item.actif:
        return None
    return ReglageTampon(pages=item.pages, coin=item.coin, x=item.x, y=item.y, largeur=item.largeur)


def _asap(asap: AsapConfig, libelle: str) -> ReglagesAsap:
    """Return what the avis of a budget need, in the characters that Hélios can receive."""
    said = {
        name: transliterate(value)[0]
        for name, value in asap.model_dump().items()
        if isinstance(value, str)
    }
    return ReglagesAsap(
        emetteur=_organisme(libelle, said, ""),
        tiers_emetteur=(asap.categorie_tiers, asap.nature_juridique),
        signataire=(said["signataire_nom"], said["signataire_prenom"], said["signataire_qualite"]),
        ref_bdf=asap.ref_bdf,
        ics=asap.ics,
        tip=asap.mode_recouvrement == "tip",
        code_tipi=asap.code_tipi,
        adresse_tipi=said["adresse_tipi"],
        centre=Adresse(
            adr2="",
            adr3=said["centre_adresse3"],
            cp=asap.centre_cp,
            ville=said["centre_ville"],
        ),
        tresorerie=_organisme(said["tresorerie_nom"], said, "tresorerie_"),
        talon=asap.talon,
        modalites_reglement=said["modalites_reglement"],
        modalites_contestation=said["modalites_contestation"],
    )


def _organisme(nom: str, said: Mapping[str, str], prefix: str) -> Organisme:
    return Organisme(
        nom=transliterate(nom)[0],
        adresse=Adresse(
            adr1=said[f"{prefix}adresse1"],
            adr2=said[f"{prefix}adresse2"],
            adr3=said[f"{prefix}adresse3"],
            cp=said[f"{prefix}cp"],
            ville=said[f"{prefix}ville"],
        ),
        telephone=said[f"{prefix}telephone"],
        horaires=said[f"{prefix}horaires"],
        courriel=said[f"{prefix}courriel"],
    )


def _mapping(path: Path) -> ExportMapping:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FaultError(Fault(code="CFG-MAPPING_FILE", params={"path": str(path)})) from error
    return load_mapping(content, path.name)


def _publication(item: CollectiviteConfig) -> PublicationTarget | None:
    if item.publication is None:
        return None
    return PublicationTarget(
        folder=item.publication.dossier,
        url=item.publication.url.rstrip("/"),
        signataire=item.publication.signataire,
        qualite=item.publication.qualite,
    )


def _expiry(item: CollectiviteConfig) -> date | None:
    """Return the last day of a client certificate; one that cannot be read is told by the line."""
    instant = expiry_of(client_pem(item))
    return paris_date(instant) if instant else None


def _line(item: CollectiviteConfig) -> tuple[Certificate, ...]:
    """Return a client certificate and those of its authorities."""
    return all_certificates(client_pem(item))


def _signataire(
    item: SignataireConfig, collectivite: CollectiviteConfig, memory: Path
) -> Signataire:
    return Signataire(
        nom=item.nom,
        options=_options(item),
        open=lambda person: _opened(item.cle, person, memory),
        public=lambda: _public(item.cle),
        typed=item.cle.secret == INVITE,
        unattended=item.sans_surveillance,
        whole=item.portee == "fichier",
        budgets=frozenset(
            plan_key(one.cod_col, one.cod_bud)
            for one in collectivite.budgets
            if {f"{one.cod_col}/{one.cod_bud}", one.libelle} & item.budgets
        ),
        delegation=_delegation(item.delegation) if item.delegation else None,
        fingerprint=item.cle.empreinte,
    )


def _delegation(item: DelegationConfig) -> Delegation:
    return Delegation(
        reference=item.reference,
        debut=item.debut,
        fin=item.fin,
        domaines=frozenset(map(Domaine, item.flux)),
        plafond=item.plafond,
    )


def _options(item: SignataireConfig) -> SignatureOptions:
    policy = HELIOS_1_7
    if item.politique is not None:
        policy = PolitiqueSignature(
            identifier=item.politique.identifiant,
            description=item.politique.description,
            digest_algorithm=item.politique.algorithme,
            digest_value=item.politique.empreinte,
            spuri=item.politique.spuri,
        )
    return SignatureOptions(
        role=item.qualite,
        city=item.ville,
        postal_code=item.code_postal,
        country=item.pays,
        policy=policy,
        namespace=item.espace_de_noms,
    )


@contextmanager
def _opened(cle: CleConfig, person: Person | None, memory: Path) -> Iterator[Signer]:
    """Open a key for as long as it is needed.

    :param memory: folder where the refused PINs of tokens are remembered.
    :raises FaultError: ``SIG-…``, ``CFG-…``.
    """
    source = parse_source(cle.secret, Path())
    ask = person.ask if person else None
    if isinstance(cle, ClePkcs11Config):
        pins = PinSource(
            memory=memory,
            kept=None if isinstance(source, Prompt) else source,
            ask=ask_pin(ask) if ask else None,
            last_try=person is not None and person.last_try,
        )
        with open_token(_token(cle), pins) as signer:
            yield signer
        return
    path = cle.fichier if isinstance(cle, ClePkcs12Config) else cle.cle
    question = f"Mot de passe de la clé « {path.name} » (rien ne s'affiche) : "

    def secret() -> str:
        return read_secret(source, question=question, ask=ask)

    yield _key_file(cle, secret)


def _key_file(cle: ClePkcs12Config | ClePemConfig, secret: Callable[[], str]) -> Signer:
    if isinstance(cle, ClePkcs12Config):
        content = readable(cle.fichier).read_bytes()
        return load_pkcs12(content, secret(), name=cle.fichier.name)
    certificate = readable(cle.certificat).read_bytes()
    key = read_private(readable(cle.cle))
    passphrase = secret() if is_encrypted(key) else None
    return load_pem(certificate, key, passphrase, name=cle.cle.name)


def _token(cle: ClePkcs11Config) -> TokenSettings:
    return TokenSettings(
        module=cle.module,
        label=cle.jeton,
        serial=cle.numero_de_serie,
        key_label=cle.libelle,
        key_id=cle.identifiant,
        certificate=readable(cle.certificat).read_bytes() if cle.certificat else None,
    )


def _public(cle: CleConfig) -> Certificate | None:
    """Return the certificate that lies beside a key, which is read without its secret.

    :raises FaultError: ``CFG-KEY_FILE`` when what holds the key is not there.
    """
    if isinstance(cle, ClePkcs12Config):
        readable(cle.fichier)
        return None
    readable(cle.module if isinstance(cle, ClePkcs11Config) else cle.cle)
    return first_certificate(readable(cle.certificat).read_bytes()) if cle.certificat else None


def secret_files(config: Config) -> Iterator[tuple[Path, bool]]:
    """Yield every file that holds a secret, and whether others than its owner may read it."""
    for path in _secret_paths(config):
        if path is not None and path.is_file():
            open_to_others = path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
            yield path, bool(open_to_others)


def _secret_paths(config: Config) -> Iterator[Path | None]:
    yield config.base_mot_de_passe
    if config.horodatage is not None:
        yield config.horodatage.mot_de_passe
    if config.documents_s3 is not None and Path(config.documents_s3.secret).is_absolute():
        yield Path(config.documents_s3.secret)
    for item in config.collectivites:
        paths = list(secret_paths(item))
        paths += [path for one in item.signataires for path in _key_files(one.cle)]
        yield from paths


def _key_files(cle: CleConfig) -> Iterator[Path]:
    if isinstance(cle, ClePkcs12Config):
        yield cle.fichier
    elif isinstance(cle, ClePemConfig):
        yield cle.cle
    if Path(cle.secret).is_absolute():
        yield Path(cle.secret)
