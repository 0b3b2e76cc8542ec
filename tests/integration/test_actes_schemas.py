"""Our ACTES schema and the official one give the same verdict (actes dossier §4, §12.1, §12.2).

The official set is the oracle and is not part of the project: these tests are skipped without it.
2,000 mutants at every run, 50,000 with ``--deep``.
"""

import functools
import re
from pathlib import Path

import pytest
from lxml import etree

from demat.schemas.catalogue import ACTES, Catalogue, compiled
from demat.schemas.validate import validate
from tests.schemas_support.mutants import (
    Vocabulary,
    mutants,
    systematic_mutants,
    vocabulary_of,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "actes"
ROOTS = sorted(path.stem for path in GOLDEN.glob("*.xml"))
MUTANTS = 2_000
"""Mutants compared in one run, shared out among the roots."""
DEEP_MUTANTS = 50_000
"""The same with ``--deep``."""
SLICE = 625
"""Most mutants of one test: the workers share the tests out."""
VALUES_PER_PLACE = 6
"""Drawn values that each attribute of the golden documents takes in the systematic comparison."""
SEED = 11
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
ID = "099-000000000-20240314-2024_012-DE"
NUMERO = 'actes:NumeroInterne="2024_012"'
NATURE = 'actes:CodeNatureActe="1"'
MATIERE_1 = '<actes:CodeMatiere1 actes:CodeMatiere="7"/>'
MATIERE_2 = '<actes:CodeMatiere2 actes:CodeMatiere="10"/>'
OBJET = "<actes:Objet>Tarifs 2024 de la salle des fêtes</actes:Objet>"
PRECEDENT = '<actes:PrecedentIdentifiantActe actes:IDActe="099-000000000-20240118-2024_002-DE"/>'
PAPIER = "<actes:DocumentPapier>N</actes:DocumentPapier>"
DATE = 'actes:Date="2024-03-14"'

ACCEPTED = [
    ("Acte", NUMERO, 'actes:NumeroInterne=""'),
    ("Acte", NUMERO, 'actes:NumeroInterne="2024-01 a"'),
    ("Acte", NUMERO, 'actes:NumeroInterne="123456789012345"'),
    ("Acte", NATURE, 'actes:CodeNatureActe="7"'),
    ("Acte", NATURE, 'actes:CodeNatureActe="01"'),
    ("Acte", OBJET, "<actes:Objet/>"),
    ("Acte", OBJET, "<actes:Objet>Tarifs\n2024</actes:Objet>"),
    ("Acte", OBJET, f"<actes:Objet>{'x' * 500}</actes:Objet>"),
    ("Acte", MATIERE_1, '<actes:CodeMatiere1 actes:CodeMatiere="0"/>'),
    ("Acte", MATIERE_1, '<actes:CodeMatiere1 actes:CodeMatiere="-1"/>'),
    ("Acte", '<actes:CodeMatiere3 actes:CodeMatiere="2"/>', ""),
    ("Acte", 'actes:Nombre="2"', 'actes:Nombre="7"'),
    ("Acte", PAPIER, "<actes:DocumentPapier/>"),
    ("Acte", PAPIER, "<actes:DocumentPapier>0</actes:DocumentPapier>"),
    ("Acte", PAPIER, "<actes:DocumentPapier>oui</actes:DocumentPapier>"),
    ("Acte", PAPIER, f'<actes:DocumentPapier {XSI} xsi:nil="true"/>'),
    ("Acte", DATE, 'actes:Date="2024-03-14Z"'),
    ("Acte", DATE, 'actes:Date="2024-03-14+01:00"'),
    ("Acte", "20240118-2024_002-DE", "20249999-2024_002-DE"),
    ("Acte", "20240118-2024_002-DE", "20240118-2024_002-ZZ"),
    ("Acte", "MIIDfictifMA==", "<x xmlns='urn:x' y='1'>xml</x>"),
    ("AnomalieEnveloppe", ">005<", ">5<"),
    ("AnomalieEnveloppe", ">005<", ">100<"),
    ("DemandeClassification",
     "<actes:DateClassification>2001-01-01</actes:DateClassification>", ""),
    ("EnveloppeCLMISILL", "saint-exemple.example.fr", "mairie.alsace"),
    ("EnveloppeCLMISILL", 'actes:Departement="099"', 'actes:Departement="02A"'),
    ("EnveloppeCLMISILL", 'actes:Departement="099"', 'actes:Departement="07|"'),
    ("EnveloppeCLMISILL", "<actes:Telephone>0100000000", "<actes:Telephone>"),
    ("DefereTA", f"<actes:PieceJointe><actes:NomFichier>{ID}-5-1_40.pdf</actes:NomFichier>"
     "</actes:PieceJointe>", ""),
]  # fmt: skip
"""Documents that pass the schema although they are wrong, or that are right at a limit."""

REFUSED = [
    ("Acte", NUMERO, 'actes:NumeroInterne="1234567890123456"'),
    ("Acte", OBJET, f"<actes:Objet>{'x' * 501}</actes:Objet>"),
    ("Acte", NATURE, 'actes:CodeNatureActe="DE"'),
    ("Acte", MATIERE_1, '<actes:CodeMatiere1 actes:CodeMatiere="7.1"/>'),
    ("Acte", MATIERE_2, ""),
    ("Acte", MATIERE_1, f"{MATIERE_2}{MATIERE_1}"),
    ("Acte", OBJET, f"{PRECEDENT}{OBJET}"),
    ("Acte", DATE, 'actes:Date="2024-03-14T00:00:00"'),
    ("Acte", DATE, 'actes:Date="14/03/2024"'),
    ("Acte", DATE, 'actes:Date="2024-02-30"'),
    ("Acte", DATE, 'actes:Date="2024-3-1"'),
    ("Acte", PAPIER, ""),
    ("Acte", 'actes:Nombre="2"', 'actes:Nombre="-1"'),
    ("Acte", DATE, 'Date="2024-03-14"'),
    ("Acte", "20240118-2024_002-DE", "20240118-2024-002-DE"),
    ("Acte", "20240118-2024_002-DE", "20240118-2024_002-de"),
    ("Acte", "20240118-2024_002-DE", "20240118-2024_002-DE "),
    ("AnomalieActe", ">002<", ">2<"),
    ("AnomalieActe", ">002<", ">0002<"),
    ("AnomalieEnveloppe", ">005<", ">6<"),
    ("AnomalieEnveloppe", ">005<", ">999<"),
    ("RefusPieceComplementaire", f"<actes:Document><actes:NomFichier>99_DE-{ID}-3-3_1.pdf"
     "</actes:NomFichier></actes:Document>", ""),
    ("EnveloppeCLMISILL", "saint-exemple.example.fr", "mairie.corsica"),
    ("EnveloppeCLMISILL", "<actes:Email>retour@", "<actes:Email>retour+a@"),
    ("EnveloppeCLMISILL", "<actes:Email>retour@tdt-fictif.fr</actes:Email>", "<actes:Email/>"),
    ("EnveloppeCLMISILL", 'insee:SIREN="000000000"', 'insee:SIREN="000 000 000"'),
    ("EnveloppeCLMISILL", 'insee:SIREN="000000000"', 'SIREN="000000000"'),
    ("EnveloppeCLMISILL", 'actes:Departement="099"', 'actes:Departement="101"'),
    ("EnveloppeCLMISILL", 'actes:Departement="099"', 'actes:Departement="0A1"'),
    ("EnveloppeCLMISILL", 'actes:Arrondissement="1"', 'actes:Arrondissement="10"'),
    ("EnveloppeCLMISILL", 'actes:Nature="31"', 'actes:Nature="3"'),
    ("RetourClassification", ' a:TypeAbrege="AU"', ' a:TypeAbrege="AUT"'),
    ("RetourClassification",
     '<Matiere2 a:CodeMatiere="4" a:Libelle="Vœux et motions"/>', ""),
    ("RetourClassification", '<TypePJNatureActe a:CodeTypePJ="99_AU" a:Libelle="Autre document"/>',
     ""),
]  # fmt: skip
"""Documents that the schema refuses."""


@pytest.fixture(scope="module")
def official(shared) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared / "official" / "actes" / "actesv1_1.xsd"))


