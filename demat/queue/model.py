"""The tables (SQLModel); the statements in the other modules are SQLAlchemy Core on these tables.

``table=True`` classes validate nothing and are never handed out: ``views`` are. Money is whole
cents, instants are aware UTC, JSON is canonical text (``codec``). Any change here needs a revision
in ``migrations/versions``.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, MetaData, Table, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

__all__ = [
    "AUTHORITY",
    "AWAITS_ANSWER",
    "CLASSIFICATION",
    "COUNTER",
    "COURRIER",
    "DEPLACEMENT",
    "DEPOSIT",
    "DEPOSIT_FILE",
    "DOUTE",
    "HORODATAGE",
    "IS_OPEN",
    "IS_UNDELIVERED",
    "JOURNAL",
    "JOURNAL_HEAD",
    "LINE",
    "METADATA",
    "PIECE",
    "PREUVE",
    "PUBLICATION",
    "PUBLICITE",
    "RECEIPT",
    "REGLEMENT",
    "RETOUR",
    "RUN",
    "TRANSMISSION",
    "USED_KEY",
]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


IS_OPEN = "state NOT IN ('packed', 'returned')"
"""Deposits whose preparation is unfinished."""
AWAITS_ANSWER = "delivery = 'deposited' AND NOT etat_final"
"""Transmissions of which the State has not given its last word."""
IS_UNDELIVERED = "delivery != 'deposited'"
"""Transmissions that the other side has not taken."""
IS_TODO = "delivery = 'todo'"
"""Transmissions that wait to be sent."""
WENT_WRONG = "delivery = 'refused' OR etat_negative"
"""Transmissions that were refused, by the other side or by the State."""
_TURN = ("delivery", "collectivite", "id")


def _partial(name: str, *columns: str, where: str) -> Index:
    """Index the rows that matter to the daily work: it does not grow with what is finished.

    A statement uses it when it holds the same condition, word for word and without parameters.
    """
    condition = text(where)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


class Base(SQLModel):
    """Keeps our tables apart from those of any other library that uses SQLModel."""

    metadata = METADATA


class Authority(Base, table=True):
    """What the queue knows of one authority: its turn, its pause and what it sent this hour."""

    __tablename__ = "authority"
    __table_args__ = (_partial("ix_authority_turn", "served_rank", where="due_at IS NOT NULL"),)

    collectivite: str = Field(primary_key=True)
    served_rank: int = Field(default=0, sa_type=BigInteger)
    """Entry of the journal that told its last claim: the lowest is served first."""
    paused_until: datetime | None = None
    pause_fault: str = Field(default="[]", sa_type=Text)
    line: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Line by which its flows leave."""
    due_at: datetime | None = None
    """When its first flow is due; NULL when it has none to send. Kept by ``turns``."""
    hour: datetime | None = None
    """Beginning of the hour of its last claim."""
    hour_claims: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Claims of that hour."""


class Line(Base, table=True):
    """One tiers de télétransmission: whether it answers, and what left by it this hour."""

    __tablename__ = "line"

    name: str = Field(primary_key=True)
    failures: int
    """Sendings that it did not answer, in a row."""
    openings: int
    """How often in a row it was shut; from 1 on, one flow at a time tries it."""
    shut_until: datetime | None = None
    """Nothing is claimed for it before; also the lease of the flow that tries it."""
    fault: str = Field(sa_type=Text)
    """Why it was shut."""
    hour: datetime | None = None
    """Beginning of the hour of its last claim."""
    hour_bytes: int = Field(sa_type=BigInteger)
    """Bytes claimed in that hour."""


class Deposit(Base, table=True):
    """What a mairie handed in."""

    __tablename__ = "deposit"
    __table_args__ = (
        Index(None, "collectivite", "name"),
        Index(None, "collectivite", "state"),
        _partial("ix_deposit_open", "state", "collectivite", where=IS_OPEN),
    )

    id: int | None = Field(default=None, primary_key=True)
    collectivite: str
    name: str
    kind: str | None = None
    state: str
    replaces: int | None = Field(default=None, foreign_key="deposit.id", unique=True)
    token: str = Field(unique=True)
    faults: str = Field(sa_type=Text)
    detail: str = Field(sa_type=Text)
    received_at: datetime
    updated_at: datetime


class DepositFile(Base, table=True):
    """One file of a deposit."""

    __tablename__ = "deposit_file"

    deposit_id: int = Field(primary_key=True, foreign_key="deposit.id")
    rank: int = Field(primary_key=True)
    name: str
    sha256: str
    size: int = Field(sa_type=BigInteger)


class Transmission(Base, table=True):
    """One frozen file."""

    __tablename__ = "transmission"
    __table_args__ = (
        Index(None, "collectivite", "flux", "key"),
        _partial("ix_transmission_awaited", "delivery", "collectivite", where=AWAITS_ANSWER),
        _partial("ix_transmission_undelivered", *_TURN, where=IS_UNDELIVERED),
        _partial("ix_transmission_wait", "collectivite", "next_attempt_at", where=IS_TODO),
        _partial("ix_transmission_wrong", "collectivite", "id", where=WENT_WRONG),
    )

    id: int | None = Field(default=None, primary_key=True)
    deposit_id: int = Field(foreign_key="deposit.id", index=True)
    collectivite: str = Field(foreign_key="authority.collectivite")
    flux: str
    file_name: str
    sha256: str
    size: int = Field(sa_type=BigInteger)
    key: str
    delivery: str
    etat: str
    etat_final: bool
    etat_negative: bool
    reference: str | None = None
    remote_code: str | None = None
    attempts: int
    next_attempt_at: datetime | None = None
    claim_token: str | None = None
    claimed_by: str | None = None
    lease_until: datetime | None = None
    created_at: datetime
    deposited_at: datetime | None = None
    updated_at: datetime
    facts: str = Field(sa_type=Text)
    faults: str = Field(sa_type=Text)
    supersedes: int | None = Field(default=None, foreign_key="transmission.id", unique=True)
    unknown_since: datetime | None = None
    """NULL once what became of its sending is settled."""


class UsedKey(Base, table=True):
    """A number that the authority may use only once."""

    __tablename__ = "used_key"
    __table_args__ = (
        UniqueConstraint("collectivite", "kind", "key"),
        Index(None, "collectivite", "scope"),
    )

    id: int | None = Field(default=None, primary_key=True)
    collectivite: str
    kind: str
    key: str
    label: str
    scope: str
    amount_cents: int = Field(sa_type=BigInteger)
    transmission_id: int = Field(foreign_key="transmission.id", index=True)
    used_at: datetime


class Counter(Base, table=True):
    """The last serial number given out."""

    __tablename__ = "counter"

    collectivite: str = Field(primary_key=True)
    counter: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


class Receipt(Base, table=True):
    """An answer of the State; the same bytes count once."""

    __tablename__ = "receipt"
    __table_args__ = (UniqueConstraint("transmission_id", "sha256"), Index(None, "received_at"))

    id: int | None = Field(default=None, primary_key=True)
    transmission_id: int = Field(foreign_key="transmission.id")
    kind: str
    name: str
    sha256: str
    message_date: date | None = None
    received_at: datetime
    etat: str
    faults: str = Field(sa_type=Text)
    detail: str = Field(sa_type=Text)


class Journal(Base, table=True):
    """Append-only. Instants and details are text: what was sealed is what is read back."""

    __tablename__ = "journal"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: str
    collectivite: str
    deposit_id: int | None = Field(default=None, index=True)
    transmission_id: int | None = Field(default=None, index=True)
    action: str
    before: str
    after: str
    detail: str = Field(sa_type=Text)
    previous_hash: str
    hash: str


class JournalHead(Base, table=True):
    """One row: the end of the chain. Updating it first makes writers of the journal take turns."""

    __tablename__ = "journal_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    entries: int
    hash: str


class Classification(Base, table=True):
    """A classification of the préfecture; the versions are kept."""

    __tablename__ = "classification"

    id: int | None = Field(default=None, primary_key=True)
    collectivite: str = Field(index=True)
    day: date
    sha256: str
    installed_at: datetime
    checked_at: datetime | None = None
    """When somebody last said that it is still the one in force."""
    announced: date | None = None
    """Date of a newer one that an answer of the préfecture told of."""


class Run(Base, table=True):
    """One run of a periodic job."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("kind", "slot"), UniqueConstraint("kind", "running"))

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    scheduled_for: datetime | None = None
    slot: datetime | None = None
    """``scheduled_for`` while it counts as done or under way; NULL once the run is lost."""
    running: int | None = None
    """1 while it runs, NULL afterwards: the constraint lets one run of a kind be open."""
    started_at: datetime
    lease_until: datetime
    ended_at: datetime | None = None
    lost: bool
    report: str = Field(sa_type=Text)


