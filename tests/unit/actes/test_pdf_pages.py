"""What is known of the pages of a PDF made by others."""

import pikepdf
import pytest

from demat.actes.pdf_pages import content_streams, left_open, visible, without_ignored


def page(content: bytes) -> tuple[pikepdf.Pdf, pikepdf.Object]:
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.pages[0].obj.Contents = pdf.make_stream(content)
    return pdf, pdf.pages[0].obj


@pytest.mark.parametrize(
    ("content", "closing", "ignored"),
    [
        (b"", "", False),
        (b"q Q BT ET /P BMC EMC", "", False),
        (b"q q Q", "Q\n", False),
        (b"q q q", "Q\nQ\nQ\n", False),
        (b"Q q", "Q\n", True),
        (b"q Q Q", "", True),
        (b"BT", "ET\n", False),
        (b"ET BT ET", "", False),
        (b"/P BMC /P <</MCID 1>> BDC EMC", "EMC\n", False),
        (b"EMC EMC /P BMC", "EMC\n", False),
        (b"q BT /P BMC", "ET\nEMC\nQ\n", False),
        (b"(q q) Tj % q\n <71> Tj /q gs", "", False),
    ],
)
def test_what_a_content_leaves_open(content: bytes, closing: str, *, ignored: bool) -> None:
    pdf, found = page(content)
    assert left_open(found, content_streams(found)) == (closing, ignored)
    pdf.close()


def test_only_what_matches_nothing_is_taken_out() -> None:
    image = b"BI /W 3 /H 1 /BPC 8 /CS /G ID Q Q EI"
    pdf, found = page(b"Q 1 0 0 rg q (Q) Tj Q Q " + image + b" q 0 0 9 9 re f Q Q")
    assert without_ignored(found) == b" 1 0 0 rg q (Q) Tj Q  " + image + b" q 0 0 9 9 re f Q "
    pdf.close()


def test_what_is_no_content_is_left_out() -> None:
    pdf, found = page(b"q")
    stream = found.Contents
    found.Contents = pikepdf.Array([3, stream, pikepdf.Dictionary(), stream])
    assert len(content_streams(found)) == 2
    found.Contents = 3
    assert content_streams(found) == []
    pdf.close()


@pytest.mark.parametrize(
    ("media", "crop", "shown"),
    [
        ((0, 0, 100, 200), None, (0, 0, 100, 200)),
        ((0, 0, 100, 200), (10, 20, 90, 180), (10, 20, 90, 180)),
        ((0, 0, 100, 200), (-10, -20, 110, 220), (0, 0, 100, 200)),
        ((0, 0, 100, 200), (300, 300, 400, 400), (0, 0, 100, 200)),  # nothing in common
        ((5, 5, 5, 9), None, (0, 0, 612, 792)),
    ],
)
def test_what_is_shown(
    media: tuple[int, ...], crop: tuple[int, ...] | None, shown: tuple[int, ...]
) -> None:
    pdf, found = page(b"")
    found.MediaBox = pikepdf.Array(media)
    if crop is not None:
        found.CropBox = pikepdf.Array(crop)
    assert visible(found) == shown
    pdf.close()
