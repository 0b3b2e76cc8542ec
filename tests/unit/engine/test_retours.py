"""PES_Retour: kept once, attached to a budget, applied pièce by pièce, shown to agents once."""

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from lxml import etree

from demat.connectors.api import InboundDocument, Unreachable
from demat.engine.retours import collect_retours
from demat.engine.suivi import piece_lines
from demat.engine.transmit import transmit_due
from demat.faults import Fault, Faults
from demat.helios.model import Budget
from demat.helios.pieces import EtatPiece
from demat.queue.states import DepositState
from demat.queue.views import PieceView, ReglementView
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    SIREN,
    SIRET,
    UNREACHABLE,
    Crash,
    Town,
    Verdict,
    accept_all,
    acquit,
    titre,
    titres,
)

K417, K418 = "recette/00/2026/01/417", "recette/00/2026/01/418"
P503 = "recette/00/2026/05/91"
TAKEN = '<DtePcePec V="2026-11-25"/>'
REJECTED = '<DtePceRej V="2026-11-26"/>'


def ligne(
    *paid: tuple[str, str], etat: str = "04", ht: str = "86.40", total: str = "", rest: str = ""
) -> str:
    """Write one line of a titre; ``paid``: day and amount of each collection."""
    cumul = total or f"{sum(float(amount) for _, amount in paid):.2f}"
    recouvrement = f'<InfoRecouvrement><MtRecoTot V="{cumul}"/></InfoRecouvrement>' if paid else ""
    marks = "".join(
        f'<EncaissementEmargement><OrgEma V="10"/><DteReco V="{day}"/><MtReco V="{amount}"/>'
        "</EncaissementEmargement>"
        for day, amount in paid
    )
    return (
        f'<LigneDePiece><BlocLignePiece><InfoLignePiece><IdLigne V="1"/><EtatLigPce V="{etat}"/>'
        f'<MtHT V="{ht}"/></InfoLignePiece>{recouvrement}</BlocLignePiece>{rest}{marks}'
        "</LigneDePiece>"
    )


def piece(
    numero: int,
    etat: str = "02",
    dates: str = TAKEN,
    *lignes: str,
    bordereau: int = 12,
    typ_bord: str = "01",
    typ_pce: str = "01",
    extra: str = "",
    exercice: int = 2026,
) -> str:
    """Write one titre inside its bordereau."""
    return (
        f'<Bordereau><BlocBordereau><Exer V="{exercice}"/><IdBord V="{bordereau}"/>'
        f'<TypBord V="{typ_bord}"/></BlocBordereau><Piece><BlocPiece><IdPce V="{numero}"/>'
        f'<TypPce V="{typ_pce}"/><NatPce V="01"/><Obj V="CANTINE"/>{dates}<EtatPce V="{etat}"/>'
        f"{extra}</BlocPiece>{''.join(lignes)}</Piece></Bordereau>"
    )


def retour(*pieces: str, day: str = "2026-11-26", cod_bud: str = "00", col: str = "045") -> bytes:
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<n:PES_Retour '
        'xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour"><Enveloppe><Parametres>'
        '<NomFic V="PES2R_REC_1"/></Parametres></Enveloppe>'
        f'<EnTetePES><DteStr V="{day}"/><IdPost V="099012"/><IdColl V="{SIRET}"/>'
        f'<CodColl V="{col}"/><CodBud V="{cod_bud}"/></EnTetePES><PES_RecetteRetour>'
        f'<EnTeteRecette><TypRestit V="02"/></EnTeteRecette>{"".join(pieces)}</PES_RecetteRetour>'
        "</n:PES_Retour>"
    ).encode("iso-8859-1")


@pytest.fixture
def sent(town: Town) -> Town:
    """Titres 417 and 418 were sent and integrated on 23 November 2026."""
    town.write("titres.csv", titres(titre(417, 12), titre(418, 12, montant="43,20")))
    town.intake()
    transmit_due(town.office)
    town.answer(town.flow(1), accept_all(town.flow(1)))
    town.night()
    assert town.flow(1).etat == "acquitte"
    town.clock.instant += timedelta(days=5)
    return town


