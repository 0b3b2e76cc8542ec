"""Thousands of flows of five authorities, engines and sandbox killed at random, every fault of the
line, a disk that fills, a database that dies or cannot be written, a clock that jumps: each flow
landed exactly once, each legal state is right, nothing is stuck, the journal holds.

2,000 flows, 20,000 with ``--deep``; a tenth of them by the workers of a centre on PostgreSQL.
``DEMAT_STORM_SEED`` plays a storm again: its deeds, in their order; the machine still decides which
instruction each blow strikes. ``DEMAT_STORM_FLOWS`` makes it smaller, ``DEMAT_STORM_LEDGER`` names
the folder that gets the figures.
"""

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from demat.sandbox.client import Sandbox
from tests.postgres import PostgresServer
from tests.storm import engine
from tests.storm.ledger import account, compare
from tests.storm.load import make_load, scenario
from tests.storm.weather import LINE, Place, calm, put_away, storm

ALWAYS = {
    *("engine killed", "power cut", "sandbox killed", "disk full", "clock pushed"),
    *("clock set back", "answers of sendings to lose", "handshakes to refuse"),
    *("certificate died", "certificate renewed", "PES_Retour dropped"),
    *("letters of the préfecture, type 2", "letters of the préfecture, type 3"),
}
"""What every storm does, or it proves nothing."""


@pytest.fixture
def flows(request: pytest.FixtureRequest) -> int:
    deep = request.config.getoption("--deep")
    return int(os.environ.get("DEMAT_STORM_FLOWS") or (20_000 if deep else 2_000))


def test_each_flow_lands_once(tmp_path: Path, flows: int) -> None:
    told = blow(tmp_path, "embarque", flows, seconds=max(120, flows * 0.6))
    assert "database read-only" in told["done"], told
    assert told["faults of the line"].keys() >= set(LINE), told


def test_each_flow_lands_once_from_the_workers_of_a_centre(
    tmp_path: Path, flows: int, own_server: PostgresServer
) -> None:
    flows //= 10
    told = blow(tmp_path, "centre", flows, seconds=max(120, flows * 2), server=own_server)
    assert "database killed" in told["done"], told


def blow(
    root: Path, name: str, flows: int, *, seconds: float, server: PostgresServer | None = None
) -> dict[str, Any]:
    """Let a storm blow, compare the two ledgers, return the figures.

    :param name: of the file that gets the figures.
    :param seconds: after which it ends, even if most flows have not left.
    """
    seed = int(os.environ.get("DEMAT_STORM_SEED") or secrets.randbelow(1 << 30))
    random = Random(seed)  # noqa: S311 - a storm that can be played again
    load = make_load(root, flows, random)
    base = "" if server is None else server.url(server.new_database())
    with Sandbox.start(
        root / "bac-a-sable",
        scenario=scenario(load.towns, seed),
        speed=0,
        max_seconds=seconds + 7200,
    ) as sandbox:
        place = Place(
            root=root, load=load, sandbox=sandbox, random=random, server=server, base=base
        )
        try:
            place.install()
            with place.office():
                pass  # the tables are there before anything looks into them
            with planned(place):
                begun = time.monotonic()
                under_fire = storm(place, seconds)
                calmed = time.monotonic()
                with place.office() as office:
                    stuck = calm(place, office, patience=300)
                    ended = time.monotonic()
                    wrong = compare(place, office)
                    figures = account(place, office)
            told = {
                "seed": seed,
                "seconds": {"storm": round(calmed - begun), "calm": round(ended - calmed)},
                "landed under fire": under_fire,
                **figures,
            }
        finally:
            put_away(place)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    if where := os.environ.get("DEMAT_STORM_LEDGER"):
        Path(where).mkdir(parents=True, exist_ok=True)
        (Path(where) / f"{name}.json").write_text(text + "\n", "utf-8")
    assert wrong == [], f"{text}\n{len(wrong)} wrong, of which:\n" + "\n".join(wrong[:40])
    assert stuck == "", text
    assert told["done"]["engine that did not end by itself"] == 0
    assert told["done"].keys() >= ALWAYS, text
    assert told["landed under fire"] > flows / 2, text  # else it was no storm
    assert told["journal"]["lease_expired"] > 0, text
    return told


@contextlib.contextmanager
def planned(place: Place) -> Iterator[None]:
    """Plan the tasks of a centre meanwhile; one machine needs none."""
    if place.server is None:
        yield
        return
    stop = threading.Event()
    with place.office() as office:
        thread = threading.Thread(target=engine.plan, args=(office, place.base, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
