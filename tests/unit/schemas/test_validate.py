"""XSD faults: one defect, one fault, with its line, its path and the values of its sentence."""

import re
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from demat.faults import Fault
from demat.schemas.catalogue import Catalogue, CompiledSchema, Defect, SchemaEntry
from demat.schemas.slices import HEAD, WIDTH
from demat.schemas.validate import MAX_FAULTS, validate

GOLDEN = Path(__file__).parents[2] / "golden" / "actes"
ACTE = (GOLDEN / "Acte.xml").read_bytes()
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t"
  targetNamespace="urn:t" elementFormDefault="qualified">
 <xs:simpleType name="Amount"><xs:restriction base="xs:decimal">
  <xs:totalDigits value="5"/><xs:fractionDigits value="2"/><xs:minInclusive value="1"/>
  <xs:maxInclusive value="900"/></xs:restriction></xs:simpleType>
 <xs:simpleType name="Code"><xs:restriction base="xs:string"><xs:pattern value="[A-Z]'\\d"/>
  </xs:restriction></xs:simpleType>
 <xs:simpleType name="Name"><xs:restriction base="xs:string"><xs:minLength value="2"/>
  <xs:maxLength value="100"/></xs:restriction></xs:simpleType>
 <xs:simpleType name="Two"><xs:restriction base="xs:string"><xs:length value="2"/>
  </xs:restriction></xs:simpleType>
 <xs:simpleType name="Choice"><xs:restriction base="xs:string"><xs:enumeration value="a"/>
  <xs:enumeration value="b"/></xs:restriction></xs:simpleType>
 <xs:element name="r"><xs:complexType><xs:sequence>
  <xs:element name="p" maxOccurs="unbounded"><xs:complexType>
   <xs:attribute name="amount" type="Amount"/><xs:attribute name="code" type="Code"/>
   <xs:attribute name="name" type="Name"/><xs:attribute name="two" type="Two"/>
   <xs:attribute name="choice" type="Choice"/><xs:attribute name="id" type="xs:ID"/>
   <xs:attribute name="fixed" type="xs:string" fixed="x"/>
  </xs:complexType></xs:element>
  <xs:element name="n" type="xs:integer" minOccurs="0"/>
 </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory) -> Catalogue:
    path = tmp_path_factory.mktemp("schema") / "t.xsd"
    path.write_text(SCHEMA, encoding="utf-8")
    first = date(2020, 1, 1)
    return Catalogue(
        (SchemaEntry(namespace="urn:t", root_name="r", edition="t", valid_from=first, path=path),)
    )


def edited(pattern: str, replacement: str, document: bytes = ACTE) -> bytes:
    text, count = re.subn(pattern, replacement, document.decode("latin-1"), count=1)
    assert count == 1
    return text.encode("latin-1")


