"""The text of a PDF, read out of the process: real files, and those that mean harm."""

import io
import sys

import pikepdf
import pytest
from fpdf import FPDF

from demat.intake.api import InputFile
from demat.intake.readers import pdf_text, pdf_worker
from demat.intake.readers.pdf_text import PdfText, read_text
from tests.unit.actes.pdfs import image_pdf

UNREADABLE = PdfText(text="", readable=False)


def made(*pages: str) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=11)
    for page in pages:
        document.add_page()
        document.multi_cell(0, 6, page)
    return bytes(document.output())


def text_of(content: bytes, *, timeout: float = pdf_text.TIMEOUT) -> PdfText:
    return read_text(InputFile(name="a.pdf", data=content), timeout=timeout)


def test_the_first_pages_are_read() -> None:
    found = text_of(made("Délibération n° 1", "Objet : tarifs", "page 3", "page 4"))
    assert found.readable
    assert [line.strip() for line in found.text.split("\n") if line.strip()] == [
        *("Délibération n° 1", "Objet : tarifs", "page 3"),
    ]


def test_two_columns_are_read_one_after_the_other() -> None:
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=10)
    for left, right in (
        ("En exercice : 15", "DÉLIBÉRATION N° 2026-041"),
        ("Votants : 13", "Séance"),
    ):
        document.cell(90, 6, left)
        document.cell(90, 6, right, new_x="LMARGIN", new_y="NEXT")
    text = text_of(bytes(document.output())).text
    assert "DÉLIBÉRATION N° 2026-041" in text
    assert "Votants : 13" in text


def test_a_long_page_is_cut() -> None:
    found = text_of(made("mot " * 6000))
    assert found.readable
    assert len(found.text) < 3 * pdf_worker.MAX_CHARS + 10


def test_a_scan_has_no_text_but_is_readable() -> None:
    assert text_of(image_pdf()) == PdfText(text="")


def locked() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(made("secret"))) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.4", b"not a pdf", made("x")[:300], locked(), b"%PDF-1.7\n" + b"\xff" * 4096],
    ids=("empty", "header", "other", "cut", "locked", "noise"),
)
def test_what_cannot_be_opened_is_told_apart_from_a_scan(content: bytes) -> None:
    assert text_of(content) == UNREADABLE


def test_a_page_tree_that_turns_in_circles_is_borne() -> None:
    with pikepdf.open(io.BytesIO(made("boucle"))) as document:
        document.Root.Pages.Kids.append(document.Root.Pages)
        out = io.BytesIO()
        document.save(out)
    assert isinstance(text_of(out.getvalue()), PdfText)


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.abort()",
        "import sys; sys.exit(3)",
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
    ],
    ids=("crash", "failure", "too much computing"),
)
def test_a_reader_that_dies_takes_nothing_with_it(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(pdf_text, "COMMAND", (sys.executable, "-c", program))
    assert text_of(made("x")) == UNREADABLE


def test_a_reader_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = (sys.executable, "-c", "import sys; sys.stdin.read()\nwhile True: input()")
    waiter = (sys.executable, "-c", "import threading; threading.Event().wait()")
    monkeypatch.setattr(pdf_text, "COMMAND", waiter)
    assert text_of(b"", timeout=0.2) == UNREADABLE
    monkeypatch.setattr(pdf_text, "COMMAND", sleeper)
    assert text_of(b"") == UNREADABLE


def test_a_pdf_too_big_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_text, "MAX_BYTES", 10)
    monkeypatch.setattr(pdf_text, "COMMAND", ("/absent",))
    assert text_of(made("x")) == UNREADABLE


def test_the_memory_of_the_reader_is_held() -> None:
    """The limit is set in the process itself, before it reads anything."""
    import subprocess

    program = (
        "import resource; from demat.intake.readers import pdf_worker; pdf_worker._limit(); "
        "print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == pdf_worker.MEMORY


def test_pages_are_read_in_this_process_too() -> None:
    pages = pdf_worker.read_pages(made("un", "deux"))
    assert [page.strip() for page in pages] == ["un", "deux"]
