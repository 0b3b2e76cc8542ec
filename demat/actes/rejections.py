"""What to do about a rejection of the State, from the words that it uses (actes dossier §8.3)."""

import re

from demat.actes.messages import AnomalieActe, AnomalieEnveloppe
from demat.faults import Fault

__all__ = ["advice"]

_TAG = re.compile(r"\b(ODT|PREF)-VERIF-\d{2}\b")
_KNOWN_TAGS = frozenset({"ODT-VERIF-01", "ODT-VERIF-17", "PREF-VERIF-02"})


def advice(anomalie: AnomalieActe | AnomalieEnveloppe) -> Fault:
    """Return the fault that tells the agent what to do, from the tag of ``Detail`` (§8.3).

    The whole ``Detail`` is always a parameter: an unknown tag hides nothing.
    """
    tag = _TAG.search(anomalie.detail)
    known = tag is not None and tag[0] in _KNOWN_TAGS
    code = f"ACT-{tag[0].replace('-', '_')}" if tag and known else "ACT-ANOMALIE"
    params = {
        "date": f"{anomalie.date:%d/%m/%Y}",
        "nature": anomalie.nature or "–",
        "detail": anomalie.detail or "–",
    }
    return Fault(code=code, params=params)
