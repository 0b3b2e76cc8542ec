"""Helpers to compare two schema sets: mutants of a valid document, verdicts side by side."""
