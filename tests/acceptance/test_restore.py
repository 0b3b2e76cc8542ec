"""A backup is made, the day goes on, the disk dies, the older backup is restored: nothing leaves
twice, and what is right on the other side becomes right here.

The other side is the sandbox; its ledger is what counts.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.bad_input import FIXTURES, PDF, PES, TITRES, deposit, seance
from tests.acceptance.conftest import Mairie, unfolded
from tests.unit.engine.test_retours import piece, retour

ACTE_1 = "2026_090;08/10/2026;DE;3.2;Tarifs de la salle;acte.pdf"
ACTE_2 = "2026_091;08/10/2026;DE;3.2;Tarifs du cimetière;acte.pdf"


@pytest.fixture
def town(mairie: Mairie) -> Mairie:
    """A mairie that asks at once about a sending whose outcome is unknown."""
    mairie.edit("[[collectivites]]\n", "[rythme]\nprocessus_secondes = 0.01\n\n[[collectivites]]\n")
    return mairie


@pytest.fixture
def saved(town: Mairie, tmp_path: Path) -> Path:
    return tmp_path / "sauvegarde"


def back_up(town: Mairie, folder: Path) -> dict[str, Any]:
    done = town.demat("backup", folder, "--json")
    assert done.code == 0, done.stdout
    found: dict[str, Any] = done.json
    return found


def lose_database(town: Mairie) -> None:
    for path in (town.root / "donnees").glob("demat.sqlite3*"):
        path.unlink()


def lose_all(town: Mairie) -> None:
    """Lose the data folder; the share of the agents is on another machine."""
    shutil.rmtree(town.root / "donnees")


def restore(town: Mairie, folder: Path, *options: str) -> dict[str, Any]:
    done = town.demat("restore", folder, "--json", *options)
    assert done.code == 0, done.stdout
    found: dict[str, Any] = done.json
    return found


def ledger(town: Mairie) -> tuple[Counter[str], Counter[str]]:
    """How often the other side holds each number of act, and each PES that it did not refuse."""
    found = town.sandbox.ledger()
    actes = Counter(str(one["number"]) for one in found["actes"])
    return actes, Counter(str(one["sha1"]) for one in found["pes"])


def states(town: Mairie) -> list[tuple[str, str]]:
    return [(flow["delivery"], flow["etat"]) for flow in town.flows()]


# ------------------------------------------------------------- what waited at the backup


@pytest.mark.parametrize("lose", [lose_database, lose_all])
def test_what_left_since_the_backup_does_not_leave_twice(
    town: Mairie, saved: Path, lose: Callable[[Mairie], None]
) -> None:
    deposit(town, {**seance(PDF, ACTE_1), "flux.xml": PES})
    assert town.demat("watch", "--once").code == 0
    made = back_up(town, saved)
    assert (made["lignes"]["transmission"], made["documents"] > 3) == (2, True)
    town.play()
    assert states(town) == [("deposited", "acquitte")] * 2
    before = ledger(town)
    assert [*before[0].values(), *before[1].values()] == [1, 1]

    lose(town)
    done = restore(town, saved)
    assert (done["suspendus"], done["rendus"]) == (2, 0)
    assert [one for one, _ in states(town)][:1] == ["suspended"]
    report = town.nightly()
    town.nightly()

    assert ledger(town) == before
    (acte, pes) = town.flows()
    assert (acte["delivery"], acte["etat"]) == ("deposited", "acquitte")
    if lose is lose_database:  # the acquit is still among the documents: it was found again
        assert done["reponses_retrouvees"] == 1
        assert (pes["delivery"], pes["etat"]) == ("deposited", "acquitte")
    else:  # it landed, and nothing says under which number: a person looks it up
        assert (pes["delivery"], pes["etat"]) == ("landed", "genere")
        told = " ".join(report.json["authorities"][0]["errors"])
        assert pes["key"] in told
    assert "restored" in [entry["action"] for entry in town.show(1)["journal"]]
    assert town.demat("doctor", "--complet").code == 0


def test_what_had_not_left_leaves_once(town: Mairie, saved: Path) -> None:
    deposit(town, {**seance(PDF, ACTE_1), "flux.xml": PES})
    town.demat("watch", "--once")
    back_up(town, saved)
    lose_all(town)
    assert restore(town, saved)["suspendus"] == 2
    assert town.landed() == 0  # a restoration sends nothing
    town.play()
    town.nightly()
    assert states(town) == [("deposited", "acquitte")] * 2
    actes, pes = ledger(town)
    assert (list(actes.values()), list(pes.values())) == ([1], [1])


# ------------------------------------------------------------- what was handed in after it


def test_what_was_handed_in_since_the_backup_does_not_leave_twice(
    town: Mairie, saved: Path
) -> None:
    back_up(town, saved)
    handed = {**seance(PDF, ACTE_1), "titres.csv": TITRES}
    deposit(town, handed)
    town.play()
    assert states(town) == [("deposited", "acquitte")] * 2
    before = ledger(town)

    lose_all(town)
    done = restore(town, saved)
    assert done["suspendus"] == 0
    unknown = {Path(one).name for one in done["inconnus"]}
    assert {"actes.csv", "acte.pdf", "titres.csv"} <= unknown
    assert town.flows() == []

    deposit(town, handed)  # the agents see that demat does not know them
    town.nightly()
    assert ledger(town) == before
    (returned,) = town.returned()
    assert [fault["code"] for fault in returned["faults"]] == ["INT-MAYBE_SENT"]
    assert "peut-être déjà parti" in town.sheet("titres")
    for _ in range(2):  # the number is known there: it is looked up, and it is the same act
        town.nightly()
    (acte,) = town.flows()
    assert (acte["delivery"], acte["etat"]) == ("deposited", "acquitte")
    assert ledger(town) == before


def test_an_other_act_under_a_number_that_was_given_since_is_refused(
    town: Mairie, saved: Path
) -> None:
    back_up(town, saved)
    deposit(town, seance(PDF, ACTE_1))
    town.play()
    before = ledger(town)
    lose_all(town)
    restore(town, saved)
    deposit(town, seance(PDF, ACTE_1.replace("Tarifs de la salle", "Vente du presbytère")))
    for _ in range(3):
        town.nightly()
    (acte,) = town.flows()
    assert acte["delivery"] == "refused"
    assert "Tarifs de la salle" in str(town.show(acte["id"])["faults"])  # whose number it is
    assert ledger(town) == before


def test_the_same_bytes_that_an_agent_insists_on_do_not_land_twice(
    town: Mairie, saved: Path
) -> None:
    text = town.config.read_text("utf-8")
    start, end = (
        text.index("[[collectivites.signataires]]"),
        text.index("[[collectivites.budgets]]"),
    )
    town.config.write_text(text[:start] + text[end:], "utf-8")  # signed on paper: sent as it is
    back_up(town, saved)
    deposit(town, {"flux.xml": PES})
    town.play()
    before = ledger(town)
    lose_all(town)
    restore(town, saved)
    deposit(town, {"flux.xml": PES})
    town.nightly()
    assert town.flows() == []
    (laid,) = (town.folder / "a-corriger").iterdir()
    laid.rename(town.folder / "a-deposer" / laid.name)
    for _ in range(3):
        town.nightly()
    (pes,) = town.flows()
    assert pes["delivery"] == "landed"
    assert ledger(town) == before


def test_numbers_that_may_have_been_given_are_not_given_again(town: Mairie, saved: Path) -> None:
    deposit(town, {"titres.csv": TITRES})
    town.play()
    (first,) = town.flows()
    back_up(town, saved)
    other = (FIXTURES / "titres-eau-corrige.csv").read_bytes()
    deposit(town, {"eau.csv": other})
    town.play()
    lost = town.flows()[1]
    lose_all(town)
    restore(town, saved)
    deposit(town, seance(PDF, ACTE_2))
    deposit(town, {"mandats/mandats.ods": (FIXTURES / "mandats-2026-10/mandats.ods").read_bytes()})
    for name in ("facture-lerand.pdf", "facture-vallon.pdf"):
        town.write(f"mandats/{name}", (FIXTURES / "mandats-2026-10" / name).read_bytes())
    town.play()
    acte = next(flow for flow in town.flows() if flow["flux"] == "ACTES")
    new = next(flow for flow in town.flows() if flow["flux"] == "HELIOS" and flow != first)
    assert acte["id"] > lost["id"] + 500
    assert min(acte["deposit"], new["deposit"]) > lost["deposit"] + 500
    serial = int(new["key"].rpartition("_")[2])
    assert serial > int(lost["key"].rpartition("_")[2]) + 100
    assert int(acte["file_name"].split(".")[0].rpartition("-")[2]) > 100
    assert {flow["etat"] for flow in town.flows()} == {"acquitte"}
    actes, pes = ledger(town)
    assert {*actes.values(), *pes.values()} == {1}
    assert len(pes) == 3


# ------------------------------------------------------------- what was being prepared


def test_a_deposit_that_awaited_a_signature_is_not_signed_and_sent_twice(
    town: Mairie, saved: Path
) -> None:
    town.edit("sans_surveillance = true", "sans_surveillance = false")
    deposit(town, {"titres.csv": TITRES})
    town.nightly()
    back_up(town, saved)
    assert town.demat("sign", "--yes").code == 0
    town.play()
    assert states(town) == [("deposited", "acquitte")]
    before = ledger(town)

    lose_all(town)
    assert restore(town, saved)["rendus"] == 1
    assert "a pu être envoyé depuis" in town.sheet("titres")
    town.play()
    assert town.demat("sign", "--yes").code in (0, 1)
    town.play()
    assert town.flows() == []
    assert ledger(town) == before


# ------------------------------------------------------------- answers that were marked as read


@pytest.mark.parametrize("lose", [lose_database, lose_all])
def test_answers_marked_as_read_are_found_among_the_documents(
    town: Mairie, saved: Path, lose: Callable[[Mairie], None]
) -> None:
    deposit(town, {**seance(PDF, ACTE_1), "titres.csv": TITRES})
    town.play()
    back_up(town, saved)
    town.sandbox.send_letter("2026_090", "3", "Grille tarifaire complète")
    town.sandbox.send_pes_retour("PES2R_REC.xml", retour(piece(417)))
    town.nightly()
    assert len(town.demat("courriers", "--json").json["courriers"]) == 1
    assert len(town.demat("retours", "--json").json["pieces"]) > 0
    lose(town)
    done = restore(town, saved)
    town.nightly()
    letters = town.demat("courriers", "--json").json["courriers"]
    if lose is lose_database:
        assert done["reponses_retrouvees"] == 2
        (letter,) = letters
        assert letter["id"] > 500  # an agent may hold the sheet of letter 1
        assert "2026_090" in letter["id_acte"]
    else:
        assert (done["reponses_retrouvees"], letters) == (0, [])


def test_what_may_be_missing_is_told(town: Mairie, saved: Path) -> None:
    back_up(town, saved)
    deposit(town, {"titres.csv": TITRES})
    town.nightly()
    lose_all(town)
    said = unfolded(town.demat("restore", saved).stdout)
    assert "Rien n'a été envoyé." in said
    assert "Peuvent manquer, depuis le" in said
    assert "Déposés depuis, et peut-être envoyés :" in said
    assert "titres.csv" in said


# ------------------------------------------------------------- what is refused


def test_a_restoration_takes_no_place_that_is_not_free(town: Mairie, saved: Path) -> None:
    deposit(town, {"flux.xml": PES})
    town.demat("watch", "--once")
    back_up(town, saved)
    base = town.root / "donnees" / "demat.sqlite3"
    kept = base.read_bytes()
    said = town.demat("restore", saved)
    assert (said.code, "existent déjà" in unfolded(said.stderr)) == (1, True)
    with closing(sqlite3.connect(base)) as other:  # as a service that is up
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT count(*) FROM journal").fetchone()
        said = town.demat("restore", saved, "--remplacer")
    assert (said.code, "se sert encore" in unfolded(said.stderr)) == (1, True)
    with closing(sqlite3.connect(base)) as alone:
        alone.execute("PRAGMA journal_mode=DELETE")
    assert base.read_bytes()[100:] == kept[100:]  # but for the mark of the mode
    restore(town, saved, "--remplacer")
    (aside,) = base.parent.glob("demat.avant-restauration-*.sqlite3")
    with closing(sqlite3.connect(aside)) as former:
        assert former.execute("SELECT delivery FROM transmission").fetchall() == [("todo",)]
    assert states(town) == [("suspended", "genere")]


def test_a_damaged_database_is_replaced(town: Mairie, saved: Path) -> None:
    deposit(town, {"flux.xml": PES})
    town.demat("watch", "--once")
    back_up(town, saved)
    base = town.root / "donnees" / "demat.sqlite3"
    base.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    base.with_name("demat.sqlite3-wal").write_bytes(b"\xff" * 4000)
    assert town.demat("flows").code == 1
    assert town.demat("restore", saved).code == 1
    restore(town, saved, "--remplacer")
    town.play()
    town.nightly()
    assert states(town) == [("deposited", "acquitte")]
    assert list(base.parent.glob("demat.avant-restauration-*.sqlite3"))


@pytest.mark.parametrize("what", ["manifeste.json", "base-*.sqlite3", "documents/??/*"])
@pytest.mark.parametrize("how", ["cut", "changed", "removed"])
def test_a_damaged_backup_touches_nothing(town: Mairie, saved: Path, what: str, how: str) -> None:
    deposit(town, {"flux.xml": PES})
    town.demat("watch", "--once")
    back_up(town, saved)
    path = max(saved.glob(what), key=lambda one: one.stat().st_size)
    content = path.read_bytes()
    if how == "removed":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    lose_all(town)
    said = town.demat("restore", saved)
    assert said.code == 1, said.stdout
    assert not (town.root / "donnees" / "demat.sqlite3").exists()
    assert not list((town.root / "donnees").glob(".restauration*sqlite3*"))
