"""Signing with tokens: real ones of SoftHSM2, and a fake card for what SoftHSM2 never does."""

import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, TokenFlag

from demat.faults import Fault
from demat.labels_fr.catalogue import explain
from demat.secret import SecretFile
from demat.signing.certificate import check_signer
from demat.signing.keys import SignerUnusable
from demat.signing.pin import PinQuestion, PinSource
from demat.signing.token import TokenSettings, TokenSigner, open_token
from tests.softhsm import PIN, SoftHsm
from tests.unit.signing.factory import NOW, certificate, sentence, signed

Open = Callable[..., Any]


@pytest.fixture
def pins(tmp_path: Path) -> PinSource:
    """Return somebody who knows the PIN."""
    return PinSource(memory=tmp_path / "jetons", ask=lambda _question: PIN)


@pytest.fixture
def settings(softhsm: SoftHsm) -> TokenSettings:
    return TokenSettings(module=softhsm.module, label="MAIRIE")


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def refusal(settings: TokenSettings, pins: PinSource) -> Fault:
    with pytest.raises(SignerUnusable) as caught, open_token(settings, pins):
        pytest.fail("it opened")
    (fault,) = caught.value.faults
    assert PIN not in repr(caught.value) + explain(fault).sentence
    return fault


def check(signer: TokenSigner, content: bytes = b"abc") -> None:
    public = signer.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signer.sign(content), content, padding.PKCS1v15(), SHA256())


# ----------------------------------------------------------------------------------- signing


def test_a_token_signs_as_often_as_needed(softhsm, settings, pins, key, other_key) -> None:
    own, authority = certificate(key), certificate(other_key, name="AC", authority=True)
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, own, authority)
    asked = []
    source = replace(pins, ask=lambda question: asked.append(question) or PIN)
    with open_token(settings, source) as signer:
        assert (signer.certificate, signer.chain) == (own, (authority,))
        assert repr(signer).count("_key") == repr(signer).count(PIN) == 0
        for _ in range(3):
            check(signer)
        check(signer, b"x" * 300_000)
    assert len(asked) == 1


def test_a_token_that_does_not_hash_signs_too(softhsm, settings, pins, key) -> None:
    softhsm.set("slots.mechanisms = CKM_RSA_PKCS")
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))
    with open_token(settings, pins) as signer:
        check(signer)


def test_a_key_that_wants_the_pin_each_time_gets_it(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key), more={Attribute.ALWAYS_AUTHENTICATE: True})
    with open_token(settings, pins) as signer:
        check(signer)
        check(signer)
        assert PIN not in repr(signer)


def test_a_pin_that_opens_but_does_not_sign_is_not_insisted(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key), more={Attribute.ALWAYS_AUTHENTICATE: True})
    with open_token(settings, pins) as signer:
        with pytest.raises(SignerUnusable) as caught:
            replace(signer, _pin="000000").sign(b"abc")
        assert caught.value.faults.codes == ("SIG-TOKEN_OTHER_PIN",)
    assert refusal(settings, pins).code == "SIG-TOKEN_WRONG_PINS"


def test_a_key_of_another_exponent_signs(softhsm, settings, pins) -> None:
    odd = rsa.generate_private_key(3, 2048)
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", odd, certificate(odd))
    with open_token(settings, pins) as signer:
        check(signer)


def test_the_session_is_closed_even_when_the_work_fails(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))
    for _ in range(3):
        with pytest.raises(KeyError), open_token(settings, pins) as signer:
            raise KeyError
        with pytest.raises(SignerUnusable):
            signer.sign(b"abc")


def test_two_tokens_are_open_at_once(softhsm, settings, pins, key, other_key) -> None:
    for label, one in (("MAIRIE", key), ("ADJOINT", other_key)):
        softhsm.token(label)
        softhsm.put(label, one, certificate(one))
    with open_token(settings, pins) as mayor:
        for _ in range(2):
            with open_token(replace(settings, label="ADJOINT"), pins) as deputy:
                check(deputy)
                check(mayor)
                assert refusal(settings, pins).code == "SIG-TOKEN_BUSY"
        check(mayor)


