"""Hostile documents that abuse XML itself: comments, entities, encodings, namespaces, sizes."""

from collections.abc import Callable

from lxml import etree

from demat.signing.algorithms import DS
from tests.unit.signing.hostile.structure import bordereau, element
from tests.unit.signing.hostile.workshop import (
    Workshop,
    add,
    ds,
    first,
    hostile,
    resign,
    spoiled,
    write,
)

# ---------------------------------------------------------------------- text, cut by comments


def _cut(path: str, *, at: int, by: Callable[[str], object] = etree.Comment) -> Callable[..., None]:
    """Cut a text in two: a canonical form joins what a hasty reader does not."""

    def edit(root: etree._Element) -> None:
        node = root.find(path)
        text = node.text or ""
        marker = by("coupe")
        node.text, marker.tail = text[:at], text[at:]  # type: ignore[attr-defined]
        node.insert(0, marker)

    return edit


spoiled(
    "text",
    {
        "comment_in_the_role": ("SIG-COMMENT", _cut(".//{*}ClaimedRole", at=3)),
        "comment_in_the_time": ("SIG-COMMENT", _cut(".//{*}SigningTime", at=4)),
        "comment_in_the_policy": ("SIG-COMMENT", _cut(".//{*}Identifier", at=20)),
        "comment_in_the_issuer": ("SIG-COMMENT", _cut(f".//{ds('X509IssuerName')}", at=9)),
        "comment_in_the_serial": ("SIG-COMMENT", _cut(f".//{ds('X509SerialNumber')}", at=4)),
        "comment_in_a_digest": ("SIG-BASE64", _cut(f".//{ds('DigestValue')}", at=4)),
        "comment_in_the_value": ("SIG-BASE64", _cut(f".//{ds('SignatureValue')}", at=4)),
        "comment_in_the_certificate": ("SIG-BASE64", _cut(f".//{ds('X509Certificate')}", at=4)),
        "instruction_in_the_certificate": (
            "SIG-BASE64", _cut(f".//{ds('X509Certificate')}", at=4, by=etree.PI)),
        "instruction_in_the_role": (
            "SIG-COMMENT", _cut(".//{*}ClaimedRole", at=3, by=etree.PI)),
        "instruction_in_the_bordereau": (
            "SIG-DIGEST", lambda root: bordereau(root).insert(0, etree.PI("montant", "9"))),
        "amount_changed": ("SIG-DIGEST", lambda root: root.find(".//IdPce").set("V", "9")),
        "attribute_added": ("SIG-DIGEST", lambda root: root.find(".//IdPce").set("W", "9")),
        "element_added": (
            "SIG-DIGEST", lambda root: root.find(".//Piece").append(element("<IdPce V='9'/>"))),
        "element_taken_away": (
            "SIG-DIGEST", lambda root: root.find(".//Piece").remove(root.find(".//IdPce"))),
        "blank_added": ("SIG-DIGEST", lambda root: setattr(root.find(".//Piece"), "text", "\n")),
    },
)  # fmt: skip


@hostile("text", "SIG-COMMENT")
def comment_in_the_text_of_the_bordereau(shop: Workshop) -> bytes:
    """« 100 000 » was signed; a reader that stops at the comment sees « 100 »."""
    root = shop.genuine()
    etree.SubElement(root.find(".//Piece"), "Montant").text = "100000"
    resign(first(root), shop.signer.sign)
    _cut(".//Montant", at=3)(root)
    return write(root)


# ------------------------------------------------------------------- declarations and entities


def _with_doctype(
    declarations: str, edit: Callable[[bytes], bytes] = bytes
) -> Callable[..., bytes]:
    def make(shop: Workshop) -> bytes:
        head, body = write(shop.genuine()).split(b"?>\n", 1)
        return head + b"?>\n" + f"<!DOCTYPE x {declarations}>".encode() + edit(body)

    return make


def _put(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old, new)


