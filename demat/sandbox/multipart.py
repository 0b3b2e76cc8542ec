"""Reading of a posted form as the real server does: multipart/form-data, texts in ISO-8859-1.

A client that writes its fields in UTF-8 sees ``é`` become ``Ã©`` in the legal record (connectors
dossier §1.3); a file whose name is only given as ``filename*`` is not a file for this server.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

__all__ = ["Form", "Upload", "parse_form"]

_NAME = re.compile(r'(?:^|;)\s*name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_FILE_NAME = re.compile(r'(?:^|;)\s*filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary=(?:"(?P<quoted>[^"]+)"|(?P<plain>[^";\s]+))', re.IGNORECASE)
_FOLD = re.compile(rb"\r\n[ \t]+")
_ENCODING = "iso-8859-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file of the form."""

    name: str
    """Name given by the client, without folders."""
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What was posted."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    """Text fields, in order, by name (``type_pj[]`` keeps its brackets)."""
    uploads: dict[str, list[Upload]] = field(default_factory=dict)
    """Files, in order, by name of the field."""

    def text(self, name: str) -> str:
        """Return a text field, the last one when it is repeated, empty when absent."""
        return self.texts.get(name, [""])[-1]

    def upload(self, name: str) -> Upload | None:
        """Return a file, the last one when it is repeated."""
        return self.uploads.get(name, [None])[-1]


def parse_form(content_type: str, body: bytes) -> Form:
    """Read a posted form; a body of any other kind is an empty form, as in PHP."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        texts = parse_qs(
            body.decode(_ENCODING), keep_blank_values=True, encoding=_ENCODING, max_num_fields=1000
        )
        return Form(texts=texts)
    if kind == "multipart/form-data":
        return _parse_multipart(content_type, body)
    return Form()


def _parse_multipart(content_type: str, body: bytes) -> Form:
    found = _BOUNDARY.search(content_type)
    form = Form()
    if found is None:
        return form
    boundary = b"--" + (found["quoted"] or found["plain"]).encode(_ENCODING)
    # a boundary starts a line: the first one may start the body
    for part in (b"\r\n" + body).split(b"\r\n" + boundary)[1:]:
        if part.startswith(b"--"):
            break
        head, _, content = part.partition(b"\r\n\r\n")
        _add_part(form, _disposition(head), content)
    return form


def _disposition(head: bytes) -> str:
    for line in _FOLD.sub(b" ", head).split(b"\r\n"):
        name, _, text = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            return text.strip().decode(_ENCODING)
    return ""


def _add_part(form: Form, disposition: str, content: bytes) -> None:
    name = _NAME.search(disposition)
    if name is None:
        return
    file_name = _FILE_NAME.search(disposition)
    if file_name is None:
        form.texts.setdefault(_unquoted(name), []).append(content.decode(_ENCODING))
    elif file_name.group(1):  # an empty name is a file field left empty
        plain = re.split(r"[/\\]", _unquoted(file_name))[-1]
        form.uploads.setdefault(_unquoted(name), []).append(Upload(name=plain, content=content))


def _unquoted(found: re.Match[str]) -> str:
    return re.sub(r'\\(["\\])', r"\1", found.group(1))
