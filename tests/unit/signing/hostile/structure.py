"""Hostile documents whose structure lies: wrapping, Ids, references, transforms.

Measured on the same documents (``measurements.md`` §2, and ``test_hostile.py`` for some):

====================================================  =======  =======  ======
hostile document                                      signxml  xmlsec1  demat
====================================================  =======  =======  ======
signed bordereau moved away, forged one in its place  accepts  accepts  refuses
signature placed inside the forged bordereau          accepts  accepts  refuses
same value under ``ID`` elsewhere                     accepts  accepts  refuses
unknown transform, validly signed                     accepts  refuses  refuses
document type declaration                             refuses  accepts  refuses
====================================================  =======  =======  ======

Of 276 documents of the corpus (the large ones left out), xmlsec1 1.2.37 finds 130 right and signxml
5.2.0, given the certificate, 107: places, claims and chains are not theirs to judge.
"""

import copy
from collections.abc import Callable

from lxml import etree

from demat.signing.algorithms import DS, ENVELOPED, EXCLUSIVE
from tests.unit.signing.factory import NAMESPACE
from tests.unit.signing.hostile.workshop import (
    Workshop,
    ds,
    first,
    forgeries,
    hostile,
    resign,
    spoiled,
    write,
)

FORGED = '<Bordereau Id="F"><BlocBordereau><Objet V="1 000 000"/></BlocBordereau></Bordereau>'
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"


def element(text: str) -> etree._Element:
    return etree.fromstring(text)


def bordereau(root: etree._Element) -> etree._Element:
    return next(root.iter("Bordereau"))


def domain(root: etree._Element) -> etree._Element:
    return root.find("PES_DepenseAller")


def replaced(root: etree._Element, decoy: str) -> etree._Element:
    """Put a decoy in the place of the signed bordereau; return the latter, cut off."""
    signed = bordereau(root)
    signed.getparent().replace(signed, element(decoy))
    return signed


# --------------------------------------------------------------------------------- wrapping


@hostile("wrapping", "SIG-UNSIGNED")
def moved_to_the_attachments(shop: Workshop) -> bytes:
    root = shop.genuine()
    etree.SubElement(root, "PES_PJ").append(replaced(root, FORGED))
    return write(root)


@hostile("wrapping", "SIG-DUPLICATE_ID")
def moved_and_replaced_under_the_same_id(shop: Workshop) -> bytes:
    root = shop.genuine()
    place = etree.SubElement(root, "PES_RecetteAller")
    place.append(replaced(root, FORGED.replace('"F"', '"B1"')))
    return write(root)


@hostile("wrapping", "SIG-UNSIGNED")
def moved_and_replaced_without_id(shop: Workshop) -> bytes:
    root = shop.genuine()
    etree.SubElement(root, "PES_PJ").append(replaced(root, FORGED.replace(' Id="F"', "")))
    return write(root)


@hostile("wrapping", "SIG-UNSIGNED")
def moved_to_another_domain(shop: Workshop) -> bytes:
    root = shop.genuine()
    etree.SubElement(root, "PES_RecetteAller").append(replaced(root, FORGED))
    return write(root)


@hostile("wrapping", "SIG-UNSIGNED")
def moved_before_the_domain(shop: Workshop) -> bytes:
    root = shop.genuine()
    holder = element("<PES_RecetteAller/>")
    holder.append(replaced(root, FORGED))
    root.insert(0, holder)
    return write(root)


@hostile("wrapping", "SIG-REFERENCE")
def signature_in_the_forged_and_signed_one_away(shop: Workshop) -> bytes:
    """The first wrapping of McIntosh and Austel: the signature stays where it is looked for."""
    root = shop.genuine()
    signature = first(root)
    signed = replaced(root, FORGED)
    bordereau(root).append(signature)
    etree.SubElement(root, "PES_PJ").append(signed)
    return write(root)


@hostile("wrapping", "SIG-REFERENCE")
def signed_one_in_the_object_of_the_forged(shop: Workshop) -> bytes:
    root = shop.genuine()
    signature = first(root)
    signed = replaced(root, FORGED)
    bordereau(root).append(signature)
    etree.SubElement(signature, ds("Object")).append(signed)
    return write(root)