class Publication(Base, table=True):
    """What was put on line for one transmission."""

    __tablename__ = "publication"

    transmission_id: int = Field(primary_key=True, foreign_key="transmission.id")
    collectivite: str = Field(index=True)
    first_published: datetime
    url: str
    sha256: str
    updated_at: datetime
    withdrawn_at: datetime | None = None
    withdrawal_reason: str


class Publicite(Base, table=True):
    """When an acte was made public, as a person told it (CGCT L2131-1)."""

    __tablename__ = "publicite"

    transmission_id: int = Field(primary_key=True, foreign_key="transmission.id")
    day: date
    mode: str
    who: str
    recorded_at: datetime


class Courrier(Base, table=True):
    """A message of the préfecture that is no receipt; the same bytes count once."""

    __tablename__ = "courrier"
    __table_args__ = (
        UniqueConstraint("collectivite", "sha256"),
        Index(None, "collectivite", "laid"),
    )

    id: int | None = Field(default=None, primary_key=True)
    collectivite: str
    sha256: str
    """Digest of the message, or of the whole mail when it holds none."""
    kind: str
    """``TypeCourrier``, ``rappel`` (paper that is awaited) or ``quarantaine``."""
    root: str
    """Local name of the root of the message; empty when it is no XML."""
    name: str
    id_acte: str
    day: date | None = None
    """``DateCourrierPref``, or ``DateDepot`` of a déféré."""
    texte: str = Field(sa_type=Text)
    reference: str
    """Its number on the other side; empty when it came by another way."""
    documents: str = Field(sa_type=Text)
    """What came with it: name, digest and size of each."""
    transmission_id: int | None = Field(default=None, foreign_key="transmission.id", index=True)
    """Acte that it is about; NULL: not sent by demat."""
    received_at: datetime
    faults: str = Field(sa_type=Text)
    laid: bool
    """Whether its folder lies where agents look."""


