"""The raw copies of the exchanges about one transmission, without anything that opens a door."""

import re
from collections.abc import Iterator
from pathlib import Path

from demat.engine.evidence_parts import plain
from demat.engine.office import Authority
from demat.files import safe_name
from demat.queue.views import TransmissionView

__all__ = ["exchanges_of"]

_SECRET = re.compile(
    rb"^\s*(authorization|proxy-authorization|cookie|set-cookie|www-authenticate"
    rb"|x-[a-z-]*(?:token|key)|password|mot_de_passe|passwd|pwd)\s*[:=](?!\s*\(masked\))",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD = 1 << 16
"""What is before the body of an answer, and the whole of a request, lies within this."""


def exchanges_of(flow: TransmissionView, authority: Authority) -> Iterator[tuple[str, bytes]]:
    """Yield the raw copies about a transmission: path in the evidence, and bytes.

    They are kept by business key and by the number of the other side. A copy that seems to hold a
    credential is left out: none should, and evidence is given away.
    """
    if authority.exchanges is None:
        return
    labels = dict.fromkeys((safe_name(flow.key), safe_name(flow.reference or flow.key)))
    for label in labels:
        folder = authority.exchanges / label
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            content = path.read_bytes() if _is_copy(path) else b""
            if content and not _SECRET.search(_head(content)):
                yield f"{plain(label)}/{plain(path.name)}", content


def _is_copy(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.name.startswith(".")


def _head(content: bytes) -> bytes:
    """Return the request, or the headers of an answer."""
    return content[:_HEAD].partition(b"\r\n\r\n")[0]
