"""At which pace flows leave: the turn of each authority, the lines, indexes of what is unfinished.

There is no way down: an earlier version would not keep ``authority.due_at``.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0005"
down_revision = "0004"

TODO = "delivery = 'todo'"
UNDELIVERED = "delivery != 'deposited'"
WRONG = "delivery = 'refused' OR etat_negative"


def upgrade() -> None:
    """Create a table, columns and indexes; tell when the first flow of each authority is due."""
    op.create_table(
        "line",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("shut_until", UTCDateTime(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("hour", UTCDateTime(), nullable=True),
        sa.Column("hour_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_line"),
    )
    op.add_column(
        "authority", sa.Column("line", sa.String(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("authority", sa.Column("due_at", UTCDateTime(), nullable=True))
    op.add_column("authority", sa.Column("hour", UTCDateTime(), nullable=True))
    op.add_column(
        "authority", sa.Column("hour_claims", sa.Integer(), nullable=False, server_default="0")
    )
    _partial("ix_authority_turn", "authority", ["served_rank"], "due_at IS NOT NULL")
    turn = ["delivery", "collectivite", "id"]
    _partial("ix_transmission_undelivered", "transmission", turn, UNDELIVERED)
    _partial("ix_transmission_wait", "transmission", ["collectivite", "next_attempt_at"], TODO)
    _partial("ix_transmission_wrong", "transmission", ["collectivite", "id"], WRONG)
    op.drop_index("ix_transmission_delivery_collectivite", "transmission")  # it grew for ever
    _fill_due_at()


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _fill_due_at() -> None:
    """Say of every authority with a flow to send that one is due: the next claim looks."""
    authority = sa.table("authority", sa.column("collectivite"), sa.column("due_at", UTCDateTime()))
    flow = sa.table("transmission", sa.column("collectivite"), sa.column("delivery"))
    waiting = sa.select(flow.c.collectivite).where(flow.c.delivery == "todo")
    op.execute(
        sa.update(authority)
        .where(authority.c.collectivite.in_(waiting))
        .values(due_at=datetime(1970, 1, 1, tzinfo=UTC))
    )
