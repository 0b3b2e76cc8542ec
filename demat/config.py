"""The configuration file ``demat.toml``: read once, checked whole, frozen.

Unknown keys, missing keys and wrong values are reported together, in words, before anything starts.
Secrets are never in it: it names the files that hold them.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from demat.actes.numerotation import check_pattern
from demat.actes.tampon import Coin
from demat.amounts import AmountError, parse_montant
from demat.faults import Fault, FaultError, Faults
from demat.helios.asap import check_modele
from demat.identifiers import is_departement, is_siren
from demat.queue.pace import always_quiet, parse_plage

__all__ = [
    "INVITE",
    "AntivirusConfig",
    "AsapConfig",
    "BudgetConfig",
    "CleConfig",
    "ClePemConfig",
    "ClePkcs11Config",
    "ClePkcs12Config",
    "CollectiviteConfig",
    "Config",
    "DelegationConfig",
    "DocumentsS3Config",
    "HorodatageConfig",
    "PolitiqueConfig",
    "PublicationConfig",
    "RythmeConfig",
    "RythmeTdtConfig",
    "S2lowConfig",
    "SeuilsConfig",
    "SignataireConfig",
    "SupervisionConfig",
    "TamponConfig",
    "TdtConfig",
    "load_config",
    "with_base",
]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Optional20 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)]
Optional38 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=38)]
Optional50 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)]
Text38 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=38)]
Text50 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
Text250 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=250)]
CodePostal = Annotated[str, StringConstraints(pattern=r"^\d{5}$")]
LigneTalon = Annotated[str, StringConstraints(min_length=1), AfterValidator(check_modele)]


def _clamd_address(text: str) -> str:
    if not re.fullmatch(r"/.+|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}", text):
        raise ValueError("host:port, or the absolute path of a socket")
    return text


def _listening(text: str) -> str:
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", text)
    if text and (found is None or int(found[2]) > 65_535):
        raise ValueError("host:port")
    return text


INVITE = "invite"
"""A secret that somebody types."""
_KEYRING = "trousseau:"


def _secret(text: str) -> str:
    """Accept the ways to give a secret; a path has been made absolute before."""
    if text.startswith(_KEYRING):
        service, _, account = text.removeprefix(_KEYRING).partition("/")
        if not service or not account:
            raise ValueError("trousseau:SERVICE/COMPTE")
    return text


def _pin(text: str) -> str:
    found = _fingerprint(text)
    if not found:
        raise ValueError("64 hexadecimal digits")
    return found


def _fingerprint(text: str) -> str:
    bare = re.sub(r"[\s:]", "", text).lower()
    if not re.fullmatch(r"([0-9a-f]{64})?", bare):
        raise ValueError("64 hexadecimal digits")
    return bare


def _amount(value: object) -> object:
    """Read euros without ever passing through a float."""
    if isinstance(value, bool | float):
        raise ValueError('euros, such as 5000 or "5000,00"')
    if isinstance(value, str):
        try:
            return parse_montant(value)
        except AmountError as error:
            raise ValueError(str(error)) from error
    return value


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class S2lowConfig(_Table):
    """How to reach S²LOW on behalf of one authority."""

    type: Literal["s2low"]
    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    certificat: Path | None = None
    """Client certificate, PEM with its chain; with ``cle``."""
    cle: Path | None = None
    """Its private key, PEM, encrypted or not."""
    certificat_p12: Path | None = None
    """Both in one file (``.p12``, ``.pfx``), instead of ``certificat`` and ``cle``."""
    mot_de_passe: Path | None = None
    """File (mode 600) that holds the passphrase of the key, or of ``certificat_p12``."""
    autorite: Path | None = None
    """Authorities that may have signed the server's certificate; none means those of the system."""
    empreintes_serveur: frozenset[Annotated[str, AfterValidator(_pin)]] = frozenset()
    """SHA-256 of the server's certificate or of its public key: one must be met, besides the
    authorities; none means that the authorities suffice."""
    identifiant: str = ""
    """Login, when the certificate serves several accounts."""
    mot_de_passe_compte: Path | None = None
    """File (mode 600) that holds the password of the login."""
    certificat_agent: Path | None = None
    """Certificate of the agent on whose behalf a trusted platform acts (§1.2); none means none."""
    en_attente: bool = False
    """Leave the acts in status 17, for an agent with an RGS certificate to confirm (§1.4.9)."""
    a_signer: bool = False
    """Leave the acts in status 18, to be signed on the platform."""
    pieces: frozenset[Literal["bordereau", "tampon"]] = frozenset({"bordereau", "tampon"})
    """What is fetched of the platform's own papers once an act has its AR."""
    delai_lecture_secondes: Annotated[float, Field(gt=0)] = 60.0
    """Longest silence of the server, once it has a request, before the exchange is given up."""


