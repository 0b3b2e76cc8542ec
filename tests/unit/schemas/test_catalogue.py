"""Which schema serves which document, and what may be compiled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from demat.errors import ConfigurationError
from demat.schemas import catalogue
from demat.schemas.catalogue import (
    ACTES,
    DOCBUDG,
    Catalogue,
    CompiledSchema,
    SchemaEntry,
    compiled,
    day_of,
)
from fixtures.budget import budget_xml

PES = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0"
TINY = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t">{}</xs:schema>'
)


def entry(edition: str, valid_from: date, *, root_name: str = "") -> SchemaEntry:
    return SchemaEntry(
        namespace="urn:t",
        root_name=root_name,
        edition=edition,
        valid_from=valid_from,
        path=Path(edition),
    )


@pytest.mark.parametrize(
    ("namespace", "root", "file"),
    [
        (ACTES, "Acte", "actes-2017/actes.xsd"),
        (ACTES, "EnveloppeMISILLCL", "actes-2017/actes.xsd"),
        (f"{PES}/aller", "PES_Aller", "pes-5.17/pes_aller.xsd"),
        (f"{PES}/retour/v2", "PES_ACQUIT", "pes-5.17/acquit_v2.xsd"),
        (f"{PES}/retour", "PES_ACQUIT", "pes-5.17/acquit.xsd"),
        (f"{PES}/retour", "PES_Retour", "pes-5.17/retour.xsd"),
        (DOCBUDG, "DocumentBudgetaire", "budget-5.17/budget.xsd"),
    ],
)
def test_each_root_has_its_packaged_schema(namespace, root, file):
    found = Catalogue.default().find(etree.QName(namespace, root))
    assert found is not None
    assert found.path.as_posix().endswith(file)
    assert found.origin == "demat"


@pytest.mark.parametrize("packaged", Catalogue.default().entries, ids=lambda item: item.path.name)
def test_every_packaged_schema_compiles(packaged):
    assert compiled(packaged.path) is compiled(packaged.path)


@pytest.mark.parametrize(
    ("namespace", "root"),
    [(f"{PES}/aller", "PES_Retour"), (f"{PES}/retour/v2", "PES_Retour"), (None, "Acte")],
)
def test_an_unknown_root_has_no_schema(namespace, root):
    assert Catalogue.default().find(etree.QName(namespace, root)) is None


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (None, "b"),
        (date(2014, 1, 1), "a"),
        (date(2023, 12, 31), "a"),
        (date(2024, 1, 1), "b"),
    ],
)
def test_the_day_chooses_the_edition(day, edition):
    catalogue = Catalogue((entry("b", date(2024, 1, 1)), entry("a", date(2015, 7, 1))))
    found = catalogue.find(etree.QName("urn:t", "r"), day)
    assert found is not None
    assert found.edition == edition


def test_an_added_edition_wins_over_one_of_the_same_day():
    catalogue = Catalogue((entry("ours", date(2024, 1, 1)),))
    official = entry("official", date(2024, 1, 1))
    assert catalogue.with_entries([official]).find(etree.QName("urn:t", "r")) == official


def test_an_entry_for_one_root_does_not_serve_another():
    only = entry("a", date(2024, 1, 1), root_name="r")
    assert only.serves(etree.QName("urn:t", "r"))
    assert not only.serves(etree.QName("urn:t", "s"))


@pytest.mark.parametrize(
    "location", ["http://example.org/a.xsd", "file:///etc/hostname", "ftp://example.org/a.xsd"]
)
def test_a_schema_that_refers_to_elsewhere_is_refused(tmp_path, location):
    path = tmp_path / "a.xsd"
    path.write_text(TINY.format(f'<xs:import namespace="urn:o" schemaLocation="{location}"/>'))
    with pytest.raises(ConfigurationError, match="which is not beside it"):
        CompiledSchema(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the schema a.xsd"),
        ("<xs:schema", "cannot read the schema a.xsd"),
        (TINY.format('<xs:element name="r" type="none"/>'), "a.xsd is not a usable schema"),
    ],
)
def test_an_unusable_schema_is_refused(tmp_path, content, message):
    path = tmp_path / "a.xsd"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        CompiledSchema(path)


def test_schemas_that_include_each_other_are_read_once(tmp_path):
    (tmp_path / "b.xsd").write_text(TINY.format('<xs:include schemaLocation="a.xsd"/>'))
    path = tmp_path / "a.xsd"
    path.write_text(TINY.format('<xs:include schemaLocation="b.xsd"/><xs:element name="r"/>'))
    assert CompiledSchema(path).defects(etree.fromstring('<r xmlns="urn:t"/>')) == []


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("xs:date", "date"),
        (f"{{{ACTES}}}CodeAnomalieActe", "nonNegativeInteger"),
        ("{http://xml.insee.fr/schema}NumeroSiren", "token"),
        (f"{{{ACTES}}}Inconnu", ""),
    ],
)
def test_builtin_follows_restrictions_through_imports(name, builtin):
    found = Catalogue.default().find(etree.QName(ACTES, "Acte"))
    assert found is not None
    assert compiled(found.path).builtin(name) == builtin


def test_threads_do_not_mix_their_defects(tmp_path):
    path = tmp_path / "a.xsd"
    content = '<xs:sequence><xs:element name="n" type="xs:integer" maxOccurs="300"/></xs:sequence>'
    content = f'<xs:element name="r"><xs:complexType>{content}</xs:complexType></xs:element>'
    path.write_text(TINY.format(content))
    schema = CompiledSchema(path)
    documents = [
        etree.fromstring(f'<t:r xmlns:t="urn:t">{f"<n>v{number}</n>" * 300}</t:r>')
        for number in range(40)
    ]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(schema.defects, documents))
    for number, defects in enumerate(results):
        assert [defect.message.split("'")[3] for defect in defects] == [f"v{number}"] * 300


@pytest.mark.parametrize("turn", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("ids", "repeats"),
    [
        ((b'Id="A"', b"Id = 'B'", b'Id="C"'), False),
        ((b'Id="A"', b'Id="B"', b"Id = 'A'"), True),
        ((b'Id="A"', b'Id="B"', b'Id=" A "'), True),  # blanks do not count in an xs:ID
        ((b'Id="A"', b'Id="&#65;"'), True),  # who knows
    ],
)
def test_an_id_that_may_come_twice_is_seen_wherever_the_search_pauses(
    monkeypatch: pytest.MonkeyPatch, ids: tuple[bytes, ...], repeats: bool, turn: int
) -> None:
    monkeypatch.setattr(catalogue, "_TURN", turn)
    entry = Catalogue.default().find(etree.QName(f"{PES}/aller", "PES_Aller"))
    assert entry is not None
    content = b"<a>" + b"".join(b"<Bordereau %b><V/></Bordereau>" % one for one in ids) + b"</a>"
    assert compiled(entry.path).may_repeat_an_id(content) is repeats


def test_the_day_of_a_budget_is_that_of_its_header():
    root = etree.fromstring(budget_xml())
    assert day_of(root) == date(2026, 4, 1)
    assert day_of(etree.fromstring(budget_xml().replace(b"2026-04-01", b"01/04/2026"))) is None
