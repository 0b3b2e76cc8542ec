"""The index of Ids and the place of end tags in the bytes."""

import pytest

from demat.faults import FaultError
from demat.signing.ids import IdIndex, end_tags
from demat.xmlio import parse_untrusted


@pytest.mark.parametrize(
    ("content", "duplicates"),
    [
        (b'<r Id="a"><x Id="b"/></r>', set()),
        (b'<r Id="a"><x Id="a"/></r>', {"a"}),
        (b'<r Id="a"><x ID="a"/></r>', {"a"}),
        (b'<r id="a"><x ID="a"/></r>', {"a"}),
        (b'<r Id="a" ID="a"/>', {"a"}),
        (b'<r Id="a"><x xml:id="a"/></r>', {"a"}),
        (b'<r Id="a" xmlns:w="urn:w"><x w:Id="a"/></r>', {"a"}),
        (b'<r Id="a"><x IdUnique="a" V="a"/></r>', set()),
    ],
)
def test_duplicates_under_any_name(content: bytes, duplicates: set[str]) -> None:
    assert IdIndex(parse_untrusted(content)).duplicates == duplicates


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
    ],
)
def test_end_tags_are_found_in_bytes(content: bytes) -> None:
    offset = end_tags(content, ["a"])["a"]
    assert content[offset : offset + 2] == b"</"
    text = content[offset:].lstrip(b"</")
    assert text.startswith(("é".encode(), b"\xe9"))
    assert content.rindex(b"</", 0, content.rindex(b"</")) == offset


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0" encoding="UTF-16"?><r><a Id="a">x</a></r>'.encode("utf-16"),
        '<r><a Id="a">x</a></r>'.encode("utf-16-le"),
        b'<?xml version="1.0" encoding="UTF-7"?><r><a Id="a">x</a></r>',
        b'<?xml version="1.0" encoding="EUC-JP"?><r><a Id="a">x</a></r>',
    ],
)
def test_where_nothing_can_be_spliced(content: bytes) -> None:
    with pytest.raises(FaultError) as caught:
        end_tags(content, ["a"])
    assert caught.value.faults.codes == ("SIG-ENCODING",)
