"""Hostile PDFs: what is outside the signed bytes, what was added, what only looks signed.

After Mladenov et al., « 1 Trillion Dollar Refund » (2019): universal forgery (USF), incremental
saving (ISA), wrapping (SWA); and « Shadow Attacks » (2021).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from demat.sandbox.pki import Pki
from tests.unit.signing.factory import NOW
from tests.unit.signing.pdfs import grown, partly_signed, sign_pdf, text_pdf

__all__ = ["PDFS", "HostilePdf"]

PLAIN = text_pdf("Le prix du marché est de 1 000 euros.")
_RANGE = re.compile(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+) *\]")
_EVIL = b"BT /F1 12 Tf 50 700 Td (Le prix du marche est de 9 000 000 euros.) Tj ET"


@dataclass(frozen=True, kw_only=True)
class HostilePdf:
    """One way of lying, and what is found about it."""

    make: Callable[[Pki], bytes]
    code: str


PDFS: dict[str, HostilePdf] = {}


def hostile(code: str) -> Callable[[Callable[[Pki], bytes]], Callable[[Pki], bytes]]:
    def keep(make: Callable[[Pki], bytes]) -> Callable[[Pki], bytes]:
        PDFS[make.__name__] = HostilePdf(make=make, code=code)
        return make

    return keep


def good(pki: Pki) -> bytes:
    return sign_pdf(PLAIN, pki.maire, NOW - timedelta(days=1))


def ranges(content: bytes) -> tuple[int, int, int, int]:
    found = _RANGE.search(content)
    assert found is not None
    first, size, second, rest = (int(one) for one in found.groups())
    return first, size, second, rest


def patched(content: bytes, numbers: bytes) -> bytes:
    """Write other numbers in the range, without moving anything."""
    found = _RANGE.search(content)
    assert found is not None
    room = found.end() - found.start() - len(b"/ByteRange []")
    return (content[: found.start()] + b"/ByteRange [" + numbers.ljust(room) + b"]") + content[
        found.end() :
    ]


# ---------------------------------------------------------------------- universal forgeries

for _name, _numbers in {
    "range_of_nothing": b"0 0 0 0",
    "range_of_the_beginning": b"0 100 0 0",
    "range_negative": b"0 -1 5 -1",
    "range_too_long": b"0 99999999999 0 1",
    "range_overlapping": b"0 900 100 900",
    "range_backwards": b"900 10 0 900",
    "range_of_two_numbers": b"0 500",
    "range_of_three_numbers": b"0 500 600",
    "range_of_six_numbers": b"0 9 9 9 9 9",
    "range_of_words": b"/A /B /C /D",
    "range_empty": b"",
    "range_null": b"null null null 1",
    "range_real": b"0.0 9.5 1.5 3.5",
}.items():
    PDFS[_name] = HostilePdf(
        make=lambda pki, numbers=_numbers: patched(good(pki), numbers),  # type: ignore[misc]
        code="SIG-PDF_",
    )


def _contents(content: bytes, new: bytes) -> bytes:
    _, size, second, _ = ranges(content)
    return content[:size] + new.ljust(second - size) + content[second:]


for _name, _value in {
    "contents_empty": b"<>",
    "contents_of_one_zero": b"<00>",
    "contents_null": b"null",
    "contents_of_zeros": b"<" + b"0" * 2000 + b">",
    "contents_that_are_a_list": b"[]",
    "contents_that_refer_to_themselves": b"1 0 R",
}.items():
    PDFS[_name] = HostilePdf(
        make=lambda pki, value=_value: _contents(good(pki), value),  # type: ignore[misc]
        code="SIG-PDF_",
    )


@hostile("SIG-PDF_")
def range_renamed(pki: Pki) -> bytes:
    """Without a range nothing tells what is signed; another field keeps the word."""
    return good(pki).replace(b"/ByteRange [", b"/BiteRange [") + b"\n% /ByteRange [0 1 2 3]\n"


@hostile("SIG-PDF_KIND")
def kind_unknown(pki: Pki) -> bytes:
    return good(pki).replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.attached")


@hostile("SIG-PDF_REMOVED")
def field_of_text(pki: Pki) -> bytes:
    return good(pki).replace(b"/FT /Sig", b"/FT /Txt")


# ------------------------------------------------------------------------ incremental saving


def _page_of_evil(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=_EVIL))
    writer.update_container(page)


@hostile("SIG-PDF_CHANGED")
def page_replaced(pki: Pki) -> bytes:
    return grown(good(pki), _page_of_evil)


@hostile("SIG-PDF_CHANGED")
def page_added(pki: Pki) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        pages = writer.root["/Pages"]
        pages["/Kids"].append(pages["/Kids"].raw_get(0))
        pages["/Count"] = generic.NumberObject(len(pages["/Kids"]))
        writer.update_container(pages)

    return grown(good(pki), edit)


@hostile("SIG-PDF_CHANGED")
def note_added(pki: Pki) -> bytes:
    """A text over the page, which readers show as if it were of the document."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        note = generic.DictionaryObject(
            {
                generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
                generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
                generic.pdf_name("/Contents"): generic.pdf_string("9 000 000 euros"),
            }
        )
        page.setdefault("/Annots", generic.ArrayObject()).append(writer.add_object(note))
        writer.update_container(page)

    return grown(good(pki), edit)


