"""The database server that some tests of this folder share."""

from tests.postgres import postgres, postgres_empty, postgres_ready, postgres_template

__all__ = ["postgres", "postgres_empty", "postgres_ready", "postgres_template"]
