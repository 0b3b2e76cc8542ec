"""Errors become a sentence and an exit code; each code is reached by a real command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from demat.cli.boundary import Exit, exit_code
from demat.cli.main import app, invoke
from demat.connectors.api import AuthenticationRefused, OutcomeUnknown, Refused, Unreachable
from demat.errors import ConfigurationError, DematError
from demat.faults import Fault, FaultError, Severity
from tests.unit.cli.conftest import ROOT, Said, Town
from tests.unit.cli.moves import reject

Demat = Callable[..., Said]


def test_each_exit_code_is_reached(acte: Town) -> None:
    (acte.root / "vide.xml").write_bytes(b"<a")
    assert acte.demat("flows").code == Exit.DONE == 0
    assert acte.demat("validate", "vide.xml").code == Exit.FAULTS == 1
    assert acte.demat("show", "99").code == Exit.USAGE == 2
    assert acte.demat("doctor").code == Exit.UNREACHABLE == 3
    assert acte.demat("flows", "--config", "absent.toml").code == Exit.CONFIGURATION == 4


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FaultError(Fault(code="ACT-012")), 1),
        (FaultError(Fault(code="INT-PATH")), 2),
        (FaultError(Fault(code="CFG-COLLECTIVITE")), 2),
        (FaultError(Fault(code="CFG-SIREN")), 4),
        (FaultError(Fault(code="SIG-EXPIRED")), 4),
        (FaultError(Fault(code="SIG-NO_KEY_USAGE", severity=Severity.WARNING)), 1),
        (Unreachable(Fault(code="CON-UNREACHABLE")), 3),
        (OutcomeUnknown(Fault(code="CON-LOST_ANSWER")), 3),
        (AuthenticationRefused(Fault(code="CON-CLIENT_CERTIFICATE")), 4),
        (Refused(Fault(code="CON-KO")), 1),
        (ConfigurationError("x"), 4),
        (DematError("x"), 1),
        (OSError(28, "No space left on device"), 1),
    ],
)
def test_what_stops_a_command_has_its_code(error: Exception, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize("arguments", [("show", "99"), ("flows", "--config", "absent.toml")])
def test_the_trace_is_for_who_asks_for_it(town: Town, arguments: tuple[str, ...]) -> None:
    assert "Traceback" not in town.demat(*arguments).err
    said = town.demat(*arguments, "--verbose")
    assert "Traceback (most recent call last)" in said.err
    assert said.err.rstrip().splitlines()[-1].startswith("demat.faults.FaultError: ")
    assert "NoneType: None" not in said.err


def test_a_folder_that_cannot_be_used_is_a_sentence(town: Town) -> None:
    (town.root / "donnees").write_text("in the way")
    said = town.demat("flows")
    assert said.code == 1
    assert "/donnees" in said.words
    assert "ne peut pas être utilis" in said.words
    assert "Errno" not in said.err
    assert "File exists" not in said.err
    assert town.demat("flows", "--json").json["error"][0]["code"].startswith(("INT-", "QUE-"))


ANSWERS = [
    ("flows",),
    ("flows", "--state", "returned"),
    ("show", "1"),
    ("show", "D1"),
    ("show", "nomenclature.xml"),
    ("validate", "nomenclature.xml"),
    ("verify", "nomenclature.xml"),
    ("classification",),
    ("publish",),
    ("sign", "--yes"),
    ("resubmit", "1"),
    ("doctor",),
    ("watch", "--once"),
    ("deposit", "nomenclature.xml"),
    ("nightly",),
    (
        "init",
        "ailleurs",
        "--nom=X",
        "--siren=000000000",
        "--siret=21990123800010",
        "--departement=099",
    ),
]


def test_every_command_answers_with_one_object(acte: Town) -> None:
    with acte.office() as office:
        reject(office)
    for arguments in ANSWERS:
        said = acte.demat(*arguments, "--json")
        assert "error" not in said.json, arguments
        assert said.code in (0, 1, 3), arguments


@pytest.mark.parametrize("arguments", ANSWERS, ids=lambda arguments: "-".join(arguments[:2]))
def test_every_failure_is_one_object(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    demat: Demat,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ailleurs").mkdir()
    (tmp_path / "ailleurs/demat.toml").touch()
    said = demat(*arguments, "--json")
    assert said.code in (2, 4)
    assert said.err == ""
    assert set(said.json) == {"error"}
    assert all(item["code"] and item["message"] for item in said.json["error"])


@pytest.mark.parametrize(
    ("arguments", "sentence", "path"),
    [
        (("fluxs",), "La commande « fluxs » n'existe pas. Les commandes : demo, init,", "demat"),
        (("flows", "--etat"), "L'option « --etat » n'existe pas.", "demat"),
        (("flows", "--state"), "Il manque une valeur après « --state ».", "demat"),
        (("show",), "Il manque « N°|FICHIER ».", "demat show"),
        (("init", "x"), "Il manque l'option « --nom ».", "demat init"),
        (("resubmit", "abc"), "La valeur donnée pour « N° » ne convient pas.", "demat resubmit"),
        (("show", "1", "2"), "En trop dans la commande : « 2 ».", "demat show"),
    ],
)
def test_a_mistake_of_use_is_told_in_french(
    demat: Demat, arguments: tuple[str, ...], sentence: str, path: str
) -> None:
    said = demat(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(sentence)
    assert "  → Aide : demat" in said.err
    assert f"  → Aide : {path}" in said.err
    answer = demat(arguments[0], "--json", *arguments[1:])
    assert answer.code == 2
    assert answer.json["error"][0]["code"] == "USAGE"


def test_without_a_command_the_help_is_shown(demat: Demat) -> None:
    said = demat()
    assert said.code == 2
    assert "Commandes" in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    "command", [info.name or info.callback.__name__ for info in app.registered_commands]
)
def test_every_command_has_help_with_an_example(
    demat: Demat, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = demat(command, "--help")
    assert (said.code, said.err) == (0, "")
    assert f"Usage: demat {command}" in said.out
    assert "Exemple : demat" in said.out
    assert "Afficher cette aide." in said.out
    for english in ("Show this message", "default:", "required", "env var"):
        assert english not in said.out


def _process(folder: Path, *arguments: str, code: str = "") -> "subprocess.CompletedProcess[str]":
    program = code or "from demat.cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C"}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


BROKEN = """\
import demat.cli.flows
def broken(*args, **kwargs): raise ZeroDivisionError("a defect")
demat.cli.flows.list_flows = broken
from demat.cli.main import main
main()
"""


def test_a_defect_of_ours_is_told_without_a_trace(tmp_path: Path) -> None:
    done = _process(tmp_path, "flows", code=BROKEN)
    assert done.returncode == 1
    assert done.stderr.startswith("Erreur interne de demat (ZeroDivisionError)")
    assert "Traceback" not in done.stderr
    asked = _process(tmp_path, "flows", "--verbose", code=BROKEN)
    assert "ZeroDivisionError: a defect" in asked.stderr
    answer = _process(tmp_path, "flows", "--json", code=BROKEN)
    assert json.loads(answer.stdout)["error"][0]["code"] == "ZeroDivisionError"


def test_sentences_are_french_whatever_the_locale(tmp_path: Path) -> None:
    done = _process(tmp_path, "flows")
    assert done.returncode == 4
    assert done.stderr.startswith("Le fichier de configuration « demat.toml » n'existe pas.")


def test_a_reader_that_leaves_is_no_error(acte: Town) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", "from demat.cli.main import main; main()", "show", "1"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        cwd=acte.root,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_stop_by_the_keyboard_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object, **_kwargs: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("demat.cli.flows.list_flows", interrupted)
    assert invoke(["flows"]) == 130
