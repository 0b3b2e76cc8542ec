"""What an answer of S²LOW proves: one of the four outcomes (connectors dossier §8.1, §9.5)."""

from collections.abc import Callable
from typing import TypeVar

from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    OutcomeUnknown,
    Refused,
    RemoteProgress,
    RemoteStatus,
    Unreachable,
)
from demat.connectors.exchange import Response
from demat.connectors.s2low_answers import Unreadable, is_login_page, is_login_path
from demat.connectors.s2low_ko import Ko, KoKind
from demat.faults import Fault

__all__ = ["question_refused", "readable", "refusal", "screen", "unrecognised"]

T = TypeVar("T")


def screen(response: Response, *, failure: type[Unreachable | OutcomeUnknown]) -> None:
    """Stop at what no script of the API says: redirects, errors of the web server, login pages.

    :param failure: what such an answer proves, when it does not show an authentication problem.
    :raises AuthenticationRefused: the request was not treated for want of an accepted account.
    """
    status = response.status
    location = response.header("Location")
    params = {"status": str(status)}
    if status in (401, 403) or (300 <= status < 400 and is_login_path(location)):
        raise AuthenticationRefused(Fault(code="CON-LOGIN_PAGE", params=params))
    if status == 413:  # answered by the web server from the headers alone
        raise Refused(Fault(code="CON-SIZE", params={"message": "HTTP 413"}))
    if 300 <= status < 400:
        raise failure(Fault(code="CON-REDIRECT", params={"location": location}))
    if status != 200:
        raise failure(Fault(code="CON-HTTP_STATUS", params=params))
    if is_login_page(response.body):
        raise AuthenticationRefused(Fault(code="CON-LOGIN_PAGE", params=params))


def readable(parse: Callable[[bytes], T], body: bytes) -> T:
    """Read the answer to a question.

    :raises Unreachable: it is unreadable; asking again is safe.
    """
    try:
        return parse(body)
    except Unreadable as error:
        raise Unreachable(error.faults) from error


def refusal(ko: Ko) -> ConnectorError:
    """Return what a KO means for a sending."""
    if ko.kind is KoKind.AUTHENTICATION:
        return AuthenticationRefused(ko.fault)
    return Refused(
        ko.fault,
        transient=ko.kind is KoKind.TRANSIENT,
        duplicate=ko.kind is KoKind.DUPLICATE,
        inconclusive=ko.kind is KoKind.ACCOUNT or ko.code == "CON-KO",
        account=ko.kind is KoKind.ACCOUNT,
    )


def question_refused(ko: Ko) -> Unreachable:
    """Return what a KO means for a question that it does not answer."""
    if ko.kind is KoKind.AUTHENTICATION or ko.code == "CON-RIGHTS":
        return AuthenticationRefused(ko.fault)
    return Unreachable(ko.fault)


def unrecognised(ko: Ko) -> RemoteStatus:
    """Return what a KO says of a transaction: nothing that allows a conclusion.

    :raises Unreachable: it says nothing of it.
    """
    if ko.kind in (KoKind.AUTHENTICATION, KoKind.TRANSIENT):
        raise question_refused(ko)
    return RemoteStatus(progress=RemoteProgress.UNRECOGNISED, code="KO", message=ko.message)