def test_a_valid_document_has_no_fault():
    assert list(validate(ACTE)) == []
    assert list(validate(etree.fromstring(ACTE))) == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [
        (
            ' actes:NumeroInterne="2024_012"',
            "",
            Fault(
                code="XSD-MISSING_ATTRIBUTE",
                params={"element": "Acte", "attribute": "NumeroInterne"},
                path="Acte",
                line=2,
            ),
        ),
        (
            "<actes:DocumentPapier>N</actes:DocumentPapier>",
            "",
            Fault(
                code="XSD-MISSING_ELEMENT",
                params={"element": "Acte", "expected": "DocumentPapier"},
                path="Acte",
                line=2,
            ),
        ),
        (
            r"<actes:CodeMatiere2 [^>]*>",
            "",
            Fault(
                code="XSD-UNEXPECTED_ELEMENT",
                params={"element": "CodeMatiere3", "expected": "CodeMatiere2"},
                path="Acte/CodeMatiere3",
                line=5,
            ),
        ),
        (
            "actes:Date=",
            'Date="2024-03-14" actes:Date=',
            Fault(
                code="XSD-UNEXPECTED_ATTRIBUTE",
                params={"element": "Acte", "attribute": "Date"},
                path="Acte",
                line=2,
            ),
        ),
        (
            'NumeroInterne="2024_012"',
            'NumeroInterne="2024_0123456789A"',
            Fault(
                code="XSD-VALUE",
                params={
                    "element": "Acte",
                    "attribute": "NumeroInterne",
                    "value": "2024_0123456789A",
                    "constraint": "max_length",
                    "type": "",
                    "expected": "",
                    "limit": "15",
                },
                path="Acte",
                line=2,
            ),
        ),
        (
            "<actes:ClassificationDateVersion>2023-09-01",
            "<actes:ClassificationDateVersion>01/09/2023",
            Fault(
                code="XSD-VALUE",
                params={
                    "element": "ClassificationDateVersion",
                    "attribute": "",
                    "value": "01/09/2023",
                    "constraint": "type",
                    "type": "date",
                    "expected": "",
                    "limit": "",
                },
                path="Acte/ClassificationDateVersion",
                line=10,
            ),
        ),
        (
            "<actes:Annexes ",
            "Voir ci-joint <actes:Annexes ",
            Fault(
                code="XSD-TEXT",
                params={"element": "Acte", "value": "Voir ci-joint"},
                path="Acte",
                line=2,
            ),
        ),
        (
            '<actes:CodeMatiere1 actes:CodeMatiere="7"/>',
            '<actes:CodeMatiere1 actes:CodeMatiere="7"><b/></actes:CodeMatiere1>',
            Fault(
                code="XSD-UNEXPECTED_ELEMENT",
                params={"element": "b", "expected": ""},
                path="Acte/CodeMatiere1/b",
                line=3,
            ),
        ),
        (
            "<actes:Objet>Tarifs",
            "<actes:Objet><b/>Tarifs",
            Fault(
                code="XSD-UNEXPECTED_ELEMENT",
                params={"element": "b", "expected": ""},
                path="Acte/Objet/b",
                line=8,
            ),
        ),
        (
            "<actes:Objet>",
            '<actes:Objet xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true">',
            Fault(
                code="XSD-UNEXPECTED_ATTRIBUTE",
                params={"element": "Objet", "attribute": "xsi:nil"},
                path="Acte/Objet",
                line=8,
            ),
        ),
        (
            r"(?s)(<actes:Annexe>.*?</actes:Annexe>\s*)(<actes:Annexe><actes:NomFichier>[^<]*<)",
            r"\1\2/actes:NomFichier><actes:NomFichier>b<",
            Fault(
                code="XSD-UNEXPECTED_ELEMENT",
                params={"element": "NomFichier", "expected": "Signature"},
                path="Acte/Annexes/Annexe[2]/NomFichier[2]",
                line=14,
            ),
        ),
        (
            "(?s)actes:Acte(.*)actes:Acte>",
            r"actes:Delib\1actes:Delib>",
            Fault(
                code="XSD-UNKNOWN_ROOT",
                params={
                    "root": "Delib",
                    "namespace": "http://www.interieur.gouv.fr/ACTES#v1.1-20040216",
                },
                path="Delib",
                line=2,
            ),
        ),
    ],
)
def test_one_defect_of_an_acte_is_one_fault(pattern, replacement, expected):
    assert list(validate(edited(pattern, replacement))) == [expected]


@pytest.mark.parametrize(
    ("attribute", "value", "constraint", "limit"),
    [
        ("amount", "60,00", "type", ""),
        ("amount", "123456", "digits", "5"),
        ("amount", "1.234", "decimals", "2"),
        ("amount", "0", "minimum", "1"),
        ("amount", "901", "maximum", "900"),
        ("code", "AB", "pattern", "[A-Z]'\\d"),
        ("name", "x", "min_length", "2"),
        ("two", "xyz", "length", "2"),
        ("id", "12", "type", ""),
    ],
)
def test_each_facet_gives_its_limit(catalogue, attribute, value, constraint, limit):
    document = f'<r xmlns="urn:t"><p {attribute}="{value}"/></r>'.encode()
    (fault,) = validate(document, catalogue=catalogue)
    assert fault.code == "XSD-VALUE"
    assert fault.params["value"] == value
    assert (fault.params["constraint"], fault.params["limit"]) == (constraint, limit)


def test_the_type_of_a_value_is_the_built_in_one(catalogue):
    (fault,) = validate(b'<r xmlns="urn:t"><p amount="60,00"/></r>', catalogue=catalogue)
    assert fault.params["type"] == "decimal"


def test_an_enumeration_gives_its_choices(catalogue):
    (fault,) = validate(b'<r xmlns="urn:t"><p choice="c"/></r>', catalogue=catalogue)
    assert (fault.params["constraint"], fault.params["expected"]) == ("enumeration", "a, b")


def test_several_errors_about_one_value_are_one_fault(catalogue, monkeypatch):
    """Other builds of libxml2 add « not a valid value of the type » to the error on the facet."""
    answer = CompiledSchema.defects

    def repeated(self, document):
        (facet,) = answer(self, document)
        message = "Element 'p', attribute 'choice': 'c' is not a valid value of the type 'Choice'."
        second = Defect("SCHEMAV_CVC_DATATYPE_VALID_1_2_1", message, facet.path)
        return [facet, second]

    monkeypatch.setattr(CompiledSchema, "defects", repeated)
    (fault,) = validate(b'<r xmlns="urn:t"><p choice="c"/></r>', catalogue=catalogue)
    assert fault.params["constraint"] == "enumeration"


def test_a_long_value_is_shortened_to_80_characters(catalogue):
    document = f'<r xmlns="urn:t"><p name="{"é" * 150}"/></r>'.encode()
    (fault,) = validate(document, catalogue=catalogue)
    assert fault.params["value"] == "é" * 79 + "…"


