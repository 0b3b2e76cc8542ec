"""``demat retours``, and the elements of a PES in ``demat show``."""

from pathlib import Path

import pytest

from demat.clock import paris_date
from tests.unit.cli.conftest import Town
from tests.unit.cli.moves import send

ACQUIT = (
    '<n:PES_ACQUIT xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2"><Enveloppe>'
    '<Parametres><NomFic V="{key}"/></Parametres></Enveloppe><EnTetePES><CodCol V="045"/>'
    "</EnTetePES><ACQUIT>{elements}</ACQUIT></n:PES_ACQUIT>"
)
GOOD = (
    '<ElementACQUIT><DomaineAck V="6"/><EtatAck V="true"/><NumBord V="12"/>'
    '<ExerciceBord V="2026"/></ElementACQUIT>'
)
BAD = (
    '<ElementACQUIT><DomaineAck V="6"/><EtatAck V="0"/><NumBord V="12"/><ExerciceBord V="2026"/>'
    '<DetailPiece><NumPiece V="418"/><DetailLigne><NumLigne V="1"/><Erreur>'
    '<NumAnoAck V="ERREUR_AUTRE"/><LibelleAnoAck V="1971 - Fonction a tort"/></Erreur>'
    "</DetailLigne></DetailPiece></ElementACQUIT>"
)
RETOUR = """<n:PES_Retour xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour">
<EnTetePES><DteStr V="2026-02-03"/><IdPost V="099012"/><IdColl V="21990123800010"/>
<CodColl V="045"/><CodBud V="00"/></EnTetePES><PES_RecetteRetour><Bordereau><BlocBordereau>
<Exer V="2026"/><IdBord V="12"/><TypBord V="01"/></BlocBordereau>
<Piece><BlocPiece><IdPce V="417"/><Obj V="CANTINE"/><DtePcePec V="2026-01-30"/><EtatPce V="02"/>
</BlocPiece><LigneDePiece><BlocLignePiece><InfoLignePiece><IdLigne V="1"/><EtatLigPce V="04"/>
<MtHT V="80.00"/><MtTVA V="6.40"/></InfoLignePiece><InfoRecouvrement><MtRecoTot V="60.00"/>
</InfoRecouvrement></BlocLignePiece><EncaissementEmargement><OrgEma V="10"/>
<DteReco V="2026-01-31"/><MtReco V="30.10"/></EncaissementEmargement><EncaissementEmargement>
<OrgEma V="02"/><DteReco V="2026-02-01"/><MtReco V="20.00"/></EncaissementEmargement>
<EncaissementEmargement><OrgEma V="07"/><DteReco V="2026-02-01"/><MtReco V="5.00"/>
</EncaissementEmargement></LigneDePiece></Piece>
<Piece><BlocPiece><IdPce V="418"/><Obj V="=CANTINE"/><EtatPce V="01"/><ObsEtat V="15"/>
<Commentaire V="Facture ?"/></BlocPiece><LigneDePiece><BlocLignePiece><InfoLignePiece>
<IdLigne V="1"/><MtHT V="43.20"/></InfoLignePiece></BlocLignePiece></LigneDePiece></Piece>
<Piece><BlocPiece><IdPce V="9"/><Obj V="AUTRE LOGICIEL"/><DtePceRej V="2026-02-02"/>
<EtatPce V="04"/></BlocPiece><LigneDePiece><BlocLignePiece><InfoLignePiece><IdLigne V="1"/>
<MtHT V="10.00"/></InfoLignePiece></BlocLignePiece></LigneDePiece></Piece></Bordereau>
</PES_RecetteRetour></n:PES_Retour>"""