def test_threads_wait_for_each_other(softhsm, settings, pins, key) -> None:
    labels = ["T1", "T2", "T3", "T4"]
    for label in labels:
        softhsm.token(label)
        softhsm.put(label, key, certificate(key))
    failed: list[BaseException] = []

    def work(label: str) -> None:
        try:
            for _ in range(10):
                with open_token(replace(settings, label=label), pins) as signer:
                    check(signer)
        except BaseException as error:  # noqa: BLE001 - a thread would keep it for itself
            failed.append(error)

    threads = [threading.Thread(target=work, args=[label]) for label in labels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# ---------------------------------------------------------------------------- which token, key


def test_a_module_that_is_not_one(softhsm, settings, pins, tmp_path: Path) -> None:
    (tmp_path / "faux.so").write_bytes(b"not a program")
    for path in (tmp_path / "absent.so", tmp_path / "faux.so", tmp_path):
        fault = refusal(replace(settings, module=path), pins)
        assert fault.code == "SIG-TOKEN_MODULE"
        assert str(path) in sentence(fault)


def test_no_token_is_there(softhsm, settings, pins) -> None:
    assert refusal(settings, pins).code == "SIG-TOKEN_NONE"


def test_another_token_is_there(softhsm, settings, pins) -> None:
    serial = softhsm.token("ADJOINT")
    fault = refusal(settings, pins)
    assert sentence(fault) == (
        "La clé ou carte à puce « MAIRIE » n'est pas branchée. "
        f"Trouvé à la place : ADJOINT ({serial})."
    )
    assert refusal(replace(settings, label="", serial="0123"), pins).params["wanted"] == "0123"


def test_several_tokens_are_told_apart_by_serial(softhsm, settings, pins, key) -> None:
    serials = [softhsm.token("ADJOINT"), softhsm.token("MAIRIE")]
    softhsm.put("MAIRIE", key, certificate(key))
    fault = refusal(replace(settings, label=""), pins)
    assert fault.code == "SIG-TOKEN_SEVERAL"
    assert all(serial in sentence(fault) for serial in serials)
    with open_token(replace(settings, label="", serial=serials[1]), pins) as signer:
        assert signer.token == "MAIRIE"


def test_a_token_that_is_alone_needs_no_name(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))
    with open_token(replace(settings, label=""), pins) as signer:
        check(signer)


def test_what_is_missing_on_a_token(softhsm, settings, pins, key, other_key) -> None:
    softhsm.token("MAIRIE")
    assert refusal(settings, pins).code == "SIG-TOKEN_NO_KEY"
    softhsm.put("MAIRIE", key)
    assert refusal(settings, pins).code == "SIG-TOKEN_NO_CERTIFICATE"
    softhsm.put("MAIRIE", None, certificate(other_key))
    assert refusal(settings, pins).code == "SIG-TOKEN_KEY_MISMATCH"  # whatever its identifier
    assert refusal(replace(settings, key_label="autre"), pins).code == "SIG-TOKEN_NO_KEY"
    assert refusal(replace(settings, key_id="zz"), pins).code == "SIG-TOKEN_KEY_ID"


def test_the_certificate_may_be_in_a_file(softhsm, settings, pins, key, other_key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key)
    own = certificate(key)
    for encoding in (Encoding.DER, Encoding.PEM):
        with open_token(replace(settings, certificate=own.public_bytes(encoding)), pins) as signer:
            assert (signer.certificate, signer.chain) == (own, ())
    wrong = certificate(other_key).public_bytes(Encoding.DER)
    assert refusal(replace(settings, certificate=wrong), pins).code == "SIG-TOKEN_KEY_MISMATCH"
    for damaged in (wrong[:-9], b"rien", b"-----BEGIN CERTIFICATE-----\nx"):
        fault = refusal(replace(settings, certificate=damaged), pins)
        assert fault.code == "SIG-TOKEN_CERTIFICATE"


