"""Reading a large document element by element."""

import io

import pytest

from demat.faults import FaultError
from demat.xmlio import grow_untrusted, path_of, root_name, stream_untrusted

PATHS = frozenset({"r/b/p", "r/h"})


def read(content: bytes) -> list[tuple[str, str | None]]:
    found = stream_untrusted(io.BytesIO(content), PATHS, root="r")
    return [(path_of(node), node.get("V")) for node in found]


def test_only_the_places_asked_for_come_in_order_whatever_their_namespace() -> None:
    content = (
        b"<n:r xmlns:n='u'><h V='1'/><b><p V='2'><h V='x'/></p><q/><p V='3'/></b><p V='y'/></n:r>"
    )
    assert read(content) == [("r/h", "1"), ("r/b/p", "2"), ("r/b/p", "3")]


def test_what_is_inside_is_there_when_the_element_comes() -> None:
    content = b"<r><b><p><h V='in'/></p></b></r>"
    (found,) = [node[0].get("V") for node in stream_untrusted(io.BytesIO(content), PATHS, root="r")]
    assert found == "in"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "XML-EMPTY"),
        (b"  \n", "XML-EMPTY"),
        (b"abc", "XML-SYNTAX"),
        (b"<r><b></r>", "XML-SYNTAX"),
        (b"<s><h/></s>", "XML-ROOT"),
        (b"<!DOCTYPE r [<!ENTITY e 'x'>]><r><h V='&e;'/></r>", "XML-DTD"),
        (b"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>", "XML-DTD"),
        (b"<?xml version='1.0' encoding='UTF-8'?><r><h V='\xe9'/></r>", "XML-ENCODING"),
    ],
)
def test_what_is_refused_is_as_for_a_whole_document(content: bytes, code: str) -> None:
    with pytest.raises(FaultError) as caught:
        read(content)
    assert caught.value.faults.codes == (code,)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<n:PES_Aller xmlns:n='u'><coup", "PES_Aller"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>\n<a/>", "a"),
    ],
)
def test_the_name_of_the_root_needs_only_the_beginning(content: bytes, name: str) -> None:
    source = io.BytesIO(content)
    assert root_name(source) == name
    assert source.tell() == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "XML-EMPTY"),
        (b"abc", "XML-SYNTAX"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "XML-DTD"),
    ],
)
def test_a_root_that_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(FaultError) as caught:
        root_name(io.BytesIO(content))
    assert caught.value.faults.codes == (code,)


def test_what_was_read_is_let_go() -> None:
    """Before an element only the last that was used is left, empty, and what follows it."""
    content = b"<r><b>" + b"<p V='1'><h V='2'/></p><x/>" * 50 + b"</b></r>"
    for node in stream_untrusted(io.BytesIO(content), PATHS, root="r"):
        before = list(node.itersiblings(preceding=True))
        assert len(before) <= 2
        assert all(len(one) == 0 for one in before)


@pytest.mark.parametrize("before", [b"", b"<!-- said -->", b"<?said?>", b"<!-- a --><?b?>\n"])
def test_what_stands_before_the_root_of_a_growing_document(before: bytes) -> None:
    content = b"<?xml version='1.0'?>" + before + b"<s><h/></s>"
    assert [one.tag for one in grow_untrusted(content, ("h",), root="s")] == ["s"]
