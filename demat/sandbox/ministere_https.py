"""The HTTPS face of the ministry: archives by POST, and the box where its mails are fetched.

``POST /reception`` takes a multipart form whose one file is the archive; 200 means taken, anything
else that it must be sent again (connectors dossier §2.2). ``GET /boite`` stands for the IMAP box.
"""

import base64
from datetime import datetime

from demat.sandbox import reception
from demat.sandbox.answers import Response
from demat.sandbox.message import Message
from demat.sandbox.ministere import Ministere
from demat.sandbox.ordres import OrderError, order_ministere
from demat.sandbox.state_app import Answer, json_page

__all__ = ["answers"]

_ORDER = "/ordre/"


def answers(ministere: Ministere) -> Answer:
    """Return what answers the requests of the TdT."""

    def answer(message: Message, given: dict[str, str], now: datetime) -> Response:
        if (message.method, message.path) == ("POST", "/reception"):
            return _receive(ministere, message, now)
        if (message.method, message.path) == ("GET", "/boite"):
            return _box(ministere, int(given.get("apres", "0")), now)
        if message.method == "POST" and message.path.startswith(_ORDER):
            what = message.path.removeprefix(_ORDER)
            try:
                return json_page(order_ministere(ministere, what, message.body, now))
            except OrderError as error:
                return json_page({"error": str(error)}, 400)
        return json_page({"error": "adresse inconnue"}, 404)

    return answer


def _next_due(ministere: Ministere) -> str | None:
    due = ministere.agenda.next_due
    return None if due is None else due.isoformat()


def _receive(ministere: Ministere, message: Message, now: datetime) -> Response:
    uploads = [upload for group in message.request().form.uploads.values() for upload in group]
    if len(uploads) != 1:
        return json_page({"error": "une archive par envoi"}, 400)
    try:
        reception.take(ministere, uploads[0].name, uploads[0].content, now)
    except reception.ReceptionError as error:
        return json_page({"error": str(error)}, 400)
    return json_page({"prochain": _next_due(ministere)})


def _box(ministere: Ministere, after: int, now: datetime) -> Response:
    mails = [
        {
            "id": mail.id,
            "at": mail.at.isoformat(),
            "subject": mail.subject,
            "names": mail.names,
            "content": base64.b64encode(mail.content).decode("ascii"),
        }
        for mail in ministere.mails(now, after)
    ]
    return json_page({"mails": mails, "prochain": _next_due(ministere)})
