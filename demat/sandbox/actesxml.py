"""Elements and attributes of the ACTES namespace, written by the simulators' own hand.

Every attribute is qualified (actes dossier §3.1). Shares no code with the sender's writers.
"""

from collections.abc import Sequence

from lxml import etree

from demat.sandbox.scenario import Autorite
from demat.xmlio import Element

__all__ = ["INSEE", "NS", "add", "echo_enveloppe", "fichier", "root", "set_attributes", "set_siren"]

NS = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
INSEE = "http://xml.insee.fr/schema"
_RETOUR = "retour@tdt-fictif.fr"


def root(name: str, *, insee: bool = False) -> Element:
    """Return a root of the ACTES namespace.

    :param insee: declare the prefix of the SIREN as well.
    """
    prefixes = {"actes": NS, "insee": INSEE} if insee else {"actes": NS}
    return etree.Element(f"{{{NS}}}{name}", nsmap=prefixes)


def add(parent: Element, name: str, text: object = None) -> Element:
    """Append a child, empty when there is no text."""
    child = etree.SubElement(parent, f"{{{NS}}}{name}")
    child.text = None if text is None else str(text)
    return child


def set_attributes(node: Element, **attributes: object) -> None:
    """Set attributes of the ACTES namespace."""
    for name, content in attributes.items():
        node.set(f"{{{NS}}}{name}", str(content))


def set_siren(node: Element, siren: str) -> None:
    """Set the SIREN, which belongs to another namespace."""
    node.set(f"{{{INSEE}}}SIREN", siren)


def fichier(parent: Element, container: str, name: str) -> None:
    """Append a ``FichierSigne`` without signature."""
    add(add(parent, container), "NomFichier", name)


def echo_enveloppe(parent: Element, autorite: Autorite, names: Sequence[str]) -> None:
    """Append the content of an ``EnveloppeCLMISILL``: of one that leaves, or of one refused.

    :param names: message files that it lists.
    """
    idcl = add(add(parent, "Emetteur"), "IDCL")
    set_siren(idcl, autorite.siren)
    set_attributes(
        idcl,
        Departement=autorite.departement,
        Arrondissement=autorite.arrondissement,
        Nature=autorite.nature,
    )
    add(add(parent, "AdressesRetour"), "Email", _RETOUR)
    formulaires = add(parent, "FormulairesEnvoyes")
    for name in names:
        fichier(formulaires, "Formulaire", name)
