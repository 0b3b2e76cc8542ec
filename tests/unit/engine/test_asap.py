"""A titre that the DGFiP prints, or hands to Chorus Pro, leaves with the avis that demat wrote."""

import base64
import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from demat.engine import process as process_module
from demat.engine.asap import with_avis
from demat.engine.past import Past
from demat.engine.resubmit import resubmit
from demat.engine.transmit import transmit_due
from demat.engine.view_pes import show_pes
from demat.faults import Faults
from demat.helios.asap import ReglagesAsap
from demat.helios.model import Domaine, PieceComptable, PieceJointe, PJRef
from demat.helios.read import read_pes
from demat.intake.api import InputFile, PesDraft, ReadContext, Reading
from demat.intake.readers.ecritures import Titres
from demat.labels_fr.catalogue import explain
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from demat.signing.trust import TrustStore
from demat.xmlio import Element, parse_untrusted, value
from tests.unit.engine.conftest import (
    SIRET,
    Town,
    Verdict,
    acquit,
    codes,
    collect_all,
    sign_now,
    titre,
    titres,
)
from tests.unit.helios import test_asap as model
from tests.unit.helios.samples import BELLOMBRE
from tests.unit.helios.test_asap import REGLAGES

Editions = Mapping[int, Mapping[str, str]]
"""Number of a titre → what its export says besides: ``edition``, ``numero_facture``."""


@dataclass(frozen=True)
class Export:
    """A reader of titres whose export also says who prints the avis."""

    editions: Editions

    def recognises(self, files: Sequence[InputFile]) -> bool:
        return Titres().recognises(files)

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        reading = Titres().read(files, context)
        return replace(reading, drafts=tuple(self._said(one) for one in reading.drafts))

    def _said(self, draft: object) -> PesDraft:
        assert isinstance(draft, PesDraft)
        bordereaux = tuple(
            replace(
                bordereau,
                pieces=tuple(
                    replace(piece, date_asap=None, **self.editions.get(piece.numero, {}))
                    for piece in bordereau.pieces
                ),
            )
            for bordereau in draft.bordereaux
        )
        return replace(draft, bordereaux=bordereaux)


Hand = Callable[..., DepositView]


@pytest.fixture
def town(town: Town) -> Town:
    return configured(town, {"045/00": REGLAGES})


def configured(town: Town, asap: Mapping[str, ReglagesAsap]) -> Town:
    authority = replace(town.authority, asap=asap)
    return replace(town, authority=authority, office=replace(town.office, authorities=(authority,)))


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Editions], None]:
    """Have the exports say who prints the avis."""

    def arm(editions: Editions) -> None:
        readers = (Export(editions), *process_module.READERS)
        monkeypatch.setattr(process_module, "READERS", readers)

    return arm


PRINTED = {"edition": "01"}
CHORUS = {"edition": "02", "numero_facture": "F2026-418"}
IDENTIFIER = f"{SIRET}R2026B00T000417ASAP"


def societe(numero: int, bordereau: int, *, siret: str = "90012345600015") -> str:
    return (
        f"2026;{bordereau};12/10/2026;{numero};titre;LOYER;Loyer d'été;CANT;752;;"
        f"150000,01;00;entreprise;;TRAVAUX DU VALLON;;{siret};3 ZONE ARTISANALE;99200;CLAIRVALLON;"
        "CLI7;"
    )


def sent(town: Town, number: int = 1) -> Element:
    return parse_untrusted(town.store.documents.get(town.flow(number).sha256))


def carried(root: Element) -> dict[str, Element]:
    """Return the avis of a file by IdUnique, decoded."""
    found = {}
    for one in root.iterfind("PES_PJ/PJ"):
        if value(one, "TypePJ") == "006":
            packed = base64.b64decode(one.findtext("Contenu/Fichier") or "")
            content = parse_untrusted(gzip.decompress(packed))
            (facture,) = content.findall("PES_Facture")
            found[value(one, "IdUnique") or ""] = facture
    return found


def references(root: Element) -> list[tuple[str | None, ...]]:
    """Return titre, support, IdUnique and NomPJ of every reference, in order."""
    return [
        (value(piece, "BlocPiece/IdPce"), *(one.get("V") for one in reference))
        for piece in root.iter("Piece")
        for reference in piece.iterfind("BlocPiece/PJRef")
    ]


def drop(town: Town, *rows: str) -> DepositView:
    town.write("titres.csv", titres(*rows))
    town.intake()
    return town.store.deposits()[-1]