@hostile("wrapping", "SIG-PLACE")
def whole_signed_one_in_an_object_of_the_forged(shop: Workshop) -> bytes:
    root = shop.genuine()
    signed = replaced(root, FORGED)
    shell = etree.SubElement(bordereau(root), ds("Signature"))
    etree.SubElement(shell, ds("Object")).append(signed)
    return write(root)


@hostile("wrapping", "SIG-PLACE")
def signed_one_inside_the_forged(shop: Workshop) -> bytes:
    root = shop.genuine()
    signed = replaced(root, FORGED)
    bordereau(root).append(signed)
    return write(root)


@hostile("wrapping", "SIG-REFERENCE")
def signature_and_signed_one_inside_the_forged(shop: Workshop) -> bytes:
    root = shop.genuine()
    signature = first(root)
    signed = replaced(root, FORGED)
    bordereau(root).extend([signed, signature])
    return write(root)


def _smuggle(path: str) -> Callable[[etree._Element], object]:
    """Put a forged bordereau inside the signature, where the digest does not look."""

    def edit(root: etree._Element) -> None:
        place = first(root) if path == "." else first(root).find(path)
        assert place is not None
        place.append(element(FORGED))

    return edit


def _in_a_new_object(root: etree._Element) -> None:
    etree.SubElement(first(root), ds("Object")).append(element(FORGED))


def _in_unsigned_properties(root: etree._Element) -> None:
    block = first(root).find(".//{*}QualifyingProperties")
    assert block is not None
    namespace = etree.QName(block).namespace
    inner = etree.SubElement(block, f"{{{namespace}}}UnsignedProperties")
    etree.SubElement(inner, f"{{{namespace}}}UnsignedSignatureProperties").append(element(FORGED))


def _wrapped_in(name: str) -> Callable[[etree._Element], object]:
    def edit(root: etree._Element) -> None:
        signed = bordereau(root)
        parent = signed.getparent()
        holder = etree.SubElement(parent, name)
        holder.append(signed)

    return edit


def _under_a_root(root: etree._Element) -> etree._Element:
    outer = etree.Element("Enveloppe")
    outer.append(root)
    return outer


def _under_itself(root: etree._Element) -> etree._Element:
    outer = etree.Element(f"{{{NAMESPACE}}}PES_Aller", Id="P0")
    outer.append(root)
    return outer


def _domain_becomes(name: str) -> Callable[[etree._Element], object]:
    def edit(root: etree._Element) -> None:
        domain(root).tag = name

    return edit


def _sibling_of_the_bordereau(root: etree._Element) -> None:
    domain(root).append(first(root))


def _signature_to(path: str) -> Callable[[etree._Element], object]:
    def edit(root: etree._Element) -> None:
        signature = first(root)
        place = root if path == "." else root.find(path)
        assert place is not None
        place.append(signature)

    return edit


def _hidden_in_a_comment(root: etree._Element) -> None:
    text = etree.tostring(replaced(root, FORGED), encoding="unicode").replace("--", "- ")
    domain(root).append(etree.Comment(text))


def _signature_in_a_comment(root: etree._Element) -> None:
    signature = first(root)
    text = etree.tostring(signature, encoding="unicode").replace("--", "- ")
    signature.getparent().replace(signature, etree.Comment(text))


def _signature_in_an_instruction(root: etree._Element) -> None:
    signature = first(root)
    text = etree.tostring(signature, encoding="unicode").replace("?>", ">")
    signature.getparent().replace(signature, etree.PI("ds", text))


def _signed_one_as_text(root: etree._Element) -> None:
    text = etree.tostring(replaced(root, FORGED), encoding="unicode")
    etree.SubElement(root, "PES_PJ").text = etree.CDATA(text)  # type: ignore[assignment]


def _look_alike(namespace: str) -> Callable[[etree._Element], object]:
    def edit(root: etree._Element) -> None:
        for node in first(root).iter("*"):
            if node.tag.startswith(f"{{{DS}}}"):
                node.tag = f"{{{namespace}}}{etree.QName(node).localname}"

    return edit


def _copied_beside(root: etree._Element) -> None:
    domain(root).append(copy.deepcopy(bordereau(root)))