def test_a_key_that_is_not_rsa(softhsm, settings, pins) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", elliptic, certificate(elliptic))
    assert refusal(settings, pins).code == "SIG-KEY_TYPE"


def test_a_key_that_may_not_sign_is_no_key(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key), more={Attribute.SIGN: False})
    assert refusal(settings, pins).code == "SIG-TOKEN_NO_KEY"


def test_the_key_made_for_signing_is_chosen(softhsm, settings, pins, key, other_key) -> None:
    """A card of the RGS holds a key to log in and a key to sign."""
    log_in = certificate(other_key, non_repudiation=False)
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", other_key, log_in, name="authentification")
    softhsm.put("MAIRIE", key, certificate(key), name="signature", number=b"\x02")
    with open_token(settings, pins) as signer:
        assert (signer.certificate, signer.chain) == (certificate(key), (log_in,))
        check(signer)


def test_several_keys_made_for_signing_are_named(softhsm, settings, pins, key, other_key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key), name="ancienne", number=b"\x0a")
    softhsm.put("MAIRIE", other_key, certificate(other_key), name="nouvelle", number=b"\x0b\x0c")
    fault = refusal(settings, pins)
    assert fault.code == "SIG-TOKEN_KEYS"
    assert {"ancienne (0a)", "nouvelle (0b0c)"} == set(fault.params["found"].split(", "))
    for choice in ({"key_label": "nouvelle"}, {"key_id": "0b0c"}, {"key_id": "0B:0C"}):
        with open_token(replace(settings, **choice), pins) as signer:
            assert signer.certificate == certificate(other_key)


def test_a_damaged_certificate_of_a_token_does_not_hide_the_others(
    softhsm, settings, pins, key
) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))
    with softhsm.session("MAIRIE") as session:
        for rank, value in enumerate([b"\x30\x82\xff", b"x" * 50_000]):
            session.create_object(
                {
                    Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.SUBJECT: b"",
                    Attribute.ID: bytes([rank]),
                    Attribute.VALUE: value,
                }
            )
    with open_token(settings, pins) as signer:
        assert (signer.certificate, signer.chain) == (certificate(key), ())


def test_an_expired_certificate_is_seen_before_signing(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key, days=(-400, -3)))
    with open_token(settings, pins) as signer:
        assert check_signer(signer.certificate, NOW).codes == ("SIG-EXPIRED",)


# ------------------------------------------------------------------------------------- the PIN


def test_a_real_token_refuses_wrong_pins_and_is_not_insisted(
    softhsm, settings, pins, key, tmp_path: Path
) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))
    path = tmp_path / "pin"
    path.write_text("000000\n")
    path.chmod(0o600)
    night = replace(pins, ask=None, kept=SecretFile(path))
    assert refusal(settings, night).code == "SIG-TOKEN_PIN_REFUSED"
    path.unlink()
    path.write_text(f"{PIN}\n")
    path.chmod(0o600)
    with open_token(settings, night) as signer:
        check(signer)
    typed = iter(["1", "2", "3", "4"])
    person = replace(pins, ask=lambda _question: next(typed))
    assert refusal(settings, person).code == "SIG-TOKEN_WRONG_PINS"
    assert refusal(settings, person).code == "SIG-TOKEN_WRONG_PINS"
    assert next(typed) == "3"
    with open_token(settings, replace(pins, last_try=True)) as signer:
        check(signer)
    with open_token(settings, pins) as signer:
        check(signer)