class Retour(Base, table=True):
    """A PES_Retour; the same bytes count once for an authority."""

    __tablename__ = "retour"
    __table_args__ = (UniqueConstraint("collectivite", "sha256"),)

    id: int | None = Field(default=None, primary_key=True)
    collectivite: str
    """Authority whose account or folder it came by."""
    sha256: str
    name: str
    cod_bud: str
    """Budget that it was attached to; empty when it fits none, and then it moved nothing."""
    day: date | None = None
    """``DteStr``."""
    pieces: int
    received_at: datetime
    faults: str = Field(sa_type=Text)
    told: bool
    """Whether a nightly report told what is wrong with it."""


class Piece(Base, table=True):
    """What the retours say of one mandat or titre; the acquit level is read from the receipts."""

    __tablename__ = "piece"
    __table_args__ = (
        UniqueConstraint("collectivite", "key"),
        Index(None, "collectivite", "etat"),
        Index(None, "collectivite", "to_show"),
        Index(None, "collectivite", "regularise"),
    )

    id: int | None = Field(default=None, primary_key=True)
    collectivite: str
    key: str
    """``idpce`` key: ``domaine/cod_bud/exercice/typ_bord/numero``."""
    bordereau: int = Field(sa_type=BigInteger)
    objet: str
    etat: str
    day: date
    """``DteStr`` of the retour that decided; the first day of the calendar when unreadable."""
    retour_id: int = Field(foreign_key="retour.id")
    transmission_id: int | None = Field(default=None, foreign_key="transmission.id", index=True)
    """Transmission that held the number when that retour was read; NULL: not sent by demat."""
    taken_on: date | None = None
    rejected_on: date | None = None
    amount_cents: int = Field(sa_type=BigInteger)
    paid_cents: int = Field(sa_type=BigInteger)
    regularise: bool
    """Whether a mandat or a titre is to be issued for it (TypBord 04/05, TypPce 12/13)."""
    regularised_by: str
    """``idpce`` key of the pièce that regularises it; empty when none was seen."""
    looked_up_to: int
    """Last transmission that was searched for that pièce."""
    to_show: bool
    """Whether an agent must still be shown it."""
    detail: str = Field(sa_type=Text)


