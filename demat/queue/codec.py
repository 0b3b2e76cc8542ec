"""How values are written in text columns: canonical JSON, the same bytes for the same value."""

import json
from collections.abc import Mapping
from typing import Any

from demat.faults import Fault, Faults, Severity

__all__ = ["dump", "dump_faults", "load", "load_faults"]


_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode


def dump(value: object) -> str:
    """Write a JSON value: sorted keys, no blank, no NaN.

    :raises TypeError: when it holds something that JSON does not know.
    :raises ValueError: when it holds NaN or an infinity.
    """
    return _encode(value)


def load(text: str) -> dict[str, Any]:
    """Read back a JSON object.

    :raises ValueError: when the text is not one.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("a JSON object was expected")
    return value


def dump_faults(faults: Faults) -> str:
    """Write faults so that ``load_faults`` returns equal ones."""
    return dump([_fault_fields(fault) for fault in faults])


def load_faults(text: str) -> Faults:
    """Read faults back."""
    return Faults(_fault(fields) for fields in json.loads(text))


def _fault_fields(fault: Fault) -> dict[str, object]:
    fields: dict[str, object] = {"code": fault.code, "severity": fault.severity.value}
    if fault.params:
        fields["params"] = dict(fault.params)
    if fault.path:
        fields["path"] = fault.path
    if fault.line is not None:
        fields["line"] = fault.line
    if fault.source:
        fields["source"] = fault.source
    return fields


def _fault(fields: Mapping[str, Any]) -> Fault:
    return Fault(
        code=fields["code"],
        params=fields.get("params", {}),
        severity=Severity(fields["severity"]),
        path=fields.get("path", ""),
        line=fields.get("line"),
        source=fields.get("source", ""),
    )
