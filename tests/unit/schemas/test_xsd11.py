"""The schema in XSD 1.1 has the last word on what libxml2 refuses, and only on that."""

from pathlib import Path

import pytest
from lxml import etree

from demat.schemas import xsd11
from demat.schemas.catalogue import DOCBUDG, Catalogue
from demat.schemas.second_opinion import second_opinion
from demat.schemas.validate import validate
from demat.schemas.xsd11 import accepts
from fixtures.budget import budget_xml

CODE = b'<CodeEditeur V="LOGICIEL FICTIF"/>'


def schema() -> Path:
    found = Catalogue.default().find(etree.QName(DOCBUDG, "DocumentBudgetaire"))
    assert found is not None
    assert found.path_11 is not None
    return found.path_11


def with_bloc(bloc: bytes) -> bytes:
    content = budget_xml()
    assert CODE in content
    return content.replace(CODE, bloc)


@pytest.mark.parametrize(
    ("bloc", "valid"),
    [
        (CODE, True),
        (CODE + b"<CodeEditeur/>", True),
        (b"<CodeEditeur/>", False),
    ],
)
def test_a_wildcard_beside_an_element(bloc: bytes, valid: bool) -> None:
    content = with_bloc(bloc)
    assert accepts(schema(), etree.fromstring(content)) is valid
    assert (not validate(content)) is valid


def test_what_libxml2_accepts_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(path: Path, root: etree._Element, *, max_elements: int) -> bool:
        raise AssertionError("asked")

    monkeypatch.setattr(xsd11, "accepts", never)
    assert list(validate(budget_xml())) == []
    with pytest.raises(AssertionError, match="asked"):
        validate(with_bloc(b"<CodeEditeur/>"))


def test_a_document_that_is_too_large_stays_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = with_bloc(CODE + b"<CodeEditeur/>")
    root = etree.fromstring(content)
    count = sum(1 for _ in root.iter("*"))
    assert accepts(schema(), root, max_elements=count)
    assert not accepts(schema(), root, max_elements=count - 1)
    monkeypatch.setattr(xsd11, "MAX_ELEMENTS", count - 1)
    assert validate(content).codes == ("XSD-MISSING_ATTRIBUTE",)


def test_a_document_nested_too_deep_stays_refused() -> None:
    deep = b"<EMPRUNT>" * 1_500 + b"</EMPRUNT>" * 1_500
    content = with_bloc(CODE + b"<CodeEditeur/>")
    content = content.replace(b"</InformationsGenerales>", deep + b"</InformationsGenerales>")
    assert not accepts(schema(), etree.fromstring(content, etree.XMLParser(huge_tree=True)))
    assert validate(content).codes == ("XSD-MISSING_ATTRIBUTE",)


@pytest.mark.parametrize("year", [b"9999999999", b"-9999999999"])
def test_a_year_beyond_counting_stops_nothing(year: bytes) -> None:
    """The norm admits it, libxml2 too; the library of XSD 1.1 cannot count so far."""
    content = budget_xml().replace(b'Exer V="2026"', b'Exer V="' + year + b'"')
    assert not accepts(schema(), etree.fromstring(content))
    assert second_opinion(content) is False
    assert validate(content).codes == ()
    refused = content.replace(b'NatDec V="01"', b'NatDec V="04"')
    assert validate(refused).codes == ("XSD-VALUE",)
