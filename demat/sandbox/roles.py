"""The four stand-ins, each from its state to its servers: TdT, ministry, DGFiP, time-stamps."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from demat.clock import Clock
from demat.sandbox import control as orders
from demat.sandbox import dgfip_https, message, ministere_https
from demat.sandbox.control import Control, ControlServer, Desk
from demat.sandbox.dgfip import Dgfip
from demat.sandbox.failures import Failures
from demat.sandbox.https import HttpsServer, server_context
from demat.sandbox.liens import FILE, MAIL
from demat.sandbox.liens_https import LiensHttps, fingerprint
from demat.sandbox.message import App
from demat.sandbox.ministere import Ministere
from demat.sandbox.pki import Identity, Pki
from demat.sandbox.scenario import Scenario
from demat.sandbox.state import State
from demat.sandbox.state_app import StateApp
from demat.sandbox.tdt import Tdt
from demat.sandbox.tsa import Tsa, TsaDesk, TsaServer
from demat.sandbox.virtual import SharedClock
from demat.sandbox.world import World

__all__ = ["ROLES", "Part", "Servers", "open_servers"]

_ANY_SIZE = 1 << 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one stand-in is given to start."""

    scenario: Scenario
    pki: Pki
    machine: Clock
    clock: SharedClock
    stop: threading.Event
    port: int = 0
    """HTTPS port; 0 for that of last time, or a free one."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Addresses of the stand-ins that the TdT talks to, by role."""


Servers = dict[str, HttpsServer | TsaServer | ControlServer]
"""Servers of a stand-in: ``main`` and ``control``."""


def open_servers(role: str, folder: Path, part: Part) -> tuple[State, Servers]:
    """Find again what a stand-in was, and listen.

    :raises JournalError: its folder is held, or belongs to another scenario.
    :raises OSError: a port stays taken.
    """
    state = State(folder, part.scenario)
    part = replace(part, scenario=replace(part.scenario, start=part.clock.born))
    try:
        servers = ROLES[role](state, part)
    except BaseException:
        state.journal.close()
        raise
    state.remember(**{name: server.server_address[1] for name, server in servers.items()})
    return state, servers


def _https(
    state: State, part: Part, app: App, desk: Desk, own: Identity, failures: Failures, name: str
) -> Servers:
    is_tdt = own == part.pki.server
    limit = part.scenario.max_post_bytes if is_tdt else _ANY_SIZE
    skew = part.scenario.skew_minutes if is_tdt else 0
    main = state.listen(
        "main",
        part.port,
        lambda port: HttpsServer(
            port,
            app=app,
            failures=failures,
            context=server_context(part.pki, own),
            max_post_bytes=limit,
            name=name,
            skew_minutes=skew,
        ),
    )
    desk.orders["certificate"] = partial(_show, main, part.pki, own)
    return {"main": main, "control": _control(state, desk)}


class _Which(StrEnum):
    """Certificate that a server shows."""

    USUAL = "usual"
    EXPIRED = "expired"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Certificate:
    __pydantic_config__ = ConfigDict(extra="forbid")
    which: _Which


def _show(main: HttpsServer, pki: Pki, own: Identity, body: bytes) -> object:
    """Have a server show another certificate to the connections that begin (§8.1, F10)."""
    other = pki.ministere if own != pki.ministere else pki.dgfip
    shown = {_Which.USUAL: own, _Which.EXPIRED: pki.expired_server, _Which.OTHER: other}
    which = TypeAdapter(_Certificate).validate_json(body).which
    main.context.load_cert_chain(shown[which].certificate, shown[which].key)
    return {"which": which}


def _control(state: State, desk: Desk) -> ControlServer:
    return state.listen("control", 0, lambda port: ControlServer(desk, port))


def _tdt(state: State, part: Part) -> Servers:
    failures = Failures()
    world = World(part.scenario, part.machine, clock=part.clock, journal=state.journal)
    app, desk = Tdt(world), Control(world, failures, part.stop.set)
    liens = LiensHttps(part.pki, ministere=part.others["ministere"], dgfip=part.others["dgfip"])
    world.connect(liens)
    players = {message.KIND: app.replay, orders.KIND: desk.replay}
    players |= {MAIL: world.take_in, FILE: world.take_in}
    world.replay(state.journal.entries(), players)
    for mail in world.mails:
        liens.seen.add(mail.id)
    own = part.pki.server
    return _https(state, part, app.receive, desk, own, failures, "Plateforme-TdT/4.2")


def _ministere(state: State, part: Part) -> Servers:
    failures = Failures()
    ministere = Ministere(part.scenario, part.machine, clock=part.clock, journal=state.journal)
    app = StateApp(ministere, ministere_https.answers(ministere), fingerprint(part.pki.tdt))
    ministere.replay(state.journal.entries(), {message.KIND: app.replay})
    desk = Desk(failures, part.stop.set)
    desk.readings["ledger"] = ministere.ledger
    own = part.pki.ministere
    return _https(state, part, app.receive, desk, own, failures, "ACTES/2.0")


def _dgfip(state: State, part: Part) -> Servers:
    failures = Failures()
    dgfip = Dgfip(part.scenario, part.machine, clock=part.clock, journal=state.journal)
    app = StateApp(dgfip, dgfip_https.answers(dgfip), fingerprint(part.pki.tdt))
    dgfip.replay(state.journal.entries(), {message.KIND: app.replay})
    desk = Desk(failures, part.stop.set)
    desk.readings["ledger"] = dgfip.ledger
    return _https(state, part, app.receive, desk, part.pki.dgfip, failures, "Passerelle/1.0")


def _tsa(state: State, part: Part) -> Servers:
    tsa = Tsa(part.pki.time_stamps, part.clock)
    main = state.listen("main", part.port, lambda port: TsaServer(tsa, port))
    return {"main": main, "control": _control(state, TsaDesk(tsa, part.stop.set))}


ROLES: Mapping[str, Callable[[State, Part], Servers]] = {
    "tsa": _tsa,
    "dgfip": _dgfip,
    "ministere": _ministere,
    "tdt": _tdt,
}
"""What opens each stand-in, in the order in which they start."""
