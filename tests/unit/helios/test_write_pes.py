"""Writing in pieces: iterators, attachments read from elsewhere, and memory."""

import base64
import gzip
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree

from demat.helios.build import build_pes, encode_piece_jointe, write_pes
from demat.helios.model import EnTeteDomaine
from tests.unit.helios.samples import mandats_reservoir, titre_cantine

ROOT = Path(__file__).resolve().parents[3]
LIMIT_KB = 40 * 1024
"""Twice what is needed; holding all the bordereaux takes three times what is needed."""


def test_iterators_give_the_same_bytes():
    pes = mandats_reservoir()
    lazy = replace(pes, bordereaux=iter(pes.bordereaux), pieces_jointes=iter(pes.pieces_jointes))
    assert build_pes(lazy) == build_pes(pes)


def test_an_attachment_may_be_read_from_elsewhere():
    pes = titre_cantine()
    (piece,) = pes.pieces_jointes
    opened = []

    def source():
        opened.append(BytesIO(piece.content))
        return opened[-1]

    lazy = replace(pes, pieces_jointes=(replace(piece, content=b"", source=source),))
    assert build_pes(lazy) == build_pes(pes)
    assert [one.closed for one in opened] == [True]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 65_535, 65_536, 65_537, 300_001])
def test_an_attachment_of_any_size_is_encoded_in_pieces(size):
    content = bytes(number * number % 251 for number in range(size))
    text = encode_piece_jointe(content)
    assert gzip.decompress(base64.b64decode(text, validate=True)) == content


def test_a_long_attachment_is_read_in_pieces():
    class Endless:
        """Twenty megabytes that are never all there."""

        left = 320

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def read(self, size):
            assert 0 < size <= 65_536
            self.left -= 1
            return bytes(size) if self.left >= 0 else b""

    pes = titre_cantine()
    lazy = replace(pes, pieces_jointes=(replace(pes.pieces_jointes[0], source=Endless),))
    found = etree.fromstring(build_pes(lazy)).findtext("PES_PJ/PJ/Contenu/Fichier")
    assert len(gzip.decompress(base64.b64decode(found))) == 320 * 65_536


def test_both_domains_come_in_the_order_of_the_norm():
    titres, mandats = titre_cantine(), mandats_reservoir()
    both = replace(titres, bordereaux=(*titres.bordereaux, *mandats.bordereaux))
    root = etree.fromstring(build_pes(both))
    assert [child.tag for child in root][2:4] == ["PES_DepenseAller", "PES_RecetteAller"]
    with pytest.raises(ValueError, match="dépense come before"):
        build_pes(replace(both, bordereaux=iter(both.bordereaux)))


def test_each_domain_may_have_a_header_of_its_own():
    titres, mandats = titre_cantine(), mandats_reservoir()
    both = replace(
        titres,
        bordereaux=(*titres.bordereaux, *mandats.bordereaux),
        entete_depense=EnTeteDomaine(dematerialise=True),
    )
    root = etree.fromstring(build_pes(both))
    flags = [one.get("V") for one in root.iter("InfoDematerialisee")]
    assert flags == ["1", "0"]


def test_a_form_outside_the_character_set_becomes_a_reference():
    pes = replace(titre_cantine(), nom_fic="Œ", formes=(("NomFic", "Œ"),))
    out = BytesIO()
    write_pes(pes, out)
    assert b'<NomFic V="&#338;"/>' in out.getvalue()


# VmHWM and not ru_maxrss, which a child inherits from the test process
_MANY = """
from dataclasses import replace
from demat.helios.build import write_pes
from tests.unit.helios.samples import titre_cantine

class Sink:
    size = 0
    def write(self, data):
        self.size += len(data)
        return len(data)

def piece(model, numero):
    (ligne,) = model.lignes
    (tiers,) = ligne.tiers
    lignes = tuple(
        replace(ligne, numero=number, tiers=(replace(tiers, ref_tiers=f"FAM{numero}"),))
        for number in (1, 2, 3)
    )
    return replace(model, numero=numero, lignes=lignes)

def bordereaux(model, count, size):
    for rank in range(count):
        pieces = tuple(piece(model.pieces[0], rank * size + n + 1) for n in range(size))
        yield replace(model, id=f"BRD{rank}", numero=rank + 1, pieces=pieces)

pes, out = titre_cantine(), Sink()
write_pes(replace(pes, bordereaux=bordereaux(pes.bordereaux[0], 200, 100)), out)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(out.size, status["VmHWM"].split()[0])
"""


def test_twenty_thousand_pieces_need_no_more_memory_than_one_bordereau():
    done = subprocess.run(
        [sys.executable, "-c", _MANY], cwd=ROOT, capture_output=True, text=True, check=True
    )
    size, peak = map(int, done.stdout.split())
    assert size > 50_000_000
    assert peak < LIMIT_KB
