"""The stamp on a copy of a PDF, judged on the rendered page (actes dossier §9.5, §11)."""

import io
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image, ImageChops, ImageFilter, ImageOps

from demat.actes import pdf_pages, tampon
from demat.actes.delais import ModePublicite, Publicite
from demat.actes.tampon import ReglageTampon, Tampon, stamp, stamp_warnings
from demat.faults import Fault, FaultError, Severity
from tests.unit.actes.factories import pdf_bytes, sentence

ID = "099-000000000-20240314-2024_012-DE"
TEXTE = Tampon(
    envoye=date(2024, 3, 15),
    recu=date(2024, 3, 16),
    id_acte=ID,
    publicite=Publicite(date=date(2024, 3, 18), mode=ModePublicite.MISE_EN_LIGNE),
)
REGLAGE = ReglageTampon()
LINES = [
    "Envoyé en préfecture le 15/03/2024",
    "Reçu en préfecture le 16/03/2024",
    "Publié le 18/03/2024",
    f"ID : {ID}",
]
A4 = (0, 0, 595, 842)
WIDTH = 62 * 72 / 25.4
HEIGHT = WIDTH * 51.5 / 176
"""Four lines."""
TEXT_ON_PAGE = b"BT /F0 20 Tf 180 400 Td (Le conseil municipal) Tj ET 1 0 0 rg 250 250 60 60 re f"

Page = dict[str, object]


def numbers(values: tuple[float, ...]) -> pikepdf.Array:
    return pikepdf.Array([pikepdf.Object.parse(str(value).encode()) for value in values])


def make(
    *pages: Page, content: bytes = TEXT_ON_PAGE, tree: Page | None = None, **options: object
) -> bytes:
    """Write a PDF whose pages have these entries; ``tree`` is what they inherit."""
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(
            pikepdf.Object.parse(b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>")
        )
        shared = pdf.make_indirect(pikepdf.Dictionary(Font=pikepdf.Dictionary(F0=font)))
        for entries in pages:
            page = {
                "/Type": pikepdf.Name.Page,
                "/MediaBox": numbers(A4),
                "/Resources": shared,
                "/Contents": pdf.make_stream(content),
                **{f"/{key}": value for key, value in entries.items()},
            }
            kept = {key: value for key, value in page.items() if value is not None}
            pdf.pages.append(pikepdf.Page(pdf.make_indirect(pikepdf.Dictionary(kept))))
        for key, value in (tree or {}).items():
            pdf.Root.Pages[f"/{key}"] = shared if value == "shared" else value
        return saved(pdf, **options)


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    stream = io.BytesIO()
    pdf.save(stream, **options)  # type: ignore[arg-type]  # free options
    return stream.getvalue()


def render(pdf: bytes, page: int = 0, scale: float = 2) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].render(scale=scale).to_pil().convert("RGB")
    finally:
        document.close()


def text(pdf: bytes, page: int = 0) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].get_textpage().get_text_range()
    finally:
        document.close()


def end_of_text(pdf: bytes) -> float:
    """Return how far to the right the text of the first page goes, in points."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        shown = document[0].get_textpage()
        return max(shown.get_charbox(rank)[2] for rank in range(shown.count_chars()))
    finally:
        document.close()


def syntax(pdf: bytes) -> list[str]:
    """Return what qpdf has to say against a file."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return list(document.check_pdf_syntax())


def changed(before: bytes, after: bytes, page: int = 0, scale: float = 2) -> tuple[float, ...]:
    """Return the rectangle, in points from the top left of the shown page, that changed."""
    found = ImageChops.difference(render(before, page, scale), render(after, page, scale)).getbbox()
    assert found is not None
    return tuple(value / scale for value in found)


def expected(across: float, up: float, reglage: ReglageTampon = REGLAGE) -> tuple[float, ...]:
    """Return the rectangle where the stamp of four lines must be on a page of this shown size."""
    left, top = reglage.x * across / 100, reglage.y * up / 100
    if reglage.coin.endswith("droite"):
        left = across - left - WIDTH
    if reglage.coin.startswith("bas"):
        top = up - top - HEIGHT
    return left, top, left + WIDTH, top + HEIGHT


def near(values: tuple[float, ...], tolerance: float = 1.0) -> object:
    return pytest.approx(values, abs=tolerance)


