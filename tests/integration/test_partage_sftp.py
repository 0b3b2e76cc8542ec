"""The SFTP share against a real OpenSSH server on loopback: whom it believes, and how it fails."""

import logging
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko
import pytest

from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from demat.connectors.partage_sftp import SftpPartage, SftpSettings, SftpTimeouts
from demat.faults import Fault, FaultError
from demat.labels_fr.catalogue import explain
from tests.clamd_daemon import free_port
from tests.openssh import Openssh, fingerprint, make_key, running_sshd, sshd_program

SHORT = SftpTimeouts(connect=3.0, login=5.0, silence=3.0)
LONG = SftpTimeouts()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openssh]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as found:
        yield found


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("entree", "sortie", "traites"):
        (tmp_path / "partage" / name).mkdir(parents=True)
    return tmp_path / "partage"


def settings(server: Openssh, base: Path, **changes: object) -> SftpSettings:
    wanted: dict[str, object] = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "base": str(base),
        "fingerprints": (server.fingerprint,),
        "key": lambda: ("client", server.key.read_bytes(), server.passphrase),
    }
    return SftpSettings(**{**wanted, **changes})  # type: ignore[arg-type]


@contextmanager
def opened(found: SftpSettings) -> Iterator[SftpPartage]:
    share = SftpPartage(found)
    try:
        yield share
    finally:
        share.close()


@pytest.fixture
def share(server: Openssh, base: Path) -> Iterator[SftpPartage]:
    with opened(settings(server, base)) as found:
        yield found


def refused(found: SftpSettings) -> ConnectorError:
    """Return why a share cannot be used; nothing of it may hold a secret."""
    with opened(found) as share, pytest.raises(ConnectorError) as caught:
        share.entries("entree")
    (fault,) = caught.value.faults
    told = explain(fault)
    assert "passe de la clé" not in f"{told.sentence} {told.remedy} {caught.value}"
    return caught.value


def code(error: ConnectorError) -> str:
    (found,) = error.faults.codes
    return found


# whom it believes


def test_known_hosts_name_the_server(server: Openssh, base: Path) -> None:
    with opened(settings(server, base, fingerprints=(), known_hosts=server.known_hosts)) as share:
        assert share.entries("entree") == ()


def test_a_server_that_nobody_has_vouched_for(server: Openssh, base: Path, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.write_text("autre.exemple.fr ssh-ed25519 AAAA\n")
    before = hosts.read_bytes()
    for known in (hosts, None):
        error = refused(settings(server, base, fingerprints=(), known_hosts=known))
        assert isinstance(error, AuthenticationRefused)
        assert code(error) == "CON-SSH_HOST_UNKNOWN"
        assert server.fingerprint in str(error)
    assert hosts.read_bytes() == before  # nothing is ever learnt


def test_known_hosts_that_cannot_be_read(server: Openssh, base: Path, tmp_path: Path) -> None:
    error = refused(settings(server, base, fingerprints=(), known_hosts=tmp_path / "absent"))
    assert code(error) == "CON-SSH_HOSTS"


def test_a_server_whose_key_has_changed(tmp_path: Path, base: Path) -> None:
    with running_sshd(tmp_path / "old") as old:
        hosts, first, port = old.known_hosts, old.fingerprint, old.port
        with opened(settings(old, base)) as share:
            share.write("entree", "avant.part", b"x")
    with running_sshd(tmp_path / "new", port=port) as new:
        for changes in ({"fingerprints": (), "known_hosts": hosts}, {"fingerprints": (first,)}):
            error = refused(settings(new, base, **changes))
            assert isinstance(error, AuthenticationRefused)
            assert code(error) == "CON-SSH_HOST_CHANGED"
            assert new.fingerprint in str(error)
            assert first in str(error)
        both = (first, new.fingerprint)  # announced before it changes
        with opened(settings(new, base, fingerprints=both)) as share:
            assert [one.name for one in share.entries("entree")] == ["avant.part"]


def test_a_server_known_by_the_least_liked_of_its_keys(tmp_path: Path, base: Path) -> None:
    keys = [make_key(tmp_path / kind, kind=kind) for kind in ("rsa", "ecdsa", "ed25519")]
    with running_sshd(tmp_path / "sshd", host_keys=keys) as server:
        for key in keys:
            server.host_key = key
            known = settings(server, base, fingerprints=(), known_hosts=server.known_hosts)
            with opened(known) as share:
                assert share.entries("entree") == ()


def test_a_server_of_the_last_century(tmp_path: Path, base: Path) -> None:
    """Its only cipher is one that nobody should use: nothing is said to it."""
    with running_sshd(tmp_path / "sshd") as server:
        config = server.folder / "sshd_config"
        old = config.read_text() + "Ciphers aes128-cbc\nMACs hmac-sha1\n"
        port = free_port()
        config.write_text(old.replace(f"Port {server.port}", f"Port {port}"))
        with _second(config, port):  # the first has read its file already
            error = refused(settings(server, base, port=port))
    assert code(error) == "CON-UNREACHABLE"


@contextmanager
def _second(config: Path, port: int) -> Iterator[None]:
    with subprocess.Popen([sshd_program(), "-D", "-e", "-f", str(config)], stderr=-3) as process:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.1)
            yield
        finally:
            process.terminate()


