"""Deposits are kept before all else; a correction finds what it corrects."""

import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from demat.engine import receive
from demat.engine.receive import LINK, receive_one
from demat.intake.claim import claim_copies, pending
from demat.queue.states import DepositState
from tests.unit.engine.conftest import (
    FIXTURES,
    VOISINE,
    Crash,
    Town,
    codes,
    titre,
    titres,
)

BAD = titres(titre(417, 12, montant="douze"))
GOOD = titres(titre(417, 12))


def test_a_deposit_is_kept_untouched(town: Town) -> None:
    town.drop("arrete-individuel")
    town.intake()
    (deposit,) = town.store.deposits()
    source = FIXTURES / "arrete-individuel"
    kept = {file.name: town.store.documents.get(file.sha256) for file in deposit.files}
    assert kept == {path.name: path.read_bytes() for path in source.iterdir()}
    assert (deposit.name, deposit.state) == ("arrete-individuel", DepositState.PACKED)
    assert town.tree(town.folders.en_cours) == []
    assert town.tree(town.folders.transmis) == [
        "arrete-individuel/A-LIRE.html",
        "arrete-individuel/AI_2026_017.json",
        "arrete-individuel/AI_2026_017.pdf",
    ]


def test_what_should_still_be_checked_goes_with_a_deposit_that_leaves(town: Town) -> None:
    town.drop("arrete-individuel")
    town.intake()
    page = (town.folders.transmis / "arrete-individuel" / "A-LIRE.html").read_text("utf-8")
    (deposit,) = town.store.deposits()
    assert deposit.faults.codes == ("ACT-017",)
    assert "Bien reçu\u00a0: arrete-individuel" in page
    assert "rien à redéposer" in page
    assert "quinze jours" in page


def test_a_deposit_without_remark_leaves_without_sheet(town: Town) -> None:
    town.drop("seance-2026-10-08")
    town.intake()
    (deposit,) = town.store.deposits()
    assert (deposit.state, deposit.faults.codes) == (DepositState.PACKED, ())
    assert [name for name in town.tree(town.folders.transmis) if "A-LIRE" in name] == []


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        ("receive", "claim", True),  # renamed, not recorded
        ("store", "receive", False),
        ("store", "receive", True),  # recorded, not processed
    ],
)
def test_a_crash_neither_loses_nor_doubles_a_deposit(
    town: Town, die: Callable[..., None], owner: str, name: str, after: bool
) -> None:
    town.drop("arrete-individuel")
    die(receive if owner == "receive" else town.store, name, after=after)
    with pytest.raises(Crash):
        town.intake()
    town.intake()
    assert [deposit.name for deposit in town.store.deposits()] == ["arrete-individuel"]
    assert len(town.flows()) == 1
    assert town.tree(town.folders.a_deposer) == []


def test_an_empty_folder_goes_back_with_its_sheet(town: Town) -> None:
    town.folders.make()
    empty = town.folders.root / "vide"
    empty.mkdir()
    claimed = claim_copies([empty], town.folders)
    deposit = receive_one(claimed, town.authority, town.office)
    assert (deposit.state, codes(deposit)) == (DepositState.RETURNED, ("INT-EMPTY",))
    town.intake()
    assert town.tree(town.folders.a_corriger) == ["vide/A-LIRE.html"]
    assert town.tree(town.folders.en_cours) == []


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_kept(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.write("depot/a.pdf", b"a")
    town.write("depot/titres.csv", GOOD)
    real = Path.open

    def refuse(path: Path, *args: Any, **values: Any) -> object:
        if path.name == "a.pdf":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **values)

    monkeypatch.setattr(Path, "open", refuse)
    town.intake()
    (deposit,) = town.store.deposits()
    assert (deposit.state, codes(deposit)) == (DepositState.RETURNED, ("INT-PATH",))
    assert [file.name for file in deposit.files] == ["titres.csv"]
    page = unescape((town.folders.a_corriger / "depot" / "A-LIRE.html").read_text("utf-8"))
    assert "Le fichier « a.pdf » ne peut pas être lu : l'accès est refusé." in " ".join(
        page.split()
    )
    assert town.tree(town.folders.a_corriger) == [
        "depot/A-LIRE.html",
        "depot/a.pdf",
        "depot/titres.csv",
    ]


def test_a_deposit_that_waits_is_not_read_again(
    town: Town, seal: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = seal(unattended=False)
    town.write("titres.csv", GOOD)
    assert town.intake().item.awaiting_signature == 1
    (claimed,) = pending(town.folders)
    monkeypatch.setattr(type(claimed), "files", lambda _: pytest.fail("read again"))
    visit = town.intake()
    assert (visit.item.received, visit.item.awaiting_signature) == (0, 1)


def test_a_corrected_file_alone_is_linked_by_its_name(town: Town) -> None:
    town.write("titres.csv", BAD)
    town.intake()
    assert town.tree(town.folders.a_corriger) == ["titres/A-LIRE.html", "titres/titres.csv"]
    town.write("titres.csv", GOOD)
    town.intake()
    first, second = town.store.deposits()
    assert (second.replaces, second.state) == (first.id, DepositState.PACKED)
    assert town.tree(town.folders.a_corriger) == []
    assert town.tree(town.folders.transmis) == [
        "corriges/titres/A-LIRE.html",
        "corriges/titres/titres.csv",
        "titres/titres.csv",
    ]


def test_the_whole_returned_folder_is_linked_by_its_hidden_file(town: Town) -> None:
    town.write("titres.csv", BAD)
    town.intake()
    returned = town.folders.a_corriger / "titres"
    (returned / "titres.csv").write_bytes(GOOD)
    shutil.move(returned, town.folders.a_deposer / "octobre, corrigé")
    town.intake()
    first, second = town.store.deposits()
    assert (second.replaces, second.state) == (first.id, DepositState.PACKED)
    # the sheet and the link spoke of the first deposit: they do not follow the second
    laid = town.folders.transmis / "octobre, corrigé"
    assert [path.name for path in laid.iterdir()] == ["titres.csv"]


def test_a_folder_that_was_corrected_already_is_linked_to_the_last_try(town: Town) -> None:
    town.write("titres.csv", BAD)
    town.intake()
    shutil.copytree(town.folders.a_corriger / "titres", town.folders.root / "copie")
    town.write("titres.csv", BAD)
    town.intake()
    shutil.move(town.folders.root / "copie", town.folders.a_deposer / "autre nom")
    (town.folders.a_deposer / "autre nom" / "titres.csv").write_bytes(GOOD)
    town.intake()
    one, two, three = town.store.deposits()
    assert (one.replaces, two.replaces, three.replaces) == (None, one.id, two.id)
    # both returned copies are put away: nothing is left to correct
    assert town.tree(town.folders.a_corriger) == []


@pytest.mark.parametrize("text", ["", "999", "douze", "١٢", "9" * 30])
def test_a_link_that_an_agent_damaged_is_ignored(town: Town, text: str) -> None:
    town.write("octobre/titres.csv", GOOD)
    town.write(f"octobre/{LINK}", text.encode())
    town.intake()
    (deposit,) = town.store.deposits()
    assert (deposit.replaces, deposit.state) == (None, DepositState.PACKED)


def test_a_link_to_a_deposit_of_another_authority_is_ignored(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    town.write("titres.csv", BAD)
    town.intake()
    other.write("titres/titres.csv", GOOD)
    other.write(f"titres/{LINK}", b"1")
    other.intake()
    (deposit,) = other.store.deposits(collectivite=VOISINE)
    assert deposit.replaces is None
