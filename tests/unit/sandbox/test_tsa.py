"""The sandbox's time-stamping authority, seen through its port and its orders."""

import json
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.sandbox.control import ControlError, Desk
from demat.sandbox.failures import Failures
from demat.sandbox.pki import make_pki
from demat.sandbox.tsa import QUERY, Mood, Tsa, TsaDesk, TsaServer
from demat.signing.timestamp import make_request

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
CLOCK = FixedClock(NOW)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(make_pki(tmp_path_factory.mktemp("pki"), now=NOW).time_stamps, CLOCK)


def test_an_order_changes_its_mood(tsa: Tsa) -> None:
    control = TsaDesk(tsa, lambda: None)
    assert control.post("/control/time-stamps", b'{"mood": "refuses"}') == {"made": 0}
    assert tsa.mood is Mood.REFUSES
    control.post("/control/time-stamps", b'{"mood": "nominal"}')
    tsa.answer(make_request("00" * 32, nonce=1))
    assert control.post("/control/time-stamps", b'{"mood": "nominal"}') == {"made": 1}
    with pytest.raises(ControlError):
        control.post("/control/time-stamps", b'{"mood": "joyeuse"}')


def test_a_control_without_authority() -> None:
    control = Desk(Failures(), lambda: None)
    with pytest.raises(ControlError, match="no order /control/time-stamps"):
        control.post("/control/time-stamps", b'{"mood": "away"}')


@pytest.mark.parametrize(
    ("query", "failure"), [(b"", b"illisible"), (b"\x30\x00", b"illisible"), (b"x", b"illisible")]
)
def test_a_query_that_is_none(tsa: Tsa, query: bytes, failure: bytes) -> None:
    assert failure in tsa.answer(query)


def test_only_its_own_type_is_taken(tsa: Tsa) -> None:
    with TsaServer(tsa) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(url, data=json.dumps({}).encode(), headers=headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            opener.open(request, timeout=10)
        with caught.value as error:
            assert error.code == 415
        request.add_header("Content-Type", QUERY)
        with opener.open(request, timeout=10) as answer:
            assert answer.headers["Content-Type"] == "application/timestamp-reply"
        server.shutdown()
        thread.join()


def test_a_folder_of_keys_made_before_the_authority_is_made_again(tmp_path: Path) -> None:
    first = make_pki(tmp_path, now=NOW)
    first.time_stamps.key.unlink()
    assert make_pki(tmp_path, now=NOW).time_stamps.key.is_file()
