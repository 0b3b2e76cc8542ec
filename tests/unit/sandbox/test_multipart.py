import pytest

from demat.sandbox.multipart import Form, Upload, parse_form

TYPE = "multipart/form-data; boundary=limite"


def body(*parts: bytes) -> bytes:
    return b"".join(b"--limite\r\n" + part + b"\r\n" for part in parts) + b"--limite--\r\n"


def field(name: str, content: bytes, more: bytes = b"") -> bytes:
    return (
        b'Content-Disposition: form-data; name="'
        + name.encode()
        + b'"'
        + more
        + b"\r\n\r\n"
        + content
    )


def test_texts_are_latin_1_and_lists_keep_their_order() -> None:
    form = parse_form(
        TYPE,
        body(
            field("subject", "Fête".encode("iso-8859-1")),
            field("type_pj[]", b"99_DE"),
            field("type_pj[]", b"99_SE"),
        ),
    )
    assert form == Form(texts={"subject": ["Fête"], "type_pj[]": ["99_DE", "99_SE"]})


def test_a_client_in_utf_8_gets_mojibake() -> None:
    form = parse_form(TYPE, body(field("subject", "Fête".encode())))
    assert form.text("subject") == "FÃªte"


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.4\r\n\x00\xff\x80\n%%EOF",
        b"ends with a line\r\n",
        b"ends with a carriage return\r",
        b"lone\rreturns\nand\r\nlines\n\n",
        b"",
        bytes(range(256)),
        b"\r\n--limit\r\nalmost the boundary",
        b"=C3=A9 looks quoted",
    ],
)
def test_files_are_kept_byte_for_byte(content: bytes) -> None:
    form = parse_form(
        TYPE,
        body(
            field("enveloppe", content, b'; filename="a.xml"\r\nContent-Type: application/xml'),
            field("api", b"1"),
        ),
    )
    assert form.upload("enveloppe") == Upload(name="a.xml", content=content)
    assert form.text("api") == "1"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (b'; filename="d\xe9lib.pdf"', "délib.pdf"),
        (b'; filename="C:\\\\mairie\\\\acte.pdf"', "acte.pdf"),
        (b'; filename="dit \\"oui\\".pdf"', 'dit "oui".pdf'),
    ],
)
def test_file_names(more: bytes, name: str) -> None:
    upload = parse_form(TYPE, body(field("f", b"x", more))).upload("f")
    assert upload == Upload(name=name, content=b"x")


def test_a_name_in_the_extended_form_alone_makes_no_file() -> None:
    form = parse_form(TYPE, body(field("f", b"x", b"; filename*=utf-8''d%C3%A9lib.pdf")))
    assert form == Form(texts={"f": ["x"]})


def test_an_empty_file_field_and_a_part_without_name_are_left_out() -> None:
    parts = (field("f", b"", b'; filename=""'), b"Content-Type: text/plain\r\n\r\nlost")
    assert parse_form(TYPE, body(*parts)) == Form()


def test_an_urlencoded_form_is_latin_1_too() -> None:
    form = parse_form("application/x-www-form-urlencoded; charset=x", b"api=1&subject=F%EAte&x=")
    assert form == Form(texts={"api": ["1"], "subject": ["Fête"], "x": [""]})


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/json"])
def test_any_other_body_is_an_empty_form(kind: str) -> None:
    assert parse_form(kind, b"--limite\r\napi=1") == Form()