# who it is


def test_another_key_is_not_let_in(server: Openssh, base: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other").read_bytes()
    error = refused(settings(server, base, key=lambda: ("autre", other, "")))
    assert isinstance(error, AuthenticationRefused)
    assert code(error) == "CON-SSH_LOGIN"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda key: (key, "autre mot"), "autre mot de passe"),
        (lambda key: (key, ""), "il lui faut un mot de passe"),
        (lambda key: (b"", ""), "aucun genre connu"),
        (lambda key: (b"\xff\x00 rien", "x"), "abîmé"),
    ],
)
def test_a_key_that_does_not_open(
    server: Openssh, base: Path, change: Callable[[bytes], tuple[bytes, str]], said: str
) -> None:
    content, passphrase = change(server.key.read_bytes())
    error = refused(settings(server, base, key=lambda: ("client", content, passphrase)))
    assert isinstance(error, AuthenticationRefused)
    assert code(error) == "CON-SSH_KEY"
    assert said in str(error)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
@pytest.mark.parametrize("passphrase", ["", "un autre mot"])
def test_each_kind_of_key(
    server: Openssh, base: Path, tmp_path: Path, kind: str, passphrase: str
) -> None:
    key = make_key(tmp_path / "key", passphrase, kind)
    accepted = server.folder / "authorized_keys"
    accepted.write_text(accepted.read_text() + key.with_suffix(".pub").read_text())
    mine = ("key", key.read_bytes(), passphrase)
    with opened(settings(server, base, key=lambda: mine)) as share:
        assert share.entries("entree") == ()


def test_a_secret_that_cannot_be_read(server: Openssh, base: Path) -> None:
    def absent() -> tuple[str, bytes, str]:
        raise FaultError(Fault(code="CFG-SECRET_MISSING", params={"path": "absent"}))

    error = refused(settings(server, base, key=absent))
    assert isinstance(error, AuthenticationRefused)
    assert code(error) == "CFG-SECRET_MISSING"


def test_a_password_where_keys_alone_are_accepted(server: Openssh, base: Path) -> None:
    error = refused(settings(server, base, key=None, password=lambda: "un mot"))
    assert isinstance(error, AuthenticationRefused)
    assert code(error) == "CON-SSH_LOGIN"


class _Door(paramiko.ServerInterface):
    """Lets in whoever knows the word."""

    def check_auth_password(self, username: str, password: str) -> int:
        known = (username, password) == ("mairie", "le mot")
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


@pytest.mark.parametrize(
    ("word", "expected"), [("le mot", "CON-SHARE_TROUBLE"), ("autre", "CON-SSH_LOGIN")]
)
def test_a_password(tmp_path: Path, word: str, expected: str) -> None:
    """The account of a real server is not ours to make: this one holds no file."""
    key = make_key(tmp_path / "host")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            link, _ = listening.accept()
            transport = paramiko.Transport(link)
            transport.set_log_channel("demat.connectors.partage_sftp.paramiko")
            transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(key)))
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer)
            with suppress(paramiko.SSHException, EOFError):
                transport.start_server(server=_Door())
            transport.join()

        thread = threading.Thread(target=serve)
        thread.start()
        error = refused(
            SftpSettings(
                host="127.0.0.1",
                port=listening.getsockname()[1],
                user="mairie",
                base="/",
                fingerprints=(fingerprint(key),),
                password=lambda: word,
            )
        )
        thread.join()
    assert code(error) == expected  # let in: nothing is served, which it says


# how it fails


