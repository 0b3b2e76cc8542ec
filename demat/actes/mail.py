"""Reading a mail of the ministry: every part, in any shape, kept apart by what it is (§9.2, §11).

A mail comes from outside: its size, its lines and its parts are bounded, its headers prove nothing.
The legal date never comes from them (§11 trap 2).
"""

import email.policy
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from itertools import islice

from demat.actes.contents import Contents, add_file, sort_files
from demat.actes.documents import detect_type
from demat.actes.messages import ACTES, EnveloppePrefecture
from demat.actes.names import IdActe
from demat.faults import Fault, FaultError, Faults

__all__ = ["MAX_MAIL_BYTES", "Courriel", "read_mail"]

MAX_MAIL_BYTES = 40 * 1024 * 1024
"""As much as mail servers let through; the letters of a préfecture are a few pages."""
MAX_LINES = 1_000_000
"""Lines of a mail of that size in base64, and room."""
MAX_PARTS = 500
MAX_DEPTH = 100
"""Multiparts in all, inside one another or not."""
MAX_BOUNDARIES = 4 * MAX_PARTS
"""Lines that may open a part."""
MAX_FIELDS = 20_000
"""Lines that may be headers."""
MAX_HEADER = 4_000
"""Characters of a header that are read: what follows is neither name nor subject."""
MAX_TEXT = 200_000
"""Characters of the body that are kept."""
MAX_NAME = 200
"""Characters of the name of a part."""
_LIMITS = (
    (re.compile(rb"^--", re.MULTILINE), MAX_BOUNDARIES),
    (re.compile(rb"boundary\*?[0*]*=", re.IGNORECASE), MAX_DEPTH),
    (re.compile(rb"^[!-9;-~]{1,80}:", re.MULTILINE), MAX_FIELDS),
)
_HEADERS = frozenset(
    {
        "content-type",
        "date",
        "delivered-to",
        "from",
        "message-id",
        "mime-version",
        "received",
        "return-path",
        "subject",
        "to",
    }
)
"""A mail has at least one of them."""
_ID_ACTE = re.compile(
    r"(?<![\w-])[09]\d[\dAB]-\d{9}-\d{8}-[A-Za-z0-9_-]{1,15}-[A-Z]{2}(?![\w-])", re.ASCII
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Courriel:
    """A mail, sorted: nothing that it holds is lost."""

    subject: str
    """``Subject``, decoded, on one line."""
    sent: datetime | None
    """``Date``, in UTC; informative only, it may be absent or false."""
    envelope: EnveloppePrefecture | None
    """The envelope of the préfecture, if there is one."""
    envelope_name: str
    """Name of its file, or empty."""
    messages: Mapping[str, bytes]
    """The XML messages by name, whatever their root; an ``ANO_…xml`` is one."""
    documents: Mapping[str, bytes]
    """The documents that the messages list, by name."""
    others: Mapping[str, bytes]
    """The other parts by name: images of the text, files that no message lists."""
    text: str
    """The body, as plain text."""
    id_acte_mentioned: str
    """First ``IDActe`` written in the body or in the subject, or empty."""
    faults: Faults
    """Warnings: what differs from the lists, what cannot be read."""

    @property
    def reminder(self) -> bool:
        """Whether it only reminds of the paper complement of an act: no XML, an IDActe (§7.1)."""
        return self.envelope is None and not self.messages and bool(self.id_acte_mentioned)


def read_mail(content: bytes, *, max_bytes: int = MAX_MAIL_BYTES) -> Courriel:
    """Read a mail as the server gave it (RFC 5322); what its messages say is read later.

    :raises FaultError: ``ACT-MAIL_FORMAT`` when the bytes are no mail, ``ACT-MAIL_SIZE`` and
        ``ACT-MAIL_PARTS`` when nobody could have sent so much.
    """
    _check_bounds(content, max_bytes)
    mail = _parsed(content)
    files: dict[str, bytes] = {}
    faults: list[Fault] = []
    for part in mail.parts:
        faults.extend(add_file(files, part.name, part.content))
    found = sort_files(files, expected={part.name for part in mail.parts if part.inline})
    envelope = found.envelope if isinstance(found.envelope, EnveloppePrefecture) else None
    return Courriel(
        subject=mail.subject,
        sent=mail.sent,
        envelope=envelope,
        envelope_name=found.envelope_name if envelope is not None else "",
        messages=found.messages,
        documents=found.documents,
        others=_others(found, files, envelope),
        text=mail.text,
        id_acte_mentioned=_id_acte(f"{mail.text}\n{mail.subject}"),
        faults=Faults(faults) + found.faults,
    )


def _others(
    found: Contents, files: Mapping[str, bytes], envelope: EnveloppePrefecture | None
) -> Mapping[str, bytes]:
    """The rest of the parts; an envelope of ours, sent back, is no envelope of the préfecture."""
    if envelope is not None or not found.envelope_name:
        return found.others
    return {found.envelope_name: files[found.envelope_name], **found.others}


def _check_bounds(content: bytes, max_bytes: int) -> None:
    if len(content) > max_bytes:
        raise _refusal("SIZE", limit=str(max_bytes // 1_048_576))
    if content.count(b"\n") > MAX_LINES:
        raise _refusal("PARTS", limit=str(MAX_LINES))
    for pattern, limit in _LIMITS:
        if sum(1 for _ in islice(pattern.finditer(content), limit + 1)) > limit:
            raise _refusal("PARTS", limit=str(limit))


def _refusal(kind: str, **params: str) -> FaultError:
    return FaultError(Fault(code=f"ACT-MAIL_{kind}", params=params))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    name: str
    content: bytes
    inline: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mail:
    subject: str
    sent: datetime | None
    parts: tuple[_Part, ...]
    text: str


class _RawHeaders(email.policy.Compat32):
    """Headers as they came, of a bounded length: they are decoded here, as far as they can be.

    The structured headers of the default policy take seconds, and fail, on those of a hostile mail;
    they also lose names written in plain UTF-8.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MAX_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


def _parsed(content: bytes) -> _Mail:
    try:
        return _read(content)
    except RecursionError as error:  # parts nested without end
        raise _refusal("PARTS", limit=str(MAX_PARTS)) from error
    except (MessageError, LookupError, ValueError, TypeError) as error:
        raise _refusal("FORMAT") from error  # a boundary or a charset that nothing can be made of


def _read(content: bytes) -> _Mail:
    message = BytesParser(policy=_RawHeaders()).parsebytes(content)
    if _HEADERS.isdisjoint(name.lower() for name in message):
        raise _refusal("FORMAT")
    leaves = [part for part in message.walk() if not part.is_multipart()]
    if len(leaves) > MAX_PARTS:
        raise _refusal("PARTS", limit=str(MAX_PARTS))
    bodies = [part for part in leaves if _is_body(part)]
    return _Mail(
        subject=_subject(message),
        sent=_sent(message),
        parts=tuple(_part(part, rank) for rank, part in enumerate(leaves, 1) if part not in bodies),
        text=_text(bodies),
    )


def _is_body(part: Message) -> bool:
    return (
        part.get_content_type() in ("text/plain", "text/html")
        and part.get_content_disposition() != "attachment"
        and not _file_name(part)
        and ACTES.encode() not in _payload(part)
    )


def _part(part: Message, rank: int) -> _Part:
    content = _payload(part)
    image = part.get_content_maintype() == "image"
    return _Part(
        name=_name(part, rank, content),
        content=content,
        inline=image and (part.get_content_disposition() != "attachment" or "content-id" in part),
    )


def _payload(part: Message) -> bytes:
    """Return the bytes of a part, its transfer encoding undone as far as it can be."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _name(part: Message, rank: int, content: bytes) -> str:
    """Return the name of a part without path nor control character; one is made when it has none.

    An encoded name is decoded (§11 trap 15).
    """
    base = re.split(r"[/\\]", _file_name(part))[-1]
    name = " ".join("".join(letter for letter in base if letter.isprintable()).split())
    name = name.strip(". ")[-MAX_NAME:]
    return name or f"partie-{rank}.{detect_type(content)}"


def _file_name(part: Message) -> str:
    """Return the name that a part bears, decoded (§11 trap 15), or empty."""
    try:
        return _decoded(part.get_filename())
    except (LookupError, ValueError):  # a charset that is none, an absurd number
        return ""


def _decoded(value: object) -> str:
    """Return the text of a header: its words may be encoded (RFC 2047), or bytes as they are."""
    raw = str(value or "").encode("utf-8", "surrogateescape")
    text = _decode(raw, None)
    if "=?" not in text:
        return text
    try:
        words = decode_header(text)
    except MessageError:
        return text
    return "".join(
        word if isinstance(word, str) else _decode(word, charset) for word, charset in words
    )


def _decode(content: bytes, charset: str | None) -> str:
    """Decode bytes whose declared charset may lie: strict UTF-8 first (§11 trap 4)."""
    for name in ("utf-8", charset or "cp1252", "latin-1"):
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            continue
    raise AssertionError("latin-1 decodes everything")


def _subject(message: Message) -> str:
    return " ".join(_decoded(message["subject"]).split())


def _sent(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(message["date"]))
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, LookupError, OverflowError):
        return None


def _text(bodies: list[Message]) -> str:
    """Return the body: the plain texts, or the HTML ones without their marks."""
    plain = [_body(part) for part in bodies if part.get_content_subtype() == "plain"]
    rich = [_without_marks(_body(part)) for part in bodies if part.get_content_subtype() == "html"]
    written = [text for text in plain if text.strip()]
    mentioned = any(_id_acte(text) for text in written)
    if not written or (not mentioned and any(_id_acte(text) for text in rich)):
        written += rich  # the summary table may stand in the HTML alone
    return "\n".join(text.strip() for text in written if text.strip())[:MAX_TEXT]


def _body(part: Message) -> str:
    return _decode(_payload(part), part.get_content_charset())[:MAX_TEXT]


_TAG = re.compile(r"(<[^<>]*>)")
_HIDDEN = ("script", "style", "head")


def _without_marks(source: str) -> str:
    """Return the words of an HTML text; scripts and styles are none."""
    words: list[str] = []
    hidden = ""
    for token in _TAG.split(source):
        tag = re.match(r"<(/?)\s*([A-Za-z0-9]+)", token)
        if tag is None:
            words.append("" if hidden or token.startswith("<!") else token)
            continue
        closing, name = tag[1], tag[2].lower()
        if hidden:
            hidden = "" if closing and name == hidden else hidden
        elif name in _HIDDEN and not closing:
            hidden = name
        words.append(" " if name in ("td", "th", "span") else "\n")
    lines = (" ".join(line.split()) for line in html.unescape("".join(words)).split("\n"))
    return "\n".join(line for line in lines if line)


def _id_acte(text: str) -> str:
    """Return the first identifier of an act in a text, or empty."""
    for found in _ID_ACTE.finditer(text):
        try:
            return str(IdActe.parse(found[0]))
        except FaultError:
            continue
    return ""
