"""What a writer must know of the pages of a PDF made by others, hostile or only unusual.

Where viewers are lenient the answers are those of viewers: odd boxes, odd rotations, operators that
match nothing. Nothing here changes a file. What a page inherits it holds itself: ``pikepdf.open``
gives it to each page, unless asked not to.
"""

import zlib
from collections.abc import Iterable, Iterator

import pikepdf

__all__ = [
    "Box",
    "content_streams",
    "is_signed",
    "left_open",
    "rotation",
    "user_unit",
    "visible",
    "without_ignored",
]

Box = tuple[float, float, float, float]
_LETTER: Box = (0.0, 0.0, 612.0, 792.0)
"""What viewers show when a page has no usable box."""


def visible(page: pikepdf.Object) -> Box:
    """Return what is shown of a page: its CropBox, within its MediaBox."""
    media = _box(page.get("/MediaBox")) or _LETTER
    crop = _box(page.get("/CropBox")) or media
    shown = (
        max(media[0], crop[0]),
        max(media[1], crop[1]),
        min(media[2], crop[2]),
        min(media[3], crop[3]),
    )
    return shown if shown[0] < shown[2] and shown[1] < shown[3] else media


def _box(found: object) -> Box | None:
    """Read a rectangle, whichever corners it gives; nothing when it is empty or no rectangle."""
    if not isinstance(found, pikepdf.Array) or len(found) != 4:
        return None
    values = [_number(value) for value in found]
    if None in values:
        return None
    one, two, three, four = (value or 0.0 for value in values)
    left, right, bottom, top = min(one, three), max(one, three), min(two, four), max(two, four)
    return (left, bottom, right, top) if left < right and bottom < top else None


def rotation(page: pikepdf.Object) -> int:
    """Return by how many degrees, clockwise, viewers turn a page: 0, 90, 180 or 270."""
    found = _number(page.get("/Rotate"))
    return int((found or 0) / 90) % 4 * 90


def user_unit(page: pikepdf.Object) -> float:
    found = _number(page.get("/UserUnit"))
    return found if found is not None and found > 0 else 1.0


def _number(found: object) -> float | None:
    """Return a number of a PDF, which arrives as an int, a Decimal or something else."""
    try:
        return float(found)  # type: ignore[arg-type]  # what is no number is answered below
    except (TypeError, ValueError):
        return None


# -------------------------------------------------------------------- the content of the page

_LARGEST_CONTENT = 16 * 1024 * 1024
"""Content of a page that is looked into, in bytes; beyond, it is taken for balanced."""
_MOST_OPERATORS = 200_000
"""The same for what opens and closes: each one takes some hundreds of bytes of memory."""
_BALANCED = "q Q BT ET BMC BDC EMC"


def content_streams(page: pikepdf.Object) -> list[pikepdf.Object]:
    """Return the streams of a page, in order; what is no stream shows nothing."""
    found = page.get("/Contents")
    parts = list(found) if isinstance(found, pikepdf.Array) else [found]
    return [part for part in parts if isinstance(part, pikepdf.Stream)]


def left_open(page: pikepdf.Object, streams: Iterable[pikepdf.Object]) -> tuple[str, bool]:
    """Return the operators that close what a page leaves open, and whether it closes too much."""
    states = marks = 0
    text = ignored = False
    for operator in _operators(page, streams):
        if operator == "Q":
            ignored, states = ignored or not states, max(states - 1, 0)
        elif operator in ("BT", "ET"):
            text = operator == "BT"
        elif operator == "EMC":
            marks = max(marks - 1, 0)
        else:
            states, marks = states + (operator == "q"), marks + (operator != "q")
    return "ET\n" * text + "EMC\n" * marks + "Q\n" * states, ignored


def _operators(page: pikepdf.Object, streams: Iterable[pikepdf.Object]) -> list[str]:
    """Return what opens and closes; nothing for a content that cannot, or must not, be unpacked."""
    if not _is_small(streams):
        return []
    try:
        found = pikepdf.parse_content_stream(page, _BALANCED)
    except pikepdf.PdfError:
        return []  # what cannot be unpacked shows nothing and leaves nothing open
    return [str(one.operator) for one in found]


def without_ignored(page: pikepdf.Object) -> bytes:
    """Return the content of a page without the ``Q`` that match no ``q``.

    Viewers ignore them; after our own ``q`` they would undo what the page had set before them.
    """
    return pikepdf.Page(page).get_filtered_contents(_Balance())


class _Balance(pikepdf.TokenFilter):
    """Drops the ``Q`` that match no ``q``, one token at a time: a long content stays out."""

    def __init__(self) -> None:
        super().__init__()
        self._states = 0

    def handle_token(  # type: ignore[override]  # the default of the stub is never used
        self, token: pikepdf.Token
    ) -> pikepdf.Token | None:
        if token.type_ == pikepdf.TokenType.word and token.raw_value in (b"q", b"Q"):
            if token.raw_value == b"Q" and not self._states:
                return None
            self._states += 1 if token.raw_value == b"q" else -1
        return token


def _is_small(streams: Iterable[pikepdf.Object]) -> bool:
    """Whether a content can be read without filling the memory: a few bytes may hold much."""
    room, operators = _LARGEST_CONTENT, _MOST_OPERATORS
    for stream in streams:
        content = _unpacked(stream, room)
        room -= len(content)
        operators -= sum(map(content.count, (b"q", b"Q", b"T", b"M")))
        if room < 0 or operators < 0:
            return False
    return True


def _unpacked(stream: pikepdf.Object, room: int) -> bytes:
    """Return a stream, or one byte more than ``room`` of it; several packings count as too much."""
    packed = stream.read_raw_bytes()
    filters = stream.get("/Filter")
    if isinstance(filters, pikepdf.Array) and len(filters) == 1:
        filters = filters[0]
    if filters is None:
        return packed
    if filters != "/FlateDecode":
        return bytes(room + 1)
    try:
        return zlib.decompressobj().decompress(packed, room + 1)
    except zlib.error:
        return b""  # qpdf will say what it thinks of it


# ------------------------------------------------------------------------------ signatures

_MOST_FIELDS = 10_000


def is_signed(catalog: pikepdf.Object) -> bool:
    """Whether a PDF carries an electronic signature, or a certification of its author."""
    permissions = catalog.get("/Perms")
    if isinstance(permissions, pikepdf.Dictionary) and "/DocMDP" in permissions:
        return True
    form = catalog.get("/AcroForm")
    fields = form.get("/Fields") if isinstance(form, pikepdf.Dictionary) else None
    return any(_holds_signature(field) for field in _fields(fields))


def _holds_signature(field: pikepdf.Object) -> bool:
    value = field.get("/V")
    if not isinstance(value, pikepdf.Dictionary):
        return False
    return "/ByteRange" in value or field.get("/FT") == "/Sig"


def _fields(found: object) -> Iterator[pikepdf.Object]:
    waiting = list(found) if isinstance(found, pikepdf.Array) else []
    for _ in range(_MOST_FIELDS):
        if not waiting:
            return
        field = waiting.pop()
        if isinstance(field, pikepdf.Dictionary):
            yield field
            kids = field.get("/Kids")
            waiting += list(kids) if isinstance(kids, pikepdf.Array) else []
