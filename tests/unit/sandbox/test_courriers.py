"""The life of an act after its AR: letters that the scenario plans, cancellations, late answers."""

from datetime import date

import pytest
from lxml import etree

from demat.sandbox.multipart import Form, Upload
from demat.sandbox.records import LETTERS, Kind, Transaction
from demat.sandbox.scenario import (
    Answer,
    AnswerKind,
    Delays,
    LettrePrevue,
    RegleActe,
    Scenario,
    Since,
    TypeLettre,
)
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import PDF, STATUS, Platform, ko

DAY = 24 * 60
CANCEL = "/modules/actes/actes_transac_cancel.php"
REPLY = "/modules/actes/actes_transac_reponse_create.php"
REQUEST = "/modules/actes/actes_classification_request.php"
AR = Answer(kind=AnswerKind.AR)
REFUSED = Answer(kind=AnswerKind.ENVELOPE_ANOMALY, nature="100", detail="PREF-VERIF-09 : trop tard")
PIECES = TypeLettre.DEMANDE_PIECES
OBSERVATIONS = TypeLettre.LETTRE_OBSERVATIONS


class Life(Platform):
    """A platform with one act, under one rule."""

    def __init__(self, **rule: object) -> None:
        regle = RegleActe(number="", **rule)  # type: ignore[arg-type]  # named by each test
        super().__init__(Scenario(regles_actes=(regle,)))
        self.act = self.posted_acte()

    def letters(self) -> list[Transaction]:
        return [
            found
            for found in self.world.transactions.values()
            if found.kind in LETTERS and found.courrier and not found.courrier.reply
        ]

    def reply(self, letter: Transaction) -> str:
        return reply(self, letter)

    def cancel(self) -> str:
        lines = self.post(CANCEL, Form(texts={"api": ["1"], "id": [self.act]})).body.split(b"\n")
        assert lines[0] == b"OK", lines
        return lines[1].decode()

    def history(self, id: str) -> list[int]:
        return [step.status for step in self.world.transactions[int(id)].history]


def reply(platform: Platform, letter: Transaction) -> str:
    texts = {"api": ["1"], "id": [str(letter.id)], "type_envoie": ["4"], "type_acte": ["99_DE"]}
    form = Form(texts=texts, uploads={"acte_pdf_file": [Upload(name="r.pdf", content=PDF)]})
    lines = platform.post(REPLY, form).body.split(b"\n")
    assert lines[0] == b"OK", lines
    return lines[1].decode()


def test_a_planned_letter_comes_after_the_ar_with_its_own_date() -> None:
    prevue = LettrePrevue(type=PIECES, days=20, text="Plan", dated_before=2)
    life = Life(letters=(prevue,))
    life.advance(8 + 20 * DAY - 1)
    assert life.letters() == []
    life.advance(1)
    (letter,) = life.letters()
    assert letter.courrier is not None
    assert (letter.courrier.day, letter.courrier.text) == (date(2026, 3, 20), "Plan")
    assert (letter.kind, letter.status, letter.unread) == (Kind.DEMANDE_PIECES, 7, True)


def test_two_letters_of_one_kind_on_one_act() -> None:
    twice = (LettrePrevue(type=PIECES, days=1), LettrePrevue(type=PIECES, days=5, text="Encore"))
    life = Life(letters=twice)
    life.advance(10 * DAY)
    first, second = life.letters()
    assert first.courrier is not None
    assert second.courrier is not None
    assert (first.courrier.day, second.courrier.day) == (date(2026, 3, 3), date(2026, 3, 7))
    life.reply(second)
    life.advance(DAY)
    assert [life.acte_status(str(letter.id)) for letter in (first, second)] == ["8", "11"]


def test_a_letter_may_wait_for_the_receipt_of_the_reply_to_the_one_before() -> None:
    chain = (
        LettrePrevue(type=PIECES, days=1),
        LettrePrevue(type=OBSERVATIONS, days=14, since=Since.REPLY),
        LettrePrevue(type=TypeLettre.DEFERE, days=60, since=Since.REPLY),
    )
    life = Life(letters=chain)
    life.advance(100 * DAY)
    (pieces,) = life.letters()
    life.reply(pieces)
    life.reply(pieces)  # its receipt plans nothing again
    life.advance(15 * DAY)
    _, observations = life.letters()
    assert observations.kind is Kind.LETTRE_OBSERVATIONS
    life.reply(observations)
    life.advance(61 * DAY)
    assert [letter.kind.value for letter in life.letters()] == ["3", "4", "5"]
    assert life.letters()[2].status == 21


