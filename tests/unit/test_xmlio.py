"""Reading untrusted XML and writing ours."""

import io

import pytest
from lxml import etree

from demat import xmlio
from demat.faults import FaultError
from demat.labels_fr.catalogue import explain
from demat.xmlio import (
    check_syntax,
    declared_encoding,
    line_of,
    lines_of,
    local_name,
    parse_untrusted,
    serialise,
    value,
    values,
)

PES = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<n:PES xmlns:n="urn:x">
  <Bordereau><IdBord V="1"/><IdBord V="2"/><IdBord/></Bordereau>
  <Objet V="\xe9t\xe9"/>
</n:PES>
"""
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (rank, b"&l%d;" % (rank - 1) * 10) for rank in range(1, 10)
)


def refused(content: bytes, **options: object) -> tuple[str, int | None]:
    with pytest.raises(FaultError) as caught:
        parse_untrusted(content, **options)
    (fault,) = caught.value.faults
    assert "…" not in explain(fault).sentence
    return fault.code, fault.line


def test_what_is_read():
    tree = parse_untrusted(PES, root="PES")
    assert local_name(tree) == "PES"
    assert value(tree, "Objet") == "été"
    assert value(tree, "Absent") is None
    assert value(tree, "Absent", "0") == "0"
    assert value(tree, "Bordereau", "défaut") == "défaut"
    assert values(tree, "Bordereau/IdBord") == ["1", "2"]
    assert values(tree, "Absent") == []


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "XML-EMPTY", None),
        (b" \n\t", "XML-EMPTY", None),
        (b"<a>\n<b>\n</a>", "XML-SYNTAX", 3),
        (b"pas du XML", "XML-SYNTAX", 1),
        (b"<a/><b/>", "XML-SYNTAX", 1),
        (b"<!DOCTYPE a><a/>", "XML-DTD", None),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "XML-DTD", None),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "XML-DTD", None),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "XML-DTD", None),
        (b"<!DOCTYPE a [" + LAUGHS + b"]><a>&l9;</a>", "XML-DTD", None),
        (b"<!DOCTYPE a [" + LAUGHS + b']><a b="&l9;"/>', "XML-DTD", 1),
        (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///x"> %x;]><a/>', "XML-DTD", None),
        (b"<a>\xe9</a>", "XML-ENCODING", 1),
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<a>\xe9</a>', "XML-ENCODING", 2),
        (b'<?xml version="1.0" encoding="INCONNU-9"?><a/>', "XML-ENCODING", 1),
    ],
)
@pytest.mark.parametrize("huge", [True, False])
def test_what_is_refused(content, code, line, huge):
    found_code, found_line = refused(content, huge=huge)
    assert found_code == code
    if line is not None:
        assert found_line == line


def test_the_root_must_be_the_one_expected():
    with pytest.raises(FaultError) as caught:
        parse_untrusted(b"\n\n<html/>", root="PES_ACQUIT")
    (fault,) = caught.value.faults
    assert (fault.code, dict(fault.params), fault.line) == (
        "XML-ROOT",
        {"expected": "PES_ACQUIT", "found": "html"},
        3,
    )


def test_a_file_that_is_too_big_is_not_parsed():
    assert refused(b"<a>" + bytes(3_000_000), max_bytes=2_000_000)[0] == "XML-SIZE"
    assert parse_untrusted(b"<a/>", max_bytes=4).tag == "a"


def test_texts_over_ten_megabytes_only_when_admitted():
    content = b"<a>" + b"x" * 11_000_000 + b"</a>"
    assert len(parse_untrusted(content).text) == 11_000_000
    assert refused(content, huge=False)[0] == "XML-SYNTAX"


def test_syntax_alone_is_checked_piece_by_piece():
    check_syntax([b"<a", b"><b", b"/>", b"</a>"])
    check_syntax(bytes([byte]) for byte in PES)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"<a>", b"<a></b>", b"texte", b"<a>\xe9</a>"),
        b"<!DOCTYPE a [" + LAUGHS + b']><a b="&l9;"/>',
        b'<?xml version="1.0" encoding="INCONNU-9"?><a/>',
    ],
)
def test_bad_syntax_is_refused_wherever_it_is_cut(content):
    for size in (1, 7, 10_000):
        chunks = [content[start : start + size] for start in range(0, len(content), size)]
        with pytest.raises(FaultError) as caught:
            check_syntax(chunks)
        assert caught.value.faults.codes == ("XML-SYNTAX",)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "ISO-8859-1"),
        (b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?><a/>", "UTF-8"),
        (b'\n <?xml version="1.0" encoding = "x-1"?>', "x-1"),
        (b'<?xml version="1.0"?><a encoding="UTF-8"/>', None),
        (b"<a/>", None),
        (b"", None),
    ],
)
def test_the_declared_encoding(content, encoding):
    assert declared_encoding(content) == encoding


def test_lines_of_elements():
    tree = parse_untrusted(PES)
    nodes = [tree.find("Objet"), tree, tree.find("Bordereau/IdBord")]
    assert [line_of(node) for node in nodes] == [4, 2, 3]
    assert lines_of(PES, nodes) == [4, 2, 3]
    assert lines_of(PES, []) == []
    assert line_of(etree.Element("a")) is None


def test_lines_are_exact_beyond_those_that_the_parser_counts():
    out = io.BytesIO()
    out.write(b"<a>\n")
    for number in range(70_000):
        out.write(b"<b n='%d'/>\n" % number)
    out.write(b"</a>")
    tree = parse_untrusted(out.getvalue())
    assert lines_of(out.getvalue(), [tree[69_999], tree[0]]) == [70_001, 2]


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("ISO-8859-1", b"\xe9 &#339; &amp; &lt;"), ("UTF-8", "é œ &amp; &lt;".encode())],
)
def test_writing(encoding, written):
    tree = etree.Element("a")
    tree.text = "é œ & <"
    content = serialise(tree, encoding=encoding)
    declaration = f"<?xml version='1.0' encoding='{encoding}'?>\n".encode()
    assert content == declaration + b"<a>" + written + b"</a>"
    assert parse_untrusted(content).text == "é œ & <"


def test_the_limit_is_that_of_the_largest_flows():
    assert xmlio.MAX_BYTES == 512 * 1024 * 1024


def _excess(content: bytes) -> bool:
    try:
        xmlio.check_measure(content, parse_untrusted(content))
    except FaultError as error:
        return error.faults.codes == ("XML-EXCESS",)
    return False


def test_a_thousand_attributes_are_enough() -> None:
    def element(count: int) -> bytes:
        return b"<a><b %s/></a>" % b" ".join(b'a%d=""' % rank for rank in range(count))

    assert not _excess(element(1000))
    assert _excess(element(1001))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_thousand_namespaces_at_once_are_enough(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(xmlio, "_MANY_NAMESPACES", 900)

    def element(count: int) -> str:
        declared = " ".join(f'xmlns:a{rank}="urn:{rank}"' for rank in range(count))
        return f"<b {declared}/>"

    def document(body: str) -> bytes:
        return f'<?xml version="1.0" encoding="{encoding}"?><a>{body}</a>'.encode(encoding)

    assert not _excess(document(element(1000)))
    assert not _excess(document(element(600) * 3))  # never in scope at the same time
    assert _excess(document(element(1001)))
