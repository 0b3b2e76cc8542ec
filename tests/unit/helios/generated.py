"""Random PES_Aller documents that our schema accepts: it is walked, element by element.

Every optional element is sometimes there, every value takes the forms that the norm allows for it:
``true`` and ``1``, ``60.0`` and ``+60.00``, empty texts, characters outside ISO-8859-1.
"""

import base64
import gzip
import random
import re
import string
from pathlib import Path

from lxml import etree

import demat.schemas

XSD = Path(demat.schemas.__file__).parent / "resources" / "pes-5.17"
GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "pes"
NAMESPACE = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_ALNUM = string.ascii_letters + string.digits
_SEPA = _ALNUM + "/?:(). ,-+'"
_TEXT = _ALNUM + "éÉàçÿ &<>\"'._-\t€Œ’\u0416\u00a0"


def types() -> dict[str, etree._Element]:
    """Return the named types of our schema for the parts that a test can reach."""
    names = ("types", "commun", "depense", "recette", "pj")
    roots = [etree.parse(XSD / f"{name}.xsd").getroot() for name in names]
    return {node.get("name"): node for root in roots for node in root if node.get("name")}


TYPES = types()


def type_of(element: etree._Element) -> etree._Element:
    """Return the complex type of an element declaration."""
    name = element.get("type")
    return TYPES[name.partition(":")[2]] if name else element.find(f"{_XS}complexType")


def particles(node: etree._Element) -> list[etree._Element]:
    """Return the particles below a type or a group."""
    return [
        one for one in node if one.tag in {f"{_XS}{k}" for k in ("sequence", "choice", "element")}
    ]


