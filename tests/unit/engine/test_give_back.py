"""Files where agents look: once, whole, and nothing of theirs is ever overwritten."""

from pathlib import Path

import pytest
from sqlalchemy import event

from demat.connectors.api import InboundDocument
from demat.engine.give_back import finish, lay_answer, lay_refusals, lay_returned, who_refused
from demat.engine.transmit import transmit_due
from demat.queue.states import DeliveryState, DepositState
from tests.unit.engine.conftest import REFUSED, Town, titre, titres

BAD = titres(titre(417, 12, montant="douze"))


def test_what_lies_there_already_is_left_alone(town: Town) -> None:
    for _ in range(2):
        town.write("octobre/titres.csv", BAD)
        town.intake()
        mine = town.folders.a_corriger / "octobre" / ".demat-depot"
        mine.unlink(missing_ok=True)  # no link: it is the agent's own folder now
    names = sorted(path.name for path in town.folders.a_corriger.iterdir())
    assert names == ["octobre", "octobre-2"]


def test_laying_a_returned_deposit_again_changes_nothing(town: Town) -> None:
    town.write("titres.csv", BAD)
    town.intake()
    (deposit,) = town.store.deposits()
    place = lay_returned(deposit, town.authority, town.office)
    assert place == town.folders.a_corriger / "titres"
    finish(deposit, town.authority, town.office)
    assert len(list(town.folders.a_corriger.iterdir())) == 1


def test_a_deposit_without_folder_is_written_again_from_what_was_kept(town: Town) -> None:
    town.write("octobre/sous-dossier/titres.csv", BAD)
    town.intake()
    (deposit,) = town.store.deposits()
    laid = town.folders.a_corriger / "octobre"
    laid.rename(town.folders.root / "ailleurs")
    place = lay_returned(deposit, town.authority, town.office)
    assert place == laid
    assert town.tree(laid) == ["A-LIRE.html", "sous-dossier/titres.csv"]
    assert (laid / ".demat-depot").read_text() == f"{deposit.id}\n"


def test_the_copy_of_a_refused_deposit_does_not_touch_what_the_agent_is_correcting(
    town: Town,
) -> None:
    town.fixture("seance-2026-10-08")
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office, limit=1)
    mine = town.folders.a_corriger / "seance-2026-10-08" / "actes.xlsx"
    mine.write_bytes(b"en cours")
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    assert mine.read_bytes() == b"en cours"
    sheet = (mine.parent / "A-LIRE.html").read_text("utf-8")
    assert all(flow.key in sheet for flow in town.flows())


def test_refusals_are_shown_once(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    for _ in range(2):
        lay_refusals(town.authority, town.office)
    assert town.actions().count("sheet_laid") == 1
    assert who_refused(town.flow(1), town.office) == "Votre tiers de télétransmission"


def test_what_was_refused_before_costs_nothing_at_the_next_refusal(town: Town) -> None:
    """An authority of which thousands were refused asks no question about each, at each refusal."""
    town.fixture("seance-2026-10-08")
    for _ in town.flows():
        town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    assert {flow.delivery for flow in town.flows()} == {DeliveryState.REFUSED}
    engine = town.store._database._backend.reader
    asked: list[str] = []

    def hear(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(engine, "before_cursor_execute", hear)
    lay_refusals(town.authority, town.office)
    event.remove(engine, "before_cursor_execute", hear)
    assert len(asked) == 1, asked


@pytest.mark.parametrize("name", ["../../evil.xml", "a/b.xml", "..", "œuf.xml", ""])
def test_an_answer_is_laid_under_a_safe_name(town: Town, name: str) -> None:
    town.fixture("seance-2026-11-05")
    document = InboundDocument(name=name, content=b"<a/>")
    folder = lay_answer(town.flow(1), document, b"<html>", town.folders)
    assert folder.parent == town.folders.accuses
    assert {path.parent for path in folder.iterdir()} == {folder}
    assert len(list(folder.iterdir())) == 2


def test_an_answer_without_page_leaves_the_page(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    folder = lay_answer(town.flow(1), InboundDocument(name="a", content=b"1"), b"P", town.folders)
    lay_answer(town.flow(1), InboundDocument(name="b", content=b"2"), None, town.folders)
    assert (folder / "A-LIRE.html").read_bytes() == b"P"


def test_a_half_made_copy_is_finished_not_shown(town: Town) -> None:
    town.write("titres.csv", BAD)
    town.intake()
    (deposit,) = town.store.deposits()
    laid = town.folders.a_corriger / "titres"
    laid.rename(town.folders.a_corriger / f".copie-{deposit.id}")  # the process died before the end
    (town.folders.a_corriger / f".copie-{deposit.id}" / "titres.csv").unlink()
    assert deposit.state is DepositState.RETURNED
    place = lay_returned(deposit, town.authority, town.office)
    assert (place / "titres.csv").read_bytes() == BAD
    assert [path.name for path in Path(town.folders.a_corriger).iterdir()] == ["titres"]
