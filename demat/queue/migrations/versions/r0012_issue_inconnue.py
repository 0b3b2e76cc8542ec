"""Since when nobody knows what became of a sending (connectors dossier §9.2, step 7); what was
answered of late, without reading all the answers.

What is suspended was told of at its last change. There is no way down: the instants would be lost.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add one column and one index."""
    op.add_column("transmission", sa.Column("unknown_since", UTCDateTime(), nullable=True))
    op.execute("UPDATE transmission SET unknown_since = updated_at WHERE delivery = 'suspended'")
    op.create_index("ix_receipt_received_at", "receipt", ["received_at"])
