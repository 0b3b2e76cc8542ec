import io

import pikepdf
import pypdfium2
import pytest

from demat.sandbox.pdfout import letter_pdf


def text_of(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        assert len(document) == 1
        return str(document[0].get_textpage().get_text_range()).replace("\r\n", "\n")


def test_a_letter_reads_as_it_was_written() -> None:
    content = letter_pdf(("Monsieur le maire,", "", r"L'acte (n° 12) \ à 5 € : œuvre – déféré"))
    assert text_of(content) == "Monsieur le maire,\nL'acte (n° 12) \\ à 5 € : œuvre – déféré"
    with pikepdf.open(io.BytesIO(content)) as document:
        assert document.check_pdf_syntax() == []


def test_long_paragraphs_are_wrapped_and_the_page_is_full_at_52_lines() -> None:
    lines = text_of(letter_pdf(("mot " * 2000,))).split("\n")
    assert len(lines) == 52
    assert max(len(line) for line in lines) <= 88


def test_a_character_that_the_font_lacks_is_lost_as_in_real_files() -> None:
    assert text_of(letter_pdf(("Ω",))) == "?"


@pytest.mark.parametrize("paragraphs", [(), ("",)])
def test_an_empty_letter_is_still_a_page(paragraphs: tuple[str, ...]) -> None:
    assert text_of(letter_pdf(paragraphs)) == ""
