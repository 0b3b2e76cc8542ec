"""What the files really are (actes dossier §2.6, §11 trap 27)."""

import io
import resource
import zlib
from pathlib import Path

import pikepdf
import pytest

from demat.actes import documents
from demat.actes.documents import PdfFacts, detect_type, document_names, inspect_pdf
from tests.unit.actes.factories import BUDGET, DOCX, EMETTEUR, JPG, PDF, PNG, acte, pdf_bytes, piece
from tests.unit.actes.pdfs import signed_pdf, with_xmp


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
    assert inspect_pdf(path.read_bytes()) == PdfFacts(readable=True, pages=5, signed=True)


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
    ],
)
def test_a_broken_pdf(content: bytes) -> None:
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


def test_a_pdf_without_any_page() -> None:
    assert inspect_pdf(pdf_bytes(pages=0)) == PdfFacts(readable=False, no_page=True)


SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
LAUNCH = b"<< /S /Launch /F (a.exe) >>"
LINK = b"<< /S /URI /URI (https://mairie.example/) >>"


@pytest.mark.parametrize(
    ("key", "value", "active"),
    [
        ("/OpenAction", SCRIPT, True),
        ("/OpenAction", LAUNCH, True),
        ("/OpenAction", b"<< /S /ImportData /F (a.fdf) >>", True),
        ("/OpenAction", b"<< /S /URI /URI (file:///c:/windows/calc.exe) >>", True),
        ("/OpenAction", b"<< /S /URI /URI ( JavaScript:app.alert) >>", True),
        ("/OpenAction", LINK, False),
        ("/OpenAction", b"<< /S /GoTo >>", False),
        ("/OpenAction", b"<< /S /GoTo /Next %s >>" % SCRIPT, True),
        ("/OpenAction", b"<< /S /GoTo /Next [[%s]] >>" % LAUNCH, True),
        ("/OpenAction", b"<< /S /GoTo /Title (/S /JavaScript) >>", False),
        ("/OpenAction", b"<< /S /Rendition /JS (app.alert) >>", True),
        ("/OpenAction", b"[0]", False),
        ("/AA", b"<< /WC %s >>" % SCRIPT, True),
        ("/AA", b"<< >>", False),
        ("/Names", b"<< /JavaScript << >> >>", True),
        ("/Names", b"<< /EmbeddedFiles << >> >>", False),
        ("/AcroForm", b"<< /Fields [<< /AA << /K %s >> >>] >>" % SCRIPT, True),
        ("/Outlines", b"<< /First << /A %s >> >>" % LAUNCH, True),
        ("/Outlines", b"<< /First << /A %s >> >>" % LINK, False),
    ],
)
def test_active_content(key: str, value: bytes, active: bool) -> None:
    expected = PdfFacts(readable=True, pages=1, active=active)
    assert inspect_pdf(with_catalog(key, pikepdf.Object.parse(value))) == expected


@pytest.mark.parametrize("indirect", [False, True])
@pytest.mark.parametrize(("action", "active"), [(SCRIPT, True), (LAUNCH, True), (LINK, False)])
@pytest.mark.parametrize("place", ["page", "annotation", "rank 3000"])
def test_where_a_program_hides_in_a_page(
    place: str, action: bytes, active: bool, indirect: bool
) -> None:
    pdf = pikepdf.open(io.BytesIO(PDF))
    page = pdf.pages[0].obj
    hidden = pikepdf.Object.parse(action)
    hidden = pdf.make_indirect(hidden) if indirect else hidden
    if place == "page":
        page["/AA"] = pikepdf.Dictionary(O=hidden)
    else:
        count = 0 if place == "annotation" else 2999
        link = b"<< /Subtype /Link /A %s >>" % LINK
        before = [pdf.make_indirect(pikepdf.Object.parse(link)) for _ in range(count)]
        last = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, A=hidden)
        page["/Annots"] = pikepdf.Array([*before, last])
    stream = io.BytesIO()
    pdf.save(stream, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert inspect_pdf(stream.getvalue()).active is active


def test_a_name_spelled_otherwise_is_the_same_name() -> None:
    script = with_catalog("/OpenAction", pikepdf.Object.parse(SCRIPT))
    spelled = script.replace(b"/JavaScript", b"/J#61vaScrip#74")
    assert spelled != script
    assert inspect_pdf(spelled).active


def test_beyond_so_many_objects_the_bytes_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_OBJECTS", 3)
    assert inspect_pdf(with_catalog("/OpenAction", pikepdf.Object.parse(LAUNCH))).active
    assert not inspect_pdf(with_catalog("/OpenAction", pikepdf.Object.parse(LINK))).active


def test_dynamic_forms() -> None:
    assert inspect_pdf(with_catalog("/AcroForm", pikepdf.Dictionary(XFA=pikepdf.Array()))).xfa
    assert not inspect_pdf(with_catalog("/AcroForm", pikepdf.Dictionary(Fields=[]))).xfa


def test_files_attached_inside() -> None:
    pdf = pikepdf.open(io.BytesIO(PDF))
    for name in ("a.xlsx", "b.pdf"):
        pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, b"content", filename=name)
    stream = io.BytesIO()
    pdf.save(stream)
    assert inspect_pdf(stream.getvalue()).embedded == 2
    assert inspect_pdf(PDF).embedded == 0


