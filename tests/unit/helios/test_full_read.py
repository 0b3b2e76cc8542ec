"""Everything that a valid PES_Aller says is read, and written back as the same document."""

import base64
import gzip
from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import etree

from demat.errors import DematError
from demat.faults import FaultError
from demat.helios.build import build_pes
from demat.helios.full_read import read_pes_aller
from demat.helios.model import (
    NAMESPACE,
    EnTeteDomaine,
    EnTetePJ,
    FichierLu,
    Prelevement,
    PrelevementSepa,
    Totaux,
)
from demat.labels_fr.catalogue import sentence
from demat.schemas.validate import validate
from tests.unit.helios.canonical import canonical
from tests.unit.helios.generated import GOLDEN, TYPES, Generator, particles, type_of
from tests.unit.helios.samples import mandats_reservoir, titre_cantine

BUILT = GOLDEN.parent / "pes-built"
FILES = [*sorted(GOLDEN.glob("aller_*.xml")), *sorted(BUILT.glob("*.xml"))]
SEEDS = 240
STEP = 40
XS = "{http://www.w3.org/2001/XMLSchema}"


def written_back(content: bytes) -> bytes:
    assert list(validate(content)) == []
    return build_pes(read_pes_aller(content))


# ------------------------------------------------------------------ round trip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_golden_file_is_written_back_as_it_was(path):
    content = path.read_bytes()
    assert canonical(written_back(content)) == canonical(content)


@pytest.mark.parametrize(
    "name",
    ["HELIOS_SIMU_ALR2_1496987735_826268894.xml", "HELIOS_SIMU_ALR2_LibelleColBud_avec_accent.xml"],
)
def test_a_real_file_is_written_back_as_it_was(shared, name):
    content = (shared / "real" / "helios" / name).read_bytes()
    assert canonical(written_back(content)) == canonical(content)


@pytest.mark.parametrize("name", ["PESALR2_49101169800000_171227_2045.xml", "SHA256_bordereau.xml"])
def test_a_real_file_that_the_schemas_refuse_is_refused(shared, name):
    content = (shared / "real" / "helios" / name).read_bytes()
    assert list(validate(content)) != []
    with pytest.raises(FaultError) as error:
        read_pes_aller(content)
    assert error.value.faults.codes == ("XSD-UNEXPECTED_ELEMENT",)


@pytest.mark.parametrize("first", range(0, SEEDS, STEP))
def test_any_valid_document_is_written_back_as_it_was(first):
    for seed in range(first, first + STEP):
        content = Generator(seed).document()
        back = written_back(content)
        assert canonical(back) == canonical(content), f"seed {seed}"
        assert list(validate(back)) == [], f"seed {seed}"


def test_the_official_schema_accepts_the_generated_documents(shared):
    path = shared / "official" / "pes" / "5.17" / "PES_V2" / "Rev0" / "PES_Aller.xsd"
    schema = etree.XMLSchema(etree.parse(path))
    for seed in range(SEEDS):
        schema.assertValid(etree.fromstring(Generator(seed).document()))


def _names(node, found):
    for one in particles(node):
        if one.tag != f"{XS}element":
            _names(one, found)
        elif one.get("name") and one.get("name") not in found:
            found.add(one.get("name"))
            _names(type_of(one), found)
    return found


def test_the_generated_documents_hold_every_element_of_the_norm():
    expected = set()
    for name in ("Enveloppe", "EntetePes", "DepenseAller", "RecetteAller", "PiecesJointes"):
        _names(TYPES[name], expected)
    seen = {
        node.tag
        for seed in range(40)
        for node in etree.fromstring(Generator(seed).document()).iter("*")
    }
    assert expected - seen == set()


@pytest.mark.parametrize(
    "pes", [titre_cantine(), mandats_reservoir(), titre_cantine(dematerialise=True)]
)
def test_the_model_comes_back_as_it_was(pes):
    content = build_pes(pes)
    found = read_pes_aller(content)
    assert build_pes(found) == content
    (written,), (read,) = pes.pieces_jointes, found.pieces_jointes
    with read.open() as source:
        assert source.read() == written.content
    assert replace(
        found, pieces_jointes=(replace(read, source=None, content=written.content),)
    ) == (replace(pes, entete_pj=EnTetePJ()))


