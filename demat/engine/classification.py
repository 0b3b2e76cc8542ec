"""The préfecture's classification of an authority: held, refreshed, installed atomically."""

import logging
from datetime import date

from demat.actes.classification import NATIONALE, Classification, parse_classification
from demat.clock import date8, paris_date
from demat.connectors.api import ConnectorError, Refused
from demat.engine.office import Authority, Office
from demat.faults import FaultError

__all__ = [
    "ClassificationAwaited",
    "confirm",
    "ensure",
    "held",
    "install",
    "of_date",
    "refresh",
    "request_newer",
]


class ClassificationAwaited(FaultError):
    """The préfecture's list has not come yet; the deposit is not to blame, and waits for it."""


_REQUEST = "classification"
"""Series of the requests, numbered by day."""
_LOOK = "recherche-classification"
"""Series of the looks for a first list."""
LOOK_MINUTES = 5
"""How often a first list is looked for while a deposit waits for it."""

logger = logging.getLogger(__name__)


def held(authority: Authority, office: Office) -> Classification:
    """Return the classification in force; the national one before the first message 7-2."""
    installed = office.store.classification(authority.siren)
    if installed is None:
        return NATIONALE
    return parse_classification(office.store.documents.get(installed.sha256))


def of_date(day: date | None, authority: Authority, office: Office) -> Classification:
    """Return the version of a date, which an act sent earlier cites; else the one in force."""
    kept = office.store.classification(authority.siren, day=day) if day else None
    if kept is None:
        return held(authority, office)
    return parse_classification(office.store.documents.get(kept.sha256))


def install(content: bytes, authority: Authority, office: Office) -> bool:
    """Keep a message 7-2 and make it the one in force, when it is not already.

    :returns: whether something changed.
    :raises FaultError: when it is not a classification.
    """
    classification = parse_classification(content)
    digest = office.store.documents.put(content)
    current = office.store.classification(authority.siren)
    if current is not None and current.sha256 == digest:
        confirm(authority, office)
        return False
    office.store.install_classification(authority.siren, classification.date, digest)
    logger.info(
        "classification of %s installed",
        classification.date.isoformat(),
        extra={"action": "classification", "collectivite": authority.siren},
    )
    return True


def confirm(authority: Authority, office: Office) -> None:
    """Write down that the classification held is the one in force (message 7-3)."""
    office.store.confirm_classification(authority.siren)


def refresh(authority: Authority, office: Office) -> bool:
    """Fetch the copy that the tiers de télétransmission holds.

    :returns: whether a newer one was installed; ``False`` too when there is none to fetch.
    :raises Unreachable: the question could not be asked.
    """
    try:
        content = authority.connector.classification()
    except Refused:
        return False
    try:
        if _is_older(content, authority, office):
            return False
        return install(content, authority, office)
    except FaultError as error:
        logger.warning(
            "classification not installed: %s",
            error,
            extra={"action": "classification", "collectivite": authority.siren},
        )
        return False


def ensure(authority: Authority, office: Office) -> None:
    """Fetch a classification for an authority that has never had one; without it no act leaves.

    When the tiers de télétransmission holds none, the préfecture is asked. Trouble on the line is
    no trouble of the deposit: rule 25 says what is missing.
    """
    if office.store.classification(authority.siren) is not None:
        return
    if not _is_time_to_look(authority, office):
        return
    try:
        if not refresh(authority, office):
            request_newer(authority, office)
    except ConnectorError as error:
        logger.warning(
            "no classification yet: %s",
            error,
            extra={"action": "classification", "collectivite": authority.siren},
        )


def _is_time_to_look(authority: Authority, office: Office) -> bool:
    """Whether nobody has looked of late: a deposit that waits is prepared again every few seconds.

    The nightly run looks by itself (:func:`refresh`).
    """
    now = office.clock.now()
    period = f"{now:%Y%m%dT%H}{now.minute // LOOK_MINUTES}"
    if office.store.last_serial(authority.siren, _LOOK, period):
        return False
    office.store.next_serial(authority.siren, _LOOK, period)
    return True


def _ask(authority: Authority, office: Office, today: str) -> None:
    current = office.store.classification(authority.siren)
    try:
        authority.connector.request_classification(current.day if current else None)
    except ConnectorError as error:  # refused: asked already, and the answer may be there
        logger.info(
            "classification not asked: %s",
            error,
            extra={"action": "classification", "collectivite": authority.siren},
        )
        if not isinstance(error, Refused):
            return
    office.store.next_serial(authority.siren, _REQUEST, today)


def _is_older(content: bytes, authority: Authority, office: Office) -> bool:
    """Whether a list is older than the one in force, which a person may have installed."""
    current = office.store.classification(authority.siren)
    return current is not None and parse_classification(content).date < current.day


def request_newer(authority: Authority, office: Office) -> bool:
    """Ask the préfecture for its classification (7-1), then fetch what is there.

    It is asked for once a day: a second request is refused (connectors dossier §9.1).

    :returns: whether a newer one was installed.
    """
    today = date8(paris_date(office.clock.now()))
    if not office.store.last_serial(authority.siren, _REQUEST, today):
        _ask(authority, office, today)
    try:
        return refresh(authority, office)
    except ConnectorError:
        return False
