"""Letters of the préfecture, publicity of an acte, and how fresh a classification is.

There is no way down: the letters, and the dates that people told, would be lost.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create two tables, and two columns of a third."""
    _create_publicite()
    _create_courrier()
    op.add_column("classification", sa.Column("checked_at", UTCDateTime(), nullable=True))
    op.add_column("classification", sa.Column("announced", sa.Date(), nullable=True))


def _text(name: str, kind: type[sa.String] = sa.String) -> sa.Column[str]:
    return sa.Column(name, kind(), nullable=False)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, UTCDateTime(), nullable=False)


def _create_publicite() -> None:
    op.create_table(
        "publicite",
        sa.Column("transmission_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _text("mode"),
        _text("who"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("transmission_id", name="pk_publicite"),
        sa.ForeignKeyConstraint(
            ["transmission_id"],
            ["transmission.id"],
            name="fk_publicite_transmission_id_transmission",
        ),
    )


def _create_courrier() -> None:
    op.create_table(
        "courrier",
        sa.Column("id", sa.Integer(), nullable=False),
        *(_text(name) for name in ("collectivite", "sha256", "kind", "root", "name", "id_acte")),
        sa.Column("day", sa.Date(), nullable=True),
        _text("texte", sa.Text),
        _text("reference"),
        _text("documents", sa.Text),
        sa.Column("transmission_id", sa.Integer(), nullable=True),
        _instant("received_at"),
        _text("faults", sa.Text),
        sa.Column("laid", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courrier"),
        sa.ForeignKeyConstraint(
            ["transmission_id"],
            ["transmission.id"],
            name="fk_courrier_transmission_id_transmission",
        ),
        sa.UniqueConstraint("collectivite", "sha256", name="uq_courrier_collectivite_sha256"),
    )
    op.create_index("ix_courrier_collectivite_laid", "courrier", ["collectivite", "laid"])
    op.create_index("ix_courrier_transmission_id", "courrier", ["transmission_id"])
