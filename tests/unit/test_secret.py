"""Sources of passphrases and PINs: what each gives, refuses, and never shows."""

import logging
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError

from demat import secret
from demat.faults import Fault, FaultError
from demat.labels_fr.catalogue import explain
from demat.secret import (
    Keyring,
    Prompt,
    SecretFile,
    ask_pin,
    parse_entry,
    parse_source,
    read_private,
    read_secret,
)
from demat.signing.pin import PinQuestion

SECRET = "sésame ouvre-toi"


class MemoryKeyring(KeyringBackend):
    """A keyring that lives as long as a test."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.error:
            raise self.error
        self.entries[service, username] = password


@pytest.fixture
def install() -> Iterator[Callable[[KeyringBackend], KeyringBackend]]:
    before = keyring.get_keyring()

    def put(found: KeyringBackend) -> KeyringBackend:
        keyring.set_keyring(found)
        return found

    yield put
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert SECRET not in caplog.text


def refusal(work: Callable[[], object]) -> Fault:
    with pytest.raises(FaultError) as caught:
        work()
    (fault,) = caught.value.faults
    told = explain(fault)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in f"{shown} {told} {caught.value.__cause__!r}"
    return fault


def protected(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("invite", Prompt()),
        ("trousseau:demat/maire", Keyring("demat", "maire")),
        ("trousseau:demat/maire/adjoint", Keyring("demat", "maire/adjoint")),
        ("secrets/maire.passe", SecretFile(Path("/srv/mairie/secrets/maire.passe"))),
        ("/etc/demat/maire.passe", SecretFile(Path("/etc/demat/maire.passe"))),
    ],
)
def test_a_source_is_named_in_the_configuration(text, source) -> None:
    assert parse_source(text, Path("/srv/mairie")) == source


@pytest.mark.parametrize("text", ["", " ", "trousseau:", "trousseau:demat", "trousseau:/maire"])
def test_a_source_that_says_nothing(text) -> None:
    fault = refusal(lambda: parse_source(text, Path()))
    assert fault.code == "CFG-SECRET_SOURCE"


# -------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "content", [SECRET.encode(), f"{SECRET}\n".encode(), f"{SECRET}\r\n".encode()]
)
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_the_only_line_of_a_file(tmp_path: Path, content, mode) -> None:
    source = SecretFile(protected(tmp_path / "passe", content, mode))
    assert read_secret(source, question="?", ask=None) == SECRET
    assert SECRET not in f"{source!r} {source.state}"


def test_blanks_belong_to_the_secret(tmp_path: Path) -> None:
    assert SecretFile(protected(tmp_path / "passe", b" a  \n")).read() == " a  "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode) -> None:
    path = protected(tmp_path / "passe", SECRET.encode(), mode)
    fault = refusal(SecretFile(path).read)
    assert fault == Fault(code="CFG-SECRET_MODE", params={"path": str(path)})
    assert f"chmod 600 {path}" in explain(fault).remedy


@pytest.mark.parametrize("content", [b"", b"\n", f"{SECRET}\n{SECRET}\n".encode(), b"\n\n"])
def test_a_file_with_no_line_or_several(tmp_path: Path, content) -> None:
    fault = refusal(SecretFile(protected(tmp_path / "passe", content)).read)
    assert fault.code == "CFG-SECRET_EMPTY"


def test_a_file_that_is_not_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tuyau", 0o600)
    (tmp_path / "dossier").mkdir(0o700)
    protected(tmp_path / "latin1", "é".encode("latin-1"))
    protected(tmp_path / "gros", b"x" * 1025)
    for name in ("absent", "tuyau", "dossier", "latin1", "gros"):
        with pytest.raises(FaultError) as caught:
            SecretFile(tmp_path / name).read()
        assert caught.value.faults.codes == ("CFG-SECRET_MISSING",)
        assert "0xe9" not in "".join(traceback.format_exception(caught.value))
    assert refusal(lambda: SecretFile(tmp_path / "absent").state).code == "CFG-SECRET_MISSING"


def test_the_state_of_a_file_changes_when_it_is_written_again(tmp_path: Path) -> None:
    path = protected(tmp_path / "passe", b"abc\n")
    states = [SecretFile(path).state]
    os.utime(path, ns=(1, 1))
    states.append(SecretFile(path).state)
    fresh = protected(tmp_path / "neuf", b"abc\n")
    os.utime(fresh, ns=(1, 1))
    fresh.replace(path)
    states.append(SecretFile(path).state)
    assert len(set(states)) == 3
    path.chmod(0o400)
    assert SecretFile(path).state == states[-1]


def test_a_private_key_is_read_with_the_same_care(tmp_path: Path) -> None:
    assert read_private(protected(tmp_path / "cle.pem", b"k" * 5000)) == b"k" * 5000
    assert refusal(lambda: read_private(protected(tmp_path / "cle.pem", b"k", 0o644))).code == (
        "CFG-SECRET_MODE"
    )


# ------------------------------------------------------------------------------------ keyring


def test_an_entry_of_the_keyring(install) -> None:
    install(MemoryKeyring())
    Keyring("demat", "maire").write(SECRET)
    source = parse_entry("demat/maire")
    assert read_secret(source, question="?", ask=None) == SECRET
    assert SECRET not in f"{source!r} {source.state}"


def test_the_state_of_an_entry_changes_when_demat_writes_it(install) -> None:
    found = install(MemoryKeyring())
    source = Keyring("demat", "maire")
    found.entries["demat", "maire"] = SECRET
    states = [source.state]
    for _ in range(2):
        source.write(SECRET)
        states.append(source.state)
    assert states[0] == "trousseau:demat/maire"
    assert len(set(states)) == 3
    assert source.state == states[-1]


def test_an_entry_that_is_not_there_tells_the_command_to_type(install) -> None:
    install(MemoryKeyring())
    fault = refusal(Keyring("demat", "Camille Dupré").read)
    assert fault.code == "CFG-KEYRING_ENTRY"
    assert "« demat secret 'demat/Camille Dupré' »" in explain(fault).remedy


def _foreign() -> list[Exception]:
    """Return what the keyring of Linux lets through; elsewhere there is no such thing."""
    try:
        from jeepney import DBusErrorResponse
        from secretstorage.exceptions import SecretServiceNotAvailableException
    except ImportError:
        return []
    return [
        SecretServiceNotAvailableException(SECRET),
        DBusErrorResponse.__new__(DBusErrorResponse, SECRET),
    ]


@pytest.mark.parametrize(
    "error", [KeyringLocked(SECRET), NoKeyringError(SECRET), OSError(SECRET), *_foreign()]
)
def test_a_keyring_that_does_not_open(install, error) -> None:
    install(MemoryKeyring(error))
    source = Keyring("demat", "maire")
    for work in (source.read, lambda: source.write(SECRET), lambda: source.state):
        with pytest.raises(FaultError) as caught:
            work()
        (fault,) = caught.value.faults
        assert fault.code == "CFG-KEYRING"
        assert type(error).__name__ in explain(fault).sentence
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_machine_without_keyring_says_so(install) -> None:
    from keyring.backends.fail import Keyring as NoKeyring

    install(NoKeyring())
    assert refusal(Keyring("demat", "maire").read).params["reason"] == "NoKeyringError"


# ------------------------------------------------------------------------------------- people


def test_a_person_types_it() -> None:
    asked: list[str] = []
    found = read_secret(
        Prompt(), question="Mot de passe ?", ask=lambda words: asked.append(words) or SECRET
    )
    assert (found, asked) == (SECRET, ["Mot de passe ?"])


def _leaves(_question: str) -> str:
    raise EOFError


@pytest.mark.parametrize("ask", [None, lambda _question: "", _leaves])
def test_nobody_types_it(ask) -> None:
    fault = refusal(lambda: read_secret(Prompt(), question="?", ask=ask))
    assert fault.code == "SIG-NOBODY"
    assert "demat sign" in explain(fault).remedy


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (PinQuestion(token="MAIRIE"), "Code PIN de « MAIRIE » : "),
        (
            PinQuestion(token="MAIRIE", wrong=1),
            "Code PIN faux. Code PIN de « MAIRIE » (encore un essai) : ",
        ),
        (
            PinQuestion(token="MAIRIE", wrong=2, last_try=True),
            "Code PIN de « MAIRIE » (dernier essai avant blocage) : ",
        ),
        (
            PinQuestion(token="MAIRIE", on_reader=True),
            "Tapez le code PIN de « MAIRIE » sur le clavier du lecteur, après Entrée : ",
        ),
    ],
)
def test_a_person_is_told_where_they_stand(question, words) -> None:
    asked: list[str] = []
    assert ask_pin(lambda text: asked.append(text) or SECRET)(question) == SECRET
    assert asked == [words]
    assert ask_pin(_leaves)(question) == ""
    assert ask_pin(lambda _words: "12\udce934")(question) == ""


def test_every_source_is_exported() -> None:
    assert sorted(secret.__all__) == list(secret.__all__)
