#!/usr/bin/env python3
"""Launcher for a fresh clone: makes .venv from the hash-pinned lock, then runs demat in it.

Standard library only, and readable by old Pythons, so that a machine without anything gets a clear
sentence instead of a stack trace.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
MINIMUM = (3, 11)


def main(arguments):
    # type: (list[str]) -> int
    """Prepare the environment that the command needs, then run it; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # whatever the locale of the machine
    if sys.version_info < MINIMUM:
        return _stop(
            "demat demande Python {}.{} ou plus récent ; celui-ci est {}.{}.".format(
                *MINIMUM, *sys.version_info[:2]
            ),
            "Installez un Python plus récent, puis relancez la même commande avec lui.",
        )
    testing = arguments[:1] == ["test"]
    lock = ROOT / ("requirements-dev.lock" if testing else "requirements.lock")
    try:
        problem = _prepare(lock)
    except KeyboardInterrupt:
        problem = _stop("Installation interrompue.", "Relancez la commande : elle reprendra.", 130)
    except OSError as error:
        problem = _stop(
            "L'environnement n'a pas pu être préparé : {}".format(error),
            "Vérifiez la place sur le disque et les droits sur ce dossier, puis relancez.",
        )
    if problem:
        return problem
    if testing:
        command = [str(_python()), str(ROOT / "tests" / "run_all.py"), *arguments[1:]]
    else:
        command = [str(_python()), "-m", "demat", *arguments]
    return _run(command)


def _prepare(lock):
    # type: (Path) -> int
    """Make or refresh .venv; do nothing when it already holds what the lock asks for."""
    if _marker(lock).is_file():
        return 0
    print(
        "Préparation de l'environnement (une minute environ, la première fois)…",
        file=sys.stderr,
        flush=True,
    )
    if _moved() or not _works(_python()):
        problem = _make_venv()
        if problem:
            return problem
    install = [
        *[str(_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
        *["--require-hashes", "--only-binary=:all:", "-r", str(lock)],
    ]
    if subprocess.call(install) != 0:
        return _stop(
            "Les bibliothèques dont demat a besoin n'ont pas pu être installées.",
            "Vérifiez l'accès au réseau et la place sur le disque, puis relancez la commande.",
        )
    _checkout().write_text(str(ROOT) + "\n", encoding="utf-8")
    _marker(lock).write_text("installed\n", encoding="utf-8")
    return 0


def _make_venv():
    # type: () -> int
    shutil.rmtree(str(VENV), ignore_errors=True)
    if _create_venv():
        return 0
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    apt = shutil.which("apt-get")
    if apt and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        subprocess.call([apt, "update", "-q"], env=quiet, stdout=subprocess.DEVNULL)
        subprocess.call([apt, "install", "-y", "-q", package], env=quiet, stdout=subprocess.DEVNULL)
        shutil.rmtree(str(VENV), ignore_errors=True)
        if _create_venv():
            return 0
    if apt:
        return _stop(
            "Python ne sait pas créer d'environnement : il manque le paquet {}.".format(package),
            "Tapez : sudo apt-get install {}   puis relancez la commande.".format(package),
        )
    return _stop(
        "Python ne sait pas créer d'environnement : ses modules venv et ensurepip manquent.",
        "Installez-les avec les paquets de votre système, puis relancez la commande.",
    )


def _create_venv():
    # type: () -> bool
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return made.returncode == 0 and _works(_python())


def _works(python):
    # type: (Path) -> bool
    if not python.exists():
        return False
    probe = subprocess.run(
        [str(python), "-m", "pip", "--version"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return probe.returncode == 0


def _python():
    # type: () -> Path
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _site_packages():
    # type: () -> Path
    if os.name == "nt":
        return VENV / "Lib" / "site-packages"
    return next(VENV.glob("lib/python3*")) / "site-packages"


def _checkout():
    # type: () -> Path
    """Return the file that puts this folder on the path of the environment."""
    return _site_packages() / "demat-checkout.pth"


def _moved():
    # type: () -> bool
    """Tell whether the folder was moved or copied: the programs of .venv name their old place."""
    try:
        return _checkout().read_text(encoding="utf-8").strip() != str(ROOT)
    except (OSError, StopIteration):
        return False


def _marker(lock):
    # type: (Path) -> Path
    """Return a file whose name says which lock, for which Python and which folder, is installed."""
    content = lock.read_bytes() + str(ROOT).encode() + sys.version.encode()
    return VENV / ("installed-" + hashlib.sha256(content).hexdigest()[:16])


def _run(command):
    # type: (list[str]) -> int
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)  # signals and the exit code are then those of demat itself
    return 0


def _stop(what, remedy, code=4):
    # type: (str, str, int) -> int
    print(what, file=sys.stderr)
    print(remedy, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
