"""What the database refers to: nothing that it names may be left out of a check or of a backup."""

from datetime import date

import pytest
from sqlalchemy import Engine, text

from demat.faults import Fault, Faults
from demat.queue.model import METADATA
from demat.queue.references import SET_ASIDE
from demat.queue.store import Store
from demat.queue.views import NewCourrier, NewRetour, NewStamp, ReceivedFile
from tests.unit.queue.conftest import EXEMPLE, START, NewDeposit, Packed

KNOWN = {
    "classification.sha256",
    "courrier.sha256",
    "deposit_file.sha256",
    "horodatage.token_sha256",
    "preuve.sha256",
    "receipt.sha256",
    "retour.sha256",
    "transmission.sha256",
}
"""Columns that name a document."""
OTHERS = {
    "doute.sha256",  # what was perhaps handed in: the file itself may be anywhere
    "horodatage.sha256",  # what the token is about: a document of another table, or the journal
    "publication.sha256",  # what lies on the site
}


def test_every_column_that_holds_a_digest_was_thought_of() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in METADATA.tables.values()
        for column in table.columns
        if "sha256" in column.name
    }
    assert columns == KNOWN | OTHERS


@pytest.fixture
def digests(store: Store, packed: Packed) -> dict[str, str]:
    """Have a document of every kind; return their digests by what names them."""
    flow = packed(content=b"<PES_Aller/>")
    (received,) = store.deposit(flow.deposit_id).files
    kinds = ["classification", "token", "preuve", "retour", "courrier", "piece", "receipt", "aside"]
    put = {name: store.documents.put(name.encode()) for name in kinds}
    store.install_classification(EXEMPLE, date(2026, 1, 1), put["classification"])
    store.record_stamp(
        NewStamp(
            objet="transmission",
            transmission_id=flow.id,
            sha256=flow.sha256,
            token_sha256=put["token"],
            instant=START,
            authority="Horodatage d'essai",
        )
    )
    store.keep_proofs(flow.id, {put["preuve"]: "liste"})
    store.record_retour(
        NewRetour(collectivite=EXEMPLE, sha256=put["retour"], name="r.xml", faults=Faults())
    )
    store.keep_courrier(
        NewCourrier(
            collectivite=EXEMPLE,
            sha256=put["courrier"],
            kind="quarantaine",
            name="c.xml",
            documents=(ReceivedFile(name="p.pdf", sha256=put["piece"], size=5),),
        )
    )
    store.record_receipt(
        flow.id,
        kind="PES_ACQUIT",
        name="acquit.xml",
        sha256=put["receipt"],
        message_date=None,
        etat="acquitte",
        etat_before=flow.etat,
        etat_final=True,
        etat_negative=False,
        faults=Faults(),
        detail={},
    )
    store.note(flow.id, SET_ASIDE, {"name": "autre.xml", "sha256": put["aside"], "reason": "x"})
    return put | {"transmission": flow.sha256, "file": received.sha256}


def test_each_lost_document_is_told_with_its_name(store: Store, digests: dict[str, str]) -> None:
    assert store.verify_documents() == Faults()
    assert store.verify_documents(whole=False) == Faults()
    names = {
        "retour": "r.xml",
        "courrier": "c.xml",
        "piece": "p.pdf",
        "receipt": "acquit.xml",
        "aside": "autre.xml",
        "transmission": "PESALR2_21990123800010_261123_001.xml",
        "file": "mandats.csv",
    }
    for what, sha256 in digests.items():
        store.documents.path(sha256).rename(store.documents.folder / "ailleurs")
        expected = Fault(
            code="QUE-DOCUMENT_MISSING",
            params={"empreinte": sha256},
            source=names.get(what, ""),
        )
        assert store.verify_documents(whole=False) == Faults([expected]), what
        assert store.verify_documents() == Faults([expected]), what
        (store.documents.folder / "ailleurs").rename(store.documents.path(sha256))


def test_what_is_to_leave_is_always_read(store: Store, digests: dict[str, str]) -> None:
    for what in ("transmission", "receipt"):
        store.documents.path(digests[what]).write_bytes(b"tampered")
    assert store.verify_documents(whole=False).codes == ("QUE-DOCUMENT_CORRUPT",)
    assert store.verify_documents(whole=True).codes == ("QUE-DOCUMENT_CORRUPT",) * 2
    shown: list[tuple[int, int]] = []
    store.verify_documents(progress=lambda done, total: shown.append((done, total)))
    assert shown == [(rank, len(digests)) for rank in range(1, len(digests) + 1)]


def test_what_nothing_refers_to_is_counted(store: Store, digests: dict[str, str]) -> None:
    assert store.orphans() == frozenset()
    left = store.documents.put(b"un reste")
    assert store.orphans() == {left}


def test_a_forged_reference_is_no_path(store: Store, raw: Engine, new_deposit: NewDeposit) -> None:
    new_deposit()
    with raw.begin() as connection:
        connection.execute(text("UPDATE deposit_file SET sha256 = '../../etc/passwd'"))
    for whole in (True, False):
        (fault,) = store.verify_documents(whole=whole)
        assert (fault.code, fault.source) == ("QUE-DOCUMENT_MISSING", "mandats.csv")
