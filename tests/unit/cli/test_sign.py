"""The session of a signataire: what is read, answered, signed, refused; and the exit codes."""

import hashlib
import shutil
import ssl
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import html

from demat import compose
from demat.cli import sign as sign_module
from demat.clock import FixedClock, SystemClock
from demat.engine import sign_session
from demat.engine.parts import Preparation
from demat.queue.views import DepositView
from demat.sandbox.pki import Pki
from demat.signing.certificate import describe, load_certificate
from tests.unit.cli.conftest import FIXTURES, Town, drop

ADJOINTE = """
[[collectivites.signataires]]
nom = "Claire Témoin"
qualite = "Adjointe aux finances"
ville = "SAINT-EXEMPLE-LES-FICTION"
code_postal = "99120"

[collectivites.signataires.delegation]
reference = "Arrêté n° 2026-14 du 2 avril 2026"
flux = ["recette"]
plafond = "1 500,00"

[collectivites.signataires.cle]
type = "pkcs12"
fichier = "secrets/maire.p12"
"""
LISTED = """\
Commune de Saint-Exemple-lès-Fiction : 1 dépôt attend une signature

D1  titres-cantine.csv (titres de recette)
  Budget SAINT-EXEMPLE-LES-FICTION (045/00)
    Bordereau n° 12 de 2026                   3 titres          1 369,60 €

À signer par Camille Dupré, Maire :
    1 bordereau, 3 titres                                       1 369,60 €

Signer ce dépôt ? « oui » pour le signer, « refuser D1 » pour le rendre, ou
Entrée pour ne rien signer.
"""


def after(titres: bytes) -> bytes:
    """Return the next bordereau of the same titres, under other numbers."""
    text = titres.decode("cp1252").replace("2026;12;12/10", "2026;13;12/10")
    for numero in (417, 418, 419):
        text = text.replace(f";{numero};", f";{numero + 3};")
    return text.encode("cp1252")


class Person:
    """Somebody at the keyboard: what they are asked, and what they type."""

    def __init__(self, answers: Iterable[str], secret: str) -> None:
        self._answers = iter(answers)
        self._secret = secret
        self.asked: list[str] = []

    def input(self, question: str) -> str:
        self.asked.append(question)
        try:
            return next(self._answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    def getpass(self, question: str) -> str:
        self.asked.append(question)
        return self._secret


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, pki: Pki) -> Callable[..., Person]:
    """Put somebody at the keyboard."""

    def sit(*answers: str, secret: str = pki.maire.passphrase) -> Person:
        found = Person(answers, secret)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", found.input)
        monkeypatch.setattr(sign_module, "getpass", found.getpass)
        return found

    return sit


def typed(town: Town) -> None:
    """Let the passphrase be typed, as it is by default."""
    town.change('secret = "secrets/maire.passe"', 'secret = "invite"')


