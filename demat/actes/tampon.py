"""The tampon d'acquittement on a copy of a PDF (actes dossier §9.5, §11 traps 25 and 30).

The file of the agent is never changed: :func:`stamp` takes bytes and returns other bytes. The stamp
is one Form XObject that all the pages share, drawn over each page whatever its rotation, its boxes
and the state in which its own content leaves the graphics.
"""

import io
import unicodedata
import warnings
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pikepdf

from demat.actes.contexte import french_date, warning
from demat.actes.delais import ModePublicite, Publicite
from demat.actes.pdf_pages import (
    Box,
    content_streams,
    is_signed,
    left_open,
    rotation,
    user_unit,
    visible,
    without_ignored,
)
from demat.actes.text import transliterate_objet
from demat.faults import Fault, FaultError, Faults

__all__ = ["Coin", "ReglageTampon", "Tampon", "stamp", "stamp_warnings"]

Coin = Literal["haut-droite", "haut-gauche", "bas-droite", "bas-gauche"]
"""A corner of the page as it is shown, whatever its rotation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tampon:
    """What the stamp says."""

    envoye: date
    """Day of the sending, in Europe/Paris."""
    recu: date
    """``DateReception`` of the accusé de réception, never the day when it arrived here."""
    id_acte: str
    """``IDActe``."""
    publicite: Publicite | None = None
    """Day of the publicity, another one than ``recu`` (§11 trap 30); none: not known, not shown."""

    @property
    def lignes(self) -> tuple[str, ...]:
        """The lines, in French, in the wording of §9.5."""
        lignes = [
            f"Envoyé en préfecture le {french_date(self.envoye)}",
            f"Reçu en préfecture le {french_date(self.recu)}",
        ]
        if self.publicite is not None:
            notified = self.publicite.mode is ModePublicite.NOTIFICATION
            verb = "Notifié" if notified else "Publié"
            lignes.append(f"{verb} le {french_date(self.publicite.date)}")
        return (*lignes, f"ID : {self.id_acte}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReglageTampon:
    """Where the stamp goes; chosen by each authority (``[collectivites.tampon]``)."""

    pages: Literal["toutes", "premiere"] = "toutes"
    """Every page, or the first one only."""
    coin: Coin = "haut-droite"
    """The corner from which ``x`` and ``y`` are counted."""
    x: float = 3.0
    """Distance to the side of that corner, in percent of the width of the page as it is shown."""
    y: float = 2.0
    """Distance to its top or bottom, in percent of the height."""
    largeur: float = 62.0
    """Width of the stamp, in millimetres; less on a page too small for it."""


def stamp(pdf: bytes, texte: Tampon, reglage: ReglageTampon) -> bytes:
    """Return a stamped copy of a PDF; the same arguments give the same bytes.

    :raises FaultError: ``ACT-TAMPON_ENCRYPTED`` or ``ACT-TAMPON_BROKEN``. The unstamped file is
        then delivered, and the fault says so (§11 trap 25).
    """
    if _END not in pdf[-1024:]:
        raise _refusal("BROKEN")
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            if document.is_encrypted:
                raise _refusal("ENCRYPTED")
            return _stamped(document, texte, reglage)
    except pikepdf.PasswordError as error:
        raise _refusal("ENCRYPTED") from error
    except _DAMAGE as error:
        raise _refusal("BROKEN") from error


def stamp_warnings(pdf: bytes) -> Faults:
    """Return what must be said about the stamped copy of a PDF.

    ``ACT-TAMPON_SIGNED``: it was signed, and a copy that was written again is not any more. The
    original keeps its signature. A file that cannot be opened gives nothing here.
    """
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            signed = is_signed(document.Root)
    except (pikepdf.PasswordError, *_DAMAGE):
        return Faults()
    return Faults([warning("TAMPON_SIGNED")] if signed else [])


_END = b"%%EOF"
# qpdf reports broken structures with all of these.
_DAMAGE = (
    pikepdf.PdfError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
)


def _refusal(kind: Literal["ENCRYPTED", "BROKEN"]) -> FaultError:
    codes = {"ENCRYPTED": "ACT-TAMPON_ENCRYPTED", "BROKEN": "ACT-TAMPON_BROKEN"}
    return FaultError(Fault(code=codes[kind]))


def _stamped(document: pikepdf.Pdf, texte: Tampon, reglage: ReglageTampon) -> bytes:
    if not len(document.pages):
        raise _refusal("BROKEN")
    pen = _Pen(document, texte, reglage)
    pages = document.pages if reglage.pages == "toutes" else document.pages[:1]
    for page in pages:
        pen.draw(page.obj)
    copy = io.BytesIO()
    with warnings.catch_warnings():
        # pikepdf warns about forms that were already ill-made in the original
        warnings.simplefilter("ignore")
        document.save(
            copy,
            min_version="1.4",  # transparency
            deterministic_id=True,
            # what is packed stays as it is: nothing unpacks a bomb
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            compress_streams=False,
        )
    return copy.getvalue()


# --------------------------------------------------------------------------------- the drawing

_SIZE = 8.0
_LEADING = 10.5
_PADDING = 6.0
_WIDTH = 176.0
"""Width of the stamp in its own units; points when ``largeur`` is 62 mm."""
_OPACITY = 0.85
_BLUE = "0.05 0.15 0.5"


class _Pen:
    """Draws one stamp on the pages of one document, sharing all that can be shared."""

    def __init__(self, document: pikepdf.Pdf, texte: Tampon, reglage: ReglageTampon) -> None:
        self._document = document
        self._reglage = reglage
        self._height = 2 * _PADDING + _LEADING * len(texte.lignes) - (_LEADING - _SIZE)
        self._form = _form(document, texte.lignes, self._height)
        self._before = document.make_stream(b"q\n")
        self._after: dict[bytes, pikepdf.Object] = {}
        self._resources: dict[tuple[int, int], tuple[pikepdf.Object, str]] = {}

    def draw(self, page: pikepdf.Object) -> None:
        """Draw the stamp over a page, whose own content is kept between ``q`` and ``Q``."""
        resources, name = self._resources_with_stamp(page)
        streams = content_streams(page)
        closing, ignored = left_open(page, streams)
        if ignored:
            packed = zlib.compress(without_ignored(page))
            flate = {"/Filter": pikepdf.Name.FlateDecode}
            streams = [self._document.make_stream(packed, flate)]
        matrix = _placed(page, self._height, self._reglage)
        drawing = f"\n{closing}Q\n/Artifact BMC\nq {matrix} cm {name} Do Q\nEMC\n".encode()
        if drawing not in self._after:
            self._after[drawing] = self._document.make_stream(drawing)
        page.Resources = resources
        page.Contents = pikepdf.Array([self._before, *streams, self._after[drawing]])

    def _resources_with_stamp(self, page: pikepdf.Object) -> tuple[pikepdf.Object, str]:
        """Return a copy of the resources of a page that knows the stamp, and its name there.

        Pages that shared their resources share the copy; the original dictionary is not touched.
        """
        found = page.get("/Resources")
        known = found.objgen if isinstance(found, pikepdf.Dictionary) else (0, 0)
        if known != (0, 0) and known in self._resources:
            return self._resources[known]
        items = dict(found.items()) if isinstance(found, pikepdf.Dictionary) else {}
        drawn = items.get("/XObject")
        forms = dict(drawn.items()) if isinstance(drawn, pikepdf.Dictionary) else {}
        name = next(one for one in _names() if one not in forms)
        items["/XObject"] = pikepdf.Dictionary({**forms, name: self._form})
        made = self._document.make_indirect(pikepdf.Dictionary(items)), name
        if known != (0, 0):
            self._resources[known] = made
        return made


def _names() -> Iterator[str]:
    rank = 0
    while True:
        yield f"/Tampon{rank}"
        rank += 1


def _form(document: pikepdf.Pdf, lignes: Iterable[str], height: float) -> pikepdf.Object:
    font = {"/Type": pikepdf.Name.Font, "/Subtype": pikepdf.Name.Type1}
    font["/BaseFont"] = pikepdf.Name.Helvetica
    font["/Encoding"] = pikepdf.Name.WinAnsiEncoding
    state = pikepdf.Dictionary({"/Type": pikepdf.Name.ExtGState, "/ca": _OPACITY})
    form = document.make_stream(
        _drawing(lignes, height),
        {
            "/Type": pikepdf.Name.XObject,
            "/Subtype": pikepdf.Name.Form,
            "/BBox": pikepdf.Array([0, 0, _WIDTH, height]),
            "/Resources": pikepdf.Dictionary(
                {
                    "/Font": pikepdf.Dictionary(
                        {"/Texte": document.make_indirect(pikepdf.Dictionary(font))}
                    ),
                    "/ExtGState": pikepdf.Dictionary({"/Fond": state}),
                }
            ),
        },
    )
    return form


def _drawing(lignes: Iterable[str], height: float) -> bytes:
    frame = f"0.75 0.75 {_WIDTH - 1.5:g} {height - 1.5:g} re"
    parts = [
        f"q /Fond gs 1 1 1 rg 0 0 {_WIDTH:g} {height:g} re f Q".encode(),
        f"q {_BLUE} RG 1.5 w {frame} S Q".encode(),
        f"q {_BLUE} rg".encode(),
    ]
    baseline = height - _PADDING - 0.75 * _SIZE
    for ligne in lignes:
        text = _winansi(ligne)
        size = min(_SIZE, _SIZE * (_WIDTH - 2 * _PADDING) / max(_width(text), 1.0))
        start = f"BT /Texte {size:.2f} Tf {_PADDING:g} {baseline:.2f} Td ("
        parts.append(start.encode() + _escaped(text) + b") Tj ET")
        baseline -= _LEADING
    return b"\n".join([*parts, b"Q"])


def _winansi(ligne: str) -> bytes:
    return transliterate_objet(ligne)[0].encode("cp1252", "replace")


def _escaped(text: bytes) -> bytes:
    for special in (b"\\", b"(", b")"):
        text = text.replace(special, b"\\" + special)
    return text


# Widths of Helvetica from the space to the tilde, in thousandths of the size (Adobe font metrics).
_WIDTHS = (
    (278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278)
    + (556,) * 10
    + (278, 278, 584, 584, 584, 556, 1015)
    + (667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833)
    + (722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611)
    + (278, 278, 278, 469, 556, 333)
    + (556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833)
    + (556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500)
    + (334, 260, 334, 584)
)


def _width(text: bytes) -> float:
    """Return the width of a text at ``_SIZE``; an accented letter is as wide as the plain one."""
    plain = unicodedata.normalize("NFKD", text.decode("cp1252", "replace"))
    codes = (ord(letter) for letter in plain if not unicodedata.combining(letter))
    widths = (_WIDTHS[code - 32] if 32 <= code < 127 else 1000 for code in codes)
    return sum(widths) * _SIZE / 1000


# -------------------------------------------------------------------------------- the place

_LARGEST_SHARE = (0.6, 0.3)
"""Part of the width and of the height of a page that the stamp takes at most."""
_POINTS_PER_MM = 72 / 25.4


def _placed(page: pikepdf.Object, height: float, reglage: ReglageTampon) -> str:
    """Return the matrix that puts the stamp upright at its place on the page as it is shown."""
    box, turn = visible(page), rotation(page)
    across, up = box[2] - box[0], box[3] - box[1]
    if turn in (90, 270):
        across, up = up, across
    wanted = reglage.largeur * _POINTS_PER_MM / user_unit(page)
    scale = min(
        wanted / _WIDTH, _LARGEST_SHARE[0] * across / _WIDTH, _LARGEST_SHARE[1] * up / height
    )
    free = across - scale * _WIDTH, up - scale * height
    left = min(reglage.x * across / 100, free[0])
    bottom = min(reglage.y * up / 100, free[1])
    if reglage.coin.endswith("droite"):
        left = free[0] - left
    if reglage.coin.startswith("haut"):
        bottom = free[1] - bottom
    return _turned(box, turn, scale, left, bottom)


def _turned(box: Box, turn: int, scale: float, left: float, bottom: float) -> str:
    """Return the matrix from the shown page, counted from its bottom left, to its user space."""
    x0, y0, x1, y1 = box
    cos, sin, x, y = {
        0: (1, 0, x0 + left, y0 + bottom),
        90: (0, 1, x1 - bottom, y0 + left),
        180: (-1, 0, x1 - left, y1 - bottom),
        270: (0, -1, x0 + bottom, y1 - left),
    }[turn]
    return " ".join(
        f"{value:.5f}" for value in (scale * cos, scale * sin, -scale * sin, scale * cos, x, y)
    )