_FOLDER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*"
Folder = Annotated[str, StringConstraints(pattern=rf"^{_FOLDER}$")]
OptionalFolder = Annotated[str, StringConstraints(pattern=rf"^({_FOLDER})?$")]
Empreinte = Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]


class EchangeConfig(_Table):
    """The share where files are laid and answers picked up, for one authority."""

    type: Literal["echange"]
    url: Annotated[
        str,
        StringConstraints(
            pattern=r"^(file:///.+|sftp://[^/@:\s]+@(\[[0-9A-Fa-f:.]+\]|[^/@:\s]+)(:\d{1,5})?(/.*)?)$"
        ),
    ]
    """``file:///folder`` of this machine, or ``sftp://user@host:port/folder``."""
    entree: Folder = "entree"
    """Folder, below that of the address, where files are laid."""
    sortie: Folder = "sortie"
    """Folder where answers lie."""
    traites: OptionalFolder = ""
    """Folder where answers are moved once they are stored; empty means that they are removed."""
    pris: OptionalFolder = ""
    """Folder where the other side moves what it has taken; empty means that it removes it."""
    hotes_connus: Path | None = None
    """File of known hosts, as OpenSSH writes it."""
    empreinte_hote: tuple[Empreinte, ...] = ()
    """Fingerprints of the keys that the server may show, instead of a file of known hosts."""
    cle: Path | None = None
    """Private key of the account, as OpenSSH writes it, encrypted or not (mode 600)."""
    mot_de_passe: Path | None = None
    """File (mode 600) that holds the passphrase of the key."""
    mot_de_passe_compte: Path | None = None
    """File (mode 600) that holds the password of the account."""
    delai_secondes: Annotated[float, Field(gt=0)] = 60.0
    """Longest silence of the server."""
    accuses: bool = False
    """Whether the other side itself sends the receipts 3-2 and 4-2 of the letters."""
    accompagnement: Literal["aucun", "site", "meta"] = "aucun"
    """The small file laid after each PES: none, FTP commands, or the command of PassTrans."""
    extension: Annotated[str, StringConstraints(pattern=r"^\.[A-Za-z0-9]{1,10}$")] = ".txt"
    """What the name of that file ends with, after that of the PES."""
    p_dest: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,20}$")] = ""
    """``P_DEST``: the server of the DGFiP for the département."""
    p_appli: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,20}$")] = "GHELPES2"
    """``P_APPLI``."""
    p_msg: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,20}$")] = "PES"
    """First field of ``P_MSG``; ``TypFic`` means that of the file."""


TdtConfig = S2lowConfig | EchangeConfig
"""How to reach the tiers de télétransmission of one authority."""


class PolitiqueConfig(_Table):
    """One edition of the signature policy of the DGFiP (helios dossier §7.1)."""

    identifiant: Text
    description: str = ""
    algorithme: Text = "http://www.w3.org/2001/04/xmlenc#sha256"
    empreinte: Text
    spuri: str = ""


class DelegationConfig(_Table):
    """What a signataire may sign in the place of the ordonnateur (CGCT L2122-18, L2122-19)."""

    reference: Text
    """The arrêté de délégation, as it is cited."""
    debut: date | None = None
    """First day; none means that it has begun."""
    fin: date | None = None
    """Last day; none means until further notice."""
    flux: Annotated[frozenset[Literal["recette", "depense"]], Field(min_length=1)] = frozenset(
        {"recette", "depense"}
    )
    """Titres (``recette``), mandats (``depense``), or both."""
    plafond: Annotated[Decimal, BeforeValidator(_amount), Field(decimal_places=2)] | None = None
    """Euros, TVA included, of one bordereau at most; none means no ceiling."""


class _CleConfig(_Table):
    secret: Annotated[str, AfterValidator(_secret)] = INVITE
    """``invite`` (typed at each session), ``trousseau:SERVICE/COMPTE``, or a file of mode 600."""
    empreinte: Annotated[str, AfterValidator(_fingerprint)] = ""
    """SHA-256 of the certificate, in hexadecimal; another certificate is then refused."""


class ClePkcs12Config(_CleConfig):
    """A key file that holds key and certificate (``.p12``, ``.pfx``)."""

    type: Literal["pkcs12"]
    fichier: Path
    """The key file."""


class ClePemConfig(_CleConfig):
    """A key and a certificate in PEM files."""

    type: Literal["pem"]
    certificat: Path
    """The certificate, with its chain."""
    cle: Path
    """The private key, encrypted or not."""


