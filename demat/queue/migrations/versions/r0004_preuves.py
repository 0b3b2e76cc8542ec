"""Time-stamps, and the certificates and revocation lists that were known at packing time.

There is no way down: the time-stamps would be lost.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create two tables."""
    _create_horodatage()
    _create_preuve()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=True)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, UTCDateTime(), nullable=False)


def _of_transmission(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_transmission_id_transmission"
    return sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=name)


def _create_horodatage() -> None:
    op.create_table(
        "horodatage",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("objet"),
        *(_number(name) for name in ("transmission_id", "first_entry", "last_entry")),
        *(_text(name) for name in ("sha256", "token_sha256")),
        _instant("instant"),
        _text("authority"),
        _instant("at"),
        sa.PrimaryKeyConstraint("id", name="pk_horodatage"),
        _of_transmission("horodatage"),
        sa.UniqueConstraint(
            *("objet", "transmission_id", "sha256"),
            name="uq_horodatage_objet_transmission_id_sha256",
        ),
    )
    op.create_index("ix_horodatage_objet_last_entry", "horodatage", ["objet", "last_entry"])


def _create_preuve() -> None:
    op.create_table(
        "preuve",
        sa.Column("transmission_id", sa.Integer(), nullable=False),
        _text("sha256"),
        _text("nature"),
        _instant("at"),
        sa.PrimaryKeyConstraint("transmission_id", "sha256", name="pk_preuve"),
        _of_transmission("preuve"),
    )
