"""Whether an act looks signed (rule 37): words, images, drawings, and what is hostile."""

import io
import zlib

import pikepdf
import pytest

from demat.actes import pdf_text
from demat.actes.pdf_text import looks_signed, read_text
from tests.unit.actes.factories import pdf_bytes
from tests.unit.actes.pdfs import BLANK, SIGNED_BY_WORDS, UNSIGNED, image_pdf, text_pdf
from tests.unit.actes.test_documents import CATALOG, by_hand


def test_the_text_of_every_page() -> None:
    text = read_text(SIGNED_BY_WORDS)
    assert text is not None
    expected = "Le conseil fixe les tarifs de la salle. Pour extrait conforme, Le maire"
    assert " ".join(text.split()) == expected


def test_blank_pages_have_an_empty_text() -> None:
    assert read_text(BLANK) == ""


@pytest.mark.parametrize("text", ["", "Le conseil fixe les tarifs."])
def test_an_image_may_be_the_signature(text: str) -> None:
    assert read_text(image_pdf(text)) is None


@pytest.mark.parametrize(
    "words",
    [
        "Le maire,",
        "LE PRÉSIDENT",
        "La présidente",
        "L\u2019adjointe au maire",
        "Signé électroniquement",
        "ont signé les membres présents",
        "Pour extrait conforme",
        "Pour  copie\nconforme",
        "Le secrétaire de séance",
        "Cachet de la mairie",
    ],
)
def test_words_that_surround_a_signature(words: str) -> None:
    assert looks_signed(f"Le conseil fixe les tarifs.\n{words}\nCamille Dupré")


@pytest.mark.parametrize("words", ["", "Le conseil fixe les tarifs.", "mairies", "assigné"])
def test_words_that_do_not(words: str) -> None:
    assert not looks_signed(words)


def edited(content: bytes, **changes: pikepdf.Object) -> bytes:
    pdf = pikepdf.open(io.BytesIO(content))
    for key, value in changes.items():
        pdf.pages[0].obj[f"/{key}"] = value
    stream = io.BytesIO()
    pdf.save(stream)
    return stream.getvalue()


def annotation(subtype: str) -> pikepdf.Array:
    return pikepdf.Array([pikepdf.Dictionary(Subtype=pikepdf.Name(subtype), Rect=[0, 0, 9, 9])])


@pytest.mark.parametrize("subtype", ["/Stamp", "/Ink", "/FreeText"])
def test_an_annotation_may_be_the_signature(subtype: str) -> None:
    assert read_text(edited(UNSIGNED, Annots=annotation(subtype))) is None


def test_a_link_is_no_signature() -> None:
    assert read_text(edited(UNSIGNED, Annots=annotation("/Link"))) == read_text(UNSIGNED)


def test_drawings_without_text_say_nothing() -> None:
    """A text turned into outlines by a printer driver."""
    pdf = pikepdf.open(io.BytesIO(BLANK))
    pdf.pages[0].obj["/Contents"] = pdf.make_stream(b"0 0 m 9 9 l 20 5 l S")
    stream = io.BytesIO()
    pdf.save(stream)
    assert read_text(stream.getvalue()) is None


def test_an_image_inside_the_instructions_counts() -> None:
    pdf = pikepdf.open(io.BytesIO(UNSIGNED))
    inline = b"q 50 0 0 50 9 9 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"
    pdf.pages[0].contents_add(pdf.make_stream(inline))
    stream = io.BytesIO()
    pdf.save(stream)
    assert read_text(stream.getvalue()) is None


def test_a_restricted_pdf_is_read() -> None:
    restricted = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user=""))
    assert read_text(restricted) == "Le maire"


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7",
        b"",
        pdf_bytes(encryption=pikepdf.Encryption(owner="o", user="secret")),
        text_pdf(*["Page"] * 61),
    ],
)
def test_what_cannot_be_read_says_nothing(content: bytes) -> None:
    assert read_text(content) is None


FONT = b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R %s >>"
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] "


def packed(content: bytes, entries: bytes = b"") -> bytes:
    data = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode %s>>\nstream\n%s\nendstream" % (
        len(data),
        entries,
        data,
    )


def calling(rank: int) -> bytes:
    """A form that draws the next one twenty times."""
    entries = b"/Resources << /XObject << /X %d 0 R >> >> " % (rank + 1)
    return packed(b"/X Do " * 20, FORM + entries)


def exponential() -> bytes:
    forms = [calling(rank) for rank in range(5, 13)]
    page = PAGE % b"/Resources << /XObject << /X 5 0 R >> >>"
    return by_hand(CATALOG, PAGES, page, packed(b"/X Do"), *forms, packed(b"BT ET", FORM))


HOSTILE = {
    "instructions of 100 MB": lambda: by_hand(
        CATALOG, PAGES, PAGE % FONT, packed(bytes(100 << 20))
    ),
    "twenty to the power of eight forms": exponential,
    "two MB of lines": lambda: by_hand(
        CATALOG, PAGES, PAGE % FONT, packed(b"0 0 m 1 1 l S " * 150_000)
    ),
    "a font that is a program": lambda: by_hand(
        CATALOG,
        PAGES,
        PAGE % FONT,
        packed(b"BT ET"),
        b"<< /Type /Font /Subtype /Type3 >>",
    ),
    "the same MB on many pages": lambda: by_hand(
        CATALOG,
        b"<< /Type /Pages /Kids [%s] /Count 20 >>"
        % b" ".join([b"3 0 R"] * 1 + [b"%d 0 R" % rank for rank in range(5, 24)]),
        PAGE % FONT,
        packed(b"0 0 m 1 1 l S " * 50_000),
        *[PAGE % FONT] * 19,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_pdfium_is_never_given_what_is_hostile(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(plain: bytes) -> str:
        raise AssertionError("PDFium was asked")

    monkeypatch.setattr(pdf_text, "_extracted", given)
    assert read_text(HOSTILE[name]()) is None
    with pytest.raises(AssertionError, match="PDFium"):  # but for what is plain, it is
        read_text(UNSIGNED)
