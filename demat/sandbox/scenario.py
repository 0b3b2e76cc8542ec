"""What a sandbox plays: who is connected, how long each step takes, what the State answers.

Frozen data, read from and written to JSON; ``scenarios`` names those that are ready.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, ConfigDict, TypeAdapter, ValidationError

from demat.errors import ConfigurationError

__all__ = [
    "AckHelios",
    "Answer",
    "AnswerKind",
    "Autorite",
    "Budget",
    "Compte",
    "Delays",
    "Deviation",
    "Emetteur",
    "FormeCourriel",
    "LettrePrevue",
    "RegleActe",
    "RegleHelios",
    "RetourHelios",
    "Scenario",
    "ScenarioError",
    "Since",
    "TypeLettre",
]

_STRICT = ConfigDict(extra="forbid")


class ScenarioError(ConfigurationError):
    """The scenario cannot be read."""


def _compiled(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiled)]


class AnswerKind(StrEnum):
    """What the ministry sends back about an act."""

    AUTO = "auto"
    """AR, or anomaly 002 when the classification used is not the one in force."""
    AR = "ar"
    """AR whatever the classification."""
    ANOMALY = "anomaly"
    """AnomalieActe."""
    ENVELOPE_ANOMALY = "envelope_anomaly"
    """AnomalieEnveloppe: the archive is refused as a whole."""


class Deviation(StrEnum):
    """Ways in which real answers depart from the XSD (connectors dossier §2.2)."""

    NONE = "none"
    WINDOWS_1252 = "windows-1252"
    """Declared windows-1252, with an extra Acte block, two ActeRecu, an empty date in force."""
    NO_DOCUMENT_PAPIER = "no-document-papier"
    """ActeRecu without DocumentPapier."""
    DOCUMENT_PAPIER_ZERO = "document-papier-0"
    """DocumentPapier written ``0``."""
    DOCUMENT_PAPIER_EMPTY = "document-papier-vide"
    """DocumentPapier without text."""
    CODE_MATIERE_5 = "code-matiere-5"
    """CodeMatiere5 though there is no CodeMatiere4."""
    ATTRIBUTES = "attributs"
    """Attributes in another order."""
    OTHER_DATE = "autre-date"
    """Decision date of the day before: not that of the identifier and of the file name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One message of the ministry about an act."""

    __pydantic_config__ = _STRICT

    kind: AnswerKind = AnswerKind.AUTO
    minutes: int | None = None
    """Virtual minutes after the transmission; none means the usual delay."""
    nature: str = "999"
    """Nature of an anomaly, three digits."""
    detail: str = "anomalie demandée par le scénario"
    """Detail of an anomaly, as the ministry words it."""
    deviation: Deviation = Deviation.NONE


class TypeLettre(StrEnum):
    """Letters of the préfecture, by the first figure of their message code."""

    COURRIER_SIMPLE = "2"
    DEMANDE_PIECES = "3"
    LETTRE_OBSERVATIONS = "4"
    DEFERE = "5"


class Since(StrEnum):
    """What starts the delay of a letter."""

    AR = "ar"
    """The receipt 1-2 of the act."""
    REPLY = "reply"
    """The receipt 3-5 or 4-5 of the reply to the letter before it in the rule."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LettrePrevue:
    """One letter that the préfecture will write, whatever becomes of the act meanwhile."""

    __pydantic_config__ = _STRICT

    type: TypeLettre
    days: int = 0
    """Virtual days before it arrives."""
    since: Since = Since.AR
    """Event from which the days are counted; the first letter of a rule follows the AR."""
    text: str = "Texte de la préfecture"
    """Pieces asked for, ground of the observations or of the déféré; none in a 2-1."""
    dated_before: int = 0
    """Days between the date written on the letter and its arrival."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegleActe:
    """What happens to the acts whose number matches."""

    __pydantic_config__ = _STRICT

    number: Pattern
    """Regular expression, searched in the number."""
    answers: tuple[Answer, ...] = (Answer(),)
    """Messages of the ministry; empty = silence."""
    virus: str = ""
    """Name of the virus that the TdT's antivirus finds in the act, which never leaves."""
    tdt_error: str = ""
    """Refusal by the TdT's own analysis, in its words; the act never leaves."""
    transmission_minutes: int | None = None
    """Time spent waiting for a transmission window (status 2)."""
    archive_minutes: int | None = None
    """Time from the AR to the transfer to the SAE (statuses 19, 12, 15, 13)."""
    archive_failure: Literal[14, 20, 22] | None = None
    """Status in which that transfer fails: refused, not sent, documents not available."""
    closing_minutes: int | None = None
    """Time from the transmission to the closing by the TdT itself: a local error, to which an AR
    may still come (30 days in real life)."""
    files_minutes: int = 0
    """Time after the AR during which the list of the files is empty, though the status is 4."""
    letters: tuple[LettrePrevue, ...] = ()
    """Letters about the act, in the order in which they depend on one another."""
    cancellation: tuple[Answer, ...] = (Answer(),)
    """Answers to a cancellation: 6-2, or a refusal of its archive for any anomaly; empty =
    silence."""
    replies: tuple[Answer, ...] = (Answer(),)
    """Answers to a reply of type 3 or 4: 3-5 or 4-5, or a refusal of its archive for any anomaly;
    empty = silence."""


