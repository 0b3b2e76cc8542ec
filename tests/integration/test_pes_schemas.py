"""The project's own PES 5.17 schemas give the verdicts of the official set (architecture §3).

The official set is the oracle: on the examples of the dossier (helios dossier §3.9, §4.5, §8), on
real files and on mutants of all of them, both must say valid or invalid together. 2,000 mutants at
every run, 50,000 with ``--deep``.
"""

import functools
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from demat.schemas import catalogue
from demat.schemas.validate import is_surely_valid
from tests.conftest import ROOT
from tests.schemas_support.mutants import (
    Vocabulary,
    mutants,
    systematic_mutants,
    vocabulary_of,
)

OWN = ROOT / "demat" / "schemas" / "resources" / "pes-5.17"
GOLDEN = ROOT / "tests" / "golden" / "pes"
XSD = "{http://www.w3.org/2001/XMLSchema}"
MUTANTS = 2_000
"""Mutants compared in one run, shared out among the documents."""
DEEP_MUTANTS = 50_000
"""The same with ``--deep``."""
SLICE = 625
"""Most mutants of one test: the workers share the tests out."""
VALUES_PER_PLACE = 6
"""Drawn values that each attribute of the golden documents takes in the systematic comparison."""
SEED = 517


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """One kind of document and the two schemas that judge it."""

    official: str
    """Path of the official schema under ``official/pes/5.17/PES_V2``."""
    own: str
    """Name of our schema."""


FLOWS = {
    "aller": Flow(official="Rev0/PES_Aller.xsd", own="pes_aller.xsd"),
    "acquit_ancien": Flow(official="Rev0/PES_V2_Acquit_Autonome.xsd", own="acquit.xsd"),
    "acquit_v2": Flow(official="Rev0/PES_V2_Acquit_Autonome_V2.xsd", own="acquit_v2.xsd"),
    "acquit_retour": Flow(official="RETOUR/Rev0/PES_V2_Acquit_Retour.xsd", own="acquit_retour.xsd"),
    "retour": Flow(official="RETOUR/Rev0/PES_Retour.xsd", own="retour.xsd"),
}

GOLDEN_FILES = {
    "aller_recette.xml": "aller",
    "aller_ormc.xml": "aller",
    "aller_depense.xml": "aller",
    "aller_mandat_complet.xml": "aller",
    "aller_signe.xml": "aller",
    "aller_facture.xml": "aller",
    "aller_marche.xml": "aller",
    "acquit_ancien.xml": "acquit_ancien",
    "acquit_v2.xml": "acquit_v2",
    "acquit_retour.xml": "acquit_retour",
    "retour_depense.xml": "retour",
    "retour_complet.xml": "retour",
}

REAL_FILES = {
    "HELIOS_SIMU_ALR2_1496987735_826268894.xml": ("aller", True),
    "HELIOS_SIMU_ALR2_LibelleColBud_avec_accent.xml": ("aller", True),
    "HELIOS_SIMU_RETOUR_1565181244_184723364.xml": ("retour", True),
    "PESALR2_49101169800000_171227_2045.xml": ("aller", False),
    "SHA256_bordereau.xml": ("aller", False),
    "pes_acquit.xml": ("acquit_v2", True),
}

MUTATED_REAL_FILES = (
    "HELIOS_SIMU_ALR2_1496987735_826268894.xml",
    "HELIOS_SIMU_RETOUR_1565181244_184723364.xml",
    "SHA256_bordereau.xml",
    "pes_acquit.xml",
)
"""The small ones: a document of 2 MB would cost the time of all the others."""

DOCUMENTS = {f"golden/{name}": flow for name, flow in GOLDEN_FILES.items()} | {
    f"real/{name}": REAL_FILES[name][0] for name in MUTATED_REAL_FILES
}


@functools.cache
def compiled(path: Path) -> etree.XMLSchema:
    """Return a compiled schema; what it imports is read beside it, never from the network."""
    return etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True)))


def official(shared: Path, flow: str) -> etree.XMLSchema:
    return compiled(shared / "official" / "pes" / "5.17" / "PES_V2" / FLOWS[flow].official)


def own(flow: str) -> etree.XMLSchema:
    return compiled(OWN / FLOWS[flow].own)


def load(shared: Path, document: str) -> etree._ElementTree:
    """Read ``golden/NAME`` or ``real/NAME``."""
    kind, name = document.split("/", 1)
    folder = GOLDEN if kind == "golden" else shared / "real" / "helios"
    return etree.parse(folder / name, etree.XMLParser(huge_tree=True, no_network=True))


def errors(schema: etree.XMLSchema, document: etree._ElementTree | etree._Element) -> list[str]:
    """Return the errors of a document as ``line kind path message``."""
    schema.validate(document)
    return [
        f"{error.line} {error.type_name} {error.path} {error.message}" for error in schema.error_log
    ]


