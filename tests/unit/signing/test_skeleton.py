"""The rules say the same of a document read as a skeleton as of the whole of it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demat.faults import FaultError
from demat.sandbox.pki import Pki
from demat.signing import verify as verifying
from demat.signing.keys import KeyFileSigner
from demat.signing.skeleton import skeleton_of
from demat.signing.trust import TrustStore
from demat.signing.verify import PES_ELEMENTS, Verdict, overall, verify
from demat.signing.xades import sign_elements
from demat.xmlio import parse_untrusted
from tests.unit.signing.factory import NOW, OPTIONS, plain_document, seal

NAMES = {path.rpartition("/")[2] for path in PES_ELEMENTS}


def _signed(signer: KeyFileSigner, count: int = 2, encoding: str = "ISO-8859-1") -> bytes:
    ids = [f"B{rank}" for rank in range(1, count + 1)]
    return sign_elements(
        plain_document(count, encoding=encoding), ids, signer=signer, options=OPTIONS, at=NOW
    )


@pytest.fixture(scope="module")
def trust(pki: Pki) -> TrustStore:
    return TrustStore.from_folder(pki.trust_folder)


def _both(content: bytes, trust: TrustStore, monkeypatch: pytest.MonkeyPatch):
    """Return the reports on a document, which must be the same without a skeleton."""

    def outcome() -> object:
        try:
            return verify(content, trust=trust, now=NOW)
        except FaultError as error:
            return error.faults.codes

    found = outcome()
    with monkeypatch.context() as patched:
        patched.setattr(verifying, "skeleton_of", lambda *_: None)
        assert outcome() == found
    return found


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-8"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_signed_document_is_accepted_either_way(
    signer: KeyFileSigner, trust: TrustStore, monkeypatch, count: int, encoding: str
) -> None:
    content = _signed(signer, count, encoding)
    skeleton = skeleton_of(content, NAMES)
    assert skeleton is not None
    assert b"Objet" not in skeleton.document
    assert skeleton.document.count(b"\n") == content.count(b"\n")
    assert skeleton.fits(parse_untrusted(skeleton.document))
    assert overall(_both(content, trust, monkeypatch)) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        (b'IdPce V="1"', b'IdPce V="2"', {"SIG-DIGEST"}),
        (b'IdPce V="1" /', b'IdPce  V="1" /', set()),  # a blank that no digest sees
        (b"<Note>a", b"<Note> a", {"SIG-DIGEST"}),
        (b"<Note>a &amp; b</Note>", b"", {"SIG-DIGEST"}),
        (b"</Piece>", b"</Piece><Signature/>", {"SIG-DIGEST"}),
        (b"</Piece>", b'</Piece><X Id="B2"/>', {"SIG-DUPLICATE_ID"}),
        (b"</Piece>", b"</Piece><Bordereau/>", {"SIG-DIGEST"}),
        (b"<Piece>", b"<Piece><!-- -->", set()),
        (b'"ISO-8859-1"', b'"ISO-8859-15"', set()),
        (b'"ISO-8859-1"', b'"windows-1252"', set()),
        (b' encoding="ISO-8859-1"', b"", {"XML-ENCODING"}),
        (b' encoding="ISO-8859-1"', b" " * 300 + b' encoding="ISO-8859-1"', set()),
        (b"<n:PES_Aller ", b'<n:PES_Aller xmlns="urn:x" ', {"SIG-PLACE"}),
        (b"</ds:Signature></Bordereau>", b"</ds:Signature> </Bordereau>", {"SIG-DIGEST"}),
        (b"</ds:Signature></Bordereau>", b"</ds:Signature><X/></Bordereau>", {"SIG-DIGEST"}),
        (b"<Piece>", b"<Piece><Bordereau>", {"XML-SYNTAX"}),
    ],
)
def test_what_was_changed_is_told_either_way(
    signer: KeyFileSigner, trust: TrustStore, monkeypatch, old: bytes, new: bytes, codes: set[str]
) -> None:
    content = _signed(signer)
    assert old in content
    found = _both(content.replace(old, new, 1), trust, monkeypatch)
    if found and isinstance(found[0], str):
        assert set(found) == codes
    else:
        told = {code for report in found for code in report.reasons.blocking.codes}
        assert codes <= told
        assert (told == set()) == (codes == set())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Piece>", b"<Piece><!-- -->"),
        (b"<Piece>", b"<Piece><![CDATA[]]>"),
        (b"<Piece>", b"<Piece><?p?>"),
        (b" <PES_DepenseAller>", b" <PES_DepenseAller><!-- -->"),
        (b" <PES_DepenseAller>", b" <PES_DepenseAller><![CDATA[]]>"),
        (b"</n:PES_Aller>", b"</n:PES_Aller><?p?>"),
        (b"<Piece>", b"<Piece><Bordereau/>"),
        (b"<Piece>", b"<Piece a='1'>"),
        (b"<Piece>", b'<Piece Id="B1">'),
        (b"<Piece>", b"<n:Piece>"),
        (b"<Piece>", b"<X>"),
        (b"<Note>a", b"<Note>\r\na"),
        (b"<Note>a", b"<Note>>"),
        (b"<Note>a", b"<Note>&#97;"),
    ],
)
def test_in_any_doubt_there_is_no_skeleton(
    signer: KeyFileSigner, trust: TrustStore, monkeypatch, old: bytes, new: bytes
) -> None:
    content = _signed(signer).replace(old, new, 1)
    assert skeleton_of(content, NAMES) is None
    _both(content, trust, monkeypatch)


def test_a_seal_around_the_bordereaux_needs_the_whole_document(
    signer: KeyFileSigner, trust: TrustStore, monkeypatch
) -> None:
    content = seal(_signed(signer), signer)
    assert skeleton_of(content, NAMES) is None
    assert len(_both(content, trust, monkeypatch)) == 3


def test_a_signature_deeper_than_it_seems_is_not_lifted(
    signer: KeyFileSigner, trust: TrustStore, monkeypatch
) -> None:
    """Taken out, what is open before a signature would bring it nearer to the bordereau."""
    content = _signed(signer, 1)
    deeper = content.replace(b"<ds:Signature ", b"<Piece><ds:Signature ", 1)
    deeper = deeper.replace(b"</ds:Signature>", b"</ds:Signature></Piece>", 1)
    assert skeleton_of(deeper, NAMES) is None
    assert overall(_both(deeper, trust, monkeypatch)) is Verdict.REFUSED


def test_a_mark_cannot_be_forged(signer: KeyFileSigner) -> None:
    content = _signed(signer, 1)
    skeleton = skeleton_of(content, NAMES)
    assert skeleton is not None
    document = skeleton.document
    mark = document[document.index(b"demat-") :][:38]
    for forged in (
        document.replace(b"<PES_DepenseAller>", b"<PES_DepenseAller><X>" + mark + b"</X>"),
        document.replace(mark, b""),
        document.replace(b"<Bordereau ", b'<Bordereau xmlns="urn:x" '),
        document.replace(b"</Bordereau>", b"<X/></Bordereau>"),
        document.replace(b'"ISO-8859-1"', b'"UTF-8"'),
    ):
        assert not skeleton.fits(parse_untrusted(forged))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_byte_that_changes(
    signer: KeyFileSigner, trust: TrustStore, monkeypatch, data: st.DataObject
) -> None:
    content = bytearray(_signed(signer))
    for _ in range(data.draw(st.integers(1, 2))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] = data.draw(st.sampled_from(b"<>/\"'& =xBd1\n\r\t-!?\xe9"))
    _both(bytes(content), trust, monkeypatch)
