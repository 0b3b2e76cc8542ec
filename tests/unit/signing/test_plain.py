"""The digest taken from bytes is the one of the canonical form that libxml2 writes."""

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demat.faults import FaultError
from demat.signing import plain
from demat.signing.algorithms import canonical
from demat.signing.outline import outline_of
from demat.signing.plain import element_digest
from demat.xmlio import parse_untrusted


def _digests(inside: str, encoding: str = "UTF-8", around: str = "") -> tuple[bytes, bytes]:
    """Return our digest of an element, and the one of its canonical form in the tree."""
    written = f'<?xml version="1.0" encoding="{encoding}"?><r {around}><b Id="B">{inside}</b></r>'
    content = written.encode(encoding)
    root = parse_untrusted(content)
    found = outline_of(content, ["B"])
    place = found.places["B"]
    alone = content[place.start : place.stop]
    known = {"encoding": found.encoding, "namespaces": place.namespaces}
    ours = element_digest(alone, **known, plain=place.plain)
    assert ours == element_digest(alone, **known)
    return ours, hashlib.sha256(canonical(root[0])).digest()


@pytest.mark.parametrize(
    "inside",
    [
        "<V/>", '<V V="a"/>', '<a><V V="1"/>\n\t<V V="é"/></a>', "x", '<V V=""/>', "<V></V>",
        '<V V="a &amp; b &lt; c"/>a &amp; b &lt; c', "<V />", "<V ></V>",
        '<V V="a" /> / <V V="/" > /</V>',
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
def test_most_elements_need_no_parser(
    inside: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "_parsed_digest", lambda *_: b"")
    ours, expected = _digests(inside, encoding)
    assert ours == expected


@pytest.mark.parametrize(
    "inside",
    [
        '<V b="1" a="2"/>', "<V V='a'/>", '<V V="a\tb"/>', '<V V="a\nb"/>', '<V  V="a"/>',
        '<V V="a" />', "<V />", '<V\nV="a"/>', '<V V = "a"/>', '<V V="&gt;"/>', '<V V=">"/>',
        "a > b", "a &gt; b", '<V V="&quot;"/>', "&#233;", '<V V="&#233;"/>',
        "a\r\nb", "<!-- a -->", "<![CDATA[a]]>", "<?a b?>",
        '<n:V n:V="a"/>', '<V xmlns="urn:x"/>', '<V xmlns:m="urn:m"><m:W/></V>', "<é/>",
        "&quot;&apos;", '<V V="&apos;"/>', "</b ><b>", '<V xml:lang="fr"/>', "<V></V >",
    ],
)  # fmt: skip
def test_what_is_written_otherwise_is_parsed(inside: str) -> None:
    around = 'xmlns:n="urn:n" xmlns:unused="urn:u"'
    if inside == "</b ><b>":
        inside = "</b ><b>x"
    ours, expected = _digests(inside, "UTF-8", around)
    assert ours == expected


@pytest.mark.parametrize("inside", ["<V/>", "<n:V/>", '<V xmlns="">x</V>'])
def test_namespaces_of_the_ancestors_count(inside: str) -> None:
    ours, expected = _digests(inside, around='xmlns="urn:d" xmlns:n="urn:n"')
    assert ours == expected
    assert ours != _digests(inside, around='xmlns="urn:other" xmlns:n="urn:m"')[0]


def test_a_long_element_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = "".join(f'<V V="é{rank}"/><W>{rank}</W>\n' for rank in range(2_000))
    expected = _digests(inside, "ISO-8859-1")
    monkeypatch.setattr(plain, "_parsed_digest", lambda *_: b"")
    for size in (7, 64, 1_000, 40_000):
        monkeypatch.setattr(plain, "_CHUNK", size)
        assert _digests(inside, "ISO-8859-1")[0] == expected[1] == expected[0]


@pytest.mark.parametrize("octet", range(0x80, 0x100))
@pytest.mark.parametrize("encoding", ["ISO-8859-1", "ISO-8859-15", "windows-1252"])
def test_every_letter_of_the_old_encodings(octet: int, encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?><r><b Id="B">'.encode()
    content += bytes([octet]) + b"</b></r>"
    try:
        root = parse_untrusted(content)
    except FaultError:
        return  # a letter that this encoding lacks
    found = outline_of(content, ["B"])
    place = found.places["B"]
    ours = element_digest(content[place.start : place.stop], encoding=found.encoding, namespaces={})
    assert ours == hashlib.sha256(canonical(root[0])).digest()


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(FaultError) as caught:
        element_digest(b'<b><n:x xmlns:n="relatif"/></b>', encoding="UTF-8", namespaces={})
    assert caught.value.faults.codes == ("SIG-CANONICAL",)


def test_an_element_whose_form_would_take_minutes_is_refused() -> None:
    attributes = " ".join(f'a{rank}="1"' for rank in range(1_001))
    with pytest.raises(FaultError) as caught:
        element_digest(f"<b {attributes}/>".encode(), encoding="UTF-8", namespaces={})
    assert caught.value.faults.codes == ("XML-EXCESS",)


_WORDS = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=6).map(
    lambda text: re.sub("[<&>\"']", "", text)
)
_PARTS = st.one_of(
    _WORDS,
    _WORDS.map(lambda text: f'<V V="{text}"/>'),
    _WORDS.map(lambda text: f'<V V="{text}">{text}</V>'),
    st.sampled_from(
        [
            "<a>",
            "</a>",
            "<b/>",
            "<a b='1'/>",
            '<a b="1" a="2">',
            '<a a="1" b="2"/>',
            "&amp;",
            "&gt;",
            "&quot;",
            '<a V="&gt;"/>',
            "\r",
            "\n",
            "\t",
            "<!---->",
            "<![CDATA[<]]>",
            "<?p?>",
            "<n:a/>",
            '<a n:b="1"/>',
            '<a xmlns="urn:x"/>',
            "<a />",
            "<a\n/>",
            '<a V="\n"/>',
            "/>",
            ">",
            "'",
            '"',
            "]]&gt;",
            '<a V="/"/>',
            '<a V="a/>"/>',
            "<a.b-c/>",
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(_PARTS, max_size=12), encoding=st.sampled_from(["UTF-8", "ISO-8859-1"]))
def test_whatever_the_element(parts: list[str], encoding: str) -> None:
    try:
        ours, expected = _digests("".join(parts), encoding, 'xmlns:n="urn:n"')
    except FaultError:
        return  # not XML
    assert ours == expected
