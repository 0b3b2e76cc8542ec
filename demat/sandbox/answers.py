"""The dialects of the TdT: text lines, ad-hoc XML, JSON, and HTML pages for browsers.

HTTP 200 for nearly everything; ISO-8859-1 bytes with HTML-escaped messages; a failure of a script
made for browsers is a redirect to a page (connectors dossier §1.1, §1.3).
"""

import html
import json
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote
from xml.sax.saxutils import escape

from demat.errors import DematError
from demat.sandbox.multipart import Form

__all__ = [
    "HOME",
    "STATUS_PAGE",
    "Dialect",
    "Refusal",
    "Request",
    "Response",
    "attachment",
    "html_page",
    "json_answer",
    "ko",
    "ok",
    "one_line",
    "redirect",
    "refusal",
    "small_xml",
]

HOME = "/modules/actes/index.php"
"""Page of the browser interface where failures are shown."""
STATUS_PAGE = "/connexion-status.php"
"""Page to which a certificate without account is sent."""
_LATIN1 = "iso-8859-1"


class Dialect(Enum):
    """How a script says that it refuses."""

    API_POST = "KO line when the posted field api is 1, else redirect"
    API_GET = "KO line when the query field api is 1, else redirect"
    API_REPLY = "single KO line when the query field api is set, else as API_POST"
    TEXT = "KO line"
    BROWSER = "redirect"
    JSON = "JSON object"


class Refusal(DematError):
    """The server refuses; the sentence is the one that the client reads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request, its form already read."""

    method: str
    path: str
    query: dict[str, list[str]]
    form: Form
    certificate: str
    """SHA-256 (hexadecimal) of the client certificate in DER."""
    login: str = ""
    password: str = ""

    def parameter(self, name: str) -> str:
        """Return a field of the query string, empty when absent."""
        return self.query.get(name, [""])[-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One answer, complete."""

    body: bytes
    content_type: str = "text/html; charset=ISO-8859-1"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def ok(*lines: str) -> Response:
    """Return ``OK`` and the lines that follow it."""
    return Response(body="\n".join(("OK", *lines, "")).encode(_LATIN1, "replace"))


def ko(message: str) -> Response:
    """Return ``KO`` and the reason, HTML-escaped as PHP does."""
    escaped = html.escape(message).replace("&#x27;", "&#039;")
    return Response(body=f"KO\n{escaped}\n".encode(_LATIN1, "replace"))


def one_line(text: str) -> Response:
    """Return the single line of the scripts that look for ``api`` in the query (§1.6.1)."""
    return Response(
        body=f"{text}\n".encode(_LATIN1, "replace"), content_type="text/plain; charset=ISO-8859-1"
    )


def redirect(location: str = HOME) -> Response:
    """Return the redirect of a script made for browsers; the reason stays in its session."""
    return Response(body=b"", status=302, headers=(("Location", location),))


def refusal(dialect: Dialect, request: Request, message: str) -> Response:
    """Say no in the dialect of the script."""
    api = {
        Dialect.API_POST: request.form.text("api") == "1",
        Dialect.API_REPLY: request.form.text("api") == "1",
        Dialect.API_GET: request.parameter("api") == "1",
        Dialect.TEXT: True,
    }
    if dialect is Dialect.API_REPLY and request.parameter("api"):
        return one_line(f"KO : {message}")
    if dialect is Dialect.JSON:
        return json_answer({"status": "error", "error-message": message})
    return ko(message) if api.get(dialect, False) else redirect()


def json_answer(value: object) -> Response:
    """Return JSON, everything outside ASCII escaped."""
    return Response(body=json.dumps(value).encode("ascii"), content_type="application/json")


def attachment(
    content: bytes, name: str, content_type: str = "application/octet-stream"
) -> Response:
    """Return a file to save."""
    disposition = f'attachment; filename="{quote(name)}"'
    return Response(
        body=content,
        content_type=content_type,
        headers=(("Content-Disposition", disposition),),
    )


def small_xml(root: str, *, encoding: str = "ISO-8859-1", stray: str = "", **parts: str) -> bytes:
    """Write one of the ad-hoc XML answers of the HELIOS scripts.

    :param stray: what these scripts print by mistake before the ``>`` of the root.
    """
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items())
    document = f'<?xml version="1.0" encoding="{encoding}"?>\n<{root}{stray}>{inside}</{root}>\n'
    return document.encode(encoding, "xmlcharrefreplace")


def html_page(title: str, text: str, *, status: int = 200) -> Response:
    """Return a page meant for a person."""
    page = (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title></head>\n"
        f"<body><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p></body></html>\n"
    )
    return Response(body=page.encode(), content_type="text/html; charset=utf-8", status=status)