class ClePkcs11Config(_CleConfig):
    """A key that stays in a token: card, USB key, HSM."""

    type: Literal["pkcs11"]
    module: Path
    """Library of the maker (``.so``, ``.dll``, ``.dylib``)."""
    jeton: str = ""
    """Label of the token; empty means the only one that is there."""
    numero_de_serie: str = ""
    """Serial number of the token, when several bear the same label."""
    libelle: str = ""
    """Label of the key; empty means the only one that may sign."""
    identifiant: str = ""
    """Identifier of the key (``CKA_ID``), in hexadecimal, when its label is not enough."""
    certificat: Path | None = None
    """The certificate, PEM, when the token does not hold it."""


CleConfig = ClePkcs12Config | ClePemConfig | ClePkcs11Config


class SignataireConfig(_Table):
    """Somebody, or a seal, who signs bordereaux of an authority."""

    nom: Text
    """Prénom et nom, or the name of the seal; one entry per name."""
    qualite: Text = "Maire"
    ville: Text
    code_postal: Text
    pays: Text = "FRANCE"
    espace_de_noms: Literal["v1.1.1", "v1.2.2"] = "v1.1.1"
    portee: Literal["bordereaux", "fichier"] = "bordereaux"
    """One signature for each bordereau, or one for the whole file (§7.3)."""
    politique: PolitiqueConfig | None = None
    """None means the edition known as current (OID …1.7)."""
    sans_surveillance: bool = False
    """A declared seal: the nightly run signs alone with it; false means ``demat sign``."""
    budgets: frozenset[Text] = frozenset()
    """Budgets that it signs for, ``cod_col/cod_bud`` or label; empty means all."""
    delegation: DelegationConfig | None = None
    """Limits of what it signs; none means none, as for the ordonnateur."""
    cle: Annotated[CleConfig, Field(discriminator="type")]


class AsapConfig(_Table):
    """What the avis des sommes à payer of one budget say besides the titre (§3.7, §6.1)."""

    signataire_nom: Text38
    signataire_prenom: Text38
    signataire_qualite: Text50 = "Maire"
    categorie_tiers: Annotated[str, StringConstraints(pattern=r"^\d\d$")] = "23"
    """``CatTiers`` of the authority: 23 commune, 24 group, 26 CCAS."""
    nature_juridique: Annotated[str, StringConstraints(pattern=r"^\d\d$")] = "09"
    """``NatJur`` of the authority."""
    adresse1: Optional38 = ""
    adresse2: Text38
    """Number and street of the authority."""
    adresse3: Optional38 = ""
    cp: CodePostal
    ville: Text38
    telephone: Optional20 = ""
    horaires: Optional38 = ""
    courriel: Optional50 = ""
    mode_recouvrement: Literal["talon", "tip"] = "talon"
    """Payment slip, or TIP up to 150,000 euros."""
    ref_bdf: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,13}$")]
    """``RefBdf`` of an avis with a slip: the issuer number of the budget."""
    ics: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}\d{2}[0-9A-Z]{9})?$")] = ""
    """``RefBdf`` of an avis with a TIP: the SEPA creditor identifier of the budget."""
    talon: tuple[LigneTalon, LigneTalon]
    """Templates of the two lines of the payment slip (``demat.helios.asap.check_modele``)."""
    code_tipi: Annotated[str, StringConstraints(pattern=r"^\d{0,7}$")] = ""
    """Client number of the authority at PayFiP (TIPI); together with its address or not at all."""
    adresse_tipi: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    """Address of the page where one pays online."""
    centre_adresse3: Optional38 = ""
    """The TSA of the collecting centre; it has no street."""
    centre_cp: CodePostal
    centre_ville: Text38
    tresorerie_nom: Text38
    tresorerie_adresse1: Optional38 = ""
    tresorerie_adresse2: Text38
    tresorerie_adresse3: Optional38 = ""
    tresorerie_cp: CodePostal
    tresorerie_ville: Text38
    tresorerie_telephone: Optional20 = ""
    tresorerie_horaires: Optional38 = ""
    tresorerie_courriel: Optional50 = ""
    modalites_reglement: Text250 = "Démarche non prévue par la collectivité"
    """How to have the next sums debited; the default is the example of the DGFiP."""
    modalites_contestation: Annotated[str, StringConstraints(max_length=420)] = ""
    """Before which court, and where, one contests."""


