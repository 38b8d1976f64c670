"""Alembic's environment for the tables of the store; a package, so that a wheel holds it."""
