"""The folder of lists and answers: nothing is lost, nothing altered is believed."""

import logging
from datetime import datetime
from pathlib import Path

import pytest

from demat.faults import FaultError
from demat.signing import revocation_folder
from demat.signing.revocation import Subject
from demat.signing.revocation_folder import Memo, RevocationFolder
from tests.fictional_authority import DAY, FictionalAuthority, der, new_key
from tests.unit.signing.factory import NOW

POINT = ("http://crl.exemple/ac.crl",)
AC = FictionalAuthority(NOW, crl_address=POINT[0])
LEAF = AC.issue(key=new_key())
SUBJECT = Subject(LEAF, AC.certificate)


def kept(folder: Path, *contents: bytes, point: tuple[str, ...] = POINT) -> RevocationFolder:
    made = RevocationFolder(folder / "revocation")
    for content in contents:
        made.keep_list(SUBJECT, point, content, address=point[0], at=NOW)
    return made


def names(folder: RevocationFolder) -> list[str]:
    return sorted(path.name for path in folder.folder.rglob("crl-*"))


def newest(folder: RevocationFolder, point: tuple[str, ...] = POINT) -> datetime | None:
    found = folder.newest_list(SUBJECT, point)
    return found.this_update if found else None


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    assert (newest(folder), folder.newest_answer(SUBJECT)) == (None, None)
    assert folder.evidence(SUBJECT, NOW) == ([], [])
    assert folder.memo("http://x/") == Memo()
    assert folder.wanted(NOW) == ()
    assert not folder.folder.exists()


def test_every_accepted_list_is_kept_and_the_newest_is_known(tmp_path: Path) -> None:
    folder = kept(tmp_path, AC.crl(made=-2 * DAY), AC.crl(made=-DAY), AC.crl(made=-3 * DAY))
    assert len(names(folder)) == 3
    assert newest(folder) == NOW - DAY
    assert {name.split("-")[2] for name in names(folder)} == {
        "20261117T093015Z",
        "20261118T093015Z",
        "20261119T093015Z",
    }


def test_the_same_list_is_kept_once(tmp_path: Path) -> None:
    content = AC.crl()
    folder = kept(tmp_path, content)
    (path,) = folder.folder.rglob("crl-*")
    before = path.stat().st_mtime_ns
    kept(tmp_path, content)
    assert (len(names(folder)), path.stat().st_mtime_ns) == (1, before)


def test_what_is_not_believed_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(FaultError):
        kept(tmp_path, AC.crl(key=new_key()))
    folder = RevocationFolder(tmp_path / "revocation")
    with pytest.raises(FaultError):
        folder.keep_answer(SUBJECT, AC.answer(AC.issue()), address="x", at=NOW)
    assert not folder.folder.exists()


def test_each_list_of_an_authority_has_its_own_newest(tmp_path: Path) -> None:
    folder = kept(tmp_path, AC.crl(made=-DAY))
    other = ("http://crl.exemple/autre.crl",)
    kept(tmp_path, AC.crl(made=-2 * DAY), point=other)
    assert newest(folder) == NOW - DAY
    assert newest(folder, other) == NOW - 2 * DAY
    lists, _ = folder.evidence(SUBJECT, NOW)
    assert len(lists) == 2


def test_the_newest_answer_is_known(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    for days in (1, 3, 2):
        content = AC.answer(LEAF, made=-days * DAY, until=DAY)
        folder.keep_answer(SUBJECT, content, address="x", at=NOW)
    found = folder.newest_answer(SUBJECT)
    assert found is not None
    assert found.this_update == NOW - DAY
    assert len(folder.evidence(SUBJECT, NOW)[1]) == 3
    assert folder.evidence(Subject(AC.issue(), AC.certificate), NOW) == ([], [])


@pytest.mark.parametrize("damage", [b"", b"junk"])
def test_a_damaged_file_is_no_evidence(tmp_path: Path, caplog, damage: bytes) -> None:
    older = AC.crl(made=-2 * DAY)
    folder = kept(tmp_path, older, AC.crl(made=-DAY))
    path = next(iter(folder.folder.rglob("crl-*-20261119*")))
    path.write_bytes(damage)
    with caplog.at_level(logging.ERROR):
        assert newest(folder) == NOW - 2 * DAY
        assert folder.evidence(SUBJECT, NOW)[0] == [older]
    assert "revocation evidence unusable" in caplog.text


def test_a_damaged_answer_is_no_evidence(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    folder.keep_answer(SUBJECT, AC.answer(LEAF), address="x", at=NOW)
    next(iter(folder.folder.rglob("ocsp-*"))).write_bytes(b"junk")
    assert folder.newest_answer(SUBJECT) is None
    assert folder.evidence(SUBJECT, NOW) == ([], [])


def test_a_list_swapped_for_another_genuine_one_is_no_evidence(tmp_path: Path) -> None:
    folder = kept(tmp_path, AC.crl((LEAF, NOW - DAY)))
    next(iter(folder.folder.rglob("crl-*"))).write_bytes(AC.crl())
    assert folder.evidence(SUBJECT, NOW) == ([], [])


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    folder = kept(tmp_path, AC.crl())
    (folder.folder / SUBJECT.issuer_key / "crl-notes.txt").write_text("x")
    (folder.folder / SUBJECT.issuer_key / "crl-a-b-c").write_text("x")
    assert len(folder.evidence(SUBJECT, NOW)[0]) == 1


def test_addresses_are_remembered(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    memo = Memo(asked="2026-11-20T09:30:15+00:00", etag='"é"', modified="Thu")
    folder.remember("http://x/", memo)
    folder.remember("http://y/", Memo())
    assert (folder.memo("http://x/"), folder.memo("http://z/")) == (memo, Memo())


@pytest.mark.parametrize("content", ["", "[]", "{", '{"http://x/": 3}', '{"http://x/": {"a": 1}}'])
def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, content: str) -> None:
    folder = kept(tmp_path)
    folder.folder.mkdir()
    (folder.folder / "adresses.json").write_text(content)
    assert folder.memo("http://x/") == Memo()
    folder.remember("http://x/", Memo(etag="1"))
    assert folder.memo("http://x/") == Memo(etag="1")


def test_certificates_of_others_wait_until_they_end(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    ends = AC.issue(days=(-2, 2), key=new_key())
    folder.want([der(LEAF), der(ends), der(LEAF)])
    assert set(folder.wanted(NOW)) == {der(LEAF), der(ends)}
    (folder.folder / "a-demander" / "x.cer").write_bytes(b"junk")
    assert folder.wanted(NOW + 3 * DAY) == (der(LEAF),)
    assert len(list((folder.folder / "a-demander").iterdir())) == 1


def test_certificates_of_others_are_not_remembered_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation_folder, "MAX_WANTED", 2)
    folder = kept(tmp_path)
    first, second = der(AC.issue()), der(AC.issue())
    folder.want([first, first, second, der(AC.issue())])
    assert set(folder.wanted(NOW)) == {first, second}
    folder.want([der(AC.issue())])
    assert len(folder.wanted(NOW)) == 2


def test_certificates_that_cannot_be_remembered_stop_nothing(tmp_path: Path, caplog) -> None:
    (tmp_path / "revocation").write_text("in the way")
    folder = RevocationFolder(tmp_path / "revocation")
    folder.want([der(LEAF)])
    assert "certificates not remembered" in caplog.text