@hostile("SIG-PDF_CHANGED")
def script_added(pki: Pki) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        writer.root["/OpenAction"] = generic.DictionaryObject(
            {
                generic.pdf_name("/S"): generic.pdf_name("/JavaScript"),
                generic.pdf_name("/JS"): generic.pdf_string("app.alert('9 000 000 euros')"),
            }
        )
        writer.update_root()

    return grown(good(pki), edit)


@hostile("SIG-PDF_CHANGED")
def objects_added_without_table(pki: Pki) -> bytes:
    """Readers that repair a file find the new page; nothing announces it."""
    content = good(pki)
    reader = PdfFileReader(BytesIO(content))
    number = reader.root["/Pages"]["/Kids"].raw_get(0).idnum
    page = b"\n%d 0 obj\n<< /Type /Page /Contents 99 0 R >>\nendobj\n" % number
    return (
        content
        + page
        + b"99 0 obj\n<< /Length %d >>\nstream\n" % len(_EVIL)
        + _EVIL
        + (b"\nendstream\nendobj\ntrailer\n<< /Size 100 >>\n")
    )


@hostile("SIG-PDF_UNREADABLE")
def objects_added_before_a_false_end(pki: Pki) -> bytes:
    return objects_added_without_table(pki) + b"%%EOF\n"


