"""Everything that must be green: formatting, lint, types, layers, tests. Run by ``cli.py test``.

The arguments go to pytest: files to run less, ``--deep`` to compare 50,000 mutants instead of 2,000
with the official schemas.

System programs that the tests need are installed through apt when this runs as root on Debian or
Ubuntu; elsewhere the one command to type is printed and what can run is run.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

PROGRAMS = {
    "xmlsec1": "xmlsec1",
    "xmllint": "libxml2-utils",
    "chromium": "chromium",
    "openssl": "openssl",
    "clamd": "clamav-daemon",
    "softhsm2-util": "softhsm2",
    "pg_createcluster": "postgresql",
    "sshd": "openssh-server",
    "spin": "spin",
    "gcc": "gcc",
}
"""Program → Debian package."""

PROCESSES = min(os.cpu_count() or 1, 4) + 1
"""How many share the tests. Two of them have a storm, and wait some of their time; each has servers
of its own, so that a large machine does not get one for each of its processors."""

STEPS = [
    ("format", [str(BIN / "ruff"), "format", "--check", "."]),
    ("lint", [str(BIN / "ruff"), "check", "."]),
    ("types", [str(BIN / "mypy")]),
    ("layers", [str(BIN / "lint-imports"), "--config", "pyproject.toml"]),
]


def main(arguments: list[str]) -> int:
    """Run every step, print a summary, return 0 only if all passed."""
    missing = install_programs()
    outcome = [(name, run(name, command)) for name, command in STEPS]
    tests = [sys.executable, "-m", "pytest", f"-n{PROCESSES}", "--dist", "worksteal", *arguments]
    outcome.append(("tests", run("tests", tests)))
    print("\n" + "-" * 60)
    for name, code in outcome:
        print(f"{name:10} {'ok' if code == 0 else f'FAILED (exit {code})'}")
    if missing:
        packages = " ".join(sorted(PROGRAMS[name] for name in missing))
        print(f"not installed: {', '.join(missing)} -> sudo apt-get install {packages}")
        print("the tests that need them were skipped (see the list of skips above)")
    return 0 if all(code == 0 for _, code in outcome) else 1


def install_programs() -> list[str]:
    """Install what is missing when we may; return what is still missing."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    apt = shutil.which("apt-get")
    if missing and apt and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = [PROGRAMS[name] for name in missing]
        print(f"installing {' '.join(packages)}", flush=True)
        for command in (
            [apt, "update", "-q"],
            [apt, "install", "-y", "-q", *packages],
        ):
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    return [name for name in PROGRAMS if shutil.which(name) is None]


def run(name: str, command: list[str]) -> int:
    """Run one step in the checkout and say how long it took."""
    print(f"\n== {name}: {' '.join(Path(part).name for part in command[:3])}", flush=True)
    start = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    print(f"== {name}: {time.monotonic() - start:.0f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
