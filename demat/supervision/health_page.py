"""What ``/sante`` and ``demat health`` say: JSON for a program, a page or lines for a person."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from demat.engine.health import Check, Level, overall
from demat.engine.office import Explanation
from demat.engine.sheets import escape, items, page
from demat.faults import Fault
from demat.labels_fr.supervision import CHECKS, LEVELS, measured

__all__ = ["as_html", "as_json", "silent"]

Explain = Callable[[Fault], Explanation]

_HEADINGS = {
    Level.GOOD: "demat est en ordre",
    Level.WATCH: "demat est à surveiller",
    Level.DOWN: "demat est en panne",
}


def silent(seconds: float) -> tuple[Check, ...]:
    """Return the only check of an installation that cannot be looked at."""
    fault = Fault(code="SUP-SILENT", params={"seconds": f"{seconds:.0f}"})
    return (Check(name="answer", level=Level.DOWN, fault=fault),)


def as_json(checks: Sequence[Check], explain: Explain, at: datetime) -> Mapping[str, Any]:
    """Return the checks as plain values."""
    level = overall(checks)
    return {
        "level": level.value,
        "etat": LEVELS[level],
        "at": at.isoformat(timespec="seconds"),
        "checks": [_check(check, explain) for check in checks],
    }


def _check(check: Check, explain: Explain) -> Mapping[str, Any]:
    text = explain(check.fault) if check.fault else None
    return {
        "check": check.name,
        "libelle": CHECKS[check.name],
        "level": check.level.value,
        "etat": LEVELS[check.level],
        "value": None if check.value is None else round(check.value, 2),
        "unit": check.unit,
        "watch": check.watch,
        "down": check.down,
        "collectivite": check.collectivite,
        "code": check.fault.code if check.fault else "",
        "message": text.sentence if text else "",
        "remedy": text.remedy if text else "",
        "ask": text.ask if text else "",
    }


def as_html(checks: Sequence[Check], explain: Explain, at: datetime) -> bytes:
    """Return the checks as a page: what is wrong and what to do about it first."""
    level = overall(checks)
    heading = _HEADINGS[level]
    body = [f'<h1 class="bandeau{" bon" if level is Level.GOOD else ""}">{escape(heading)}</h1>']
    for one, title in ((Level.DOWN, "En panne"), (Level.WATCH, "À surveiller")):
        told = [explain(check.fault) for check in checks if check.level is one and check.fault]
        if told:
            body += [f"<h2>{escape(title)} ({len(told)})</h2>", items(told)]
    rows = "".join(map(_row, checks))
    body.append(
        "<h2>Ce qui est surveillé</h2><table><thead><tr>"
        '<th scope="col">Contrôle</th><th scope="col">État</th><th scope="col">Valeur</th>'
        f'<th scope="col">Seuils</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return page(heading, body, at)


def _row(check: Check) -> str:
    limits = [measured(one, check.unit) for one in (check.watch, check.down) if one is not None]
    cells = (LEVELS[check.level], measured(check.value, check.unit), " / ".join(limits))
    others = "".join(f"<td>{escape(text)}</td>" for text in cells)
    return f'<tr><th scope="row">{escape(CHECKS[check.name])}</th>{others}</tr>'
