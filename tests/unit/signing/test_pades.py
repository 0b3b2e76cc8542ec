"""Signatures of PDFs, really made with pyHanko and the keys of the test infrastructure."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pikepdf
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.validation.dss import DocumentSecurityStore

from demat.faults import Severity
from demat.sandbox.pki import Pki
from demat.signing.cms import MAX_SIGNERS, Coverage, DocumentSignature
from demat.signing.pades import check_pdf_signatures
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.signing.factory import NOW, sentence
from tests.unit.signing.pdfs import (
    StolenStamp,
    grown,
    partly_signed,
    sign_pdf,
    stamp_pdf,
    stamping_authority,
    text_pdf,
)

DAY = timedelta(days=1)
PLAIN = text_pdf("Le conseil municipal fixe les tarifs.", "Le maire, Camille Dupré")


@pytest.fixture(scope="module")
def good(pki: Pki) -> bytes:
    return sign_pdf(PLAIN, pki.maire, NOW - DAY)


def found(content: bytes, trust: TrustStore) -> DocumentSignature:
    (one,) = check_pdf_signatures(content, trust, NOW)
    for fault in one.reasons:
        sentence(fault)
    return one


def summary(one: DocumentSignature) -> tuple[Verdict, tuple[str, ...]]:
    return one.verdict, one.reasons.codes


ACCEPTED: tuple[Verdict, tuple[str, ...]] = (Verdict.ACCEPTED, ())


def refused(code: str) -> tuple[Verdict, tuple[str, ...]]:
    return Verdict.REFUSED, (code,)


def undecided(code: str) -> tuple[Verdict, tuple[str, ...]]:
    return Verdict.UNDECIDED, (code,)


def test_a_good_signature(good: bytes, trust: TrustStore) -> None:
    one = found(good, trust)
    assert summary(one) == ACCEPTED
    assert (one.name, one.signer, one.issuer) == (
        "Signature1",
        "Camille Dupré",
        "AC fille de démonstration",
    )
    assert (one.signing_time, one.time_proven) == (NOW - DAY, False)
    assert (one.coverage, one.intact, one.time_stamp) == (Coverage.WHOLE, True, False)


def test_a_pdf_that_nobody_signed(trust: TrustStore) -> None:
    assert check_pdf_signatures(PLAIN, trust, NOW) == ()


def test_a_field_that_still_waits_for_its_signature(trust: TrustStore) -> None:
    def add(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec("Signature1"))

    assert check_pdf_signatures(grown(PLAIN, add), trust, NOW) == ()


def test_one_byte_altered(good: bytes, trust: TrustStore) -> None:
    damaged = bytearray(good)
    damaged[damaged.index(b"stream\n") + 20] ^= 1
    one = found(bytes(damaged), trust)
    assert summary(one) == refused("SIG-PDF_ALTERED")
    assert (one.intact, one.signer) == (False, "Camille Dupré")


def test_the_value_of_the_signature_altered(good: bytes, trust: TrustStore) -> None:
    start = good.index(b"/Contents <") + len(b"/Contents <")
    der = bytes.fromhex(good[start : good.index(b">", start)].decode())
    last = len(der.rstrip(b"\x00")) - 1  # the value comes last
    digit = start + 2 * last
    other = b"0" if good[digit : digit + 1] != b"0" else b"1"
    altered = good[:digit] + other + good[digit + 1 :]
    assert summary(found(altered, trust)) == refused("SIG-PDF_VALUE")


def test_expired_when_it_signed(pki: Pki, trust: TrustStore) -> None:
    assert summary(found(sign_pdf(PLAIN, pki.expired, NOW), trust)) == refused("SIG-EXPIRED")


def test_expired_today_but_not_when_it_signed(pki: Pki, trust: TrustStore) -> None:
    assert summary(found(sign_pdf(PLAIN, pki.expired, NOW - 500 * DAY), trust)) == ACCEPTED


def test_revoked_when_it_signed(pki: Pki, trust: TrustStore) -> None:
    assert summary(found(sign_pdf(PLAIN, pki.revoked, NOW), trust)) == refused("SIG-REVOKED")


def test_revoked_since(pki: Pki, trust: TrustStore) -> None:
    assert summary(found(sign_pdf(PLAIN, pki.revoked, NOW - 60 * DAY), trust)) == ACCEPTED


def test_an_unknown_issuer_is_not_a_refusal(pki: Pki, good: bytes, trust: TrustStore) -> None:
    assert summary(found(good, TrustStore())) == undecided("SIG-UNTRUSTED")
    other = sign_pdf(PLAIN, pki.unknown_client, NOW)
    assert summary(found(other, trust)) == undecided("SIG-UNTRUSTED")


def test_no_revocation_list(good: bytes, trust: TrustStore) -> None:
    assert summary(found(good, replace(trust, crls=()))) == undecided("SIG-NO_CRL")


def test_the_revocation_lists_that_the_file_carries(good: bytes, trust: TrustStore) -> None:
    """The first signature stays good when its evidence is added after it (PAdES LT)."""
    out = BytesIO(good)
    DocumentSecurityStore.add_dss(out, None, crls=_lists(trust), force_write=True)
    one = found(out.getvalue(), replace(trust, crls=()))
    assert (summary(one), one.coverage) == (ACCEPTED, Coverage.EXTENDED)


def test_evidence_that_is_rubbish_decides_nothing(good: bytes, trust: TrustStore) -> None:
    def add(writer: IncrementalPdfFileWriter) -> None:
        rubbish = writer.add_object(generic.StreamObject(stream_data=b"rubbish"))
        writer.root["/DSS"] = writer.add_object(
            generic.DictionaryObject({generic.pdf_name("/CRLs"): generic.ArrayObject([rubbish])})
        )
        writer.update_root()

    assert summary(found(grown(good, add), replace(trust, crls=()))) == undecided("SIG-NO_CRL")


def _lists(trust: TrustStore) -> list[object]:
    from asn1crypto.crl import CertificateList

    return [CertificateList.load(one) for one in trust.crls]


def _shrink(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/MediaBox"] = generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 99, 99)])
    writer.update_container(page)


def _add_page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    page = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Page"),
            generic.pdf_name("/Parent"): writer.root.raw_get("/Pages"),
        }
    )
    pages["/Kids"].append(writer.add_object(page))
    pages["/Count"] = generic.NumberObject(3)
    writer.update_container(pages)


@pytest.mark.parametrize("edit", [_shrink, _add_page])
def test_a_page_changed_by_a_later_update(
    good: bytes, trust: TrustStore, edit: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    one = found(grown(good, edit), trust)
    assert summary(one) == refused("SIG-PDF_CHANGED")
    assert (one.coverage, one.intact) == (Coverage.CHANGED, True)


def _with_text_field(writer: IncrementalPdfFileWriter) -> None:
    field = generic.DictionaryObject(
        {
            generic.pdf_name("/FT"): generic.pdf_name("/Tx"),
            generic.pdf_name("/T"): generic.pdf_string("Date"),
            generic.pdf_name("/V"): generic.pdf_string(""),
        }
    )
    fields = generic.ArrayObject([writer.add_object(field)])
    form = generic.DictionaryObject({generic.pdf_name("/Fields"): fields})
    writer.root["/AcroForm"] = writer.add_object(form)
    writer.update_root()


def _fill(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0].get_object()
    field["/V"] = generic.pdf_string("20/11/2026")
    writer.update_container(field)


@pytest.mark.parametrize(
    ("permission", "expected", "coverage"),
    [
        (MDPPerm.FILL_FORMS, ACCEPTED, Coverage.EXTENDED),
        (MDPPerm.NO_CHANGES, refused("SIG-PDF_CHANGED"), Coverage.CHANGED),
    ],
)
def test_a_field_filled_as_the_signatory_allows(
    pki: Pki, trust: TrustStore, permission: MDPPerm, expected: object, coverage: Coverage
) -> None:
    form = grown(PLAIN, _with_text_field)
    certified = sign_pdf(form, pki.maire, NOW, certify=True, docmdp_permissions=permission)
    assert summary(found(certified, trust)) == ACCEPTED
    one = found(grown(certified, _fill), trust)
    assert (summary(one), one.coverage) == (expected, coverage)


def test_two_signatures(pki: Pki, good: bytes, trust: TrustStore) -> None:
    both = sign_pdf(good, pki.revoked, NOW, field="Adjoint")
    first, second = check_pdf_signatures(both, trust, NOW)
    assert (summary(first), first.coverage) == (ACCEPTED, Coverage.EXTENDED)
    assert (summary(second), second.coverage) == (refused("SIG-REVOKED"), Coverage.WHOLE)
    assert (first.name, second.name) == ("Signature1", "Adjoint")


def test_a_signature_that_leaves_a_hole(good: bytes, trust: TrustStore) -> None:
    """What stands between the two signed parts is more than the signature itself."""
    at = good.index(b"/ByteRange [") + len(b"/ByteRange [")
    numbers = good[at : good.index(b"]", at)]
    _, first, second, last = (int(one) for one in numbers.split())
    wider = b"%d %d %d %d" % (0, first, second + 16, last - 16)
    holed = good.replace(numbers, wider.ljust(len(numbers)))
    assert found(holed, trust).verdict is Verdict.REFUSED  # the digest is another one too


def test_a_signature_that_leaves_the_end_out(pki: Pki, good: bytes, trust: TrustStore) -> None:
    """Rightly signed, but anything may be written where the signature does not look."""
    one = found(partly_signed(good, pki.maire, NOW), trust)
    assert (one.intact, one.coverage) == (True, Coverage.PARTIAL)
    assert summary(one) == refused("SIG-PDF_PARTIAL")


def test_a_weak_digest(pki: Pki, trust: TrustStore) -> None:
    one = found(sign_pdf(PLAIN, pki.maire, NOW, md_algorithm="sha1"), trust)
    assert (summary(one), one.intact) == (undecided("SIG-PDF_WEAK"), True)


def test_a_time_that_has_not_come(pki: Pki, trust: TrustStore) -> None:
    soon = sign_pdf(PLAIN, pki.maire, NOW + timedelta(minutes=30))
    assert summary(found(soon, trust)) == ACCEPTED
    later = found(sign_pdf(PLAIN, pki.maire, NOW + 3 * DAY), trust)
    assert summary(later) == undecided("SIG-PDF_FUTURE")


def test_adobe_signatures_are_read_too(pki: Pki, trust: TrustStore) -> None:
    adobe = sign_pdf(PLAIN, pki.maire, NOW, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    one = found(adobe, trust)
    assert (summary(one), one.signing_time) == (ACCEPTED, NOW)


def test_a_kind_that_nobody_checks_any_more(good: bytes, trust: TrustStore) -> None:
    old = good.replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 ")
    assert old != good
    assert summary(found(old, trust)) == undecided("SIG-PDF_KIND")


def test_a_signature_that_was_removed(good: bytes, trust: TrustStore) -> None:
    def remove(writer: IncrementalPdfFileWriter) -> None:
        del writer.root["/AcroForm"]
        writer.update_root()

    assert summary(found(grown(good, remove), trust)) == undecided("SIG-PDF_REMOVED")


def test_contents_that_are_no_signature(good: bytes, trust: TrustStore) -> None:
    start = good.index(b"/Contents <") + len(b"/Contents <")
    rubbish = good[:start] + b"00" * 8 + good[start + 16 :]
    assert summary(found(rubbish, trust)) == undecided("SIG-PDF_UNREADABLE")


def test_nothing_hostile_escapes_as_an_exception(good: bytes, trust: TrustStore) -> None:
    for rank in range(0, len(good), 419):
        damaged = good[:rank] + b"\xff<<" + good[rank + 3 :]
        for one in check_pdf_signatures(damaged, trust, NOW):
            assert one.verdict is not Verdict.ACCEPTED


def test_too_many_signatures(good: bytes, trust: TrustStore) -> None:
    """One dictionary under many fields: no more than some are looked at."""

    def add(writer: IncrementalPdfFileWriter) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        value = fields[0].get_object().raw_get("/V")
        for rank in range(MAX_SIGNERS):
            field = generic.DictionaryObject(
                {
                    generic.pdf_name("/FT"): generic.pdf_name("/Sig"),
                    generic.pdf_name("/T"): generic.pdf_string(f"Copie{rank}"),
                    generic.pdf_name("/V"): value,
                }
            )
            fields.append(writer.add_object(field))
        writer.update_container(fields)

    found_ones = check_pdf_signatures(grown(good, add), trust, NOW)
    assert len(found_ones) == MAX_SIGNERS + 1
    assert found_ones[-1].reasons.codes == ("SIG-PDF_MANY",)


def test_a_restricted_pdf_is_read_without_password(trust: TrustStore, pki: Pki) -> None:
    stream = BytesIO()
    with pikepdf.open(BytesIO(PLAIN)) as pdf:
        pdf.save(stream, encryption=pikepdf.Encryption(owner="o", user=""))
    signed = sign_pdf(stream.getvalue(), pki.maire, NOW, encrypted=True)
    assert summary(found(signed, trust)) == ACCEPTED


def test_what_could_not_be_checked_is_a_warning(good: bytes) -> None:
    (fault,) = found(good, TrustStore()).reasons
    assert fault.severity is Severity.WARNING


# ---------------------------------------------------------------------------- time-stamps


def test_a_trusted_time_stamp_proves_the_time(pki: Pki, trust: TrustStore) -> None:
    authority = stamping_authority(usage=ExtendedKeyUsageOID.TIME_STAMPING)
    trusting = authority.trusted_by(trust)
    stamped = sign_pdf(PLAIN, pki.expired, NOW, stamper=authority.stamper(NOW - 500 * DAY))
    one = found(stamped, trusting)
    assert (one.signing_time, one.time_proven) == (NOW - 500 * DAY, True)
    assert summary(one) == ACCEPTED  # valid then, whatever the signatory claims
    assert summary(found(stamped, trust)) == refused("SIG-EXPIRED")  # nobody trusts the stamp


def test_a_certificate_that_is_not_made_for_time_stamps(pki: Pki, trust: TrustStore) -> None:
    authority = stamping_authority(usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    stamped = sign_pdf(PLAIN, pki.expired, NOW, stamper=authority.stamper(NOW - 500 * DAY))
    one = found(stamped, authority.trusted_by(trust))
    assert (one.signing_time, one.time_proven) == (NOW, False)


def test_the_time_stamp_of_another_signature(pki: Pki, trust: TrustStore) -> None:
    """A good time-stamp, cut out of elsewhere, says nothing about this signature."""
    authority = stamping_authority(usage=ExtendedKeyUsageOID.TIME_STAMPING)
    stamper = authority.stamper(NOW - 500 * DAY)
    token = asyncio.run(stamper.async_timestamp(b"\x01" * 32, "sha256"))
    stealing = StolenStamp(token)
    stamped = sign_pdf(PLAIN, pki.expired, NOW, stamper=stealing)
    one = found(stamped, authority.trusted_by(trust))
    assert (one.time_proven, summary(one)) == (False, refused("SIG-EXPIRED"))


def test_a_time_stamp_on_the_document(good: bytes, trust: TrustStore) -> None:
    """It comes after the signature, covers it, and is nobody's consent."""
    authority = stamping_authority(usage=ExtendedKeyUsageOID.TIME_STAMPING)
    trusting = authority.trusted_by(trust)
    stamped = stamp_pdf(good, authority.stamper(NOW))
    signature, stamp = check_pdf_signatures(stamped, trusting, NOW)
    assert (summary(signature), signature.coverage) == (ACCEPTED, Coverage.EXTENDED)
    assert (summary(stamp), stamp.time_stamp, stamp.signing_time) == (ACCEPTED, True, NOW)
    damaged = bytearray(stamped)
    damaged[damaged.index(b"stream\n") + 20] ^= 1
    both = check_pdf_signatures(bytes(damaged), trusting, NOW)
    assert [summary(one) for one in both] == [refused("SIG-PDF_ALTERED")] * 2