class BudgetConfig(_Table):
    """One budget; the codes come from the comptable (helios dossier §2.6)."""

    libelle: Annotated[str, StringConstraints(min_length=1, max_length=38)]
    siret: Annotated[str, StringConstraints(pattern=r"^\d{14}$")]
    id_post: Annotated[str, StringConstraints(pattern=r"^(02[AB]\d{3,4}|\d{6,7})$")]
    cod_col: Annotated[str, StringConstraints(pattern=r"^\d{3}$")]
    cod_bud: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]\d$")]
    fin_jur: str = ""
    nomenclature: Annotated[str, StringConstraints(pattern=r"^(M\d{1,3}[A-Z]?)?$")] = ""
    """Accounting instruction (``M57``, ``M4``…); empty means unknown: its rules stay silent."""
    vote_par_fonction: bool | None = None
    """Whether it is voted by function; none means unknown."""
    codes_produit: frozenset[str] = frozenset()
    """``CodProdLoc`` declared to the comptable; empty means unknown."""
    plan_comptes: Path | None = None
    """Its chart of accounts, CSV ``compte;libelle``; none means unknown."""
    asap: AsapConfig | None = None
    """What its avis des sommes à payer need; none means that demat writes none."""


class PublicationConfig(_Table):
    """Where the public acts go."""

    dossier: Path
    """Folder that a web server shows."""
    url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    """Address of that folder for the public."""
    signataire: str = ""
    """Prénom et nom of the author of the acts, when a row does not say it (CGCT R.2131-1)."""
    qualite: str = "Maire"


class TamponConfig(_Table):
    """The stamp on the copies of acknowledged acts (actes dossier §9.5)."""

    actif: bool = True
    """Whether copies are stamped at all."""
    pages: Literal["toutes", "premiere"] = "toutes"
    """Every page, or the first one only."""
    coin: Coin = "haut-droite"
    """Corner of the page, as it is shown, from which ``x`` and ``y`` are counted."""
    x: Annotated[float, Field(ge=0, le=100)] = 3.0
    """Distance to the side of that corner, in percent of the width of the page."""
    y: Annotated[float, Field(ge=0, le=100)] = 2.0
    """Distance to its top or bottom, in percent of the height of the page."""
    largeur: Annotated[float, Field(ge=30, le=150)] = 62.0
    """Width of the stamp, in millimetres."""


class AntivirusConfig(_Table):
    """ClamAV's daemon, which looks at every deposited file."""

    adresse: Annotated[str, AfterValidator(_clamd_address)]
    """``host:port`` of clamd, or the absolute path of its socket."""
    delai_secondes: Annotated[float, Field(gt=0)] = 180.0
    """Longest silence of clamd once it has a file."""


class HorodatageConfig(_Table):
    """The time-stamping authority (RFC 3161), one for all authorities."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^/@]+(/|$)")]
    """Address of its service; ``https://`` when it wants a login."""
    confiance: Path
    """Folder of the certification authorities and revocation lists of its tokens."""
    autorite: Path | None = None
    """Authorities that may have signed the server's certificate; none means those of the system."""
    identifiant: str = ""
    """Login, when the service wants one."""
    mot_de_passe: Path | None = None
    """File (mode 600) that holds the password of the login."""
    politique: Annotated[str, StringConstraints(pattern=r"^(\d+(\.\d+)+)?$")] = ""
    """OID of the policy that is asked for; empty for that of the service."""
    delai_secondes: Annotated[float, Field(gt=0)] = 15.0
    """Longest silence of the service."""


class DocumentsS3Config(_Table):
    """The S3-compatible service that keeps the documents of a centre."""

    adresse: Annotated[
        str,
        StringConstraints(
            pattern=r"^(https://[^/@]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?|)/?$"
        ),
    ] = ""
    """Address of the service; empty means what the environment says, else Amazon's."""
    region: str = ""
    """Empty means what the environment says, else ``us-east-1``."""
    cle_acces: str = ""
    """Access key; empty means what the environment says (``AWS_ACCESS_KEY_ID``…)."""
    secret: Annotated[str, AfterValidator(_secret)] = ""
    """File (mode 600) or entry of the keyring that holds the secret of the access key."""
    autorite: Path | None = None
    """Authorities that may have signed the server's certificate, beside those of the system."""


def _plage(text: str) -> str:
    parse_plage(text)
    return text


def _plages(plages: tuple[str, ...]) -> tuple[str, ...]:
    if always_quiet(map(parse_plage, plages)):
        raise ValueError("nothing would ever leave")
    return plages


Plages = Annotated[tuple[Annotated[str, AfterValidator(_plage)], ...], AfterValidator(_plages)]


class RythmeTdtConfig(_Table):
    """What one tiers de télétransmission bears, where it differs from the others."""

    hote: Text
    """Its host, as in the ``url`` of ``tdt``."""
    envois_simultanes: Annotated[int, Field(gt=0)] | None = None
    """None means as the others."""
    octets_par_heure: Annotated[int, Field(gt=0)] | None = None
    """None means as the others."""
    plages_muettes: Plages | None = None
    """None means as the others."""


