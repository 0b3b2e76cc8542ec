"""Databases as earlier versions of demat left them: rows in every table of a revision.

A revision that adds a table, or a column that may not be empty, adds its rows here.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, MetaData, create_engine, insert

from demat.queue.database import REVISIONS
from demat.queue.migrate import upgrade

__all__ = ["DOCUMENTS", "SEALED", "old_database", "rows_of"]

Rows = dict[str, list[dict[str, Any]]]

INSTANT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)
SIREN = "000000000"
KEY = "depense/01/2026/01/12"
DOCUMENTS = {name: f"<{name}/>".encode() for name in ("depot", "flux", "accuse", "grille")}
"""What the rows speak of, by name."""
SHA256 = {name: hashlib.sha256(content).hexdigest() for name, content in DOCUMENTS.items()}


def _journal(*entries: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Seal entries one after the other, as the specification of the journal says."""
    sealed, previous = [], "0" * 64
    for rank, entry in enumerate(entries, start=1):
        values = {"id": rank, "at": "2026-11-23T07:00:00.000000+00:00", **entry}
        text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        seal = hashlib.sha256(f"{previous}{text}".encode()).hexdigest()
        sealed.append({**values, "previous_hash": previous, "hash": seal})
        previous = seal
    return sealed, previous


def _entry(action: str, before: str, after: str, **detail: str) -> dict[str, Any]:
    return {
        "collectivite": SIREN,
        "deposit_id": 1,
        "transmission_id": None,
        "action": action,
        "before": before,
        "after": after,
        "detail": json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
    }


SEALED, _LAST = _journal(
    _entry("received", "", "received", nom="délibération d'été.pdf"),
    _entry("packed", "checked", "packed"),
)


def _transmission(**values: Any) -> dict[str, Any]:
    return {
        "deposit_id": 1,
        "collectivite": SIREN,
        "flux": "HELIOS",
        "file_name": "flux.xml",
        "sha256": SHA256["flux"],
        "size": 7,
        "key": "PESALR2_1",
        "delivery": "todo",
        "etat": "genere",
        "etat_final": False,
        "etat_negative": False,
        "attempts": 0,
        "created_at": INSTANT,
        "updated_at": INSTANT,
        "facts": '{"exercice":"2026"}',
        "faults": "[]",
        **values,
    }