def test_a_tree_of_attached_files_that_turns_in_circles() -> None:
    pdf = pikepdf.open(io.BytesIO(PDF))
    node = pdf.make_indirect(pikepdf.Dictionary())
    node["/Kids"] = pikepdf.Array([node])
    pdf.Root["/Names"] = pikepdf.Dictionary(EmbeddedFiles=node)
    stream = io.BytesIO()
    pdf.save(stream)
    assert inspect_pdf(stream.getvalue()) == PdfFacts(readable=True, pages=1)


RDF = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF"
    " xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
    " xmlns:pdfaid='http://www.aiim.org/pdfa/ns/id/'>{}</rdf:RDF></x:xmpmeta>"
)
ELEMENTS = RDF.format(
    "<rdf:Description><pdfaid:part>2</pdfaid:part>"
    "<pdfaid:conformance>B</pdfaid:conformance></rdf:Description>"
)
ATTRIBUTES = RDF.format("<rdf:Description pdfaid:part='1' pdfaid:conformance='A'/>")


@pytest.mark.parametrize(
    ("xmp", "pdfa"),
    [
        (ELEMENTS, "2b"),
        (ATTRIBUTES, "1a"),
        (f'<?xpacket begin="" id="W5M0"?>{ELEMENTS}<?xpacket end="w"?>', "2b"),
        (RDF.format("<rdf:Description pdfaid:part='4'/>"), "4"),
        (RDF.format(""), ""),
        ("not XML", ""),
        (f"<!DOCTYPE x [<!ENTITY a 'b'>]>{ELEMENTS}", ""),
        (f"{ELEMENTS}{' ' * (1 << 20)}", ""),
    ],
)
def test_the_pdfa_that_it_claims(xmp: str, pdfa: str) -> None:
    assert inspect_pdf(with_xmp(xmp.encode())) == PdfFacts(readable=True, pages=1, pdfa=pdfa)


def test_a_signature_is_seen() -> None:
    assert inspect_pdf(signed_pdf()).signed
    assert not inspect_pdf(PDF).signed


def by_hand(*objects: bytes) -> bytes:
    """Write a PDF as no library would; the first object is the catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for rank, item in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (rank, item)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % table


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"


@pytest.mark.parametrize(
    "objects",
    [
        (CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
        (
            CATALOG,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>",
        ),
        (CATALOG, b"<< /Type /Pages /Kids [] /Count 0 /X " + b"[" * 9000 + b"]" * 9000 + b" >>"),
    ],
    ids=["a page tree that is its own child", "two nodes of each other", "deep nesting"],
)
def test_a_hostile_structure_is_unreadable(objects: tuple[bytes, ...]) -> None:
    assert inspect_pdf(by_hand(*objects)) == PdfFacts(readable=False)


def test_a_bomb_of_objects_is_not_expanded() -> None:
    """A stream of 300 KB that becomes 300 MB, with the catalog in it."""
    head = b"1 0 2 40 "
    packer = zlib.compressobj(9)
    packed = packer.compress(head + CATALOG.ljust(40) + b"<< /Type /Pages /Kids [] /Count 0 >>")
    packed += b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    out = bytearray(b"%PDF-1.7\n")
    stream = len(out)
    out += b"3 0 obj\n<< /Type /ObjStm /N 2 /First %d /Filter /FlateDecode" % len(head)
    out += b" /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(packed), packed)
    table = len(out)
    rows = b"".join(
        bytes([kind]) + place.to_bytes(4, "big") + bytes([index])
        for kind, place, index in ((0, 0, 255), (2, 3, 0), (2, 3, 1), (1, stream, 0), (1, table, 0))
    )
    out += b"4 0 obj\n<< /Type /XRef /Size 5 /W [1 4 1] /Root 1 0 R /Length %d >>" % len(rows)
    out += b"\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (rows, table)
    assert len(out) < 400_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert inspect_pdf(bytes(out)) == PdfFacts(readable=False)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 250_000  # KB: far less than what it becomes