class RythmeConfig(_Table):
    """At which pace flows leave."""

    bail_secondes: Annotated[float, Field(gt=0)] = 900.0
    """How long a sending may take; beyond, its outcome counts as unknown."""
    processus_secondes: Annotated[float, Field(gt=0)] = 300.0
    """How long the other side may still be at work on a sending whose answer was lost; only then is
    it asked whether it has it (connectors dossier §9.2)."""
    releve_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    """How often the answers are asked for by day (connectors dossier §7)."""
    envois_par_heure: Annotated[int, Field(gt=0)] | None = None
    """Sendings of one authority in one hour; none means no limit."""
    envois_simultanes: Annotated[int, Field(gt=0)] = 4
    """Sendings at the same time by one tiers de télétransmission; one per authority, always."""
    octets_par_heure: Annotated[int, Field(gt=0)] | None = None
    """Bytes by one tiers de télétransmission in one hour; none means no limit."""
    plages_muettes: Plages = ()
    """When nothing is sent, in Europe/Paris: ``22:00-06:00``, ``dim``, ``lun-ven 12:00-13:30``."""
    echecs_avant_pause: Annotated[int, Field(gt=0)] = 5
    """Failures in a row after which a tiers de télétransmission is left alone for a while."""
    pause_secondes: Annotated[float, Field(gt=0, le=21_600)] = 300.0
    """First such pause; it doubles at each failed try, six hours at most."""
    tdt: tuple[RythmeTdtConfig, ...] = ()


class SeuilsConfig(_Table):
    """From when on something is « à surveiller », or « en panne »."""

    envoi_heures: Annotated[float, Field(gt=0)] = 4.0
    """Hours that the oldest flow has waited to be sent."""
    envoi_panne_heures: Annotated[float, Field(gt=0)] = 24.0
    acte_heures: Annotated[float, Field(gt=0)] = 24.0
    """Hours without AR, Saturdays and Sundays not counted."""
    acte_panne_heures: Annotated[float, Field(gt=0)] = 120.0
    pes_heures: Annotated[float, Field(gt=0)] = 48.0
    """Hours without acquit, counted in the same way (connectors dossier §1.9.8)."""
    pes_panne_heures: Annotated[float, Field(gt=0)] = 120.0
    inconnu_heures: Annotated[float, Field(gt=0)] = 24.0
    """Hours since which nobody knows whether a flow was received."""
    inconnu_panne_heures: Annotated[float, Field(gt=0)] = 72.0
    nuit_heures: Annotated[float, Field(gt=0)] = 26.0
    """Hours since the end of the last nightly run."""
    nuit_panne_heures: Annotated[float, Field(gt=0)] = 50.0
    certificat_jours: Annotated[float, Field(ge=0)] = 30.0
    """Days before the end of a certificate."""
    liste_jours: Annotated[float, Field(ge=0)] = 0.0
    """Days after the end of a revocation list."""
    disque_pourcent: Annotated[float, Field(ge=0, le=100)] = 10.0
    """Free room of the disk of the data."""
    disque_panne_pourcent: Annotated[float, Field(ge=0, le=100)] = 3.0
    disque_mo: Annotated[float, Field(ge=0)] = 2_000.0
    """The same in millions of bytes; either limit is enough."""
    disque_panne_mo: Annotated[float, Field(ge=0)] = 500.0

    @model_validator(mode="after")
    def _ordered(self) -> "SeuilsConfig":
        """Refuse a failure that would come before what is to be watched."""
        for name in ("envoi", "acte", "pes", "inconnu", "nuit"):
            if getattr(self, f"{name}_panne_heures") < getattr(self, f"{name}_heures"):
                raise ValueError(f"{name}_panne_heures < {name}_heures")
        for unit in ("pourcent", "mo"):
            if getattr(self, f"disque_panne_{unit}") > getattr(self, f"disque_{unit}"):
                raise ValueError(f"disque_panne_{unit} > disque_{unit}")
        return self


class SupervisionConfig(_Table):
    """How the installation is seen from outside."""

    journaux: Literal["texte", "json"] = "texte"
    """Form of the log of ``serve``, ``worker``, ``watch`` and ``nightly``."""
    ecoute: Annotated[str, AfterValidator(_listening)] = ""
    """``host:port`` where ``serve`` and ``worker`` answer Prometheus; empty: nowhere."""
    traces: Annotated[str, StringConstraints(pattern=r"^(https?://[^/@]+/.*)?$")] = ""
    """Where OpenTelemetry traces are sent (OTLP over HTTP); empty: nowhere."""
    seuils: SeuilsConfig = SeuilsConfig()