class RetourHelios(StrEnum):
    """What the DGFiP sends back about a PES."""

    AUTO = "auto"
    """PES_ACQUIT V2, one element per bordereau and per PJ: status 8."""
    VERSION_1 = "version_1"
    """The same in the old flat form: status 8."""
    NO_BLOCK = "no_block"
    """PES_ACQUIT without ACQUIT block: status 4."""
    NON_ACQUIT = "non_acquit"
    """PES_NonAcquit: status 6."""
    ALL_REFUSED = "all_refused"
    """PES_ACQUIT V2 whose elements all have EtatAck 0: status 8."""
    MIXED = "mixed"
    """PES_ACQUIT V2: PJ accepted, bordereaux refused: status 8."""
    UNKNOWN_NOM_FIC = "unknown_nom_fic"
    """PES_ACQUIT about a NomFic that nobody sent: it is attached to nothing."""
    SILENCE = "silence"
    """Nothing comes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AckHelios:
    """One more return about a PES."""

    __pydantic_config__ = _STRICT

    retour: RetourHelios = RetourHelios.AUTO
    """``auto`` on a PES already integrated: every element is an ERREUR_DOUBLON."""
    minutes: int | None = None
    """Virtual minutes from the transmission to the return; none means the usual delay."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegleHelios:
    """What happens to the PES whose NomFic matches."""

    __pydantic_config__ = _STRICT

    nom_fic: Pattern
    """Regular expression, searched in NomFic."""
    retour: RetourHelios = RetourHelios.AUTO
    minutes: int | None = None
    """Virtual minutes from the transmission to the return; none means the usual delay."""
    suite: tuple[AckHelios, ...] = ()
    """Returns besides the first one, before or after it."""
    hidden: tuple[int, int] = (0, 0)
    """The acquit cannot be served from n minutes after its arrival, for m minutes: status 3."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delays:
    """Usual duration of each step, in virtual minutes."""

    __pydantic_config__ = _STRICT

    analysis: int = 1
    """ACTES 1 → 2 (antivirus, XSD, PDF)."""
    transmission: int = 2
    """ACTES 2 → 3."""
    acte_answer: int = 5
    """ACTES 3 → AR or anomaly."""
    letter_ar: int = 2
    """3-1 or 4-1 (status 7) → 3-2 or 4-2, written by the TdT (status 8)."""
    reply_answer: int = 5
    """Reply in status 3 → 3-5 or 4-5."""
    classification: int = 5
    """7-1 → 7-2, or 7-3 when nothing changed."""
    archive: int = 0
    """Each of ACTES 19 → 12 → 15 → 13, or 19 → the failure of the archiving."""
    helios_check: int = 1
    """HELIOS 1 → 2 or -1."""
    helios_transmission: int = 2
    """HELIOS 2 → 3."""
    helios_answer: int = 30
    """HELIOS 3 → PES_ACQUIT."""
    retry: int = 10
    """From a sending that the ministry or the DGFiP did not take to the next try."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One budget that the comptable knows."""

    __pydantic_config__ = _STRICT

    id_post: str
    siret: str
    cod_col: str
    cod_bud: str


class Emetteur(StrEnum):
    """Who signs the envelopes of the State: the end of the name of its identifier."""

    SOUS_PREFECTURE = "SousPref"
    PREFECTURE = "Pref"
    SGAR = "SGAR"