@hostile("SIG-PDF_")
def signature_copied_after_a_change(pki: Pki) -> bytes:
    """The dictionary of the signature comes again at the end, range included."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        _page_of_evil(writer)
        field = writer.root["/AcroForm"]["/Fields"][0]
        field["/V"] = writer.add_object(generic.DictionaryObject(dict(field["/V"])))
        writer.update_container(field)

    return grown(good(pki), edit)


@hostile("SIG-PDF_CHANGED")
def object_hidden_before_and_shown_after(pki: Pki) -> bytes:
    """The shadow: what is shown later was in the file, unused, when it was signed."""
    hidden: list[generic.IndirectObject] = []

    def prepare(writer: IncrementalPdfFileWriter) -> None:
        hidden.append(writer.add_object(generic.StreamObject(stream_data=_EVIL)))
        writer.root["/Kept"] = hidden[0]
        writer.update_root()

    def show(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = generic.IndirectObject(hidden[0].idnum, hidden[0].generation, writer)
        writer.update_container(page)

    return grown(sign_pdf(grown(PLAIN, prepare), pki.maire, NOW - timedelta(days=1)), show)


@hostile("SIG-PDF_CHANGED")
def change_between_two_signatures(pki: Pki) -> bytes:
    changed = grown(good(pki), _page_of_evil)
    return sign_pdf(changed, pki.maire, NOW, field="Signature2")


# ----------------------------------------------------------------------------------- wrapping


def _wrapped(content: bytes, *, literal: bool) -> bytes:
    """Put objects between the two signed parts, the signature itself and its table among them.

    The digest is right: both parts are as they were, the second one further on. The table lies in
    the gap, where the signed end of the file looks for it.

    :param literal: write the value as a literal string, half as long as in hexadecimal, and fill it
        up so that in hexadecimal it would explain the whole gap.
    """
    _, size, second, rest = ranges(content)
    length = 4 * len(content)
    shift = length - (second - size)
    places, trailer = _last_table(content)
    places = {key: place + shift if place > second else place for key, place in places.items()}
    reader = PdfFileReader(BytesIO(content))
    signature = reader.root["/AcroForm"]["/Fields"][0].raw_get("/V").idnum
    page = reader.root["/Pages"]["/Kids"].raw_get(0).idnum
    value = cms.ContentInfo.load(bytes.fromhex(content[size + 1 : second - 1].decode())).dump()
    written = b"<" + value.hex().encode() + b">"
    if literal:
        value = value.ljust((length - 2) // 2, b"A")
        escaped = re.sub(rb"([\\()])", rb"\\\1", value)
        written = b"(" + escaped.replace(b"\r", b"\\r").replace(b"\n", b"\\n") + b")"
    objects = {
        signature: b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
        b"/M (D:20261119093015Z) "
        b"/ByteRange [0 %d %d %d] /Contents " % (size, size + length, rest) + written + b" >>",
        page: re.sub(rb"/Contents \d+ 0 R", b"/Contents 99 0 R", _object(content, page)),
        99: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(_EVIL), _EVIL),
    }
    start = int(_last(content))
    made = b"<00>\n>>\nendobj\n".ljust(start - size)  # closes what the first part left open
    body = b""
    for key, text in objects.items():
        places[key] = start + 2000 + len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (key, text)
    table = b"xref\n" + b"".join(
        b"%d 1\n%010d 00000 n \n" % (key, place) for key, place in sorted(places.items())
    )
    made += (table + trailer).ljust(2000) + body
    assert len(made) <= length
    return content[:size] + made.ljust(length) + content[second:]


def _object(content: bytes, number: int) -> bytes:
    found = re.findall(rb"\n%d 0 obj\s*(<<.*?>>)\s*endobj" % number, content, re.DOTALL)
    return bytes(found[-1])


def _last_table(content: bytes) -> tuple[dict[int, int], bytes]:
    """Return the places of the objects of the last revision, and its trailer."""
    table = content[int(_last(content)) : content.rindex(b"startxref")]
    entries, trailer = table.split(b"trailer", 1)
    places: dict[int, int] = {}
    number = 0
    for line in entries.splitlines()[1:]:
        parts = line.split()
        if len(parts) == 2:
            number = int(parts[0])
        else:
            if parts[2] == b"n":
                places[number] = int(parts[0])
            number += 1
    return places, b"trailer" + trailer


@hostile("SIG-PDF_PARTIAL")
def wrapped(pki: Pki) -> bytes:
    return _wrapped(good(pki), literal=False)


@hostile("SIG-PDF_PARTIAL")
def wrapped_to_look_whole(pki: Pki) -> bytes:
    """Fools pyHanko 0.38: the sizes add up to the whole file, where the parts lie is not asked."""
    return _wrapped(good(pki), literal=True)


@hostile("SIG-PDF_PARTIAL")
def end_left_out(pki: Pki) -> bytes:
    return partly_signed(good(pki), pki.maire, NOW - timedelta(days=1))


# -------------------------------------------------------------------------------- other files


@hostile("SIG-PDF_ALTERED")
def signature_of_another_document(pki: Pki) -> bytes:
    _, size, second, _ = ranges(good(pki))
    other = sign_pdf(text_pdf("Un tout autre texte, d'une autre taille."), pki.maire, NOW)
    _, from_, to, _ = ranges(other)
    mine = good(pki)
    return (
        mine[: size + 1]
        + other[from_ + 1 : to - 1].ljust(second - size - 2, b"0")[: second - size - 2]
        + mine[second - 1 :]
    )


@hostile("SIG-PDF_")
def tables_in_a_circle(pki: Pki) -> bytes:
    content = good(pki)
    return re.sub(
        rb"/Prev (\d+)",
        lambda found: b"/Prev " + _last(content).rjust(len(found[1]), b"0"),
        content,
    )


def _last(content: bytes) -> bytes:
    return re.findall(rb"startxref\s+(\d+)", content)[-1]


@hostile("SIG-PDF_")
def fields_in_a_circle(pki: Pki) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        field = fields[0]
        field["/Kids"] = generic.ArrayObject([fields.raw_get(0)])
        del field["/FT"]
        writer.update_container(field)

    return grown(good(pki), edit)