def test_each_titre_that_is_printed_leaves_with_its_avis(
    town: Town, reading: Callable[[Editions], None]
) -> None:
    reading({417: PRINTED, 418: CHORUS})
    deposit = drop(town, titre(417, 12), societe(418, 12), titre(419, 12))
    assert deposit.state is DepositState.PACKED
    root = sent(town)
    chorus = f"{SIRET}R2026B00T000418ASAP"
    assert references(root) == [
        ("417", "01", IDENTIFIER, "ASAP_2026_000417.xml"),
        ("418", "01", chorus, "ASAP_2026_000418.xml"),
    ]
    found = carried(root)
    assert {
        name: [value(facture, f"FactureIndiv/{path}") for path in PATHS]
        for name, facture in found.items()
    } == {
        IDENTIFIER: ["2026-10-12", "2026-417", "86.40", "12", "417", "ARDOISIER"],
        chorus: ["2026-10-12", "F2026-418", "150000.01", "12", "418", "TRAVAUX DU VALLON"],
    }
    assert value(found[chorus], "FactureIndiv/LigneFacture/Libelle") == "Loyer d'été"
    assert deposit.faults.blocking.codes == ()
    assert [one for one in codes(deposit) if one.startswith("PES-077")] == []


PATHS = (
    *("DateEmission", "NumeroFacture", "TotalAPayer/MtTotalTTC"),
    *("RefTitre/NumBordereau", "RefTitre/NumTitre", "Debiteur/InfoTiers/Nom"),
)


def test_a_titre_that_the_town_sends_itself_has_none(
    town: Town, reading: Callable[[Editions], None]
) -> None:
    reading({417: {"edition": "04"}})
    assert drop(town, titre(417, 12), titre(418, 12)).state is DepositState.PACKED
    assert references(sent(town)) == []
    assert sent(town).find("PES_PJ") is None


OWN = PJRef(id_unique="AVIS1", name="avis.xml")
EARLIER = PJRef(id_unique="AVIS0", name="avis.xml", type_pj="006")


@pytest.mark.parametrize(
    "piece",
    [
        model.titre(pj=(OWN,)),
        model.titre(model.ligne("86.40", pj=(OWN,))),
        model.titre(pj=(EARLIER,)),
        model.titre(edition="05"),
    ],
    ids=["its own", "that of a line", "sent before", "of a patient"],
)
def test_nothing_is_added_to_what_needs_nothing(town: Town, piece: PieceComptable) -> None:
    bordereaux = (model.avis_of(piece).bordereau,)
    avis = PieceJointe(
        id_unique="AVIS1",
        name="avis.xml",
        content=b"<x/>",
        mime_type="application/xml",
        type_pj="006",
        description="Avis",
    )
    draft = PesDraft(
        budget=BELLOMBRE,
        domaine=Domaine.RECETTE,
        bordereaux=bordereaux,
        pieces_jointes=(avis,),
        where="titres.csv",
    )
    past = Past(authority=town.authority, office=town.office, alone=True)
    assert with_avis(draft, bordereaux, Faults(), past) == (draft, bordereaux, Faults())
    mandats = (replace(bordereaux[0], domaine=Domaine.DEPENSE, pieces=(model.titre(),)),)
    assert with_avis(draft, mandats, Faults(), past) == (draft, mandats, Faults())


def test_the_avis_of_the_deposit_is_kept(
    town: Town, reading: Callable[[Editions], None], tmp_path: Path
) -> None:
    """The agent's own attachment of type 006 is the avis: no second one is written."""
    reading({417: PRINTED})
    columns, row = titres(titre(417, 12)).decode("cp1252").splitlines()
    golden = Path(__file__).parents[2] / "golden" / "pes" / "aller_avis.xml"
    own = golden.read_bytes().replace(b"2026-03-12", b"2026-10-12")
    sheet = f"{columns};pj_fichier;pj_type\r\n{row};avis.xml;006\r\n".encode("cp1252")
    for name, content in (("titres.csv", sheet), ("avis.xml", own)):
        (tmp_path / name).write_bytes(content)
    deposit = town.hand_in(tmp_path / "titres.csv", tmp_path / "avis.xml")
    assert deposit.state is DepositState.PACKED
    assert references(sent(town)) == [("417", "01", f"{SIRET}R2026T000417A1", "avis.xml")]