def ours(content: bytes) -> bool:
    return not validate(content)


def edited(root: str, old: str, new: str) -> bytes:
    """Return a golden document with one passage replaced."""
    tree = etree.parse(GOLDEN / f"{root}.xml")
    encoding = tree.docinfo.encoding or "UTF-8"
    text = (GOLDEN / f"{root}.xml").read_bytes().decode(encoding)
    assert old in text
    return text.replace(old, new, 1).encode(encoding)


def test_every_root_of_the_master_table_has_its_document():
    assert set(ROOTS) == {
        "Acte",
        "ARActe",
        "AnomalieActe",
        "AnomalieEnveloppe",
        "CourrierSimple",
        "ReponseCourrierSimple",
        "DemandePieceComplementaire",
        "ARDemandePieceComplementaire",
        "RefusPieceComplementaire",
        "PieceComplementaire",
        "ARPieceComplementaire",
        "LettreObservations",
        "ARLettreObservations",
        "RejetLettreObservations",
        "ReponseLettreObservations",
        "ARReponseRejetLettreObservations",
        "DefereTA",
        "Annulation",
        "ARAnnulation",
        "DemandeClassification",
        "RetourClassification",
        "ReponseClassificationSansChangement",
        "EnveloppeCLMISILL",
        "EnveloppeMISILLCL",
    }


