"""A backup that is put back in the place of the database, while the store stays open."""

import sqlite3
from contextlib import closing
from pathlib import Path

from demat.queue.documents import DocumentFolder
from demat.queue.sqlite import Sqlite
from demat.queue.store import Store

__all__ = ["forget_documents", "put_back"]


def put_back(store: Store, saved: Path) -> None:
    """Bring the database to what ``Store.snapshot`` wrote; quicker than opening another."""
    backend = store._database._backend
    assert isinstance(backend, Sqlite)
    with closing(sqlite3.connect(saved)) as source, backend.writer.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        source.backup(driver)


def forget_documents(store: Store, kept: frozenset[str]) -> None:
    """Lose every document but some."""
    assert isinstance(store.documents, DocumentFolder)
    for digest in frozenset(store.documents.digests()) - kept:
        store.documents.path(digest).unlink()