@pytest.mark.parametrize("asap", [{}, {"045/02": REGLAGES}])
def test_without_settings_nothing_leaves_and_it_is_said(
    town: Town, reading: Callable[[Editions], None], asap: Mapping[str, ReglagesAsap]
) -> None:
    town = configured(town, asap)
    reading({number: PRINTED for number in range(401, 414)})
    deposit = drop(town, *(titre(number, 12) for number in range(401, 414)))
    assert deposit.state is DepositState.RETURNED
    (fault,) = deposit.faults.blocking
    told = explain(fault)
    assert fault.source == "titres.csv"
    assert told.sentence == (
        "L'avis des sommes à payer ne peut pas être écrit (titres n° 401, 402, 403, 404, 405, 406, "
        "407, 408, 409, 410 et 3 autres) : le budget « SAINT-EXEMPLE-LES-FICTION » n'a pas de "
        "table [collectivites.budgets.asap] dans « demat.toml »."
    )
    assert "comptable" in told.ask
    assert town.flows() == ()


@pytest.mark.parametrize(
    ("rows", "edition", "settings", "expected"),
    [
        (
            (titre(417, 12),),
            PRINTED,
            replace(REGLAGES, talon=("{centimes:3}", "ABC")),
            ["INT-ASAP_TALON"],
        ),
        (
            (titre(417, 12), societe(417, 12)),
            PRINTED,
            REGLAGES,
            ["PES-032"],
        ),
        ((titre(417, 12),), PRINTED, replace(REGLAGES, code_tipi="X"), ["XSD-VALUE"]),
        ((societe(417, 12),), {"edition": "02"}, REGLAGES, ["PES-033_INVOICE"]),
        ((titre(417, 12),), {**CHORUS}, REGLAGES, ["PES-033"]),
    ],
)
def test_an_avis_that_cannot_be_right_stops_the_deposit(
    town: Town,
    reading: Callable[[Editions], None],
    rows: tuple[str, ...],
    edition: Mapping[str, str],
    settings: ReglagesAsap,
    expected: list[str],
) -> None:
    town = configured(town, {"045/00": settings})
    reading({417: edition})
    deposit = drop(town, *rows)
    assert deposit.state is DepositState.RETURNED
    assert list(deposit.faults.blocking.codes) == expected
    assert town.flows() == ()


def reduction(numero: int, bordereau: int) -> str:
    row = titre(numero, bordereau).replace(";titre;", ";annulation;")
    return f"{row};417"


def collected(numero: int, bordereau: int) -> str:
    return titre(numero, bordereau).replace(";titre;", ";régularisation;") + ";9"


def test_a_debtor_is_not_asked_for_what_is_cancelled_or_paid(
    town: Town, reading: Callable[[Editions], None]
) -> None:
    town = configured(town, {})
    reading({12: {"edition": "01"}, 420: PRINTED})
    sheet = titres(reduction(12, 1), collected(420, 13)).replace(
        b"date_asap\r\n", b"date_asap;titre_origine\r\n"
    )
    town.write("titres.csv", sheet)
    town.intake()
    deposit = town.store.deposits()[-1]
    warnings = [one for one in deposit.faults.warnings if one.code == "INT-ASAP_NOTHING_DUE"]
    assert [one.params["titres"] for one in warnings] == ["12, 420"]
    # Edition demands a document, and none was made: the rule on it says so
    assert deposit.faults.blocking.codes == ("PES-032_PJ", "PES-032_PJ")


def test_the_avis_of_a_corrected_titre_is_a_new_document(
    town: Town, reading: Callable[[Editions], None]
) -> None:
    """The comptable kept the first one and refused the bordereau: the old amount must go."""
    reading({417: PRINTED})
    drop(town, titre(417, 12))
    transmit_due(town.office)
    first = town.flow(1)
    verdicts = [
        Verdict(domaine=4, id_unique=IDENTIFIER),
        Verdict(bordereau=12, accepted=False, error="1971", libelle="x"),
    ]
    town.answer(first, acquit(first, verdicts))
    collect_all(town.authority, town.office)
    corrected = InputFile(name="titres.csv", data=titres(titre(417, 12, montant="43,20")))
    refused = town.flow(1)
    resubmit(refused, replacements=(corrected,), authority=town.authority, office=town.office)
    root = sent(town, 2)
    assert [row[2] for row in references(root)] == [f"{IDENTIFIER}2"]
    (facture,) = carried(root).values()
    assert value(facture, "FactureIndiv/TotalAPayer/MtTotalTTC") == "43.20"


