"""How the other side writes its XML: declared encoding first, references for what it lacks."""

from lxml import etree

from demat.xmlio import Element

__all__ = ["xml_bytes"]


def xml_bytes(root: Element, *, encoding: str = "ISO-8859-1", indented: bool = False) -> bytes:
    """Return the document as bytes, with its declaration."""
    text = etree.tostring(root, encoding="unicode", pretty_print=indented)
    document = f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'
    return document.encode(encoding, "xmlcharrefreplace")