def test_the_first_letter_of_a_rule_follows_the_ar_whatever_is_written() -> None:
    life = Life(letters=(LettrePrevue(type=PIECES, days=1, since=Since.REPLY),))
    life.advance(2 * DAY)
    assert len(life.letters()) == 1


def test_a_second_ar_brings_no_second_letter() -> None:
    double = (AR, Answer(kind=AnswerKind.AR, minutes=60))
    life = Life(answers=double, letters=(LettrePrevue(type=PIECES, days=1),))
    life.advance(10 * DAY)
    assert (len(life.letters()), life.history(life.act)) == (1, [1, 2, 3, 4, 4])


def test_a_letter_without_ar_never_comes() -> None:
    life = Life(answers=(), letters=(LettrePrevue(type=PIECES),))
    life.advance(100 * DAY)
    assert life.letters() == []


def test_a_letter_crosses_the_cancellation_of_its_act() -> None:
    life = Life(letters=(LettrePrevue(type=OBSERVATIONS, days=3),))
    life.advance(DAY)
    life.cancel()
    life.advance(5 * DAY)
    (letter,) = life.letters()
    assert (life.acte_status(life.act), letter.status) == ("0", 8)


@pytest.mark.parametrize(
    ("answers", "reply_history", "letter"),
    [
        ((Answer(minutes=2 * DAY),), [1, 2, 3, 4], 11),
        ((), [1, 2, 3], 8),
        ((REFUSED,), [1, 2, 3, -1], 8),
        ((AR, Answer(minutes=DAY)), [1, 2, 3, 4, 4], 11),
    ],
)
def test_answers_to_a_reply(
    answers: tuple[Answer, ...], reply_history: list[int], letter: int
) -> None:
    life = Life(letters=(LettrePrevue(type=PIECES, days=1),), replies=answers)
    life.advance(2 * DAY)
    id = life.reply(life.letters()[0])
    life.advance(5 * DAY)
    assert (life.history(id), life.letters()[0].status) == (reply_history, letter)


def test_a_receipt_of_the_reply_may_come_before_the_automatic_one() -> None:
    life = Life(letters=(LettrePrevue(type=PIECES, days=1),))
    life.world.scenario = Scenario(delays=Delays(letter_ar=60))
    life.advance(8 + DAY)
    (letter,) = life.letters()
    life.reply(letter)
    life.advance(100)
    assert life.history(str(letter.id)) == [7, 11]
    assert "ARDemandePieceComplementaire" in {sending.pli.root for sending in life.world.sent}


@pytest.mark.parametrize(
    ("answers", "cancellation", "act"),
    [
        ((Answer(),), [1, 2, 3, 4], [1, 2, 3, 4, 0]),
        ((Answer(minutes=3 * DAY),), [1, 2, 3, 4], [1, 2, 3, 4, 0]),
        ((), [1, 2, 3], [1, 2, 3, 4]),
        ((REFUSED,), [1, 2, 3, -1], [1, 2, 3, 4]),
    ],
)
def test_answers_to_a_cancellation(
    answers: tuple[Answer, ...], cancellation: list[int], act: list[int]
) -> None:
    life = Life(cancellation=answers)
    life.advance(60)
    id = life.cancel()
    life.advance(5 * DAY)
    assert (life.history(id), life.history(life.act)) == (cancellation, act)
    (sending,) = [found for found in life.world.sent if found.transaction == int(id)]
    assert (sending.pli.root, sending.pli.message.name) == (
        "Annulation",
        "099-000000000-20260227-2026_012-DE-6-1_0.xml",
    )