@dataclass(frozen=True, kw_only=True, slots=True)
class FormeCourriel:
    """One way in which the mails of the ministry are written (actes dossier §9.2, §11)."""

    __pydantic_config__ = _STRICT

    nested: bool = False
    """The parts lie inside a ``multipart/alternative``."""
    envelope_last: bool = False
    """The envelope comes after the messages that need it."""
    encoded_names: bool = False
    """Names of attachments are encoded words."""
    upper_extensions: bool = False
    """Names of documents end in capitals (``.PDF``), unlike in the message."""
    wrong_charset: bool = False
    """The page is declared in UTF-8, which it is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Autorite:
    """One local authority registered with the TdT."""

    __pydantic_config__ = _STRICT

    siren: str = "000000000"
    nom: str = "Commune de Saint-Exemple-lès-Fiction"
    departement: str = "099"
    arrondissement: str = "1"
    nature: str = "31"
    emetteur: Emetteur = Emetteur.SOUS_PREFECTURE
    """Who answers about its acts."""
    papier: bool = False
    """Switched to paper by the operator: every dematerialised sending is refused."""
    destination: str = "VHPCE11"
    """P_DEST, the DGFiP server of the département; empty = not configured, every PES fails."""
    budgets: tuple[Budget, ...] = ()
    """Budgets known to the comptable; empty = the header of the PES is not checked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compte:
    """One account of an agent or of a machine."""

    __pydantic_config__ = _STRICT

    login: str = "saint-exemple"
    password: str = "secret-fictif"  # noqa: S105  (an account of the sandbox, of no other use)
    siren: str = "000000000"
    certificate: str = ""
    """SHA-256 (hexadecimal) of the client certificate in DER; empty = any accepted certificate."""
    teletransmettre: bool = True
    """Right to transmit (TT); without it an act is created in status 17."""
    modules: tuple[str, ...] = ("ACTES", "HELIOS")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Everything that decides how the sandbox behaves."""

    __pydantic_config__ = _STRICT

    name: str = "nominal"
    seed: int = 1
    """Decides the first identifiers and the ministry's file counter."""
    start: AwareDatetime | None = None
    """First virtual instant; none = the present of the machine."""
    autorites: tuple[Autorite, ...] = (Autorite(),)
    comptes: tuple[Compte, ...] = (Compte(),)
    """Several for one certificate: login and password are then needed."""
    rgs: bool = True
    """Whether the client certificates pass for RGS ones."""
    trigramme: str = "BAS"
    """Three letters of the TdT, in archive names."""
    tdt_classification: date | None = date(2025, 9, 1)
    """Date of the classification that the TdT holds; none = it never asked."""
    ministry_classification: date = date(2025, 9, 1)
    """Date of the classification in force at the préfecture."""
    new_classification: tuple[int, date] | None = None
    """Minutes after the start, and date of the classification that comes in force then."""
    classification_blanks: bool = False
    """The ministry always answers a 7-2, which differs from the one before by white space alone."""
    classification: Path | None = None
    """A message 7-2 whose lists are those of the préfecture; none = fictional ones."""
    delays: Delays = field(default_factory=Delays)
    regles_actes: tuple[RegleActe, ...] = ()
    """The first that matches the number decides."""
    regles_helios: tuple[RegleHelios, ...] = ()
    """The first that matches NomFic decides."""
    formes_courriels: tuple[FormeCourriel, ...] = (
        FormeCourriel(),
        FormeCourriel(nested=True, envelope_last=True),
        FormeCourriel(envelope_last=True, encoded_names=True),
        FormeCourriel(nested=True, upper_extensions=True),
    )
    """Forms of the mails of the ministry, taken in turn; none = the plainest."""
    difficult_box: bool = False
    """Before each mail of the ministry, one in a wrong charset and one whose XML is none; after it,
    the same mail again, under the same Message-Id."""
    mail_body_in_archives: bool = False
    """The archive of a letter also holds the HTML body of its mail, which no message lists."""
    budgets_sans_fonction: tuple[str, ...] = ()
    """CodBud whose accounting plan has no function: error 1971 when a line carries one."""
    max_post_bytes: int = 160_000_000
    """Above, the web server drops the whole form."""
    max_files_bytes: int = 150_000_000
    """Above, the act is refused with a KO."""
    max_annexes: int = 50
    bytes_per_hour: int | None = None
    """Quota of the operator: what the TdT hands to the ministry in one hour of the clock; beyond,
    acts wait in status 2. None = no quota."""
    module_minutes: int = 0
    """Minutes after the start during which no module of the TdT can be initialised."""
    envelope_import: bool = False
    """Whether ready-made archives are taken (``actes_transac_submit``)."""
    skew_minutes: int = 0
    """Minutes by which the clock of the TdT's machine is wrong: its HTTP dates, the dates that it
    prints."""

    def autorite(self, siren: str) -> Autorite:
        """Return an authority.

        :raises ScenarioError: for a SIREN that the scenario does not describe.
        """
        for autorite in self.autorites:
            if autorite.siren == siren:
                return autorite
        raise ScenarioError(f"scenario {self.name!r} describes no authority {siren}")

    def regle_acte(self, number: str) -> RegleActe:
        """Return the rule that an act follows."""
        for regle in self.regles_actes:
            if re.search(regle.number, number):
                return regle
        return RegleActe(number="")

    def regle_helios(self, nom_fic: str) -> RegleHelios:
        """Return the rule that a PES follows."""
        for regle in self.regles_helios:
            if re.search(regle.nom_fic, nom_fic):
                return regle
        return RegleHelios(nom_fic="")

    def lists(self) -> bytes | None:
        """Return the message 7-2 whose lists are played; none for the sandbox's own.

        :raises ScenarioError: when it cannot be read.
        """
        if self.classification is None:
            return None
        try:
            return self.classification.read_bytes()
        except OSError as error:
            raise ScenarioError(f"the classification cannot be read: {error}") from error

    def to_json(self) -> str:
        """Write the scenario as JSON."""
        return _adapter().dump_json(self, indent=2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Scenario":
        """Read a scenario written as JSON; what is left out keeps its default.

        :raises ScenarioError: malformed JSON, unknown key, value of the wrong kind.
        """
        try:
            scenario = _adapter().validate_json(text)
        except ValidationError as error:
            raise ScenarioError(f"the scenario cannot be read: {error}") from error
        for compte in scenario.comptes:
            scenario.autorite(compte.siren)
        return scenario


def _adapter() -> TypeAdapter[Scenario]:
    return TypeAdapter(Scenario)