# ------------------------------------------------------------------ values that are not ours


def edited(old: str, new: str, name: str = "recette-cantine.xml") -> bytes:
    text = (BUILT / name).read_text(encoding="iso-8859-1")
    assert text.count(old) == 1
    return text.replace(old, new).encode("iso-8859-1")


def first(content: bytes):
    return read_pes_aller(content).bordereaux[0]


def test_a_total_that_does_not_agree_is_kept():
    content = edited('<MtBordHt V="86.40"/>', '<MtBordHt V="86.39"/><MtBordTVA V="1.00"/>')
    bordereau = first(content)
    expected = Totaux(nbr_pce=1, mt_ht=Decimal("86.39"), mt_tva=Decimal("1.00"))
    assert bordereau.totaux == bordereau.announced == expected
    assert canonical(written_back(content)) == canonical(content)


def test_a_total_that_agrees_is_not_kept_so_that_it_follows_the_pieces():
    content = edited('<MtBordHt V="86.40"/>', '<MtBordHt V="086.4"/>')
    bordereau = first(content)
    assert bordereau.totaux is None
    assert b'<MtBordHt V="086.4"/>' in written_back(content)
    piece = bordereau.pieces[0]
    ligne = replace(piece.lignes[0], mt_ht=Decimal("90"))
    changed = replace(bordereau, pieces=(replace(piece, lignes=(ligne,)),))
    pes = replace(read_pes_aller(content), bordereaux=(changed,))
    assert b'<MtBordHt V="90.00"/>' in build_pes(pes)


def test_a_zero_of_tva_that_a_file_wrote_stays():
    content = edited('<MtTVA V="300.00"/>', '<MtTVA V="0.0"/>', "depense-marche.xml")
    assert b'<MtTVA V="0.0"/>' in written_back(content)


@pytest.mark.parametrize("block", ["<LiensIdent/>", "<LiensIdent><!-- rien --></LiensIdent>"])
def test_an_empty_block_stays(block):
    content = edited("</BlocLignePiece>", f"{block}</BlocLignePiece>")
    assert b"<LiensIdent/>" in written_back(content)


def test_an_element_given_empty_stays():
    content = edited("<CodCol ", '<FinJur V=""/><CodCol ')
    assert b'<FinJur V=""/>' in written_back(content)


def test_a_flag_that_is_absent_stays_absent_and_counts_as_false():
    content = edited('<InfoDematerialisee V="0"/>', "")
    pes = read_pes_aller(content)
    assert pes.dematerialise is False
    assert pes.entete_recette == EnTeteDomaine(version=2, dematerialise=None)
    assert b"InfoDematerialisee" not in written_back(content)


def test_attachments_without_any_attachment_stay():
    content = build_pes(replace(titre_cantine(), pieces_jointes=()))
    content = content.replace(
        b"</n:PES_Aller>",
        b'<PES_PJ><EnTetePES_PJ><IdVer V="1"/></EnTetePES_PJ></PES_PJ></n:PES_Aller>',
    )
    assert read_pes_aller(content).entete_pj == EnTetePJ(version=1)
    assert canonical(written_back(content)) == canonical(content)


def test_comments_are_passed_over():
    content = edited("<EnTetePES>", "<!-- une remarque --><?outil x?><EnTetePES>")
    assert written_back(content) == (BUILT / "recette-cantine.xml").read_bytes()


def test_the_prefix_and_the_namespaces_of_the_root_stay():
    text = (BUILT / "recette-cantine.xml").read_bytes().replace(b"n:PES_Aller", b"pes:PES_Aller")
    content = text.replace(b"xmlns:n=", b'xmlns:v="urn:exemple:vendeur" xmlns:pes=')
    pes = read_pes_aller(content)
    assert dict(pes.espaces) == {"pes": NAMESPACE, "v": "urn:exemple:vendeur"}
    root = etree.fromstring(written_back(content))
    assert (root.prefix, root.nsmap) == ("pes", dict(pes.espaces))