def test_a_signed_file_has_the_same_avis_when_it_is_prepared_again(
    seal: Callable[..., Town], reading: Callable[[Editions], None]
) -> None:
    town = configured(seal(unattended=False), {"045/00": REGLAGES})
    reading({417: PRINTED})
    waiting = drop(town, titre(417, 12))
    assert waiting.state is DepositState.AWAITING_SIGNATURE
    town.clock.instant += timedelta(days=2)
    sign_now(town, waiting)
    facts = read_pes(town.store.documents.get(town.flow(1).sha256))
    assert [one.id_unique for one in facts.pieces_jointes] == [IDENTIFIER]
    assert facts.dematerialise


def shown(content: bytes, folder: Path) -> str:
    """Return what is read on the page of a file, on one line."""
    (folder / "flux.xml").write_bytes(content)
    page = folder / "page.html"
    show_pes(folder / "flux.xml", html=page, csv=None, trust=TrustStore(), explain=explain)
    body = page.read_text("utf-8").partition("<main")[2].partition(">")[2].partition("</main")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_avis_is_read_on_the_page_of_the_file(
    town: Town, reading: Callable[[Editions], None], tmp_path: Path
) -> None:
    reading({418: CHORUS})
    drop(town, societe(418, 12))
    words = shown(town.store.documents.get(town.flow(1).sha256), tmp_path)
    assert words.partition("Avis n°")[2] == (
        " F2026-418 du titre n° 418 : LOYER 150 000,01 € "
        "Ce que lit le débiteur (ASAP_2026_000418.xml) "
        "Émetteur COMMUNE DE BELLOMBRE Signataire CLAIRE TEMOIN, Maire Date 12/10/2026 "
        "Débiteur TRAVAUX DU VALLON, 3 ZONE ARTISANALE, 99200 CLAIRVALLON "
        "À payer 150 000,01 € Paiement en ligne https://paiement.exemple/payer "
        "Code PayFiP (TIPI) 099045 Autre moyen talon "
        "Lignes du talon 000099045 09901204500 / 2600000418 15000001 Trésorerie SGC DE BELLOMBRE "
        "Lignes de l'avis n° F2026-418 Libellé HT TVA TTC "
        "Loyer d'été HT : 150 000,01 € TVA : 0,00 € TTC : 150 000,01 €"
    )


def test_an_avis_taken_out_of_its_file_is_read_too(tmp_path: Path) -> None:
    golden = Path(__file__).parents[2] / "golden" / "pes"
    words = shown((golden / "aller_avis.xml").read_bytes(), tmp_path)
    assert "Avis n° 2026-417 du titre n° 417 : CANTINE SCOLAIRE FÉVRIER 2026 86,40 €" in words
    assert "Débiteur MME LUCILE ARDOISIER, 14 RUE DU LAVOIR, 99120 BELLOMBRE" in words
    assert "ne détaille pas" not in words
    # several bills of which one is a stay in hospital, then a block that is only named
    words = shown((golden / "aller_facture.xml").read_bytes(), tmp_path)
    assert "Autre moyen talon Lignes du talon 0123456789 ABC / 9876543210 9195" in words
    assert "REMISE HT : 5,00 € TVA : 0,00 € TTC : 5,00 €" in words
    assert "Avis n° 2026-418 : SEJOUR" in words
    assert "SEJOUR HT : TVA : TTC : 10,00 €" in words
    words = shown((golden / "aller_marche.xml").read_bytes(), tmp_path)
    assert "un bloc PES_Marche, que cette page ne détaille pas" in words


def test_what_is_only_announced_as_an_avis_is_shown_as_a_document(
    town: Town, reading: Callable[[Editions], None], tmp_path: Path
) -> None:
    reading({418: CHORUS})
    drop(town, societe(418, 12))
    content = town.store.documents.get(town.flow(1).sha256)
    head, middle, rest = re.split(rb"(<Fichier [^>]*>)[^<]*", content)
    for other in (b"<Autre/>", b"%PDF-1.4"):
        packed = base64.b64encode(gzip.compress(other, mtime=0))
        words = shown(head + middle + packed + rest, tmp_path)
        assert "ASAP_2026_000418.xml" in words
        assert "Avis n°" not in words
    assert "Avis n°" not in shown(content.replace(b'TypePJ V="006"', b'TypePJ V="002"'), tmp_path)
