"""Our schema of the budget gives the verdict of the official set (architecture §3, decision 1).

The official set compiles in XSD 1.1 only, with xmlschema: it is the oracle, on the real sealed
budget, on a document with every element, and on mutants of them. Ours has two forms: the one of XSD
1.1 must agree with the oracle on each mutant; the one of XSD 1.0, for libxml2, must accept nothing
that the oracle refuses; together they must agree with it (but for one quirk of xmlschema, below).
xmlschema is slow: a few hundred mutants at every run, several thousands with ``--deep``.
"""

import functools
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from demat.schemas.catalogue import DOCBUDG, Catalogue
from demat.schemas.second_opinion import second_opinion
from demat.schemas.validate import is_surely_valid, validate
from demat.schemas.xsd11 import schema_11
from fixtures.budget import FINANCIER, MODIFICATIVE, PRIMITIF, budget_xml
from tests.conftest import ROOT
from tests.schemas_support.mutants import (
    Vocabulary,
    mutants,
    systematic_mutants,
    vocabulary_of,
)

OWN = ROOT / "demat" / "schemas" / "resources" / "budget-5.17"
GOLDEN = ROOT / "tests" / "golden" / "budget" / "budget_complet.xml"
XSD = "{http://www.w3.org/2001/XMLSchema}"
MUTANTS = 240
DEEP_MUTANTS = 4_000
SLICE = 60
"""Most mutants of one test: the workers share the tests out."""
SEED = 1107

BLOC = b'<CodeEditeur V="LOGICIEL FICTIF"/>'
ACCEPTED = [
    (BLOC, b""),
    (BLOC, b"texte"),
    (BLOC, b'<x xmlns="urn:autre" V="1"/>'),
    (BLOC, BLOC + b"<CodeEditeur/>"),  # the second one is anything
    (BLOC, BLOC + b"<DocumentBudgetaire/>"),
    (BLOC, b"<DocumentBudgetaire/>"),
    (b'DteStr V="2026-04-01"', b'DteStr V=" 2026-04-01 "'),
    (b'DteStr V="2026-04-01"', b'DteStr V="2026-04-01+02:00"'),
    (b'Exer V="2026"', b'Exer V=" 2026 "'),
    (b'MtPrev V="1234.56"', b'MtPrev V="1234.560"'),
    (b'MtPrev V="1234.56"', b'MtPrev V="-.5"'),
    (b'MtPrev V="1234.56"', b'MtPrev V="123456789012.34"'),
    (b'IdColl V="00000000000000"', b'IdColl V="000000000"'),
    (b'CodBud V="00"', b'CodBud V=""'),
    (b'calculated="true"', b""),
    (b"<Scellement ", b"<!-- sans sceau -->\n<Scellement "),
    (b'<EMPRUNT>', b'<EMPRUNT inconnu="oui">'),
]  # fmt: skip
"""Documents that are valid although they look odd, or just within a limit."""
REFUSED = [
    (BLOC, b"<CodeEditeur/>"),
    (BLOC, b'<CodeEditeur V="' + b"x" * 101 + b'"/>'),
    (BLOC, b'<CodeEditeur V="a">texte</CodeEditeur>'),
    (b"<BlocEditeur>", b'<BlocEditeur V="1">'),
    (b'DteStr V="2026-04-01"', b'DteStr V="01/04/2026"'),
    (b'Exer V="2026"', b'Exer V="26"'),
    (b'MtPrev V="1234.56"', b'MtPrev V="1234,56"'),
    (b'MtPrev V="1234.56"', b'MtPrev V="1234.567"'),
    (b'MtPrev V="1234.56"', b'MtPrev V="1234567890123.45"'),
    (b'IdColl V="00000000000000"', b'IdColl V="00000000"'),
    (b'NatDec V="02"', b'NatDec V="04"'),
    (b'CodRD V="D"', b'CodRD V="d"'),
    (b'calculated="true"', b'calculated="false"'),
    (b'id="L2"', b'id="L1"'),
    (b'<CodTypBud V="A"/>', b""),
    (b'<IdPost V="099012"/>', b'<IdPost V="09901234"/>'),
    (b"</Budget>", b"</Budget><Budget/>"),
]
"""Documents that are not."""


@functools.cache
def official(shared: Path) -> xmlschema.XMLSchema11:
    path = shared / "official" / "pes" / "5.17" / "SchemaDocBudg" / "DocumentBudgetaire.xsd"
    return xmlschema.XMLSchema11(str(path), allow="local", loglevel=50)


