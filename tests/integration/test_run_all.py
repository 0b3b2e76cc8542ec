"""What ``cli.py test`` does around pytest: system programs, steps, skips."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]

EVERYTHING = [
    *("xmlsec1", "xmllint", "chromium", "openssl", "clamd", "softhsm2-util"),
    *("pg_createcluster", "sshd", "spin", "gcc"),
]
FAKE_APT = """\
#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >> "$FAKE_LOG"
if [ "$1" = install ]; then for name in $FAKE_GIVES; do : > "$FAKE_BIN/$name"
chmod 755 "$FAKE_BIN/$name"; done; fi
"""


@pytest.fixture
def run_all() -> ModuleType:
    specification = importlib.util.spec_from_file_location("run_all", ROOT / "tests/run_all.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder of programs: ``sh``, ``chmod``, and an apt that writes its calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "chmod"):
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    apt = folder / "apt-get"
    apt.write_text(FAKE_APT)
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "calls.txt"))
    monkeypatch.setenv("FAKE_BIN", str(folder))
    return folder


def _calls(machine: Path) -> list[str]:
    log = machine.parent / "calls.txt"
    return log.read_text().splitlines() if log.exists() else []


def test_the_administrator_gets_the_missing_programs(
    run_all: ModuleType, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("FAKE_GIVES", " ".join(EVERYTHING))
    assert run_all.install_programs() == []
    assert _calls(machine) == [
        "noninteractive update -q",
        "noninteractive install -y -q xmlsec1 libxml2-utils chromium openssl clamav-daemon "
        "softhsm2 postgresql openssh-server spin gcc",
    ]


def test_what_is_there_is_not_installed_again(
    run_all: ModuleType, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in (name for name in EVERYTHING if name != "xmllint"):
        (machine / name).symlink_to(machine / "sh")
    monkeypatch.setenv("FAKE_GIVES", "")
    assert run_all.install_programs() == ["xmllint"]
    assert _calls(machine)[-1] == "noninteractive install -y -q libxml2-utils"


def test_another_user_installs_nothing(
    run_all: ModuleType, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run_all.install_programs() == EVERYTHING
    assert _calls(machine) == []


def test_the_end_says_what_failed_and_the_command_to_type(
    run_all: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = {"types": 1}
    monkeypatch.setattr(run_all, "install_programs", lambda: ["xmllint", "xmlsec1"])
    monkeypatch.setattr(run_all, "run", lambda name, _command: codes.get(name, 0))
    assert run_all.main([]) == 1
    summary = capsys.readouterr().out.splitlines()
    assert "types      FAILED (exit 1)" in summary
    assert "tests      ok" in summary
    assert "sudo apt-get install libxml2-utils xmlsec1" in summary[-2]


def test_all_is_well_only_when_every_step_is(
    run_all: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_all, "install_programs", list)
    monkeypatch.setattr(run_all, "run", lambda _name, _command: 0)
    assert run_all.main([]) == 0


def test_the_arguments_go_to_the_tests(
    run_all: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: dict[str, list[str]] = {}
    monkeypatch.setattr(run_all, "install_programs", list)
    monkeypatch.setattr(run_all, "run", lambda name, command: commands.update({name: command}))
    run_all.main(["--deep", "tests/unit"])
    assert commands["tests"][-2:] == ["--deep", "tests/unit"]


def test_deep_is_an_option_of_the_tests() -> None:
    command = [sys.executable, "-m", "pytest", "--help", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "--deep" in done.stdout


@pytest.mark.parametrize(
    ("ci", "workers", "expected"),
    [("true", "0", 1), ("true", "1", 1), ("", "0", 0)],
    ids=["ci", "ci-with-workers", "elsewhere"],
)
def test_a_skip_is_a_failure_under_ci_only(
    tmp_path: Path, ci: str, workers: str, expected: int
) -> None:
    shutil.copyfile(ROOT / "tests/conftest.py", tmp_path / "conftest.py")
    (tmp_path / "test_tiny.py").write_text(
        "import pytest\n\n\ndef test_skipped():\n    pytest.skip('no reason')\n\n\n"
        "def test_good():\n    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-n", workers, "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (expected, "")
    assert "no reason" in done.stdout
