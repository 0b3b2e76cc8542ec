"""The mails of the ministry, as bytes of ``.eml``: an HTML table and the files of the protocol.

One mail is one envelope with its message and documents, or one ``ANO_`` file, or a multi-canal
reminder without any XML (actes dossier §9.2, §11 traps 13 to 15). Byte-stable for one rank.
"""

import base64
import email.utils
import html
import quopri
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

from demat.sandbox.records import StoredFile
from demat.sandbox.scenario import FormeCourriel

__all__ = ["Courriel", "Resume", "build_mail", "html_page"]

_FROM = "Service ACTES (simulateur) <actes@ministere.invalid>"
_TO = "retour@tdt-fictif.fr"
_WARNING = "Message d'un simulateur : il n'a aucune valeur et ne vient d'aucun service de l'État."
_LINE = 76
_WORD = 42
"""Bytes in one encoded word of a header."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resume:
    """What a person reads in the mail."""

    subject: str
    headline: str
    """Sentence above the table."""
    rows: tuple[tuple[str, str], ...]
    """Lines of the table: title, value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Courriel:
    """One mail that the ministry wrote."""

    id: int
    at: datetime
    subject: str
    names: tuple[str, ...]
    """Attachments, in their order in the mail, as the ministry names them."""
    content: bytes
    """The whole mail."""
    transaction: int = 0
    """Exchange that the TdT found it to be about; 0 for none."""


def build_mail(
    resume: Resume,
    attachments: Sequence[StoredFile],
    *,
    forme: FormeCourriel,
    rank: int,
    at: datetime,
) -> bytes:
    """Return a mail with its summary, its logo and its attachments, in the order given.

    :param rank: number that no other mail has.
    """
    # few marks: a reader of thousands of mails compiles each of them once
    mark = f"=_actes_{rank % 50}"
    summary = _multipart("related", f"{mark}_r", (_html(resume, forme), _logo(rank)))
    parts = (summary, *(_attachment(file, forme) for file in attachments))
    body = _multipart("mixed", f"{mark}_m", parts)
    if forme.nested:
        body = _multipart("alternative", f"{mark}_a", (body,))
    subject = _encoded_words(resume.subject)
    head = (
        f"From: {_FROM}",
        f"To: {_TO}",
        f"Subject: {subject}",
        f"Date: {email.utils.format_datetime(at)}",
        f"Message-ID: <{rank}.{at:%Y%m%d%H%M%S}@ministere.invalid>",
        "MIME-Version: 1.0",
    )
    return _lines(*head).encode("ascii") + body


def _encoded_words(text: str) -> str:
    """Return a header as real ones are: everything encoded, one word of it in each line."""
    content = text.encode("iso-8859-1", "replace")
    pieces = (content[start : start + _WORD] for start in range(0, len(content), _WORD))
    words = (f"=?iso-8859-1?B?{base64.b64encode(piece).decode('ascii')}?=" for piece in pieces)
    return "\r\n ".join(words)


def _lines(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _multipart(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    head = _lines(f'Content-Type: multipart/{kind}; boundary="{boundary}"', "").encode("ascii")
    inside = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode("ascii"), part) for part in parts)
    return head + inside + f"--{boundary}--\r\n".encode("ascii")


def html_page(resume: Resume) -> bytes:
    """Return the page of a mail, in ISO-8859-1."""
    rows = "".join(
        f"<tr><th>{_shown(title)}</th><td>{_shown(text)}</td></tr>\n" for title, text in resume.rows
    )
    page = (
        f'<html><body>\n<img src="cid:logo" alt="">\n<p>{_shown(resume.headline)}</p>\n'
        f"<table>\n{rows}</table>\n<p>{_shown(_WARNING)}</p>\n</body></html>\n"
    )
    return page.encode("iso-8859-1", "xmlcharrefreplace")


def _shown(text: str) -> str:
    return html.escape(text, quote=False)


def _html(resume: Resume, forme: FormeCourriel) -> bytes:
    charset = "UTF-8" if forme.wrong_charset else "ISO-8859-1"
    head = _lines(
        f"Content-Type: text/html; charset={charset}",
        "Content-Transfer-Encoding: quoted-printable",
        "",
    )
    page = quopri.encodestring(html_page(resume)).replace(b"\n", b"\r\n")
    return head.encode("ascii") + page


def _logo(rank: int) -> bytes:
    head = _lines(
        'Content-Type: image/jpeg; name="logo.jpg"',
        "Content-ID: <logo>",
        'Content-Disposition: inline; filename="logo.jpg"',
        "Content-Transfer-Encoding: base64",
        "",
    )
    return head.encode("ascii") + _picture()


@cache
def _picture() -> bytes:
    picture = resources.files("demat.sandbox").joinpath("resources", "logo.jpg").read_bytes()
    return _base64(picture)


def _attachment(file: StoredFile, forme: FormeCourriel) -> bytes:
    name = _shown_name(file, forme)
    head = _lines(
        f'Content-Type: {file.mime_type}; name="{name}"',
        f'Content-Disposition: attachment; filename="{name}"',
        "Content-Transfer-Encoding: base64",
        "",
    )
    return head.encode("ascii") + _base64(file.content)


def _shown_name(file: StoredFile, forme: FormeCourriel) -> str:
    stem, dot, extension = file.name.rpartition(".")
    name = file.name
    if forme.upper_extensions and file.mime_type != "text/xml":
        name = f"{stem}{dot}{extension.upper()}"
    if forme.encoded_names:
        encoded = base64.b64encode(name.encode("ascii")).decode("ascii")
        return f"=?UTF-8?B?{encoded}?="
    return name


def _base64(content: bytes) -> bytes:
    text = base64.b64encode(content)
    return b"".join(text[i : i + _LINE] + b"\r\n" for i in range(0, len(text), _LINE))
