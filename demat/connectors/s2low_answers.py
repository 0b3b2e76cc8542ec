"""What S²LOW answers: bytes in, values out (connectors dossier §1.3, §1.4.1, §1.5, §1.9.1).

The HTTP status is nearly always 200; the verdict is the first line of the body, or a small XML.
What follows the verdict stays bytes: the declaration of an embedded XML must win.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from demat.actes.inbound import parse_tolerant
from demat.connectors.s2low_ko import MAX_MESSAGE, Ko, classify_ko, decode, fold
from demat.faults import Fault, FaultError
from demat.xmlio import Element, local_name, parse_untrusted

__all__ = [
    "ListedActe",
    "ListedRetour",
    "Ok",
    "Unreadable",
    "child_text",
    "is_acquit",
    "is_login_page",
    "is_login_path",
    "is_xml_document",
    "parse_import",
    "parse_list",
    "parse_marked",
    "parse_no_retour",
    "parse_reference",
    "parse_retours",
    "parse_verdict",
    "refuse_page",
    "small_xml",
    "unreadable",
]


class Unreadable(FaultError):
    """The answer says neither yes nor no: a page, nothing, or half of something."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ok:
    """A first line ``OK``."""

    rest: bytes
    """What follows the first line, untouched."""


_PAGE = re.compile(rb"^(<!doctype\s+html|<html|<head|<body|<br|<b>|<div|<p\b)", re.IGNORECASE)
_LOGIN_FORM = re.compile(rb"""<input[^>]+type\s*=\s*["']?password""", re.IGNORECASE)
_LOGIN_PATH = re.compile(r"login|connexion|connection|authent", re.IGNORECASE)


def is_login_page(body: bytes) -> bool:
    """Tell whether a body is a page that asks for a password."""
    return bool(_PAGE.match(_trim(body)) and _LOGIN_FORM.search(body))


def is_login_path(location: str) -> bool:
    """Tell whether a redirect leads to a login or to a connection status page (§1.2, fault F2)."""
    return bool(_LOGIN_PATH.search(location))


def refuse_page(body: bytes) -> None:
    """Check that a body is neither empty nor a web page, from its first bytes (§8.1, F3 and F5).

    :raises Unreadable: ``CON-EMPTY_ANSWER``, ``CON-HTML_PAGE``.
    """
    start = _trim(body)
    if not start:
        raise Unreadable(Fault(code="CON-EMPTY_ANSWER"))
    if _PAGE.match(start):
        raise Unreadable(Fault(code="CON-HTML_PAGE"))


