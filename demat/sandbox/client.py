"""A sandbox in its own process, held by a test or by the demonstration."""

import base64
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self

from demat.clock import SystemClock
from demat.errors import DematError
from demat.sandbox.pki import Identity, Pki, make_pki
from demat.sandbox.scenario import Scenario

__all__ = ["Sandbox", "SandboxError"]

_READY_SECONDS = 300
_STOP_SECONDS = 10
_CONTROL_SECONDS = 600


class SandboxError(DematError):
    """The sandbox did not start, or refused an order."""


class Sandbox:
    """A running sandbox; a context manager that ends it."""

    def __init__(self, command: Sequence[str], errors: Path, pki: Pki) -> None:
        """Run a command that starts a sandbox; use :meth:`start`."""
        self.url = ""
        """Base address of the TdT, without final slash; a restart keeps it."""
        self.tsa = ""
        """Address of the time-stamping authority; a restart keeps it."""
        self.pki = pki
        """Keys and certificates of both sides."""
        self._command = command
        self._errors = errors
        self._standins: dict[str, dict[str, Any]] = {}
        self._process = self._run()

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        scenario: str | Scenario = "nominal",
        speed: float = 1.0,
        max_seconds: float = 3600,
    ) -> Self:
        """Start a sandbox where nothing has happened yet, and wait until it listens.

        :param folder: where the test keys are kept, and reused from one start to the next; what
            happens is kept in a folder of its own inside, for :meth:`restart`.
        :param scenario: a name, or a scenario of the caller's own.
        :raises SandboxError: it ended, or was not ready in time; with what it said.
        """
        folder.mkdir(parents=True, exist_ok=True)
        state = Path(tempfile.mkdtemp(prefix="etat-", dir=folder))
        command = (
            *(sys.executable, "-m", "demat.sandbox", "--watch-stdin"),
            *("--folder", str(folder), "--state", str(state)),
            *("--scenario", _scenario_source(state, scenario)),
            *("--speed", str(speed), "--max-seconds", str(max_seconds)),
        )
        pki = make_pki(folder, now=SystemClock().now())
        return cls(command, state / "errors.txt", pki)

    def _run(self) -> "subprocess.Popen[bytes]":
        with self._errors.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603  (our own module, no shell)
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                start_new_session=True,  # for a kill of all its processes at once
            )
        ready = _ready_line(process)
        if not ready:
            _end(process)
            said = self._errors.read_text("utf-8", "replace").strip()
            raise SandboxError(f"the sandbox did not start: {said or 'it said nothing'}")
        found = json.loads(ready)
        self.url, self.tsa, self._standins = found["url"], found["tsa"], found["standins"]
        return process

    @property
    def alive(self) -> bool:
        """Whether all its processes run; a fault ``kill`` ends one, and then the others."""
        pids = [int(line["pid"]) for line in self._standins.values()]
        return self._process.poll() is None and all(map(_runs, pids))

    def kill(self, role: str = "") -> None:
        """End it as a power cut would: SIGKILL, wherever it is.

        :param role: one of its processes, ``tdt``, ``ministere``, ``dgfip``, ``tsa``, after which
            the others end by themselves; all of them at once by default.
        """
        if role:
            os.kill(self._standins[role]["pid"], signal.SIGKILL)
        elif self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        """Start it again, killed first if it still runs: same keys, same ports, same state.

        Faults still ordered are forgotten.
        """
        self.kill()
        _end(self._process)
        self._process = self._run()

    @property
    def pid(self) -> int:
        """Identifier of the process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, at once if it does not end by itself."""
        _end(self._process)

    def address(self, role: str) -> str:
        """Return the base address of a stand-in: ``tdt``, ``ministere``, ``dgfip``, ``tsa``."""
        return str(self._standins[role]["url"])

    def client_context(self, identity: Identity | None = None) -> ssl.SSLContext:
        """Return the TLS settings of a client of this TdT.

        :param identity: whose certificate is shown; the authority's own one by default.
        """
        shown = identity or self.pki.client
        context = ssl.create_default_context(cafile=str(self.pki.ca_bundle))
        context.load_cert_chain(shown.certificate, shown.key, shown.passphrase)
        return context

    def advance(self, minutes: float) -> None:
        """Push the virtual time forward."""
        self._post("advance", {"minutes": minutes})

    def fault(
        self,
        path: str,
        *,
        kind: str,
        when: str = "before",
        seconds: float = 1.0,
        count: int = 1,
        role: str = "tdt",
    ) -> None:
        """Order a fault on the scripts whose path matches (see ``failures.FailureKind``).

        :param role: who is struck: ``tdt``, ``ministere``, ``dgfip``.
        """
        order = {"path": path, "kind": kind, "when": when, "seconds": seconds, "count": count}
        self._post("fault", order, role)

    def random_faults(
        self,
        kinds: Sequence[str],
        *,
        seed: int,
        rate: float,
        path: str = "",
        seconds: float = 1.0,
        role: str = "tdt",
    ) -> None:
        """Have a share of the requests struck from now on, until a rate of 0 is ordered."""
        order = {
            "seed": seed,
            "rate": rate,
            "kinds": list(kinds),
            "path": path,
            "seconds": seconds,
        }
        self._post("fault", {"random": order}, role)

    def struck(self, role: str = "tdt") -> dict[str, int]:
        """Return how many faults of each kind have struck since it started."""
        return self._get("faults", role)

    def show_certificate(self, which: str, role: str = "tdt") -> None:
        """Have a server show its ``usual`` certificate, an ``expired`` or an ``other`` one."""
        self._post("certificate", {"which": which}, role)

    def set_ministry_classification(self, day: date) -> None:
        """Put a new classification in force; the TdT keeps its own until it asks."""
        self._post("ministry-classification", {"date": day.isoformat()})

    def send_letter(
        self,
        number: str,
        kind: str,
        text: str = "Texte de la préfecture",
        *,
        day: date | None = None,
    ) -> int:
        """Have the préfecture write about an act; return the transaction.

        :param kind: ``2`` courrier simple, ``3`` pièces, ``4`` observations, ``5`` déféré.
        :param day: date written on the letter; the virtual day by default.
        """
        order = {"number": number, "type": kind, "text": text}
        if day is not None:
            order["date"] = day.isoformat()
        return int(self._post("letter", order)["id"])

    def send_pes_retour(self, name: str, content: bytes, siren: str | None = "") -> int:
        """Have the DGFiP drop a PES_Retour; return its identifier, 0 when nobody gets it.

        :param siren: whose box it is laid in, the first authority's by default; none leaves it to
            the SIRET that the file names.
        """
        encoded = base64.b64encode(content).decode("ascii")
        order = {"name": name, "content": encoded, "siren": siren}
        return int(self._post("pes-retour", order)["id"] or 0)

    def confirm(self, id: int) -> None:
        """Post, as an agent would, an act that waits in status 17 or 18."""
        self._post("confirm", {"id": id})

    def time_stamps(self, mood: str) -> int:
        """Tell the time-stamping authority how to answer; return how many tokens it has made.

        :param mood: a ``demat.sandbox.tsa.Mood``: ``nominal``, ``away``, ``refuses``…
        """
        return int(self._post("time-stamps", {"mood": mood}, "tsa")["made"])

    def ledger(self, role: str = "tdt") -> dict[str, Any]:
        """Return everything that landed at the TdT, or at ``ministere`` or ``dgfip``.

        ``actes``, ``exchanges`` (cancellations, letters, requests for the classification), ``pes``,
        ``retours``, ``error_basket`` (messages of the ministry that could not be applied), ``sent``
        (archives that the TdT handed to the ministry, automatic receipts included), ``mails``.
        """
        if role != "tdt":
            self.advance(0)  # the others live when the TdT, the first to catch up, asks them
        return self._get("ledger", role)

    def mails(self) -> list[bytes]:
        """Return what the ministry wrote as the mails that another TdT would get, oldest first."""
        return [base64.b64decode(mail["content"]) for mail in self._get("mails")["mails"]]

    def _get(self, what: str, role: str = "tdt") -> dict[str, Any]:
        address = f"{self._standins[role]['control']}/control/{what}"
        return self._exchange(urllib.request.Request(address))  # noqa: S310  (loopback, http)

    def _post(self, order: str, value: Mapping[str, object], role: str = "tdt") -> dict[str, Any]:
        address = f"{self._standins[role]['control']}/control/{order}"
        return self._exchange(
            urllib.request.Request(address, data=json.dumps(value).encode(), method="POST")  # noqa: S310  (loopback, http)
        )

    def _exchange(self, request: urllib.request.Request) -> dict[str, Any]:
        # no proxy of the environment between two processes of one machine
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_CONTROL_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxError(error.read().decode("utf-8", "replace")) from error


def _runs(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet buried does not."""
    if not Path("/proc/self/stat").exists():
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] not in ("Z", "X")


def _scenario_source(folder: Path, scenario: str | Scenario) -> str:
    if isinstance(scenario, str):
        return scenario
    path = folder / "scenario-given.json"
    path.write_text(scenario.to_json(), "utf-8")
    return str(path)


def _ready_line(process: "subprocess.Popen[bytes]") -> bytes:
    """Return the first line, empty when the process ended or was too slow."""
    lines: Queue[bytes] = Queue()
    stream = process.stdout
    if stream is None:
        return b""
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        return lines.get(timeout=_READY_SECONDS)
    except Empty:
        return b""


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
