"""Writing a PES_Aller: golden bytes, official schemas of three years, examples of the dossier.

Golden files are re-made by ``python -m tests.unit.helios.test_build``; read the diff.
"""

import base64
import gzip
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from demat.helios.build import build_pes, encode_piece_jointe
from demat.helios.model import PesAller
from tests.unit.helios.samples import mandats_reservoir, titre_cantine

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "pes-built"
DOCUMENTS = {
    "recette-cantine.xml": titre_cantine(),
    "recette-cantine-signee.xml": titre_cantine(dematerialise=True),
    "depense-marche.xml": mandats_reservoir(),
}


def edited(pes: PesAller, **changes: object) -> PesAller:
    """Return the file with changes in the first line of its first pièce."""
    bordereau = pes.bordereaux[0]
    piece = bordereau.pieces[0]
    ligne = replace(piece.lignes[0], **changes)
    first = replace(bordereau, pieces=(replace(piece, lignes=(ligne,)),))
    return replace(pes, bordereaux=(first, *pes.bordereaux[1:]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_bytes_are_those_of_the_golden_file(name):
    assert build_pes(DOCUMENTS[name]) == (GOLDEN / name).read_bytes()


@pytest.mark.parametrize("version", ["4.7.1", "5.11", "5.17"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_official_schemas_of_every_year_accept_it(shared, name, version):
    path = shared / "official" / "pes" / version / "PES_V2" / "Rev0" / "PES_Aller.xsd"
    schema = etree.XMLSchema(etree.parse(path))
    schema.assertValid(etree.fromstring(build_pes(DOCUMENTS[name])))


def _facts(node):
    return [(e.tag, e.get("V"), e.get("Id"), (e.text or "").strip()) for e in node.iter()]


def _examples(shared):
    text = (shared / "domain" / "helios.md").read_text(encoding="utf-8")
    return re.findall(r"```xml\n(.*?)```", text, re.DOTALL)


def test_the_titre_is_the_example_of_the_dossier(shared):
    example = etree.fromstring(_examples(shared)[0].encode("iso-8859-1"))
    assert _facts(etree.fromstring(build_pes(titre_cantine()))) == _facts(example)


def test_the_mandats_are_the_example_of_the_dossier(shared):
    text = next(one for one in _examples(shared) if one.startswith("<PES_DepenseAller>"))
    example = [fact for fact in _facts(etree.fromstring(text)) if fact[0] != "CodIntMor"]
    built = etree.fromstring(build_pes(mandats_reservoir())).find("PES_DepenseAller")
    assert _facts(built) == example


def test_the_declaration_is_where_the_receivers_look():
    assert build_pes(titre_cantine()).startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>\n')


@pytest.mark.parametrize("text", ["18 REPAS A 4,80 €", "CŒUR", "DEUX\nLIGNES", "TAB\tULATION"])
def test_a_character_that_helios_cannot_receive_is_never_written(text):
    with pytest.raises(ValueError, match="ObjLignePce holds a character"):
        build_pes(edited(titre_cantine(), objet=text))


def test_french_accents_travel():
    content = build_pes(edited(titre_cantine(), objet="Été à l'école, ç ÿ"))
    assert "Été à l'école, ç ÿ".encode("iso-8859-1") in content


def test_an_amount_has_no_fraction_of_a_cent():
    with pytest.raises(ValueError, match="fraction of a cent"):
        build_pes(edited(titre_cantine(), mt_ht=Decimal("1.005")))


def test_an_absent_value_is_an_absent_element():
    content = build_pes(edited(titre_cantine(), objet="", fonction=""))
    assert b"ObjLignePce" not in content
    assert b"Fonction" not in content
    assert b'V=""' not in content


def test_tva_of_zero_is_omitted():
    content = build_pes(edited(mandats_reservoir(), mt_tva=Decimal("0.00")))
    assert b"MtTVA" not in content
    assert b"MtBordTVA" not in content


def test_totals_are_the_sums_of_the_lines():
    content = build_pes(edited(mandats_reservoir(), mt_ht=Decimal("0.10")))
    assert b'<MtBordHT V="0.10"/>' in content
    assert b'<MtBordTVA V="300.00"/>' in content


def test_dgp_zero_means_subject_to_the_time_limit():
    assert b'<Dgp V="0"/>' in build_pes(mandats_reservoir())


def test_an_attachment_is_compressed_without_name_nor_date():
    packed = base64.b64decode(encode_piece_jointe(b"contenu"))
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    assert gzip.decompress(packed) == b"contenu"


def test_an_empty_attachment_stays_readable():
    assert gzip.decompress(base64.b64decode(encode_piece_jointe(b""))) == b""


if __name__ == "__main__":
    for golden_name, pes_aller in DOCUMENTS.items():
        (GOLDEN / golden_name).write_bytes(build_pes(pes_aller))
