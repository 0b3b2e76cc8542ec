"""The sheet that goes back to the agent with a deposit: what is wrong, where, what to do."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape as html_escape

from demat.clock import PARIS
from demat.engine.office import Explanation
from demat.faults import Faults

__all__ = ["correction_sheet", "escape", "items", "page", "receipt_sheet"]

_STYLE = """
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
color:#1b1b1b;background:#fff;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2rem}
ol{padding-left:1.6rem}li{margin:0 0 1.1rem}
.ou{color:#4a4a4a}.remede{border-left:.25rem solid #0a5c36;padding-left:.7rem;margin:.3rem 0}
.bandeau{background:#fdf1e3;border:1px solid #8a4b00;padding:.8rem 1rem;border-radius:.3rem}
.bon{background:#e9f5ee;border-color:#0a5c36}
table{border-collapse:collapse;table-layout:fixed;width:100%}
th,td{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}
caption{text-align:left;color:#4a4a4a;padding-bottom:.3rem}
.propositions th,.propositions td{border-top:1px solid #767676}
"""


def correction_sheet(
    *,
    title: str,
    intro: Sequence[str],
    faults: Faults,
    explained: Sequence[Explanation],
    now: datetime,
) -> bytes:
    """Write the sheet of a deposit that must be corrected, as a page that any browser opens."""
    pairs = list(zip(faults, explained, strict=True))
    blocking = [text for fault, text in pairs if fault.blocking]
    warnings = [text for fault, text in pairs if not fault.blocking]
    body = [f"<h1>{escape(title)}</h1>"]
    body += [f'<p class="bandeau">{escape(line)}</p>' for line in intro[:1]]
    body += [f"<p>{escape(line)}</p>" for line in intro[1:]]
    if blocking:
        body.append(f"<h2>À corriger ({len(blocking)})</h2>")
        body.append(items(blocking))
    if warnings:
        body.append(f"<h2>À vérifier ({len(warnings)})</h2>")
        body.append(items(warnings))
    return page(title, body, now)


def receipt_sheet(
    *, title: str, state: str, rows: Iterable[tuple[str, str]], now: datetime, good: bool = True
) -> bytes:
    """Write the sheet that lies beside an accusé: what was sent and what was answered.

    :param good: whether the answer is favourable.
    """
    cells = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>'
        for name, text in rows
    )
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="bandeau{" bon" if good else ""}">{escape(state)}</p>',
        f"<table>{cells}</table>",
    ]
    return page(title, body, now)


def escape(text: str) -> str:
    """Return text for HTML, with the unbreakable spaces of French typography."""
    for mark in ("»", ":", ";", "?", "!"):
        text = text.replace(f" {mark}", f"\u00a0{mark}")
    return html_escape(text.replace("« ", "«\u00a0"))


def items(texts: Sequence[Explanation]) -> str:
    """Return faults as a list: where, what, what to do, whom to ask."""
    return "<ol>" + "".join(_item(text) for text in texts) + "</ol>"


def _item(text: Explanation) -> str:
    parts = [f'<span class="ou">{escape(text.where)}</span><br>' if text.where else ""]
    parts.append(f"<strong>{escape(text.sentence)}</strong>")
    if text.remedy:
        parts.append(f'<p class="remede">{escape(text.remedy)}</p>')
    if text.ask:
        parts.append(f'<span class="ou">Une question ? Demandez à : {escape(text.ask)}.</span>')
    return f"<li>{''.join(parts)}</li>"


def page(title: str, body: Sequence[str], now: datetime) -> bytes:
    """Return a whole page, that says when it was written."""
    moment = now.astimezone(PARIS).strftime("%d/%m/%Y à %H h %M")
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"{''.join(body)}</main><footer><p class='ou'>Fiche établie le {moment}.</p></footer>"
        "</body></html>\n"
    ).encode()
