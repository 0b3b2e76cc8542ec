"""The index of Ids of a tree, and what repeats among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.faults import FaultError
from demat.signing.ids import IdIndex, duplicate_ids
from demat.xmlio import parse_untrusted


@pytest.mark.parametrize(
    ("content", "duplicates"),
    [
        (b'<r Id="a"><x Id="b"/></r>', set()),
        (b'<r Id="a"><x Id="a"/></r>', {"a"}),
        (b'<r Id="a"><x ID="a"/></r>', {"a"}),
        (b'<r id="a"><x ID="a"/></r>', {"a"}),
        (b'<r Id="a" ID="a"/>', {"a"}),
        (b'<r Id="a"><x Id=" a "/></r>', {"a"}),
        (b'<r Id="a"><x xml:id="a"/></r>', {"a"}),
        (b'<r Id="a" xmlns:w="urn:w"><x w:Id="a"/></r>', {"a"}),
        (b'<r Id="a"><x IdUnique="a" V="a"/></r>', set()),
    ],
)
def test_duplicates_under_any_name(content: bytes, duplicates: set[str]) -> None:
    root = parse_untrusted(content)
    assert IdIndex(root).duplicates == duplicates
    assert duplicate_ids(content, root) == duplicates


@pytest.mark.parametrize(
    "content",
    [
        b"<r Id='a'><x id=\"b\"/> id='a' </r>",  # a text is no identifier
        b'<r Id="a"><x V=" Id=a"/></r>',
        b'<r Id="a"><!-- Id="a" --><![CDATA[<x Id="a"/>]]></r>',
        b"<r id=''><x V='1'/></r>",
        "<r Id='\xe9'><x Id='\xe8'/></r>".encode(),
    ],
)
def test_what_only_looks_like_an_identifier(content: bytes) -> None:
    assert duplicate_ids(content, parse_untrusted(content)) == set()


@pytest.mark.parametrize(
    "content",
    [
        b'<r Id="a1"><x Id="a&#49;"/></r>',
        b'<r Id=" a"><x Id="\ta"/></r>',
        b'<r Id="a"><x Id="a&#10;"/></r>',
        b"<r Id = \"a\"><x ID\n=\n'a'/></r>",
        b'<r><t> id="</t><x Id="a"/><y Id="a"/></r>',
        b"<r><t> id='</t><x Id=\"a\"/><y ID='a'/></r>",
        '<?xml version="1.0" encoding="UTF-16"?><r Id="a"><x Id="a"/></r>'.encode("utf-16"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><r Id="&#233;"><x Id="é"/></r>'.encode(
            "latin-1"
        ),
    ],
)
def test_two_ways_of_writing_one_value(content: bytes) -> None:
    root = parse_untrusted(content)
    assert duplicate_ids(content, root) == IdIndex(root).duplicates != set()


_PARTS = st.sampled_from(
    [
        ' Id="',
        " id='",
        ' x:ID="',
        "a",
        "b",
        '"',
        "'",
        "<x",
        "/>",
        ">",
        "</x>",
        " = ",
        "&#97;",
        "\t",
        '<x Id="a"/>',
        "<y ID='a'/>",
        '<z x:id="b"/>',
        'Id="b"',
        "<!-- ",
        " -->",
    ]
)


@given(parts=st.lists(_PARTS, max_size=12))
def test_nothing_that_repeats_is_missed(parts: list[str]) -> None:
    content = f'<r xmlns:x="urn:x" Id="r">{"".join(parts)}</r>'.encode()
    try:
        root = parse_untrusted(content)
    except FaultError:
        return
    assert duplicate_ids(content, root) == IdIndex(root).duplicates


def test_only_the_attribute_of_the_norm_designates_an_element() -> None:
    index = IdIndex(parse_untrusted(b'<r Id="a"><x id="b"/><y Id="c"/><z Id="c"/></r>'))
    found = index.element("a")
    assert found is not None
    assert found.tag == "r"
    assert index.element("b") is None
    assert "b" in index
    assert index.element("d") is None
    with pytest.raises(FaultError, match="SIG-DUPLICATE_ID"):
        index.element("c")