@pytest.fixture
def sent(titres: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """The bordereau of three titres was signed and handed over; nobody has answered."""
    monkeypatch.setenv("COLUMNS", "160")
    assert titres.demat("sign", "--yes").code == 0
    with titres.office() as office:
        send(office)
    return titres


def hand_in(town: Town, name: str, content: str) -> str:
    path = town.root / name
    path.write_text(content, "utf-8")
    said = town.demat("deposit", path)
    assert (said.code, said.err) == (0, "")
    return said.words


def key(town: Town) -> str:
    with town.office() as office:
        return office.store.transmission(1).key


@pytest.fixture
def told(sent: Town) -> Town:
    """The acquit and a retour were handed in."""
    words = hand_in(sent, "ack.xml", ACQUIT.format(key=key(sent), elements=GOOD))
    assert "« ack.xml » : enregistré, rien à envoyer" in words
    hand_in(sent, "retour.xml", RETOUR)
    return sent


def states(town: Town, *options: str) -> list[tuple[int, str]]:
    said = town.demat("retours", "--json", *options)
    assert (said.code, said.err) == (0, "")
    return [(one["numero"], one["etat"]) for one in said.json["pieces"]]


def test_each_step_of_a_titre(sent: Town) -> None:
    assert states(sent) == [(n, "transmise") for n in (417, 418, 419)]
    hand_in(sent, "ack.xml", ACQUIT.format(key=key(sent), elements=GOOD))
    assert states(sent) == [(n, "acquittee") for n in (417, 418, 419)]
    hand_in(sent, "retour.xml", RETOUR)
    assert states(sent) == [
        (9, "rejetee"),
        (417, "prise_en_charge"),
        (418, "instance"),
        (419, "acquittee"),
    ]
    assert states(sent, "--etat", "instance") == [(418, "instance")]
    assert states(sent, "--mois", "2026-02", "--budget", "00") == [
        (9, "rejetee"),
        (417, "prise_en_charge"),
        (418, "instance"),
    ]


def test_the_list_and_its_table(told: Town, tmp_path: Path) -> None:
    said = told.demat("retours", "--csv", tmp_path / "pieces.csv", "--mois", "2026-02")
    assert said.code == 0
    for words in (
        "titre 417 2026 prise en charge 03/02/2026 86,40 € 60,00 €",
        "titre 418 2026 en instance 03/02/2026 43,20 € 0,00 €",
        "titre 9 2026 rejetée au visa (non envoyée par demat) 03/02/2026 10,00 € 0,00 €",
        f"tableau : {tmp_path / 'pieces.csv'}",
    ):
        assert words in said.words
    assert (tmp_path / "pieces.csv").read_bytes().decode("utf-8") == (
        "\ufeffBudget;Domaine;Exercice;Bordereau;Pièce;Type de bordereau;Objet;État;Date;"
        "Prise en charge;Rejet;Montant TTC;Réglé;À régulariser;Motifs;Commentaire;Envoi\r\n"
        "00;titre;2026;12;9;01;AUTRE LOGICIEL;rejetée au visa;03/02/2026;;02/02/2026;10,00;0,00;"
        "non;;;\r\n"
        "00;titre;2026;12;417;01;CANTINE;prise en charge;03/02/2026;30/01/2026;;86,40;60,00;non;"
        ";;1\r\n"
        "00;titre;2026;12;418;01;'=CANTINE;en instance;03/02/2026;;;43,20;0,00;non;"
        "pièces justificatives;Facture ?;1\r\n"
    )
    assert told.demat("retours", "--etat", "soldee").out == "Aucune pièce dans ce cas.\n"


def test_the_months(told: Town, tmp_path: Path) -> None:
    """60,00 € were collected in all: 50,10 by dated money, 5,00 by a correction, 4,90 undated."""
    with told.office() as office:
        now = f"{paris_date(office.store.transmission(1).created_at):%Y-%m}"
    nothing = {
        "cod_bud": "00",
        "domaine": "recette",
        "pieces": 0,
        **dict.fromkeys(("emis", "pris_en_charge", "regle", "en_ligne", "rejete"), "0.00"),
        **dict.fromkeys(("instance", "solde", "a_regulariser"), "0.00"),
    }
    table = tmp_path / "mois.csv"
    said = told.demat("retours", "--bilan", "--json", "--csv", table)
    assert said.json["mois"] == [
        nothing | {"month": "", "regle": "4.90"},
        nothing
        | {"month": "2026-01", "pris_en_charge": "86.40", "regle": "30.10", "en_ligne": "30.10"},
        nothing | {"month": "2026-02", "regle": "20.00", "rejete": "10.00", "instance": "43.20"},
        nothing | {"month": now, "pieces": 3, "emis": "1369.60"},
    ]
    rows = table.read_text("utf-8-sig").splitlines()
    assert rows[:3] == [
        "Budget;Libellé;Domaine;Mois;Pièces émises;Émis HT;Pris en charge TTC;Payé ou encaissé;"
        "dont paiement en ligne;Rejeté TTC;En instance TTC;Soldé TTC;À régulariser TTC",
        "00;SAINT-EXEMPLE-LES-FICTION;titres;date inconnue;0;0,00;0,00;4,90;0,00;0,00;0,00;0,00;"
        "0,00",
        "00;SAINT-EXEMPLE-LES-FICTION;titres;2026-01;0;0,00;86,40;30,10;30,10;0,00;0,00;0,00;0,00",
    ]
    assert told.demat("retours", "--bilan", "--mois", "2026-01").out.replace("\u00a0", " ") == (
        "Budget 00 SAINT-EXEMPLE-LES-FICTION, titres, 2026-01\n"
        "  pris en charge : 86,40 € ; encaissé : 30,10 € ; dont paiement en ligne : 30,10 €\n"
    )
    assert told.demat("retours", "--bilan", "--mois", "1999-01").out == "Rien à résumer.\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--etat", "perdue"), "L'état « perdue » n'existe pas."),
        (("--mois", "2026-13"), "Le mois « 2026-13 » n'est pas écrit comme il faut."),
        (("--bilan", "--mois", "mars"), "Le mois « mars » n'est pas écrit comme il faut."),
        (("--budget", "77"), "Le budget « 77 » n'existe pas dans la configuration. → Choisissez"),
        (("--siren", "123"), "La collectivité « 123 » n'est pas dans la configuration"),
    ],
)
def test_what_is_not_there_is_a_wrong_use(
    town: Town, options: tuple[str, ...], sentence: str
) -> None:
    said = town.demat("retours", *options)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.words