_BOMB = "".join(
    f'<!ENTITY e{rank} "{f"&e{rank - 1};" * 10 if rank else "ha"}">' for rank in range(12)
)
for _name, _declarations, _edit in (
    ("doctype_empty", "", bytes),
    ("doctype_external", 'SYSTEM "http://exemple.invalid/x.dtd"', bytes),
    ("doctype_of_a_file", 'SYSTEM "file:///etc/hostname"', bytes),
    ("doctype_with_a_default_attribute", '[<!ATTLIST IdPce W CDATA "9">]', bytes),
    ("doctype_with_a_default_id", '[<!ATTLIST Piece Id ID "B1">]', bytes),
    ("doctype_with_an_id_type", "[<!ATTLIST Bordereau Name ID #IMPLIED>]", bytes),
    ("entity_in_an_attribute", '[<!ENTITY e "9">]', _put(b'V="1"', b'V="&e;"')),
    ("entity_in_a_text", '[<!ENTITY e "Adjoint au ">]', _put(b">Maire<", b">&e;Maire<")),
    (
        "entity_external",
        '[<!ENTITY e SYSTEM "file:///etc/hostname">]',
        _put(b"<Piece>", b"<Piece>&e;"),
    ),
    ("entity_parameter", '[<!ENTITY % e SYSTEM "http://exemple.invalid/e.dtd"> %e;]', bytes),
    ("entity_bomb", f"[{_BOMB}]", _put(b"<Piece>", b"<Piece>&e11;")),
    (
        "entity_quadratic",
        f'[<!ENTITY e "{"x" * 100_000}">]',
        _put(b"<Piece>", b"<Piece>" + b"&e;" * 20_000),
    ),
    (
        "entity_recursive",
        '[<!ENTITY e "&f;"><!ENTITY f "&e;">]',
        _put(b"<Piece>", b"<Piece>&e;"),
    ),
):
    add("declarations", _name, "XML-DTD", _with_doctype(_declarations, _edit))


# -------------------------------------------------------------------------------- encodings


def _as(
    encoding: str, declared: str | None = None, mark: bytes = b""
) -> Callable[[Workshop], bytes]:
    """Write the document in an encoding and declare one, perhaps another."""

    def make(shop: Workshop) -> bytes:
        body = etree.tostring(shop.genuine(), encoding="unicode")
        text = f'<?xml version="1.0" encoding="{declared or encoding}"?>\n{body}'
        return mark + text.encode(encoding)

    return make


@hostile("encodings", "SIG-ENCODING")
def encoding_with_shifts(shop: Workshop) -> bytes:
    """UTF-7: what looks like text for one program is a tag for another."""
    body = etree.tostring(shop.genuine(), encoding="us-ascii").replace(b"+", b"+-")
    hidden = "<Piece/>".encode("utf-7")
    body = body.replace(b"</Piece>", b"</Piece>" + hidden)
    return b'<?xml version="1.0" encoding="UTF-7"?>' + body


add("encodings", "encoding_of_mainframes", "XML-ENCODING", _as("cp037"))
add("encodings", "encoding_unknown", "XML-ENCODING", _as("utf-8", "x-inconnu"))
add("encodings", "encoding_declared_wrongly", "SIG-DIGEST", _as("utf-8", "ISO-8859-1"))
add("encodings", "encoding_declared_wide", "XML-", _as("utf-8", "UTF-16"))
add(
    "encodings",
    "encoding_of_four_bytes",
    "SIG-ENCODING",
    _as("utf-32-be", "UTF-32", b"\0\0\xfe\xff"),
)
add("encodings", "mark_of_utf_8_on_latin_1", "XML-", _as("latin-1", None, b"\xef\xbb\xbf"))
add("encodings", "mark_of_utf_16_on_utf_8", "XML-", _as("utf-8", None, b"\xff\xfe"))


@hostile("encodings", "XML-")
def octets_too_long(shop: Workshop) -> bytes:
    """« < » written on two octets, which UTF-8 forbids."""
    content = _as("utf-8")(shop)
    return content.replace(b"<Piece>", b"\xc0\xbcPiece>")


@hostile("encodings", "XML-")
def zero_octet(shop: Workshop) -> bytes:
    return write(shop.genuine()).replace(b"<Piece>", b"<Piece>\0")


@hostile("encodings", "XML-")
def two_documents_in_one(shop: Workshop) -> bytes:
    content = write(shop.genuine())
    return content + content


# ------------------------------------------------------------------------------- namespaces


def _bytes(old: bytes, new: bytes) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        content = write(shop.genuine())
        assert old in content
        return content.replace(old, new)

    return make


