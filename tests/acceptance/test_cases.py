"""Every case that towns meet in titres and mandats, from a spreadsheet to a file ready to leave.

Each folder of ``fixtures/cas`` is deposited; what defines the case is compared with the norm
(helios dossier §3, §4, §5) as sub-trees of the file, and the file with the official schemas.
"""

import base64
import gzip
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from tests.acceptance.conftest import Mairie
from tests.conftest import ROOT

CAS = ROOT / "fixtures" / "cas"
OWN = ROOT / "demat" / "schemas" / "resources" / "pes-5.17" / "pes_aller.xsd"
ENTRY = Path("PES_V2") / "Rev0" / "PES_Aller.xsd"

HEAD = ".//BlocBordereau"
TITRE = ".//BlocPiece"
MANDAT = ".//InfoPce"
LIGNE = ".//BlocLignePiece"
TIERS = ".//InfoTiers"
COMPTE = ".//CpteBancaire"

LUCILE = (
    "InfoTiers(RefTiers=FAM00231 CatTiers=01 NatJur=01 TypTiers=01 Civilite=MME Nom=ARDOISIER"
    " Prenom=LUCILE)"
)
OCTAVE = (
    "InfoTiers(RefTiers=FAM00087 CatTiers=01 NatJur=01 TypTiers={} Civilite=M Nom=TUILLIER"
    " Prenom=OCTAVE)"
)
LERAND = (
    "InfoTiers(IdTiers=90067890500028 NatIdTiers=01 RefTiers=F0012 CatTiers=50 NatJur=03"
    " Nom=FOURNITURES LERAND)"
)
VALLON = (
    "InfoTiers(IdTiers=90012345600015 NatIdTiers=01 RefTiers=F0087 CatTiers=50 NatJur=03"
    "{} Nom=TRAVAUX DU VALLON)"
)
BANK_LERAND = (
    "CpteBancaire(BIC=DEMOFRPPXXX IBAN=FR7699999000020000011111159 TitCpte=FOURNITURES LERAND)"
)
BANK_VALLON = (
    "CpteBancaire(BIC=DEMOFRPPXXX IBAN=FR7699999000020000065432129 TitCpte=TRAVAUX DU VALLON)"
)


def recette(nature: str = "7067", ht: str = "86.40", rest: str = "") -> str:
    """Return the line of a titre of the canteen."""
    info = f"IdLigne=1 CodProdLoc=CANT Nature={nature} Fonction=281 Majo=0 TvaIntraCom=0 MtHT={ht}"
    return f"BlocLignePiece(InfoLignePiece({info}){rest})"


def depense(info: str, ht: str = "240.00", rest: str = "") -> str:
    """Return the line of a mandat."""
    return f"BlocLignePiece(InfoLignePce({info} TVAIntraCom=0 MtHT={ht}){rest})"


PAPER = "IdLigne=1 Nature=6064 Fonction=020 ModRegl=03"
OBJET = "ObjPce=CANTINE SEPTEMBRE 2026"
OBJ = "Obj=FOURNITURES DE BUREAU"
SIRET = "21990123800010"


def reference(unique: str, name: str) -> str:
    """Return the pointer to an attachment."""
    return f"PJRef(Support=01 IdUnique={unique} NomPJ={name})"


def attachment(unique: str, name: str, kind: str) -> str:
    """Return an attachment without its content."""
    description = name.rpartition(".")[0]
    return f"PJ(IdUnique={unique} NomPJ={name} TypePJ={kind} Description={description})"


