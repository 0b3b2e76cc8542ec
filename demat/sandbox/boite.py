"""How the TdT reads the mails of the ministry (connectors dossier §2.2, actes dossier §9.2, §11).

One envelope with its message and documents, or an ``ANO_`` file alone; whatever holds neither (the
multi-canal reminders, advertisements) is left aside. Names are encoded or not, extensions in
capitals or not, the envelope first or last.
"""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from pathlib import PurePosixPath

from demat.faults import FaultError
from demat.sandbox.actesxml import NS
from demat.sandbox.records import StoredFile
from demat.xmlio import Element, local_name, parse_untrusted

__all__ = ["Retour", "read_mail"]

_ANO = "ANO_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Retour:
    """What one mail brings."""

    root: Element
    """Message, parsed."""
    files: tuple[StoredFile, ...]
    """Envelope, message, documents under the names of the message; an ``ANO_`` file alone."""
    page: bytes = b""
    """HTML of the mail."""

    @property
    def name(self) -> str:
        """Local name of the message's root."""
        return local_name(self.root)

    @property
    def xml(self) -> bytes:
        """Bytes of the message."""
        return self.files[-1].content if self.is_refusal else self.files[1].content

    @property
    def is_refusal(self) -> bool:
        """Whether it refuses an archive as a whole."""
        return len(self.files) == 1

    @property
    def refused(self) -> str:
        """Name of the envelope of the refused archive."""
        return self.files[0].name.removeprefix(_ANO)


def read_mail(content: bytes) -> list[Retour]:
    """Return what a mail brings: nothing, one message, or several with one envelope.

    A file that is no XML, or an envelope whose message is missing, brings nothing.
    """
    # the old reading of mails: the new one parses every header again and again, ten times as slow
    message = email.message_from_bytes(content)
    parts, page = _parts(message)
    found: list[Retour] = []
    for part in parts:
        if part.name.startswith(_ANO) and (root := _xml(part.content)) is not None:
            found.append(Retour(root=root, files=(part,)))
    for part in parts:
        root = _xml(part.content) if part.name.startswith("EACT--") else None
        if root is not None:
            found += _messages(root, part, parts, page)
    return found


def _messages(
    envelope: Element, part: StoredFile, parts: list[StoredFile], page: bytes
) -> Iterator[Retour]:
    for name in _names(envelope):
        message = next((one for one in parts if one.name.lower() == name.lower()), None)
        root = _xml(message.content) if message is not None else None
        if message is None or root is None:
            continue
        wanted = {listed.lower(): listed for listed in _names(root)}
        documents = tuple(
            StoredFile(
                id=0,
                name=wanted[one.name.lower()],
                posted_name="",
                mime_type=one.mime_type,
                content=one.content,
            )
            for one in parts
            if one.name.lower() in wanted
        )
        yield Retour(root=root, files=(part, message, *documents), page=page)


def _names(root: Element) -> list[str]:
    return [node.text or "" for node in root.iter(f"{{{NS}}}NomFichier")]


def _xml(content: bytes) -> Element | None:
    try:
        return parse_untrusted(content)
    except FaultError:
        return None


def _parts(message: Message) -> tuple[list[StoredFile], bytes]:
    parts: list[StoredFile] = []
    page = b""
    for part in message.walk():
        is_page = part.get_content_type() == "text/html"
        if not is_page and part.get_content_disposition() != "attachment":
            continue
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        if is_page:
            page = page or payload
        else:
            parts.append(
                StoredFile(
                    id=0,
                    name=_name(part.get_filename() or ""),
                    posted_name="",
                    mime_type=part.get_content_type(),
                    content=payload,
                )
            )
    return parts, page


def _name(text: str) -> str:
    return PurePosixPath(str(make_header(decode_header(text)))).name