@pytest.mark.parametrize("root", ROOTS)
def test_every_document_is_valid(root, official):
    content = (GOLDEN / f"{root}.xml").read_bytes()
    assert list(validate(content)) == []
    assert official.validate(etree.fromstring(content))


@pytest.mark.parametrize(("root", "old", "new"), ACCEPTED)
def test_wrong_values_that_the_schema_cannot_see(root, old, new, official):
    content = edited(root, old, new)
    assert list(validate(content)) == []
    assert official.validate(etree.fromstring(content))


@pytest.mark.parametrize(("root", "old", "new"), REFUSED)
def test_wrong_values_that_the_schema_refuses(root, old, new, official):
    content = edited(root, old, new)
    assert len(validate(content)) >= 1
    assert not official.validate(etree.fromstring(content))


def test_a_reply_without_any_document_is_refused(official):
    tree = etree.parse(GOLDEN / "PieceComplementaire.xml")
    (documents,) = tree.getroot()
    for document in documents:
        documents.remove(document)
    content = etree.tostring(tree)
    assert validate(content).codes == ("XSD-MISSING_ELEMENT",)
    assert not official.validate(etree.fromstring(content))


@functools.cache
def vocabulary(shared: Path) -> Vocabulary:
    """Return the words and the limits of both schema sets, read once."""
    found = Catalogue.default().find(etree.QName(ACTES, "Acte"))
    assert found is not None
    return vocabulary_of(found.path.parent, shared / "official" / "actes")


