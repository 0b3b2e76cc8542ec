"""The HTTPS face of the DGFiP, which stands for its file transfer (connectors dossier §2.3).

``PUT /entree/<name>`` with the site commands in the address; ``GET /sortie`` lists what waits,
``GET`` and ``DELETE /sortie/<id>`` fetch a file and take it out.
"""

import hashlib
from datetime import datetime

from demat.sandbox.answers import Response
from demat.sandbox.dgfip import Dgfip, DropError
from demat.sandbox.message import Message
from demat.sandbox.ordres import OrderError, order_dgfip
from demat.sandbox.state_app import Answer, json_page

__all__ = ["answers"]

_ENTREE, _SORTIE, _ORDER = "/entree/", "/sortie/", "/ordre/"


def answers(dgfip: Dgfip) -> Answer:
    """Return what answers the requests of the TdT."""

    def answer(message: Message, given: dict[str, str], now: datetime) -> Response:
        path = message.path
        if message.method == "PUT" and path.startswith(_ENTREE):
            try:
                dgfip.drop(path.removeprefix(_ENTREE), given, message.body, now)
            except DropError as error:
                return json_page({"error": str(error)}, 400)
            return json_page({"prochain": _next_due(dgfip)})
        if (message.method, path) == ("GET", "/sortie"):
            return _listed(dgfip, now)
        if path.startswith(_SORTIE):
            return _one(dgfip, message.method, path.removeprefix(_SORTIE))
        if message.method == "POST" and path.startswith(_ORDER):
            try:
                what = path.removeprefix(_ORDER)
                return json_page(order_dgfip(dgfip, what, message.body, now))
            except OrderError as error:
                return json_page({"error": str(error)}, 400)
        return json_page({"error": "adresse inconnue"}, 404)

    return answer


def _next_due(dgfip: Dgfip) -> str | None:
    due = dgfip.agenda.next_due
    return None if due is None else due.isoformat()


def _listed(dgfip: Dgfip, now: datetime) -> Response:
    files = [
        {
            "id": file.id,
            "name": file.name,
            "at": file.at.isoformat(),
            "siren": file.siren,
            "sha256": hashlib.sha256(file.content).hexdigest(),
        }
        for file in dgfip.waiting(now)
    ]
    return json_page({"fichiers": files, "prochain": _next_due(dgfip)})


def _one(dgfip: Dgfip, method: str, id: str) -> Response:
    file = dgfip.sortie.get(int(id)) if id.isdecimal() else None
    if method == "DELETE":
        if file is not None:
            del dgfip.sortie[file.id]
        return json_page({})
    if file is None or method != "GET":
        return json_page({"error": "fichier absent"}, 404)
    return Response(body=file.content, content_type="application/octet-stream")