def _forged(place: int) -> Callable[[etree._Element], object]:
    return lambda root: domain(root).insert(place, element(FORGED))


def _forged_in_a_namespace(root: etree._Element) -> None:
    domain(root).append(element('<x:Bordereau xmlns:x="urn:x" Id="F"/>'))


def _second_signature(root: etree._Element) -> None:
    text = etree.tostring(first(root), with_tail=False).replace(b"B1_", b"C1_")
    bordereau(root).append(etree.fromstring(text))


def _signature_inside(root: etree._Element) -> None:
    text = etree.tostring(first(root), with_tail=False).replace(b"B1_", b"C1_")
    first(root).find(ds("Object")).append(etree.fromstring(text))


def _nested_in_a_piece(root: etree._Element) -> None:
    root.find(".//Piece").append(element(FORGED))


spoiled(
    "wrapping",
    {
        "forged_in_a_new_object": ("SIG-STRUCTURE", _in_a_new_object),
        "forged_in_the_object": ("SIG-STRUCTURE", _smuggle(ds("Object"))),
        "forged_in_the_signature": ("SIG-STRUCTURE", _smuggle(".")),
        "forged_in_the_key_info": ("SIG-STRUCTURE", _smuggle(ds("KeyInfo"))),
        "forged_in_the_x509_data": ("SIG-STRUCTURE", _smuggle(f".//{ds('X509Data')}")),
        "forged_in_the_value": ("SIG-BASE64", _smuggle(ds("SignatureValue"))),
        "forged_in_the_unsigned_properties": ("SIG-STRUCTURE", _in_unsigned_properties),
        "wrapped_in_an_unknown_element": ("SIG-PLACE", _wrapped_in("Vide")),
        "wrapped_in_a_known_element": ("SIG-PLACE", _wrapped_in("Piece")),
        "domain_unknown": ("SIG-PLACE", _domain_becomes("PES_AutreAller")),
        "domain_of_attachments": ("SIG-PLACE", _domain_becomes("PES_PJ")),
        "domain_in_a_namespace": ("SIG-PLACE", _domain_becomes("{urn:x}PES_DepenseAller")),
        "root_under_another": ("SIG-PLACE", _under_a_root),
        "root_under_itself": ("SIG-PLACE", _under_itself),
        "signature_beside_the_bordereau": ("SIG-PLACE", _sibling_of_the_bordereau),
        "signature_on_the_root": ("SIG-REFERENCE", _signature_to(".")),
        "signature_deeper": ("SIG-PLACE", _signature_to(".//BlocBordereau")),
        "signature_in_a_piece": ("SIG-PLACE", _signature_to(".//Piece")),
        "signed_one_in_a_comment": ("SIG-UNSIGNED", _hidden_in_a_comment),
        "signature_in_a_comment": ("SIG-UNSIGNED", _signature_in_a_comment),
        "signature_in_an_instruction": ("SIG-UNSIGNED", _signature_in_an_instruction),
        "signed_one_as_text": ("SIG-UNSIGNED", _signed_one_as_text),
        "signature_of_another_namespace": ("SIG-UNSIGNED", _look_alike(DS.rstrip("#"))),
        "signature_of_dsig_1_1": ("SIG-UNSIGNED", _look_alike("http://www.w3.org/2009/xmldsig11#")),
        "signed_one_twice": ("SIG-DUPLICATE_ID", _copied_beside),
        "forged_before": ("SIG-UNSIGNED", _forged(0)),
        "forged_after": ("SIG-UNSIGNED", _forged(1)),
        "forged_in_a_namespace": ("SIG-UNSIGNED", _forged_in_a_namespace),
        "second_signature": ("SIG-SEVERAL", _second_signature),
        "signature_inside_a_signature": ("SIG-PROPERTIES", _signature_inside),
        "forged_in_a_piece": ("SIG-DIGEST", _nested_in_a_piece),
    },
)


@hostile("wrapping", "SIG-REFERENCE")
def signatures_exchanged(shop: Workshop) -> bytes:
    root = shop.genuine(2)
    one, two = (node[-1] for node in root.iter("Bordereau"))
    places = one.getparent(), two.getparent()
    places[0].append(two)
    places[1].append(one)
    return write(root)


