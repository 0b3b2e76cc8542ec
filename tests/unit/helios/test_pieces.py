"""The states of what a PES carries: by the acquit, then by the retours (helios dossier §8)."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from demat.helios.acquit import parse_acquit
from demat.helios.model import Domaine
from demat.helios.pieces import (
    EtatPiece,
    Verdict,
    element_states,
    etat_piece,
    piece_key,
    regularised_keys,
    settled,
)
from demat.helios.read import read_pes
from demat.helios.retour import PieceRetour, Reglement, TiersRetour, parse_retour
from demat.helios.rules import register_keys
from tests.conftest import ROOT
from tests.unit.helios.test_acquit import attachment, document, erreur
from tests.unit.helios.test_acquit import bordereau as verdict
from tests.unit.helios.test_released import FACTS, NAME, PJ

GOLDEN = ROOT / "tests" / "golden" / "pes"
YES, NO, NOTHING = Verdict.INTEGRE, Verdict.REFUSE, Verdict.SANS_REPONSE


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        # file, bordereau 31, pièces 204 and 205, bordereau 4, pièce 210, attachment
        (None, [NOTHING] * 7),
        ([verdict(31, "1"), verdict(4, "true"), attachment("1", PJ)], [YES] * 7),
        ([verdict(31, "false"), verdict(4, "1")], [YES, NO, NO, NO, YES, YES, NOTHING]),
        # several elements for one bordereau: one refusal refuses it; none for the other
        ([verdict(31, "1"), verdict(31, "0")], [NO, NO, NO, NO, NOTHING, NOTHING, NOTHING]),
        ([verdict(31, "1")], [YES, YES, YES, YES, NOTHING, NOTHING, NOTHING]),
        (
            [verdict(31, "1"), verdict(4, "1"), attachment("0", PJ)],
            [YES, YES, YES, YES, YES, YES, NO],
        ),
        # the signature of the whole file
        ([verdict(31, "1"), '<DomaineAck V="2"/><EtatAck V="0"/>'], [NO] * 7),
    ],
)
def test_each_element_has_its_verdict(elements: list[str] | None, expected: list[Verdict]) -> None:
    acquit = None if elements is None else parse_acquit(document(*elements))
    states = element_states(FACTS, acquit)
    assert [one.verdict for one in states] == expected
    assert [(one.kind, one.key) for one in states[1:]] == list(register_keys(FACTS))[1:]
    assert (states[0].kind, states[0].key) == ("fichier", NAME)


def test_each_error_belongs_to_its_element() -> None:
    detail = (
        erreur("ERREUR_TIMEOUT", "a")
        + f'<DetailPiece><NumPiece V="204"/>{erreur("ERREUR_AUTRE", "b")}<DetailLigne>'
        f'<NumLigne V="1"/>{erreur("ERREUR_AUTRE", "c")}</DetailLigne></DetailPiece>'
    )
    acquit = parse_acquit(
        document(
            verdict(31, "0", rest=detail),
            attachment("0", PJ) + erreur("ERREUR_PJ", "d"),
            '<DomaineAck V="0"/><EtatAck V="0"/>' + erreur("ERREUR_ENCODING", "e"),
        )
    )
    told = {
        one.key: [(e.libelle, e.ligne) for e in one.erreurs]
        for one in element_states(FACTS, acquit)
        if one.erreurs
    }
    assert told == {
        NAME: [("e", None)],
        "depense/00/2026/01/31": [("a", None)],
        "depense/00/2026/01/204": [("b", None), ("c", 1)],
        PJ: [("d", None)],
    }


# ---------------------------------------------------------------------------------- retours

PIECE = PieceRetour(
    domaine=Domaine.RECETTE,
    exercice=2026,
    bordereau=12,
    typ_bord="01",
    numero=417,
    objet="",
    etat="02",
    etat_libelle="",
    date_prise_en_charge="2026-03-27",
    date_rejet="",
    observations=(),
    commentaire="",
    lignes=(),
)


@pytest.mark.parametrize(
    ("domaine", "etat", "taken", "rejected", "expected"),
    [
        (Domaine.DEPENSE, "01", "", "", "instance"),
        (Domaine.DEPENSE, "02", "x", "", "prise_en_charge"),
        (Domaine.DEPENSE, "03", "x", "", "inconnu"),
        (Domaine.DEPENSE, "04", "", "x", "rejetee"),
        (Domaine.DEPENSE, "04", "", "", "rejetee"),
        (Domaine.DEPENSE, "04", "x", "", "rejetee_apres"),
        (Domaine.DEPENSE, "05", "x", "", "soldee"),
        (Domaine.DEPENSE, "05", "x", "x", "rejetee_apres"),
        (Domaine.DEPENSE, "02", "", "x", "rejetee"),
        (Domaine.RECETTE, "01", "", "", "instance"),
        (Domaine.RECETTE, "02", "x", "", "prise_en_charge"),
        (Domaine.RECETTE, "03", "x", "", "prise_en_charge_partielle"),
        (Domaine.RECETTE, "04", "x", "x", "rejetee_apres"),
        (Domaine.RECETTE, "05", "x", "", "annulee"),
        (Domaine.RECETTE, "", "", "", "inconnu"),
    ],
)
def test_the_dates_decide_before_the_codes(domaine, etat, taken, rejected, expected) -> None:
    piece = replace(
        PIECE, domaine=domaine, etat=etat, date_prise_en_charge=taken, date_rejet=rejected
    )
    assert etat_piece(piece) == expected


def test_what_an_earlier_retour_told_counts() -> None:
    day = date(2026, 3, 27)
    assert settled(EtatPiece.REJETEE, day) is EtatPiece.REJETEE_APRES
    assert settled(EtatPiece.REJETEE, None) is EtatPiece.REJETEE
    assert settled(EtatPiece.SOLDEE, day) is EtatPiece.SOLDEE


@pytest.mark.parametrize(
    ("etats", "expected"),
    [(("05", "06"), "soldee"), (("05", "04"), "prise_en_charge"), ((), "prise_en_charge")],
)
def test_a_titre_is_settled_by_all_its_lines(etats, expected) -> None:
    (line,) = parse_retour((GOLDEN / "retour_complet.xml").read_bytes()).pieces[1].lignes
    lignes = tuple(replace(line, etat=etat) for etat in etats)
    assert etat_piece(replace(PIECE, lignes=lignes)) == expected


def test_the_key_is_that_of_the_file_that_was_sent() -> None:
    content = (GOLDEN / "aller_recette.xml").read_bytes()
    sent = read_pes(content)
    bord = sent.bordereaux[0]
    piece = replace(
        PIECE,
        domaine=bord.domaine,
        exercice=bord.exercice,
        typ_bord=bord.typ_bord,
        numero=bord.pieces[0],
    )
    assert ("idpce", piece_key(sent.cod_bud, piece)) in register_keys(sent)


def test_the_golden_retour_asks_for_a_mandat_and_a_titre() -> None:
    mandat, titre = parse_retour((GOLDEN / "retour_complet.xml").read_bytes()).pieces
    assert (mandat.a_regulariser, titre.a_regulariser, PIECE.a_regulariser) == (True, True, False)
    (line,) = mandat.lignes
    assert (line.mt_ht, line.mt_tva, line.cpte_tiers, mandat.mt_ttc) == (
        Decimal("-12.50"),
        Decimal("0.00"),
        "4721",
        Decimal("-12.50"),
    )
    (line,) = titre.lignes
    assert line.reglements == (
        Reglement(origine="10", date="2026-04-02", montant=Decimal("50.00")),
    )
    assert (titre.typ_pce, titre.nat_pce, titre.mt_ttc, line.cpte_tiers) == (
        "13",
        "12",
        Decimal("91.15"),
        "47138",
    )
    assert line.tiers == TiersRetour(
        nom="DUVALLON",
        prenom="PAUL",
        cat_tiers="01",
        nat_jur="00",
        civilite="M",
        ref_tiers="F0087",
        adresse=("", "2 QUAI", ""),
        cp="99200",
        ville="CLAIRVALLON",
    )


@pytest.mark.parametrize(
    ("nature", "found"),
    [("03", [("recette/02/2026/01/417", "recette/02/2025/9")]), ("01", [])],
)
def test_only_what_was_paid_first_is_regularised(nature: str, found: list) -> None:
    content = f"""<n:PES_Aller xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller">
<EnTetePES><CodBud V="02"/></EnTetePES><PES_RecetteAller><Bordereau><BlocBordereau>
<Exer V="2026"/><IdBord V="12"/><TypBord V="01"/></BlocBordereau><Piece><BlocPiece>
<IdPce V="0417"/></BlocPiece><LigneDePiece><BlocLignePiece><InfoLignePce><IdLigne V="1"/>
</InfoLignePce><RattachPiece><NatPceOrig V="{nature}"/><ExerRat V="2025"/><IdPceOrig V="9"/>
</RattachPiece></BlocLignePiece></LigneDePiece></Piece></Bordereau></PES_RecetteAller>
</n:PES_Aller>"""
    assert list(regularised_keys(io.BytesIO(content.encode()))) == found
