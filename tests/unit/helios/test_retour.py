"""Reading a PES_Retour."""

from decimal import Decimal

import pytest

from demat.faults import FaultError
from demat.helios.model import Domaine
from demat.helios.retour import LigneRetour, PieceRetour, Retour, parse_retour

ROOT = 'xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour"'
PAID = f"""<n:PES_Retour {ROOT}><Enveloppe><Parametres><Version V="2"/><TypFic V="PES2R_DEP"/>
<NomFic V="RETOUR1"/></Parametres></Enveloppe>
<EnTetePES><DteStr V="2026-04-03"/><IdPost V="099031"/><IdColl V="21990456200010"/>
<CodColl V="118"/><CodBud V="02"/></EnTetePES>
<PES_DepenseRetour><EnTeteDepense><TypRestit V="02"/><IdVer V="2"/><NatInf V="2"/></EnTeteDepense>
<Bordereau><BlocBordereau><Exer V="2026"/><IdBord V="31"/><TypBord V="01"/></BlocBordereau>
<Piece><InfoPiece><IdPce V="204"/><TypPce V="09"/><NatPce V="02"/><DtePcePec V="2026-03-27"/>
<DtePceRej V="2026-03-28"/><ObsEtat V="01-06"/><Commentaire V="Facture absente"/><EtatPce V="05"/>
</InfoPiece><LigneDePiece><BlocLignePiece><InfoLignePiece><IdLigne V="1"/><EtatLigPce V="01"/>
<MtHT V="1500.00"/></InfoLignePiece><InfoPaiement><NbrPay V="1"/><MtPayTot V="1800.00"/>
</InfoPaiement></BlocLignePiece></LigneDePiece></Piece></Bordereau></PES_DepenseRetour>
</n:PES_Retour>"""


def test_the_state_of_each_piece_is_read():
    piece = parse_retour(PAID.encode()).pieces[0]
    assert piece == PieceRetour(
        domaine=Domaine.DEPENSE,
        exercice=2026,
        bordereau=31,
        typ_bord="01",
        numero=204,
        objet="",
        etat="05",
        etat_libelle="soldée",
        date_prise_en_charge="2026-03-27",
        date_rejet="2026-03-28",
        observations=("01", "06"),
        commentaire="Facture absente",
        lignes=(
            LigneRetour(
                numero=1,
                etat="01",
                observations=(),
                commentaire="",
                mt_ht=Decimal("1500.00"),
                mt_regle=Decimal("1800.00"),
            ),
        ),
        line=7,
        typ_pce="09",
        nat_pce="02",
    )
    assert piece.mt_regle == Decimal("1800.00")


@pytest.mark.parametrize(
    ("removed", "lost"),
    [("", True), ('<DtePcePec V="2026-03-27"/>', False), ('<DtePceRej V="2026-03-28"/>', False)],
)
def test_a_number_rejected_after_acceptance_is_lost(removed, lost):
    content = PAID.replace(removed, "") if removed else PAID
    assert parse_retour(content.encode()).pieces[0].numero_perdu is lost


def test_recette_has_other_names_and_states():
    content = PAID.replace("Depense", "Recette").replace("InfoPiece>", "BlocPiece>")
    content = content.replace("InfoPaiement", "InfoRecouvrement").replace("MtPayTot", "MtRecoTot")
    piece = parse_retour(content.encode()).pieces[0]
    assert (piece.domaine, piece.numero, piece.etat_libelle, piece.mt_regle) == (
        Domaine.RECETTE,
        204,
        "annulée",
        Decimal("1800.00"),
    )


def test_the_real_retour(shared):
    path = shared / "real" / "helios" / "HELIOS_SIMU_RETOUR_1565181244_184723364.xml"
    assert parse_retour(path.read_bytes()) == Retour(
        nom_fic="HELIOS_SIMU_RETOUR_1565181244_184723364.xml",
        typ_fic="PESRETOUR_DEP",
        date="2008-02-15",
        id_post="082008",
        id_coll="12345678900012",
        cod_col="221",
        cod_bud="00",
        typ_restit="AA",
        pieces=(
            PieceRetour(
                domaine=Domaine.DEPENSE,
                exercice=2009,
                bordereau=1234567,
                typ_bord="01",
                numero=832,
                objet="Test accent éÉÈÈêà",
                etat="01",
                etat_libelle="en instance",
                date_prise_en_charge="2008-12-12",
                date_rejet="",
                observations=(),
                commentaire="",
                lignes=(
                    LigneRetour(
                        numero=1,
                        etat="01",
                        observations=("12",),
                        commentaire="",
                        mt_ht=Decimal("39724.75"),
                        mt_regle=None,
                    ),
                ),
                line=30,
                typ_pce="01",
                nat_pce="01",
            ),
        ),
    )


def test_another_root_is_refused():
    with pytest.raises(FaultError) as caught:
        parse_retour(b"<PES_ACQUIT/>")
    assert caught.value.faults.codes == ("XML-ROOT",)
