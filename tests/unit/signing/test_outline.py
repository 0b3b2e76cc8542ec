"""Where elements lie in the bytes: what text alone tells is what a parser tells."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from demat.faults import FaultError
from demat.signing.ids import IdIndex
from demat.signing.outline import outline_of, outline_of_stream
from demat.xmlio import parse_untrusted


def _both(content: bytes, ids: list[str]):
    """Return the outline, which must be the same whatever the way it is found."""
    found = outline_of(content, ids)
    assert found == outline_of_stream(BytesIO(content), ids)
    return found


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0" encoding="ISO-8859-1"?><r é="é"><é Id="a">é<a>é</a></é>é</r>'.encode(
            "latin-1"
        ),
        '<?xml version="1.0" encoding="UTF-8"?><r><é Id="a">€<![CDATA[</é>]]></é></r>'.encode(),
        "\ufeff<r><!-- </é> --><é Id='a' ><b Id='b'></b>€</é ></r>".encode(),
        '<?xml version="1.0" encoding="windows-1252"?><r><é Id="a">€</é></r>'.encode("cp1252"),
        '<?xml version="1.0" encoding="ISO-8859-15"?><r><é Id="a">€</é></r>'.encode("iso-8859-15"),
        b'<r><x Id="a" V=">"><x V="/>"/><x><x/></x>text</x></r>',
        b'\n<r><x\n\tId="a"\n><x/><x></x> </x\n> </r>\n',
    ],
)
def test_an_element_is_found_in_bytes(content: bytes) -> None:
    place = _both(content, ["a"]).places["a"]
    assert content[place.start : place.start + 2] in (b"<x", b"<\xe9", b"<\xc3")
    assert content[place.inside - 1 : place.inside] == b">"
    assert content[place.end_tag : place.end_tag + 2] == b"</"
    assert content[place.stop - 1 : place.stop] == b">"
    assert content[place.stop :].lstrip(b"\xe9 \n\xc3\xa9") in (b"</r>", b"</r>\n")


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        (b'<r><a Id="a"><V V="1"/>x &amp; y<W /></a></r>', True),
        (b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<n:r xmlns:n="urn:n" '
         b'xmlns:o="urn:o"\n Id="R"><a Id="a">x</a></n:r>\n', True),
        (b'<r xmlns="urn:n"><a Id="a">x</a></r>', False),
        (b"<r><a Id='a'>x</a></r>", False),
        (b'<r><a Id="a">x</a><!-- --></r>', False),
        ("<r><a Id='a'>é</a></r>".encode(), False),
        ('<r><a Id="a">é</a></r>'.encode(), True),
    ],
)  # fmt: skip
def test_most_documents_need_no_parser(content: bytes, plain: bool) -> None:
    assert _both(content, ["a"]).places["a"].plain is plain


@pytest.mark.parametrize(
    ("content", "empty"),
    [
        (b'<r><a Id="a"/></r>', True),
        (b'<r><a Id="a"></a></r>', True),
        (b'<r><a Id="a" V="/>"></a></r>', True),
        (b'<r><a Id="a"> </a></r>', False),
        (b'<r><a Id="a"><b/></a></r>', False),
    ],
)
def test_an_empty_element_is_said_to_be(content: bytes, empty: bool) -> None:
    assert _both(content, ["a"]).places["a"].is_empty is empty


@pytest.mark.parametrize(
    ("content", "values", "duplicates"),
    [
        (b'<r Id="a"><x ID="b"/><y id="c"/></r>', "abc", ""),
        (b'<r Id="a"><x ID="a"/></r>', "a", "a"),
        (b'<r Id="a" xmlns:w="urn:w"><x w:Id="a"/><y xml:id="b"/></r>', "ab", "a"),
        (b"<r Id='a'><x V=\" Id='b'\"/> Id=\"c\" </r>", "a", ""),
        (b'<r Id="a"><!-- <x Id="b"/> --><x OtherId="c" Ident="d"/></r>', "a", ""),
        (b'<r Id="&#97;"><x Id="a"/></r>', "a", "a"),
        (b'<r Id="a"><x Id=" a"/></r>', "a", "a"),
        (b'<r Id="a"><x> d="</x><x Id="b"/><x ID="b"/></r>', "ab", "b"),  # a text that looks so
    ],
)
def test_identifiers_are_all_seen(content: bytes, values: str, duplicates: str) -> None:
    found = _both(content, [])
    assert (found.values, found.duplicates) == (frozenset(values), frozenset(duplicates))
    assert found.places == {}


def test_namespaces_that_the_ancestors_declare() -> None:
    content = (
        b'<r xmlns="urn:d" xmlns:n="urn:1"><q xmlns="" xmlns:n="urn:2"><x Id="a">x</x></q>'
        b'<x Id="b">x</x></r>'
    )
    places = _both(content, ["a", "b"]).places
    assert places["a"].namespaces == {"n": "urn:2"}
    assert places["b"].namespaces == {None: "urn:d", "n": "urn:1"}


def test_elements_that_are_signed() -> None:
    ds = "http://www.w3.org/2000/09/xmldsig#"
    content = (
        f'<r><x Id="a"><s:Signature xmlns:s="{ds}"/></x><x Id="b"><Signature/></x>'
        f'<x Id="c"><y><Signature xmlns="{ds}"><z/></Signature></y></x></r>'
    ).encode()
    found = _both(content, ["a", "b", "c"])
    inside = {
        value: [one for one in found.signed if place.holds(one)]
        for value, place in found.places.items()
    }
    assert {value: len(ones) for value, ones in inside.items()} == {"a": 1, "b": 0, "c": 1}
    assert inside["a"][0].start == found.places["a"].start
    assert inside["c"][0].start > found.places["c"].start


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('<?xml version="1.0" encoding="UTF-16"?><r><a Id="a">x</a></r>'.encode("utf-16"),
         "SIG-ENCODING"),
        ('<r><a Id="a">x</a></r>'.encode("utf-16-le"), "SIG-ENCODING"),
        (b'<?xml version="1.0" encoding="UTF-7"?><r><a Id="a">x</a></r>', "SIG-ENCODING"),
        (b'<?xml version="1.0" encoding="EUC-JP"?><r><a Id="a">x</a></r>', "SIG-ENCODING"),
        (b"", "XML-EMPTY"),
        (b" \n", "XML-EMPTY"),
        (b'<r><a Id="a">x</r></a>', "XML-SYNTAX"),
        (b'<r><a Id="a">x</b></r>', "XML-SYNTAX"),
        (b'<r><a Id="a">x</a></a><a></r>', "XML-SYNTAX"),
        (b'<r Id="a" Id="b">x</r>', "XML-SYNTAX"),
        (b'<r Id="a">\x01</r>', "XML-SYNTAX"),
        ('<r Id="a">\uffff</r>'.encode(), "XML-SYNTAX"),
        (b'<r Id="a"><1>x</1></r>', "XML-SYNTAX"),
        (b'<?xml version="1.0" standalone="maybe"?><r Id="a">x</r>', "XML-SYNTAX"),
        (b' <?xml version="1.0"?><r Id="a">x</r>', "XML-SYNTAX"),
        (b'<r Id="a">x</r>y', "XML-SYNTAX"),
        (b'<r Id="a">x</r><s/>', "XML-SYNTAX"),
        (b'<r><a Id="a">x</a>', "XML-SYNTAX"),
        (b'<r><a Id="a" Id="b">x</a></r>', "XML-SYNTAX"),
        (b'<?xml version="1.0"?><r><a Id="a">\xe9</a></r>', "XML-SYNTAX"),
        (b'<!DOCTYPE r><r><a Id="a">x</a></r>', "XML-DTD"),
        (b'<!DOCTYPE r [<!ENTITY e "x">]><r><a Id="a">&e;</a></r>', "XML-DTD"),
    ],
)  # fmt: skip
def test_what_has_no_outline(content: bytes, code: str) -> None:
    for found in (lambda: outline_of(content, ["a"]),
                  lambda: outline_of_stream(BytesIO(content), ["a"])):  # fmt: skip
        with pytest.raises(FaultError) as caught:
            found()
        assert caught.value.faults.codes == (code,)


_PARTS = st.sampled_from(
    [
        "<x>",
        "</x>",
        "<x/>",
        '<x V="a"/>',
        "<x V='>'>",
        "<y\n>",
        "</y >",
        "text",
        ">",
        "é",
        "&lt;",
        '<x Id="a">',
        '<y Id="b" V="1">',
        "<x ID='c'/>",
        '<x V=" Id=" id="d"/>',
        ' Id="e" ',
        "<!-- <x> -->",
        "<![CDATA[</x>]]>",
        "<?x </x>?>",
        '<n:x n:id="f"/>',
        '<x xmlns="urn:x">',
    ]
)


@given(parts=st.lists(_PARTS, max_size=14), encoding=st.sampled_from(["UTF-8", "ISO-8859-1"]))
def test_text_tells_what_a_parser_tells(parts: list[str], encoding: str) -> None:
    written = f'<?xml version="1.0" encoding="{encoding}"?><r xmlns:n="urn:n">{"".join(parts)}</r>'
    content = written.encode(encoding)
    try:
        root = parse_untrusted(content)
    except FaultError:
        return
    found = _both(content, ["a", "b"])
    index = IdIndex(root)
    assert found.duplicates == index.duplicates
    assert all(value in index for value in found.values)
    for value, place in found.places.items():
        if value not in found.duplicates:
            node = index.element(value)
            assert node is not None
            alone = content[place.start : place.stop].decode(encoding)
            copy = etree.fromstring(f'<r xmlns:n="urn:n">{alone}</r>')[0]
            assert (copy.attrib, len(copy)) == (node.attrib, len(node))
            assert "".join(copy.itertext()) == "".join(node.itertext())
