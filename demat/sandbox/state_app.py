"""What the ministry and the DGFiP share behind their line: who may call, commit, present instant.

The TdT alone may call, by its client certificate (connectors dossier §2.2). It says in the address
(``instant``, ``jusqu``) at which virtual instant it does so.
"""

import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from demat.sandbox.answers import Response
from demat.sandbox.journal import Entry
from demat.sandbox.message import Message
from demat.sandbox.standin import StandIn

__all__ = ["Answer", "StateApp", "json_page", "parameters"]

Answer = Callable[[Message, dict[str, str], datetime], Response]
"""Answers a request, given the parameters of its address."""


def json_page(value: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    body = json.dumps(value).encode("ascii")
    return Response(body=body, content_type="application/json", status=status)


def parameters(message: Message) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: texts[-1] for name, texts in parse_qs(urlsplit(message.target).query).items()}


class StateApp:
    """Requests in, answers out; no socket here."""

    def __init__(self, stand_in: StandIn, answer: Answer, allowed: str) -> None:
        """Answer for a stand-in.

        :param allowed: SHA-256 (hexadecimal) of the certificate of the TdT.
        """
        self._stand_in = stand_in
        self._answer = answer
        self._allowed = allowed

    def receive(self, message: Message) -> Response:
        """Answer one request; whatever it changed is on the disk when this returns."""
        if message.certificate != self._allowed:
            return json_page({"error": "certificat refusé"}, 403)
        given = parameters(message)
        try:
            told = given.get("instant") or given.get("jusqu")
            at = datetime.fromisoformat(told) if told else None
        except ValueError:
            return json_page({"error": "instant illisible"}, 400)
        stand_in = self._stand_in
        with stand_in.present(at) as now:
            committed = 0 if message.method == "GET" else stand_in.commit(message.entry(now))
            response = self._answer(message, given, now)
        stand_in.sync(committed)
        return response

    def replay(self, entry: Entry) -> None:
        """Do again what a request did."""
        message = Message.of(entry)
        with self._stand_in.present(entry.at) as now:
            self._answer(message, parameters(message), now)
