"""When two PES documents are the same: what ``demat.helios.full_read`` promises to keep."""

from lxml import etree

NAMESPACE = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
DSIG = "http://www.w3.org/2000/09/xmldsig#"


def canonical(content: bytes) -> bytes:
    """Return the exclusive C14N of a document, without comments, processing instructions and
    blanks between the elements of the norm; a signature keeps its blanks."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(content, parser)
    for node in root.iter("*"):
        signed = any(one.tag.startswith(f"{{{DSIG}}}") for one in (node, *node.iterancestors()))
        if len(node) and not signed:
            node.text = _without_blanks(node.text)
            for child in node:
                child.tail = _without_blanks(child.tail)
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def _without_blanks(text: str | None) -> str | None:
    return text if text and text.strip() else None
