"""Where the data went when they were moved to another database.

There is no way down: a database that was closed must stay closed.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create a table."""
    op.create_table(
        "deplacement",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("vers", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deplacement"),
    )
