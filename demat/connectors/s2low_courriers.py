"""What S²LOW says of the préfecture's letters and of our replies (connectors dossier §1.6).

Bytes in, values out. The list of unread letters is JSON; what is related to an act comes as lines
``type-status-id``; a letter is a ``.tar.gz``, reached by a redirect.
"""

import gzip
import html
import io
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from demat.actes.archive import MAX_UNPACKED_BYTES
from demat.actes.names import IdActe
from demat.connectors.api import RemoteCourrier
from demat.connectors.s2low_answers import (
    Unreadable,
    parse_reference,
    parse_verdict,
    refuse_page,
    unreadable,
)
from demat.connectors.s2low_ko import Ko, classify_ko
from demat.connectors.s2low_status import ActeStatus
from demat.faults import Fault, FaultError

__all__ = [
    "Related",
    "cancellation_among",
    "check_letter",
    "envelope_of",
    "parse_courrier_marked",
    "parse_courriers",
    "parse_related",
    "parse_reply_reference",
    "reply_among",
]

_CANCELLATION = "6"
_OF_A_LETTER = frozenset(
    {
        ActeStatus.DOCUMENT_RECU,
        ActeStatus.ACQUITTEMENT_ENVOYE,
        ActeStatus.DOCUMENT_RECU_SANS_AR,
    }
)
# whatever became of it
_OF_A_REPLY = frozenset(
    {
        ActeStatus.POSTE,
        ActeStatus.EN_ATTENTE_DE_TRANSMISSION,
        ActeStatus.TRANSMIS,
        ActeStatus.ACQUITTEMENT_RECU,
        ActeStatus.DOCUMENT_ENVOYE,
        ActeStatus.REFUS_D_ENVOI,
        ActeStatus.ACQUITTEMENT_DE_DOCUMENT_RECU,
    }
)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_LINE = re.compile(rb"([0-9]{1,3})-(-?[0-9]{1,9})-([0-9]{1,18})")
_MESSAGE_CODE = re.compile(r"-[1-7]-[1-9](_[0-9]+)?(\.xml)?$", re.ASCII | re.IGNORECASE)
_ONE_LINE = re.compile(rb"OK\s*:[^\n]*?:[ \t]*([0-9]{1,18})[ \t\r]*(\n\s*)?")
_DOWNLOAD = "actes_download_file.php"
_SLICE = 1 << 20


def parse_courriers(body: bytes) -> tuple[RemoteCourrier, ...] | Ko:
    """Read the list of the unread letters.

    Old versions list our own replies to courriers simples among them: those are left out.

    :raises Unreadable: not that JSON, or a letter without a number.
    """
    found = _json(body)
    if isinstance(found, dict) and "error-message" in found:
        return classify_ko(_text(found, "error-message"))
    if not isinstance(found, list) or not all(isinstance(line, dict) for line in found):
        raise unreadable(body)
    courriers = tuple(_courrier(line) for line in found if not _is_ours(line))
    if not all(_NUMBER.fullmatch(one.reference) for one in courriers):
        raise unreadable(body)
    return courriers


def _is_ours(line: Mapping[str, object]) -> bool:
    sent = {str(int(status)) for status in _OF_A_REPLY}
    return _text(line, "type") == "2" and _text(line, "last_status_id") in sent


def _courrier(line: Mapping[str, object]) -> RemoteCourrier:
    about = _text(line, "related_transaction_id")
    return RemoteCourrier(
        reference=_text(line, "id"),
        kind=_text(line, "type"),
        about=about if _NUMBER.fullmatch(about) and int(about) else "",
        id_acte=_id_acte(_text(line, "unique_id")),
    )


def _id_acte(text: str) -> str:
    """Return the identifier of the act in a name that may be that of a message."""
    try:
        return str(IdActe.parse(_MESSAGE_CODE.sub("", text)))
    except FaultError:
        return ""


def parse_courrier_marked(body: bytes) -> Ko | None:
    """Read the answer to the marking of a letter; ``None`` when it is done.

    S²LOW says ``ok`` whatever the number.

    :raises Unreadable: neither yes nor no.
    """
    found = _json(body)
    if not isinstance(found, dict):
        raise unreadable(body)
    if "error-message" in found:
        return classify_ko(_text(found, "error-message"))
    if _text(found, "result").casefold() != "ok":
        raise unreadable(body)
    return None


def _json(body: bytes) -> object:
    refuse_page(body)
    if body.lstrip().startswith(b"KO"):  # plain text when not authenticated
        verdict = parse_verdict(body)
        if isinstance(verdict, Ko):
            return {"error-message": verdict.message}
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # covers wrong UTF-8
        raise unreadable(body) from error


