"""What the files really are (actes dossier §2.6, §11 trap 27)."""

import io
from pathlib import Path

import pikepdf
import pytest

from demat.actes.documents import PdfFacts, detect_type, document_names, inspect_pdf
from tests.unit.actes.factories import BUDGET, DOCX, EMETTEUR, JPG, PDF, PNG, acte, pdf_bytes, piece


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (PDF, "pdf"),
        (JPG, "jpg"),
        (PNG, "png"),
        (BUDGET, "xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "xml"),
        ("<?xml version='1.0'?><a/>".encode("utf-16"), "xml"),
        (b"\n <a:b/>", "xml"),
        (b"<html><body/></html>", "unknown"),
        (b"<!DOCTYPE html><html/>", "unknown"),
        (DOCX, "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 word", "ole"),
        (b"un texte nomme acte.pdf", "unknown"),
        (b"\x00%PDF-1.4", "unknown"),
    ],
)
def test_detect_type(content: bytes, kind: str) -> None:
    assert detect_type(content) == kind


def test_names_follow_the_content_and_the_order() -> None:
    annexes = (piece(PNG, name="plan.PDF"), piece(PDF, name="a.jpg", type_pj="70_DE"))
    prefix = "099-000000000-20240314-2024_012-DE-1-1"
    assert document_names(acte(annexes=annexes), EMETTEUR) == (
        f"99_DE-{prefix}_1.pdf",
        f"99_DE-{prefix}_2.png",
        f"70_DE-{prefix}_3.pdf",
    )


def test_a_good_pdf() -> None:
    assert inspect_pdf(pdf_bytes(pages=3)) == PdfFacts(readable=True, pages=3)


def test_the_real_pdf(shared: Path) -> None:
    (path,) = (shared / "real" / "actes").glob("*.pdf")
    assert inspect_pdf(path.read_bytes()) == PdfFacts(readable=True, pages=5)


def test_a_pdf_under_password() -> None:
    content = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user="secret"))
    assert inspect_pdf(content) == PdfFacts(readable=False, password=True, encrypted=True)


def test_a_pdf_with_an_owner_password_opens() -> None:
    content = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user=""))
    assert inspect_pdf(content) == PdfFacts(readable=True, encrypted=True, pages=1)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\nun texte renomme",
        PDF[: len(PDF) // 2],
        PDF[:-10],
        pdf_bytes(pages=0),
    ],
)
def test_a_broken_or_empty_pdf(content: bytes) -> None:
    assert not inspect_pdf(content).readable


@pytest.mark.parametrize("rank", range(0, len(PDF), 23))
def test_no_damage_escapes_as_an_exception(rank: int) -> None:
    damaged = PDF[:rank] + b"\xff<<" + PDF[rank + 3 :]
    assert isinstance(inspect_pdf(damaged), PdfFacts)


def with_catalog(key: str, value: object) -> bytes:
    pdf = pikepdf.open(io.BytesIO(PDF))
    pdf.Root[key] = value
    stream = io.BytesIO()
    pdf.save(stream, deterministic_id=True)
    return stream.getvalue()


SCRIPT = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


@pytest.mark.parametrize(
    ("key", "value", "active"),
    [
        ("/OpenAction", SCRIPT, True),
        ("/OpenAction", pikepdf.Dictionary(S=pikepdf.Name.Launch, F="a.exe"), True),
        ("/OpenAction", pikepdf.Dictionary(S=pikepdf.Name.GoTo), False),
        ("/OpenAction", pikepdf.Array([0]), False),
        ("/AA", pikepdf.Dictionary(WC=SCRIPT), True),
        ("/AA", pikepdf.Dictionary(), False),
        ("/Names", pikepdf.Dictionary(JavaScript=pikepdf.Dictionary()), True),
        ("/Names", pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary()), False),
    ],
)
def test_active_content(key: str, value: object, active: bool) -> None:
    assert inspect_pdf(with_catalog(key, value)) == PdfFacts(readable=True, pages=1, active=active)