Expected = Mapping[str, Sequence[str]]
CASES: Mapping[str, Expected] = {
    "titre-ordinaire": {
        HEAD: [
            "BlocBordereau(Exer=2026 IdBord=12 DteBordEm=2026-10-12 TypBord=01 NbrPce=2"
            " MtCumulAnnuel=1086.40 MtBordHt=1086.40 MtBordTVA=200.00)"
        ],
        LIGNE: [
            "BlocLignePiece(InfoLignePiece(IdLigne=1 ObjLignePce=18 repas à 4,80 EUR"
            " CodProdLoc=CANT Nature=7067 Fonction=281 Majo=0 TvaIntraCom=0 MtHT=86.40))",
            "BlocLignePiece(InfoLignePiece(IdLigne=1 CodProdLoc=SALL Nature=752 Fonction=020"
            " TxTva=20.00 Majo=0 TvaIntraCom=0 MtHT=1000.00 MtTVA=200.00))",
        ],
        TIERS: [LUCILE, VALLON.format(" TypTiers=01")],
        ".//PES_PJ/PJ": [
            attachment(f"{SIRET}R2026T000501A1", "decompte-501.pdf", "002"),
        ],
    },
    "titre-apres-encaissement": {
        TITRE: [f"BlocPiece(IdPce=503 TypPce=05 NatPce=01 {OBJET})"],
        LIGNE: [
            "BlocLignePiece(InfoLignePiece(IdLigne=1 CodProdLoc=CANT Nature=7067 Fonction=281"
            " Majo=0 CpteTiers=47138 TvaIntraCom=0 MtHT=86.40)"
            " RattachPiece(NatPceOrig=03 ExerRat=2026 IdPceOrig=7781))"
        ],
    },
    "titre-annulation-reduction": {
        ".//TypBord": ["TypBord=02", "TypBord=01"],
        TITRE: [
            f"BlocPiece(IdPce=3 TypPce=02 NatPce=06 {OBJET})",
            f"BlocPiece(IdPce=4 TypPce=02 NatPce=06 {OBJET})",
            f"BlocPiece(IdPce=504 TypPce=02 NatPce=09 {OBJET})",
        ],
        ".//RattachPiece": [
            "RattachPiece(NatPceOrig=01 ExerRat=2026 IdPceOrig=417 IdLigneOrig=1)",
            "RattachPiece(NatPceOrig=01 ExerRat=2026 IdPceOrig=418 IdLigneOrig=2)",
            "RattachPiece(NatPceOrig=02 ExerRat=2025 IdPceOrig=88 IdLigneOrig=1)",
        ],
    },
    "titre-codebiteurs": {
        ".//NbrPce": ["NbrPce=1"],
        LIGNE: [recette("752", "620.00")],
        ".//LigneDePiece[1]/Tiers/InfoTiers": [LUCILE, OCTAVE.format("03")],
    },
    "titre-asap-payfip": {
        f"{TITRE}/Edition": ["Edition=01"],
        f"{TITRE}/NumDette": ["NumDette=2026000506"],
        f"{TITRE}/DteAsp": [],
        ".//CodProdLoc": ["CodProdLoc=CANT"],
        f"{TITRE}/PJRef": [
            reference(f"{SIRET}R2026T000506A1", "facture-506.pdf"),
            reference(f"{SIRET}R2026B00T000506ASAP", "ASAP_2026_000506.xml"),
        ],
        ".//PES_PJ/PJ/TypePJ": ["TypePJ=002", "TypePJ=006"],
    },
    "titre-chorus": {
        TITRE: [
            f"BlocPiece(IdPce=507 TypPce=01 NatPce=01 Edition=02 {OBJET} "
            + reference(f"{SIRET}R2026T000507A1", "facture-507.pdf")
            + " "
            + reference(f"{SIRET}R2026B00T000507ASAP", "ASAP_2026_000507.xml")
            + " NumeroFacture=FA-2026-507 NumeroMarche=2026M07 NumeroEngagement=EJ 4500012"
            " CodeService=SG_ACHATS)"
        ],
        TIERS: [VALLON.format(" TypTiers=01")],
    },
    "titre-majoration": {
        TITRE: ["BlocPiece(IdPce=508 TypPce=09 NatPce=01 ObjPce=MAJORATION EAU)"],
        LIGNE: [
            "BlocLignePiece(InfoLignePiece(IdLigne=1 CodProdLoc=CANT Nature=7067 Fonction=281"
            " Majo=1 DteMajo=2026-09-30 TxMajo=10.00 TvaIntraCom=0 MtHT=8.64)"
            " RattachPiece(NatPceOrig=05 ExerRat=2026 IdPceOrig=14))"
        ],
    },
    "titre-plusieurs-annees": {
        TITRE: [f"BlocPiece(IdPce=509 TypPce=10 NatPce=01 {OBJET})"],
        LIGNE: [recette("757", rest=" LiensIdent(IdConv=CONV-2026-3)")],
    },
    "titre-rattachement": {
        ".//TypBord": ["TypBord=01", "TypBord=02"],
        TITRE: [
            "BlocPiece(IdPce=510 TypPce=11 NatPce=01 ObjPce=RATTACHEMENT REDEVANCES 2026)",
            f"BlocPiece(IdPce=5 TypPce=02 NatPce=10 {OBJET})",
        ],
        ".//RattachPiece": ["RattachPiece(NatPceOrig=01 ExerRat=2025 IdPceOrig=391 IdLigneOrig=1)"],
    },
    "titre-ordre": {
        ".//Piece": [
            "Piece(BlocPiece(IdPce=511 TypPce=03 NatPce=02 ObjPce=AMORTISSEMENTS 2026)"
            " LigneDePiece(BlocLignePiece(InfoLignePiece(IdLigne=1 CodProdLoc=ORDR Nature=28183"
            " Majo=0 TvaIntraCom=0 MtHT=3200.00))))"
        ],
    },
    "titre-regie": {
        TITRE: [f"BlocPiece(IdPce=512 TypPce=01 NatPce=05 {OBJET})"],
        LIGNE: [recette(rest=" LiensIdent(IdRegie=REG01)")],
    },
    "role": {
        ".//TypFic": ["TypFic=PESORMC"],
        ".//InfoDematerialisee": ["InfoDematerialisee=0"],
        ".//{*}Signature": [],
        HEAD: [
            "BlocBordereau(Exer=2026 IdBord=12 DteBordEm=2026-10-12 TypBord=06 NbrPce=2"
            " MtBordHt=168.00 DteAsp=2026-10-16 Objet=PERISCOLAIRE SEPTEMBRE 2026)"
        ],
        # the keys of the first one are the test vectors of the dossier (§3.8)
        TITRE: [
            f"BlocPiece(IdPce=1 TypPce=15 NatPce=01 {OBJET} NumDette=2026000417 Per=3 Cle1=9"
            " Cle2=V)",
            f"BlocPiece(IdPce=2 TypPce=15 NatPce=01 {OBJET} NumDette=2026000418 Per=3 Cle1=7"
            " Cle2=W)",
        ],
        LIGNE: [
            "BlocLignePiece(InfoLignePiece(IdLigne=1 CodProdLoc=CANT Nature=588 Majo=0"
            " TvaIntraCom=0 MtHT=120.00) InfoPrelevementSEPA(NatPrel=01 PerPrel=07"
            " DtePrel=2026-11-30 MtPrel=120.00 SequencePres=03 DateSignMandat=2025-09-01"
            " RefUniMdt=FICTION-PERI-000231 LibPrel=PERISCOLAIRE SEPTEMBRE 2026))",
            "BlocLignePiece(InfoLignePiece(IdLigne=1 CodProdLoc=CANT Nature=588 Majo=0"
            " TvaIntraCom=0 MtHT=48.00))",
        ],
        COMPTE: [
            "CpteBancaire(BIC=DEMOFRPPXXX IBAN=FR7699999000020000022222218 TitCpte=ARDOISIER"
            " LUCILE)"
        ],
    },
    "role-et-titres": {
        ".//TypFic": ["TypFic=PESALR2", "TypFic=PESORMC"],
        ".//InfoDematerialisee": ["InfoDematerialisee=1", "InfoDematerialisee=0"],
        ".//BlocPiece/TypPce": ["TypPce=01", "TypPce=15"],
        TIERS: [OCTAVE.format("01"), LUCILE],
    },
    "mandat-ordinaire": {
        MANDAT: [
            f"InfoPce(IdPce=601 TypPce=01 NatPce=01 {OBJ} "
            + reference(f"{SIRET}D2026M000601A1", "facture-601.pdf")
            + ")"
        ],
        LIGNE: [
            depense(
                "IdLigne=1 Nature=6064 Fonction=020 Facture=2026-0912 LibVir1=FACTURE 2026-0912"
                " ModRegl=03"
            )
        ],
        TIERS: [LERAND],
        COMPTE: [BANK_LERAND],
    },
    "mandat-annulation-reduction": {
        ".//TypBord": ["TypBord=02", "TypBord=01"],
        MANDAT: [
            f"InfoPce(IdPce=7 TypPce=02 NatPce=06 {OBJ})",
            f"InfoPce(IdPce=602 TypPce=02 NatPce=09 {OBJ})",
        ],
        ".//RattachPiece": [
            "RattachPiece(NatPceOrig=01 ExerRat=2026 IdPceOrig=204 IdLigneOrig=1)",
            "RattachPiece(NatPceOrig=02 ExerRat=2025 IdPceOrig=77 IdLigneOrig=1)",
        ],
    },
    "mandat-apres-paiement": {
        MANDAT: ["InfoPce(IdPce=603 TypPce=05 NatPce=01 Obj=ELECTRICITE)"],
        LIGNE: [
            "BlocLignePiece(InfoLignePce(IdLigne=1 Nature=6061 Fonction=020 ModRegl=10"
            " TVAIntraCom=0 CpteTiers=4721 MtHT=240.00)"
            " RattachPiece(NatPceOrig=03 ExerRat=2026 IdPceOrig=3312))"
        ],
        COMPTE: [],
    },
    "mandat-lignes": {
        ".//MtBordTVA": ["MtBordTVA=30.00"],
        LIGNE: [
            "BlocLignePiece(InfoLignePce(IdLigne=1 Nature=6064 Fonction=020 Facture=2026-1001"
            " ModRegl=03 TVAIntraCom=0 MtHT=100.00 MtTVA=20.00))",
            "BlocLignePiece(InfoLignePce(IdLigne=2 Nature=6067 Fonction=211 Facture=2026-1001"
            " ModRegl=03 TVAIntraCom=0 MtHT=50.00 MtTVA=10.00))",
        ],
    },
    "mandat-retenues": {
        ".//TypPce": ["TypPce=08"],
        LIGNE: [
            depense("IdLigne=1 Nature=6218 Fonction=020 ModRegl=03", "1500.00"),
            depense("IdLigne=2 Nature=6218 Fonction=020 ModRegl=03", "180.00"),
        ],
        TIERS: [LERAND, VALLON.format("")],
        COMPTE: [BANK_LERAND, BANK_VALLON],
    },
    "mandat-marche-retenue-garantie": {
        MANDAT: [
            "InfoPce(IdPce=606 TypPce=09 NatPce=02 Obj=SITUATION 2 RESERVOIR "
            + reference(f"{SIRET}D2026M000606A1", "situation-606.pdf")
            + ")",
            "InfoPce(IdPce=607 TypPce=09 NatPce=12 Obj=RETENUE DE GARANTIE SITUATION 2)",
        ],
        LIGNE: [
            "BlocLignePiece(InfoLignePce(IdLigne=1 Nature=2313 Fonction=020 Operation=2401"
            " Facture=S2-2026-118 ModRegl=03 TVAIntraCom=0 MtHT=9500.00 MtTVA=1900.00)"
            " LiensIdent(IdMarche=2025-07 IdActif=RES-2025-01))",
            depense(
                "IdLigne=1 Nature=2313 Fonction=020 Operation=2401 ModRegl=03",
                "500.00",
                " LiensIdent(IdMarche=2025-07 IdActif=RES-2025-01)",
            ),
        ],
    },
    "mandat-cession": {
        LIGNE: [
            depense(
                "IdLigne=1 Nature=6064 Fonction=020 Facture=2026-0913"
                " LibVir2=CESSION FOURNITURES LERAND ModRegl=03"
            )
        ],
        ".//Tiers": [
            "Tiers(InfoTiers(IdTiers=90011122000019 NatIdTiers=01 CatTiers=50 NatJur=03"
            " Nom=AFFACTURAGE FICTIF) Adresse(TypAdr=1 Adr2=8 QUAI DES DOCKS CP=99300"
            " Ville=PORT-FICTION CodRes=0) CpteBancaire(BIC=DEMOFRPPXXX"
            " IBAN=FR7699999000020000033333374 TitCpte=AFFACTURAGE FICTIF SA))"
        ],
    },
    "mandat-dgp": {
        ".//DGP": [
            "DGP(Dgp=0 DteDebDgp=2026-10-02 DteFinDgp=2026-11-06 DureeDgp=30)",
            "DGP(Dgp=0 DteDebDgp=2026-10-05 DteFinDgp=2026-11-04 DureeDgp=30)",
        ],
        ".//DteEch": ["DteEch=2026-10-30"],
    },
    "mandat-paye": {
        MANDAT: [
            "InfoPce(IdPce=611 TypPce=08 NatPce=11 Obj=PAIE OCTOBRE 2026 "
            + reference(f"{SIRET}D2026M000611A1", "etat-de-paye.xml")
            + ")"
        ],
        LIGNE: [
            depense("IdLigne=1 Nature=64111 Fonction=020 ModRegl=04", "18400.00"),
            depense("IdLigne=2 Nature=6451 Fonction=020 ModRegl=03", "5120.00"),
        ],
        ".//PES_PJ/PJ": [attachment(f"{SIRET}D2026M000611A1", "etat-de-paye.xml", "004")],
    },
    "mandat-rattachement": {
        ".//TypBord": ["TypBord=01", "TypBord=02"],
        MANDAT: [
            "InfoPce(IdPce=612 TypPce=10 NatPce=01 Obj=RATTACHEMENT FLUIDES 2026)",
            f"InfoPce(IdPce=8 TypPce=02 NatPce=10 {OBJ})",
        ],
        ".//RattachPiece": ["RattachPiece(NatPceOrig=01 ExerRat=2025 IdPceOrig=390 IdLigneOrig=1)"],
    },
    "mandat-ordre": {
        ".//Piece": [
            "Piece(BlocPiece(InfoPce(IdPce=613 TypPce=03 NatPce=01 Obj=AMORTISSEMENTS 2026))"
            " LigneDePiece(" + depense("IdLigne=1 Nature=6811 ModRegl=08", "3200.00") + "))"
        ],
    },
    "mandat-regie": {
        MANDAT: [f"InfoPce(IdPce=614 TypPce=01 NatPce=05 {OBJ})"],
        LIGNE: [depense(PAPER, rest=" LiensIdent(IdRegie=REG02)")],
    },
    "mandat-triplet-libre": {
        MANDAT: [f"InfoPce(IdPce=615 TypPce=09 NatPce=02 {OBJ})"],
        LIGNE: [depense(PAPER, rest=" LiensIdent(IdMarche=2025-08)")],
    },
    "plusieurs-bordereaux": {
        HEAD: [
            "BlocBordereau(Exer=2026 IdBord=13 DteBordEm=2026-10-12 TypBord=01 NbrPce=2"
            " MtCumulAnnuel=90.00 MtBordHt=90.00)",
            "BlocBordereau(Exer=2026 IdBord=14 DteBordEm=2026-10-19 TypBord=01 NbrPce=1"
            " MtCumulAnnuel=100.00 MtBordHt=10.00)",
        ],
        ".//IdPce": ["IdPce=514", "IdPce=516", "IdPce=515"],
    },
    "plusieurs-budgets": {
        ".//CodBud": ["CodBud=00", "CodBud=02"],
        ".//CodProdLoc": ["CodProdLoc=CANT", "CodProdLoc=EAU"],
        ".//PJRef": [
            reference(f"{SIRET}R2026T000517A1", "decompte-517.pdf"),
            # the budget annexe has the SIRET of the main one: its identifiers say which it is
            reference(f"{SIRET}B02R2026T000517A1", "releve-517.pdf"),
        ],
        ".//PES_PJ/PJ": [
            attachment(f"{SIRET}R2026T000517A1", "decompte-517.pdf", "002"),
            attachment(f"{SIRET}B02R2026T000517A1", "releve-517.pdf", "002"),
        ],
    },
    "pieces-par-dossier": {
        MANDAT: [
            f"InfoPce(IdPce=616 TypPce=01 NatPce=01 {OBJ} "
            + reference(f"{SIRET}D2026M000616A1", "facture.pdf")
            + ")",
            f"InfoPce(IdPce=617 TypPce=01 NatPce=01 {OBJ} "
            + reference(f"{SIRET}D2026M000617A1", "bon-de-livraison.pdf")
            + " "
            + reference(f"{SIRET}D2026M000616A1", "facture.pdf")  # the same bytes, sent once
            + ")",
        ],
        ".//PES_PJ/PJ": [
            attachment(f"{SIRET}D2026M000616A1", "facture.pdf", "003"),
            attachment(f"{SIRET}D2026M000617A1", "bon-de-livraison.pdf", "003"),
        ],
    },
    "pieces-par-identifiant": {
        ".//PJRef": [
            reference("GED20260000618", "GED20260000618.pdf"),
            reference(f"{SIRET}D2026M000619A1", f"{SIRET}D2026M000619A1.pdf"),
        ],
        ".//PES_PJ/PJ": [
            attachment("GED20260000618", "GED20260000618.pdf", "003"),
            attachment(f"{SIRET}D2026M000619A1", f"{SIRET}D2026M000619A1.pdf", "003"),
        ],
    },
}
ONLY_LATER = frozenset({"titre-chorus"})
"""Cases that need elements which the schemas of 2015 do not have (§0.3)."""


