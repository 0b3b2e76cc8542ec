"""Fault codes and French labels: each code has a label that its values fill, and none is idle."""

import ast
import re
import string
from dataclasses import dataclass, field
from pathlib import Path

from demat.faults import CODE_PATTERN, Fault
from demat.labels_fr import catalogue
from demat.labels_fr.catalogue import LABELS

PACKAGE = Path(catalogue.__file__).parents[1]

NOT_MERGED = frozenset({"PUB"})
"""Families whose authors still work on them: their labels are not compared with the code yet."""
WITHOUT_LABEL = frozenset(
    {
        "CON-REMOTE_ERROR",
        "PES-ACK_NO_REASON",
        "QUE-UNBOUND_ANSWER",
        "SIG-NONE",
        "SIG-OURS",
    }
)
"""Codes of the engine, being written, whose label is awaited."""
NOT_RAISED = frozenset({"ACT-052"})
"""Labels, already written, of rules that no module applies yet."""
ADDED = {"SIG": {"element", "id"}}
"""Values that a family adds to its faults after they are made (``demat.signing.verify``)."""


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@dataclass(frozen=True, slots=True)
class Codes:
    """What the source code says about fault codes."""

    whole: dict[str, str] = field(default_factory=dict)
    """Code written in full → where."""
    heads: set[str] = field(default_factory=set)
    """Beginning of words that are put together, such as ``ERREUR_``."""
    prefixes: set[str] = field(default_factory=set)
    """Beginning of codes that are put together, such as ``QUE-UNKNOWN_``."""
    endings: set[str] = field(default_factory=set)
    """What may follow such a beginning: any word in capitals, any number given to a function."""
    supplied: list[tuple[str, set[str], str]] = field(default_factory=list)
    """Code, names of its values, and where, when both are literal."""

    def made(self, code: str) -> bool:
        """Whether the code can be made: written in full, or a beginning and an ending."""
        return code in self.whole or any(
            code.startswith(prefix) and self._ending(code.removeprefix(prefix))
            for prefix in self.prefixes
        )

    def _ending(self, text: str) -> bool:
        parts = [text, *(text.removeprefix(head) for head in self.heads if text.startswith(head))]
        return any(part in self.endings for part in parts)


def read_codes(folder: Path) -> Codes:
    codes = Codes()
    for path in sorted(folder.rglob("*.py")):
        if path.parent.name != "labels_fr":
            _read(ast.parse(path.read_text(encoding="utf-8")), path.name, codes)
    return codes


def _read(tree: ast.AST, name: str, codes: Codes) -> None:
    composed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            composed.update(node.values)
            head = node.values[0]
            if isinstance(head, ast.Constant) and re.match(r"[A-Z]{3}-[A-Z0-9_]*$", head.value):
                codes.prefixes.add(head.value)
            elif isinstance(head, ast.Constant) and re.match(r"[A-Z]+_$", head.value):
                codes.heads.add(head.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node not in composed and CODE_PATTERN.match(node.value):
                codes.whole.setdefault(node.value, f"{name}:{node.lineno}")
            codes.endings.update(re.findall(r"[A-Z0-9_]+", node.value.replace("-", "_")))
        elif isinstance(node, ast.Call):
            _read_call(node, name, codes)


def _read_call(call: ast.Call, name: str, codes: Codes) -> None:
    if call.args and isinstance(call.args[0], ast.Constant) and type(call.args[0].value) is int:
        codes.endings.add(f"{call.args[0].value:03d}")
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    code, params = given.get("code"), given.get("params", ast.Dict([], []))
    if (
        getattr(call.func, "id", "") == "Fault"
        and isinstance(code, ast.Constant)
        and isinstance(params, ast.Dict)
        and all(isinstance(key, ast.Constant) for key in params.keys)
    ):
        names = {str(key.value) for key in params.keys if isinstance(key, ast.Constant)}
        codes.supplied.append((str(code.value), names, f"{name}:{call.lineno}"))


CODES = read_codes(PACKAGE)


def merged(code: str) -> bool:
    return code.partition("-")[0] not in NOT_MERGED


def test_every_code_of_the_source_has_a_label():
    known = LABELS.keys() | WITHOUT_LABEL
    missing = {code: where for code, where in CODES.whole.items() if code not in known}
    assert {code: where for code, where in missing.items() if merged(code)} == {}


def test_every_label_belongs_to_a_code_of_the_source():
    idle = {code for code in LABELS if merged(code) and not CODES.made(code)}
    assert sorted(idle - NOT_RAISED) == []


def test_a_fault_supplies_the_values_that_its_label_names():
    lacking = []
    for code, names, where in CODES.supplied:
        item = LABELS.get(code)
        if item is None or not merged(code):
            continue
        given = names | ADDED.get(code.partition("-")[0], set())
        completed = set(catalogue.values(Fault(code=code, params=dict.fromkeys(given, "x"))))
        if absent := (fields(item.sentence) | fields(item.remedy)) - completed:
            lacking.append((code, sorted(absent), where))
    assert lacking == []


def test_the_reader_of_codes_sees_what_it_must():
    codes = Codes()
    source = (
        'Fault(code="XML-A", params={"x": "1"})\nFault(code=f"XML-B_{kind}")\nrefuse("LATE")\n'
        'blocking(12, x=1)\nf"ACT-{rule:03d}"\nother("XML-C")\nFault(code="XML-D", params=given)\n'
    )
    _read(ast.parse(source), "a.py", codes)
    assert codes.whole == {"XML-A": "a.py:1", "XML-C": "a.py:6", "XML-D": "a.py:7"}
    assert codes.supplied == [("XML-A", {"x"}, "a.py:1")]
    made = [code for code in ("XML-A", "XML-B_LATE", "ACT-012") if codes.made(code)]
    assert made == ["XML-A", "XML-B_LATE", "ACT-012"]
    assert not codes.made("XML-B_SOON")
    assert not codes.made("ACT-013")
