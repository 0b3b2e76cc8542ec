"""Reading what S²LOW says of letters and replies (connectors dossier §1.6)."""

import gzip
import json

import pytest

from demat.connectors.api import RemoteCourrier
from demat.connectors.s2low_answers import Unreadable
from demat.connectors.s2low_courriers import (
    Related,
    cancellation_among,
    check_letter,
    envelope_of,
    parse_courrier_marked,
    parse_courriers,
    parse_related,
    parse_reply_reference,
    reply_among,
)
from demat.connectors.s2low_ko import Ko, KoKind
from tests.unit.connectors.archives import ID_ACTE, exchange_archive

PAGE = b"<!DOCTYPE html><html><body>Maintenance</body></html>"
LETTER = exchange_archive("CourrierSimple")


def line(**changes: object) -> dict[str, object]:
    return {
        "id": "88",
        "type": "3",
        "related_transaction_id": "12",
        "number": "2026_012",
        "unique_id": ID_ACTE,
        "last_status_id": "8",
        **changes,
    }


def courrier(**changes: str) -> RemoteCourrier:
    values = {"reference": "88", "kind": "3", "about": "12", "id_acte": ID_ACTE, **changes}
    return RemoteCourrier(**values)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, courrier()),
        ({"id": 88, "type": 3, "related_transaction_id": 12}, courrier()),
        ({"related_transaction_id": None}, courrier(about="")),
        ({"related_transaction_id": "0"}, courrier(about="")),
        ({"related_transaction_id": "abc"}, courrier(about="")),
        ({"unique_id": None}, courrier(id_acte="")),
        ({"unique_id": "n/a"}, courrier(id_acte="")),
        # get_status takes either as unique_id: an identifier, or the name of a message (§1.4.7)
        ({"unique_id": f"{ID_ACTE}-3-1"}, courrier()),
        ({"unique_id": f"{ID_ACTE}-3-1_12.xml"}, courrier()),
    ],
)
def test_unread_letters(changes, expected):
    body = json.dumps([line(**changes), line(id="89", type="5")]).encode()
    assert parse_courriers(body) == (expected, courrier(reference="89", kind="5"))


@pytest.mark.parametrize("status", ["1", 3, "4", "9", "10", "11"])
def test_our_own_replies_are_no_letters(status):
    ours = line(id="90", type="2", last_status_id=status)
    unknown = line(id="91", type="2", last_status_id="13")  # never lose a letter
    body = json.dumps([ours, unknown, line(last_status_id=status)]).encode()
    assert parse_courriers(body) == (courrier(reference="91", kind="2"), courrier())


def test_no_unread_letter():
    assert parse_courriers(b"[]") == ()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "CON-EMPTY_ANSWER"),
        (PAGE, "CON-HTML_PAGE"),
        (b"{}", "CON-UNREADABLE_ANSWER"),
        (b'[{"id": "88"', "CON-UNREADABLE_ANSWER"),
        (b"[1]", "CON-UNREADABLE_ANSWER"),
        (b"[{}]", "CON-UNREADABLE_ANSWER"),
        (b'[{"id": "../1", "type": "2"}]', "CON-UNREADABLE_ANSWER"),
        (b'[{"id": "\xe9"}]', "CON-UNREADABLE_ANSWER"),
        (b"[" * 100_000, "CON-UNREADABLE_ANSWER"),
    ],
)
def test_lists_that_say_nothing(body, code):
    with pytest.raises(Unreadable) as caught:
        parse_courriers(body)
    assert caught.value.faults.codes == (code,)


@pytest.mark.parametrize(
    "body",
    [
        b"KO\n\xc9chec de l&#039;authentification",
        json.dumps({"status": "error", "error-message": "Échec de l'authentification"}).encode(),
    ],
)
def test_refusals_come_as_text_or_as_json(body):
    for parse in (parse_courriers, parse_courrier_marked):
        assert parse(body) == Ko(
            code="CON-AUTHENTICATION",
            kind=KoKind.AUTHENTICATION,
            message="Échec de l'authentification",
        )


def test_mark_is_done():
    assert parse_courrier_marked(b'{"result":"ok"}') is None
    for body in (b'{"result":"ko"}', b"[]", b"{}", b"ok"):
        with pytest.raises(Unreadable):
            parse_courrier_marked(body)


# a letter


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/modules/actes/actes_download_file.php?env=7", "7"),
        ("actes_download_file.php?env=7&x=1", "7"),
        ("https://tdt.invalid/s2low/modules/actes/actes_download_file.php?env=7", "7"),
        ("/modules/actes/actes_download_file.php?file=7", ""),
        ("/modules/actes/actes_download_file.php?env=../7", ""),
        ("/modules/actes/actes_download_file.php", ""),
        ("/modules/actes/index.php?env=7", ""),
        ("https://[tdt/actes_download_file.php?env=7", ""),
        ("", ""),
    ],
)
def test_redirect_to_an_archive(location, expected):
    assert envelope_of(location) == expected


def test_whole_letter():
    assert check_letter(LETTER) is None