class CollectiviteConfig(_Table):
    """One local authority."""

    nom: Text
    siren: Text
    siret: Annotated[str, StringConstraints(pattern=r"^\d{14}$")]
    dossier: Path
    """The watched folder."""
    departement: Text
    arrondissement: Annotated[str, StringConstraints(pattern=r"^\d$")]
    nature: Annotated[str, StringConstraints(pattern=r"^\d\d$")] = "31"
    adresses_retour: tuple[str, ...] = Field(min_length=1)
    referent_nom: str = ""
    referent_telephone: str = ""
    referent_email: str = ""
    tdt: Annotated[TdtConfig, Field(discriminator="type")]
    tdt_helios: EchangeConfig | None = None
    """Another way for the PES alone; none means that everything goes through ``tdt``."""
    signataires: tuple[SignataireConfig, ...] = ()
    """Who signs; none means that PES leave unsigned and are signed on paper."""
    confiance: Path | None = None
    """Folder of the certification authorities and revocation lists that this authority trusts."""
    budgets: tuple[BudgetConfig, ...] = ()
    correspondances: tuple[Path, ...] = ()
    """TOML files, each describing the export of one business software."""
    numerotation: Annotated[str, AfterValidator(check_pattern)] | None = None
    """How the acts are numbered, such as ``{annee}_{rang:03d}``; none means that demat proposes no
    number."""
    publication: PublicationConfig | None = None
    tampon: TamponConfig = TamponConfig()
    civilites: Mapping[str, str] = Field(default_factory=lambda: {"M": "M", "MME": "MME"})


class Config(_Table):
    """Everything that a technician may set."""

    donnees: Path
    """Folder of the store: database, documents, exchanges, journal."""
    base: str = ""
    """Address of the database; empty means SQLite in ``donnees``."""
    base_mot_de_passe: Path | None = None
    """File (mode 600) that holds the password of a PostgreSQL; none leaves it to libpq."""
    documents: Annotated[
        str,
        StringConstraints(pattern=r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.-]+)*/?)?$"),
    ] = ""
    """Where the documents are kept, ``s3://seau/prefixe``; empty means in ``donnees``."""
    documents_s3: DocumentsS3Config | None = None
    """How to reach ``documents``; none means that the environment says all."""
    trigramme: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3}$")] = "DMT"
    """First field of archive names (actes dossier §2.2)."""
    application: Literal["EACT", "TACT"] = "TACT"
    """``EACT`` in production, ``TACT`` for tests (actes dossier §2.2, §11 trap 32)."""
    editeur: Annotated[str, StringConstraints(min_length=1, max_length=32)] = "DEMAT"
    stabilite_secondes: Annotated[float, Field(gt=0)] = 5.0
    """How long a deposit must not change before it is read."""
    taille_maximale_actes: int = 150 * 1024 * 1024
    taille_maximale_pes: int = 128 * 1000 * 1000
    taille_maximale_pj: int = 20 * 1000 * 1000
    envoi_tentatives: Annotated[int, Field(gt=0)] = 12
    envoi_attente_secondes: Annotated[float, Field(ge=0, le=21_600)] = 60.0
    """First wait before a new try; it doubles at each try, six hours at most."""
    conserver_echanges: bool = True
    """Keep a raw copy of every exchange with the tiers de télétransmission."""
    niveaux_pes: Mapping[str, Literal["blocking", "warning"]] = Field(default_factory=dict)
    """Level of a PES rule, when the authority knows better than the default."""
    grille_triplets: Path | None = None
    """« Annexe 2 » of the DGFiP, CSV ``domaine;typ_bord;typ_pce;nat_pce``: then the whole truth."""
    grille_tiers: Path | None = None
    """« Annexe 3 » of the DGFiP, CSV ``cat_tiers;nat_jur``: then the whole truth."""
    antivirus: AntivirusConfig | None = None
    """None means that no antivirus looks at what is deposited."""
    horodatage: HorodatageConfig | None = None
    """None means that nothing is time-stamped."""
    rythme: RythmeConfig = RythmeConfig()
    supervision: SupervisionConfig = SupervisionConfig()
    nuit: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "02:30"
    """When ``demat serve`` makes the nightly run, in Europe/Paris."""
    collectivites: tuple[CollectiviteConfig, ...] = Field(min_length=1)


