"""The tables say what our schema says: the same elements, in the same order, at the same places."""

from dataclasses import fields, replace

import pytest
from lxml import etree

from demat.errors import DematError
from demat.faults import FaultError
from demat.helios import grammar_commun, grammar_depense, grammar_recette
from demat.helios.grammar import Block, Part, Scalar, Shape, fill, take
from demat.helios.grammar_codecs import (
    ANNEE,
    BOOLEEN,
    DATE,
    ENTIER,
    INVERSE,
    MONTANT,
    TEXTE,
    TVA,
)
from demat.helios.model import Adresse, PJRef, RattachPiece
from demat.labels_fr.catalogue import sentence
from tests.unit.helios.generated import TYPES, particles, type_of

XS = "{http://www.w3.org/2001/XMLSchema}"


def of_schema(node):
    """Return the outline of a type of the schema: names and their own outlines, in order."""
    found = []
    for one in particles(node):
        if one.tag != f"{XS}element":
            found += of_schema(one)
        elif one.get("name"):
            found.append((one.get("name"), of_schema(type_of(one))))
    return found


def of_tables(items):
    found = []
    for item in items:
        if isinstance(item, Scalar):
            found += [] if item.attribute else [(item.element, [])]
        elif isinstance(item, Block):
            found.append((item.element, of_tables(item.items)))
        else:
            inner = of_tables(item.shape.items)
            found += [(item.element, inner)] if item.element else inner
    return found


def without(outline, *names):
    return [one for one in outline if one[0] not in names]


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("PieceDepense", grammar_depense.PIECE),
        ("PieceRecette", grammar_recette.PIECE),
        ("Adresse", grammar_commun.ADRESSE),
        ("CompteBancaire", grammar_commun.COMPTE),
    ],
)
def test_tables_are_those_of_the_schema(name, tables):
    assert of_tables(tables.items) == of_schema(TYPES[name])


@pytest.mark.parametrize(
    ("name", "tables", "written_apart"),
    [
        ("BordereauDepense", grammar_depense.BORDEREAU, "Piece"),
        ("BordereauRecette", grammar_recette.BORDEREAU, "Piece"),
        ("PieceJointe", grammar_commun.PIECE_JOINTE, "Contenu"),
    ],
)
def test_heads_are_those_of_the_schema(name, tables, written_apart):
    assert of_tables(tables.items) == without(of_schema(TYPES[name]), written_apart)


def test_the_head_of_the_file_is_that_of_the_schema():
    assert of_tables(grammar_commun.PES.items) == [
        ("Enveloppe", of_schema(TYPES["Enveloppe"])),
        ("EnTetePES", of_schema(TYPES["EntetePes"])),
    ]


@pytest.mark.parametrize("domain", ["Depense", "Recette"])
def test_the_head_of_a_domain_is_that_of_the_schema(domain):
    ((_, expected), _) = of_schema(TYPES[f"{domain}Aller"])
    assert of_tables(grammar_commun.ENTETE_DOMAINE.items) == expected


def shapes(shape):
    yield shape
    for item in shape.items:
        yield from shapes_of(item)


def shapes_of(item):
    if isinstance(item, Part):
        yield from shapes(item.shape)
    elif isinstance(item, Block):
        for inner in item.items:
            yield from shapes_of(inner)


def _fields(items):
    for item in items:
        if isinstance(item, Block):
            yield from _fields(item.items)
        else:
            yield item.field.partition(".")[0]


TOPS = [
    grammar_depense.PIECE,
    grammar_recette.PIECE,
    grammar_depense.BORDEREAU,
    grammar_recette.BORDEREAU,
    grammar_commun.PES,
    grammar_commun.PIECE_JOINTE,
]


def _elements(items):
    for item in items:
        yield item.element
        if isinstance(item, Block):
            yield from _elements(item.items)


@pytest.mark.parametrize("top", TOPS)
def test_a_form_is_known_by_its_element_alone(top):
    for shape in shapes(top):
        names = list(_elements(shape.items))
        assert len(names) == len(set(names))


@pytest.mark.parametrize("top", TOPS)
def test_every_field_of_the_tables_is_in_the_model(top):
    for shape in shapes(top):
        known = {one.name for one in fields(shape.cls)} | {"announced"}
        assert set(_fields(shape.items)) <= known


@pytest.mark.parametrize(
    ("codec", "ours", "others", "refused"),
    [
        (TEXTE, "00 a", (), ()),
        (ENTIER, "417", ("0417", "+417", "417.0", " 417 "), ("", "4.17", "1_0", "douze", "1e3")),
        (ANNEE, "2026", ("2026Z", "2026+02:00", " 2026 "), ("26", "", "an 2026")),
        (DATE, "2026-03-12", ("2026-03-12Z", "2026-03-12+01:00"), ("2026-02-30", "12/03/2026")),
        (BOOLEEN, "1", ("true", " 1 "), ("", "oui", "TRUE")),
        (INVERSE, "0", ("false",), ("non",)),
        (MONTANT, "60.00", ("60", "60.0", "+60.000", "060.00"), ("60,00", "", "NaN", "6_0")),
        (TVA, "12.50", ("12.5",), ("1 250",)),
    ],
)
def test_a_value_has_one_form_of_ours_and_all_those_of_the_norm(codec, ours, others, refused):
    value = codec.read(ours)
    assert codec.write(value) == ours
    assert [codec.read(other) for other in others] == [value] * len(others)
    for text in refused:
        with pytest.raises(ValueError, match=r".+"):
            codec.read(text)