def test_cut_letter_is_not_a_letter():
    for size in (10, len(LETTER) // 2, len(LETTER) - 1):
        with pytest.raises(Unreadable) as caught:
            check_letter(LETTER[:size])
        assert caught.value.faults.codes == ("CON-TRUNCATED_ANSWER",)


def test_letter_damaged_at_its_origin_is_given_as_it_is():
    damaged = LETTER[:-8] + b"\0\0\0\0" + LETTER[-4:]  # checksum
    with pytest.raises(OSError, match="CRC"):
        gzip.decompress(damaged)
    assert check_letter(damaged) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "CON-EMPTY_ANSWER"),
        (PAGE, "CON-HTML_PAGE"),
        (b"2-21-88\n", "CON-UNREADABLE_ANSWER"),
        (b"OK\n", "CON-UNREADABLE_ANSWER"),
        (b"%PDF-1.4", "CON-UNREADABLE_ANSWER"),
    ],
)
def test_what_is_no_letter(body, code):
    with pytest.raises(Unreadable) as caught:
        check_letter(body)
    assert caught.value.faults.codes == (code,)


# what is related to an act


def related(*lines: tuple[str, int, str]) -> tuple[Related, ...]:
    return tuple(Related(kind=kind, status=status, reference=ref) for kind, status, ref in lines)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ()),
        (b"\n", ()),
        (b"OK\n", ()),
        (b"3-8-88\n6--1-90\r\n", related(("3", 8, "88"), ("6", -1, "90"))),  # a negative status
        (b"OK\n2-21-88", related(("2", 21, "88"))),
    ],
)
def test_related_messages(body, expected):
    assert parse_related(body) == expected


def test_related_messages_refused():
    found = parse_related(b"KO\nNum\xe9ro de transaction invalide")
    assert isinstance(found, Ko)
    assert found.kind is KoKind.UNKNOWN_REFERENCE


@pytest.mark.parametrize("body", [PAGE, b"3-8\n", b"3-8-88-1\n", b"a-b-c\n", LETTER, b"OK\nOK\n"])
def test_related_messages_unreadable(body):
    with pytest.raises(Unreadable):
        parse_related(body)


def test_last_cancellation_of_an_act():
    letters = related(("2", 21, "1"), ("3", 8, "60"))
    assert cancellation_among(letters) is None
    assert cancellation_among(related(("6", -1, "9"), ("6", 1, "10"), ("3", 8, "88"))) == "10"
    assert cancellation_among([*letters, *related(("6", -1, "9"))]) == "9"


@pytest.mark.parametrize("status", [1, 2, 3, 4, 9, 10, 11])
@pytest.mark.parametrize("other", [7, 8, 21])
def test_only_reply_of_the_kind_is_the_one(status, other):
    """The letter 88 does not show any more; another letter, without a reply, does."""
    lines = related(("3", other, "90"), ("3", status, "91"), ("2", 3, "89"), ("6", 1, "92"))
    assert reply_among(lines, letter="88", kind="3") == "91"


@pytest.mark.parametrize(
    "lines",
    [
        (),
        related(("2", 3, "91")),  # of another kind
        related(("3", 8, "88")),  # the letter has no reply
        related(("3", 8, "88"), ("3", 3, "91")),  # that one is the reply to another letter
        related(("3", 13, "88"), ("3", 3, "91")),
        *(related(("3", status, "91")) for status in (7, 8, 21)),  # another letter
        *(related(("3", status, "91")) for status in (-1, 0, 77)),  # refused, or what?
        related(("3", 11, "80")),  # older than the letter
        related(("3", 3, "91"), ("3", 3, "92")),  # to two letters, or twice to one
        related(("3", 3, "91"), ("3", -1, "92")),
        related(("3", 11, "80"), ("3", 3, "91")),
    ],
)
def test_nothing_proves_which_message_is_the_reply(lines):
    assert reply_among(lines, letter="88", kind="3") is None


@pytest.mark.parametrize(
    ("body", "framed", "expected"),
    [
        (b"OK\n91\n", False, "91"),
        ("OK : id généré : 91\n".encode("latin-1"), False, "91"),  # the other dialect
        (b"OK : id g&eacute;n&eacute;r&eacute; : 91", True, "91"),
        (b"KO : Acc\xe8s refus\xe9", False, Ko),
    ],
)
def test_reply_is_taken_in_either_dialect(body, framed, expected):
    found = parse_reply_reference(body, framed=framed)
    assert found == expected if isinstance(expected, str) else isinstance(found, expected)


@pytest.mark.parametrize(
    ("body", "framed", "code"),
    [
        (b"OK\n9", True, "CON-TRUNCATED_ANSWER"),
        (b"OK : id : 9", False, "CON-TRUNCATED_ANSWER"),  # perhaps 91
        (b"OK : id : neuf", True, "CON-UNREADABLE_ANSWER"),
        (b"OK : id : 9 en trop\n", True, "CON-UNREADABLE_ANSWER"),
        (b"OK\n", True, "CON-UNREADABLE_ANSWER"),
    ],
)
def test_number_of_a_reply_must_be_whole(body, framed, code):
    with pytest.raises(Unreadable) as caught:
        parse_reply_reference(body, framed=framed)
    assert caught.value.faults.codes == (code,)