def test_nobody_listens(server: Openssh, base: Path) -> None:
    error = refused(settings(server, base, port=free_port()))
    assert type(error) is Unreachable
    assert "la connexion est refusée" in explain(next(iter(error.faults))).sentence


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 200 OK\r\n\r\n<html>"])
def test_something_else_listens(server: Openssh, base: Path, words: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            link, _ = listening.accept()
            with link:
                link.sendall(words)
                link.settimeout(20)
                with suppress(OSError):
                    while link.recv(4096):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        error = refused(settings(server, base, port=port, timeouts=SHORT))
        thread.join()
    assert type(error) is Unreachable


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (message, how)
        for message in ("open", "write", "fsync", "close")
        for how in ("before", "after", "hang")
        if (message, how) != ("close", "hang")  # synced and verified: nothing was lost
    ],
)
def test_a_server_that_dies_or_falls_silent_while_it_is_written_to(
    server: Openssh, base: Path, message: str, how: str
) -> None:
    """Its final name was not asked for: it was surely not handed over."""
    limits = SHORT if how == "hang" else LONG
    with opened(settings(server, base, timeouts=limits)) as share:
        server.fail(message, how)
        with pytest.raises(Unreachable) as caught:
            share.write("entree", "a.part", b"x" * 50_000)
        assert caught.type is Unreachable
        assert server.obeyed()
        share.write("entree", "a.part", b"y" * 50_000)  # by another connection
        assert (base / "entree" / "a.part").read_bytes() == b"y" * 50_000


@pytest.mark.parametrize(
    ("how", "done"), [("before", False), ("after", True), ("hang", False), ("refuse", False)]
)
def test_a_server_that_dies_at_the_renaming(
    server: Openssh, base: Path, how: str, done: bool
) -> None:
    limits = SHORT if how == "hang" else LONG
    with opened(settings(server, base, timeouts=limits)) as share:
        share.write("entree", "a.part", b"x")
        server.fail("rename", how)
        with pytest.raises(OutcomeUnknown):
            share.rename("entree", "a.part", "a")
        assert server.obeyed()
        assert (base / "entree" / "a").exists() is done
        assert share.look("entree", "a.part" if not done else "a") is not None


def test_a_renaming_that_is_not_allowed(server: Openssh, share: SftpPartage) -> None:
    share.write("entree", "a.part", b"x")
    server.fail("rename", "deny")
    with pytest.raises(AuthenticationRefused) as caught:
        share.rename("entree", "a.part", "a")
    assert caught.value.faults.codes == ("CON-SHARE_RIGHTS",)


def test_a_server_that_is_started_again(tmp_path: Path, base: Path) -> None:
    folder = tmp_path / "sshd"
    with running_sshd(folder) as server:
        share = SftpPartage(settings(server, base))
        assert share.entries("entree") == ()
        server.fail("open", "before")
    for _ in range(2):  # the connection dies, then nobody listens any more
        with pytest.raises(Unreachable):
            share.write("entree", "a.part", b"x")
    with running_sshd(folder, host_keys=(server.host_key,), port=server.port):
        share.write("entree", "a.part", b"x")
        share.rename("entree", "a.part", "a")
        share.close()
    assert (base / "entree" / "a").read_bytes() == b"x"


def test_a_read_only_server(tmp_path: Path, base: Path) -> None:
    with (
        running_sshd(tmp_path / "sshd", options="-R") as server,
        opened(settings(server, base)) as share,
    ):
        assert share.entries("entree") == ()
        with pytest.raises(AuthenticationRefused) as caught:
            share.write("entree", "a.part", b"x")
    assert caught.value.faults.codes == ("CON-SHARE_RIGHTS",)


def test_a_server_without_room(tmp_path: Path, base: Path) -> None:
    """Its system refuses the end of the file; what was written of it is removed."""
    with (
        running_sshd(tmp_path / "sshd", most_bytes=40_000) as server,
        opened(settings(server, base)) as share,
    ):
        with pytest.raises(Refused) as caught:
            share.write("entree", "a.part", b"x" * 100_000)
        assert caught.value.transient
        assert caught.value.faults.codes == ("CON-SHARE_WRITE",)
        assert list((base / "entree").iterdir()) == []
        share.write("entree", "a.part", b"x" * 40_000)


@pytest.mark.parametrize("folder", ["absent", "entree/absent"])
def test_a_folder_that_is_not_there(share: SftpPartage, folder: str) -> None:
    """The server answers: the others that use it have nothing to do with that."""
    for ask in (
        share.entries,
        lambda name: share.look(name, "a"),
        lambda name: share.write(name, "a.part", b"x"),
    ):
        with pytest.raises(AuthenticationRefused) as caught:
            ask(folder)
        assert caught.value.faults.codes == ("CON-SHARE_FOLDER",)