def test_a_zero_of_tva_is_not_written():
    assert TVA.write(TVA.read("0.00")) is None
    assert MONTANT.write(MONTANT.read("0")) == "0.00"


REF = "<PJRef><Support V='01'/><IdUnique V='A1'/>{}</PJRef>"


def pj_ref(text: str) -> PJRef:
    return take(grammar_commun.PJ_REF, etree.fromstring(text))


def test_absent_texts_are_empty():
    assert pj_ref(REF.format("")) == PJRef(id_unique="A1", name="")


@pytest.mark.parametrize(
    ("text", "code", "params"),
    [
        (REF.format("<Autre V='1'/>"), "XSD-UNEXPECTED_ELEMENT", {"element": "Autre"}),
        (REF.format("<TypePJ V='002'/><NomPJ V='x'/>"), "XSD-UNEXPECTED_ELEMENT", {}),
        (REF.format("<NomPJ/>"), "XSD-MISSING_ATTRIBUTE", {"element": "NomPJ", "attribute": "V"}),
        (REF.format("<NomPJ V='x' W='y'/>"), "XSD-UNEXPECTED_ATTRIBUTE", {"attribute": "W"}),
        (REF.format("<NomPJ V='x'><b/></NomPJ>"), "XSD-UNEXPECTED_ELEMENT", {"element": "b"}),
        (REF.format("<NomPJ V='x'>texte</NomPJ>"), "XSD-TEXT", {"value": "texte"}),
        (REF.format("texte"), "XSD-TEXT", {"element": "PJRef", "value": "texte"}),
        ("<PJRef Id='x'/>", "XSD-UNEXPECTED_ATTRIBUTE", {"attribute": "Id"}),
    ],
)
def test_what_the_model_cannot_hold_is_refused(text, code, params):
    with pytest.raises(FaultError) as error:
        pj_ref(text)
    (fault,) = error.value.faults
    assert fault.code == code
    assert fault.params.items() >= params.items()
    assert "{" not in sentence(fault)


def rattachement(text: str) -> RattachPiece:
    shape = Shape(
        RattachPiece,
        (
            Scalar("NatPceOrig", "nature"),
            Scalar("ExerRat", "exercice", ANNEE),
            Scalar("IdPceOrig", "piece", ENTIER),
        ),
    )
    return take(shape, etree.fromstring(f"<RattachPiece>{text}</RattachPiece>"))


def test_an_absent_number_is_refused():
    with pytest.raises(DematError, match=r"XSD-MISSING_ELEMENT .*'expected': 'IdPceOrig'"):
        rattachement("<NatPceOrig V='01'/><ExerRat V='2026'/>")


def test_an_unreadable_number_is_refused():
    with pytest.raises(FaultError) as error:
        rattachement("<NatPceOrig V='01'/><ExerRat V='2026'/><IdPceOrig V='douze'/>")
    (fault,) = error.value.faults
    assert (fault.code, fault.params["element"], fault.params["value"], fault.params["type"]) == (
        "XSD-VALUE",
        "IdPceOrig",
        "douze",
        "decimal",
    )


def written(adresse: Adresse) -> dict[str, str]:
    node = etree.Element("Adresse")
    fill(node, grammar_commun.ADRESSE, adresse)
    return {child.tag: child.get("V") for child in node}


def test_a_form_counts_while_it_says_the_value():
    text = (
        "<Adresse><TypAdr V='1'/><Adr2 V='X'/><CP V=''/><Ville V='A&#9;B'/><CodRes V='false'/>"
        "<DteAdr V='2026-03-12Z'/></Adresse>"
    )
    adresse = take(grammar_commun.ADRESSE, etree.fromstring(text))
    plain = Adresse(adr2="X", cp="", ville="A\tB", date_adresse=DATE.read("2026-03-12"))
    assert adresse == replace(plain, formes=adresse.formes)
    assert written(adresse)["CP"] == ""
    assert written(adresse)["CodRes"] == "false"
    assert written(adresse)["DteAdr"] == "2026-03-12Z"
    changed = replace(adresse, cp="99120", ville="AB", non_resident=True, date_adresse=None)
    assert written(changed) == {
        "TypAdr": "1",
        "Adr2": "X",
        "CP": "99120",
        "Ville": "AB",
        "CodRes": "1",
    }


def test_a_text_that_no_file_gave_must_be_transmissible():
    with pytest.raises(ValueError, match="Ville holds a character"):
        written(Adresse(adr2="X", cp="99120", ville="A\tB"))