@hostile("wrapping", "SIG-UNSIGNED")
def one_signature_taken_away(shop: Workshop) -> bytes:
    root = shop.genuine(2)
    first(root).getparent().remove(first(root))
    return write(root)


@hostile("wrapping", "SIG-DIGEST")
def whole_file_signed_and_a_bordereau_changed(shop: Workshop) -> bytes:
    root = shop.genuine(2, ["P1"])
    root.find(".//IdPce").set("V", "9")
    return write(root)


@hostile("wrapping", "SIG-DIGEST")
def whole_file_signed_and_a_bordereau_added(shop: Workshop) -> bytes:
    root = shop.genuine(1, ["P1"])
    domain(root).append(element(FORGED))
    return write(root)


@hostile("wrapping", "SIG-STRUCTURE")
def whole_file_signed_and_a_domain_smuggled(shop: Workshop) -> bytes:
    root = shop.genuine(1, ["P1"])
    smuggled = etree.SubElement(etree.SubElement(first(root), ds("Object")), "PES_RecetteAller")
    smuggled.append(element(FORGED))
    return write(root)


# -------------------------------------------------------------------------------------- ids


def _id_elsewhere(name: str) -> Callable[[etree._Element], object]:
    return lambda root: domain(root).set(name, "B1")


def _id_of(path: str, value: str) -> Callable[[etree._Element], object]:
    return lambda signature: signature.find(path).set("Id", value)


spoiled(
    "ids",
    {
        "id_twice": ("SIG-DUPLICATE_ID", _id_elsewhere("Id")),
        "id_in_capitals": ("SIG-DUPLICATE_ID", _id_elsewhere("ID")),
        "id_in_small_letters": ("SIG-DUPLICATE_ID", _id_elsewhere("id")),
        "id_of_xml": ("SIG-DUPLICATE_ID", _id_elsewhere(
            "{http://www.w3.org/XML/1998/namespace}id")),
        "id_in_a_namespace": ("SIG-DUPLICATE_ID", _id_elsewhere("{urn:x}Id")),
        "id_of_the_signature_twice": (
            "SIG-DUPLICATE_ID", lambda root: domain(root).set("Id", "B1_SIG_1")),
        "id_of_the_properties_twice": (
            "SIG-DUPLICATE_ID", lambda root: domain(root).set("Id", "B1_SIG_1_SP")),
        "id_taken_away": ("SIG-REFERENCE", lambda root: bordereau(root).attrib.pop("Id")),
        "id_renamed": ("SIG-REFERENCE", lambda root: bordereau(root).set("Id", "B2")),
        "id_with_a_blank": ("SIG-REFERENCE", lambda root: bordereau(root).set("Id", "B1 ")),
        "id_under_another_name": ("SIG-REFERENCE", lambda root: bordereau(root).set(
            "ID", bordereau(root).attrib.pop("Id"))),
        "signature_without_id": ("SIG-TARGET", lambda root: first(root).attrib.pop("Id")),
    },
)  # fmt: skip


# ------------------------------------------------------------------------------- references


def _reference(rank: int) -> str:
    return f"{ds('SignedInfo')}/{ds('Reference')}[{rank}]"


def _uri(rank: int, uri: str | None) -> Callable[[etree._Element], object]:
    def edit(signature: etree._Element) -> None:
        node = signature.find(_reference(rank))
        if uri is None:
            node.attrib.pop("URI")
        else:
            node.set("URI", uri)

    return edit


def _drop(path: str) -> Callable[[etree._Element], object]:
    def edit(signature: etree._Element) -> None:
        node = signature.find(path)
        node.getparent().remove(node)

    return edit


def _no_reference(signature: etree._Element) -> None:
    for _ in range(2):
        _drop(_reference(1))(signature)


def _more_references(count: int, uri: str) -> Callable[[etree._Element], object]:
    def edit(signature: etree._Element) -> None:
        model = signature.find(_reference(1))
        for _ in range(count):
            node = copy.deepcopy(model)
            node.set("URI", uri)
            model.addnext(node)

    return edit


def _manifest(signature: etree._Element) -> None:
    """Sign a list of references that nobody has to check."""
    reference = signature.find(_reference(1))
    listed = etree.SubElement(signature.find(ds("Object")), ds("Manifest"), Id="M1")
    listed.append(copy.deepcopy(reference))
    reference.set("URI", "#M1")
    reference.set("Type", DS + "Manifest")