_BORN: dict[str, Rows] = {
    "0001": {
        "authority": [
            {"collectivite": SIREN, "served_rank": 3, "paused_until": None, "pause_fault": "[]"}
        ],
        "deposit": [
            {
                "collectivite": SIREN,
                "name": "délibération d'été.pdf",
                "kind": "acte",
                "state": "packed",
                "token": "prise-1",
                "faults": "[]",
                "detail": "{}",
                "received_at": INSTANT,
                "updated_at": INSTANT,
            }
        ],
        "deposit_file": [
            {"deposit_id": 1, "rank": 1, "name": "a.pdf", "sha256": SHA256["depot"], "size": 8}
        ],
        "transmission": [
            _transmission(),
            _transmission(
                key="PESALR2_2",
                delivery="deposited",
                reference="4711",
                remote_code="4",
                attempts=1,
                deposited_at=INSTANT,
                supersedes=1,
            ),
        ],
        "used_key": [
            {
                "collectivite": SIREN,
                "kind": "idpce",
                "key": KEY,
                "label": "mandat n° 12",
                "scope": "depense/01/2026",
                "amount_cents": 2**40,
                "transmission_id": 1,
                "used_at": INSTANT,
            }
        ],
        "counter": [{"collectivite": SIREN, "counter": "pes", "period": "2026", "value": 41}],
        "receipt": [
            {
                "transmission_id": 2,
                "kind": "acquit",
                "name": "acquit.xml",
                "sha256": SHA256["accuse"],
                "message_date": DAY,
                "received_at": INSTANT,
                "etat": "acquitte",
                "faults": "[]",
                "detail": "{}",
            }
        ],
        "journal": SEALED,
        "journal_head": [],  # there already; see _write
        "classification": [
            {
                "collectivite": SIREN,
                "day": DAY,
                "sha256": SHA256["grille"],
                "installed_at": INSTANT,
            }
        ],
        "run": [
            {
                "kind": "nightly",
                "scheduled_for": INSTANT,
                "slot": INSTANT,
                "running": 1,
                "started_at": INSTANT,
                "lease_until": INSTANT,
                "lost": False,
                "report": "{}",
            }
        ],
        "publication": [
            {
                "transmission_id": 2,
                "collectivite": SIREN,
                "first_published": INSTANT,
                "url": "https://ville.example/1",
                "sha256": SHA256["flux"],
                "updated_at": INSTANT,
                "withdrawal_reason": "",
            }
        ],
    },
    "0002": {
        "retour": [
            {
                "collectivite": SIREN,
                "sha256": SHA256["accuse"],
                "name": "retour.xml",
                "cod_bud": "01",
                "day": DAY,
                "pieces": 1,
                "received_at": INSTANT,
                "faults": "[]",
                "told": True,
            }
        ],
        "piece": [
            {
                "collectivite": SIREN,
                "key": KEY,
                "bordereau": 3,
                "objet": "Éclairage",
                "etat": "prise_en_charge",
                "day": date.min,
                "retour_id": 1,
                "transmission_id": 1,
                "taken_on": DAY,
                "amount_cents": 2**40,
                "paid_cents": 100,
                "regularise": False,
                "regularised_by": "",
                "looked_up_to": 0,
                "to_show": True,
                "detail": "{}",
            }
        ],
        "reglement": [
            {"piece_id": 1, "ligne": 1, "origine": "01", "day": DAY, "cents": 100, "rank": 1}
        ],
    },
    "0003": {
        "publicite": [
            {
                "transmission_id": 2,
                "day": DAY,
                "mode": "affichage",
                "who": "Camille Dupré",
                "recorded_at": INSTANT,
            }
        ],
        "courrier": [
            {
                "collectivite": SIREN,
                "sha256": SHA256["accuse"],
                "kind": "3",
                "root": "DemandePieceComplementaire",
                "name": "lettre.xml",
                "id_acte": "",
                "day": DAY,
                "texte": "Merci d'envoyer l'annexe.",
                "reference": "12",
                "documents": "[]",
                "transmission_id": 2,
                "received_at": INSTANT,
                "faults": "[]",
                "laid": False,
            }
        ],
    },
    "0004": {
        "horodatage": [
            {
                "objet": "transmission",
                "transmission_id": 1,
                "sha256": SHA256["flux"],
                "token_sha256": SHA256["accuse"],
                "instant": INSTANT,
                "authority": "TSA fictive",
                "at": INSTANT,
            }
        ],
        "preuve": [
            {
                "transmission_id": 1,
                "sha256": SHA256["grille"],
                "nature": "certificat",
                "at": INSTANT,
            }
        ],
    },
    "0005": {
        "line": [
            {
                "name": "tdt.example",
                "failures": 2,
                "openings": 1,
                "shut_until": INSTANT,
                "fault": "[]",
                "hour": INSTANT,
                "hour_bytes": 2**40,
            }
        ]
    },
    "0010": {"doute": [{"sha256": SHA256["depot"], "at": INSTANT}]},
}
"""Revision → the tables that it makes, parents first, and rows for them."""

_WIDENED: dict[str, dict[str, dict[str, Any]]] = {
    "0003": {"classification": {"checked_at": INSTANT, "announced": DAY}},
    "0005": {"authority": {"due_at": INSTANT, "line": "tdt.example"}},
}
"""Revision → what it adds to the rows of tables that were there before."""


def rows_of(revision: str) -> Rows:
    """Return the rows of every table that a revision knows, parents first."""
    rows: Rows = {}
    for one in REVISIONS[: REVISIONS.index(revision) + 1]:
        for name, more in _WIDENED.get(one, {}).items():
            rows[name] = [row | more for row in rows[name]]
        rows |= _BORN.get(one, {})
    return rows


def old_database(url: str, revision: str) -> None:
    """Make a database of an earlier revision, with rows in every table."""
    engine = create_engine(url)
    with engine.begin() as connection:
        upgrade(connection, revision)
        _write(connection, rows_of(revision))
    engine.dispose()


def _write(connection: Connection, rows: Rows) -> None:
    metadata = MetaData()
    metadata.reflect(connection)
    known = set(metadata.tables) - {"alembic_version", "deplacement"}  # a row there closes all
    assert known == set(rows), "every table of the revision has rows in this file"
    for name, content in rows.items():
        for row in content:
            connection.execute(insert(metadata.tables[name]).values(**row))
    head = metadata.tables["journal_head"]
    connection.execute(head.update().values(entries=len(SEALED), hash=_LAST))