class Reglement(Base, table=True):
    """One payment or collection; its rank tells apart those that are alike in one retour."""

    __tablename__ = "reglement"

    piece_id: int = Field(primary_key=True, foreign_key="piece.id")
    ligne: int = Field(primary_key=True, sa_type=BigInteger)
    origine: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    cents: int = Field(primary_key=True, sa_type=BigInteger)
    rank: int = Field(primary_key=True)


class Horodatage(Base, table=True):
    """A time-stamp token (RFC 3161) and what it is about."""

    __tablename__ = "horodatage"
    __table_args__ = (
        UniqueConstraint("objet", "transmission_id", "sha256"),
        Index(None, "objet", "last_entry"),
    )

    id: int | None = Field(default=None, primary_key=True)
    objet: str
    """``transmission`` (the frozen bytes), ``recu`` (an answer of the State) or ``journal``."""
    transmission_id: int | None = Field(default=None, foreign_key="transmission.id")
    """NULL for the journal, which is that of all authorities."""
    first_entry: int | None = None
    """First entry of the journal under the token."""
    last_entry: int | None = None
    """Last entry of the journal under the token."""
    sha256: str
    """Digest that was stamped: of the document, or root of the tree of the entries' seals."""
    token_sha256: str
    """Digest of the token, which the document store keeps."""
    instant: datetime
    """Instant that the token proves."""
    authority: str
    """Common name of the certificate that made it."""
    at: datetime


class Preuve(Base, table=True):
    """A certificate or a revocation list that was known when a transmission was frozen."""

    __tablename__ = "preuve"

    transmission_id: int = Field(primary_key=True, foreign_key="transmission.id")
    sha256: str = Field(primary_key=True)
    nature: str
    """``racine``, ``certificat``, ``liste`` or ``ocsp``."""
    at: datetime


class Deplacement(Base, table=True):
    """One row when the data were moved to another database: this one is closed."""

    __tablename__ = "deplacement"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    vers: str
    """Address of the other database, without its password."""
    at: datetime
    done: bool
    """Whether the other one holds everything; else the move was stopped half-way."""


class Doute(Base, table=True):
    """Digest of a file that was perhaps handed in between a backup and the disaster after it."""

    __tablename__ = "doute"

    sha256: str = Field(primary_key=True)
    at: datetime
    """When the backup was restored."""


def _table(name: str) -> Table:
    return METADATA.tables[name]


AUTHORITY = _table("authority")
DEPOSIT = _table("deposit")
DEPOSIT_FILE = _table("deposit_file")
TRANSMISSION = _table("transmission")
USED_KEY = _table("used_key")
COUNTER = _table("counter")
RECEIPT = _table("receipt")
JOURNAL = _table("journal")
JOURNAL_HEAD = _table("journal_head")
LINE = _table("line")
CLASSIFICATION = _table("classification")
RUN = _table("run")
PUBLICATION = _table("publication")
PUBLICITE = _table("publicite")
COURRIER = _table("courrier")
RETOUR = _table("retour")
PIECE = _table("piece")
REGLEMENT = _table("reglement")
HORODATAGE = _table("horodatage")
PREUVE = _table("preuve")
DEPLACEMENT = _table("deplacement")

DOUTE = _table("doute")
