"""Digests of what was perhaps handed in between a backup and the disaster that made it useful.

There is no way down: what was perhaps sent already would be sent again.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create a table."""
    op.create_table(
        "doute",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_doute"),
    )
