"""What is particular to a bucket: its troubles, and what it is never told."""

import hashlib
import logging
import socket
import ssl
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demat.clock import SystemClock
from demat.faults import Fault, FaultError
from demat.labels_fr.catalogue import explain
from demat.queue.documents_s3 import DocumentBucket, S3Settings
from demat.sandbox.pki import make_pki
from tests.s3_server import SECRET_KEY, answering, ask, make_bucket, s3_server, settings

CONTENT = b"<PES_Aller/>"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PLACE = {"lieu": "s3://seau/mairies/essai"}
UNREACHABLE = Fault(code="QUE-S3_UNREACHABLE", params=PLACE)
NO_BUCKET = Fault(code="QUE-S3_BUCKET", params=PLACE)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as address:
        make_bucket(address, "seau")
        yield address


QUESTIONS: dict[str, Callable[[DocumentBucket], object]] = {
    "put": lambda bucket: bucket.put(CONTENT),
    "get": lambda bucket: bucket.get(SHA256),
    "has": lambda bucket: bucket.has(SHA256),
    "check": lambda bucket: bucket.check(SHA256),
    "head": lambda bucket: bucket.head(SHA256, 10),
    "local": lambda bucket: bucket.local(SHA256).__enter__(),
    "digests": lambda bucket: list(bucket.digests()),
}


def _told(bucket: DocumentBucket, question: str) -> Fault:
    with pytest.raises(FaultError) as caught:
        QUESTIONS[question](bucket)
    (fault,) = caught.value.faults
    return fault


def test_an_object_carries_the_digest_of_its_bytes() -> None:
    seen: list[dict[str, str]] = []
    with answering(200, b"", seen=seen) as address:
        DocumentBucket(settings(address, "seau")).put(CONTENT)
    (sent,) = seen
    assert sent["x-amz-checksum-sha256"] == b64encode(bytes.fromhex(SHA256)).decode()
    assert sent["x-amz-content-sha256"] == SHA256
    assert int(sent["content-length"]) == len(CONTENT)


def test_objects_may_lie_at_the_top_of_the_bucket(s3: str) -> None:
    make_bucket(s3, "tout-pour-demat")
    bucket = DocumentBucket(settings(s3, "tout-pour-demat", prefix=""))
    assert bucket.put(CONTENT) == SHA256
    assert list(bucket.digests()) == [SHA256]
    assert ask(s3, f"/tout-pour-demat/{SHA256[:2]}/{SHA256[2:]}")[0] == CONTENT


def test_what_others_laid_in_the_bucket_is_not_listed(s3: str) -> None:
    make_bucket(s3, "partage")
    ask(s3, "/partage/mairies/essai/lisez-moi.txt", method="PUT", body=b"x")
    ask(s3, f"/partage/mairies/essai/{SHA256}", method="PUT", body=b"x")
    bucket = DocumentBucket(settings(s3, "partage"))
    bucket.put(CONTENT)
    assert list(bucket.digests()) == [SHA256]


def test_the_copy_that_was_lent_goes_away(s3: str) -> None:
    bucket = DocumentBucket(settings(s3, "seau"))
    bucket.put(CONTENT)
    with bucket.local(SHA256) as path:
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_bucket_that_is_gone_never_passes_for_a_missing_document(s3: str, question: str) -> None:
    bucket = DocumentBucket(settings(s3, "disparu"))
    expected = Fault(code="QUE-S3_BUCKET", params={"lieu": "s3://disparu/mairies/essai"})
    assert _told(bucket, question) == expected


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_server_that_is_down(question: str) -> None:
    with socket.socket() as taken:  # bound, never listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert _told(DocumentBucket(settings(address, "seau")), question) == UNREACHABLE


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_right_that_is_refused(question: str, status: int) -> None:
    with answering(status, b"") as address:
        fault = _told(DocumentBucket(settings(address, "seau")), question)
    assert fault == Fault(code="QUE-S3_REFUSED", params={**PLACE, "detail": str(status)})


@pytest.mark.parametrize("question", ["put", "get", "digests"])
def test_the_words_of_s3_say_which_right(question: str) -> None:
    with answering(400, b"<Error><Code>SignatureDoesNotMatch</Code></Error>") as address:
        fault = _told(DocumentBucket(settings(address, "seau")), question)
    assert fault.code == "QUE-S3_REFUSED"
    assert fault.params["detail"] == "SignatureDoesNotMatch"


@pytest.mark.parametrize("question", ["get", "has", "check", "head", "local"])
@pytest.mark.parametrize(
    ("status", "body"),
    [(503, b"<Error><Code>SlowDown</Code></Error>"), (404, b"<html>Not here</html>")],
)
def test_only_the_words_of_s3_say_that_a_document_is_missing(
    question: str, status: int, body: bytes
) -> None:
    with answering(status, body) as address:
        assert _told(DocumentBucket(settings(address, "seau")), question) == UNREACHABLE


@pytest.mark.parametrize("question", ["get", "local"])
def test_a_page_instead_of_the_document(question: str) -> None:
    with answering(200, b"<html>Maintenance</html>") as address:
        fault = _told(DocumentBucket(settings(address, "seau")), question)
    assert fault == Fault(code="QUE-DOCUMENT_CORRUPT", params={"empreinte": SHA256})


@pytest.mark.parametrize("question", ["get", "check", "local"])
def test_an_answer_that_is_cut(question: str) -> None:
    with answering(200, CONTENT[:5], cut=len(CONTENT) - 5) as address:
        assert _told(DocumentBucket(settings(address, "seau")), question) == UNREACHABLE


def test_the_secret_is_neither_logged_nor_told(s3: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = []
    for status in (403, 500):
        with answering(status, b"<Error/>") as address:
            bucket = DocumentBucket(settings(address, "seau"))
            for question in ("put", "get"):
                with pytest.raises(FaultError) as caught:
                    QUESTIONS[question](bucket)
                told += [str(caught.value), repr(caught.value), str(caught.value.__cause__)]
    shown = "\n".join([caplog.text, *told, repr(settings(s3, "seau")), repr(bucket.__dict__)])
    assert "S3: " in caplog.text
    assert SECRET_KEY not in shown


def test_the_environment_may_say_who_asks(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "CLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-fictif")
    bucket = DocumentBucket(settings(s3, "seau", access_key="", secret_key="", region=""))
    assert bucket.get(bucket.put(CONTENT)) == CONTENT


def test_without_the_library_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(FaultError) as caught:
        DocumentBucket(S3Settings(bucket="seau"))
    (fault,) = caught.value.faults
    assert fault == Fault(code="CFG-S3_LIBRARY", params={"lieu": "s3://seau"})
    assert "demat[centre]" in explain(fault).remedy


@pytest.mark.parametrize("trusted", [True, False])
def test_a_private_authority_of_certification(tmp_path: Path, trusted: bool) -> None:
    pki = make_pki(tmp_path, now=SystemClock().now())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    authority = pki.ca_bundle.read_bytes() if trusted else None
    with answering(404, b"<Error><Code>NoSuchKey</Code></Error>", tls=context) as address:
        bucket = DocumentBucket(settings(address, "seau", authority=authority))
        if trusted:
            assert not bucket.has(SHA256)
        else:
            assert _told(bucket, "has") == UNREACHABLE