def _an_object_instead(signature: etree._Element) -> None:
    etree.SubElement(signature, ds("Object"), Id="O1").text = "rien"
    signature.find(_reference(1)).set("URI", "#O1")


forgeries(
    "references",
    {
        "reference_to_everything": ("SIG-REFERENCE", _uri(1, "")),
        "reference_to_nothing": ("SIG-REFERENCE", _uri(1, "#")),
        "reference_without_uri": ("SIG-REFERENCE", _uri(1, None)),
        "reference_by_xpointer": ("SIG-REFERENCE", _uri(1, "#xpointer(/)")),
        "reference_by_xpointer_id": ("SIG-REFERENCE", _uri(1, "#xpointer(id('B1'))")),
        "reference_on_the_web": ("SIG-REFERENCE", _uri(1, "http://exemple.invalid/a.xml#B1")),
        "reference_to_a_file": ("SIG-REFERENCE", _uri(1, "file:///etc/hostname")),
        "reference_to_the_root": ("SIG-REFERENCE", _uri(1, "#P1")),
        "reference_percent_encoded": ("SIG-REFERENCE", _uri(1, "#%42%31")),
        "reference_with_a_blank": ("SIG-REFERENCE", _uri(1, "#B1 ")),
        "reference_to_the_signature": ("SIG-REFERENCE", _uri(1, "#B1_SIG_1")),
        "reference_to_the_properties_twice": ("SIG-REFERENCE", _uri(1, "#B1_SIG_1_SP")),
        "reference_to_the_block_of_properties": ("SIG-REFERENCE", _uri(2, "#B1_SIG_1_QI")),
        "reference_to_the_bordereau_twice": ("SIG-REFERENCE", _uri(2, "#B1")),
        "references_none": ("SIG-REFERENCES", _no_reference),
        "reference_to_the_bordereau_missing": ("SIG-REFERENCES", _drop(_reference(1))),
        "reference_to_the_properties_missing": ("SIG-REFERENCES", _drop(_reference(2))),
        "references_three": ("SIG-REFERENCES", _more_references(1, "#B1_SIG_1_KI")),
        "references_repeated": ("SIG-REFERENCES", _more_references(1, "#B1")),
        "references_ten_thousand": ("SIG-REFERENCES", _more_references(10_000, "#B1")),
        "reference_through_a_manifest": ("SIG-REFERENCE", _manifest),
        "reference_to_an_object": ("SIG-REFERENCE", _an_object_instead),
        "reference_of_type_manifest": ("SIG-REFERENCE", lambda signature: signature.find(
            _reference(1)).set("Type", DS + "Manifest")),
        "reference_of_another_type": ("SIG-REFERENCE", lambda signature: signature.find(
            _reference(2)).set("Type", "urn:x")),
    },
)  # fmt: skip


@hostile("references", "SIG-REFERENCE")
def reference_to_a_piece(shop: Workshop) -> bytes:
    root = shop.genuine()
    root.find(".//Piece").set("Id", "Q1")
    first(root).find(_reference(1)).set("URI", "#Q1")
    resign(first(root), shop.signer.sign)
    return write(root)


@hostile("references", "SIG-REFERENCE")
def reference_to_the_other_bordereau(shop: Workshop) -> bytes:
    root = shop.genuine(2)
    first(root).find(_reference(1)).set("URI", "#B2")
    resign(first(root), shop.signer.sign)
    return write(root)


# ------------------------------------------------------------------------------- transforms


def _chain(*steps: str, inner: str = "", rank: int = 1) -> Callable[[etree._Element], object]:
    """Replace the transforms of a reference; the last one gets a parameter."""

    def edit(signature: etree._Element) -> None:
        chain = signature.find(f"{_reference(rank)}/{ds('Transforms')}")
        for node in list(chain):
            chain.remove(node)
        for step in steps:
            node = etree.SubElement(chain, ds("Transform"), Algorithm=step)
        if inner:
            node.append(element(inner))

    return edit


