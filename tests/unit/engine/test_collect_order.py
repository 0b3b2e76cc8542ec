"""Stored and synced before it is marked as read (connectors dossier §9.4): a crash at every effect.

An effect is the writing of a document or the commit of a transaction. Whatever the one before which
everything stops, what was marked as read is here whole, and the next run finds the rest.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demat.connectors.api import InboundDocument, RemoteCourrier
from demat.engine.collect import Round
from demat.engine.inbox import collect_courriers
from demat.engine.nightly import Visit, collect_answers
from demat.engine.retours import collect_retours
from demat.engine.transmit import transmit_due
from demat.faults import FaultError
from demat.queue.database import Database
from demat.queue.documents import DocumentFolder
from tests.unit.engine.conftest import SIREN, Crash, Town, accept_all, ar
from tests.unit.engine.prefecture_support import Kind, archive, enveloppe, letter_files
from tests.unit.engine.test_retours import piece, retour


class Stopwatch:
    """Dies before an effect of a given rank."""

    def __init__(self, rank: int) -> None:
        self.left = rank

    def strike(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """Return a block that dies before the effect of a given rank; it tells whether it did."""

    @contextmanager
    def block(rank: int) -> Iterator[list[bool]]:
        watch, died = Stopwatch(rank), [False]
        put, writing = DocumentFolder.put, Database.writing

        def mortal_put(self: DocumentFolder, content: bytes) -> str:
            watch.strike()
            return put(self, content)

        @contextmanager
        def mortal_writing(self: Database, **how: bool) -> Iterator[Any]:
            with writing(self, **how) as connection:
                yield connection
                watch.strike()  # before the commit, which the error then undoes

        with monkeypatch.context() as patch:
            patch.setattr(DocumentFolder, "put", mortal_put)
            patch.setattr(Database, "writing", mortal_writing)
            try:
                yield died
            except Crash:
                died[0] = True

    return block


def collect(town: Town) -> None:
    """Collect everything, as the night does."""
    list(collect_answers(Visit.of(town.authority, town.office)))
    collect_courriers(town.authority, town.office, Round())
    collect_retours(town.authority, town.office)


def two_letters(id_acte: str) -> dict[str, bytes]:
    """Return the files of one lot that holds two letters."""
    files: dict[str, bytes] = {}
    for kind, rank in ((Kind.DEMANDE_PIECES, 12), (Kind.LETTRE_OBSERVATIONS, 20)):
        mine = letter_files(id_acte, kind=kind, rank=rank)
        files |= {name: content for name, content in mine.items() if name.startswith(id_acte)}
    messages = [name for name in files if name.endswith(".xml")]
    return {f"EACT--SPREF0991-{SIREN}-20261125-12.xml": enveloppe(SIREN, *messages), **files}


def expecting(town: Town) -> Town:
    """Return a town that awaits an AR, an acquit, a lot of two letters and two retours."""
    town.fixture("seance-2026-11-05")
    town.fixture("titres-cantine.csv")
    transmit_due(town.office)
    acte, pes = town.flow(1), town.flow(2)
    town.answer(acte, ar(acte))
    town.answer(pes, accept_all(pes))
    letters = archive(two_letters(acte.key))
    remote = RemoteCourrier(reference="881", kind="3", about="1", id_acte=acte.key)
    town.connector.hold_courrier(remote, letters)
    for reference, numero in (("1", 417), ("2", 418)):
        document = InboundDocument(name=f"{reference}.xml", content=retour(piece(numero)))
        town.connector.held_retours[reference] = document
    return town


def kept(town: Town) -> dict[str, Any]:
    """Return all that was collected and is here, its bytes included."""
    store = town.store
    digests = [one.sha256 for flow in town.flows() for one in store.receipts(flow.id)]
    digests += [one.sha256 for one in store.retours(SIREN)]
    letters = store.courriers(SIREN)
    digests += [one.sha256 for one in letters]
    digests += [file.sha256 for one in letters for file in one.documents]
    assert all(store.documents.check(digest) is None for digest in digests)
    return {
        "receipts": [
            [(one.kind, one.sha256, one.etat) for one in store.receipts(flow.id)]
            for flow in town.flows()
        ],
        "courriers": [(one.kind, one.sha256, one.reference) for one in letters],
        "retours": [one.sha256 for one in store.retours(SIREN)],
    }


def assert_marked_only_what_is_here(town: Town) -> None:
    here, connector = kept(town), town.connector
    if connector.read_courriers:
        assert [reference for _, _, reference in here["courriers"]] == ["881", "881"]
    assert len(here["retours"]) >= len(connector.read_retours)


def test_a_crash_before_any_effect_marks_nothing_too_early(
    town: Town, dying: Callable[[int], Any]
) -> None:
    expecting(town)
    for rank in itertools.count(1):  # each run goes a little further than the one before
        with dying(rank) as died:
            collect(town)
        assert_marked_only_what_is_here(town)
        if not died[0]:
            break
    assert rank > 5  # else nothing was cut
    here = kept(town)
    assert [len(one) for one in here["receipts"]] == [1, 1]
    assert [kind for kind, _, _ in here["courriers"]] == ["3", "4"]
    assert len(here["retours"]) == 2
    assert town.connector.read_courriers == ["881"]
    assert town.connector.read_retours == ["1", "2"]
    assert not town.store.verify_journal()


@pytest.mark.parametrize("rank", range(1, 16))
def test_the_run_after_one_crash_finds_all(
    town: Town, dying: Callable[[int], Any], rank: int
) -> None:
    expecting(town)
    with dying(rank) as died:
        collect(town)
    assert died[0]
    assert_marked_only_what_is_here(town)
    collect(town)
    here = kept(town)
    assert [len(one) for one in here["receipts"]] == [1, 1]
    assert [kind for kind, _, _ in here["courriers"]] == ["3", "4"]
    assert len(here["retours"]) == 2
    assert town.connector.read_courriers == ["881"]
    assert town.connector.read_retours == ["1", "2"]


def test_a_disk_that_does_not_sync_keeps_the_other_side_unread(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    expecting(town)

    def sick(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sick)
        for step in (
            lambda: collect_courriers(town.authority, town.office, Round()),
            lambda: collect_retours(town.authority, town.office),
        ):
            with pytest.raises(FaultError) as caught:
                step()
            assert caught.value.faults.codes == ("QUE-DISK",)
    assert town.connector.read_courriers == []
    assert town.connector.read_retours == []
    collect(town)
    assert town.connector.read_courriers == ["881"]
    assert town.connector.read_retours == ["1", "2"]
