"""A page of paper that demat writes: A4, in French, reproducible, the same look for every paper.

The only place where fpdf2 is used. Its standard fonts hold the characters of windows-1252; what
they do not hold is replaced by its closest letters.
"""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace
from fpdf.prefs import ViewerPreferences

from demat.actes.text import transliterate_objet
from demat.clock import PARIS

__all__ = ["Paper", "moment"]


def moment(instant: datetime) -> str:
    """Write an instant as it is read in France, in Paris time: ``15/03/2024 à 09 h 30``."""
    return instant.astimezone(PARIS).strftime("%d/%m/%Y à %H h %M")


_BLUE = (13, 38, 128)
_GREY = (90, 90, 90)
_PALE = (238, 241, 250)
_MARGIN = 14.0
_PAGES = "{  }"
"""Stands for the number of pages until it is known; no text from outside has two blanks."""
_MOST_TEXT = 4000
"""Characters of one cell; the whole message stays in the store."""
_CELL_TEXT = 300
"""Characters of one cell of a narrow row: a longer text goes on in the next row."""
_FACT_TEXT = 500
"""The same for a wide one: an objet is never cut."""


class Paper(FPDF):
    """An A4 document: header, footer, numbered pages, title and language declared."""

    def __init__(self, *, title: str, owner: str, subject: str, made: datetime) -> None:
        """Begin a document.

        :param owner: name of the authority, in the header.
        :param subject: what the document is about, in the header too.
        :param made: instant of its making, aware; the only one that it holds.
        """
        super().__init__(format="A4")
        self._owner = owner
        self._about = subject
        self._made = f"Établi le {moment(made)}"
        self.core_fonts_encoding = "cp1252"
        self.alias_nb_pages(_PAGES)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_creation_date(made)
        self.set_producer("demat")
        self.set_title(title)
        self.set_author(owner)
        self.set_lang("fr-FR")
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=20)
        self.set_font("helvetica", size=10)
        self.add_page()

    def header(self) -> None:
        """Write the name of the authority and the act, on every page."""
        self.set_font("helvetica", "B", 9)
        self.set_text_color(*_BLUE)
        self._line(_short(self._owner, 90))
        self.set_font("helvetica", "", 8)
        self.set_text_color(*_GREY)
        self._line(_short(self._about, 110))
        self.set_draw_color(*_BLUE)
        self.line(_MARGIN, self.get_y() + 1, self.w - _MARGIN, self.get_y() + 1)
        self.ln(5)

    def footer(self) -> None:
        """Write the time of the document and the number of the page, on every page."""
        self.set_y(-14)
        self.set_font("helvetica", "", 8)
        self.set_text_color(*_GREY)
        self.cell(self.epw / 2, 5, self._made)
        self.cell(self.epw / 2, 5, f"Page {self.page_no()} sur {_PAGES}", align="R")

    def _line(self, text: str) -> None:
        self.cell(0, 4.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def headline(self, title: str, state: str = "") -> None:
        """Write the title, and the sentence that sums up the paper."""
        self.set_text_color(0)
        self.set_font("helvetica", "B", 17)
        self._flow(title, 9)
        if state:
            self.ln(1)
            self.set_font("helvetica", "B", 10.5)
            self.set_fill_color(*_PALE)
            self._flow(state, 8, fill=True)
            self.set_fill_color(255)  # or the rows of the tables would take it
        self.ln(2)

    def section(self, title: str) -> None:
        """Write the title of a part, which does not stay alone at the foot of a page."""
        if self.will_page_break(26):
            self.add_page()
        self.ln(3)
        self.set_text_color(*_BLUE)
        self.set_font("helvetica", "B", 11.5)
        self._flow(title, 7)

    def paragraph(self, text: str) -> None:
        """Write a text, as it is read."""
        self.set_text_color(0)
        self.set_font("helvetica", "", 11.5)
        self._flow(text, 6.5)
        self.ln(3)

    def note(self, text: str) -> None:
        """Write a remark in small letters."""
        self.set_text_color(*_GREY)
        self.set_font("helvetica", "", 8.5)
        self.ln(1)
        self._flow(text, 4.2)

    def _flow(self, text: str, height: float, *, fill: bool = False) -> None:
        self.multi_cell(
            0, height, _writable(text), align="L", fill=fill, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def facts(self, rows: Iterable[tuple[str, str]], *, names: float = 50) -> None:
        """Write what is known, a name and a value per row; ``names`` is in millimetres."""
        self._table(rows, (names, self.epw - names), heading=None, size=9.5, name=True)

    def columns(
        self, heading: Sequence[str], rows: Iterable[Sequence[str]], *, widths: Sequence[float]
    ) -> None:
        """Write rows under a heading that comes back on every page."""
        found = list(rows) or [("-",) * len(heading)]
        self._table(found, widths, heading=heading, size=8, name=False)

    def _table(
        self,
        rows: Iterable[Sequence[str]],
        widths: Sequence[float],
        *,
        heading: Sequence[str] | None,
        size: float,
        name: bool,
    ) -> None:
        self.set_text_color(0)
        self.set_draw_color(190)
        self.set_font("helvetica", "", size)
        bold = FontFace(emphasis="BOLD", fill_color=_PALE)
        with self.table(
            col_widths=tuple(widths),
            width=sum(widths),
            line_height=size * 0.5,
            text_align="LEFT",
            v_align=VAlign.T,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=bold,
            first_row_as_headings=heading is not None,
            padding=0.8,
        ) as table:
            if heading is not None:
                table.row([_writable(one) for one in heading])
            for texts in rows:
                for part in _parts(texts, _FACT_TEXT if name else _CELL_TEXT):
                    row = table.row()
                    for rank, cell in enumerate(part):
                        face = FontFace(emphasis="BOLD") if name and not rank else None
                        row.cell(cell, style=face)

    def signature(self, *, place: str, who: str, name: str) -> None:
        """Leave room to date and to sign; what is not known is left to write."""
        if self.will_page_break(70):
            self.add_page()
        self.ln(12)
        self.set_text_color(0)
        self.set_font("helvetica", "", 11)
        self._flow(f"Fait à {place or '.' * 40}, le {'.' * 34}", 7)
        self.ln(4)
        self._flow(f"{who}, {name}" if name else who, 7)
        self.set_draw_color(150)
        self.rect(_MARGIN, self.get_y() + 2, 90, 34)
        self.set_font("helvetica", "", 8)
        self.set_text_color(*_GREY)
        self.set_xy(_MARGIN + 2, self.get_y() + 3)
        self._line("Signature et cachet")

    def finished(self) -> bytes:
        """Return the document."""
        return bytes(self.output())


def _parts(texts: Sequence[str], most: int) -> Iterable[tuple[str, ...]]:
    """Cut the cells of a row so that each row holds on a page, whatever the texts."""
    cells = [
        textwrap.wrap(_short(text, _MOST_TEXT), most, break_on_hyphens=False) or [""]
        for text in texts
    ]
    return zip_longest(*cells, fillvalue="")


def _short(text: str, most: int) -> str:
    plain = _writable(text[: 2 * most])  # what is cut is not worth replacing
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _writable(text: str) -> str:
    """Return a text on one line that the fonts of every PDF reader hold (windows-1252)."""
    line = "".join(_letter(one) for one in unicodedata.normalize("NFC", text))
    return " ".join(word for word in line.split(" ") if word)


def _letter(one: str) -> str:
    try:
        one.encode("cp1252")
    except UnicodeEncodeError:
        return " " if one.isspace() else transliterate_objet(one)[0]
    if one.isprintable() or one == "\u00a0":
        return one
    return transliterate_objet(one)[0] or " "
