"""Cutting long lists, and finding in the whole what was seen in a part."""

import pytest
from lxml import etree

from demat.schemas.slices import HEAD, WIDTH, element_at, slices, whole


def document(*, items: int, others: int = 3) -> etree._Element:
    root = etree.Element("{urn:t}root", nsmap={"t": "urn:t"})
    root.set("Id", "a")
    etree.SubElement(root, "head").text = "kept"
    box = etree.SubElement(root, "box")
    for number in range(items):
        etree.SubElement(box, "item", V=str(number))
        if number < others:
            etree.SubElement(box, "other", V=str(number))
    etree.SubElement(root, "tail")
    return root


def ranks(part: etree._Element, name: str = "item") -> list[int]:
    return [int(node.get("V", "")) for node in part.iter(name)]


@pytest.mark.parametrize("items", [0, 1, HEAD])
def test_a_short_list_is_not_cut(items):
    assert list(slices(document(items=items))) == []


@pytest.mark.parametrize("items", [HEAD + 1, HEAD + WIDTH, HEAD + WIDTH + 1, HEAD + 3 * WIDTH])
def test_slices_hold_every_item_once_and_in_order(items):
    seen = [rank for part in slices(document(items=items)) for rank in ranks(part.root)]
    assert seen == list(range(items))


def test_the_first_slice_is_the_head_of_the_list():
    first = next(slices(document(items=5000)))
    assert ranks(first.root) == list(range(HEAD))


def test_a_slice_keeps_all_the_rest_of_the_document():
    root = document(items=HEAD + 1)
    last = list(slices(root))[-1]
    for item in root.findall("box/item")[:HEAD]:
        item.getparent().remove(item)
    assert etree.tostring(last.root) == etree.tostring(root)


def test_a_list_that_is_exhausted_is_represented_by_its_head():
    root = document(items=HEAD + WIDTH + 1, others=HEAD + 1)
    assert [len(ranks(part.root, "other")) for part in slices(root)] == [HEAD, 1, HEAD]


def test_the_document_is_left_as_it_was():
    root = document(items=HEAD + 1)
    before = etree.tostring(root)
    list(slices(root))
    assert etree.tostring(root) == before


def test_an_element_of_a_slice_is_found_in_the_whole():
    root = document(items=HEAD + WIDTH + 5)
    last = list(slices(root))[-1]
    assert last.locate("/t:root/box/item[4]").get("V") == str(HEAD + WIDTH + 3)
    assert last.locate("/t:root/box/other[2]") is root.findall("box/other")[1]
    assert last.locate("/t:root") is root


def test_the_whole_finds_its_own_elements():
    root = document(items=2)
    assert whole(root).locate("/t:root/box/item[2]") is root.findall("box/item")[1]


def test_element_at_understands_a_default_namespace_where_ranks_count_all_siblings():
    root = etree.fromstring('<a xmlns="urn:t" xmlns:p="urn:p"><b/><c/><p:d/><c xmlns=""/></a>')
    assert element_at(root, "/*") is root
    assert element_at(root, "/*/*[2]") is root[1]
    assert element_at(root, "/*/p:d") is root[2]
    assert element_at(root, "/*/c") is root[3]
