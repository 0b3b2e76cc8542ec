"""First tables.

There is no way down: dropping these tables would destroy the journal and the proof of deposits.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0001"
down_revision = None

GENESIS = "0" * 64


def upgrade() -> None:
    """Create everything, parents before children."""
    _create_authority()
    _create_deposit()
    _create_transmission()
    _create_used_key_and_counter()
    _create_receipt_and_publication()
    _create_journal()
    _create_classification_and_run()


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _json(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _boolean(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, UTCDateTime(), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _create_authority() -> None:
    op.create_table(
        "authority",
        _text("collectivite"),
        _big("served_rank"),
        _instant("paused_until", nullable=True),
        _json("pause_fault"),
        sa.PrimaryKeyConstraint("collectivite", name="pk_authority"),
    )


def _create_deposit() -> None:
    op.create_table(
        "deposit",
        _integer("id"),
        _text("collectivite"),
        _text("name"),
        _text("kind", nullable=True),
        _text("state"),
        _integer("replaces", nullable=True),
        _text("token"),
        _json("faults"),
        _json("detail"),
        _instant("received_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_deposit"),
        sa.ForeignKeyConstraint(["replaces"], ["deposit.id"], name="fk_deposit_replaces_deposit"),
        sa.UniqueConstraint("replaces", name="uq_deposit_replaces"),
        sa.UniqueConstraint("token", name="uq_deposit_token"),
    )
    _index("deposit", "collectivite", "name")
    _index("deposit", "collectivite", "state")
    op.create_table(
        "deposit_file",
        _integer("deposit_id"),
        _integer("rank"),
        _text("name"),
        _text("sha256"),
        _big("size"),
        sa.PrimaryKeyConstraint("deposit_id", "rank", name="pk_deposit_file"),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposit.id"], name="fk_deposit_file_deposit_id_deposit"
        ),
    )


def _create_transmission() -> None:
    op.create_table(
        "transmission",
        _integer("id"),
        _integer("deposit_id"),
        _text("collectivite"),
        _text("flux"),
        _text("file_name"),
        _text("sha256"),
        _big("size"),
        _text("key"),
        _text("delivery"),
        _text("etat"),
        _boolean("etat_final"),
        _boolean("etat_negative"),
        _text("reference", nullable=True),
        _text("remote_code", nullable=True),
        _integer("attempts"),
        _instant("next_attempt_at", nullable=True),
        _text("claim_token", nullable=True),
        _text("claimed_by", nullable=True),
        _instant("lease_until", nullable=True),
        _instant("created_at"),
        _instant("deposited_at", nullable=True),
        _instant("updated_at"),
        _json("facts"),
        _json("faults"),
        _integer("supersedes", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_transmission"),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposit.id"], name="fk_transmission_deposit_id_deposit"
        ),
        sa.ForeignKeyConstraint(
            ["collectivite"],
            ["authority.collectivite"],
            name="fk_transmission_collectivite_authority",
        ),
        sa.ForeignKeyConstraint(
            ["supersedes"], ["transmission.id"], name="fk_transmission_supersedes_transmission"
        ),
        sa.UniqueConstraint("supersedes", name="uq_transmission_supersedes"),
    )
    _index("transmission", "delivery", "collectivite")
    _index("transmission", "collectivite", "flux", "key")
    _index("transmission", "deposit_id")


def _create_used_key_and_counter() -> None:
    op.create_table(
        "used_key",
        _integer("id"),
        _text("collectivite"),
        _text("kind"),
        _text("key"),
        _text("label"),
        _text("scope"),
        _big("amount_cents"),
        _integer("transmission_id"),
        _instant("used_at"),
        sa.PrimaryKeyConstraint("id", name="pk_used_key"),
        sa.ForeignKeyConstraint(
            ["transmission_id"],
            ["transmission.id"],
            name="fk_used_key_transmission_id_transmission",
        ),
        sa.UniqueConstraint(
            "collectivite", "kind", "key", name="uq_used_key_collectivite_kind_key"
        ),
    )
    _index("used_key", "collectivite", "scope")
    _index("used_key", "transmission_id")
    op.create_table(
        "counter",
        _text("collectivite"),
        _text("counter"),
        _text("period"),
        _big("value"),
        sa.PrimaryKeyConstraint("collectivite", "counter", "period", name="pk_counter"),
    )


def _create_receipt_and_publication() -> None:
    op.create_table(
        "receipt",
        _integer("id"),
        _integer("transmission_id"),
        _text("kind"),
        _text("name"),
        _text("sha256"),
        _day("message_date", nullable=True),
        _instant("received_at"),
        _text("etat"),
        _json("faults"),
        _json("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        sa.ForeignKeyConstraint(
            ["transmission_id"], ["transmission.id"], name="fk_receipt_transmission_id_transmission"
        ),
        sa.UniqueConstraint("transmission_id", "sha256", name="uq_receipt_transmission_id_sha256"),
    )
    op.create_table(
        "publication",
        _integer("transmission_id"),
        _text("collectivite"),
        _instant("first_published"),
        _text("url"),
        _text("sha256"),
        _instant("updated_at"),
        _instant("withdrawn_at", nullable=True),
        _text("withdrawal_reason"),
        sa.PrimaryKeyConstraint("transmission_id", name="pk_publication"),
        sa.ForeignKeyConstraint(
            ["transmission_id"],
            ["transmission.id"],
            name="fk_publication_transmission_id_transmission",
        ),
    )
    _index("publication", "collectivite")


def _create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        _text("at"),
        _text("collectivite"),
        _integer("deposit_id", nullable=True),
        _integer("transmission_id", nullable=True),
        _text("action"),
        _text("before"),
        _text("after"),
        _json("detail"),
        _text("previous_hash"),
        _text("hash"),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    _index("journal", "deposit_id")
    _index("journal", "transmission_id")
    head = op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        _integer("entries"),
        _text("hash"),
        sa.PrimaryKeyConstraint("id", name="pk_journal_head"),
    )
    op.bulk_insert(head, [{"id": 1, "entries": 0, "hash": GENESIS}])


def _create_classification_and_run() -> None:
    op.create_table(
        "classification",
        _integer("id"),
        _text("collectivite"),
        _day("day"),
        _text("sha256"),
        _instant("installed_at"),
        sa.PrimaryKeyConstraint("id", name="pk_classification"),
    )
    _index("classification", "collectivite")
    op.create_table(
        "run",
        _integer("id"),
        _text("kind"),
        _instant("scheduled_for", nullable=True),
        _instant("slot", nullable=True),
        _integer("running", nullable=True),
        _instant("started_at"),
        _instant("lease_until"),
        _instant("ended_at", nullable=True),
        _boolean("lost"),
        _json("report"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("kind", "slot", name="uq_run_kind_slot"),
        sa.UniqueConstraint("kind", "running", name="uq_run_kind_running"),
    )
