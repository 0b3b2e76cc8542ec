"""Logging: one line per event, with its identifiers, on standard error."""

import logging
import re
import sys
from collections.abc import Iterator

import pytest

from demat.logs import configure

SILENT = ("pyhanko", "pyhanko_certvalidator", "pikepdf", "pypdfium2")
LOGGERS = ("demat", "apscheduler", "watchfiles", *SILENT)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = [(logging.getLogger(name), name) for name in LOGGERS]
    kept = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger, _ in before]
    yield
    for logger, handlers, level, propagate in kept:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def _said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [
        re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", "", line) for line in captured.err.splitlines()
    ]


def test_an_event_is_one_line_with_its_identifiers(capsys: pytest.CaptureFixture[str]) -> None:
    configure(verbose=True)
    extra = {"action": "packed", "deposit": 12, "other": "never shown"}
    logging.getLogger("demat.engine.process").info("packed %d transmissions", 2, extra=extra)
    assert _said(capsys) == [
        "info demat.engine.process: packed 2 transmissions [action=packed deposit=12]"
    ]


def test_only_warnings_are_told_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure(verbose=False)
    logger = logging.getLogger("demat.engine")
    logger.info("not told")
    logger.warning("told")
    assert _said(capsys) == ["warning demat.engine: told"]


def test_what_a_server_says_cannot_forge_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure(verbose=False)
    said = "refused\n2026-01-01T00:00:00Z info demat: all is well\x1b[2J"
    logging.getLogger("demat").warning("%s", said)
    assert _said(capsys) == [
        r"warning demat: refused\n2026-01-01T00:00:00Z info demat: all is well\x1b[2J"
    ]


def test_an_error_shows_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    configure(verbose=False)
    try:
        raise OSError("no room")
    except OSError:
        logging.getLogger("demat").exception("a step failed")
    lines = _said(capsys)
    assert lines[0] == "error demat: a step failed"
    assert lines[-1] == "OSError: no room"


@pytest.mark.parametrize("verbose", [False, True])
def test_libraries_that_work_in_the_background_tell_their_troubles(
    capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    configure(verbose=verbose)
    logger = logging.getLogger("apscheduler.scheduler")
    logger.info("Added job")
    logger.warning("Run time of job was missed")
    assert _said(capsys) == ["warning apscheduler.scheduler: Run time of job was missed"]


def test_configuring_twice_tells_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure(verbose=False)
    configure(verbose=False)
    logging.getLogger("demat").warning("told")
    assert len(_said(capsys)) == 1


@pytest.mark.parametrize(("terminal", "said"), [(True, []), (False, ["warning demat: told"])])
def test_a_terminal_does_not_read_twice_what_the_command_tells(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    said: list[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    configure(verbose=False, told=True)
    logging.getLogger("demat").warning("told")
    assert _said(capsys) == said


@pytest.mark.parametrize("name", SILENT)
def test_a_library_whose_findings_are_faults_says_nothing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An agent never reads the stack trace of a PDF that pyHanko finds suspicious."""
    configure(verbose=True)
    try:
        raise ValueError("suspicious")
    except ValueError:
        logging.getLogger(f"{name}.inner").warning("suspicious", exc_info=True)
    assert _said(capsys) == []
