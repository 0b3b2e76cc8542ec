"""How much each rule weighs, for a file that we built and for one that another software wrote.

The evidence of the dossier decides (§0.1): what the schemas, the notes of DGFiP or published code
state is blocking; what is only plausible or is advice on quality is a warning. A ready-made file is
judged less severely where the agent cannot correct it and Hélios is known to be tolerant, or where
the rule is not stated anywhere (versions, totals, counts, keys of a RIB).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from demat.faults import Severity

__all__ = ["FIXED", "LEVELS", "Level"]


@dataclass(frozen=True, slots=True)
class Level:
    """The weight of one code."""

    built: Severity
    """In a file that we wrote."""
    ready_made: Severity
    """In a file that the business software wrote."""
    evidence: str
    """Tags of the dossier: X, X5, D, C, F, W, U, Q."""


_BLOCKING, _WARNING = Severity.BLOCKING, Severity.WARNING


def _both(severity: Severity, evidence: str, *codes: str) -> dict[str, Level]:
    return {code: Level(severity, severity, evidence) for code in codes}


def _tolerant(evidence: str, *codes: str) -> dict[str, Level]:
    """Return levels that only accuse ourselves."""
    return {code: Level(_BLOCKING, _WARNING, evidence) for code in codes}


LEVELS: Mapping[str, Level] = {
    **_both(_BLOCKING, "C", "PES-001", "PES-001_ENCODING"),
    **_tolerant("C", "PES-001_MOJIBAKE"),
    **_tolerant("D", "PES-003"),
    **_both(_BLOCKING, "D", "PES-004"),
    **_both(_BLOCKING, "C", "PES-005", "PES-005_LENGTH", "PES-005_MISSING"),
    **_both(_BLOCKING, "X5", "PES-006"),
    **_both(_BLOCKING, "X5 D", "PES-007", "PES-008", "PES-009"),
    **_both(_WARNING, "D F", "PES-008_KEY"),
    **_both(_BLOCKING, "D", "PES-010", "PES-010_MISSING", "PES-010_NOMENCLATURE"),
    **_both(_BLOCKING, "C", "PES-011", "PES-011_DOMAINS"),
    **_tolerant("U", "PES-012"),  # what we write is cut below the ceiling
    **_both(_WARNING, "U", "PES-012_PJ"),
    **_both(_BLOCKING, "D", "PES-013", "PES-013_SIGNED"),
    **_both(_BLOCKING, "PS C", "PES-014", "PES-014_MIXED"),
    **_both(_BLOCKING, "X", "PES-015", "PES-015_DOUBLE", "PES-015_ROOT"),
    **_both(_BLOCKING, "PS C", "PES-016", "PES-016_CERTIFICATE", "PES-016_POLICY"),
    **_both(_BLOCKING, "PS C", "PES-016_ROLE"),
    **_both(_BLOCKING, "D", "PES-017", "PES-017_DOUBLE", "PES-018"),
    **_both(_WARNING, "D, memory partial", "PES-017_GAP"),
    **_tolerant("U X", "PES-019", "PES-020", "PES-021"),
    **_both(_BLOCKING, "D", "PES-022", "PES-022_MISSING", "PES-022_ZERO", "PES-023"),
    **_both(_WARNING, "U", "PES-024", "PES-025", "PES-025_FUTURE"),
    **_both(_WARNING, "D, grid U", "PES-026"),
    **_both(_BLOCKING, "D", "PES-026_GRID"),
    **_both(_BLOCKING, "D", "PES-027", "PES-028", "PES-028_DOUBLE", "PES-028_MISSING", "PES-029"),
    **_both(_BLOCKING, "D", "PES-030"),
    **_both(_BLOCKING, "D", "PES-030_ROLE"),
    **_both(_WARNING, "D", "PES-030_EDITION", "PES-030_ROLE_ONLY"),
    **_both(_BLOCKING, "D", "PES-031", "PES-032", "PES-032_PJ", "PES-033", "PES-033_INVOICE"),
    **_both(_BLOCKING, "D", "PES-034", "PES-036"),
    **_both(_WARNING, "D", "PES-035"),
    **_both(_BLOCKING, "D", "PES-037", "PES-037_LINE", "PES-037_NIR"),
    **_tolerant("D", "PES-038"),
    **_both(_WARNING, "D, code nature U", "PES-038_CLE1"),
    **_tolerant("D C", "PES-038_CLE2"),
    **_both(_BLOCKING, "D", "PES-038_DEBTOR", "PES-038_NATURE", "PES-038_SEPA"),
    **_both(_WARNING, "X, effect V", "PES-039"),
    **_both(_BLOCKING, "X", "PES-039_DIGITS"),
    **_both(_BLOCKING, "D", "PES-040", "PES-040_MISSING", "PES-041_NOMENCLATURE"),
    **_both(_BLOCKING, "X", "PES-041", "PES-042"),
    **_both(_WARNING, "X", "PES-042_ZERO"),
    **_both(_WARNING, "U", "PES-043"),
    **_both(_BLOCKING, "D", "PES-043_ZERO"),
    **_tolerant("D", "PES-043_RATE"),
    **_both(_BLOCKING, "D", "PES-044", "PES-044_UNEXPECTED", "PES-044_ORIGIN", "PES-045"),
    **_both(_BLOCKING, "X", "PES-046"),
    **_both(_BLOCKING, "D", "PES-047", "PES-047_SAME_YEAR", "PES-048", "PES-048_UNEXPECTED"),
    **_both(_WARNING, "U", "PES-049"),
    **_both(_BLOCKING, "D", "PES-050"),
    **_both(_WARNING, "D", "PES-051", "PES-052"),
    **_both(_BLOCKING, "X", "PES-052_FORM"),
    **_both(_BLOCKING, "D", "PES-053", "PES-053_UNEXPECTED"),
    **_both(_WARNING, "X D", "PES-054", "PES-054_DATES"),
    **_both(_WARNING, "U", "PES-055", "PES-055_MAIN"),
    **_both(_WARNING, "D, grid U", "PES-056"),
    **_both(_BLOCKING, "D", "PES-056_GRID"),
    **_both(_BLOCKING, "D", "PES-057", "PES-058", "PES-059"),
    **_both(_WARNING, "D, list U", "PES-059_UNKNOWN"),
    **_both(_BLOCKING, "D", "PES-060", "PES-060_PAIR"),
    **_both(_WARNING, "Q W", "PES-061", "PES-061_NAME"),
    **_both(_BLOCKING, "D", "PES-062", "PES-062_CP", "PES-063", "PES-063_RESIDENT"),
    **_both(_WARNING, "D", "PES-062_ABROAD"),
    **_both(_BLOCKING, "D", "PES-064"),
    **_tolerant("D F", "PES-064_RIB"),
    **_both(_BLOCKING, "D", "PES-065", "PES-065_MISSING"),
    **_both(_WARNING, "U", "PES-065_COUNTRY"),
    **_both(_BLOCKING, "X", "PES-066", "PES-070", "PES-071"),
    **_both(_BLOCKING, "D", "PES-067", "PES-067_BLOCK"),
    **_both(_WARNING, "D, effect V", "PES-068"),
    **_both(_WARNING, "D, delay U", "PES-068_DATE"),
    **_both(_BLOCKING, "D", "PES-069", "PES-069_BANK"),
    **_both(_BLOCKING, "X", "PES-069_RUM"),
    **_tolerant("D", "PES-072"),
    **_both(_BLOCKING, "D", "PES-072_PAPER", "PES-073", "PES-073_DOUBLE"),
    **_both(_BLOCKING, "X", "PES-073_FORM", "PES-074_NAME"),
    **_both(_BLOCKING, "D", "PES-074", "PES-074_ENCODING"),
    **_tolerant("D", "PES-074_TYPE"),
    **_both(_BLOCKING, "D", "PES-075", "PES-075_DOMAIN"),
    **_both(_WARNING, "U", "PES-076"),
    **_both(_BLOCKING, "D", "PES-077", "PES-077_AMOUNT", "PES-077_DATE", "PES-077_DOUBLE"),
    **_both(_BLOCKING, "D", "PES-077_ISSUER", "PES-077_LINE", "PES-077_PARTY"),
    **_both(_BLOCKING, "D", "PES-077_PARTY_DATA", "PES-077_PATIENT", "PES-077_TALON"),
    **_both(_BLOCKING, "D", "PES-077_TIP", "PES-077_TIPI", "PES-077_UNREADABLE"),
}
"""Level of every code that ``check_pes`` may report."""

FIXED = frozenset({"PES-007", "PES-008", "PES-009"})
"""Codes that no configuration may lower: a file for another budget never leaves."""
