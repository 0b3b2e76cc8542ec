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
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from demat.errors import DematError
from demat.sandbox import pipeline
from demat.sandbox.failures import Failures, failure_adapter
from demat.sandbox.journal import Entry
from demat.sandbox.ordres import CLASSIFICATION, LETTER, RETOUR, OrderError
from demat.sandbox.world import World, mail_line

__all__ = ["KIND", "Control", "ControlError", "ControlServer", "Desk"]

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
class _Confirm:
    __pydantic_config__ = _STRICT
    id: int


class Desk:
    """Orders and readings that every stand-in has; JSON values, no socket here."""

    def __init__(self, failures: Failures, stop: Callable[[], None]) -> None:
        self._failures = failures
        self._stop = stop
        self.orders: dict[str, Callable[[bytes], object]] = {
            "fault": self._fault,
            "stop": self._halt,
        }
        self.readings: dict[str, Callable[[], object]] = {"faults": failures.struck}

    def post(self, path: str, body: bytes) -> object:
        """Carry out an order.

        :raises ControlError: unknown order, malformed or impossible.
        """
        order = self.orders.get(path.removeprefix("/control/"))
        if order is None:
            known = ", ".join(sorted(f"/control/{name}" for name in self.orders))
            raise ControlError(f"no order {path}; known ones are {known}")
        try:
            return order(body)
        except (ValidationError, ValueError, OrderError) as error:
            raise ControlError(f"{path}: {error}") from error

    def get(self, path: str) -> object:
        """Return what is asked.

        :raises ControlError: nothing of that name.
        """
        reading = self.readings.get(path.removeprefix("/control/"))
        if reading is None:
            raise ControlError(f"nothing at {path}")
        return reading()

    def _fault(self, body: bytes) -> object:
        self._failures.add(failure_adapter().validate_json(body))
        return {}

    def _halt(self, body: bytes) -> object:
        self._stop()
        return {}


class Control(Desk):
    """The hand on the TdT, and through it on the ministry and the DGFiP."""

    def __init__(self, world: World, failures: Failures, stop: Callable[[], None]) -> None:
        super().__init__(failures, stop)
        self._world = world
        self.orders |= {
            "advance": self._advance,
            "confirm": self._confirm,
            LETTER: partial(self._have_written, LETTER),
            CLASSIFICATION: partial(self._pass_on, CLASSIFICATION),
            RETOUR: partial(self._have_laid, RETOUR),
        }
        self.readings |= {"ledger": self.ledger, "mails": lambda: {"mails": self.mails()}}

    def replay(self, entry: Entry) -> None:
        """Do again what an order did; one that was refused is refused again."""
        with self._world.present(entry.at) as now, suppress(ControlError, ValidationError):
            self._confirmed(entry.body, now)

    def ledger(self) -> dict[str, object]:
        """Return everything that landed."""
        with self._world.present() as now:
            return self._world.ledger(now)

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

    def _pass_on(self, what: str, body: bytes) -> dict[str, object]:
        with self._world.present() as now:
            answer = self._world.liens.order(what, body, now)
            self._world.catch_up(now)
        return answer

    def _have_written(self, what: str, body: bytes) -> dict[str, object]:
        mail = int(str(self._pass_on(what, body)["mail"]))
        return {"id": next(one.transaction for one in self._world.mails if one.id == mail)}

    def _have_laid(self, what: str, body: bytes) -> dict[str, object]:
        file = int(str(self._pass_on(what, body)["file"]))
        found = (one.id for one in self._world.retours.values() if one.file == file)
        return {"id": next(found, None)}

    def _confirm(self, body: bytes) -> object:
        with self._world.present() as now:
            committed = self._world.commit(Entry(at=now, kind=KIND, body=body))
            id = self._confirmed(body, now)
        self._world.sync(committed)
        return {"id": id}

    def _confirmed(self, body: bytes, now: datetime.datetime) -> int:
        order = TypeAdapter(_Confirm).validate_json(body)
        transaction = self._world.transactions.get(order.id)
        if transaction is None or transaction.status not in (17, 18):
            raise ControlError(f"transaction {order.id} does not wait for a person")
        pipeline.retransmit(self._world, order.id, now)
        return order.id


class ControlServer(ThreadingHTTPServer):
    """The listening side of the control."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, control: Desk, port: int = 0) -> None:
        """Listen on the loopback address; port 0 takes a free one."""
        self.control = control
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that left is not our affair."""


class _Handler(BaseHTTPRequestHandler):
    server: ControlServer

    def do_GET(self) -> None:
        try:
            self._reply(200, self.server.control.get(self.path))
        except ControlError as error:
            self._reply(404, {"error": str(error)})

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
