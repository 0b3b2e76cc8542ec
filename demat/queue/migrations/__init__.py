"""Alembic revisions of the store, shipped with the program and run when a database is opened."""
