"""Chooses how an authority reaches its tiers de télétransmission, from the configuration."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from demat.actes.envelope import build_archive_demande_classification
from demat.actes.model import Emetteur
from demat.clock import Clock, date8, paris_date
from demat.config import CollectiviteConfig, Config, EchangeConfig, S2lowConfig, TdtConfig
from demat.connectors.api import Connector, PaperKind
from demat.connectors.dump import Dump, FolderDump, NoDump
from demat.connectors.echange import Accompagnement, EchangeConnector, EchangeSettings
from demat.connectors.http import ClientBundle, ClientCredential, Timeouts
from demat.connectors.par_flux import ParFlux
from demat.connectors.partage import Partage
from demat.connectors.partage_dossier import DossierPartage
from demat.connectors.s2low import S2lowConnector, S2lowSettings
from demat.faults import Fault, FaultError
from demat.queue.store import Store
from demat.secret import SecretFile, read_private
from demat.signing.certificate import certificate_der
from demat.signing.keys import repack_pkcs12

__all__ = [
    "TdtMeans",
    "client_pem",
    "connector_of",
    "credentials_of",
    "line_of",
    "readable",
    "secret_paths",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class TdtMeans:
    """What a connector needs besides its own table."""

    config: Config
    store: Store
    clock: Clock
    closing: ExitStack
    """Closes what a connector holds open, when the office is closed."""

    def exchanges(self, item: CollectiviteConfig) -> Path | None:
        """Return the folder of the raw copies of the exchanges of an authority, if kept."""
        if not self.config.conserver_echanges:
            return None
        return self.config.donnees / "echanges" / item.siren

    def dump(self, item: CollectiviteConfig) -> Dump:
        """Return where the raw copies of the exchanges of an authority go."""
        folder = self.exchanges(item)
        return NoDump() if folder is None else FolderDump(folder, self.clock)


def connector_of(item: CollectiviteConfig, emetteur: Emetteur, means: TdtMeans) -> Connector:
    """Return the connector of an authority; two in one when its PES go another way."""
    tdt = item.tdt
    if isinstance(tdt, EchangeConfig):
        connector: Connector = _echange(tdt, item, means, _classification(item, emetteur, means))
    else:
        connector = _s2low(tdt, item, means)
    if item.tdt_helios is None:
        return connector
    return ParFlux(connector, _echange(item.tdt_helios, item, means, None))


def line_of(item: CollectiviteConfig) -> str:
    """Return the name of the line by which an authority sends (``demat.queue.pace``).

    Two ways make a line of their own: what one of them does must not stop others who use the other.
    """
    ways: tuple[TdtConfig | None, ...] = (item.tdt, item.tdt_helios)
    return "+".join(_host(tdt.url) for tdt in ways if tdt is not None)


def _host(url: str) -> str:
    address = urlsplit(url)
    return address.hostname or address.path


def client_pem(item: CollectiviteConfig) -> bytes:
    """Return the certificate shown to the other side; empty where there is none, or no reading."""
    tdt = item.tdt
    if not isinstance(tdt, S2lowConfig):
        return b""
    try:
        if tdt.certificat is not None:
            return tdt.certificat.read_bytes()
        found = _client(tdt)
    except (OSError, FaultError):
        return b""
    return found.pem if isinstance(found, ClientBundle) else b""


def _s2low(tdt: S2lowConfig, item: CollectiviteConfig, means: TdtMeans) -> S2lowConnector:
    credentials = None
    if tdt.identifiant and tdt.mot_de_passe_compte is not None:
        credentials = credentials_of(tdt.identifiant, tdt.mot_de_passe_compte)
    settings = S2lowSettings(
        base_url=tdt.url,
        client_certificate=lambda: _client(tdt),
        ca_file=tdt.autorite,
        credentials=credentials,
        timeouts=Timeouts(read=tdt.delai_lecture_secondes),
        pinned=tdt.empreintes_serveur,
        forwarded_certificate=_forwarded(tdt.certificat_agent),
        en_attente=tdt.en_attente,
        must_signed=tdt.a_signer,
        papers=frozenset(map(PaperKind, tdt.pieces)),
        max_acte_bytes=means.config.taille_maximale_actes,
        max_pes_bytes=means.config.taille_maximale_pes,
    )
    return S2lowConnector(settings, dump=means.dump(item))


def _client(tdt: S2lowConfig) -> ClientCredential:
    """Return what authenticates an authority, read anew at each connection.

    :raises FaultError: ``CFG-KEY_FILE``, ``CFG-SECRET_…``, ``SIG-…``.
    """
    paths = [readable(path) for path in (tdt.certificat_p12, tdt.certificat, tdt.cle) if path]
    passphrase = SecretFile(tdt.mot_de_passe).read() if tdt.mot_de_passe else ""
    if tdt.certificat_p12 is not None:
        found = paths[0].stat()
        return _bundle(paths[0], (found.st_ino, found.st_mtime_ns, found.st_size), passphrase)
    certificate, key = paths  # the configuration was checked
    return certificate, key, passphrase


@lru_cache(maxsize=4096)
def _bundle(path: Path, version: tuple[int, ...], passphrase: str) -> ClientBundle:
    """Open a PKCS#12, which is made to take a fifth of a second: once for each version of it.

    :raises FaultError: ``SIG-…``; the next connection tries again.
    """
    pem, secret = repack_pkcs12(path.read_bytes(), passphrase, name=path.name)
    return ClientBundle(pem=pem, passphrase=secret)


def _forwarded(path: Path | None) -> Callable[[], bytes] | None:
    """Return what reads the certificate of an agent, DER, when it is needed."""
    return None if path is None else lambda: certificate_der(readable(path).read_bytes())


def _echange(
    tdt: EchangeConfig,
    item: CollectiviteConfig,
    means: TdtMeans,
    ask_classification: Callable[[date | None], tuple[str, bytes]] | None,
) -> EchangeConnector:
    settings = EchangeSettings(
        sirens=frozenset({item.siren, *(budget.siret[:9] for budget in item.budgets)}),
        cod_cols=frozenset(budget.cod_col for budget in item.budgets),
        entree=tdt.entree,
        sortie=tdt.sortie,
        traites=tdt.traites,
        pris=tdt.pris,
        accompagnement=_accompagnement(tdt),
        accuses=tdt.accuses,
        ask_classification=ask_classification,
        max_acte_bytes=means.config.taille_maximale_actes,
        max_pes_bytes=means.config.taille_maximale_pes,
        settle=timedelta(seconds=means.config.stabilite_secondes),
    )
    connector = EchangeConnector(_share(tdt), settings, means.clock)
    means.closing.callback(connector.close)
    return connector


def _accompagnement(tdt: EchangeConfig) -> Accompagnement | None:
    if tdt.accompagnement == "aucun":
        return None
    return Accompagnement(
        forme=tdt.accompagnement,
        p_dest=tdt.p_dest,
        p_appli=tdt.p_appli,
        p_msg=tdt.p_msg,
        extension=tdt.extension,
    )


def _share(tdt: EchangeConfig) -> Partage:
    address = urlsplit(tdt.url)
    if address.scheme == "file":
        return DossierPartage(Path(unquote(address.path)))
    # loaded when it is needed only: its import is a good part of the start of a command
    from demat.connectors.partage_sftp import SftpPartage, SftpSettings, SftpTimeouts

    key, passphrase, password = tdt.cle, tdt.mot_de_passe, tdt.mot_de_passe_compte
    settings = SftpSettings(
        host=address.hostname or "",
        port=address.port or 22,
        user=unquote(address.username or ""),
        base=unquote(address.path) or "/",
        known_hosts=tdt.hotes_connus,
        fingerprints=tdt.empreinte_hote,
        key=(lambda: _private_key(key, passphrase)) if key is not None else None,
        password=(lambda: SecretFile(password).read()) if password is not None else None,
        timeouts=SftpTimeouts(silence=tdt.delai_secondes),
    )
    return SftpPartage(settings)


def _private_key(path: Path, passphrase: Path | None) -> tuple[str, bytes, str]:
    content = read_private(readable(path))
    return path.name, content, SecretFile(passphrase).read() if passphrase is not None else ""


def _classification(
    item: CollectiviteConfig, emetteur: Emetteur, means: TdtMeans
) -> Callable[[date | None], tuple[str, bytes]]:
    """Return what packs a message 7-1: one a day at most, whatever asks for it (§1.4.6)."""

    def pack(held: date | None) -> tuple[str, bytes]:
        today = paris_date(means.clock.now())
        if means.store.next_serial(item.siren, "demande_classification", date8(today)) > 1:
            params = {"message": f"{today:%d/%m/%Y}"}
            raise FaultError(Fault(code="CON-CLASSIFICATION_DAILY", params=params))
        archive = build_archive_demande_classification(
            held,
            emetteur,
            day=today,
            serial=means.store.next_serial(item.siren, "enveloppe", date8(today)),
            trigramme=means.config.trigramme,
            application=means.config.application,
        )
        return archive.name, archive.content

    return pack


def credentials_of(login: str, path: Path) -> Callable[[], tuple[str, str]]:
    """Return what reads a login and its password when they are needed."""
    return lambda: (login, SecretFile(path).read())


def readable(path: Path) -> Path:
    """Return a path that is a file.

    :raises FaultError: ``CFG-KEY_FILE``.
    """
    if not path.is_file():
        raise FaultError(Fault(code="CFG-KEY_FILE", params={"path": str(path)}))
    return path


def secret_paths(item: CollectiviteConfig) -> Iterator[Path | None]:
    """Yield the files of secrets of the ways to the other side."""
    ways: tuple[TdtConfig | None, ...] = (item.tdt, item.tdt_helios)
    for tdt in ways:
        if tdt is not None:
            yield from (tdt.cle, tdt.mot_de_passe, tdt.mot_de_passe_compte)
        if isinstance(tdt, S2lowConfig):
            yield tdt.certificat_p12