def _prefixes(path: str) -> Callable[[etree._Element], object]:
    return lambda signature: etree.SubElement(
        signature.find(path), f"{{{EXCLUSIVE}}}InclusiveNamespaces", PrefixList="n #default"
    )


def _method(path: str, algorithm: str) -> Callable[[etree._Element], object]:
    return lambda signature: signature.find(path).set("Algorithm", algorithm)


_NONE = f'<XPath xmlns="{DS}">ancestor-or-self::BlocBordereau</XPath>'
_SHEET = (
    '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform">'
    '<x:template match="/"><x:copy-of select="document(\'file:///etc/hostname\')"/>'
    "</x:template></x:stylesheet>"
)
_INTERSECT = f'<XPath xmlns="{FILTER}" Filter="intersect">//BlocBordereau</XPath>'
_BASE64 = DS + "base64"
_DECRYPT = "http://www.w3.org/2002/07/decrypt#XML"

forgeries(
    "transforms",
    {
        "transform_xpath": ("SIG-TRANSFORM", _chain(ENVELOPED, XPATH, inner=_NONE)),
        "transform_xpath_after": (
            "SIG-TRANSFORM", _chain(ENVELOPED, EXCLUSIVE, XPATH, inner=_NONE)),
        "transform_xpath_filter": ("SIG-TRANSFORM", _chain(ENVELOPED, FILTER, inner=_INTERSECT)),
        "transform_xslt": ("SIG-TRANSFORM", _chain(ENVELOPED, XSLT, inner=_SHEET)),
        "transform_xslt_alone": ("SIG-TRANSFORM", _chain(XSLT, inner=_SHEET)),
        "transform_base64": ("SIG-TRANSFORM", _chain(ENVELOPED, _BASE64)),
        "transform_decrypt": ("SIG-TRANSFORM", _chain(ENVELOPED, _DECRYPT)),
        "transform_unknown": ("SIG-TRANSFORM", _chain(ENVELOPED, EXCLUSIVE, "urn:inconnu")),
        "transform_without_name": ("SIG-TRANSFORM", _chain(ENVELOPED, "")),
        "transforms_in_the_other_order": ("SIG-TRANSFORM", _chain(EXCLUSIVE, ENVELOPED)),
        "transforms_repeated": ("SIG-TRANSFORM", _chain(ENVELOPED, ENVELOPED, EXCLUSIVE)),
        "transforms_none": ("SIG-TRANSFORM", _chain()),
        "transforms_thousands": ("SIG-TRANSFORM", _chain(*[EXCLUSIVE] * 5000)),
        "transform_enveloped_missing": ("SIG-TRANSFORM", _chain(EXCLUSIVE)),
        "transform_enveloped_alone": ("SIG-TRANSFORM", _chain(ENVELOPED)),
        "transform_inclusive": ("SIG-TRANSFORM", _chain(ENVELOPED, INCLUSIVE)),
        "transform_inclusive_1_1": ("SIG-TRANSFORM", _chain(ENVELOPED, INCLUSIVE_11)),
        "transform_inclusive_with_comments": (
            "SIG-TRANSFORM", _chain(ENVELOPED, INCLUSIVE + "#WithComments")),
        "transform_with_prefixes": (
            "SIG-TRANSFORM", _prefixes(f"{_reference(1)}/{ds('Transforms')}/{ds('Transform')}[2]")),
        "transform_of_the_properties": ("SIG-TRANSFORM", _chain(XPATH, inner=_NONE, rank=2)),
        "transform_of_the_properties_inclusive": ("SIG-TRANSFORM", _chain(INCLUSIVE, rank=2)),
        "canonical_form_inclusive": (
            "SIG-ALGORITHM", _method(f".//{ds('CanonicalizationMethod')}", INCLUSIVE)),
        "canonical_form_1_1": (
            "SIG-ALGORITHM", _method(f".//{ds('CanonicalizationMethod')}", INCLUSIVE_11)),
        "canonical_form_of_a_minimal_kind": (
            "SIG-ALGORITHM", _method(f".//{ds('CanonicalizationMethod')}", DS + "minimal")),
        "canonical_form_with_prefixes": (
            "SIG-ALGORITHM", _prefixes(f".//{ds('CanonicalizationMethod')}")),
    },
)  # fmt: skip
