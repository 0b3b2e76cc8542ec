"""What a test or a demonstration has the State do of its own accord: letters, files, a new list."""

import base64
import datetime
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from demat.clock import paris_date
from demat.errors import DematError
from demat.sandbox import lettres
from demat.sandbox.dgfip import Dgfip
from demat.sandbox.ministere import Lettre, Ministere
from demat.sandbox.records import Depot, Kind

__all__ = ["CLASSIFICATION", "LETTER", "RETOUR", "OrderError", "order_dgfip", "order_ministere"]

LETTER = "letter"
CLASSIFICATION = "ministry-classification"
RETOUR = "pes-retour"
_STRICT = ConfigDict(extra="forbid")


class OrderError(DematError):
    """The order cannot be carried out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Classification:
    __pydantic_config__ = _STRICT
    date: datetime.date


@dataclass(frozen=True, kw_only=True, slots=True)
class _Letter:
    __pydantic_config__ = _STRICT
    number: str
    type: Annotated[str, Field(pattern="^[2345]$")]
    text: str = "Texte de la préfecture"
    date: datetime.date | None = None
    """Written on the letter; none for the day of its arrival."""
    siren: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Retour:
    __pydantic_config__ = _STRICT
    name: str
    content: str
    """Base64."""
    siren: str | None = ""
    """Whose box it is laid in: empty for the first authority, none for nobody's: the file itself
    tells who it is for."""


def order_ministere(
    ministere: Ministere, what: str, body: bytes, at: datetime.datetime
) -> dict[str, object]:
    """Carry out an order about letters or the classification.

    :raises OrderError: unknown, malformed or impossible.
    """
    try:
        if what == CLASSIFICATION:
            ministere.classification_date = TypeAdapter(_Classification).validate_json(body).date
            return {"date": ministere.classification_date.isoformat()}
        if what == LETTER:
            order = TypeAdapter(_Letter).validate_json(body)
            lettre = Lettre(
                kind=Kind(order.type), day=order.date or paris_date(at), text=order.text
            )
            return {"mail": str(lettres.write(ministere, _act(ministere, order), lettre, at))}
    except (ValidationError, ValueError) as error:
        raise OrderError(str(error)) from error
    raise OrderError(f"no order {what!r} here")


def _act(ministere: Ministere, order: _Letter) -> Depot:
    for depot in ministere.actes.values():
        if depot.number == order.number and order.siren in ("", depot.autorite.siren):
            return depot
    raise OrderError(f"no act has the number {order.number!r} at the préfecture")


def order_dgfip(dgfip: Dgfip, what: str, body: bytes, at: datetime.datetime) -> dict[str, object]:
    """Carry out an order about a PES_Retour.

    :raises OrderError: unknown or malformed.
    """
    if what != RETOUR:
        raise OrderError(f"no order {what!r} here")
    try:
        order = TypeAdapter(_Retour).validate_json(body)
        content = base64.b64decode(order.content, validate=True)
    except (ValidationError, ValueError) as error:
        raise OrderError(str(error)) from error
    siren = "" if order.siren is None else order.siren or dgfip.scenario.autorites[0].siren
    return {"file": str(dgfip.lay(order.name, content, at, siren).id)}