# ------------------------------------------------------------------------------------- show


def test_show_tells_each_element_and_what_to_do(sent: Town) -> None:
    before = sent.demat("show", 1)
    assert "Bordereau de titres n° 12 (2026) : sans réponse" in before.words
    path = sent.root / "ack.xml"
    path.write_text(ACQUIT.format(key=key(sent), elements=BAD), "utf-8")
    sent.demat("deposit", path)
    said = sent.demat("show", 1).words
    for words in (
        "Bordereau de titres n° 12 (2026) : non intégré par Hélios",
        "Titre n° 418 (2026) : non intégré par Hélios Hélios refuse la fonction donnée à une ligne "
        "(pièce 418, ligne 1) : ce budget ne se tient pas par fonction.",
        "→ Videz la colonne « fonction » de cette ligne",
        "Demandez à : l'éditeur de votre logiciel métier",
    ):
        assert words in said
    elements = sent.demat("show", 1, "--json").json["elements"]
    assert [(one["kind"], one["verdict"], len(one["faults"])) for one in elements] == [
        ("fichier", "refuse", 0),
        ("idbord", "refuse", 0),
        ("idpce", "refuse", 0),
        ("idpce", "refuse", 1),
        ("idpce", "refuse", 0),
    ]


def test_show_tells_what_the_comptable_did(told: Town) -> None:
    said = told.demat("show", 1).words
    for words in (
        "Titre n° 417 (2026) : prise en charge le 30/01/2026, 60,00 € réglés sur 86,40 €",
        "Titre n° 418 (2026) : en instance",
        "Motif du comptable pour le titre n° 418 : pièces justificatives.",
        "Titre n° 419 (2026) : intégré par Hélios",
    ):
        assert words in said
    piece = told.demat("show", 1, "--json").json["elements"][2]
    assert {name: piece[name] for name in piece if name != "faults"} == {
        "kind": "idpce",
        "key": "recette/00/2026/01/417",
        "name": "titre n° 417 (2026)",
        "verdict": "integre",
        "etat": "prise_en_charge",
        "taken_on": "2026-01-30",
        "rejected_on": None,
        "amount": "86.40",
        "paid": "60.00",
    }
