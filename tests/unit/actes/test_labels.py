"""The French sentences of the codes ``ACT-…``."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from demat.labels_fr.actes import LABELS

PACKAGE = Path(__file__).parents[3] / "demat" / "actes"


def codes_in_the_source() -> set[str]:
    """Every code written in the package, whole or as the argument of a maker of faults."""
    codes: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and is_code(node.value):
                codes.add(str(node.value))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                codes |= made(node.func.id, node.args[0])
    return codes


def is_code(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"ACT-[A-Z0-9_]*[A-Z0-9]", value))


def made(function: str, argument: ast.expr) -> set[str]:
    if not isinstance(argument, ast.Constant):
        return set()
    if function in {"blocking", "warning"}:
        rule = argument.value
        return {f"ACT-{rule:03d}" if isinstance(rule, int) else f"ACT-{rule!s}"}
    return {f"ACT-ARCHIVE_{argument.value!s}"} if function == "_fault" else set()


def test_every_code_has_its_sentence() -> None:
    codes = codes_in_the_source()
    assert {"ACT-001", "ACT-035_PASSWORD", "ACT-ARCHIVE_SIZE", "ACT-INBOUND_ROOT"} <= codes
    assert codes - set(LABELS) == set()


def test_every_rule_of_the_dossier_has_its_sentence() -> None:
    assert {f"ACT-{rule:03d}" for rule in range(1, 63)} <= set(LABELS)


@pytest.mark.parametrize("code", list(LABELS))
def test_each_label_is_complete(code: str) -> None:
    label = LABELS[code]
    assert label.sentence[0].isupper() or label.sentence[0] == "«"
    assert re.search(r"[.»}]$", label.sentence)
    assert label.remedy.endswith(".")
    assert label.ask
    for text in (label.sentence, label.remedy):
        assert [name for _, name, _, _ in Formatter().parse(text) if name == ""] == []
        assert "  " not in text
