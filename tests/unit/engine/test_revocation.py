"""Lists of revocation are fetched by night; only what will not do is told, and nothing stops."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from demat.connectors.revocation import FetchLimits, RevocationClient
from demat.engine.office import Revocation, StampingMeans
from demat.engine.revocation import lists_of, refresh
from demat.engine.signataires import Signataire
from demat.faults import Fault, FaultError, Faults
from demat.labels_fr.catalogue import explain
from demat.signing.policy import SignatureOptions
from demat.signing.revocation_folder import RevocationFolder
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.fictional_authority import DAY, FictionalAuthority, der, new_key
from tests.revocation_server import Page, RevocationServer, running_server
from tests.unit.engine.conftest import START, Town, titre, titres

OPTIONS = SignatureOptions(
    role="Maire", city="SAINT-EXEMPLE", postal_code="99120", country="FRANCE"
)
LEAF_KEY, ROOT_KEY, AC_KEY, OTHER_KEY = (new_key() for _ in range(4))
LIMITS = FetchLimits(connect=2.0, silence=0.2, whole=5.0, list_bytes=100_000)


@pytest.fixture
def server() -> Iterator[RevocationServer]:
    with running_server() as running:
        yield running


@dataclass
class Fiction:
    """A town whose mayor has the certificate of an authority that publishes on the server."""

    town: Town
    server: RevocationServer
    root: FictionalAuthority
    ac: FictionalAuthority
    maire: x509.Certificate
    folder: RevocationFolder

    def publish(self, *revoked: Any, **values: Any) -> bytes:
        """Publish a list of the authority of the mayor."""
        content = self.ac.crl(*revoked, **{"made": -DAY / 24, "until": 3 * DAY, **values})
        self.server.publish("/ac.crl", content)
        return content

    def night(self, **values: Any) -> list[str]:
        """Make one run and return what it notices, without what it always says."""
        report = self.town.night(**values)
        (item, *_) = report.authorities
        assert item.errors == []
        return item.notices

    def judge(self, **values: Any) -> tuple[Verdict, tuple[str, ...]]:
        at = values.get("at", self.town.clock.now())
        verdict, faults = self.town.authority.trust.check_chain(self.maire, (), at)
        return verdict, faults.codes


def words(code: str, **params: str) -> str:
    text = explain(Fault(code=code, params=params))
    return f"{text.sentence} {text.remedy}"


def signataire(certificate: x509.Certificate) -> Signataire:
    @contextmanager
    def shut(_: object) -> Iterator[Any]:
        raise FaultError(Fault(code="SIG-PASSPHRASE", params={"name": "x"}))
        yield

    return Signataire(
        nom="Camille Dupré", options=OPTIONS, open=shut, public=lambda: certificate, typed=True
    )


@pytest.fixture
def build(town: Town, server: RevocationServer, tmp_path: Path) -> Callable[..., Fiction]:
    def make(*, ocsp: bool = False, crl: str = "/ac.crl", **authority: Any) -> Fiction:
        root = FictionalAuthority(
            START, name="AC racine", key=ROOT_KEY, crl_address=f"{server.url}/racine.crl"
        )
        ac = FictionalAuthority(
            START,
            name="AC fille",
            key=AC_KEY,
            parent=root,
            crl_address=" ".join(f"{server.url}{one}" for one in crl.split()) if crl else "",
            ocsp_address=f"{server.url}/ocsp" if ocsp else "",
            **authority,
        )
        maire = ac.issue(key=LEAF_KEY)
        folder = RevocationFolder(tmp_path / "revocation")
        means = Revocation(folder=folder, source=RevocationClient(LIMITS))
        trust = TrustStore(
            roots=(der(root.certificate),), intermediates=(der(ac.certificate),), kept=folder
        )
        server.publish("/racine.crl", root.crl(made=-DAY, until=300 * DAY))
        holder = replace(town.authority, trust=trust, signataires=(signataire(maire),))
        office = replace(town.office, authorities=(holder,), revocation=means)
        changed = replace(town, office=office, authority=holder)
        return Fiction(changed, server, root, ac, maire, folder)

    return make


def test_a_night_fetches_every_list(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish()
    assert fiction.judge() == (Verdict.UNDECIDED, ("SIG-NO_CRL",))
    assert fiction.night() == []
    assert sorted(fiction.server.paths()) == ["/ac.crl", "/racine.crl"]
    assert fiction.judge() == (Verdict.ACCEPTED, ())


def test_a_list_that_has_not_changed_is_not_sent_again(build: Callable[..., Fiction]) -> None:
    fiction = build()
    content = fiction.ac.crl(made=-DAY / 24, until=3 * DAY)
    fiction.server.publish("/ac.crl", content, etag='"7"')
    fiction.night()
    fiction.night(after=DAY)
    asked = [headers for _, path, headers, _ in fiction.server.asked if path == "/ac.crl"]
    assert [headers.get("if-none-match") for headers in asked] == [None, '"7"']
    assert len(list(fiction.folder.folder.rglob("crl-*"))) == 2  # one of each authority
    for path in fiction.folder.folder.rglob("crl-*"):  # lost: the whole list is wanted again
        path.unlink()
    fiction.night(after=DAY)
    assert fiction.server.asked[-1][2].get("if-none-match") is None
    assert len(list(fiction.folder.folder.rglob("crl-*"))) == 2


def test_an_address_is_left_alone_for_an_hour(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish()
    fiction.night()
    fiction.night()
    assert fiction.server.hits["/ac.crl"] == 1
    fiction.night(after=DAY / 24)
    assert fiction.server.hits["/ac.crl"] == 2


def test_the_history_is_kept(build: Callable[..., Fiction]) -> None:
    fiction = build()
    for day in range(3):
        fiction.publish(made=day * DAY - DAY / 24, until=(day + 1) * DAY)
        fiction.night(after=DAY if day else DAY / 24)
    kept = [path for path in fiction.folder.folder.rglob("crl-*")]
    assert len(kept) == 4  # three days of one, one of the other
    assert fiction.judge()[0] is Verdict.ACCEPTED
    assert fiction.judge(at=START)[0] is Verdict.ACCEPTED


# what goes wrong


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page(status=404), "CON-REV_STATUS"),
        (Page(b"<html><body>En maintenance</body></html>"), "SIG-CRL_UNREADABLE"),
        (Page(b"x" * 100_001), "CON-REV_SIZE"),
        (Page(hang=True), "CON-REV_UNREACHABLE"),
        ("cut", "SIG-CRL_UNREADABLE"),
        ("forged", "SIG-CRL_SIGNATURE"),
        ("other", "SIG-CRL_ISSUER"),
    ],
)
def test_a_failure_is_told_when_nothing_is_held(
    build: Callable[..., Fiction], page: Page | str, code: str
) -> None:
    fiction = build()
    given = {
        "cut": Page(fiction.ac.crl()[:-10]),
        "forged": Page(fiction.ac.crl(key=LEAF_KEY)),
        "other": Page(fiction.root.crl()),
    }
    fiction.server.pages["/ac.crl"] = page if isinstance(page, Page) else given[page]
    none, why = fiction.night()
    assert none == words("SIG-LIST_NONE", authority="AC fille")
    assert explain(Fault(code=code)).remedy in why
    assert f"{fiction.server.url}/ac.crl" in why
    assert (
        json.loads((fiction.folder.folder / "adresses.json").read_text())[
            f"{fiction.server.url}/ac.crl"
        ]["failed"]
        == code
    )
    assert fiction.judge() == (Verdict.UNDECIDED, ("SIG-NO_CRL",))


def test_a_failure_stops_nothing(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.town.write("titres.csv", titres(titre(417, 12)))
    report = fiction.town.night()
    assert report.authorities[0].packed + report.authorities[0].awaiting_signature == 1


def test_nothing_is_told_while_the_list_that_is_held_is_good(
    build: Callable[..., Fiction],
) -> None:
    fiction = build()
    fiction.publish(until=3 * DAY)
    fiction.night()
    fiction.server.pages["/ac.crl"] = Page(status=503)
    assert fiction.night(after=DAY) == []
    ending, why = fiction.night(after=DAY + DAY / 2)  # less than a day is left
    assert ending == words("SIG-LIST_ENDING", authority="AC fille", date="26/11/2026")
    assert "(réponse 503)" in why
    stale, why = fiction.night(after=2 * DAY)
    assert stale == words("SIG-LIST_STALE", authority="AC fille", date="26/11/2026", days="1")
    assert fiction.judge() == (Verdict.UNDECIDED, ("SIG-CRL_STALE",))
    fiction.publish(made=4 * DAY, until=6 * DAY)
    assert fiction.night(after=DAY / 24) == []
    assert fiction.judge() == (Verdict.ACCEPTED, ())


def test_a_fresh_list_that_lives_a_day_is_not_told(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish(until=DAY / 2)
    assert fiction.night() == []
    assert fiction.night() == []  # not asked again so soon, and the last time went well


def test_what_failed_a_moment_ago_is_still_told(build: Callable[..., Fiction]) -> None:
    """Another authority of the same centre may have asked first."""
    fiction = build()
    fiction.publish(until=DAY)
    fiction.night(after=DAY / 24)
    fiction.server.pages["/ac.crl"] = Page(status=503)
    assert len(fiction.night(after=DAY / 12)) == 2
    (ending,) = fiction.night()
    assert ending == words("SIG-LIST_ENDING", authority="AC fille", date="24/11/2026")
    assert fiction.server.hits["/ac.crl"] == 2


def test_an_authority_that_publishes_a_stale_list(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish(made=-9 * DAY, until=-2 * DAY)
    (stale,) = fiction.night()
    assert stale == words("SIG-LIST_STALE", authority="AC fille", date="21/11/2026", days="2")


def test_a_list_that_several_certificates_name_is_told_once(
    build: Callable[..., Fiction],
) -> None:
    fiction = build()
    second = signataire(fiction.ac.issue("Dominique Martin-Fictif", key=LEAF_KEY))
    holder = replace(
        fiction.town.authority, signataires=(*fiction.town.authority.signataires, second)
    )
    faults = refresh(holder, fiction.town.office)
    assert faults.codes == ("SIG-LIST_NONE", "CON-REV_STATUS")
    assert not faults.blocking


def test_a_list_that_has_not_changed_ends_a_failure(build: Callable[..., Fiction]) -> None:
    fiction = build()
    content = fiction.ac.crl(made=-DAY / 24, until=DAY)
    fiction.server.publish("/ac.crl", content, etag='"7"')
    page = fiction.server.pages["/ac.crl"]
    fiction.night(after=DAY / 24)
    fiction.server.pages["/ac.crl"] = Page(status=503)
    assert len(fiction.night(after=DAY / 12)) == 2
    fiction.server.pages["/ac.crl"] = page
    assert fiction.night(after=DAY / 12) == []
    assert fiction.night() == []


def test_the_second_address_of_a_list_is_tried(build: Callable[..., Fiction]) -> None:
    fiction = build(crl="/away.crl /ac.crl")
    fiction.publish()
    assert fiction.night() == []
    assert fiction.server.hits["/away.crl"] == 1
    assert fiction.judge() == (Verdict.ACCEPTED, ())


def test_a_list_of_the_trust_folder_will_do(build: Callable[..., Fiction]) -> None:
    fiction = build()
    given = fiction.ac.crl(until=9 * DAY)
    trust = replace(fiction.town.authority.trust, crls=(given,))
    holder = replace(fiction.town.authority, trust=trust)
    office = replace(fiction.town.office, authorities=(holder,))
    fiction.town = replace(fiction.town, authority=holder, office=office)
    assert fiction.night() == []
    assert fiction.judge() == (Verdict.ACCEPTED, ())


def test_a_disk_without_room_is_told_and_stops_nothing(
    build: Callable[..., Fiction], monkeypatch: pytest.MonkeyPatch
) -> None:
    fiction = build()
    fiction.publish()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "revocation")

    monkeypatch.setattr("demat.signing.revocation_folder.write_atomic", full)
    report = fiction.town.night()
    assert "revocation" in report.authorities[0].errors[0]
    assert report.outcome != ""


def test_one_list_serves_two_authorities(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish()
    first = fiction.town.authority
    second = replace(first, siren="000000018", nom="Voisine")
    fiction.town = replace(
        fiction.town, office=replace(fiction.town.office, authorities=(first, second))
    )
    report = fiction.town.night()
    assert [item.notices for item in report.authorities] == [[], []]
    assert fiction.server.hits["/ac.crl"] == 1


# revoked


def test_a_signataire_whose_certificate_is_revoked_is_told(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish((fiction.maire, START - DAY))
    (told,) = fiction.night()
    assert told == words("SIG-OWN_REVOKED", holder="Camille Dupré", date="22/11/2026")
    assert fiction.judge() == (Verdict.REFUSED, ("SIG-REVOKED",))


def test_the_certificate_of_the_line_is_watched_with_its_own_chain(
    build: Callable[..., Fiction],
) -> None:
    fiction = build()
    fiction.publish()
    other = FictionalAuthority(
        START,
        name="AC de la plateforme",
        key=OTHER_KEY,
        crl_address=f"{fiction.server.url}/plateforme.crl",
    )
    line = other.issue("Télétransmission", key=LEAF_KEY)
    fiction.server.publish("/plateforme.crl", other.crl(until=9 * DAY))
    holder = replace(fiction.town.authority, line_certificates=lambda: (line, other.certificate))
    office = replace(fiction.town.office, authorities=(holder,))
    fiction.town = replace(fiction.town, authority=holder, office=office)
    assert fiction.night() == []
    assert fiction.server.hits["/plateforme.crl"] == 1
    assert len(lists_of(holder, office)) == 2  # its own is nobody's worry
    fiction.server.pages["/plateforme.crl"] = Page(status=404)
    (stale,) = fiction.night(after=9 * DAY)  # that of the mayor
    assert "« AC fille » n'est plus à jour" in stale


def test_what_has_ended_is_neither_asked_about_nor_told_as_revoked(
    build: Callable[..., Fiction],
) -> None:
    fiction = build()
    fiction.publish()
    server = fiction.server
    old = FictionalAuthority(
        START,
        name="AC retirée",
        key=OTHER_KEY,
        parent=fiction.root,
        crl_address=f"{server.url}/retiree.crl",
        days=(-3000, -100),
    )
    theirs = signataire(old.issue("Ancien", key=LEAF_KEY, days=(-500, -200)))
    trust = fiction.town.authority.trust
    trust = replace(trust, intermediates=(*trust.intermediates, der(old.certificate)))
    holder = replace(fiction.town.authority, trust=trust, signataires=(theirs,))
    assert refresh(holder, fiction.town.office) == Faults()
    assert server.hits["/retiree.crl"] == 0


# answers


def test_answers_are_asked_and_kept(build: Callable[..., Fiction]) -> None:
    fiction = build(ocsp=True, crl="")
    fiction.server.pages["/ocsp"] = lambda _: Page(fiction.ac.answer(fiction.maire, until=2 * DAY))
    assert fiction.night() == []
    assert fiction.night() == []
    assert fiction.server.hits["/ocsp"] == 1
    assert fiction.judge() == (Verdict.ACCEPTED, ())
    fiction.server.pages["/ocsp"] = Page(status=500)
    assert fiction.night(after=DAY) == []  # the answer that is held is still good
    none, why = fiction.night(after=2 * DAY)
    assert none == words("SIG-ANSWER_NONE", holder="Camille Dupré", authority="AC fille")
    assert "(réponse 500)" in why
    (again,) = fiction.night()
    assert again == none
    assert fiction.judge() == (Verdict.UNDECIDED, ("SIG-CRL_STALE",))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda f: f.ac.answer(f.ac.issue("Autre")), "SIG-OCSP_OTHER"),
        (lambda f: f.ac.answer(f.maire, made=-2 * DAY, until=-DAY), "SIG-OCSP_DATE"),
        (
            lambda f: f.ac.answer(f.maire, signer=(f.root.responder(LEAF_KEY), LEAF_KEY)),
            "SIG-OCSP_SIGNER",
        ),
        (lambda f: b"<html>", "SIG-OCSP_UNREADABLE"),
    ],
)
def test_a_wrong_answer_is_told_when_nothing_else_speaks(
    build: Callable[..., Fiction], answer: Callable[[Fiction], bytes], code: str
) -> None:
    fiction = build(ocsp=True, crl="")
    fiction.server.pages["/ocsp"] = Page(answer(fiction))
    _none, why = fiction.night()
    assert f"{fiction.server.url}/ocsp" in why
    assert explain(Fault(code=code)).remedy in why


def test_a_wrong_answer_is_not_told_beside_a_fresh_list(build: Callable[..., Fiction]) -> None:
    fiction = build(ocsp=True)
    fiction.publish()
    fiction.server.pages["/ocsp"] = Page(b"<html>")
    assert fiction.night() == []


def test_silence_beside_a_stale_list_is_told(build: Callable[..., Fiction]) -> None:
    fiction = build(ocsp=True)
    fiction.publish(made=-9 * DAY, until=-2 * DAY)
    stale, none, why = fiction.night()
    assert stale == words("SIG-LIST_STALE", authority="AC fille", date="21/11/2026", days="2")
    assert none == words("SIG-ANSWER_NONE", holder="Camille Dupré", authority="AC fille")
    assert "(réponse 404)" in why


def test_a_revocation_that_an_answer_tells(build: Callable[..., Fiction]) -> None:
    fiction = build(ocsp=True)
    fiction.publish()
    content = fiction.ac.answer(fiction.maire, revoked=START - DAY, until=2 * DAY)
    fiction.server.pages["/ocsp"] = Page(content)
    (told,) = fiction.night()
    assert told == words("SIG-OWN_REVOKED", holder="Camille Dupré", date="22/11/2026")


# certificates of others


def test_the_revocation_of_others_is_asked_the_night_after(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish()
    fiction.night()
    other = FictionalAuthority(
        START,
        name="AC du prestataire",
        key=OTHER_KEY,
        parent=fiction.root,
        crl_address=f"{fiction.server.url}/autre.crl",
    )
    theirs = other.issue("Dominique Martin-Fictif", key=LEAF_KEY)
    fiction.server.publish("/autre.crl", other.crl(until=9 * DAY))
    trust, now = fiction.town.authority.trust, fiction.town.clock.now()
    assert trust.check_chain(theirs, [other.certificate], now)[1].codes == ("SIG-NO_CRL",)
    assert fiction.night(after=DAY) == []
    assert fiction.server.hits["/autre.crl"] == 1
    now = fiction.town.clock.now()
    assert trust.check_chain(theirs, [other.certificate], now)[0] is Verdict.ACCEPTED


def test_nobody_asks_an_address_that_a_stranger_gives(build: Callable[..., Fiction]) -> None:
    fiction = build()
    fiction.publish()
    stranger = FictionalAuthority(
        START, name="AC fille", key=OTHER_KEY, crl_address=f"{fiction.server.url}/piege.crl"
    )
    fiction.folder.want([der(stranger.issue("Intrus", key=LEAF_KEY)), der(stranger.certificate)])
    fake = FictionalAuthority(  # the mayor plays an authority
        START, name="Camille Dupré", key=LEAF_KEY, crl_address=f"{fiction.server.url}/piege.crl"
    )
    fiction.folder.want([der(fiction.maire), der(fake.issue("Victime", key=OTHER_KEY))])
    assert fiction.night() == []
    assert fiction.server.hits["/piege.crl"] == 0


def test_lists_on_time_stamps_are_fetched_with_the_trust_of_time_stamps(
    build: Callable[..., Fiction],
) -> None:
    fiction = build()
    fiction.publish()
    root = FictionalAuthority(START, name="AC horodatage", key=OTHER_KEY)
    root.crl_address = f"{fiction.server.url}/horodatage.crl"
    unit = root.issue("Unité d'horodatage", key=LEAF_KEY)
    trust = TrustStore(roots=(der(root.certificate),), kept=fiction.folder)
    stamping = StampingMeans(authority=NoStamps(), trust=trust)
    fiction.town = replace(fiction.town, office=replace(fiction.town.office, stamping=stamping))
    fiction.server.publish("/horodatage.crl", root.crl(until=9 * DAY))
    assert trust.check_chain(unit, (), START)[1].codes == ("SIG-NO_CRL",)
    refresh(fiction.town.authority, fiction.town.office)
    assert fiction.server.hits["/horodatage.crl"] == 1
    assert trust.check_chain(unit, (), START)[0] is Verdict.ACCEPTED


class NoStamps:
    """A time-stamping authority that is never asked."""

    def stamp(self, sha256: str) -> bytes:
        raise AssertionError(sha256)


# what can be seen without asking


def test_the_state_of_each_list_is_told(build: Callable[..., Fiction]) -> None:
    fiction = build()
    before = lists_of(fiction.town.authority, fiction.town.office)
    assert [(one.authority, one.newest) for one in before] == [
        ("AC racine", None),
        ("AC fille", None),
    ]
    fiction.publish()
    fiction.night()
    after = lists_of(fiction.town.authority, fiction.town.office)
    made = [one.newest.this_update for one in after if one.newest]
    assert made == [START - DAY, START - DAY / 24]
    assert fiction.server.hits["/ac.crl"] == 1


def test_a_certificate_that_names_no_list(build: Callable[..., Fiction]) -> None:
    fiction = build(crl="")
    assert fiction.night() == []  # nothing could be asked; doctor says so
    now = fiction.town.clock.now()
    states = lists_of(fiction.town.authority, fiction.town.office)
    codes = [one.faults(now, failed=False).codes for one in states]
    assert codes == [(), ("SIG-LIST_NONE",)]
