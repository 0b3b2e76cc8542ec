"""Bring a database to the current revision; apart because Alembic takes half a second to import."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["configuration", "upgrade"]


def configuration() -> Config:
    """Return the Alembic configuration of the packaged revisions, without any ini file."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the missing revisions inside the transaction that is open on ``connection``.

    :param revision: the last one to run.
    """
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