# servers that know less than OpenSSH


def test_without_fsync_what_was_written_is_read_again(
    server: Openssh, share: SftpPartage, base: Path
) -> None:
    server.fail("fsync", "unsupported")
    share.write("entree", "a.part", b"x" * 50_000)
    assert (base / "entree" / "a.part").read_bytes() == b"x" * 50_000


def test_without_posix_rename_a_renaming_overwrites_nothing_and_proves_less(
    server: Openssh, share: SftpPartage, base: Path
) -> None:
    server.fail("rename", "unsupported", times=3)
    assert not share.atomic("entree")
    share.write("entree", "a.part", b"x")
    share.rename("entree", "a.part", "a")
    share.write("entree", "a.part", b"y")
    with pytest.raises(OutcomeUnknown):
        share.rename("entree", "a.part", "a")
    assert server.obeyed()
    assert (base / "entree" / "a").read_bytes() == b"x"


def test_openssh_renames_in_one_step(share: SftpPartage) -> None:
    assert share.atomic("entree")


# what lies there


def test_whatever_lies_there_is_listed_and_only_plain_files_are_read(
    share: SftpPartage, base: Path
) -> None:
    sortie = base / "sortie"
    (sortie / "plain.xml").write_bytes(b"<a/>")
    (sortie / "folder.xml").mkdir()
    (sortie / "link.xml").symlink_to("/etc/passwd")
    os.mkfifo(sortie / "pipe.xml")
    Path(os.fsdecode(os.fsencode(str(sortie)) + b"/latin-\xe9.xml")).write_bytes(b"x")
    found = {one.name: one.plain for one in share.entries("sortie")}
    assert found == {
        "plain.xml": True,
        "folder.xml": False,
        "link.xml": False,
        "pipe.xml": False,
        "latin-\udce9.xml": True,
    }
    assert share.read("sortie", "plain.xml", most=10) == b"<a/>"
    for name in ("folder.xml", "link.xml", "pipe.xml", "absent.xml"):
        assert share.read("sortie", name, most=10) is None


def test_a_long_file_is_not_read_to_its_end(share: SftpPartage, base: Path) -> None:
    (base / "sortie" / "long.xml").write_bytes(b"x" * 1_000_000)
    assert share.read("sortie", "long.xml", most=100_000) == b"x" * 100_001


def test_ten_thousand_files(share: SftpPartage, base: Path) -> None:
    for rank in range(10_000):
        (base / "sortie" / f"099-{rank:05d}.xml").write_bytes(b"x")
    assert len(share.entries("sortie")) == 10_000


def test_what_is_moved_overwrites_nothing(share: SftpPartage, base: Path) -> None:
    for content in (b"1", b"2", b"3"):
        (base / "sortie" / "a.xml").write_bytes(content)
        share.move("sortie", "a.xml", "traites")
    moved = sorted(path.read_bytes() for path in (base / "traites").iterdir())
    assert moved == [b"1", b"2", b"3"]


def test_removing_says_whether_it_was_there(share: SftpPartage, base: Path) -> None:
    (base / "sortie" / "a.xml").write_bytes(b"x")
    assert share.remove("sortie", "a.xml")
    assert not share.remove("sortie", "a.xml")


# what is said of it


class _Kept(logging.Handler):
    """Keeps what reaches the root of the logs."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.names.append(record.name)


def test_paramiko_says_nothing_by_itself(
    server: Openssh, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept = _Kept()
    logging.getLogger().addHandler(kept)
    try:
        with opened(settings(server, base)) as share:
            share.write("entree", "a.part", b"x")
            server.fail("lstat", "before")
            with pytest.raises(Unreachable):
                share.look("entree", "a")
        refused(settings(server, base, fingerprints=("SHA256:" + "A" * 43,)))
    finally:
        logging.getLogger().removeHandler(kept)
    assert [name for name in kept.names if "paramiko" in name] == []


def test_neither_agent_nor_home_is_looked_at(
    server: Openssh, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that would be accepted lies where ssh looks for it; the configured one would not."""
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "id_ed25519").write_bytes(make_key(tmp_path / "mine").read_bytes())
    accepted = server.folder / "authorized_keys"
    accepted.write_text(accepted.read_text() + (tmp_path / "mine.pub").read_text())
    monkeypatch.setenv("HOME", str(home.parent))
    other = make_key(tmp_path / "other").read_bytes()
    error = refused(settings(server, base, key=lambda: ("other", other, "")))
    assert code(error) == "CON-SSH_LOGIN"