def test_a_wrong_pin_is_forgotten_when_the_token_was_opened_elsewhere(
    softhsm, settings, pins
) -> None:
    softhsm.token("MAIRIE")
    typed = iter(["1", ""])
    assert refusal(settings, replace(pins, ask=lambda _: next(typed))).code == "SIG-NOBODY"
    with softhsm.session("MAIRIE"):  # with the right PIN, as the software of the maker does
        pass
    typed = iter(["1", "2", "3"])
    assert refusal(settings, replace(pins, ask=lambda _: next(typed))).code == (
        "SIG-TOKEN_WRONG_PINS"
    )
    assert next(typed) == "3"


def test_a_kept_pin_that_others_may_read_is_not_used(softhsm, settings, pins, tmp_path) -> None:
    softhsm.token("MAIRIE")
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "pin").chmod(0o640)
    night = replace(pins, ask=None, kept=SecretFile(tmp_path / "pin"))
    assert refusal(settings, night).code == "CFG-SECRET_MODE"
    assert not pins.memory.exists()


# -------------------------------------------------------------------- pulled out in the middle


def test_a_token_pulled_out_between_two_signatures(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))
    with open_token(settings, pins) as signer:
        check(signer)
        softhsm.pull_out()
        for _ in range(2):
            with pytest.raises(SignerUnusable) as caught:
                signer.sign(b"abc")
            assert caught.value.faults.codes == ("SIG-TOKEN_REMOVED",)
    assert refusal(settings, pins).code == "SIG-TOKEN_NONE"
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))
    with open_token(settings, pins) as signer:
        check(signer)


def test_a_document_is_signed_whole_or_not_at_all(softhsm, settings, pins, key) -> None:
    softhsm.token("MAIRIE")
    softhsm.put("MAIRIE", key, certificate(key))

    @dataclass
    class PulledOut:
        """The token is pulled out after the second bordereau."""

        signer: TokenSigner
        left: int = 2
        certificate: x509.Certificate = field(init=False)
        chain: tuple[x509.Certificate, ...] = ()

        def __post_init__(self) -> None:
            self.certificate = self.signer.certificate

        def sign(self, data: bytes) -> bytes:
            self.left -= 1
            if self.left < 0:
                softhsm.pull_out()
            return self.signer.sign(data)

    with open_token(settings, pins) as signer, pytest.raises(SignerUnusable):
        signed(PulledOut(signer), count=4)


# ------------------------------------------------------------------------------- a fake card


