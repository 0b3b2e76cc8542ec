"""The launcher of a fresh clone, with a Python that only writes down what it is asked."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FAKE_PYTHON = """\
#!/bin/sh
echo "$*" >> "$FAKE_LOG"
case "$*" in
  "-m venv "*)
    if [ -n "$FAKE_NO_VENV" ] && [ ! -f "$FAKE_INSTALLED" ]; then exit 1; fi
    mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"
    cp "$0" "$3/bin/python" ;;
  "-m pip install "*) exit "${FAKE_PIP:-0}" ;;
  "-m demat wait") exec sleep 60 ;;
  "-m demat "*) exit "${FAKE_EXIT:-0}" ;;
esac
"""
FAKE_APT = """\
#!/bin/sh
echo "apt-get $*" >> "$FAKE_LOG"
if [ "$1" = install ]; then : > "$FAKE_INSTALLED"; fi
"""
DRIVER = """\
import os, runpy, sys
sys.executable = os.environ["FAKE_PYTHON"]
if os.environ.get("FAKE_VERSION"):
    sys.version_info = tuple(map(int, os.environ["FAKE_VERSION"].split(".")))
os.geteuid = lambda: int(os.environ.get("FAKE_UID", "1000"))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(kw_only=True)
class Clone:
    """A checkout of the launcher, and a machine whose programs only write down their calls."""

    root: Path
    machine: Path
    warned: bool = False

    def start(self, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("FAKE_")},
            "PATH": str(self.machine),
            "FAKE_LOG": str(self.machine / "calls.txt"),
            "FAKE_PYTHON": str(self.machine / "python3"),
            "FAKE_INSTALLED": str(self.machine / "installed"),
            **settings,
        }
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(self.root / "cli.py"), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        process = self.start(*arguments, **settings)
        said, errors = process.communicate(timeout=60)
        assert WAIT not in said  # the standard output belongs to the command, its JSON included
        self.warned = errors.startswith(WAIT)
        return process.returncode, errors.removeprefix(WAIT)

    def calls(self) -> list[str]:
        """Return what was asked since the last time, with the folder of the clone left out."""
        log = self.machine / "calls.txt"
        if not log.exists():
            return []
        lines = log.read_text("utf-8").replace(str(self.root), "CLONE").splitlines()
        log.unlink()
        return lines

    def add_apt(self) -> None:
        _program(self.machine / "apt-get", FAKE_APT)


def _program(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root = tmp_path / "Mairie d'été, poste n° 2"
    root.mkdir()
    shutil.copyfile(ROOT / "cli.py", root / "cli.py")
    (root / "requirements.lock").write_text("lxml==1\n")
    (root / "requirements-dev.lock").write_text("lxml==1\npytest==1\n")
    machine = tmp_path / "bin"
    machine.mkdir()
    _program(machine / "python3", FAKE_PYTHON)
    for name in ("mkdir", "cp", "sleep", "sh"):
        (machine / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    return Clone(root=root, machine=machine)


WAIT = "Préparation de l'environnement (une minute environ, la première fois)…\n"
VENV = "-m venv CLONE/.venv"
PROBE = "-m pip --version"
INSTALL = (
    "-m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: "
    "-r CLONE/requirements.lock"
)


def test_a_fresh_clone_makes_its_environment_then_runs_the_command(clone: Clone) -> None:
    code, errors = clone.run("flows", "--state", "refusé")
    assert (code, errors) == (0, "")
    assert clone.warned
    assert clone.calls() == [VENV, PROBE, INSTALL, "-m demat flows --state refusé"]
    path = clone.root / ".venv/lib/python3.11/site-packages/demat-checkout.pth"
    assert path.read_text("utf-8") == f"{clone.root}\n"


def test_nothing_is_installed_again_when_nothing_changed(clone: Clone) -> None:
    clone.run("demo")
    clone.calls()
    clone.run("demo")
    assert clone.calls() == ["-m demat demo"]


def test_a_changed_lock_is_installed(clone: Clone) -> None:
    clone.run("demo")
    clone.calls()
    (clone.root / "requirements.lock").write_text("lxml==2\n")
    clone.run("demo")
    assert clone.calls() == [PROBE, INSTALL, "-m demat demo"]


def test_an_interrupted_installation_is_taken_up_again(clone: Clone) -> None:
    code, errors = clone.run("demo", FAKE_PIP="1")
    assert code == 4
    assert errors.startswith("Les bibliothèques dont demat a besoin n'ont pas pu être installées.")
    assert "-m demat demo" not in clone.calls()
    assert clone.run("demo") == (0, "")
    assert clone.calls() == [PROBE, INSTALL, "-m demat demo"]


def test_a_folder_that_was_moved_gets_a_new_environment(clone: Clone) -> None:
    clone.run("demo")
    clone.calls()
    moved = Clone(root=clone.root.rename(clone.root.parent / "ailleurs"), machine=clone.machine)
    assert moved.run("demo") == (0, "")
    assert moved.calls() == [VENV, PROBE, INSTALL, "-m demat demo"]


def test_the_tests_install_their_own_lock(clone: Clone) -> None:
    (clone.root / "tests").mkdir()
    clone.run("test", "-k", "actes")
    development = INSTALL.replace("requirements.lock", "requirements-dev.lock")
    assert clone.calls() == [VENV, PROBE, development, "CLONE/tests/run_all.py -k actes"]


def test_a_python_that_is_too_old_is_told(clone: Clone) -> None:
    code, errors = clone.run("demo", FAKE_VERSION="3.8.10")
    assert code == 4
    assert errors == (
        "demat demande Python 3.11 ou plus récent ; celui-ci est 3.8.\n"
        "Installez un Python plus récent, puis relancez la même commande avec lui.\n"
    )
    assert clone.calls() == []


def test_an_old_python_can_read_the_launcher() -> None:
    ast.parse((ROOT / "cli.py").read_text("utf-8"), feature_version=(3, 5))


def test_a_missing_package_gives_the_command_to_type(clone: Clone) -> None:
    clone.add_apt()
    code, errors = clone.run("demo", FAKE_NO_VENV="1")
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    assert code == 4
    assert errors == (
        f"Python ne sait pas créer d'environnement : il manque le paquet {package}.\n"
        f"Tapez : sudo apt-get install {package}   puis relancez la commande.\n"
    )
    assert clone.calls() == [VENV]


def test_without_apt_no_debian_command_is_given(clone: Clone) -> None:
    code, errors = clone.run("demo", FAKE_NO_VENV="1")
    assert code == 4
    assert "venv et ensurepip" in errors
    assert "apt-get" not in errors


def test_the_administrator_gets_the_missing_package(clone: Clone) -> None:
    clone.add_apt()
    code, errors = clone.run("demo", FAKE_NO_VENV="1", FAKE_UID="0")
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    assert (code, errors) == (0, "")
    assert clone.calls() == [
        VENV,
        "apt-get update -q",
        f"apt-get install -y -q {package}",
        VENV,
        PROBE,
        INSTALL,
        "-m demat demo",
    ]


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_the_exit_code_is_that_of_the_command(clone: Clone, code: int) -> None:
    assert clone.run("flows", FAKE_EXIT=str(code))[0] == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_command_itself(clone: Clone, number: signal.Signals) -> None:
    process = clone.start("wait")
    log = clone.machine / "calls.txt"
    while not log.exists() or "-m demat wait" not in log.read_text("utf-8"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == -number
