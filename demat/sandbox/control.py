"""The hand on the sandbox: time, faults, what the State sends by itself, and the ledger.

Plain HTTP on the loopback address, for tests and for the demonstration; the TLS port never
answers these paths.
"""

import base64
import datetime
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from demat.clock import paris_date
from demat.errors import DematError
from demat.sandbox import courriers, pipeline
from demat.sandbox.failures import Failures, failure_adapter
from demat.sandbox.journal import Entry, Journal
from demat.sandbox.records import Kind, PesRetour, Transaction
from demat.sandbox.tsa import Mood, Tsa
from demat.sandbox.world import World, mail_line

__all__ = ["KIND", "Control", "ControlError", "ControlServer"]

KIND = "order"
"""Kind of the entries of a journal that hold an order."""
_STRICT = ConfigDict(extra="forbid")


class ControlError(DematError):
    """The order cannot be carried out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Advance:
    __pydantic_config__ = _STRICT
    minutes: Annotated[float, Field(ge=0)]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Classification:
    __pydantic_config__ = _STRICT
    date: datetime.date


@dataclass(frozen=True, kw_only=True, slots=True)
class _Letter:
    __pydantic_config__ = _STRICT
    number: str
    type: Annotated[str, Field(pattern="^[2345]$")]
    text: str = "Texte de la préfecture"
    date: datetime.date | None = None
    """Written on the letter; none for the day of its arrival."""
    siren: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Retour:
    __pydantic_config__ = _STRICT
    name: str
    content: str
    """Base64."""
    siren: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Confirm:
    __pydantic_config__ = _STRICT
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _TimeStamps:
    __pydantic_config__ = _STRICT
    mood: Mood


class Control:
    """Orders in, JSON values out; no socket here."""

    def __init__(
        self,
        world: World,
        failures: Failures,
        stop: Callable[[], None],
        tsa: Tsa | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Take orders about a world.

        :param journal: where what changes the world is committed; none for a world of memory.
        """
        self._world = world
        self._failures = failures
        self._stop = stop
        self._tsa = tsa
        self._journal = journal
        self._changes: dict[str, Callable[[bytes, datetime.datetime], object]] = {
            "/control/ministry-classification": self._classification,
            "/control/letter": self._letter,
            "/control/pes-retour": self._retour,
            "/control/confirm": self._confirm,
        }

    def post(self, path: str, body: bytes) -> object:
        """Carry out an order.

        :raises ControlError: unknown order, malformed or impossible.
        """
        orders: dict[str, Callable[[bytes], object]] = {
            "/control/advance": self._advance,
            "/control/fault": self._fault,
            "/control/time-stamps": self._time_stamps,
            "/control/stop": self._halt,
        }
        known = {*orders, *self._changes}
        if path not in known:
            raise ControlError(f"no order {path}; known ones are {', '.join(sorted(known))}")
        try:
            return self._change(path, body) if path in self._changes else orders[path](body)
        except (ValidationError, ValueError) as error:
            raise ControlError(f"{path}: {error}") from error

    def _change(self, path: str, body: bytes) -> object:
        """Carry out an order that changes the world, once it is committed."""
        journal = self._journal
        with self._world.present() as now:
            entry = Entry(at=now, kind=KIND, head={"path": path}, body=body)
            committed = journal.append(entry) if journal else 0
            found = self._changes[path](body, now)
        if journal:
            journal.sync(committed)
        return found

    def replay(self, entry: Entry) -> None:
        """Do again what an order did; one that was refused is refused again."""
        with (
            self._world.present(entry.at) as now,
            suppress(ControlError, ValidationError, ValueError),
        ):
            self._changes[entry.head["path"]](entry.body, now)

    def ledger(self) -> dict[str, object]:
        """Return everything that landed."""
        with self._world.present() as now:
            return self._world.ledger(now)

    def struck(self) -> dict[str, int]:
        """Return how many faults of each kind have struck since the start of the process."""
        return self._failures.struck()

    def mails(self) -> list[dict[str, object]]:
        """Return the mails of the ministry, oldest first, their bytes in base64."""
        with self._world.present():
            return [
                mail_line(mail) | {"content": base64.b64encode(mail.content).decode("ascii")}
                for mail in self._world.mails
            ]

    def _advance(self, body: bytes) -> object:
        order = TypeAdapter(_Advance).validate_json(body)
        self._world.clock.push(order.minutes)
        with self._world.present() as now:
            return {"now": now.isoformat()}

    def _fault(self, body: bytes) -> object:
        self._failures.add(failure_adapter().validate_json(body))
        return {}

    def _classification(self, body: bytes, now: datetime.datetime) -> object:
        order = TypeAdapter(_Classification).validate_json(body)
        self._world.ministry_classification = order.date
        return {"date": order.date.isoformat()}

    def _letter(self, body: bytes, now: datetime.datetime) -> object:
        order = TypeAdapter(_Letter).validate_json(body)
        act = self._act(order)
        lettre = courriers.Lettre(
            kind=Kind(order.type), day=order.date or paris_date(now), text=order.text
        )
        return {"id": courriers.receive(self._world, act, lettre, now).id}

    def _act(self, order: _Letter) -> Transaction:
        for transaction in self._world.transactions.values():
            depot = transaction.depot
            same = depot is not None and depot.number == order.number
            if same and order.siren in ("", transaction.siren):
                return transaction
        raise ControlError(f"no act has the number {order.number!r}")

    def _retour(self, body: bytes, now: datetime.datetime) -> object:
        order = TypeAdapter(_Retour).validate_json(body)
        siren = order.siren or self._world.scenario.autorites[0].siren
        content = base64.b64decode(order.content, validate=True)
        retour = PesRetour(
            id=self._world.new_id(), siren=siren, name=order.name, content=content, at=now
        )
        self._world.retours[retour.id] = retour
        return {"id": retour.id}

    def _confirm(self, body: bytes, now: datetime.datetime) -> object:
        order = TypeAdapter(_Confirm).validate_json(body)
        transaction = self._world.transactions.get(order.id)
        if transaction is None or transaction.status not in (17, 18):
            raise ControlError(f"transaction {order.id} does not wait for a person")
        pipeline.retransmit(self._world, order.id, now)
        return {"id": order.id}

    def _time_stamps(self, body: bytes) -> object:
        order = TypeAdapter(_TimeStamps).validate_json(body)
        if self._tsa is None:
            raise ControlError("there is no time-stamping authority here")
        self._tsa.mood = order.mood
        return {"made": self._tsa.made}

    def _halt(self, body: bytes) -> object:
        self._stop()
        return {}


class ControlServer(ThreadingHTTPServer):
    """The listening side of the control."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, control: Control, port: int = 0) -> None:
        """Listen on the loopback address; port 0 takes a free one."""
        self.control = control
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that left is not our affair."""


class _Handler(BaseHTTPRequestHandler):
    server: ControlServer

    def do_GET(self) -> None:
        control = self.server.control
        if self.path == "/control/ledger":
            self._reply(200, control.ledger())
        elif self.path == "/control/mails":
            self._reply(200, {"mails": control.mails()})
        elif self.path == "/control/faults":
            self._reply(200, control.struck())
        else:
            self._reply(404, {"error": f"nothing at {self.path}"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._reply(200, self.server.control.post(self.path, body))
        except ControlError as error:
            self._reply(400, {"error": str(error)})

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""

    def _reply(self, status: int, value: object) -> None:
        content = json.dumps(value).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