def test_nothing_of_tokens_and_keyrings_is_loaded_before_it_is_used() -> None:
    words = (
        "import sys, demat.secret, demat.signing.token\n"
        "print({'pkcs11', 'keyring'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


class Thing(pkcs11.types.SignMixin):
    """A key or a certificate of a card that tells little about it."""

    def __init__(self, values: dict[Attribute, object]) -> None:
        self.values = values

    def __getitem__(self, name: Attribute) -> Any:
        value = self.values.get(name, pkcs11.AttributeSensitive())
        if isinstance(value, Exception):
            raise value
        return value


PRIVATE: dict[Attribute, object] = {
    Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
    Attribute.KEY_TYPE: pkcs11.KeyType.RSA,
}


class Card:
    """A card whose module answers as told: a slot, its token and its session in one."""

    label = "CARTE"
    serial = b"0042"

    flags = TokenFlag.TOKEN_INITIALIZED | TokenFlag.LOGIN_REQUIRED
    objects: "list[Thing]" = []  # noqa: RUF012 - replaced, never added to

    def __init__(self, *answers: Exception | None, flag: int = 0) -> None:
        self.answers = list(answers)
        self.flags |= flag
        self.given: list[object] = []
        self.token = self.slot = self

    def get_slots(self, token_present: bool) -> list["Card"]:
        return [self]

    def get_token(self) -> "Card":
        return self

    def open(self, user_pin: object = None) -> "Card":
        self.given.append(user_pin)
        if answer := self.answers.pop(0):
            raise answer
        return self

    def get_objects(self, wanted: dict[Attribute, object]) -> Iterator[object]:
        return (one for one in self.objects if one[Attribute.CLASS] == wanted[Attribute.CLASS])

    def get_mechanisms(self) -> set[pkcs11.Mechanism]:
        return set()

    def close(self) -> None:
        raise pkcs11.DeviceRemoved

    def finalize(self) -> None:
        raise pkcs11.DeviceRemoved


@pytest.fixture
def insert(monkeypatch: pytest.MonkeyPatch) -> Callable[[Card], TokenSettings]:
    def put(card: Card) -> TokenSettings:
        monkeypatch.setattr(pkcs11, "lib", lambda _path: card)
        return TokenSettings(module=Path("carte.so"))

    return put


@pytest.mark.parametrize(
    ("flag", "code"),
    [
        (TokenFlag.USER_PIN_LOCKED, "SIG-TOKEN_LOCKED"),
        (TokenFlag.USER_PIN_FINAL_TRY, "SIG-TOKEN_FINAL_TRY"),
    ],
)
def test_the_flags_of_a_card_keep_the_pin_from_being_tried(insert, pins, flag, code) -> None:
    card = Card(flag=flag)
    assert refusal(insert(card), pins).code == code
    assert card.given == []


def test_a_card_that_announces_a_wrong_pin_still_gets_the_next(insert, pins) -> None:
    card = Card(None, flag=TokenFlag.USER_PIN_COUNT_LOW)
    assert refusal(insert(card), pins).code == "SIG-TOKEN_NO_KEY"  # it opened
    assert card.given == [PIN]


def test_the_flags_are_read_again_before_each_try(insert, pins) -> None:
    card = Card(pkcs11.PinIncorrect(), None)

    def ask(_question: object) -> str:
        card.flags |= TokenFlag.USER_PIN_FINAL_TRY
        return "1"

    assert refusal(insert(card), replace(pins, ask=ask)).code == "SIG-TOKEN_FINAL_TRY"
    assert card.given == ["1"]


def test_the_pin_is_typed_on_the_reader_when_it_has_keys(insert, pins) -> None:
    from pkcs11.types import PROTECTED_AUTH

    card, asked = Card(None, flag=TokenFlag.PROTECTED_AUTHENTICATION_PATH), []
    card.label = "CARTE\x1b[2J"
    source = replace(pins, ask=lambda question: asked.append(question) or "")
    assert refusal(insert(card), source).code == "SIG-TOKEN_NO_KEY"
    assert card.given == [PROTECTED_AUTH]
    assert asked == [PinQuestion(token="CARTE�[2J", on_reader=True)]
    assert refusal(insert(card), replace(pins, ask=None)).code == "SIG-NOBODY"


def test_a_pin_for_each_signature_cannot_be_typed_on_the_reader(insert, pins, key) -> None:
    own = {
        Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
        Attribute.ID: b"\x01",
        Attribute.VALUE: certificate(key).public_bytes(Encoding.DER),
    }
    card = Card(None, flag=TokenFlag.PROTECTED_AUTHENTICATION_PATH)
    each_time = {Attribute.ID: b"\x01", Attribute.ALWAYS_AUTHENTICATE: True}
    card.objects = [Thing(own), Thing(PRIVATE | each_time)]
    assert refusal(insert(card), pins).code == "SIG-TOKEN_EACH_TIME"


def test_a_kept_pin_goes_to_a_reader_that_has_keys_too(insert, pins, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "pin").chmod(0o600)
    card = Card(None, flag=TokenFlag.PROTECTED_AUTHENTICATION_PATH)
    night = replace(pins, ask=None, kept=SecretFile(tmp_path / "pin"))
    assert refusal(insert(card), night).code == "SIG-TOKEN_NO_KEY"
    assert card.given == [PIN]


def test_a_key_that_hides_its_numbers_has_the_certificate_of_its_identifier(
    insert, pins, key, other_key
) -> None:
    private = Thing(PRIVATE | {Attribute.ID: b"\x02"})
    held = [
        Thing(
            {
                Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                Attribute.ID: number,
                Attribute.VALUE: certificate(one).public_bytes(Encoding.DER),
            }
        )
        for number, one in ((b"\x01", other_key), (b"\x02", key))
    ]
    card = Card(None, None)
    card.objects = [*held, private]
    with open_token(insert(card), pins) as signer:
        assert signer.certificate == certificate(key)
    card.objects = [held[0], private]
    assert refusal(insert(card), pins).code == "SIG-TOKEN_KEY_MISMATCH"


def test_what_a_card_says_badly_is_no_reason_to_crash(insert, pins) -> None:
    latin = UnicodeDecodeError("utf-8", b"cl\xe9", 2, 3, "invalid continuation byte")
    keys = [
        Thing(PRIVATE | {Attribute.LABEL: latin, Attribute.ID: b"\x01"}),
        Thing(PRIVATE | {Attribute.LABEL: "rouge \x1b[31m", Attribute.ID: struct.error()}),
        Thing(PRIVATE | {Attribute.LABEL: "x" * 5000}),
        Thing(PRIVATE | {Attribute.KEY_TYPE: ValueError("0x80000001")}),
    ]
    card = Card(None, None)
    card.label = "CARTE \x1b]0;"
    card.objects = keys
    fault = refusal(insert(card), pins)
    assert fault.code == "SIG-TOKEN_KEYS"
    assert fault.params == {
        "token": "CARTE �]0;",
        "found": f"… (01), rouge �[31m (), {'x' * 80}…",
    }
    card.objects = keys[3:]
    assert refusal(insert(card), pins).code == "SIG-KEY_TYPE"


def test_a_card_without_a_pin_is_opened_without_one(insert, pins) -> None:
    card = Card(None, pkcs11.DeviceError())
    card.flags = TokenFlag.TOKEN_INITIALIZED
    source = replace(pins, ask=None)
    assert refusal(insert(card), source).code == "SIG-TOKEN_NO_KEY"
    assert sentence(refusal(insert(card), source)).startswith("« carte.so » ne répond plus")
    assert card.given == [None, None]


ERRORS = sorted(
    (kind for kind in vars(pkcs11.exceptions).values() if isinstance(kind, type)),
    key=lambda kind: kind.__name__,
)


NOT_LOOKED_AT = {
    "AnotherUserAlreadyLoggedIn",
    "FunctionCancelled",
    "HostMemory",
    "PinExpired",
    "PinLocked",
    "SessionCount",
    "SessionExists",
    "SessionReadOnlyExists",
    "SessionReadWriteSOExists",
    "SlotIDInvalid",
    "TokenNotPresent",
    "TokenNotRecognised",
    "UserAlreadyLoggedIn",
    "UserPinNotInitialized",
}


@pytest.mark.parametrize("error", [kind for kind in ERRORS if issubclass(kind, pkcs11.PKCS11Error)])
def test_no_error_of_a_card_escapes_nor_lets_a_pin_be_tried_for_ever(insert, pins, error) -> None:
    card, name = Card(*[error(f"the PIN {PIN}")] * 9), error.__name__
    for _ in range(4):
        fault = refusal(insert(card), pins)
        assert "CARTE" in sentence(fault)
    assert len(card.given) == (4 if name in NOT_LOOKED_AT else 2)
    assert (fault.code == "SIG-TOKEN_WRONG_PINS") == (name not in NOT_LOOKED_AT)


def test_a_kept_pin_that_met_trouble_is_tried_again_once(insert, pins, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "pin").chmod(0o600)
    night = replace(pins, ask=None, kept=SecretFile(tmp_path / "pin"))
    card = Card(pkcs11.DeviceRemoved(), None)
    assert refusal(insert(card), night).code == "SIG-TOKEN_REMOVED"
    assert refusal(insert(card), night).code == "SIG-TOKEN_NO_KEY"
    assert list(pins.memory.iterdir()) == []
