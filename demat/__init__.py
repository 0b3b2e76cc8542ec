"""Batch engine for the legal exchanges of French local authorities: PES v2, ACTES, open data."""

__version__ = "0.1.0"