for _name, _code, _old, _new in (
    ("default_namespace_on_the_bordereau", "SIG-DIGEST",
     b"<BlocBordereau>", b'<BlocBordereau xmlns="urn:x">'),
    ("default_namespace_on_the_domain", "SIG-PLACE",
     b"<PES_DepenseAller>", b'<PES_DepenseAller xmlns="urn:x">'),
    ("prefix_bound_again", "SIG-",
     b"<ds:KeyInfo ", b'<ds:KeyInfo xmlns:ds="urn:x" '),
    ("prefix_of_the_properties_bound_again", "SIG-",
     b"<xad:SignedProperties ", b'<xad:SignedProperties xmlns:xad="urn:x" '),
    ("prefix_of_xml_in_the_bordereau", "SIG-DIGEST",
     b"<Piece>", b'<Piece xml:space="preserve">'),
    ("namespace_relative", "SIG-CANONICAL",
     b"<Piece>", b'<Piece><n:x xmlns:n="relatif"/>'),
    ("namespace_of_an_unknown_xades", "SIG-PROPERTIES",
     b"http://uri.etsi.org/01903/v1.1.1#", b"http://uri.etsi.org/01903/v1.9.9#"),
):  # fmt: skip
    add("namespaces", _name, _code, _bytes(_old, _new))


# ------------------------------------------------------------------------------------ sizes


@hostile("sizes", "XML-SYNTAX")
def nested_without_end(shop: Workshop) -> bytes:
    deep = b"<a>" * 100_000 + b"</a>" * 100_000
    return write(shop.genuine()).replace(b"<Piece>", b"<Piece>" + deep)


@hostile("sizes", "SIG-DIGEST")
def nested_as_deep_as_can_be_read(shop: Workshop) -> bytes:
    deep = b"<a>" * 2000 + b"</a>" * 2000
    return write(shop.genuine()).replace(b"<Piece>", b"<Piece>" + deep)


@hostile("sizes", "XML-EXCESS")
def a_hundred_thousand_attributes(shop: Workshop) -> bytes:
    many = " ".join(f'a{rank}=""' for rank in range(100_000)).encode()
    return write(shop.genuine()).replace(b"<Piece>", b"<Piece " + many + b">")


def _namespaces(count: int) -> bytes:
    declared = " ".join(f'xmlns:a{rank}="urn:{rank}"' for rank in range(count))
    used = "".join(f"<a{rank}:b/>" for rank in range(count))
    return f"<Piece {declared}>{used}".encode()


@hostile("sizes", "SIG-DIGEST")
def five_thousand_namespaces(shop: Workshop) -> bytes:
    return write(shop.genuine()).replace(b"<Piece>", _namespaces(5000))


@hostile("sizes", "XML-EXCESS")
def thirty_thousand_namespaces(shop: Workshop) -> bytes:
    return write(shop.genuine()).replace(b"<Piece>", _namespaces(30_000))


@hostile("sizes", "XML-EXCESS")
def thirty_thousand_namespaces_of_two_octets(shop: Workshop) -> bytes:
    text = thirty_thousand_namespaces(shop).decode("latin-1").partition("?>")[2]
    return f'<?xml version="1.0" encoding="UTF-16"?>{text}'.encode("utf-16")


@hostile("sizes", "SIG-DIGEST")
def ten_million_letters(shop: Workshop) -> bytes:
    return write(shop.genuine()).replace(b"<Piece>", b"<Piece>" + b"x" * 10_000_000)


@hostile("sizes", "SIG-SEVERAL")
def ten_thousand_signatures(shop: Workshop) -> bytes:
    shell = f'<ds:Signature xmlns:ds="{DS}"/>'.encode()
    return write(shop.genuine()).replace(b"</Bordereau>", shell * 10_000 + b"</Bordereau>")


@hostile("sizes", "SIG-PLACE")
def a_thousand_signatures_one_in_another(shop: Workshop) -> bytes:
    begin, end = f'<ds:Signature xmlns:ds="{DS}">'.encode(), b"</ds:Signature>"
    deep = begin * 1000 + end * 1000
    return write(shop.genuine()).replace(b"</Bordereau>", deep + b"</Bordereau>")


@hostile("sizes", "SIG-UNSIGNED")
def fifty_thousand_bordereaux(shop: Workshop) -> bytes:
    many = b"<Bordereau/>" * 50_000
    return write(shop.genuine()).replace(b"</PES_DepenseAller>", many + b"</PES_DepenseAller>")


@hostile("sizes", "SIG-COMMENT")
def a_hundred_thousand_comments(shop: Workshop) -> bytes:
    root = shop.genuine()
    etree.SubElement(root.find(".//Piece"), "Montant").text = "1" * 100_000
    resign(first(root), shop.signer.sign)
    return write(root).replace(b"1" * 100_000, b"1<!---->" * 100_000)
