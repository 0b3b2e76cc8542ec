"""Reading a PES_Aller piece by piece, and its values in words."""

import io

import pytest

from demat.faults import FaultError
from demat.helios.build import build_pes
from demat.helios.libelles import en_clair, libelle, nature_piece, nature_rattachement, remarkable
from demat.helios.model import Domaine
from demat.helios.view import (
    EntetePes,
    VueBordereau,
    VueLigne,
    VuePes,
    VuePiece,
    VuePj,
    VueRattachement,
    masked,
    read_view,
)
from tests.unit.helios.samples import mandats_reservoir, titre_cantine


def read(content: bytes) -> list[VuePes]:
    return list(read_view(io.BytesIO(content)))


def test_a_pes_is_read_in_order():
    found = read(build_pes(mandats_reservoir()))
    assert [type(one) for one in found] == [
        *(EntetePes, VueBordereau, VuePiece, VueBordereau, VuePiece, VuePj),
    ]
    heads = [one for one in found if isinstance(one, VueBordereau)]
    assert [(one.rang, one.numero, one.id) for one in heads] == [
        (1, "31", "BRD2026D0031"),
        (2, "4", "BRD2026D0004A"),
    ]


def test_a_line_keeps_what_has_no_field():
    found = read(build_pes(mandats_reservoir()))
    pieces = [one for one in found if isinstance(one, VuePiece)]
    first, second = (one.lignes[0] for one in pieces)
    assert dict(first.autres)["IdMarche"] == "2025-07"
    assert second.rattachement == VueRattachement(
        nature="01", exercice="2026", piece="151", ligne="1"
    )
    assert str(first.mt_ttc) == "1800.00"
    assert {"RattachPiece", "NatPceOrig"} & set(dict(second.autres)) == set()


def test_a_value_that_cannot_be_read_is_absent():
    content = build_pes(titre_cantine()).replace(b'MtHT V="86.40"', b'MtHT V="86,40"')
    (piece,) = (one for one in read(content) if isinstance(one, VuePiece))
    ligne = piece.lignes[0]
    assert isinstance(ligne, VueLigne)
    assert (ligne.mt_ht, ligne.mt_ttc, str(piece.mt_ht)) == (None, None, "0.00")


def test_a_broken_end_is_a_fault_after_what_could_be_read():
    content = build_pes(titre_cantine())
    values = read_view(io.BytesIO(content[:-40]))
    assert isinstance(next(values), EntetePes)
    with pytest.raises(FaultError) as caught:
        list(values)
    assert caught.value.faults.codes == ("XML-SYNTAX",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("FR7699999000020000065432129", "•••• 2129"),
        ("FR76 9999 9000", "•••• 9000"),
        ("123456789", "•••• 6789"),
        ("12345678", "••••"),
        ("", ""),
    ],
)
def test_an_account_shows_its_end_only(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ModRegl", "03", "virement"),
        ("ModRegl", "99", "99"),
        ("Majo", "1", "oui"),
        ("TvaIntraCom", "false", "non"),
        ("DtePrel", "2026-04-28", "28/04/2026"),
        ("MtPrel", "120.00", "120,00\u00a0€"),
        ("AncienIBAN", "FR7699999000020000065432129", "•••• 2129"),
        ("Dgp", "0", "applicable"),
        ("Inconnu", "x", "x"),
    ],
)
def test_a_value_in_words(name, value, words):
    assert en_clair(name, value) == words


def test_codes_mean_other_things_in_the_other_domain():
    assert nature_rattachement(Domaine.RECETTE, "01") == "titre"
    assert nature_rattachement(Domaine.DEPENSE, "01") == "mandat"
    assert nature_piece(Domaine.RECETTE, "01", "01") == "titre ordinaire, fonctionnement"
    assert nature_piece(Domaine.DEPENSE, "77", "") == "type 77"


def test_what_every_file_repeats_is_not_worth_reading():
    champs = [("Majo", "0"), ("Majo", "1"), ("TypAdr", "1"), ("CodServ", "ADM"), ("Xyz", "1")]
    assert list(remarkable(champs)) == [
        ("Majoration", "oui"),
        ("Service", "ADM"),
        (libelle("Xyz"), "1"),
    ]
