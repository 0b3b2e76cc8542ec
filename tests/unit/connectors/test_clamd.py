"""The client of ClamAV against a real daemon, and against one that behaves badly."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from demat.connectors.clamd import AntivirusUnusable, ClamdClient, ClamdSettings
from demat.labels_fr.catalogue import sentence
from tests.clamd_daemon import INFECTED, MAX_BYTES, VIRUS, Daemon, free_port, running_clamd
from tests.unit.actes.factories import PDF


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running


@pytest.fixture(params=["tcp", "unix"])
def client(request: pytest.FixtureRequest, daemon: Daemon) -> ClamdClient:
    return daemon.client(getattr(daemon, request.param))


def why(caught: pytest.ExceptionInfo[AntivirusUnusable]) -> str:
    """Return the code, having checked that the sentence can be written."""
    (fault,) = caught.value.faults
    assert "…" not in sentence(fault)
    return fault.code


def test_the_daemon_answers(client: ClamdClient) -> None:
    client.test()


@pytest.mark.parametrize(
    ("content", "virus"),
    [
        (b"", ""),
        (PDF, ""),
        (INFECTED, VIRUS),
        (b"x" * 200_000 + INFECTED + b"x" * 200_000, VIRUS),
        (bytes(MAX_BYTES), ""),
    ],
)
def test_what_a_real_daemon_says(client: ClamdClient, content: bytes, virus: str) -> None:
    assert client.scan(BytesIO(content), "acte.pdf") == virus


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 40 * MAX_BYTES])
def test_a_file_that_the_daemon_does_not_take(client: ClamdClient, size: int) -> None:
    with pytest.raises(AntivirusUnusable) as caught:
        client.scan(BytesIO(bytes(size)), "plan.pdf")
    assert why(caught) == "CON-ANTIVIRUS_SIZE"
    assert "« plan.pdf »" in sentence(next(iter(caught.value.faults)))
    client.test()


def test_nobody_is_there(tmp_path: Path) -> None:
    for address in (f"127.0.0.1:{free_port()}", f"[::1]:{free_port()}", str(tmp_path / "sock")):
        for asked in (ClamdClient.test, lambda one: one.scan(BytesIO(b"x"), "x")):
            with pytest.raises(AntivirusUnusable) as caught:
                asked(ClamdClient(ClamdSettings(address=address)))
            assert why(caught) == "CON-ANTIVIRUS_AWAY"


@contextmanager
def bad_daemon(behave: Callable[[socket.socket], None]) -> Iterator[ClamdClient]:
    """Serve one connection with some behaviour."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            link, _ = server.accept()
            with link:
                behave(link)

        thread = threading.Thread(target=serve)
        thread.start()
        yield ClamdClient(ClamdSettings(address=f"127.0.0.1:{port}", silence=0.5))
        thread.join()


def says(answer: bytes) -> Callable[[socket.socket], None]:
    def behave(link: socket.socket) -> None:
        taken = b""
        while not taken.endswith(bytes(4)):
            taken += link.recv(4096)
        link.sendall(answer)

    return behave


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (says(b"stream: OK"), "CON-ANTIVIRUS_AWAY"),  # cut before its end
        (says(b""), "CON-ANTIVIRUS_AWAY"),
        (says(b"stream: Other ERROR\0"), "CON-ANTIVIRUS_ANSWER"),
        (says(b"stream: OK, perhaps\0"), "CON-ANTIVIRUS_ANSWER"),
        (says(b"\xff\xfe\0"), "CON-ANTIVIRUS_ANSWER"),
        (says(b"x" * 9000), "CON-ANTIVIRUS_AWAY"),
        (says(b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"), "CON-ANTIVIRUS_SIZE"),
        (lambda link: link.recv(1) and None, "CON-ANTIVIRUS_AWAY"),
    ],
)
def test_no_clear_answer_is_no_answer(behave: Callable[[socket.socket], None], code: str) -> None:
    with bad_daemon(behave) as client, pytest.raises(AntivirusUnusable) as caught:
        client.scan(BytesIO(b"content"), "acte.pdf")
    assert why(caught) == code


def test_a_daemon_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    done = threading.Event()
    with bad_daemon(lambda link: done.wait(30) and None) as client:
        with pytest.raises(AntivirusUnusable) as caught:
            client.test()
        done.set()
    assert why(caught) == "CON-ANTIVIRUS_AWAY"


def test_the_name_of_a_virus_is_bounded_and_printable() -> None:
    long = b"stream: " + b"V\x1b" * 500 + b" FOUND\0"
    with bad_daemon(says(long)) as client:
        assert client.scan(BytesIO(b"content"), "acte.pdf") == "V?" * 100


def test_a_web_server_is_no_antivirus() -> None:
    answer = b"HTTP/1.1 400 Bad Request\0"
    with (
        bad_daemon(lambda link: link.sendall(answer)) as client,
        pytest.raises(AntivirusUnusable) as caught,
    ):
        client.test()
    assert why(caught) == "CON-ANTIVIRUS_ANSWER"