@functools.cache
def vocabulary(shared: Path) -> Vocabulary:
    """Return the words and the limits of both schema sets, read once."""
    return vocabulary_of(OWN, shared / "official" / "pes" / "5.17" / "PES_V2")


def shares(total: int) -> list[tuple[str, str, int, int]]:
    """Share mutants out: (document, flow, rank of the share, how many), ``total`` at least."""
    each = -(-total // len(DOCUMENTS))
    return [
        (document, flow, rank, min(SLICE, each - rank * SLICE))
        for document, flow in DOCUMENTS.items()
        for rank in range(-(-each // SLICE))
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Share the mutants of this run out among tests."""
    if "rank" in metafunc.fixturenames:
        total = DEEP_MUTANTS if metafunc.config.getoption("--deep") else MUTANTS
        metafunc.parametrize(("document", "flow", "rank", "count"), shares(total))


def disagreements(
    reference: etree.XMLSchema, judged: etree.XMLSchema, cases: Iterable[tuple[str, bytes]]
) -> Iterator[str]:
    """Yield, for each mutant on which two schemas disagree, what it is and both error lists."""
    for description, content in cases:
        document = etree.fromstring(content)
        if reference.validate(document) != judged.validate(document):
            expected, found = errors(reference, document), errors(judged, document)
            mutant = content.decode(document.getroottree().docinfo.encoding or "UTF-8")
            yield f"{description}\n  official: {expected}\n  ours: {found}\n{mutant}"


@pytest.mark.parametrize(("name", "flow"), GOLDEN_FILES.items())
def test_golden_documents_are_valid_for_both(shared: Path, name: str, flow: str) -> None:
    tree = load(shared, f"golden/{name}")
    assert errors(official(shared, flow), tree) == []
    assert errors(own(flow), tree) == []
    assert is_surely_valid((GOLDEN / name).read_bytes())


@pytest.mark.parametrize("name", REAL_FILES)
def test_real_files_get_the_same_verdict_and_the_same_errors(shared: Path, name: str) -> None:
    flow, valid = REAL_FILES[name]
    tree = load(shared, f"real/{name}")
    expected = errors(official(shared, flow), tree)
    assert (expected == []) is valid
    assert errors(own(flow), tree) == expected


def test_real_flow_with_a_broken_attachment_has_its_three_errors(shared: Path) -> None:
    tree = load(shared, "real/PESALR2_49101169800000_171227_2045.xml")
    assert errors(own("aller"), tree) == [
        "141 SCHEMAV_CVC_COMPLEX_TYPE_4 /n:PES_Aller/PES_PJ/PJ/Contenu/Fichier "
        "Element 'Fichier': The attribute 'MIMEType' is required but missing.",
        "141 SCHEMAV_ELEMENT_CONTENT /n:PES_Aller/PES_PJ/PJ "
        "Element 'PJ': Missing child element(s). Expected is ( IdUnique ).",
        "142 SCHEMAV_ELEMENT_CONTENT /n:PES_Aller/PJ Element 'PJ': This element is not expected. "
        "Expected is ( {http://www.w3.org/2000/09/xmldsig#}Signature ).",
    ]


def test_real_signed_flow_has_its_one_error(shared: Path) -> None:
    tree = load(shared, "real/SHA256_bordereau.xml")
    assert errors(own("aller"), tree) == [
        "141 SCHEMAV_ELEMENT_CONTENT /n:PES_Aller/PJ Element 'PJ': This element is not expected. "
        "Expected is ( {http://www.w3.org/2000/09/xmldsig#}Signature ).",
    ]


def test_mutants_get_the_same_verdict(
    shared: Path, document: str, flow: str, rank: int, count: int
) -> None:
    tree = load(shared, document)
    drawn = mutants(tree, seed=SEED + rank, count=count, vocabulary=vocabulary(shared))
    cases = list(drawn)
    found = list(disagreements(official(shared, flow), own(flow), cases))
    assert found == [], "\n".join(found)
    without_tree = catalogue.compiled(OWN / FLOWS[flow].own)
    wrong = [
        description
        for description, content in cases
        if without_tree.accepts(content)
        and not without_tree.may_repeat_an_id(content)
        and not own(flow).validate(etree.fromstring(content))
    ]
    assert wrong == [], "accepted at a glance, refused by the same schema on the tree"


@pytest.mark.parametrize("total", [MUTANTS, DEEP_MUTANTS])
def test_the_shares_hold_all_the_mutants(total: int) -> None:
    assert sum(count for *_, count in shares(total)) >= total
    assert {document for document, *_ in shares(total)} == set(DOCUMENTS)
    assert all(0 < count <= SLICE for *_, count in shares(total))


def test_the_mutants_push_limits_and_change_namespaces(shared: Path) -> None:
    tree = load(shared, "golden/aller_ormc.xml")
    count = MUTANTS // len(DOCUMENTS)
    drawn = list(mutants(tree, seed=SEED, count=count, vocabulary=vocabulary(shared)))
    verdicts = {official(shared, "aller").validate(etree.fromstring(item)) for _, item in drawn}
    assert verdicts == {True, False}
    for kind in ("at the limit, ", "namespace 'http", "namespace of V ", " becomes {", "drop "):
        assert any(kind in edit for edit, _ in drawn), kind


def test_a_disagreement_prints_the_mutant(shared: Path, tmp_path: Path) -> None:
    shutil.copytree(OWN, tmp_path / "pes")
    target = tmp_path / "pes" / "types.xsd"
    source = target.read_text(encoding="utf-8")
    target.write_text(source.replace('<xs:maxLength value="38"/>', '<xs:maxLength value="39"/>'))
    altered = etree.XMLSchema(file=str(tmp_path / "pes" / "pes_aller.xsd"))
    content = (GOLDEN / "aller_recette.xml").read_bytes()
    long = re.sub(rb'<LibelleColBud V="[^"]*"', b'<LibelleColBud V="' + b"A" * 39 + b'"', content)
    (told,) = disagreements(official(shared, "aller"), altered, [("longer", long)])
    assert told.startswith("longer\n  official: [")
    assert told.endswith(long.decode("iso-8859-1"))
    assert "ours: []" in told


@pytest.mark.parametrize(("name", "flow"), GOLDEN_FILES.items())
def test_every_place_of_the_golden_documents_has_the_same_limits(
    shared: Path, name: str, flow: str
) -> None:
    tree = load(shared, f"golden/{name}")
    cases = systematic_mutants(tree, seed=SEED, values=VALUES_PER_PLACE)
    found = list(disagreements(official(shared, flow), own(flow), cases))
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("types.xsd", '<xs:totalDigits value="7"/>', '<xs:totalDigits value="6"/>'),
        ("types.xsd", '<xs:maxLength value="38"/>', '<xs:maxLength value="20"/>'),
        (
            "commun.xsd",
            'name="Adr1" type="pes:Texte38" minOccurs="0"',
            'name="Adr1" type="pes:Date"',
        ),
        ("recette.xsd", 'name="CodProdLoc"', 'minOccurs="0" name="CodProdLoc"'),
        (
            "signature.xsd",
            '<xs:element ref="ds:Object" minOccurs="0"',
            '<xs:element ref="ds:Object"',
        ),
    ],
)
def test_the_comparison_sees_a_planted_difference(
    shared: Path, tmp_path: Path, file: str, text: str, changed: str
) -> None:
    """A schema of ours altered in one place must be caught, or agreement would prove nothing."""
    shutil.copytree(OWN, tmp_path / "pes")
    target = tmp_path / "pes" / file
    source = target.read_text(encoding="utf-8")
    assert text in source
    target.write_text(source.replace(text, changed), encoding="utf-8")
    altered = etree.XMLSchema(file=str(tmp_path / "pes" / "pes_aller.xsd"))
    trees = [load(shared, f"golden/{name}") for name in ("aller_ormc.xml", "aller_signe.xml")]
    caught = (
        found
        for tree in trees
        for found in disagreements(
            official(shared, "aller"),
            altered,
            systematic_mutants(tree, seed=SEED, values=VALUES_PER_PLACE),
        )
    )
    assert next(caught, None) is not None


@pytest.mark.parametrize("namespace", [b"http://uri.etsi.org/01903/v1.2.2#", b"urn:inconnu"])
def test_properties_in_a_namespace_without_schema_are_let_through(
    shared: Path, namespace: bytes
) -> None:
    content = (GOLDEN / "aller_signe.xml").read_bytes()
    document = etree.fromstring(content.replace(b"http://uri.etsi.org/01903/v1.1.1#", namespace))
    unsigned = content.replace(b"<xad:SigningTime>", b"<xad:Heure>").replace(
        b"</xad:SigningTime>", b"</xad:Heure>"
    )
    assert errors(official(shared, "aller"), document) == []
    assert errors(own("aller"), document) == []
    assert errors(own("aller"), etree.fromstring(unsigned)) == errors(
        official(shared, "aller"), etree.fromstring(unsigned)
    )


@pytest.mark.parametrize("path", sorted(OWN.glob("*.xsd")), ids=lambda path: path.name)
def test_every_schema_file_is_documented_and_refers_only_to_its_neighbours(path: Path) -> None:
    root = etree.parse(path).getroot()
    named = [node for node in root.iter(f"{XSD}element", f"{XSD}attribute") if node.get("name")]
    silent = [node.get("name") for node in named if node.find(f".//{XSD}documentation") is None]
    locations = [str(node.get("schemaLocation")) for node in root if node.get("schemaLocation")]
    assert silent == []
    assert [place for place in locations if not (path.parent / place).is_file()] == []
    assert [place for place in locations if "/" in place] == []