def arrive(town: Town, *contents: bytes) -> int:
    """Let retours be fetched from the TdT."""
    for content in contents:
        reference = str(len(town.connector.held_retours) + 1)
        document = InboundDocument(name=f"retour-{reference}.xml", content=content)
        town.connector.held_retours[reference] = document
    return collect_retours(town.authority, town.office)


def state(town: Town, key: str = K417) -> EtatPiece | None:
    lines = {line.key: line.etat for line in piece_lines(town.authority, town.office)}
    return lines.get(key)


def known(town: Town, key: str = K417) -> PieceView:
    (found,) = town.store.pieces(SIREN, keys=[key])
    return found


def used(town: Town, key: str = K417) -> str | None:
    return town.store.used(SIREN, "idpce", key)


def text(page: bytes) -> str:
    """Return what a person reads of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.decode().split("<main>")[1]))


def sheets(town: Town) -> dict[str, str]:
    folder = town.folders.a_corriger
    names = [name for name in town.tree(folder) if name.endswith(".html")]
    return {name: text((folder / name).read_bytes()) for name in names}


# --------------------------------------------------------------------------- states and money


def test_a_titre_is_taken_then_collected(sent: Town) -> None:
    assert [state(sent), used(sent) is not None] == [EtatPiece.ACQUITTEE, True]
    assert arrive(sent, retour(piece(417, "02", TAKEN, ligne(("2026-11-25", "50.00"))))) == 1
    assert known(sent) == PieceView(
        id=1,
        key=K417,
        bordereau=12,
        objet="CANTINE",
        etat=EtatPiece.PRISE_EN_CHARGE,
        day=date(2026, 11, 26),
        retour_id=1,
        transmission_id=1,
        taken_on=date(2026, 11, 25),
        rejected_on=None,
        amount_cents=8640,
        paid_cents=5000,
        regularise=False,
        to_regularise=False,
        looked_up_to=0,
        detail={
            "observations": [],
            "commentaire": "",
            "lignes": [
                {
                    "numero": 1,
                    "etat": "04",
                    "observations": [],
                    "commentaire": "",
                    "ht": "86.40",
                    "tva": "",
                }
            ],
        },
    )
    paid = ligne(("2026-11-25", "50.00"), ("2026-11-27", "36.40"), etat="05")
    arrive(sent, retour(piece(417, "02", TAKEN, paid), day="2026-11-28"))
    assert (state(sent), known(sent).paid_cents) == (EtatPiece.SOLDEE, 8640)
    assert sent.store.reglements(SIREN) == (
        ReglementView(key=K417, origine="10", day=date(2026, 11, 25), cents=5000),
        ReglementView(key=K417, origine="10", day=date(2026, 11, 27), cents=3640),
    )
    assert state(sent, K418) is EtatPiece.ACQUITTEE
    assert sent.tree(sent.folders.a_corriger) == []


def test_a_retour_is_marked_as_read_and_the_same_bytes_count_once(sent: Town) -> None:
    content = retour(piece(417))
    assert arrive(sent, content, content) == 1
    assert sent.connector.read_retours == ["1", "2"]
    assert arrive(sent) == 0
    (kept,) = sent.store.retours(SIREN)
    assert (kept.name, kept.cod_bud, kept.day, kept.pieces) == (
        "retour-1.xml",
        "00",
        date(2026, 11, 26),
        1,
    )
    assert sent.store.documents.get(kept.sha256) == content


def test_a_retour_is_marked_as_read_only_once_it_is_stored(
    sent: Town, die: Callable[..., None]
) -> None:
    die(type(sent.store), "record_retour", after=False)
    with pytest.raises(Crash):
        arrive(sent, retour(piece(417)))
    assert sent.connector.read_retours == []
    assert arrive(sent) == 1
    assert sent.connector.read_retours == ["1"]


def test_an_older_retour_that_comes_late_goes_not_back_but_brings_its_payments(sent: Town) -> None:
    same = ligne(("2026-11-25", "10.00"), ("2026-11-25", "10.00"), ("2026-11-27", "5.00"))
    arrive(sent, retour(piece(417, "02", TAKEN, same), day="2026-11-27"))
    late = ligne(("2026-11-25", "10.00"), ("2026-11-24", "1.00"))
    arrive(sent, retour(piece(417, "01", "", late), day="2026-11-25"))
    assert (state(sent), known(sent).paid_cents) == (EtatPiece.PRISE_EN_CHARGE, 2500)
    assert [(one.day.day, one.cents) for one in sent.store.reglements(SIREN)] == [
        (24, 100),
        (25, 1000),
        (25, 1000),
        (27, 500),
    ]


def test_of_two_retours_of_one_day_the_last_to_arrive_counts(sent: Town) -> None:
    arrive(sent, retour(piece(417, "02")), retour(piece(417, "03")))
    assert state(sent) is EtatPiece.PRISE_EN_CHARGE_PARTIELLE


def test_a_date_to_come_does_not_hide_the_retours_that_follow(sent: Town) -> None:
    arrive(sent, retour(piece(417, "01", ""), day="2099-01-01"))
    assert known(sent).day == date(2026, 11, 28)
    arrive(sent, retour(piece(417, "02"), day="2026-11-28"))
    assert state(sent) is EtatPiece.PRISE_EN_CHARGE


def test_a_code_that_nobody_knows_concludes_nothing(sent: Town) -> None:
    arrive(sent, retour(piece(417, "77", "")))
    assert (state(sent), used(sent) is not None) == (EtatPiece.INCONNU, True)


# --------------------------------------------------------------------------- rejections

VISA = piece(417, "04", REJECTED, extra='<ObsEtat V="03-99"/><Commentaire V="Débiteur décédé"/>')


def test_a_rejection_at_visa_frees_the_number_and_is_shown_once(sent: Town) -> None:
    arrive(sent, retour(VISA, piece(418)))
    assert (state(sent), used(sent), used(sent, K418) is not None) == (
        EtatPiece.REJETEE,
        None,
        True,
    )
    released = [e for e in sent.store.journal(transmission_id=1) if e.action == "keys_released"]
    assert [entry.detail for entry in released] == [{"cles": f"idpce:{K417}"}]
    (name,) = sheets(sent)
    assert name == "comptable-budget-00-retour-1/A-LIRE.html"
    sheet = sheets(sent)[name]
    for words in (
        "Titre n° 417, bordereau n° 12 (2026), budget 00",
        "a rejeté au visa, le 26/11/2026, le titre n° 417 « CANTINE » : Débiteur décédé.",
        "il peut garder son numéro",
        "Motif du comptable pour le titre n° 417 : débiteur.",
        "Motif du comptable pour le titre n° 417 : motif n° 99.",
        "Vérifiez le nom, le numéro SIRET et l'adresse du tiers",
    ):
        assert words in sheet.replace("\u00a0", " ").replace("&#x27;", "'"), sheet
    sent.folders.a_corriger.joinpath(name).unlink()
    arrive(sent, retour(VISA, day="2026-11-28"))  # the same decision, told again
    assert sheets(sent) == {}


def test_a_titre_rejected_at_visa_is_sent_again_under_its_number(sent: Town) -> None:
    arrive(sent, retour(VISA))
    sent.write("corrige.csv", titres(titre(417, 13)))
    sent.intake()
    transmit_due(sent.office)
    assert (sent.flow(2).delivery, state(sent)) == ("deposited", EtatPiece.TRANSMISE)
    # told again by a stock: it is about the first sending, and frees nothing
    arrive(sent, retour(VISA, day="2026-11-28"))
    assert (state(sent), known(sent).transmission_id) == (EtatPiece.TRANSMISE, 1)
    assert used(sent) is not None
    arrive(sent, retour(piece(417, bordereau=13), day="2026-11-28"))
    assert (state(sent), known(sent).transmission_id) == (EtatPiece.PRISE_EN_CHARGE, 2)


BOTH = piece(417, "04", TAKEN + REJECTED)


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param([retour(BOTH)], id="told at once"),
        pytest.param([retour(piece(417), day="2026-11-25"), retour(VISA)], id="told in two"),
        pytest.param([retour(VISA), retour(piece(417), day="2026-11-25")], id="told late"),
        pytest.param([retour(piece(417, "04"))], id="without a date of rejection"),
    ],
)
def test_a_number_rejected_after_acceptance_is_lost(sent: Town, contents: list[bytes]) -> None:
    arrive(sent, *contents)
    assert (state(sent), used(sent) is not None) == (EtatPiece.REJETEE_APRES, True)
    arrive(sent)
    (sheet,) = sheets(sent).values()
    assert "le n° 417 est perdu et ne doit plus servir" in sheet.replace("\u00a0", " ")
    deposit = sent.hand_in(_file(sent, "encore.csv", titres(titre(417, 14))))
    assert deposit.faults.codes == ("PES-028",)


def _file(town: Town, name: str, content: bytes):
    path = town.folders.root / name
    path.write_bytes(content)
    return path


def test_a_crash_before_it_is_noted_lays_the_same_sheet_again(
    sent: Town, die: Callable[..., None]
) -> None:
    die(type(sent.store), "mark_shown", after=False)
    with pytest.raises(Crash):
        arrive(sent, retour(VISA))
    arrive(sent)
    assert list(sheets(sent)) == ["comptable-budget-00-retour-1/A-LIRE.html"]
    assert sent.store.pieces(SIREN, to_show=True) == ()


def test_a_rejection_without_any_date_frees_nothing(sent: Town) -> None:
    arrive(sent, retour(piece(417, "04", "")))
    assert (state(sent), used(sent) is not None) == (EtatPiece.REJETEE, True)
    (sheet,) = sheets(sent).values()
    assert "Demandez si le n° 417 peut resservir" in sheet.replace("\u00a0", " ")


def test_an_instance_is_shown_and_keeps_its_number(sent: Town) -> None:
    arrive(sent, retour(piece(417, "01", "", extra='<ObsEtat V="15"/>')))
    assert (state(sent), used(sent) is not None) == (EtatPiece.INSTANCE, True)
    (sheet,) = sheets(sent).values()
    assert "À vérifier (2)" in sheet
    assert "donnez au comptable ce qu" in sheet


def test_a_piece_that_we_never_sent_is_known_and_uses_its_number(sent: Town) -> None:
    arrive(sent, retour(piece(999), piece(998, "04", REJECTED)))
    other, rejected = (known(sent, f"recette/00/2026/01/{n}") for n in (999, 998))
    assert (other.transmission_id, rejected.transmission_id) == (None, None)
    assert used(sent, other.key) == "26/11/2026, PES_Retour du comptable"
    assert used(sent, rejected.key) is None
    assert sent.tree(sent.folders.a_corriger) == []


# --------------------------------------------------------------------------- whose it is


@pytest.mark.parametrize(
    "content",
    [
        retour(piece(417), cod_bud="07"),
        retour(piece(417), col="046"),
        retour(piece(417)).replace(b"099012", b"099013"),
        retour(piece(417)).replace(SIRET.encode(), b"21990456200010"),
        retour(piece(417)).replace(b'<CodBud V="00"/>', b""),
        b"<html>Erreur</html>",
        b"",
    ],
)
def test_what_fits_nobody_is_kept_and_told_once(sent: Town, content: bytes) -> None:
    assert arrive(sent, content) == 1
    (kept,) = sent.store.retours(SIREN, unattached=True)
    assert sent.store.documents.get(kept.sha256) == content
    assert (state(sent), sent.connector.read_retours) == (EtatPiece.ACQUITTEE, ["1"])
    first, second = sent.night(), sent.night()
    (told,) = [one for one in first.authorities[0].errors if "retour-1.xml" in one]
    assert "il est gardé, mais n'a rien changé" in told
    assert second.authorities[0].errors == []
    assert [e.action for e in sent.store.journal() if e.action == "retour"] == ["retour"]


def test_a_retour_is_taken_up_once_its_budget_is_configured(sent: Town) -> None:
    arrive(sent, retour(piece(5), cod_bud="07"))
    new = Budget(id_post="099012", siret=SIRET, cod_col="045", cod_bud="07", libelle="FORET")
    authority = replace(sent.authority, budgets=(*sent.authority.budgets, new))
    collect_retours(authority, sent.office)
    assert known(sent, "recette/07/2026/01/5").etat is EtatPiece.PRISE_EN_CHARGE
    assert sent.store.retours(SIREN, unattached=True) == ()


def test_the_retour_of_another_town_moves_nothing(two_towns: tuple[Town, Town]) -> None:
    """Both have the same codes here; the account by which it came decides."""
    town, other = two_towns
    arrive(other, retour(piece(417)))
    assert (len(other.store.pieces(other.authority.siren)), town.store.pieces(SIREN)) == (1, ())


def test_the_real_retour(sent: Town, shared) -> None:
    path = shared / "real" / "helios" / "HELIOS_SIMU_RETOUR_1565181244_184723364.xml"
    real = Budget(
        id_post="082008", siret="12345678900012", cod_col="221", cod_bud="00", libelle="REEL"
    )
    authority = replace(sent.authority, budgets=(real,))
    sent.connector.held_retours["1"] = InboundDocument(name="reel", content=path.read_bytes())
    collect_retours(authority, sent.office)
    (found,) = sent.store.pieces(SIREN)
    assert (found.key, found.etat, found.amount_cents, found.day) == (
        "depense/00/2009/01/832",
        EtatPiece.INSTANCE,
        3_972_475,
        date(2008, 2, 15),
    )


def test_unreadable_pieces_are_left_aside_and_told(sent: Town) -> None:
    arrive(sent, retour(piece(417), piece(0), piece(9, typ_bord="")))
    assert [one.key for one in sent.store.pieces(SIREN)] == [K417]
    (told,) = sent.night().authorities[0].errors
    assert "illisible (2)" in told


# --------------------------------------------------------------------------- trouble


def test_one_retour_that_cannot_be_had_does_not_stop_the_others(sent: Town) -> None:
    sent.connector.fail_next("retour", UNREACHABLE)
    with pytest.raises(Unreachable):
        arrive(sent, retour(piece(418)), retour(piece(417)))
    assert (state(sent), state(sent, K418)) == (EtatPiece.PRISE_EN_CHARGE, EtatPiece.ACQUITTEE)
    assert arrive(sent) == 1
    assert state(sent, K418) is EtatPiece.PRISE_EN_CHARGE


def test_a_refused_account_is_told_by_the_night(sent: Town) -> None:
    sent.connector.fail_next("retours", AUTHENTICATION)
    (told,) = sent.night().authorities[0].errors
    assert "certificat inconnu" in told


def test_a_town_without_budget_is_not_asked_about(sent: Town) -> None:
    before = len(sent.connector.calls)
    assert collect_retours(replace(sent.authority, budgets=()), sent.office) == 0
    assert len(sent.connector.calls) == before


def test_the_night_counts_them(sent: Town) -> None:
    document = InboundDocument(name="r.xml", content=retour(piece(417)))
    sent.connector.held_retours["1"] = document
    assert [sent.night().authorities[0].retours, sent.night().authorities[0].retours] == [1, 0]


# --------------------------------------------------------------------------- régularisations

TIERS = (
    '<Tiers><InfoTiers><RefTiers V="FAM9"/><CatTiers V="01"/><NatJur V="01"/><Civilite V="MME"/>'
    '<Nom V="=ARDOISIER"/><Prenom V="LUCILE"/></InfoTiers><Adresse><Adr2 V="14 RUE DU LAVOIR"/>'
    '<CP V="99120"/><Ville V="SAINT-EXEMPLE"/></Adresse></Tiers>'
)
BEFORE = piece(
    91, "02", TAKEN,
    ligne(("2026-11-25", "86.40"), rest=TIERS).replace("<MtHT", '<CpteTiers V="47138"/><MtHT'),
    bordereau=3, typ_bord="05", typ_pce="13",
)  # fmt: skip


def drafts(town: Town) -> list[str]:
    return town.tree(town.folders.accuses / "a-completer")


def test_money_before_its_titre_becomes_a_draft_once(sent: Town) -> None:
    arrive(sent, retour(BEFORE))
    table, sheet = "titres-a-completer.csv", "A-LIRE.html"
    folder = "regularisations-budget-00-retour-1"
    assert drafts(sent) == [f"{folder}/{sheet}", f"{folder}/{table}"]
    path = sent.folders.accuses / "a-completer" / folder
    content = (path / table).read_bytes().decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content), delimiter=";")
    assert {name: value for name, value in row.items() if value} == {
        "exercice": "2026",
        "type": "regularisation",
        "objet": "CANTINE",
        "montant_ht": "86,40",
        "budget": "00",
        "type_tiers": "particulier",
        "civilite": "MME",
        "nom": "'=ARDOISIER",
        "prenom": "LUCILE",
        "adresse2": "14 RUE DU LAVOIR",
        "cp": "99120",
        "ville": "SAINT-EXEMPLE",
        "code_tiers": "FAM9",
        "encaissement_origine": "91",
        "exercice_origine": "2026",
        "compte_tiers": "47138",
    }
    assert "L'encaissement n° 91 (2026, budget 00) « CANTINE », de 86,40 €, attend un titre." in (
        text((path / sheet).read_bytes()).replace("\u00a0", " ").replace("&#x27;", "'")
    )
    (path / table).unlink()
    arrive(sent, retour(BEFORE, day="2026-11-27"))
    assert drafts(sent) == [f"{folder}/{sheet}"]
    assert [one.key for one in sent.store.pieces(SIREN, to_regularise=True)] == [P503]
    assert sent.tree(sent.folders.a_corriger) == []


def depense(content: bytes) -> bytes:
    """Turn a retour of titres into one of mandats: the blocks have other names."""
    for ours, theirs in ((b"Recette", b"Depense"), (b"BlocPiece", b"InfoPiece")):
        content = content.replace(ours, theirs)
    return re.sub(rb"<InfoRecouvrement>.*</InfoRecouvrement>", b"", content)


PAID_BEFORE = piece(
    92, "02", TAKEN,
    ligne(ht="50.00", rest=TIERS).replace("<MtHT", '<CpteTiers V="4721"/><MtHT'),
    bordereau=4, typ_bord="04", typ_pce="12",
)  # fmt: skip
BY_HAND = {
    "num_bordereau": "20",
    "date_bordereau": "20/11/2026",
    "num_titre": "420",
    "num_mandat": "421",
    "code_produit": "CANT",
    "compte": "7067",
    "nom": "ARDOISIER",
}
"""What the agent writes in the columns of a draft."""


@pytest.mark.parametrize(
    ("document", "table", "expected"),
    [
        (lambda: retour(BEFORE), "titres-a-completer.csv", ("420", "91", "47138")),
        (
            lambda: depense(retour(PAID_BEFORE)),
            "mandats-a-completer.csv",
            ("421", "92", "4721"),
        ),
    ],
)
def test_a_draft_that_the_agent_completes_leaves(
    sent: Town, document: Callable[[], bytes], table: str, expected: tuple[str, ...]
) -> None:
    arrive(sent, document())
    (path,) = (sent.folders.accuses / "a-completer").rglob(table)
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")), delimiter=";"))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), delimiter=";")
    writer.writeheader()
    writer.writerows({**row, **{k: v for k, v in BY_HAND.items() if k in row}} for row in rows)
    sent.write(table, out.getvalue().encode("utf-8-sig"))
    sent.intake()
    deposit = sent.store.deposits()[-1]
    assert (deposit.state, deposit.faults.blocking) == (DepositState.PACKED, Faults())
    root = etree.fromstring(sent.store.documents.get(sent.flows()[-1].sha256))
    found = [
        next(root.iter(name)).get("V")
        for name in ("IdPce", "IdPceOrig", "CpteTiers", "TypPce", "NatPceOrig")
    ]
    assert found == [*expected, "05", "03"]


def regularised(town: Town) -> None:
    """Complete the draft as an agent does, and send it."""
    head = titres().decode("cp1252").strip()
    row = titre(420, 20).replace(";titre;", ";regularisation;")
    content = f"{head};titre_origine;exercice_origine\r\n{row};91;2026\r\n"
    town.write("regularisation.csv", content.encode("cp1252"))
    town.intake()
    transmit_due(town.office)
    assert town.flows()[-1].delivery == "deposited"


def test_what_was_regularised_is_not_asked_for_again(sent: Town) -> None:
    arrive(sent, retour(BEFORE))
    regularised(sent)
    arrive(sent)
    assert sent.store.pieces(SIREN, to_regularise=True) == ()
    # refused by Hélios, the titre has not regularised anything
    flow = sent.flows()[-1]
    sent.answer(flow, acquit(flow, [Verdict(bordereau=20, accepted=False)]))
    sent.night()
    assert [one.key for one in sent.store.pieces(SIREN, to_regularise=True)] == [P503]


def test_what_was_regularised_before_is_never_proposed(sent: Town) -> None:
    regularised(sent)
    arrive(sent, retour(BEFORE))
    assert (drafts(sent), sent.store.pieces(SIREN, to_regularise=True)) == ([], ())


# --------------------------------------------------------------------------- handed in by agents


def test_a_retour_dropped_by_an_agent_is_taken_and_not_sent(sent: Town) -> None:
    sent.write("PES2R_REC.xml", retour(piece(417)))
    sent.intake()
    assert state(sent) is EtatPiece.PRISE_EN_CHARGE
    assert len(sent.flows()) == 1
    deposit = sent.store.deposit(2)
    assert (deposit.kind, deposit.state, deposit.faults.codes) == (
        "reponses",
        "packed",
        ("PES-RETOUR_TAKEN",),
    )
    assert "PES2R_REC.xml" in " ".join(sent.tree(sent.folders.transmis))
    again = sent.hand_in(_file(sent, "copie.xml", retour(piece(417))))
    assert again.faults.codes == ("PES-RETOUR_KNOWN",)


def test_a_retour_of_nobody_goes_back_to_its_agent(sent: Town) -> None:
    deposit = sent.hand_in(_file(sent, "autre.xml", retour(piece(417), cod_bud="07")))
    assert (deposit.state, deposit.faults.codes) == ("returned", ("PES-RETOUR_BUDGET",))
    assert state(sent) is EtatPiece.ACQUITTEE


def waiting(town: Town) -> None:
    town.write("titres.csv", titres(titre(417, 12)))
    town.intake()
    transmit_due(town.office)


def test_an_acquit_dropped_by_an_agent_answers_its_flow(town: Town) -> None:
    waiting(town)
    content = accept_all(town.flow(1))
    first = town.hand_in(_file(town, "ack.xml", content))
    again = town.hand_in(_file(town, "ack2.xml", content))
    assert (town.flow(1).etat, first.faults.codes, again.faults.codes) == (
        "acquitte",
        ("PES-ACQUIT_TAKEN",),
        ("PES-RETOUR_KNOWN",),
    )
    assert (len(town.store.receipts(1)), len(town.flows())) == (1, 1)


@pytest.mark.parametrize("verdicts", [[], [Verdict(bordereau=12)]])
def test_an_acquit_of_a_file_never_sent_goes_back(town: Town, verdicts: Iterable[Verdict]) -> None:
    waiting(town)
    deposit = town.hand_in(_file(town, "ack.xml", acquit("PESALR2_AUTRE", verdicts)))
    expected = "PES-ACQUIT_UNSENT" if verdicts else "PES-ACQUIT_EMPTY"
    assert (deposit.state, deposit.faults.codes) == ("returned", (expected,))
    assert (town.flow(1).etat, town.store.receipts(1)) == ("genere", ())


def test_the_real_acquit_answers_no_file_of_this_town(town: Town, shared) -> None:
    waiting(town)
    deposit = town.hand_in(shared / "real" / "helios" / "pes_acquit.xml")
    assert (deposit.state, deposit.faults.codes) == ("returned", ("PES-ACQUIT_UNSENT",))
    assert (town.flow(1).etat, town.store.receipts(1)) == ("genere", ())


# --------------------------------------------------------------------------- two acquits


def verdict(accepted: bool) -> Verdict:
    return Verdict(bordereau=12, accepted=accepted)


@pytest.mark.parametrize("first", [True, False])
def test_two_acquits_that_disagree_are_shown_and_the_first_counts(town: Town, first: bool) -> None:
    waiting(town)
    flow = town.flow(1)
    town.answer(flow, acquit(flow, [verdict(first)]), acquit(flow, [verdict(not first)]))
    report = town.night()
    etat = "acquitte" if first else "refuse"
    assert (town.flow(1).etat, town.flow(1).etat_negative) == (etat, not first)
    assert (used(town) is not None) is first  # what the first one freed, and no more
    assert len(town.store.receipts(1)) == 2
    (told,) = [one for one in report.authorities[0].errors if "se contredisent" in one]
    assert "bordereau de titres n° 12 (2026)" in told
    assert "PES-ACQUIT_CONFLICT" in town.flow(1).faults.codes
    journal = [e.detail.get("codes", "") for e in town.store.journal(transmission_id=1)]
    assert any("PES-ACQUIT_CONFLICT" in one for one in journal)
    page = (town.folders.accuses / flow.key / "A-LIRE.html").read_bytes()
    assert "Deux acquittements du comptable se contredisent" in text(page)
    laid = town.folders.a_corriger / f"contradiction-{flow.key}" / "A-LIRE.html"
    assert laid.read_bytes() == page


def test_a_second_acquit_that_agrees_changes_nothing(town: Town) -> None:
    waiting(town)
    flow = town.flow(1)
    same = acquit(flow, [verdict(True)])
    town.answer(flow, same, same + b"\n")
    assert town.night().authorities[0].errors == []
    assert (town.flow(1).etat, town.flow(1).faults.codes) == ("acquitte", ())
    assert len(town.store.receipts(1)) == 2


@pytest.mark.parametrize("accepted", [True, False])
def test_silence_frees_nothing_until_another_acquit_speaks(town: Town, accepted: bool) -> None:
    town.write("titres.csv", titres(titre(417, 12), titre(418, 13)))
    town.intake()
    transmit_due(town.office)
    flow = town.flow(1)
    town.answer(flow, acquit(flow, [Verdict(bordereau=12)]))
    town.night()
    assert (town.flow(1).etat, town.flow(1).faults.codes) == (
        "acquitte_partiel",
        ("PES-ACK_SILENT",),
    )
    assert [used(town) is not None, used(town, K418) is not None] == [True, True]
    (sheet,) = sheets(town).values()
    assert "ne dit rien du bordereau de titres n° 13 (2026)" in sheet.replace("\u00a0", " ")
    other = acquit(flow, [Verdict(bordereau=13, accepted=accepted)])
    deposit = town.hand_in(_file(town, "ack.xml", other))
    assert deposit.faults.codes == ("PES-ACQUIT_TAKEN",)
    assert (town.flow(1).etat, used(town) is not None, used(town, K418) is not None) == (
        "acquitte" if accepted else "acquitte_partiel",
        True,
        accepted,
    )
    assert town.flow(1).faults.codes == (() if accepted else ("PES-ACK_NO_REASON",))


def test_an_acceptance_after_an_error_of_the_tdt_is_shown(town: Town) -> None:
    waiting(town)
    flow = town.flow(1)
    town.store.record_receipt(
        1, kind="error", name="erreur.txt", sha256=town.store.documents.put(b"virus"),
        message_date=None, etat="refuse", etat_final=True, etat_negative=True,
        faults=Faults([Fault(code="CON-REMOTE_ERROR", params={"message": "virus"})]),
    )  # fmt: skip
    deposit = town.hand_in(_file(town, "ack.xml", accept_all(flow)))
    assert deposit.faults.codes == ("PES-ACQUIT_TAKEN", "PES-ACQUIT_CONFLICT")
    assert town.flow(1).etat == "refuse"