def render(node: etree._Element) -> str:
    """Write a sub-tree on one line; the content of an attachment is left out."""
    children = [render(child) for child in node if child.tag != "Contenu"]
    if children:
        return f"{node.tag}({' '.join(children)})"
    return f"{node.tag}={node.get('V')}"


def made(mairie: Mairie, case: str) -> list[bytes]:
    """Deposit a case, which must be ready to leave, and return its files in their order."""
    answer = mairie.demat("deposit", CAS / case, "--json")
    assert answer.code == 0, answer.stdout
    assert answer.json["state"] == "packed"
    assert [fault for fault in answer.json["faults"] if fault["severity"] == "blocking"] == []
    flows = sorted(answer.json["transmissions"], key=lambda flow: str(flow["key"]))
    return [mairie.kept(flow["sha256"]) for flow in flows]


def test_every_case_has_its_expectations() -> None:
    assert {path.name for path in CAS.iterdir()} == CASES.keys()


@pytest.mark.parametrize("case", CASES)
def test_a_case_becomes_the_file_that_the_norm_wants(strict_mairie: Mairie, case: str) -> None:
    roots = [etree.fromstring(content) for content in made(strict_mairie, case)]
    expected = CASES[case]
    found = {
        path: [render(node) for root in roots for node in root.iterfind(path)] for path in expected
    }
    assert found == expected
    own = etree.XMLSchema(etree.parse(OWN))
    assert [own.validate(root) for root in roots] == [True] * len(roots)


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_valid_in_the_official_schemas(
    strict_mairie: Mairie, shared: Path, case: str
) -> None:
    roots = [etree.fromstring(content) for content in made(strict_mairie, case)]
    verdicts = {
        edition: [official(shared, edition).validate(root) for root in roots]
        for edition in ("5.17", "4.7.1")
    }
    common = case not in ONLY_LATER
    assert verdicts == {"5.17": [True] * len(roots), "4.7.1": [common] * len(roots)}