def _text(line: Mapping[str, object], key: str) -> str:
    found = line.get(key)
    return "" if found is None else html.unescape(str(found)).strip()


# a letter


def envelope_of(location: str) -> str:
    """Return the number of the archive to which a redirect leads; empty when it is another page.

    The address itself is not followed: the archive is asked for where everything else is.
    """
    try:
        target = urlsplit(location)
        numbers = parse_qs(target.query).get("env", [""])
    except ValueError:
        return ""
    if target.path.rpartition("/")[2] != _DOWNLOAD or not _NUMBER.fullmatch(numbers[-1]):
        return ""
    return numbers[-1]


def check_letter(body: bytes) -> Ko | None:
    """Check that a body is a whole ``.tar.gz``; its content is judged elsewhere.

    The end of the compressed data is looked for, whatever length the server announced: a letter
    that is cut must not be taken for the letter, which is then marked as read (§8.1, F6).

    :returns: what S²LOW says instead of giving it, or ``None`` when it is there.
    :raises Unreadable: it is something else, or cut.
    """
    if body.startswith(b"\x1f\x8b"):
        if _is_cut(body):
            raise Unreadable(Fault(code="CON-TRUNCATED_ANSWER"))
        return None
    refuse_page(body)
    verdict = parse_verdict(body)
    if isinstance(verdict, Ko):
        return verdict
    raise unreadable(body)


def _is_cut(body: bytes) -> bool:
    size = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            while size <= MAX_UNPACKED_BYTES and (piece := stream.read(_SLICE)):
                size += len(piece)
    except EOFError:
        return True
    except (OSError, zlib.error):
        return False  # damaged at its origin: to ask again would give the same
    return False


# what is related to an act


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """A message about an act: a letter, a reply or the cancellation."""

    kind: str
    """First figure of the message code."""
    status: int
    """Where it is (see :class:`demat.connectors.s2low_status.ActeStatus`)."""
    reference: str
    """Its number."""


def parse_related(body: bytes) -> tuple[Related, ...] | Ko:
    """Read the lines ``type-status-id`` about an act; an empty body is an act without any.

    A status may be negative: ``6--1-52`` (§1.6).

    :raises Unreadable: something else.
    """
    if not body.strip():
        return ()
    refuse_page(body)
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    if lines[0].startswith(b"KO"):
        verdict = parse_verdict(body)
        if isinstance(verdict, Ko):
            return verdict
    if lines[0] == b"OK":
        del lines[0]
    found = [_LINE.fullmatch(line) for line in lines]
    if None in found:
        raise unreadable(body)
    return tuple(
        Related(kind=one[1].decode(), status=int(one[2]), reference=one[3].decode())
        for one in found
        if one
    )


def cancellation_among(related: Iterable[Related]) -> str | None:
    """Return the number of the cancellation of an act, the last one if it was asked again."""
    found = [one.reference for one in related if one.kind == _CANCELLATION]
    return max(found, key=int, default=None)


def reply_among(related: Iterable[Related], *, letter: str, kind: str) -> str | None:
    """Return the number of the only message that can be the reply to a letter.

    A letter that has replies shows through them: one that shows itself has none. Nothing ties a
    reply to its letter: as soon as two replies of a kind show, neither is proven to be the one.

    :param letter: number of the letter.
    :param kind: first figure of the message code, which a letter and its replies share.
    """
    lines = [one for one in related if one.kind == kind]
    sent = [one for one in lines if one.status not in _OF_A_LETTER]
    if letter in {one.reference for one in lines} or len(sent) != 1:
        return None
    (reply,) = sent
    # numbers grow: what is older than the letter does not answer it
    known = reply.status in _OF_A_REPLY and int(reply.reference) > int(letter)
    return reply.reference if known else None


def parse_reply_reference(body: bytes, *, framed: bool) -> str | Ko:
    """Read the answer to a reply, in either dialect (§1.6.1): two lines, or ``OK : … : number``.

    :param framed: whether the length was announced. If not, the number of the single line may be
        the beginning of a longer one.
    :raises Unreadable: no usable number.
    """
    one_line = _ONE_LINE.fullmatch(body.lstrip())
    if one_line is None:
        return parse_reference(body)
    if not one_line[2] and not framed:
        raise Unreadable(Fault(code="CON-TRUNCATED_ANSWER"))
    return one_line[1].decode("ascii")