def spaces(text: str) -> str:
    """Make the spaces of amounts ordinary."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def states(town: Town) -> dict[str, str]:
    with town.office() as office:
        return {item.name: item.state.value for item in office.store.deposits()}


def events(town: Town, action: str) -> list[dict[str, str]]:
    with town.office() as office:
        return [dict(item.detail) for item in office.store.journal() if item.action == action]


@pytest.fixture
def three(town: Town) -> Town:
    """Three deposits of two flux await a signature, D1 to D3."""
    names = ("titres-cantine.csv", "mandats-2026-10")
    for name in names:
        assert town.demat("deposit", *drop(town, name)).code == 0
    again = town.root / "titres-13.csv"
    again.write_bytes(after((FIXTURES / "titres-cantine.csv").read_bytes()))
    assert town.demat("deposit", again).code == 0
    return town


# ------------------------------------------------------------------------------ the session


def test_nothing_is_signed_when_nobody_can_say_yes(
    titres: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    for arguments in (("sign",), ("sign", "--json")):
        assert titres.demat(*arguments).code == 2
    assert titres.demat("flows", "--json").json == {"flows": [], "waits": []}
    assert "Rien n'a été signé" in titres.demat("sign").err


@pytest.mark.parametrize("answer", ["non", "", "o", "yes", "D2", "refuser"])
def test_nothing_is_signed_without_a_yes(
    titres: Town, person: Callable[..., Person], answer: str
) -> None:
    someone = person(answer)
    said = titres.demat("sign")
    assert (said.code, said.err) == (1, "")
    assert spaces(said.out).startswith(LISTED)
    assert said.out.endswith("Rien n'a été signé.\n")
    assert someone.asked == ["Votre réponse : "]
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


def test_all_that_waits_is_signed_with_one_passphrase(
    three: Town, person: Callable[..., Person]
) -> None:
    typed(three)
    someone = person(" Oui ")
    said = three.demat("sign")
    assert (said.code, said.err) == (0, "")
    assert someone.asked == [
        "Votre réponse : ",
        "Mot de passe de la clé « maire.p12 » (rien ne s'affiche) : ",
    ]
    assert spaces(said.out).endswith(
        "    2 bordereaux, 6 titres                                      2 739,20 €\n"
        "    1 bordereau, 2 mandats                                      2 040,00 €\n"
        "\nSigner ces 3 dépôts ? « oui » pour tout signer, « D1 » pour ne signer que\n"
        "celui-là, « refuser D1 » pour le rendre, ou Entrée pour ne rien signer.\n"
        "D1 : signé, prêt à partir\nD2 : signé, prêt à partir\nD3 : signé, prêt à partir\n"
        "3 bordereaux signés. Départ au prochain passage de demat.\n"
    )
    assert set(states(three).values()) == {"packed"}


def test_the_journal_tells_who_signed_what_with_which_certificate(
    titres: Town, person: Callable[..., Person], pki: Pki
) -> None:
    person("oui")
    assert titres.demat("sign").code == 0
    (event,) = events(titres, "signed")
    facts = describe(load_certificate(_der(pki)))
    assert event == {
        "signataire": "Camille Dupré",
        "qualite": "Maire",
        "certificat": facts.serial,
        "emetteur": facts.issuer,
        "empreinte": hashlib.sha256(_der(pki)).hexdigest(),
        "bordereaux": "1",
        "total": "1369.60",
    }


def _der(pki: Pki) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pki.maire.certificate.read_text().split("\n\n")[0])


def test_some_are_signed_the_others_wait(three: Town, person: Callable[..., Person]) -> None:
    person("d3, 1")
    assert three.demat("sign").code == 0
    assert states(three) == {
        "titres-cantine.csv": "packed",
        "mandats-2026-10": "awaiting_signature",
        "titres-13.csv": "packed",
    }
    person("oui")
    said = three.demat("sign", "d2")
    assert (said.code, "titres" in said.out) == (0, False)
    assert set(states(three).values()) == {"packed"}


def test_only_what_was_named_is_shown_and_signed(
    three: Town, person: Callable[..., Person]
) -> None:
    person("oui")
    said = three.demat("sign", "D1", "3")
    assert said.code == 0
    assert "mandats" not in said.out
    assert states(three)["mandats-2026-10"] == "awaiting_signature"


def test_what_does_not_wait_cannot_be_signed_nor_refused(acte: Town) -> None:
    for arguments in (("D1",), ("--refuser", "D1", "--motif", "Non")):
        said = acte.demat("sign", *arguments)
        assert (said.code, said.out) == (2, "")
        assert "Le dépôt D1 « arrete-individuel » n'attend pas de signature." in said.words
    assert acte.demat("sign", "D77").code == 2


def test_the_end_of_the_input_and_the_interruption_lose_nothing(
    titres: Town, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    person()  # interrupts at the question
    said = titres.demat("sign")
    assert said.code == 1
    assert said.out.endswith(
        "\nInterrompu : ce qui n'est pas signé attend toujours, rien n'est perdu.\n"
    )
    typed(titres)
    person("oui")
    monkeypatch.setattr(sign_module, "getpass", _interrupt)
    assert "Interrompu" in titres.demat("sign").out
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}
    person("oui")
    assert titres.demat("sign").code == 0


def _interrupt(question: str) -> str:
    raise KeyboardInterrupt


def test_an_interruption_keeps_what_was_signed(
    three: Town, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = sign_session.sign_and_pack, []

    def second_one_is_interrupted(*values: Any) -> DepositView:
        calls.append(values)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*values)

    monkeypatch.setattr(sign_session, "sign_and_pack", second_one_is_interrupted)
    person("oui")
    assert "Interrompu" in three.demat("sign").out
    assert sorted(states(three).values()) == ["awaiting_signature", "awaiting_signature", "packed"]
    person("oui")
    assert three.demat("sign").code == 0
    assert set(states(three).values()) == {"packed"}


def test_a_wrong_passphrase_signs_nothing_and_is_in_the_journal(
    titres: Town, person: Callable[..., Person]
) -> None:
    typed(titres)
    someone = person("oui", secret="faux")
    said = titres.demat("sign")
    assert said.code == 4
    assert "Le mot de passe du fichier de certificat « maire.p12 » est faux." in said.words
    assert said.out.endswith("Ce qui n'est pas signé attend toujours.\n")
    assert len(someone.asked) == 2
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}
    assert events(titres, "key_unusable") == [
        {"signataire": "Camille Dupré", "codes": "SIG-PASSPHRASE"}
    ]


def test_nobody_types_a_passphrase_for_a_program(titres: Town) -> None:
    typed(titres)
    said = titres.demat("sign", "--yes", "--json")
    assert said.code == 4
    assert [fault["code"] for fault in said.json["error"]] == ["SIG-NOBODY"]


@pytest.mark.parametrize(
    ("identity", "sentence"),
    [
        ("expired", "n'était plus valable à la date de signature"),
        ("revoked", "révoqué"),
    ],
)
def test_a_certificate_that_may_not_serve(
    titres: Town, person: Callable[..., Person], pki: Pki, identity: str, sentence: str
) -> None:
    titres.use_signer(getattr(pki, identity))
    person("oui")
    said = titres.demat("sign")
    assert said.code in (1, 4)
    assert sentence in said.words
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


def test_another_certificate_than_the_declared_one_is_refused(
    titres: Town, person: Callable[..., Person], pki: Pki
) -> None:
    right = hashlib.sha256(_der(pki)).hexdigest().upper()
    pairs = ":".join(right[n : n + 2] for n in range(0, 64, 2))
    titres.change('type = "pkcs12"', f'type = "pkcs12"\nempreinte = "{pairs}"')
    assert titres.demat("doctor", "--json").json["checks"][-3]["faults"] == []
    titres.change(pairs, "00" * 32)
    person("oui")
    said = titres.demat("sign")
    assert said.code == 4
    assert "n'est pas celui qui est déclaré pour Camille Dupré" in said.words
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


def test_a_certificate_of_another_authority_is_refused(
    titres: Town, person: Callable[..., Person]
) -> None:
    """The SIREN of the certificate is neither that of the authority nor of its budgets."""
    titres.change('siret = "21990123800010"', 'siret = "21990456600013"')
    person("oui")
    said = titres.demat("sign")
    assert said.code == 4
    assert (
        "Le certificat de « Camille Dupré » a été délivré pour une autre collectivité "
        "(SIREN 219901238)." in said.words
    )
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


# ----------------------------------------------------------------------------- who may sign


@pytest.fixture
def two_people(three: Town) -> Town:
    """The maire, and an adjointe who signs titres up to 1,500 euros."""
    with three.config.open("a", encoding="utf-8") as stream:
        stream.write(ADJOINTE)
    return three


def test_the_person_is_asked_for_when_several_may_sign(
    two_people: Town, person: Callable[..., Person]
) -> None:
    someone = person("2", "oui")
    said = two_people.demat("sign")
    assert said.code == 0
    assert someone.asked[:2] == ["Tapez son numéro : ", "Votre réponse : "]
    assert "  1. Camille Dupré, Maire\n  2. Claire Témoin, Adjointe aux finances\n" in said.out
    assert "par délégation (Arrêté n° 2026-14 du 2 avril 2026)" in said.out
    assert (
        "Claire Témoin ne peut pas signer D2 : La délégation de Claire Témoin (Arrêté n° 2026-14 "
        "du 2 avril 2026) ne couvre pas les mandats." in said.words
    )
    assert states(two_people) == {
        "titres-cantine.csv": "packed",
        "mandats-2026-10": "awaiting_signature",
        "titres-13.csv": "packed",
    }
    assert {event["delegation"] for event in events(two_people, "signed")} == {
        "Arrêté n° 2026-14 du 2 avril 2026"
    }


def test_the_ceiling_is_told_with_both_amounts(
    two_people: Town, person: Callable[..., Person]
) -> None:
    two_people.change('plafond = "1 500,00"', "plafond = 1369.59")
    said = two_people.demat("sign", "--signataire", "claire  témoin")
    assert said.code == 1
    assert (
        "Le bordereau n° 12 s'élève à 1 369,60 € : la délégation de Claire Témoin (Arrêté "
        "n° 2026-14 du 2 avril 2026) s'arrête à 1 369,59 € par bordereau." in spaces(said.words)
    )
    assert set(states(two_people).values()) == {"awaiting_signature"}
    two_people.change("plafond = 1369.59", "plafond = 1369.60")
    person("oui")
    assert two_people.demat("sign", "--signataire", "Claire Témoin").code == 0


def test_a_program_must_say_who_signs(two_people: Town) -> None:
    said = two_people.demat("sign", "--yes", "--json")
    assert said.code == 2
    (fault,) = said.json["error"]
    assert fault["code"] == "INT-SIGNER_WHICH"
    assert "Camille Dupré, Claire Témoin" in fault["message"]
    said = two_people.demat("sign", "--yes", "--json", "--signataire", "Camille Dupré", "D1")
    assert said.code == 0
    assert [item["state"] for item in said.json["deposits"]] == ["packed"]
    said = two_people.demat("sign", "--yes", "--json", "--signataire", "Claire Témoin", "D3")
    assert said.code == 4  # her passphrase is typed
    assert two_people.demat("sign", "--signataire", "Personne").code == 2


def test_what_is_left_to_another_person_is_told_to_a_program(two_people: Town) -> None:
    (two_people.root / "passe").write_text((two_people.root / "secrets/maire.passe").read_text())
    (two_people.root / "passe").chmod(0o600)
    text = two_people.config.read_text("utf-8")
    two_people.config.write_text(f'{text}secret = "passe"\n', "utf-8")
    said = two_people.demat("sign", "--yes", "--json", "--signataire", "Claire Témoin")
    assert said.code == 0
    assert [item["id"] for item in said.json["deposits"]] == [1, 3]
    (left,) = said.json["waiting"]
    assert left["bordereaux"] == [
        {
            "budget": "045/00",
            "flux": "depense",
            "exercice": 2026,
            "numero": 31,
            "typ_bord": "01",
            "pieces": 2,
            "total": "2040.00",
        }
    ]
    assert [fault["code"] for fault in left["faults"]] == ["INT-SIGNER_FLUX", "INT-SIGNER_CEILING"]
    named = two_people.demat("sign", "--yes", "--json", "--signataire", "Claire Témoin", "D2")
    assert named.code == 1
    assert named.json["deposits"] == []


def test_nobody_may_sign(titres: Town) -> None:
    text = titres.config.read_text("utf-8")
    delegation = (
        "[collectivites.signataires.delegation]\n"
        'reference = "Arrêté n° 1"\nfin = 2026-01-31\n\n[collectivites.signataires.cle]'
    )
    titres.config.write_text(text.replace("[collectivites.signataires.cle]", delegation), "utf-8")
    said = titres.demat("sign", "--yes")
    assert said.code == 1
    assert "La délégation de Camille Dupré (Arrêté n° 1) a pris fin le 31/01/2026." in said.words
    assert "Aucun signataire déclaré pour Commune" in said.words
    found = titres.demat("doctor", "--json").json["checks"]
    codes = {item["check"]: [fault["code"] for fault in item["faults"]] for item in found}
    name = "Commune de Saint-Exemple-lès-Fiction"
    assert codes[f"{name} : signataire Camille Dupré"] == ["INT-SIGNER_ENDED"]
    assert codes[f"{name} : signataires des budgets"] == ["INT-SIGNER_MISSING"] * 2


def test_an_authority_that_declares_nobody_any_more(titres: Town) -> None:
    text = titres.config.read_text("utf-8")
    start = text.index("[[collectivites.signataires]]")
    end = text.index("[[collectivites.budgets]]")
    titres.config.write_text(text[:start] + text[end:], "utf-8")
    said = titres.demat("sign", "--yes")
    assert said.code == 1
    assert "Aucun signataire n'est déclaré pour Commune" in said.words


# -------------------------------------------------------------------------------- refusing


def test_a_refusal_sends_the_deposit_back_with_its_reason(titres: Town) -> None:
    said = titres.demat("sign", "--refuser", "D1", "--motif", "  Le titre 417\nest en double ")
    assert (said.code, said.err) == (0, "")
    sentence = (
        "Camille Dupré (Maire) a refusé de signer ce dépôt. Motif : Le titre 417 est en double"
    )
    assert sentence in said.words
    sheet = titres.root / "mairie/a-corriger/titres-cantine/A-LIRE.html"
    assert sentence in " ".join(html.fromstring(sheet.read_bytes()).text_content().split())
    assert states(titres) == {"titres-cantine.csv": "returned"}
    (event,) = events(titres, "returned")
    assert event == {
        "codes": "INT-SIGN_REFUSED",
        "signataire": "Camille Dupré",
        "qualite": "Maire",
        "motif": "Le titre 417 est en double",
    }
    assert titres.demat("sign", "--yes").out == "Aucun bordereau n'attend de signature.\n"


def test_what_was_refused_is_corrected_and_signed(
    titres: Town, person: Callable[..., Person]
) -> None:
    titres.demat("sign", "--refuser", "1", "--motif", "Non")
    folder = titres.root / "mairie/a-corriger/titres-cantine"
    shutil.move(folder, titres.root / "mairie/a-deposer/titres-cantine")
    assert titres.demat("watch", "--once").code == 0
    person("oui")
    assert titres.demat("sign").code == 0
    with titres.office() as office:
        assert [item.state.value for item in office.store.deposits()] == ["returned", "packed"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--refuser", "D1"), "Un refus de signer s'accompagne d'un motif."),
        (("--refuser", "D1", "--motif", " \n"), "Un refus de signer s'accompagne d'un motif."),
        (("--motif", "Non"), "« --refuser D12 » et « --motif » vont ensemble"),
        (("D1", "--refuser", "D1", "--motif", "Non"), "« --refuser D12 » et « --motif » vont"),
        (("--refuser", "D9", "--motif", "Non"), "Il n'existe pas de dépôt n° 9"),
        (
            ("--refuser", "D1", "--motif", "Non", "--signataire", "Personne"),
            "« Personne » n'est pas un signataire déclaré (connus : Camille Dupré).",
        ),
    ],
)
def test_a_refusal_that_is_not_whole(titres: Town, arguments: tuple[str, ...], words: str) -> None:
    said = titres.demat("sign", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.words
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


def test_one_is_refused_and_the_others_are_signed_in_one_session(
    three: Town, person: Callable[..., Person]
) -> None:
    someone = person("refuser D9", "refuser d2", "", "REFUSER D2", "Marché absent", "oui")
    said = three.demat("sign")
    assert said.code == 1  # something was given back
    assert someone.asked.count("Votre réponse : ") == 4
    assert "« D9 » n'est pas dans la liste : D1, D2, D3." in said.out
    assert "Un refus de signer s'accompagne d'un motif." in said.words
    assert "D2 : rendu, dans « a-corriger »" in said.out
    assert states(three) == {
        "titres-cantine.csv": "packed",
        "mandats-2026-10": "returned",
        "titres-13.csv": "packed",
    }


# -------------------------------------------------------------------- the world that moves


def test_a_file_name_cannot_repaint_the_terminal(town: Town, person: Callable[..., Person]) -> None:
    hidden = town.root / "titres\x1b[2J\x1b[H.csv"
    shutil.copyfile(FIXTURES / "titres-cantine.csv", hidden)
    town.demat("deposit", hidden)
    person("non")
    said = town.demat("sign")
    assert "\x1b" not in said.out
    assert "D1  titres" in said.out


def test_what_has_changed_since_it_was_shown_is_not_signed(
    titres: Town, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of demat, or of a declared table, builds something else in between."""
    real, built = sign_session.prepare, []

    def prepared(*values: Any) -> Preparation:
        preparation = real(*values)
        built.append(preparation)
        if len(built) == 1:
            return preparation
        (part,) = preparation.parts
        content = part.content.replace(b"TRAVAUX DU VALLON", b"TRAVAUX DU VALLOM")
        assert content != part.content
        return replace(preparation, parts=(replace(part, content=content),))

    monkeypatch.setattr(sign_session, "prepare", prepared)
    person("oui")
    said = titres.demat("sign")
    assert said.code == 1
    assert "D1 : n'est pas signé, attend toujours" in said.out
    assert "a changé depuis qu'il a été affiché : il n'a pas été signé." in said.words
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set the clock of the computer back."""
    real = compose.open_office

    def back(by: timedelta) -> None:
        clock = FixedClock(SystemClock().now() - by)
        monkeypatch.setattr(compose, "open_office", lambda config: real(config, clock=clock))

    return back


def test_nothing_is_signed_when_the_clock_was_set_back(
    titres: Town, person: Callable[..., Person], set_back: Callable[[timedelta], None]
) -> None:
    someone = person("oui")
    set_back(timedelta(minutes=10))
    said = titres.demat("sign")
    assert (said.code, said.out) == (4, "")
    assert "L'horloge de cet ordinateur indique le" in said.words
    assert someone.asked == []
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}
    said = titres.demat("sign", "--horloge-verifiee")
    assert said.code == 0
    assert events(titres, "clock_verified") == [{}]
    assert states(titres) == {"titres-cantine.csv": "packed"}


def test_a_clock_that_was_put_right_signs(
    titres: Town, person: Callable[..., Person], set_back: Callable[[timedelta], None]
) -> None:
    person("oui")
    set_back(timedelta(seconds=90))
    assert titres.demat("sign", "--horloge-verifiee").code == 0
    assert events(titres, "clock_verified") == []


# ----------------------------------------------------------------------------------- pages


def test_what_waits_is_read_in_pages_before_it_is_signed(
    three: Town, person: Callable[..., Person]
) -> None:
    person("oui")
    said = three.demat("sign", "--lire", "pages", "D1", "D2")
    assert said.code == 0
    assert "    à lire : pages/D1.html\n" in said.out
    assert sorted(path.name for path in (three.root / "pages").iterdir()) == [
        "D1.html",
        "D2-pieces",
        "D2.html",
    ]
    page = html.fromstring((three.root / "pages/D1.html").read_bytes()).text_content()
    for words in ("TRAVAUX DU VALLON", "LOCATION SALLE DES FETES", "1 240,00 €"):
        assert words in spaces(page)


def test_pages_that_cannot_be_written_sign_nothing(titres: Town) -> None:
    (titres.root / "pages").write_text("in the way")
    said = titres.demat("sign", "--yes", "--lire", "pages")
    assert said.code == 1
    assert "pages" in said.err
    assert states(titres) == {"titres-cantine.csv": "awaiting_signature"}


# ----------------------------------------------------------------------- several authorities


@pytest.fixture
def two_authorities(titres: Town) -> Town:
    """D1 is of the commune; D2 of a syndicat, whose président signs."""
    item = titres.config.read_text("utf-8").split("[[collectivites]]")[1]
    for old, new in (
        ("000000000", "219901238"),
        ('"mairie"', '"eaux"'),
        ("Commune de", "Syndicat de"),
        ("Camille Dupré", "Octave Tuillier"),
        ('"Maire"', '"Président"'),
    ):
        item = item.replace(old, new)
    with titres.config.open("a", encoding="utf-8") as stream:
        stream.write(f"\n[[collectivites]]{item}")
    path = titres.root / "titres-cantine.csv"
    assert titres.demat("deposit", "--siren", "219901238", path).code == 0
    return titres


def test_each_authority_is_signed_by_its_own_signataire(
    two_authorities: Town, person: Callable[..., Person]
) -> None:
    someone = person("oui", "oui")
    said = two_authorities.demat("sign")
    assert (said.code, said.err) == (0, "")
    assert someone.asked == ["Votre réponse : "] * 2
    assert [event["signataire"] for event in events(two_authorities, "signed")] == [
        "Camille Dupré",
        "Octave Tuillier",
    ]


def test_the_key_of_one_authority_does_not_stop_the_other(two_authorities: Town) -> None:
    text = two_authorities.config.read_text("utf-8")
    two_authorities.config.write_text(text.replace("maire.passe", "absent", 1), "utf-8")
    said = two_authorities.demat("sign", "--yes", "--json")
    assert said.code == 4
    assert [item["id"] for item in said.json["deposits"]] == [2]
    assert [fault["code"] for fault in said.json["error"]] == ["CFG-SECRET_MISSING"]


def test_a_signataire_signs_where_it_is_declared(two_authorities: Town) -> None:
    said = two_authorities.demat("sign", "--yes", "--json", "--signataire", "Octave Tuillier")
    assert [item["id"] for item in said.json["deposits"]] == [2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("D2", "--siren", "000000000"), "Le dépôt D2 est celui d'une autre collectivité"),
        (("--refuser", "D2", "--motif", "N", "--siren", "000000000"), "Le dépôt D2 est celui"),
        (("D2", "--signataire", "Camille Dupré"), "n'est pas un signataire déclaré"),
        (
            ("--refuser", "D2", "--motif", "N", "--signataire", "Camille Dupré"),
            "n'est pas un signataire déclaré (connus : Octave Tuillier)",
        ),
    ],
)
def test_a_deposit_of_another_authority(
    two_authorities: Town, arguments: tuple[str, ...], words: str
) -> None:
    said = two_authorities.demat("sign", "--yes", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.words


def test_a_deposit_of_an_authority_that_left(titres: Town) -> None:
    titres.change('siren = "000000000"', 'siren = "219901238"')
    for arguments in (("D1", "--yes"), ("--refuser", "D1", "--motif", "Non")):
        said = titres.demat("sign", *arguments)
        assert (said.code, said.out) == (2, "")
        assert "n'est pas dans la configuration" in said.words


def test_who_signed_is_shown_with_the_flow(titres: Town, person: Callable[..., Person]) -> None:
    person("oui")
    assert titres.demat("sign").code == 0
    assert "Signé par : Camille Dupré, Maire, le" in titres.demat("show", "1").words
    signed = titres.demat("show", "1", "--json").json["signed_by"]
    assert (signed["signataire"], signed["total"]) == ("Camille Dupré", "1369.60")


def test_nobody_signed_an_act(acte: Town) -> None:
    assert "Signé par" not in acte.demat("show", "1").out
    assert acte.demat("show", "1", "--json").json["signed_by"] is None


def test_what_can_leave_no_more_is_given_back_and_nobody_is_asked(
    titres: Town, person: Callable[..., Person]
) -> None:
    copy = titres.root / "copie.csv"
    shutil.copyfile(FIXTURES / "titres-cantine.csv", copy)
    titres.demat("deposit", copy)
    person("oui")
    assert titres.demat("sign", "D1").code == 0
    nobody = titres.demat("sign", "--json")
    assert nobody.code == 1
    assert [item["id"] for item in nobody.json["waiting"]] == [2]
    assert states(titres)["copie.csv"] == "awaiting_signature"
    someone = person()
    said = titres.demat("sign")
    assert (said.code, someone.asked) == (1, [])
    assert "Ne peut plus être signé, à rendre à la personne qui l'a déposé :" in said.out
    assert "D2 : rendu, dans « a-corriger »" in said.out
    assert "Le bordereau n° 12 de l'exercice 2026 a déjà été envoyé" in said.words
    assert states(titres) == {"titres-cantine.csv": "packed", "copie.csv": "returned"}
    assert (titres.root / "mairie/a-corriger/copie/A-LIRE.html").is_file()