def ours() -> xmlschema.XMLSchema11:
    return schema_11(OWN / "budget11.xsd")


def real(shared: Path) -> bytes:
    return (shared / "real" / "budget" / "BP2022_TRANSPORT_totem.xml").read_bytes()


def edited(old: bytes, new: bytes) -> bytes:
    content = GOLDEN.read_bytes()
    assert old in content
    return content.replace(old, new, 1)


@functools.cache
def vocabulary(shared: Path) -> Vocabulary:
    """Return the words and the limits of both schema sets, read once."""
    return vocabulary_of(OWN, shared / "official" / "pes" / "5.17" / "SchemaDocBudg")


def verdict(schema: xmlschema.XMLSchema11, root: etree._Element) -> bool | None:
    """Return what xmlschema says; nothing of a year that it cannot count."""
    try:
        return schema.is_valid(root)
    except OverflowError:
        return None


def disagreements(
    oracle: xmlschema.XMLSchema11,
    judged: xmlschema.XMLSchema11,
    cases: Iterable[tuple[str, bytes]],
) -> Iterator[str]:
    """Yield what tells each mutant on which two schemas disagree."""
    for edit, content in cases:
        root = etree.fromstring(content)
        expected = verdict(oracle, root)
        if verdict(judged, root) != expected:
            yield f"{edit}: official says {expected}"


def is_odd(root: etree._Element) -> bool:
    """Tell a document on which xmlschema is not the judge of ours: the name of the software comes
    after something else in its block.

    By XSD 1.1 (structures, 3.8.4) it can then only be what the wildcard skips; xmlschema 4.3
    refuses it, with the official set and with ours alike.
    """
    blocs = root.iter(f"{{{DOCBUDG}}}BlocEditeur")
    name = f"{{{DOCBUDG}}}CodeEditeur"
    children = [[child.tag for child in bloc.iterchildren("*")] for bloc in blocs]
    return any(name in tags and tags[0] != name for tags in children)


