"""Findings on a document: collected with a stable code, never raised one by one.

A *fault* says what is wrong with something a person gave us. It carries a code and the values that
the French sentence needs; the sentence itself lives in ``demat.labels_fr``, keyed by the code. An
*error* (``demat.errors``) says that we cannot go on.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from demat.errors import DematError

__all__ = ["Fault", "FaultError", "Faults", "Severity"]

CODE_PATTERN = re.compile(r"^(ACT|CFG|CON|INT|PES|PRV|PUB|QUE|SIG|SUP|XML|XSD)-[A-Z0-9_]+$")

_LINE = frozenset({"CON-UNREACHABLE", "CON-LOST_ANSWER"} | {"CON-CLIENT_CERTIFICATE"})
"""Codes whose ``reason`` is what the system or TLS said of a connection, never a content.

A reason with a question mark quotes an address, which may bear a login: it is left out."""


class Severity(StrEnum):
    """What a fault does to the document that carries it."""

    BLOCKING = "blocking"
    """Nothing leaves until it is corrected."""
    WARNING = "warning"
    """Shown to the agent and kept in the journal; the document may leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One finding."""

    code: str
    """Stable public identifier, such as ``ACT-010``; never reused for another meaning."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Values that the French sentence shows, by name."""
    severity: Severity = Severity.BLOCKING
    path: str = ""
    """Where in the document: an element path, or ``sheet!column``."""
    line: int | None = None
    """Line of the XML file or row of the spreadsheet, counted from 1."""
    source: str = ""
    """Name of the file concerned, as the agent knows it."""

    def __post_init__(self) -> None:
        if not CODE_PATTERN.fullmatch(self.code):
            raise ValueError(f"malformed fault code {self.code!r}")

    @property
    def blocking(self) -> bool:
        """Whether the document must not leave."""
        return self.severity is Severity.BLOCKING

    def within(self, source: str) -> "Fault":
        """Return the same fault, attributed to a file, unless it already names one."""
        return self if self.source else replace(self, source=source)


class Faults:
    """An immutable collection of faults, in the order they were found."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Fault] = ()) -> None:
        self._items = tuple(items)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __add__(self, other: "Faults | Iterable[Fault]") -> "Faults":
        return Faults((*self._items, *other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Faults) and self._items == other._items

    def __hash__(self) -> int:
        return hash(tuple(fault.code for fault in self._items))

    def __repr__(self) -> str:
        return f"Faults({list(self._items)!r})"

    @property
    def blocking(self) -> "Faults":
        """The faults that stop the document."""
        return Faults(fault for fault in self._items if fault.blocking)

    @property
    def warnings(self) -> "Faults":
        """The faults that let the document leave."""
        return Faults(fault for fault in self._items if not fault.blocking)

    def as_warnings(self) -> "Faults":
        """The same faults, where they stop nothing."""
        return Faults(replace(fault, severity=Severity.WARNING) for fault in self._items)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, in order, repeats included."""
        return tuple(fault.code for fault in self._items)

    def summarised(self, limit: int) -> "Faults":
        """Keep the first ``limit`` faults of each code, each followed by how many more there are.

        One wrong setting in a software makes the same fault on every line of a file: a person
        needs a few of them, and their number (``INT-MORE``, as severe as what it counts).
        """
        counts = Counter(self.codes)
        seen: Counter[str] = Counter()
        kept = []
        for fault in self._items:
            seen[fault.code] += 1
            if seen[fault.code] <= limit:
                kept.append(fault)
            if seen[fault.code] == limit and counts[fault.code] > limit:
                params = {"code": fault.code, "more": str(counts[fault.code] - limit)}
                kept.append(replace(fault, code="INT-MORE", params=params, path="", line=None))
        return Faults(kept)

    def within(self, source: str) -> "Faults":
        """Attribute every fault that names no file to ``source``."""
        return Faults(fault.within(source) for fault in self._items)

    def raise_if_blocking(self) -> None:
        """Raise when at least one fault is blocking.

        :raises FaultError: with all the faults, warnings included.
        """
        if self.blocking:
            raise FaultError(self)


class FaultError(DematError):
    """A document or a request cannot be processed, for reasons that a person can correct."""

    def __init__(self, faults: Faults | Fault) -> None:
        self.faults = Faults([faults]) if isinstance(faults, Fault) else faults
        details = "; ".join(f"{fault.code} {dict(fault.params)}".strip() for fault in self.faults)
        super().__init__(details)

    @property
    def in_log(self) -> str:
        """Its codes, each once; why the line failed, since a technician then looks for it."""
        told = (
            f"{fault.code} ({fault.params['reason']})"
            if fault.code in _LINE and "?" not in fault.params.get("reason", "?")
            else fault.code
            for fault in self.faults
        )
        return ", ".join(dict.fromkeys(told))
