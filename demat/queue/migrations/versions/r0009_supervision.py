"""Indexes of what is unfinished: what awaits an answer, what is being prepared.

They do not grow with what is done: the supervision and the collecting of answers cost the same
whatever the age of the store.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0005"

INDEXES = (
    (
        "ix_deposit_open",
        "deposit",
        ["state", "collectivite"],
        "state NOT IN ('packed', 'returned')",
    ),
    (
        "ix_transmission_awaited",
        "transmission",
        ["delivery", "collectivite"],
        "delivery = 'deposited' AND NOT etat_final",
    ),
)


def upgrade() -> None:
    """Create them."""
    for name, table, columns, where in INDEXES:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Remove them."""
    for name, table, *_ in INDEXES:
        op.drop_index(name, table_name=table)
