"""The PES_Retour, and what they say of each mandat and titre.

There is no way down: the states that the comptable told would be lost.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables, parents before children."""
    _create_retour()
    _create_piece()
    _create_reglement()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _boolean(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _day(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _create_retour() -> None:
    op.create_table(
        "retour",
        _integer("id"),
        _text("collectivite"),
        _text("sha256"),
        _text("name"),
        _text("cod_bud"),
        _day("day"),
        _integer("pieces"),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        _boolean("told"),
        sa.PrimaryKeyConstraint("id", name="pk_retour"),
        sa.UniqueConstraint("collectivite", "sha256", name="uq_retour_collectivite_sha256"),
    )


def _create_piece() -> None:
    op.create_table(
        "piece",
        _integer("id"),
        _text("collectivite"),
        _text("key"),
        _big("bordereau"),
        _text("objet"),
        _text("etat"),
        _day("day", nullable=False),
        _integer("retour_id"),
        _integer("transmission_id", nullable=True),
        _day("taken_on"),
        _day("rejected_on"),
        _big("amount_cents"),
        _big("paid_cents"),
        _boolean("regularise"),
        _text("regularised_by"),
        _integer("looked_up_to"),
        _boolean("to_show"),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_piece"),
        sa.ForeignKeyConstraint(["retour_id"], ["retour.id"], name="fk_piece_retour_id_retour"),
        sa.ForeignKeyConstraint(
            ["transmission_id"], ["transmission.id"], name="fk_piece_transmission_id_transmission"
        ),
        sa.UniqueConstraint("collectivite", "key", name="uq_piece_collectivite_key"),
    )
    for name in ("etat", "to_show", "regularise"):
        op.create_index(f"ix_piece_collectivite_{name}", "piece", ["collectivite", name])
    op.create_index("ix_piece_transmission_id", "piece", ["transmission_id"])


def _create_reglement() -> None:
    op.create_table(
        "reglement",
        _integer("piece_id"),
        _big("ligne"),
        _text("origine"),
        _day("day", nullable=False),
        _big("cents"),
        _integer("rank"),
        sa.PrimaryKeyConstraint(
            *("piece_id", "ligne", "origine", "day", "cents", "rank"), name="pk_reglement"
        ),
        sa.ForeignKeyConstraint(["piece_id"], ["piece.id"], name="fk_reglement_piece_id_piece"),
    )