def test_a_default_namespace_becomes_a_prefix():
    text = (BUILT / "recette-cantine.xml").read_bytes()
    plain = text.replace(b"n:PES_Aller", b"PES_Aller").replace(b"xmlns:n=", b"xmlns=")
    content = plain
    for name in (b"Enveloppe", b"EnTetePES", b"PES_RecetteAller", b"PES_PJ"):
        content = content.replace(b"<" + name + b">", b"<" + name + b' xmlns="">')
    assert written_back(content) == text


def test_other_parts_and_signatures_are_kept_as_xml():
    facture = read_pes_aller((GOLDEN / "aller_facture.xml").read_bytes())
    assert [etree.fromstring(one).tag for one in facture.autres] == ["PES_Facture"]
    marche = read_pes_aller((GOLDEN / "aller_marche.xml").read_bytes())
    assert [etree.fromstring(one).tag for one in marche.autres] == ["PES_Marche"]
    signed = first((GOLDEN / "aller_signe.xml").read_bytes())
    assert etree.fromstring(signed.signature).tag == "{http://www.w3.org/2000/09/xmldsig#}Signature"


def test_a_debit_is_read():
    (piece,) = first((GOLDEN / "aller_ormc.xml").read_bytes()).pieces[:1]
    sepa = piece.lignes[0].prelevement_sepa
    assert isinstance(sepa, PrelevementSepa)
    assert isinstance(sepa, Prelevement)
    assert (sepa.nature, sepa.periodicite) == ("01", "07")


# ------------------------------------------------------------------ attachments


def with_content(text: str) -> bytes:
    before, _, rest = (
        (BUILT / "recette-cantine.xml")
        .read_text(encoding="iso-8859-1")
        .partition('application/pdf">')
    )
    return f'{before}application/pdf">{text}{rest[rest.index("</Fichier>") :]}'.encode("iso-8859-1")


def test_the_compression_of_an_attachment_is_not_redone():
    text = base64.b64encode(gzip.compress(b"contenu", 1, mtime=7)).decode()
    content = with_content(f"\n{text[:20]}\n{text[20:]}\n")
    (piece,) = read_pes_aller(content).pieces_jointes
    assert piece.source == FichierLu(f"\n{text[:20]}\n{text[20:]}\n")
    with piece.open() as source:
        assert source.read() == b"contenu"
    assert canonical(written_back(content)) == canonical(content)


def test_an_attachment_that_cannot_be_decoded_is_kept():
    content = with_content("AAAA")
    (piece,) = read_pes_aller(content).pieces_jointes
    with piece.open() as source, pytest.raises((OSError, EOFError)):
        source.read()
    assert b">AAAA</Fichier>" in build_pes(read_pes_aller(content))


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<DteStr ", "<Inconnu/><DteStr ", "XSD-UNEXPECTED_ELEMENT"),
        ("<EnTeteRecette>", "<Autre/><EnTeteRecette>", "XSD-MISSING_ELEMENT"),
        ('<NbrPce V="1"/>', "", "XSD-MISSING_ELEMENT"),
        ('<MtBordHt V="86.40"/>', "", "XSD-MISSING_ELEMENT"),
        ("<Contenu>", '<Contenu Id="x">', "XSD-UNEXPECTED_ATTRIBUTE"),
        ("</Fichier>", "<b/></Fichier>", "XSD-UNEXPECTED_ELEMENT"),
        ("</PES_PJ>", "</PES_PJ><PES_Autre/>", "XSD-UNEXPECTED_ELEMENT"),
        ('<Exer V="2026"/>', '<Exer V="MMXXVI"/>', "XSD-VALUE"),
        ("</PES_PJ>", "texte</PES_PJ>", "XSD-TEXT"),
        ("<Piece>", '<Piece xml:lang="fr">', "XSD-UNEXPECTED_ATTRIBUTE"),
    ],
)
def test_what_would_be_lost_is_refused(old, new, code):
    with pytest.raises(FaultError) as error:
        read_pes_aller(edited(old, new))
    (fault,) = error.value.faults
    assert fault.code == code
    assert fault.line is not None
    assert "{" not in sentence(fault)


def test_another_document_is_refused():
    with pytest.raises(DematError, match="XML-ROOT"):
        read_pes_aller((GOLDEN / "acquit_v2.xml").read_bytes())