def _trim(body: bytes) -> bytes:
    return body[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()


def parse_verdict(body: bytes) -> Ok | Ko:
    """Read the first line of a text answer.

    :raises Unreadable: it is neither ``OK`` nor ``KO``.
    """
    refuse_page(body)
    first, _, rest = body.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    line = first.strip()
    if line == b"OK":
        return Ok(rest=rest)
    if line == b"KO":
        return classify_ko(decode(rest))
    if line.startswith(b"KO"):  # all on one line
        return classify_ko(decode(line[2:].lstrip(b" :") + b"\n" + rest))
    raise unreadable(body)


def unreadable(body: bytes) -> Unreadable:
    """Return the fault of an answer that says nothing we know, with its beginning."""
    excerpt = " ".join(decode(body[:300]).split())[:200]
    return Unreadable(Fault(code="CON-UNREADABLE_ANSWER", params={"excerpt": excerpt}))


def parse_reference(body: bytes) -> str | Ko:
    """Read the answer to a creation: ``OK``, then the number of the transaction (§1.4.1).

    A number without its end of line may be the beginning of a longer one, whatever length the
    server announced: a proxy counts what it was given (§8.1, F6).

    :raises Unreadable: no usable number.
    """
    verdict = parse_verdict(body)
    if isinstance(verdict, Ko):
        return verdict
    line, newline, _ = verdict.rest.partition(b"\n")
    number = line.strip()
    if not re.fullmatch(rb"[0-9]+", number):
        raise unreadable(body)
    if not newline:
        raise Unreadable(Fault(code="CON-TRUNCATED_ANSWER"))
    return number.decode("ascii")


def is_xml_document(body: bytes, *, root: str | None = None) -> bool:
    """Tell whether a body is a whole XML document of the ministry, with that root if given."""
    try:
        found = local_name(parse_tolerant(body))
    except FaultError:
        return False
    return found == root if root is not None else found[:1].isupper()


def is_acquit(body: bytes) -> bool:
    """Tell whether a body is an answer of the comptable and not a page (§1.9.3)."""
    try:
        found = local_name(parse_untrusted(body))
    except FaultError:
        return False
    return re.fullmatch(r"PES_?(NON_?)?ACQUIT\w*", found, re.IGNORECASE) is not None


def parse_import(body: bytes) -> str | Ko:
    """Read the answer to the sending of a PES: XML, or plain text when not authenticated (§1.9.1).

    :raises Unreadable: neither a number nor a refusal.
    """
    root = small_xml(body, "import")
    if isinstance(root, Ko):
        return root
    if child_text(root, "resultat") != "OK":
        return classify_ko(child_text(root, "message"))
    number = child_text(root, "id")
    if not re.fullmatch(r"[0-9]+", number, re.ASCII):
        raise unreadable(body)
    return number


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedRetour:
    """One line of ``helios_get_list.php`` (§1.9.4); its date has no AM nor PM and is ignored."""

    reference: str
    """Number of the PES_Retour."""
    name: str
    """Its file name."""


def parse_retours(body: bytes) -> tuple[ListedRetour, ...] | Ko:
    """Read the list of the unread PES_Retour; ``resultat`` is empty on success.

    :raises Unreadable: not that XML, or a line without a number.
    """
    root = small_xml(body, "liste")
    if isinstance(root, Ko):
        return root
    if child_text(root, "resultat") == "KO":
        return classify_ko(child_text(root, "message"))
    found = tuple(
        ListedRetour(reference=child_text(line, "id"), name=child_text(line, "nom"))
        for line in root.iterfind("pes_retour")
    )
    if not all(re.fullmatch(r"[0-9]+", one.reference, re.ASCII) for one in found):
        raise unreadable(body)
    return found


def parse_marked(body: bytes) -> Ko | None:
    """Read the answer to the marking of a PES_Retour; ``None`` when it is done.

    :raises Unreadable: neither OK nor KO.
    """
    root = small_xml(body, "transaction")
    if isinstance(root, Ko):
        return root
    resultat = child_text(root, "resultat")
    if resultat not in ("OK", "KO"):
        raise unreadable(body)
    return None if resultat == "OK" else classify_ko(child_text(root, "message"))


def parse_no_retour(body: bytes) -> Ko:
    """Read what comes instead of a PES_Retour.

    :raises Unreadable: not a refusal.
    """
    root = small_xml(body, "get_retour")
    if isinstance(root, Ko):
        return root
    if child_text(root, "resultat") != "KO":
        raise unreadable(body)
    return classify_ko(child_text(root, "message"))


def small_xml(body: bytes, root: str) -> Element | Ko:
    """Read the small XML of a HELIOS script, or the plain text that replaces it (§1.9.1).

    :raises Unreadable: neither.
    """
    refuse_page(body)
    if _trim(body).startswith(b"KO"):
        verdict = parse_verdict(body)
        if isinstance(verdict, Ko):
            return verdict
    try:
        return parse_untrusted(body.strip(), root=root, huge=False)
    except FaultError as error:
        cut = error.faults.codes == ("XML-SYNTAX",) and _trim(body).startswith(b"<")
        raise (
            Unreadable(Fault(code="CON-TRUNCATED_ANSWER")) if cut else unreadable(body)
        ) from error


def child_text(root: Element, name: str) -> str:
    """Return the text of a child, unescaped once more; empty when there is none."""
    return html.unescape(root.findtext(name) or "").strip()[:MAX_MESSAGE]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedActe:
    """One line of ``list_actes.php`` (§1.5)."""

    reference: str
    """Number of the transaction."""
    number: str
    """Numéro interne."""
    decision_date: str
    """``AAAA-MM-JJ``."""
    nature: str
    """Label of the nature; its spelling varies."""
    subject: str
    """Objet, as S²LOW kept it."""
    kind: str
    """Type of the transaction: ``1`` is the transmission of an act; may be empty."""

    @property
    def is_transmission(self) -> bool:
        """Whether it is an act; its cancellation, for instance, bears the same number."""
        return self.kind in ("", "1") or not (self.kind.isdigit() or "annul" in fold(self.kind))

    def has_nature(self, code: int) -> bool:
        """Tell whether the label can be that of a nature; an unknown label proves nothing."""
        folded = fold(self.nature)
        natures = {nature for word, nature in _NATURE_WORDS if word in folded}
        return not natures or code in natures


_NATURE_WORDS = (
    ("deliberation", 1),
    ("reglementaire", 2),
    ("individuel", 3),
    ("contrat", 4),
    ("convention", 4),
    ("budgetaire", 5),
    ("autre", 6),
)


def parse_list(body: bytes) -> tuple[ListedActe, ...]:
    """Read one page of the list of acts in a status.

    :raises Unreadable: not the expected JSON.
    """
    refuse_page(body)
    try:
        data = json.loads(body)
    except ValueError as error:  # covers wrong UTF-8
        raise unreadable(body) from error
    lines = data.get("transactions") if isinstance(data, dict) else None
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise unreadable(body)
    return tuple(_listed(line) for line in lines)


def _listed(line: Mapping[str, object]) -> ListedActe:
    def text(key: str) -> str:
        found = line.get(key)
        return "" if found is None else html.unescape(str(found)).strip()

    return ListedActe(
        reference=text("id"),
        number=text("number"),
        decision_date=text("date")[:10],
        nature=text("nature_descr"),
        subject=" ".join(text("subject").split()),
        kind=text("type"),
    )