def test_a_refused_cancellation_says_why_and_may_be_asked_again() -> None:
    life = Life(cancellation=(REFUSED,))
    life.advance(60)
    id = life.cancel()
    life.advance(60)
    body = life.get(STATUS, transaction=id).body
    xml, _, words = body.removeprefix(b"OK\n-1\n").partition(b"</actes:AnomalieEnveloppe>")
    root = etree.fromstring(xml + b"</actes:AnomalieEnveloppe>")
    assert [node.text for node in root.iter("{*}NomFichier")] == [
        "099-000000000-20260227-2026_012-DE-6-1_0.xml"
    ]
    assert words.decode("iso-8859-1") == ("Anomalie reçue : nature 100, PREF-VERIF-09 : trop tard")
    again = life.cancel()
    assert again != id
    form = Form(texts={"api": ["1"], "id": [life.act]})
    assert "annulation est déjà en cours" in ko(life.post(CANCEL, form).body)


def test_an_archived_act_can_no_longer_be_cancelled() -> None:
    life = Life(archive_minutes=60)
    life.advance(30)
    assert life.acte_status(life.act) == "4"
    life.advance(60)
    form = Form(texts={"api": ["1"], "id": [life.act]})
    assert (
        life.acte_status(life.act),
        "n'est pas en état" in ko(life.post(CANCEL, form).body),
    ) == (
        "13",
        True,
    )


def test_an_ar_comes_after_the_local_closing() -> None:
    late = (Answer(kind=AnswerKind.AR, minutes=31 * DAY),)
    life = Life(answers=late, closing_minutes=30 * DAY, letters=(LettrePrevue(type=PIECES),))
    life.advance(30 * DAY + 3)
    body = life.get(STATUS, transaction=life.act).body.decode("iso-8859-1")
    assert body == "OK\n-1\nActe clos par le TdT : aucun acquittement reçu"
    life.advance(2 * DAY)
    assert (life.history(life.act), len(life.letters())) == ([1, 2, 3, -1, 4], 1)


def test_an_acknowledged_act_is_not_closed() -> None:
    life = Life(closing_minutes=30 * DAY)
    life.advance(40 * DAY)
    assert life.history(life.act) == [1, 2, 3, 4]


def test_a_classification_without_change() -> None:
    platform = Platform()
    id = platform.get(REQUEST, api="1").body.split(b"\n")[1].decode()
    platform.advance(60)
    body = platform.get(STATUS, transaction=id).body.removeprefix(b"OK\n4\n")
    root = etree.fromstring(body)
    assert etree.QName(root).localname == "ReponseClassificationSansChangement"
    assert root[0].text == "2025-09-01"
    platform.state.ministere.classification_date = date(2026, 3, 1)
    platform.advance(2 * DAY)
    id = platform.get(REQUEST, api="1").body.split(b"\n")[1].decode()
    platform.advance(60)
    body = platform.get(STATUS, transaction=id).body.removeprefix(b"OK\n4\n")
    assert etree.QName(etree.fromstring(body)).localname == "RetourClassification"
    sent = [etree.fromstring(sending.pli.message.content) for sending in platform.world.sent]
    assert [root[0].text for root in sent] == ["2025-09-01", "2025-09-01"]


def test_the_year_of_an_act() -> None:
    platform = Platform(SCENARIOS["annee-d-un-acte"])
    act = platform.posted_acte(number="2026_ANNEE")
    refused = platform.posted_acte(number="2026_REFUS")
    platform.advance(60)
    assert (platform.acte_status(act), platform.acte_status(refused)) == ("4", "-1")
    assert b"AnomalieActe" in platform.get(STATUS, transaction=refused).body
    for kind, days in ((Kind.DEMANDE_PIECES, 20), (Kind.LETTRE_OBSERVATIONS, 14)):
        platform.advance(days * DAY)
        (letter,) = [
            found
            for found in platform.world.transactions.values()
            if found.kind is kind and found.status == 8
        ]
        answer = reply(platform, letter)
        platform.advance(60)
        assert (platform.acte_status(answer), platform.acte_status(str(letter.id))) == ("4", "11")
    platform.advance(200 * DAY)
    form = Form(texts={"api": ["1"], "id": [act]})
    assert platform.post(CANCEL, form).body.startswith(b"OK\n")
    platform.advance(60)
    assert platform.acte_status(act) == "0"