class Generator:
    """Makes documents from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test data
        self._ids = 0

    def document(self) -> bytes:
        """Return one valid PES_Aller."""
        self._signed = self._random.random() < 0.8
        prefix = self._random.choice(("n", "n", "pes"))
        nsmap = {prefix: NAMESPACE, "xsi": _XSI[1:-1], "vendeur": "urn:exemple:inutile"}
        root = etree.Element(f"{{{NAMESPACE}}}PES_Aller", nsmap=nsmap)
        self._identify(root)
        if self._maybe(0.2):
            root.set(f"{_XSI}schemaLocation", f"{NAMESPACE} PES_Aller.xsd")
        declared = (
            etree.parse(XSD / "pes_aller.xsd").getroot().find(f"{_XS}element/{_XS}complexType")
        )
        for particle in declared.find(f"{_XS}sequence"):
            self._root_child(root, particle)
        if self._maybe(0.5):
            etree.indent(root)
        if self._maybe(0.3):
            root.insert(1, etree.Comment("fait par un éditeur"))
        encoding = self._random.choice(("ISO-8859-1", "UTF-8"))
        return etree.tostring(root, encoding=encoding, xml_declaration=True)

    def _root_child(self, root: etree._Element, particle: etree._Element) -> None:
        name = particle.get("name")
        if name in {"PES_Facture", "PES_Marche"}:
            if self._maybe(0.15):
                golden = GOLDEN / f"aller_{name[4:].lower()}.xml"
                root.append(etree.parse(golden).getroot().find(name))
        elif name is None:
            self._sign(root, 0.2)
        elif particle.get("minOccurs") != "0" or self._maybe(0.6):
            self._element(root, particle)

    def _maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def _identify(self, node: etree._Element) -> None:
        if self._maybe(0.8):
            self._ids += 1
            node.set("Id", f"{self._random.choice(('ID', 'é', 'Ω'))}{self._ids}")

    def _sign(self, node: etree._Element, chance: float) -> None:
        """A document holds one signature at most: its identifiers are unique."""
        if self._signed and self._maybe(chance):
            self._signed = False
            golden = etree.parse(GOLDEN / "aller_signe.xml").getroot()
            node.append(next(golden.iter(_SIGNATURE)))

    def _element(self, parent: etree._Element, particle: etree._Element) -> None:
        if particle.get("ref"):
            self._sign(parent, 0.5)
            return
        node = etree.SubElement(parent, particle.get("name"))
        declared = type_of(particle)
        if node.tag == "Fichier":
            node.set("MIMEType", self._random.choice(("application/pdf", "", "a  b", "Ж")))
            node.text = self._base64()
            return
        for attribute in declared.findall(f"{_XS}attribute"):
            if attribute.get("name") == "V":
                node.set("V", self.value(attribute.get("type").partition(":")[2]))
            else:
                self._identify(node)
        for one in particles(declared):
            self._particle(node, one)

    def _particle(self, node: etree._Element, particle: etree._Element) -> None:
        least = int(particle.get("minOccurs", "1"))
        most = particle.get("maxOccurs", "1")
        times = self._random.randint(least, least + 1 if most == "unbounded" else int(most))
        for _ in range(times):
            if particle.tag == f"{_XS}element":
                self._element(node, particle)
            elif particle.tag == f"{_XS}choice":
                self._particle(node, self._random.choice(particles(particle)))
            else:
                for one in particles(particle):
                    self._particle(node, one)

    def _base64(self) -> str:
        content = self._random.randbytes(self._random.randint(0, 300))
        packed = gzip.compress(
            content, self._random.randint(0, 9), mtime=self._random.randint(0, 9)
        )
        text = base64.b64encode(self._random.choice((packed, packed, content))).decode("ascii")
        return self._random.choice((text, "\n".join(re.findall(".{1,76}", text)), f" {text}\r\n"))

    # ------------------------------------------------------------------ values

    def value(self, name: str) -> str:
        """Return one valid value of a simple type."""
        node = TYPES[name]
        choices = [one.get("value") for one in node.iter(f"{_XS}enumeration")]
        if choices:
            return self._random.choice(choices)
        kind, size, free = re.fullmatch(r"valeur([A-Za-z]+?)(\d*)(Libre)?", name).groups()
        make = {
            "Annee": self._annee,
            "Booleen": lambda: self._pick("0", "1", "true", "false", " 1 "),
            "Codique": lambda: self._pick("099012", "02A123", "02B1234", "0990123"),
            "CodeBudget": lambda: self._pick("00", "A1", "12"),
            "CodeCollectivite": lambda: self._pick("045", "001", "999"),
            "CodeCommune": lambda: self._pick("01", "123"),
            "CodeDepartement": lambda: self._pick("01", "2A", "75", "974", "988"),
            "CodePays": lambda: self._pick("100", "599"),
            "Bic": lambda: self._pick("DEMOFRPP", "DEMOFRPPXXX"),
            "Iban": lambda: "FR76" + self._some(_ALNUM, 1, 30),
            "LigneOrigine": lambda: self._some(string.digits, 1, 6),
            "NomFichierPJ": lambda: self._worded(_TEXT, 90, None) + self._pick(".pdf", ".7z"),
            "LibelleNaissance": lambda: "A" + self._some("ABC 09'-Œ()", 0, 69),
            "IdentifiantObjet": lambda: "A" + self._some(_ALNUM + "/_", 0, 19),
            "NumeroFacture": lambda: "A" + self._some(_ALNUM + " -/_+", 0, 19),
            "Date": self._date,
            "MontantPositif": lambda: self._montant(12, 1),
            "MontantNonNegatif": lambda: self._montant(12, 0),
            "TauxPositif": lambda: self._montant(3, 1),
            "TauxSousCent": lambda: self._montant(2, 1),
            "Entier": lambda: self._decorated(str(self._random.randint(1, 10 ** int(size) - 1))),
            "Chiffres": lambda: self._some(string.digits, 0, int(size)),
            "TexteSepa": lambda: self._some(_SEPA, 1, int(size)),
            "Alphanum": lambda: self._worded(_ALNUM, int(size), free),
            "Texte": lambda: self._worded(_TEXT, int(size), free),
        }
        return make[kind]()

    def _pick(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _some(self, alphabet: str, least: int, most: int) -> str:
        return "".join(self._random.choices(alphabet, k=self._random.randint(least, most)))

    def _worded(self, alphabet: str, size: int, free: str | None) -> str:
        if free:
            return self._some(alphabet, 0, size)
        return "A" + self._some(alphabet, 0, size - 1)

    def _annee(self) -> str:
        return self._pick("2026", "2026", "0987", "-0044", "12026", "2026Z", "2026+02:00")

    def _date(self) -> str:
        day = f"{self._random.randint(1, 9999):04d}-{self._random.randint(1, 12):02d}-28"
        return self._pick(day, day, day, f"{day}Z", f"{day}-11:30")

    def _montant(self, digits: int, least: int) -> str:
        euros = self._random.randint(least, 10**digits - 1)
        cents = self._pick(".00", ".50", ".5", "", ".07")
        return self._decorated(f"{euros}{cents}")

    def _decorated(self, number: str) -> str:
        """Write a number in one of the forms of ``xs:decimal``."""
        zeros = "0" if "." in number else ".0"
        plain = (number, number, number)
        return self._pick(*plain, f"+{number}", f"00{number}", f" {number} ", f"{number}{zeros}")
