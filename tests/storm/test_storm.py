"""Thousands of flows of five authorities, engines and sandbox killed at random, every fault of the
line, a disk that fills, a database that cannot be written, a clock that jumps: each flow landed
exactly once, each legal state is right, nothing is stuck, the journal holds.

2,000 flows, 20,000 with ``--deep``. ``DEMAT_STORM_SEED`` plays a storm again: its deeds, in their
order; the machine still decides which instruction each blow strikes. ``DEMAT_STORM_FLOWS`` makes it
smaller, ``DEMAT_STORM_LEDGER`` names the file that gets the figures.
"""

import json
import os
import secrets
import time
from pathlib import Path
from random import Random

import pytest

from demat.sandbox.client import Sandbox
from tests.storm.ledger import account, compare
from tests.storm.load import make_load, scenario
from tests.storm.weather import Place, calm, put_away, storm


def test_each_flow_lands_once(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    deep = request.config.getoption("--deep")
    flows = int(os.environ.get("DEMAT_STORM_FLOWS") or (20_000 if deep else 2_000))
    seed = int(os.environ.get("DEMAT_STORM_SEED") or secrets.randbelow(1 << 30))
    random = Random(seed)  # noqa: S311 - a storm that can be played again
    load = make_load(tmp_path, flows, random)
    folder = tmp_path / "bac-a-sable"
    with Sandbox.start(
        folder, scenario=scenario(load.towns, seed), speed=0, max_seconds=7200
    ) as sandbox:
        place = Place(root=tmp_path, load=load, sandbox=sandbox, random=random)
        try:
            place.install()
            with place.office() as office:
                begun = time.monotonic()
                storm(place, office, seconds=max(60, flows / 5))
                calmed = time.monotonic()
                calm(place, office, patience=300)
                ended = time.monotonic()
                wrong = compare(place, office)
                spent = {"storm": round(calmed - begun), "calm": round(ended - calmed)}
                told = {"seed": seed, "seconds": spent, **account(place, office)}
        finally:
            put_away(place)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    if where := os.environ.get("DEMAT_STORM_LEDGER"):
        Path(where).write_text(text + "\n", "utf-8")
    assert wrong == [], f"{text}\n{len(wrong)} wrong, of which:\n" + "\n".join(wrong[:40])
    assert told["done"]["engine that did not end by itself"] == 0
    assert {"engine killed", "sandbox killed"} <= told["done"].keys(), text