def code_of(call: Callable[[], object]) -> Fault:
    with pytest.raises(FaultError) as caught:
        call()
    (fault,) = caught.value.faults
    assert sentence(fault)
    return fault


# -------------------------------------------------------------------------------- what it says


def test_the_lines() -> None:
    assert list(TEXTE.lignes) == LINES


def test_the_publicity_is_said_only_when_it_is_known() -> None:
    alone = Tampon(envoye=TEXTE.envoye, recu=TEXTE.recu, id_acte=ID)
    assert list(alone.lignes) == [LINES[0], LINES[1], LINES[3]]


@pytest.mark.parametrize(
    ("mode", "verb"),
    [
        (ModePublicite.MISE_EN_LIGNE, "Publié"),
        (ModePublicite.AFFICHAGE, "Publié"),
        (ModePublicite.PAPIER, "Publié"),
        (ModePublicite.NOTIFICATION, "Notifié"),
    ],
)
def test_a_decision_that_was_notified_was_not_published(mode: ModePublicite, verb: str) -> None:
    said = Tampon(
        envoye=TEXTE.envoye,
        recu=TEXTE.recu,
        id_acte=ID,
        publicite=Publicite(date=date(2024, 3, 18), mode=mode),
    )
    assert said.lignes[2] == f"{verb} le 18/03/2024"


def test_the_text_of_the_page_and_of_the_stamp_can_be_read() -> None:
    after = stamp(make({}), TEXTE, REGLAGE)
    assert text(after).splitlines() == ["Le conseil municipal", *LINES]
    assert syntax(after) == []


@pytest.mark.parametrize("identifier", ["W" * 120, "(\\)" * 20, "099-é€œ-ŝ\n", ""])
def test_any_identifier_is_written_inside_the_frame(identifier: str) -> None:
    before = make({})
    texte = Tampon(envoye=TEXTE.envoye, recu=TEXTE.recu, id_acte=identifier, publicite=None)
    after = stamp(before, texte, REGLAGE)
    left, top, right, bottom = expected(595, 842)
    assert changed(before, after) == near((left, top, right, bottom - HEIGHT * 10.5 / 51.5))
    assert end_of_text(after) < right - 4  # it shrinks: nothing is cut by the frame
    assert syntax(after) == []


def test_special_characters_of_pdf_strings_are_shown() -> None:
    texte = Tampon(envoye=TEXTE.envoye, recu=TEXTE.recu, id_acte="a(b\\c)d", publicite=None)
    assert "ID : a(b\\c)d" in text(stamp(make({}), texte, REGLAGE))


# ------------------------------------------------------------------------------ where it goes

BOXES: dict[str, tuple[Page, float, float]] = {
    "plain": ({}, 595, 842),
    "media box away from the origin": ({"MediaBox": numbers((100, -50, 500, 550))}, 400, 600),
    "media box by its other corners": ({"MediaBox": numbers((500, 550, 100, -50))}, 400, 600),
    "crop box": ({"CropBox": numbers((50, 80, 450, 700))}, 400, 620),
    "crop box beyond the media box": ({"CropBox": numbers((195, -90, 900, 400))}, 400, 400),
    "crop box beyond the other corner": ({"CropBox": numbers((-60, 342, 395, 999))}, 395, 500),
    "crop box of decimals": ({"CropBox": numbers((50.5, 80.25, 450.5, 700.25))}, 400, 620),
    "empty crop box": ({"CropBox": numbers((0, 0, 0, 0))}, 595, 842),
    "crop box that is no box": ({"CropBox": pikepdf.Array([1, 2])}, 595, 842),
    "no box at all": ({"MediaBox": None}, 612, 792),
}


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("name", BOXES)
def test_the_stamp_is_upright_at_its_place_whatever_the_rotation_and_the_boxes(
    name: str, turn: int
) -> None:
    entries, across, up = BOXES[name]
    before = make({**entries, "Rotate": turn})
    after = stamp(before, TEXTE, REGLAGE)
    across, up = (up, across) if turn in (90, 270) else (across, up)
    assert changed(before, after) == near(expected(across, up))
    assert syntax(after) == []
    # upright: the picture of a plain blank page, not that picture turned or mirrored
    found = picture(after, across, up)
    good = picture(stamp(BLANK, TEXTE, REGLAGE), 595, 842)
    wrong = (good.rotate(180), ImageOps.mirror(good), ImageOps.flip(good))
    assert distance(found, good) * 3 < min(distance(found, one) for one in wrong)


