"""How the commands lay out what they show: a terminal of 80 columns loses nothing important."""

import os
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from demat.faults import Fault
    from demat.queue.views import TransmissionView

__all__ = ["console", "day_fr", "fault_lines", "flows_table", "moment_fr", "paragraph", "width"]

_PIPE_WIDTH = 160
"""Columns when the output is read by a program or kept in a file."""
_FRAME = 11
"""What surrounds and separates the four columns of the table of flows."""
_SUBJECT = 18
_KEY = 18
_UNBROKEN = re.compile(r"(?<=«) |(?<=n°) | (?=[»:;?!])")
"""Spaces of French typography at which a line is not cut."""


def width() -> int:
    """Return how many columns may be used."""
    return console().width


def console() -> "Console":
    """Return what draws tables on standard output."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, width=_PIPE_WIDTH if piped else None)


def paragraph(text: str, *, indent: str = "", then: str | None = None) -> str:
    """Cut a sentence at the width of the terminal, between words.

    :param then: what begins the lines after the first; ``indent`` when not given.
    """
    later = indent if then is None else then
    filled = textwrap.fill(
        _UNBROKEN.sub("\u00a0", text),
        max(width(), 40),
        initial_indent=indent,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace("\u00a0", " ")


def fault_lines(faults: "Iterable[Fault]", *, indent: str = "") -> list[str]:
    """Return what an agent reads about faults: where, what, what to do, and whom to ask.

    Faults that follow each other and that the same person can answer tell it once, at the end.
    """
    from demat.labels_fr.catalogue import explain

    lines = []
    texts = [explain(fault) for fault in faults]
    for text, following in zip_longest(texts, texts[1:]):
        head = f"{text.where} : " if text.where else ""
        later = f"{indent}  "
        lines.append(paragraph(f"{head}{text.sentence}", indent=indent, then=later))
        if text.remedy:
            lines.append(paragraph(f"→ {text.remedy}", indent=later, then=f"{later}  "))
        if text.ask and (following is None or following.ask != text.ask):
            words = f"Une question ? Demandez à : {text.ask}."
            lines.append(paragraph(words, indent=later, then=f"{later}  "))
    return lines


def flows_table(flows: "Sequence[TransmissionView]", columns: int | None = None) -> "Table":
    """Return a table of transmissions: long identifiers are folded, only the objet is shortened.

    :param columns: width of the terminal.
    """
    from rich import box
    from rich.table import Table

    from demat.cli.words import state_fr, subject

    states = [state_fr(flow).replace(" (", "\n(") for flow in flows]
    room = (columns or width()) - _FRAME
    number = max((len(str(flow.id)) for flow in flows), default=1)
    number = max(number, 2)
    longest = max((len(line) for words in states for line in words.splitlines()), default=4)
    state = min(longest, max(18, room // 4))
    key = max(
        11,
        min(max((len(flow.key) for flow in flows), default=11), _key_room(room - number - state)),
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("N°", justify="right", width=number)
    table.add_column("Identifiant", overflow="fold", width=key)
    table.add_column(
        "Objet",
        no_wrap=True,
        overflow="ellipsis",
        max_width=max(room - number - state - key, 10),
    )
    table.add_column("État", overflow="fold", width=state)
    for flow, words in zip(flows, states, strict=True):
        table.add_row(str(flow.id), _folded(flow.key, key), subject(flow), words)
    return table


def _folded(key: str, columns: int) -> str:
    """Cut a long identifier after one of its separators where there is one."""
    lines = []
    while len(key) > columns:
        end = max(key.rfind(mark, 0, columns) for mark in "-_") + 1
        end = end if end > columns // 2 else columns
        lines.append(key[:end])
        key = key[end:]
    return "\n".join([*lines, key])


def _key_room(room: int) -> int:
    """Share what is left between the identifier and the objet."""
    return max(_KEY, room - _SUBJECT)


def moment_fr(instant: datetime) -> str:
    """Write an instant as a person of Paris reads it."""
    from demat.clock import PARIS

    return f"{instant.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"


def day_fr(day: date) -> str:
    """Write a day as it is read in France."""
    return f"{day:%d/%m/%Y}"
