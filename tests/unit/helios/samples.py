"""Fictional PES values: the examples of the helios dossier (§3.9, §4.5), as our model says them."""

from datetime import date
from decimal import Decimal

from demat.helios.model import (
    Adresse,
    Bordereau,
    Budget,
    Compte,
    Dgp,
    Domaine,
    EmetteurPes,
    Ligne,
    PesAller,
    PieceComptable,
    PieceJointe,
    PJRef,
    RattachPiece,
    Tiers,
)

EMETTEUR = EmetteurPes(sigle="EDITEUR DEMO", adresse="moteur-pes 0.1")
BELLOMBRE = Budget(
    id_post="099012",
    siret="21990123800010",
    cod_col="045",
    cod_bud="00",
    libelle="COMMUNE DE BELLOMBRE",
)
CLAIRVALLON = Budget(
    id_post="099031",
    siret="21990456200010",
    cod_col="118",
    cod_bud="02",
    libelle="EAU DE CLAIRVALLON",
)
PDF = b"%PDF-1.4 exemple fictif\n"


def titre_cantine(*, dematerialise: bool = False) -> PesAller:
    """Return the titre of §3.9: one debtor, one attachment, no TVA."""
    return PesAller(
        nom_fic="PESALR2_21990123800010_260312_001",
        id="PES20260312R001",
        emetteur=EMETTEUR,
        budget=BELLOMBRE,
        date=date(2026, 3, 12),
        dematerialise=dematerialise,
        bordereaux=(
            Bordereau(
                id="BRD2026R0012",
                domaine=Domaine.RECETTE,
                exercice=2026,
                numero=12,
                date_emission=date(2026, 3, 12),
                typ_bord="01",
                mt_cumul_annuel=Decimal("18250.40"),
                pieces=(_titre(),),
            ),
        ),
        pieces_jointes=(
            PieceJointe(
                id_unique="21990123800010R2026T000417A1",
                name="ETAT_2026_000417.pdf",
                content=PDF,
                mime_type="application/pdf",
                type_pj="002",
                description="Etat de facturation cantine titre 417",
            ),
        ),
    )


def _titre() -> PieceComptable:
    return PieceComptable(
        numero=417,
        typ_pce="01",
        nat_pce="01",
        objet="CANTINE SCOLAIRE FEVRIER 2026",
        date_asap=date(2026, 3, 16),
        pj=(PJRef(id_unique="21990123800010R2026T000417A1", name="ETAT_2026_000417.pdf"),),
        lignes=(
            Ligne(
                numero=1,
                objet="18 REPAS A 4,80 EUR",
                code_produit="CANT",
                nature="7067",
                fonction="281",
                mt_ht=Decimal("86.40"),
                tiers=(
                    Tiers(
                        date_naissance=date(1987, 5, 9),
                        ref_tiers="FAM00231",
                        cat_tiers="01",
                        nat_jur="01",
                        civilite="MME",
                        nom="ARDOISIER",
                        prenom="LUCILE",
                        adresse=Adresse(adr2="14 RUE DU LAVOIR", cp="99120", ville="BELLOMBRE"),
                    ),
                ),
            ),
        ),
    )


def mandats_reservoir(*, dematerialise: bool = False) -> PesAller:
    """Return the mandats of §4.5: a contract with TVA and DGP, then a reduction."""
    return PesAller(
        nom_fic="PESALR2_21990456200010_260320_001",
        id="PES20260320D001",
        emetteur=EMETTEUR,
        budget=CLAIRVALLON,
        date=date(2026, 3, 20),
        dematerialise=dematerialise,
        bordereaux=(
            _bordereau("BRD2026D0031", 31, "01", Decimal("94120.55"), _marche()),
            _bordereau("BRD2026D0004A", 4, "02", Decimal("210.00"), _reduction()),
        ),
        pieces_jointes=(
            PieceJointe(
                id_unique="21990456200010D2026M000204F1",
                name="FACT_S2_2026.pdf",
                content=PDF,
                mime_type="application/pdf",
                type_pj="003",
                description="Facture situation 2",
            ),
        ),
    )


def _bordereau(
    identifier: str, numero: int, typ_bord: str, cumul: Decimal, piece: PieceComptable
) -> Bordereau:
    return Bordereau(
        id=identifier,
        domaine=Domaine.DEPENSE,
        exercice=2026,
        numero=numero,
        date_emission=date(2026, 3, 20),
        typ_bord=typ_bord,
        mt_cumul_annuel=cumul,
        pieces=(piece,),
    )


def _marche() -> PieceComptable:
    return PieceComptable(
        numero=204,
        typ_pce="09",
        nat_pce="02",
        objet="SITUATION 2 REHABILITATION RESERVOIR",
        pj=(
            PJRef(id_unique="21990456200010D2026M000204F1", name="FACT_S2_2026.pdf"),
            PJRef(
                support="02",
                id_unique="21990456200010D2026M000204C1",
                name="CERTIFICAT DE PAIEMENT",
            ),
        ),
        dgp=Dgp(debut=date(2026, 3, 2), fin=date(2026, 4, 1), duree=30),
        lignes=(
            Ligne(
                numero=1,
                nature="2315",
                operation="2401",
                facture="S2-2026-118",
                lib_vir1="SITUATION 2 RESERVOIR",
                lib_vir2="MARCHE 2025-07",
                mode_reglement="03",
                mt_ht=Decimal("1500.00"),
                mt_tva=Decimal("300.00"),
                marche="2025-07",
                inventaire="RES-2025-01",
                tiers=(_travaux(),),
            ),
        ),
    )


def _travaux() -> Tiers:
    return Tiers(
        id_tiers="90012345600015",
        nat_id_tiers="01",
        ref_tiers="F0087",
        cat_tiers="50",
        nat_jur="03",
        nom="TRAVAUX DU VALLON",
        adresse=Adresse(adr2="3 ZONE ARTISANALE DES PRES", cp="99200", ville="CLAIRVALLON"),
        compte=Compte(
            bic="DEMOFRPP",
            iban="FR9399999000010000A12345612",
            titulaire="TRAVAUX DU VALLON SARL",
        ),
    )


def _reduction() -> PieceComptable:
    return PieceComptable(
        numero=9,
        typ_pce="02",
        nat_pce="06",
        objet="REDUCTION MANDAT 151 ERREUR DE LIQUIDATION",
        lignes=(
            Ligne(
                numero=1,
                nature="6063",
                mt_ht=Decimal("60.00"),
                rattachement=RattachPiece(nature="01", exercice=2026, piece=151, ligne=1),
                tiers=(
                    Tiers(
                        id_tiers="90067890500028",
                        nat_id_tiers="01",
                        cat_tiers="50",
                        nat_jur="03",
                        nom="FOURNITURES LERAND",
                        adresse=Adresse(
                            adr2="22 AVENUE DES FORGES", cp="99200", ville="CLAIRVALLON"
                        ),
                    ),
                ),
            ),
        ),
    )