BLANK = make({}, content=b"")


def picture(pdf: bytes, across: float, up: float) -> Image.Image:
    left, top, right, bottom = (int(value * 3) for value in expected(across, up))
    found = render(pdf, scale=3).crop((left, top, right, bottom)).resize((350, 102))
    return found.filter(ImageFilter.GaussianBlur(3))


def distance(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, from 0 to 255."""
    levels = ImageChops.difference(one, other).convert("L").histogram()
    return sum(level * count for level, count in enumerate(levels)) / sum(levels)


@pytest.mark.parametrize(
    ("value", "like"), [(-90, 270), (-100, 270), (450, 90), (100, 90), ("/Droite", 0), (90.0, 90)]
)
def test_odd_rotations_are_those_of_the_viewers(value: object, like: int) -> None:
    odd = (
        pikepdf.Name(value) if isinstance(value, str) else pikepdf.Object.parse(str(value).encode())
    )
    before = make({"Rotate": odd})
    across, up = (842, 595) if like in (90, 270) else (595, 842)
    assert render(before).size == (across * 2, up * 2)
    assert changed(before, stamp(before, TEXTE, REGLAGE)) == near(expected(across, up))


def test_what_a_page_inherits_counts() -> None:
    tree: Page = {"Rotate": 90, "MediaBox": numbers((10, 20, 410, 620)), "Resources": "shared"}
    before = make({"MediaBox": None, "Resources": None}, tree=tree)
    after = stamp(before, TEXTE, REGLAGE)
    assert changed(before, after) == near(expected(600, 400))
    assert text(after).splitlines()[0] == "Le conseil municipal"
    assert syntax(after) == []


@pytest.mark.parametrize("coin", ["haut-droite", "haut-gauche", "bas-droite", "bas-gauche"])
@pytest.mark.parametrize("turn", [0, 90])
def test_each_corner(coin: tampon.Coin, turn: int) -> None:
    reglage = ReglageTampon(coin=coin, x=5, y=10)
    before = make({"Rotate": turn})
    across, up = (842, 595) if turn else (595, 842)
    assert changed(before, stamp(before, TEXTE, reglage)) == near(expected(across, up, reglage))


def test_the_stamp_stays_on_the_page() -> None:
    before = make({})
    left, top, right, bottom = changed(
        before, stamp(before, TEXTE, ReglageTampon(x=100, y=100)), scale=2
    )
    assert (left, bottom) == near((0, 842))
    assert (right - left, bottom - top) == near((WIDTH, HEIGHT))


def test_a_narrower_stamp() -> None:
    before = make({})
    left, top, right, bottom = changed(before, stamp(before, TEXTE, ReglageTampon(largeur=31)))
    assert (right - left, bottom - top) == near((WIDTH / 2, HEIGHT / 2))


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((0, 0, 60, 90), (36, 36 * 51.5 / 176)),  # three fifths of the width
        ((0, 0, 900, 40), (12 * 176 / 51.5, 12)),  # three tenths of the height
        ((0, 0, 3, 3), (1.8, 1.8 * 51.5 / 176)),
    ],
)
def test_a_tiny_page_gets_a_tiny_stamp(size: tuple[float, ...], shape: tuple[float, float]) -> None:
    before = make({"MediaBox": numbers(size)}, content=b"")
    left, top, right, bottom = changed(before, stamp(before, TEXTE, REGLAGE), scale=20)
    assert (right - left, bottom - top) == near(shape, 0.15)


def test_a_page_in_larger_units_gets_a_stamp_of_the_same_size_on_paper() -> None:
    before = make({"UserUnit": 10, "MediaBox": numbers((0, 0, 200, 300))}, content=b"")
    left, top, right, bottom = changed(before, stamp(before, TEXTE, REGLAGE), scale=20)
    assert (right - left, bottom - top) == near((WIDTH / 10, HEIGHT / 10), 0.15)


# ------------------------------------------------------------- over a content that is not ours

UNBALANCED = {
    "states left open": b"q 0.5 0 0 0.5 30 30 cm q 2 0 0 2 0 0 cm 1 0 0 rg 10 10 50 50 re f",
    "states closed too often": b"0.5 0 0 0.5 9 9 cm 1 0 0 rg Q Q 10 10 90 90 re f Q 5 5 20 20 re f",
    "both": b"Q q 3 0 0 3 0 0 cm Q Q q 0 0 1 rg 0.5 0 0 0.5 0 0 cm q 10 10 50 50 re f",
    "text left open": b"BT /F0 20 Tf 2 0 0 2 40 300 Tm (Le conseil) Tj",
    "marks left open": b"/P <</MCID 0>> BDC /Span BMC 10 10 50 50 re f EMC EMC EMC /P BMC",
    "cut in two streams": b"",
    "a clip left": b"0 0 50 50 re W n 1 0 0 rg 0 0 300 300 re f",
    "a q inside an inline image": b"q 20 0 0 20 9 9 cm BI /W 3 /H 1 /BPC 8 /CS /G ID q Q EI Q",
    "invisible text": b"3 Tr 50 Tz 9 Ts BT /F0 20 Tf 40 300 Td (Le conseil) Tj ET",
    "no content": b"",
}


@pytest.mark.parametrize("name", UNBALANCED)
def test_nothing_that_a_page_does_moves_the_stamp_and_the_page_stays_as_it_was(name: str) -> None:
    before = make({}, content=UNBALANCED[name])
    if name == "cut in two streams":
        before = cut(before)
    if name == "no content":
        before = make({"Contents": None})
    after = stamp(before, TEXTE, REGLAGE)
    # only the rectangle of the stamp has changed: the rest is the same, pixel by pixel
    assert changed(before, after) == near(expected(595, 842))
    assert text(after).splitlines()[-4:] == LINES
    assert syntax(after) == []


def cut(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        parts = [b"q 0.5 0 0 0.5 0 0 cm 1 0", b"0 rg 10 10 50 50 re", b"f"]
        document.pages[0].obj.Contents = pikepdf.Array(
            [document.make_stream(part) for part in parts]
        )
        return saved(document)


@pytest.mark.parametrize("content", [UNBALANCED["states left open"], UNBALANCED["both"], b"BT"])
def test_what_is_added_to_a_page_is_balanced(content: bytes) -> None:
    after = stamp(make({}, content=content), TEXTE, REGLAGE)
    with pikepdf.open(io.BytesIO(after)) as document:
        found = [str(one.operator) for one in pikepdf.parse_content_stream(document.pages[0])]
    for opening, closing in (("q", "Q"), ("BT", "ET"), ("BMC", "EMC")):
        assert found.count(opening) == found.count(closing)


def test_the_stamp_is_readable_on_black() -> None:
    black = make({}, content=b"0 g 0 0 595 842 re f")
    left, top, right, bottom = (int(value * 2) for value in expected(595, 842))
    inside = render(stamp(black, TEXTE, REGLAGE)).crop((left + 8, top + 8, right - 8, bottom - 8))
    levels = inside.convert("L").histogram()
    assert sum(levels[:80]) > 500  # ink
    assert sum(levels[200:]) > 0.7 * sum(levels)  # paper
    frame = render(stamp(black, TEXTE, REGLAGE)).getpixel((left + 2, (top + bottom) // 2))
    assert frame == pytest.approx((13, 38, 128), abs=12)


def test_a_page_that_is_not_stamped_does_not_change() -> None:
    before = make({}, {}, {})
    after = stamp(before, TEXTE, ReglageTampon(pages="premiere"))
    assert changed(before, after) == near(expected(595, 842))
    for page in (1, 2):
        assert render(after, page).tobytes() == render(before, page).tobytes()
        assert text(after, page).splitlines() == ["Le conseil municipal"]


def test_all_the_pages_are_stamped_with_one_form_and_keep_their_resources_in_common() -> None:
    before = make({}, {"Rotate": 90}, {})
    after = stamp(before, TEXTE, REGLAGE)
    for page in range(3):
        assert text(after, page).splitlines() == ["Le conseil municipal", *LINES]
    with pikepdf.open(io.BytesIO(after)) as document:
        pages = [page.obj for page in document.pages]
        assert len({page.Resources.objgen for page in pages}) == 1
        assert len({page.Resources.XObject.Tampon0.objgen for page in pages}) == 1
        assert pages[0].Contents[-1].objgen == pages[2].Contents[-1].objgen
        assert pages[0].Contents[-1].objgen != pages[1].Contents[-1].objgen


def test_resources_in_use_elsewhere_are_not_touched_and_names_do_not_clash() -> None:
    with pikepdf.new() as pdf:
        square = pdf.make_stream(b"0 1 0 rg 0 0 80 80 re f")
        square.update({"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Form})
        square.BBox = pikepdf.Array([0, 0, 80, 80])
        forms = pdf.make_indirect(pikepdf.Dictionary(Tampon0=square))
        for _ in range(2):
            pdf.add_blank_page(page_size=(595, 842))
            pdf.pages[-1].obj.Resources = pikepdf.Dictionary(XObject=forms)
            pdf.pages[-1].obj.Contents = pdf.make_stream(b"/Tampon0 Do")
        before = saved(pdf)
    after = stamp(before, TEXTE, ReglageTampon(pages="premiere"))
    assert changed(before, after) == near(expected(595, 842))
    with pikepdf.open(io.BytesIO(after)) as document:
        assert list(document.pages[1].obj.Resources.XObject.keys()) == ["/Tampon0"]
        assert sorted(document.pages[0].obj.Resources.XObject.keys()) == ["/Tampon0", "/Tampon1"]


@pytest.mark.parametrize("entry", [None, pikepdf.Array([]), pikepdf.Dictionary(XObject=3)])
def test_resources_that_are_missing_or_are_none(entry: object) -> None:
    before = make({"Resources": entry}, content=b"")
    assert changed(before, stamp(before, TEXTE, REGLAGE)) == near(expected(595, 842))


def test_three_hundred_pages_do_not_weigh_three_hundred_stamps() -> None:
    before = make(*[{}] * 300)
    after = stamp(before, TEXTE, REGLAGE)
    assert len(after) - len(before) < 300 * 60
    assert text(after, 299).splitlines() == ["Le conseil municipal", *LINES]


def test_a_real_acte(shared: Path) -> None:
    (path,) = (shared / "real" / "actes").glob("*.pdf")
    before = path.read_bytes()
    after = stamp(before, TEXTE, REGLAGE)
    for page in range(5):
        assert all(line in text(after, page) for line in LINES)
        across, up = render(before, page, scale=1).size
        assert changed(before, after, page) == near(expected(across, up), 2.0)
    assert syntax(after) == []


def test_a_document_of_another_writer() -> None:
    writer = FPDF()
    writer.set_font("helvetica", size=12)
    writer.add_page(orientation="landscape")
    writer.multi_cell(0, 6, "Le conseil municipal fixe les tarifs. " * 200)
    before = bytes(writer.output())
    assert changed(before, stamp(before, TEXTE, REGLAGE)) == near(expected(841.89, 595.28))


def test_the_same_bytes_each_time_and_the_settings_make_them() -> None:
    before = make({})
    assert stamp(before, TEXTE, REGLAGE) == stamp(before, TEXTE, REGLAGE)
    # the identifier comes from the content, not from the time: another content, another one
    assert identifier(stamp(before, TEXTE, REGLAGE)) != identifier(
        stamp(before, TEXTE, ReglageTampon(x=4))
    )


def identifier(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return bytes(document.trailer.ID[1])


def test_a_file_older_than_transparency_says_that_it_is_not_any_more() -> None:
    before = make({}, force_version="1.2")
    assert before.startswith(b"%PDF-1.2")
    assert stamp(before, TEXTE, REGLAGE).startswith(b"%PDF-1.4")


# --------------------------------------------------------------------- what cannot be stamped


@pytest.mark.parametrize("user", ["", "secret"])
def test_an_encrypted_file(user: str) -> None:
    content = pdf_bytes(encryption=pikepdf.Encryption(owner="o", user=user))
    fault = code_of(lambda: stamp(content, TEXTE, REGLAGE))
    assert fault == Fault(code="ACT-TAMPON_ENCRYPTED")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"un texte nomme acte.pdf",
        b"%PDF-1.7\n%%EOF",
        make({})[:-200],
        pdf_bytes(pages=0),
        make({"Resources": None}).replace(b"/Kids", b"/Kidz"),
    ],
)
def test_a_broken_file(content: bytes) -> None:
    fault = code_of(lambda: stamp(content, TEXTE, REGLAGE))
    assert fault == Fault(code="ACT-TAMPON_BROKEN")


SMALL = make({}, {"Rotate": 90})


@pytest.mark.parametrize("rank", range(0, len(SMALL) - 8, 17))
def test_no_damage_escapes_as_another_exception(rank: int) -> None:
    damaged = SMALL[:rank] + b"<<[(\xff" + SMALL[rank + 5 :]
    with suppress(FaultError):
        assert stamp(damaged, TEXTE, REGLAGE).startswith(b"%PDF-")
    stamp_warnings(damaged)


def test_a_content_that_cannot_be_unpacked_is_left_alone() -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"")
        pdf.pages[0].obj.Contents.write(b"not deflated", filter=pikepdf.Name.FlateDecode)
        before = saved(pdf, compress_streams=False)
    assert changed(before, stamp(before, TEXTE, REGLAGE)) == near(expected(595, 842))


@pytest.mark.parametrize(
    ("filters", "packed"),
    [
        (pikepdf.Name.FlateDecode, zlib.compress(b" " * 5000 + b"q")),
        (pikepdf.Array([pikepdf.Name.FlateDecode]), zlib.compress(b" " * 5000 + b"q")),
        (None, b" " * 5000 + b"q"),
        (
            pikepdf.Array([pikepdf.Name.FlateDecode] * 2),
            zlib.compress(zlib.compress(b" " * 50 + b"q")),
        ),
        (pikepdf.Name.LZWDecode, b"\x80\x0b"),
    ],
)
def test_a_content_that_may_be_huge_is_not_unpacked(
    filters: pikepdf.Object | None, packed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        stream = pdf.make_stream(b"")
        stream.write(packed, filter=filters) if filters is not None else stream.write(packed)
        pdf.pages[0].obj.Contents = stream
        before = saved(
            pdf, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none
        )
    monkeypatch.setattr(pdf_pages, "_LARGEST_CONTENT", 1000)
    monkeypatch.setattr(pikepdf, "parse_content_stream", never)
    after = stamp(before, TEXTE, REGLAGE)
    with pikepdf.open(io.BytesIO(after)) as document:
        middle = document.pages[0].obj.Contents[1]
        assert middle.read_raw_bytes() == packed


def never(*given: object) -> None:
    raise AssertionError("the content is unpacked")


def test_a_content_of_too_many_operators_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = make({}, content=b"q Q " * 10)
    monkeypatch.setattr(pikepdf, "parse_content_stream", never)
    monkeypatch.setattr(pdf_pages, "_MOST_OPERATORS", 19)
    assert changed(before, stamp(before, TEXTE, REGLAGE)) == near(expected(595, 842))
    monkeypatch.setattr(pdf_pages, "_MOST_OPERATORS", 20)
    with pytest.raises(AssertionError, match="unpacked"):
        stamp(before, TEXTE, REGLAGE)


# ------------------------------------------------------------------------------ signatures


def test_an_unsigned_file_has_nothing_to_say() -> None:
    assert len(stamp_warnings(make({}))) == 0
    assert len(stamp_warnings(b"%PDF-1.7\n%%EOF")) == 0


@pytest.mark.parametrize(
    ("field", "signed"),
    [
        (b"<</FT/Sig/T(a)/V<</Type/Sig>>>>", True),
        (b"<</T(a)/V<</ByteRange[0 1 2 3]>>>>", True),
        (b"<</FT/Sig/T(a)>>", False),  # a place to sign
        (b"<</FT/Tx/T(a)/V(texte)>>", False),
        (b"<</T(a)/Kids[<</FT/Sig/V<</Type/Sig>>>>]>>", True),
        (b"42", False),
    ],
)
def test_a_signature_is_found_in_the_form(field: bytes, *, signed: bool) -> None:
    with pikepdf.open(io.BytesIO(make({}))) as pdf:
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pikepdf.Object.parse(field)])
        content = saved(pdf)
    assert stamp_warnings(content).codes == (("ACT-TAMPON_SIGNED",) if signed else ())


def test_a_form_that_turns_round_is_left() -> None:
    with pikepdf.open(io.BytesIO(make({}))) as pdf:
        field = pdf.make_indirect(pikepdf.Dictionary(T="a"))
        field.Kids = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[field])
        content = saved(pdf)
    assert len(stamp_warnings(content)) == 0


def test_a_certified_file() -> None:
    with pikepdf.open(io.BytesIO(make({}))) as pdf:
        pdf.Root.Perms = pikepdf.Object.parse(b"<</DocMDP<</Type/Sig>>>>")
        content = saved(pdf)
    (fault,) = stamp_warnings(content)
    assert fault == Fault(code="ACT-TAMPON_SIGNED", severity=Severity.WARNING)
    assert sentence(fault)
