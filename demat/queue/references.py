"""Which documents a database refers to: what a doctor looks for, and what a backup copies."""

import json

from sqlalchemy import Connection, literal, select, union_all

from demat.queue.codec import load
from demat.queue.model import (
    CLASSIFICATION,
    COURRIER,
    DEPOSIT_FILE,
    HORODATAGE,
    JOURNAL,
    PREUVE,
    RECEIPT,
    RETOUR,
    TRANSMISSION,
)
from demat.queue.rows import delivery_in
from demat.queue.states import DeliveryState

__all__ = ["SET_ASIDE", "references", "to_be_sent"]

SET_ASIDE = "answer_unbound"
"""Entry of the journal: an answer that is about something else, or that nobody can read; its bytes
are named there only."""

_LEAVING = (DeliveryState.TODO, DeliveryState.DOING, DeliveryState.SUSPENDED)


def references(connection: Connection) -> dict[str, str]:
    """Return the digest of every document that is referred to, with a file name, or nothing."""
    none = literal("").label("name")
    named = union_all(
        select(CLASSIFICATION.c.sha256, none),
        select(HORODATAGE.c.token_sha256, none),
        select(PREUVE.c.sha256, none),
        select(RETOUR.c.sha256, RETOUR.c.name),
        select(COURRIER.c.sha256, COURRIER.c.name),
        select(RECEIPT.c.sha256, RECEIPT.c.name),
        select(DEPOSIT_FILE.c.sha256, DEPOSIT_FILE.c.name),
        select(TRANSMISSION.c.sha256, TRANSMISSION.c.file_name),
    )
    found = {sha256: name for sha256, name in connection.execute(named)}
    for listed in connection.execute(select(COURRIER.c.documents)).scalars():
        found |= {one["sha256"]: one["name"] for one in json.loads(listed)}
    set_aside = select(JOURNAL.c.detail).where(JOURNAL.c.action == SET_ASIDE)
    for detail in map(load, connection.execute(set_aside).scalars()):
        found.setdefault(detail["sha256"], detail.get("name", ""))
    return found


def to_be_sent(connection: Connection) -> frozenset[str]:
    """Return the digests of the frozen files that are still to leave, or that may have left."""
    statement = select(TRANSMISSION.c.sha256).where(delivery_in(_LEAVING))
    return frozenset(connection.execute(statement).scalars())
