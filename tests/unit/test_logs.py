"""Logging: one line per event, with its identifiers, on standard error."""

import errno
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from demat.connectors.api import Unreachable
from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.logs import configure
from demat.queue.states import TransitionRefused

SILENT = ("pyhanko", "pyhanko_certvalidator", "pikepdf", "pypdfium2", "opentelemetry")
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LOGGERS = ("demat", "apscheduler", "watchfiles", *SILENT)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    last = logging.lastResort.formatter if logging.lastResort else None
    before = [(logging.getLogger(name), name) for name in LOGGERS]
    kept = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger, _ in before]
    yield
    for logger, handlers, level, propagate in kept:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate
    if logging.lastResort:
        logging.lastResort.setFormatter(last)


def _said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [re.sub(rf"^{INSTANT} ", "", line) for line in captured.err.splitlines()]


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


def _fail() -> None:
    """Raise an error whose words, and whose causes' words, name somebody."""
    try:
        raise OSError(errno.ENOSPC, "no room", "/mairie/a-deposer/Mme Sentinelle.pdf")
    except OSError as error:
        fault = Fault(code="ACT-010", params={"objet": "Mme Sentinelle"})
        raise FaultError(fault) from error


def test_an_error_shows_where_it_comes_from_and_names_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(verbose=False)
    try:
        _fail()
    except FaultError:
        logging.getLogger("demat").exception("a step failed")
    lines = _said(capsys)
    assert lines[0] == "error demat: a step failed [code=ACT-010]"
    assert [line for line in lines if ":" in line and ".py" not in line] == [
        "error demat: a step failed [code=ACT-010]",
        "  OSError: ENOSPC No space left on device",
        "  FaultError: ACT-010",
    ]
    assert sum(line.endswith(" _fail") for line in lines) == 2
    assert not any("Sentinelle" in line for line in lines)


ERRORS = [
    (FaultError(Fault(code="ACT-010", params={"objet": "Mme Sentinelle"})), "ACT-010", "ACT-010"),
    (
        Unreachable(Fault(code="CON-UNREACHABLE", params={"reason": "connection refused"})),
        "CON-UNREACHABLE (connection refused)",
        "CON-UNREACHABLE",
    ),
    (
        Unreachable(Fault(code="CON-UNREACHABLE", params={"reason": "url /x?login=sentinelle"})),
        "CON-UNREACHABLE",
        "CON-UNREACHABLE",
    ),
    (FileNotFoundError(errno.ENOENT, "x", "Sentinelle"), "ENOENT No such file or directory", None),
    (OSError("Sentinelle"), "OSError", None),
    (ValueError("Sentinelle"), "ValueError", None),
    (ConfigurationError("Sentinelle"), "ConfigurationError", None),
    (
        TransitionRefused(subject="transmission 12", current="todo", allowed=["doing"], to="x"),
        "transmission 12: todo -> x refused (allowed from: doing)",
        None,
    ),
]


@pytest.mark.parametrize(("error", "words", "code"), ERRORS)
@pytest.mark.parametrize("alone", [False, True])
def test_of_an_error_only_its_codes_are_told(
    error: Exception,
    words: str,
    code: str | None,
    alone: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(verbose=False)
    logger = logging.getLogger("demat")
    if alone:
        logger.warning(error)
    else:
        logger.warning("it failed: %s", error, extra={"action": "collect"})
    pairs = ([] if alone else ["action=collect"]) + ([f"code={code}"] if code else [])
    end = f" [{' '.join(pairs)}]" if pairs else ""
    assert _said(capsys) == [f"warning demat: {'' if alone else 'it failed: '}{words}{end}"]


def test_an_error_may_be_given_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    configure(verbose=False)
    fault = Fault(code="ACT-010", params={"objet": "Mme Sentinelle"})
    values = {"error": FaultError(fault), "count": 2}
    logging.getLogger("demat").warning("%(count)d times: %(error)s", values)
    assert _said(capsys) == ["warning demat: 2 times: ACT-010 [code=ACT-010]"]


def test_an_event_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure(verbose=True, as_json=True)
    extra = {"action": "deposited", "collectivite": "000000000", "deposit": 3, "transmission": 12}
    extra |= {"duration_ms": 81, "outcome": "deposited", "other": "never shown"}
    logging.getLogger("demat.engine").info("déposé\u2028 %s\n{}", "x\x1b", extra=extra)
    try:
        _fail()
    except FaultError as error:
        logging.getLogger("demat.cli").exception("a step failed: %s", error)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert re.fullmatch(INSTANT, first.pop("at"))
    del extra["other"]
    said = {"level": "info", "logger": "demat.engine", "message": "déposé\u2028 x\x1b\n{}"}
    assert first == said | extra
    trace = second.pop("trace")
    assert re.fullmatch(INSTANT, second.pop("at"))
    assert second == {
        "level": "error",
        "logger": "demat.cli",
        "message": "a step failed: ACT-010",
        "code": "ACT-010",
    }
    assert trace[-1] == "FaultError: ACT-010"
    assert "Sentinelle" not in str(trace)


def test_a_library_that_nobody_configured_is_told_without_its_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a process of its own
    configure(verbose=True)
    logging.getLogger("alibrary.inner").warning("Failed: %s", "/x?login=sentinelle")
    (line,) = _said(capsys)
    assert line.startswith("warning alibrary.inner: a library complains at test_logs.py:")
    assert "sentinelle" not in line


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
