"""Reading back what a TdT packs: the envelope, and the acts that it brings (actes dossier §3)."""

from collections.abc import Callable
from datetime import date

from demat.sandbox.actesxml import INSEE, NS
from demat.sandbox.records import Depot, StoredFile
from demat.sandbox.scenario import Autorite
from demat.xmlio import Element, parse_untrusted

__all__ = ["attribute", "read_acte", "read_envelope"]


def read_envelope(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the SIREN of the sender and the names of the messages.

    :raises FaultError: no XML, or another root.
    """
    root = parse_untrusted(content, root="EnveloppeCLMISILL")
    siren = next((node.get(f"{{{INSEE}}}SIREN", "") for node in _all(root, "IDCL")), "")
    names = (node.findtext(f"{{{NS}}}NomFichier") or "" for node in _all(root, "Formulaire"))
    return str(siren), tuple(names)


def _all(root: Element, name: str) -> list[Element]:
    return list(root.iter(f"{{{NS}}}{name}"))


def attribute(node: Element, name: str) -> str:
    """Return an attribute of the ACTES namespace, empty when absent."""
    return str(node.get(f"{{{NS}}}{name}", ""))


def read_acte(
    root: Element, name: str, autorite: Autorite, stored: Callable[[str], StoredFile]
) -> Depot:
    """Read a message 1-1 back.

    :param name: of the file of the message.
    :param stored: gives each file that it lists, itself first; raises KeyError for a missing one.
    :raises KeyError: a file is missing.
    :raises ValueError: a date or a number is none.
    """
    levels = (_all(root, f"CodeMatiere{level}") for level in range(1, 6))
    names = [name, *(node.text or "" for node in _all(root, "NomFichier"))]
    return Depot(
        autorite=autorite,
        number=attribute(root, "NumeroInterne"),
        decision_date=date.fromisoformat(attribute(root, "Date")),
        nature=int(attribute(root, "CodeNatureActe")),
        matiere=tuple(int(attribute(node, "CodeMatiere")) for level in levels for node in level),
        subject=root.findtext(f"{{{NS}}}Objet") or "",
        document_papier=root.findtext(f"{{{NS}}}DocumentPapier") in ("O", "1"),
        classification_date=date.fromisoformat(
            root.findtext(f"{{{NS}}}ClassificationDateVersion") or ""
        ),
        files=tuple(stored(one) for one in names),
    )