def shares(total: int) -> list[tuple[str, int, int]]:
    """Share mutants out: (root, rank of the share, how many), ``total`` at least."""
    each = -(-total // len(ROOTS))
    return [
        (root, rank, min(SLICE, each - rank * SLICE))
        for root in ROOTS
        for rank in range(-(-each // SLICE))
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Share the mutants of this run out among tests."""
    if "rank" in metafunc.fixturenames:
        total = DEEP_MUTANTS if metafunc.config.getoption("--deep") else MUTANTS
        metafunc.parametrize(("root", "rank", "count"), shares(total))


def disagreements(official, cases):
    """Return the mutants on which the two schemas disagree, with what was done to them."""
    return [
        (edit, content)
        for edit, content in cases
        if ours(content) != official.validate(etree.fromstring(content))
    ]


def test_mutants_get_the_same_verdict_from_both_schemas(shared, root, rank, count, official):
    tree = etree.parse(GOLDEN / f"{root}.xml")
    seed = SEED + ROOTS.index(root) * 100 + rank
    drawn = mutants(tree, seed=seed, count=count, vocabulary=vocabulary(shared))
    assert disagreements(official, drawn) == []


@pytest.mark.parametrize("root", ROOTS)
def test_every_place_of_the_documents_has_the_same_limits(root, official):
    tree = etree.parse(GOLDEN / f"{root}.xml")
    cases = list(systematic_mutants(tree, seed=SEED, values=VALUES_PER_PLACE))
    assert cases
    assert disagreements(official, cases) == []


@pytest.mark.parametrize("total", [MUTANTS, DEEP_MUTANTS])
def test_the_shares_hold_all_the_mutants(total):
    assert sum(count for *_, count in shares(total)) >= total
    assert {root for root, *_ in shares(total)} == set(ROOTS)
    assert all(0 < count <= SLICE for *_, count in shares(total))


def test_a_disagreement_is_seen(official):
    content = edited("Acte", OBJET, f"<actes:Objet>{'x' * 501}</actes:Objet>")
    assert disagreements(official, [("longer", content)]) == []
    laxer = etree.XMLSchema(
        etree.fromstring(
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{ACTES}">'
            '<xs:element name="Acte"/></xs:schema>'
        )
    )
    assert disagreements(laxer, [("longer", content)]) == [("longer", content)]


def test_mutants_are_neither_all_valid_nor_all_invalid():
    tree = etree.parse(GOLDEN / "Acte.xml")
    verdicts = [ours(content) for _, content in mutants(tree, seed=1, count=100)]
    assert 5 < verdicts.count(True) < 95


def test_the_official_set_declares_no_other_root(official, shared):
    """Every global element of the oracle is known to ours, and the reverse."""
    names = {
        node.get("name")
        for node in etree.parse(shared / "official" / "actes" / "actesv1_1.xsd").getroot()
        if etree.QName(node).localname == "element"
    }
    found = Catalogue.default().find(etree.QName(ACTES, "Acte"))
    assert found is not None
    schema = compiled(found.path)
    for name in names | {"Inconnu"}:
        kinds = {defect.kind for defect in schema.defects(etree.Element(etree.QName(ACTES, name)))}
        assert ("SCHEMAV_CVC_ELT_1" in kinds) == (name == "Inconnu")


# ------------------------------------------------------------------------ the dossier's own record


def both(content: bytes, official: etree.XMLSchema) -> bool:
    """Return the verdict of both schemas, which must be the same."""
    verdict = official.validate(etree.fromstring(content))
    assert ours(content) == verdict
    return verdict


PAPIER_ABSENT = re.compile(rb"<actes:DocumentPapier(/>|>.*?</actes:DocumentPapier>)")


@pytest.mark.parametrize("root", ["Acte", "ARActe", "AnomalieActe"])
def test_before_2017_nothing_said_whether_paper_follows(root, official):
    """§12.1: what has no ``DocumentPapier`` is invalid for the state of the schema of 2017."""
    content, count = PAPIER_ABSENT.subn(b"", (GOLDEN / f"{root}.xml").read_bytes())
    assert count == 1
    assert not both(content, official)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("034-491011698-20171207-CL20171227_06-DE-1-1_0.xml", True),
        ("034-491011698-20171207-CL20171227_06-DE-1-2.xml", True),
        ("classification.xml", True),
    ],
)
def test_the_real_messages(name, valid, shared, official):
    """§12.1: an act, its AR and a classification, all of the end of 2017."""
    assert both((shared / "real" / "actes" / name).read_bytes(), official) is valid


def test_a_classification_of_2004_has_no_type(official):
    content = (GOLDEN / "RetourClassification.xml").read_bytes()
    without, count = re.subn(rb"<TypePJNatureActe [^>]*/>", b"", content)
    assert count > 1
    assert both(content, official)
    assert not both(without, official)


def test_an_act_as_one_platform_wrote_it_in_2018(official):
    """§12.1: declared UTF-8, paper nil, an image as main document, the type ``CO_DE``."""
    text = (GOLDEN / "Acte.xml").read_bytes().decode("iso-8859-1")
    text = text.replace("ISO-8859-1", "UTF-8").replace("99_DE-", "CO_DE-").replace(".pdf", ".jpg")
    text = text.replace(PAPIER, f'<actes:DocumentPapier {XSI} xsi:nil="true"/>')
    assert both(text.encode("utf-8"), official)


def test_every_example_of_the_dossier_is_valid(shared, official):
    """§12.1; each of its examples is a whole document in one block."""
    text = (shared / "domain" / "actes.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```xml\n(.*?)```", text, re.DOTALL) if ACTES in block]
    roots = [etree.QName(etree.fromstring(block)).localname for block in blocks]
    assert len(roots) >= 15
    assert [root for root, block in zip(roots, blocks, strict=True)
            if not both(block.encode(), official)] == []  # fmt: skip