def load_config(path: Path) -> Config:
    """Read and check a configuration; relative paths are those of its folder.

    :raises FaultError: ``CFG-…``, all problems at once.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        raise FaultError(Fault(code="CFG-ABSENT", params={"path": str(path)})) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        params = {"path": str(path), "reason": str(error)}
        raise FaultError(Fault(code="CFG-UNREADABLE", params=params)) from error
    gone = Faults(_retired(raw))
    try:
        config = Config.model_validate(_absolute(raw, path.resolve().parent))
    except ValidationError as error:
        raise FaultError((gone + _faults(error)).within(path.name)) from error
    (gone + Faults(_semantic(config))).within(path.name).raise_if_blocking()
    return config


def _retired(raw: dict[str, Any]) -> Iterator[Fault]:
    """Take out the tables that were replaced, and say by what."""
    authorities = raw.get("collectivites", ())
    for item in authorities if isinstance(authorities, list) else ():
        if isinstance(item, dict) and item.pop("signature", None) is not None:
            yield Fault(code="CFG-SIGNATURE_TABLE", params={"nom": str(item.get("nom", ""))})


_PATHS = frozenset(
    {"donnees", "dossier", "certificat", "cle", "mot_de_passe", "autorite", "confiance"}
    | {"certificat_p12", "certificat_agent"}
    | {"mot_de_passe_compte", "plan_comptes", "grille_triplets", "grille_tiers", "correspondances"}
    | {"fichier", "module", "secret", "hotes_connus", "base_mot_de_passe"}
)


def _absolute(value: Any, base: Path) -> Any:
    """Resolve every path of the file against the folder of the file."""
    if isinstance(value, dict):
        return {
            key: _resolved(item, base) if key in _PATHS else _absolute(item, base)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_absolute(item, base) for item in value]
    return value


def _resolved(value: Any, base: Path) -> Any:
    """Resolve a path, or each path of a list."""
    if isinstance(value, list):
        return [_resolved(item, base) for item in value]
    if not isinstance(value, str):
        return _absolute(value, base)
    return value if value == INVITE or value.startswith(_KEYRING) else str(base / value)


def _faults(error: ValidationError) -> Faults:
    codes = {
        "extra_forbidden": "CFG-UNKNOWN_KEY",
        "missing": "CFG-MISSING_KEY",
        "union_tag_not_found": "CFG-MISSING_KEY",
    }
    problems = error.errors(include_url=False)
    inner = {problem["loc"][:end] for problem in problems for end in range(len(problem["loc"]))}
    return Faults(
        Fault(
            code=codes.get(problem["type"], "CFG-VALUE"),
            params={
                "key": _key(problem),
                "value": str(_input(problem))[:80],
                "reason": problem["msg"],
            },
            path=_key(problem),
        )
        for problem in problems
        if problem["loc"] not in inner  # what holds a wrong value is not wrong itself
    )


def _key(problem: ErrorDetails) -> str:
    """Name a key as it is written in the file; the kind of a ``cle`` or of a ``tdt`` is no key."""
    loc = problem["loc"]
    names = [
        str(name)
        for rank, name in enumerate(loc)
        if not (rank and loc[rank - 1 : rank] in (("cle",), ("tdt",)))
    ]
    return ".".join([*names, "type"] if problem["type"].startswith("union_tag") else names)


def _input(problem: ErrorDetails) -> object:
    found = problem["input"]
    if problem["type"] == "union_tag_invalid" and isinstance(found, dict):
        return found.get("type")
    return found


def _semantic(config: Config) -> list[Fault]:
    faults = _base_faults(config) + _horodatage_faults(config.horodatage)
    faults += _s3_faults(config)
    sirens: set[str] = set()
    folders: set[Path] = set()
    for collectivite in config.collectivites:
        if not is_siren(collectivite.siren):
            faults.append(Fault(code="CFG-SIREN", params={"value": collectivite.siren}))
        if not is_departement(collectivite.departement):
            params = {"value": collectivite.departement}
            faults.append(Fault(code="CFG-DEPARTEMENT", params=params))
        if collectivite.siren in sirens or collectivite.dossier in folders:
            params = {"nom": collectivite.nom}
            faults.append(Fault(code="CFG-DOUBLE_COLLECTIVITE", params=params))
        sirens.add(collectivite.siren)
        folders.add(collectivite.dossier)
        for budget in collectivite.budgets:
            faults += _asap_faults(budget)
        faults += _signataire_faults(collectivite)
        faults += _tdt_faults(collectivite)
    return faults


def with_base(config: Config, base: str, password: Path | None) -> Config:
    """Return the same configuration with another database.

    :param password: file that holds its password.
    :raises FaultError: ``CFG-BASE_…``.
    """
    changed = config.model_copy(update={"base": base, "base_mot_de_passe": password})
    Faults(_base_faults(changed)).raise_if_blocking()
    return changed


def _tdt_faults(collectivite: CollectiviteConfig) -> Iterator[Fault]:
    params = {"nom": collectivite.nom}
    ways: tuple[TdtConfig | None, ...] = (collectivite.tdt, collectivite.tdt_helios)
    for tdt in ways:
        if isinstance(tdt, S2lowConfig):
            yield from _s2low_faults(tdt, params)
        elif tdt is not None:
            yield from _echange_faults(tdt, params)


def _s2low_faults(tdt: S2lowConfig, params: Mapping[str, str]) -> Iterator[Fault]:
    pair = (tdt.certificat is not None, tdt.cle is not None)
    if pair != ((False, False) if tdt.certificat_p12 else (True, True)):
        yield Fault(code="CFG-TDT_CERTIFICATE", params=params)
    if bool(tdt.identifiant) != (tdt.mot_de_passe_compte is not None):
        yield Fault(code="CFG-TDT_LOGIN", params=params)


def _echange_faults(item: EchangeConfig, params: Mapping[str, str]) -> Iterator[Fault]:
    remote = item.url.startswith("sftp:")
    if remote and not (item.hotes_connus or item.empreinte_hote):
        yield Fault(code="CFG-ECHANGE_HOST", params=params)
    if remote and not (item.cle or item.mot_de_passe_compte):
        yield Fault(code="CFG-ECHANGE_LOGIN", params=params)
    folders = [name for name in (item.entree, item.sortie, item.traites, item.pris) if name]
    if len(set(folders)) < len(folders):
        yield Fault(code="CFG-ECHANGE_FOLDERS", params=params)
    if item.accompagnement != "aucun" and not item.p_dest:
        yield Fault(code="CFG-ECHANGE_DEST", params=params)


def _base_faults(config: Config) -> list[Fault]:
    if "password=" in config.base or re.match(r"[^/]*//[^/@]*:[^/@]*@", config.base):
        return [Fault(code="CFG-BASE_SECRET")]
    if config.base_mot_de_passe is not None and not config.base.startswith("postgresql"):
        return [Fault(code="CFG-BASE_PASSWORD")]
    return []


def _horodatage_faults(item: HorodatageConfig | None) -> list[Fault]:
    if item is None:
        return []
    faults = []
    if bool(item.identifiant) != (item.mot_de_passe is not None):
        faults.append(Fault(code="CFG-TSA_LOGIN"))
    if item.identifiant and not item.url.startswith("https://"):
        faults.append(Fault(code="CFG-TSA_HTTPS", params={"url": item.url}))
    return faults


def _s3_faults(config: Config) -> Iterator[Fault]:
    item = config.documents_s3
    if item is None:
        return
    if not config.documents:
        yield Fault(code="CFG-S3_UNUSED")
    if bool(item.cle_acces) != bool(item.secret) or item.secret == INVITE:
        yield Fault(code="CFG-S3_SECRET")


def _signataire_faults(collectivite: CollectiviteConfig) -> Iterator[Fault]:
    known = {
        name
        for one in collectivite.budgets
        for name in (f"{one.cod_col}/{one.cod_bud}", one.libelle)
    }
    names: set[str] = set()
    for item in collectivite.signataires:
        params = {"nom": item.nom, "collectivite": collectivite.nom}
        if item.nom.casefold() in names:
            yield Fault(code="CFG-SIGNATAIRE_DOUBLE", params=params)
        names.add(item.nom.casefold())
        if item.sans_surveillance and item.cle.secret == INVITE:
            yield Fault(code="CFG-SIGNATAIRE_PROMPT", params=params)
        for budget in sorted(item.budgets - known):
            listed = ", ".join(sorted(known))
            unknown = {**params, "budget": budget, "known": listed}
            yield Fault(code="CFG-SIGNATAIRE_BUDGET", params=unknown)
        yield from _delegation_faults(item.delegation, params)


def _delegation_faults(item: DelegationConfig | None, params: Mapping[str, str]) -> Iterator[Fault]:
    if item is None:
        return
    if item.debut and item.fin and item.fin < item.debut:
        days = {"debut": f"{item.debut:%d/%m/%Y}", "fin": f"{item.fin:%d/%m/%Y}"}
        yield Fault(code="CFG-DELEGATION_DATES", params={**params, **days})
    if item.plafond is not None and item.plafond <= 0:
        amount = {**params, "plafond": str(item.plafond)}
        yield Fault(code="CFG-DELEGATION_CEILING", params=amount)


def _asap_faults(budget: BudgetConfig) -> list[Fault]:
    asap, params = budget.asap, {"budget": budget.libelle}
    if asap is None:
        return []
    faults = []
    if bool(asap.code_tipi) != bool(asap.adresse_tipi):
        faults.append(Fault(code="CFG-ASAP_TIPI", params=params))
    if asap.mode_recouvrement == "tip" and not asap.ics:
        faults.append(Fault(code="CFG-ASAP_ICS", params=params))
    return faults