def compared(
    shared: Path, cases: Iterable[tuple[str, bytes]]
) -> tuple[list[str], set[bool | None]]:
    """Return what differs from the oracle, and the verdicts that it gave."""
    wrong: list[str] = []
    verdicts: set[bool | None] = set()
    for edit, content in cases:
        root = etree.fromstring(content)
        expected = verdict(official(shared), root)
        verdicts.add(expected)
        if verdict(ours(), root) != expected:
            wrong.append(f"XSD 1.1, {edit}: official says {expected}")
        if expected is None or is_odd(root):
            continue
        if is_surely_valid(content) and not expected:
            wrong.append(f"at a glance, {edit}: official refuses")
        if (not validate(content)) != expected:
            wrong.append(f"{edit}: official says {expected}")
    return wrong, verdicts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Share the mutants of this run out among tests."""
    if "rank" in metafunc.fixturenames:
        total = DEEP_MUTANTS if metafunc.config.getoption("--deep") else MUTANTS
        metafunc.parametrize("rank", range(total // SLICE))


def test_the_real_budget_is_valid_for_all(shared: Path) -> None:
    content = real(shared)
    assert official(shared).is_valid(etree.fromstring(content))
    assert is_surely_valid(content)
    assert list(validate(content)) == []
    assert second_opinion(content) is True


@pytest.mark.parametrize(
    "content",
    [GOLDEN.read_bytes(), budget_xml(PRIMITIF), budget_xml(MODIFICATIVE)],
    ids=["complet", "BP", "DM"],
)
def test_fictional_budgets_are_valid_for_all(shared: Path, content: bytes) -> None:
    assert official(shared).is_valid(etree.fromstring(content))
    assert is_surely_valid(content)
    assert list(validate(content)) == []


def test_a_cfu_has_no_schema() -> None:
    content = budget_xml(FINANCIER)
    assert validate(content).codes == ("XSD-UNKNOWN_ROOT",)
    assert second_opinion(content) is None


def test_the_golden_document_has_every_element() -> None:
    found = {etree.QName(node).localname for node in etree.parse(GOLDEN).iter("*")}
    declared = {
        node.get("name")
        for name in ("document.xsd", "lignes.xsd")
        for node in etree.parse(OWN / name).iter(f"{XSD}element")
        if node.get("name")
    }
    assert sorted(declared - found) == []


@pytest.mark.parametrize(("old", "new"), ACCEPTED)
def test_odd_but_valid(shared: Path, old: bytes, new: bytes) -> None:
    content = edited(old, new)
    assert official(shared).is_valid(etree.fromstring(content))
    assert list(validate(content)) == []


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_refused(shared: Path, old: bytes, new: bytes) -> None:
    content = edited(old, new)
    assert not official(shared).is_valid(etree.fromstring(content))
    assert not is_surely_valid(content)
    assert len(validate(content)) >= 1
    assert second_opinion(content) is False


def test_xmlschema_refuses_a_wildcard_before_the_element(shared: Path) -> None:
    """The only known case where our verdict is not that of xmlschema on the official set."""
    content = edited(BLOC, b'<x xmlns="urn:autre"/>' + BLOC)
    root = etree.fromstring(content)
    assert is_odd(root)
    assert not official(shared).is_valid(root)
    assert not ours().is_valid(root)
    assert list(validate(content)) == []
    assert not is_odd(etree.fromstring(GOLDEN.read_bytes()))


def test_mutants_get_the_same_verdict(shared: Path, rank: int) -> None:
    tree = etree.parse(GOLDEN)
    drawn = mutants(tree, seed=SEED + rank, count=SLICE, vocabulary=vocabulary(shared))
    wrong, verdicts = compared(shared, drawn)
    assert wrong == []
    assert {True, False} <= verdicts


def test_mutants_of_the_real_budget_get_the_same_verdict(shared: Path) -> None:
    tree = etree.parse(shared / "real" / "budget" / "BP2022_TRANSPORT_totem.xml")
    root = tree.getroot()
    for one in root.findall(f".//{{{DOCBUDG}}}Annexes/*")[2:]:
        one.getparent().remove(one)  # anything is valid there, and it would take all the time
    drawn = mutants(tree, seed=SEED, count=4, vocabulary=vocabulary(shared))
    assert compared(shared, drawn)[0] == []


def test_every_place_has_the_same_limits(shared: Path, request: pytest.FixtureRequest) -> None:
    values = 4 if request.config.getoption("--deep") else 0
    cases = list(systematic_mutants(etree.parse(GOLDEN), seed=SEED, values=values))
    if not values:
        cases = cases[::40]
    assert list(disagreements(official(shared), ours(), cases)) == []


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("types.xsd", '<xs:maxLength value="7"/>', '<xs:maxLength value="8"/>'),
        (
            "document.xsd",
            'name="DteDec" type="b:Date" minOccurs="0"',
            'name="DteDec" type="b:Date"',
        ),
        ("types.xsd", '<xs:enumeration value="09"/>', '<xs:enumeration value="08"/>'),
    ],
)
def test_the_comparison_sees_a_planted_difference(
    shared: Path, tmp_path: Path, file: str, text: str, changed: str
) -> None:
    """A schema of ours altered in one place must be caught, or agreement would prove nothing."""
    shutil.copytree(OWN, tmp_path / "budget")
    target = tmp_path / "budget" / file
    source = target.read_text(encoding="utf-8")
    assert text in source
    target.write_text(source.replace(text, changed), encoding="utf-8")
    path = tmp_path / "budget" / "budget11.xsd"
    altered = xmlschema.XMLSchema11(str(path), allow="local", loglevel=50)
    cases = [
        ("IdPost", edited(b'IdPost V="099012"', b'IdPost V="09901234"')),
        ("DteDec", edited(b'<DteDec V="2026-10-08"/>', b"")),
        ("NatDec", edited(b'NatDec V="02"', b'NatDec V="09"')),
    ]
    assert len(list(disagreements(official(shared), altered, cases))) == 1


@pytest.mark.parametrize("path", sorted(OWN.glob("*.xsd")), ids=lambda path: path.name)
def test_every_schema_file_is_documented_and_refers_only_to_its_neighbours(path: Path) -> None:
    root = etree.parse(path).getroot()
    named = [node for node in root.iter(f"{XSD}element", f"{XSD}attribute") if node.get("name")]
    silent = [node.get("name") for node in named if node.find(f".//{XSD}documentation") is None]
    locations = [str(node.get("schemaLocation")) for node in root if node.get("schemaLocation")]
    assert silent == []
    assert [place for place in locations if not (path.parent / place).is_file()] == []
    assert [place for place in locations if "/" in place] == []


def test_the_catalogue_knows_it() -> None:
    found = Catalogue.default().find(etree.QName(DOCBUDG, "DocumentBudgetaire"))
    assert found is not None
    assert (found.edition, found.path.name) == ("budget-5.17", "budget.xsd")
    assert found.path_11 == OWN / "budget11.xsd"