def test_the_citizen_may_pay_on_line(strict_mairie: Mairie) -> None:
    """The avis of the titre carries the PayFiP code of the authority (dossier §3.7, §6.1)."""
    (content,) = made(strict_mairie, "titre-asap-payfip")
    avis = [
        gzip.decompress(base64.b64decode(node.findtext("Contenu/Fichier") or ""))
        for node in etree.fromstring(content).iterfind("PES_PJ/PJ")
        if render(node).endswith("TypePJ=006 Description=Avis des sommes à payer du titre 506)")
    ]
    (facture,) = (etree.fromstring(one).find("PES_Facture") for one in avis)
    assert facture is not None
    assert [render(node) for node in facture.iterfind("Emetteur/InfoSuppl")] == [
        "InfoSuppl(CodeTipi=099045 AdrTipi=https://paiement.exemple RefBdf=099045)"
    ]
    assert [render(node) for node in facture.iterfind("FactureIndiv/RefTitre")] == [
        "RefTitre(Exercice=2026 NumBordereau=12 NumTitre=506 NumLigne=1)"
    ]
    assert render(facture.find("FactureIndiv/TotalAPayer/MtTotalTTC")) == "MtTotalTTC=86.40"


@cache
def official(shared: Path, edition: str) -> etree.XMLSchema:
    """Return the official schema of an edition, compiled once."""
    return etree.XMLSchema(etree.parse(shared / "official" / "pes" / edition / ENTRY))