def test_an_identifier_used_twice_is_told_as_such(catalogue):
    document = b'<r xmlns="urn:t"><p id="a"/>\n<p id="b"/>\n<p id="a"/></r>'
    assert list(validate(document, catalogue=catalogue)) == [
        Fault(
            code="XSD-DUPLICATE_ID",
            params={"element": "p", "attribute": "id", "value": "a"},
            path="r/p[3]",
            line=3,
        )
    ]


def test_an_error_without_a_kind_of_its_own_keeps_the_words_of_libxml2(catalogue):
    (fault,) = validate(b'<r xmlns="urn:t"><p fixed="y"/></r>', catalogue=catalogue)
    assert (fault.code, fault.params["element"]) == ("XSD-OTHER", "p")
    assert "fixed" in fault.params["detail"]


def test_a_root_without_schema_is_one_fault():
    assert list(validate(b"<Budget/>")) == [
        Fault(
            code="XSD-UNKNOWN_ROOT",
            params={"root": "Budget", "namespace": ""},
            path="Budget",
            line=1,
        )
    ]


@pytest.mark.parametrize(
    ("document", "code"),
    [(b"", "XML-EMPTY"), (b"<a>", "XML-SYNTAX"), (b"<!DOCTYPE a><a/>", "XML-DTD")],
)
def test_a_file_that_cannot_be_read_gives_the_fault_of_the_reader(document, code):
    assert validate(document).codes == (code,)


def test_lines_are_exact_beyond_65535(catalogue):
    start = b'<r xmlns="urn:t">' + b"<p/>\n" * 70_000
    document = start + b'<p two="z"/><p two="y"/>\n\n\n<n>x</n></r>'
    found = [(fault.line, fault.path) for fault in validate(document, catalogue=catalogue)]
    assert found == [(70_001, "r/p[70001]"), (70_001, "r/p[70002]"), (70_004, "r/n")]


def counted(monkeypatch) -> list[int]:
    """Record how many elements each call to the schema has to judge."""
    sizes: list[int] = []
    answer = CompiledSchema.defects

    def defects(self, document):
        sizes.append(sum(1 for _ in document.iter("*")))
        return answer(self, document)

    monkeypatch.setattr(CompiledSchema, "defects", defects)
    return sizes


def items(count: int, bad: range) -> bytes:
    one, wrong = b"<p/>\n", b'<p two="z"/>\n'
    body = b"".join(wrong if rank in bad else one for rank in range(count))
    return b'<r xmlns="urn:t">' + body + b"</r>"


def test_twenty_thousand_bad_items_stop_at_the_first_slice(catalogue, monkeypatch):
    sizes = counted(monkeypatch)
    faults = list(validate(items(20_000, range(20_000)), catalogue=catalogue))
    assert sizes == [1 + HEAD]
    assert [fault.path for fault in faults[:2]] == ["r/p[1]", "r/p[2]"]
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1] == Fault(code="XSD-MORE", params={"shown": "100", "more": "100"})


def test_bad_items_late_in_the_list_are_found_by_a_slice(catalogue, monkeypatch):
    sizes = counted(monkeypatch)
    faults = list(validate(items(20_000, range(10_000, 20_000)), catalogue=catalogue))
    assert max(sizes) == 1 + WIDTH
    assert faults[0].path == "r/p[10001]"
    assert faults[0].line == 10_001
    assert faults[-1].code == "XSD-MORE"


def test_a_few_errors_in_a_long_list_are_all_told(catalogue):
    faults = validate(items(5_000, range(150, 5_000, 1_000)), catalogue=catalogue)
    assert [fault.line for fault in faults] == [151, 1151, 2151, 3151, 4151]


def test_a_duplicate_far_apart_is_seen(catalogue):
    document = items(5_000, range(0))
    document = document.replace(b"<p/>", b'<p id="a"/>', 1)[::-1].replace(
        b">/p<", b'>/"a"=di p<', 1
    )
    faults = validate(document[::-1], catalogue=catalogue)
    assert [(fault.code, fault.line) for fault in faults] == [("XSD-DUPLICATE_ID", 5_000)]


def test_real_flow_with_three_faults(shared):
    content = (shared / "real/helios/PESALR2_49101169800000_171227_2045.xml").read_bytes()
    assert list(validate(content)) == [
        Fault(
            code="XSD-MISSING_ATTRIBUTE",
            params={"element": "Fichier", "attribute": "MIMEType"},
            path="PES_Aller/PES_PJ/PJ/Contenu/Fichier",
            line=141,
        ),
        Fault(
            code="XSD-MISSING_ELEMENT",
            params={"element": "PJ", "expected": "IdUnique"},
            path="PES_Aller/PES_PJ/PJ",
            line=141,
        ),
        Fault(
            code="XSD-UNEXPECTED_ELEMENT",
            params={"element": "PJ", "expected": "Signature"},
            path="PES_Aller/PJ",
            line=142,
        ),
    ]


def test_real_signed_bordereau_has_one_fault(shared):
    faults = validate((shared / "real/helios/SHA256_bordereau.xml").read_bytes())
    assert [(fault.code, fault.line) for fault in faults] == [("XSD-UNEXPECTED_ELEMENT", 141)]
