"""Time-stamps (RFC 3161): the request, the check of the answer, the judgment of a kept token.

A token proves that some bytes existed at an instant, if one trusts the authority that made it. What
is stamped is always named by its SHA-256, so that a digest of the journal can be stamped as well.
The certificate of the authority is judged at the instant of the token, as every chain here, from
explicit roots and never through the network (architecture, decision 17).
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1

from demat.faults import Fault, FaultError, Faults
from demat.signing.certificate import describe, load_certificate
from demat.signing.cms import (
    MALFORMED,
    MAX_SIGNERS,
    designated,
    digest_of,
    given_certificates,
    verdict_of,
)
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict

__all__ = [
    "NONCE_BYTES",
    "StampReport",
    "certificates_of",
    "check_token",
    "make_request",
    "read_response",
]

NONCE_BYTES = 8
"""Size of the random number that binds an answer to its request."""
MAX_TOKEN_BYTES = 1 << 20
"""A token holds a few certificates: longer ones are not read."""

_STRONG = frozenset({"sha256", "sha384", "sha512"})
_GRANTED = frozenset({"granted", "granted_with_mods"})


@dataclass(frozen=True, kw_only=True, slots=True)
class StampReport:
    """What one time-stamp is worth."""

    verdict: Verdict
    """Refused when it proves nothing on those bytes, undecided when its authority is unknown."""
    reasons: Faults
    """Why it is not accepted, codes ``SIG-…``."""
    instant: datetime | None = None
    """Instant that it tells, UTC; ``None`` when it cannot be read."""
    authority: str = ""
    """Common name of the certificate that made it."""
    policy: str = ""
    """OID of the policy of the authority."""
    serial: str = ""
    """Number of the token, decimal."""
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    """Certificates that it carries, DER."""


class _Response(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """``TimeStampResp`` (RFC 3161 §2.4.2); asn1crypto's own class cannot read a refusal."""

    _fields = [  # noqa: RUF012 - asn1crypto's way
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


def make_request(sha256: str, *, nonce: int, policy: str = "") -> bytes:
    """Return the DER ``TimeStampReq`` of a digest (RFC 3161 §2.4.1).

    :param sha256: digest of what is to be stamped, hexadecimal.
    :param nonce: random number, never used twice.
    :param policy: OID of the policy that is wanted; empty for the authority's own.
    """
    fields = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256", "parameters": core.Null()},
            "hashed_message": bytes.fromhex(sha256),
        },
        "nonce": nonce,
        "cert_req": True,
    }
    if policy:
        fields["req_policy"] = policy
    made: bytes = tsp.TimeStampReq(fields).dump()
    return made


def read_response(response: bytes, *, sha256: str, nonce: int, policy: str = "") -> bytes:
    """Check the answer of an authority and return its token, DER (RFC 3161 §2.4.2).

    :raises FaultError: ``SIG-TSA_UNREADABLE``, ``SIG-TSA_REFUSED``, ``SIG-TSA_NONCE``,
        ``SIG-TSA_POLICY``, or what :func:`check_token` refuses.
    """
    try:
        _limit(response)
        answer = _Response.load(response, strict=True)
        status = str(answer["status"]["status"].native)
        if status not in _GRANTED:
            raise FaultError(_refused(answer["status"], status))
        token: bytes = answer["time_stamp_token"].dump()
        info = _info_of(_signed_data(token))
        answered = info["nonce"].native, str(info["policy"].native)
    except MALFORMED as error:
        raise FaultError(_unreadable(error)) from error
    if answered[0] != nonce:
        raise FaultError(Fault(code="SIG-TSA_NONCE"))
    if policy and answered[1] != policy:
        raise FaultError(Fault(code="SIG-TSA_POLICY", params={"policy": answered[1]}))
    _checked(token, sha256)[1].raise_if_blocking()
    return token


def check_token(token: bytes, *, sha256: str, trust: TrustStore) -> StampReport:
    """Judge a kept token on the digest of some bytes.

    :param trust: authorities that are trusted for time-stamps, and their revocation lists.
    :return: never raises: what cannot be read is refused with ``SIG-TSA_UNREADABLE``; then
        ``SIG-TSA_IMPRINT``, ``SIG-TSA_SIGNER``, ``SIG-TSA_USAGE``, ``SIG-TSA_VALUE``,
        ``SIG-TSA_WEAK``, and what :meth:`TrustStore.check_chain` says of the authority.
    """
    try:
        read, reasons = _checked(token, sha256)
        chain = _chain(read, trust) if not reasons.blocking else Faults()
    except FaultError as error:
        return StampReport(verdict=Verdict.REFUSED, reasons=error.faults)
    except MALFORMED as error:
        return StampReport(verdict=Verdict.REFUSED, reasons=Faults([_unreadable(error)]))
    reasons += chain
    return StampReport(
        verdict=verdict_of(reasons),
        reasons=reasons,
        instant=read.instant,
        authority=describe(load_certificate(read.certificate.dump())).holder,
        policy=str(read.info["policy"].native),
        serial=str(read.info["serial_number"].native),
        certificates=(read.certificate.dump(), *(one.dump() for one in read.others)),
    )


def certificates_of(token: bytes) -> tuple[bytes, ...]:
    """Return the certificates that a token carries, DER; none when it cannot be read."""
    try:
        given = given_certificates(_signed_data(token))
        return tuple(one.dump() for one in given[:MAX_SIGNERS])
    except MALFORMED:
        return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Token:
    """A token whose parts were found."""

    info: tsp.TSTInfo
    certificate: asn1.Certificate
    others: tuple[asn1.Certificate, ...]

    @property
    def instant(self) -> datetime:
        """``genTime``, UTC."""
        told: datetime = self.info["gen_time"].native
        return told


def _checked(token: bytes, sha256: str) -> tuple[_Token, Faults]:
    """Read a token, and check everything but the chain of its authority."""
    signed = _signed_data(token)
    info = _info_of(signed)
    signers = list(signed["signer_infos"])
    if len(signers) != 1:
        raise FaultError(Fault(code="SIG-TSA_SIGNER"))
    (signer,) = signers
    given = given_certificates(signed)
    own = designated(signer, given)
    if own is None or not _is_named_under(signer, own):
        raise FaultError(Fault(code="SIG-TSA_SIGNER"))
    others = tuple(one for one in given if one is not own)[:MAX_SIGNERS]
    read = _Token(info=info, certificate=own, others=others)
    return read, _imprint(info, sha256) + _usage(own) + _value(signed, signer, own)


def _limit(content: bytes) -> None:
    if len(content) > MAX_TOKEN_BYTES:
        raise ValueError(f"more than {MAX_TOKEN_BYTES} bytes")


def _signed_data(token: bytes) -> cms.SignedData:
    _limit(token)
    outer = cms.ContentInfo.load(token, strict=True)
    if outer["content_type"].native != "signed_data":
        raise ValueError("not a signed message")
    return outer["content"]


def _info_of(signed: cms.SignedData) -> tsp.TSTInfo:
    if signed["encap_content_info"]["content_type"].native != "tst_info":
        raise ValueError("not a time-stamp")
    info = signed["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise TypeError("no TSTInfo")
    info.native  # noqa: B018 - asn1crypto reads lazily: what is malformed shows up here
    return info


def _is_named_under(signer: cms.SignerInfo, certificate: asn1.Certificate) -> bool:
    """Tell whether the signed attributes name that certificate (RFC 3161 §2.4.2, RFC 5816)."""
    der = certificate.dump()
    named = []
    for attribute in signer["signed_attrs"]:
        kind = attribute["type"].native
        if kind not in ("signing_certificate", "signing_certificate_v2"):
            continue
        for value in attribute["values"]:
            first = value["certs"][0]
            name = "sha1" if kind == "signing_certificate" else _algorithm(first["hash_algorithm"])
            digest = hashlib.new(name, der, usedforsecurity=False).digest()
            named.append(digest == first["cert_hash"].native)
    return bool(named) and all(named)


def _algorithm(identifier: algos.DigestAlgorithm) -> str:
    name = str(identifier["algorithm"].native)
    if name not in _STRONG:
        raise ValueError(f"digest algorithm {name}")
    return name


def _imprint(info: tsp.TSTInfo, sha256: str) -> Faults:
    imprint = info["message_imprint"]
    same = (
        imprint["hash_algorithm"]["algorithm"].native == "sha256"
        and imprint["hashed_message"].native.hex() == sha256
    )
    return Faults() if same else Faults([Fault(code="SIG-TSA_IMPRINT")])


def _usage(certificate: asn1.Certificate) -> Faults:
    """Check that the certificate serves time-stamps and nothing else (RFC 3161 §2.3)."""
    for extension in certificate["tbs_certificate"]["extensions"]:
        if extension["extn_id"].native == "extended_key_usage":
            used = extension["extn_value"].parsed.native
            if used == ["time_stamping"] and extension["critical"].native:
                return Faults()
    params = {"holder": describe(load_certificate(certificate.dump())).holder}
    return Faults([Fault(code="SIG-TSA_USAGE", params=params)])


def _value(signed: cms.SignedData, signer: cms.SignerInfo, certificate: asn1.Certificate) -> Faults:
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity  # slow to import

    name = str(signer["digest_algorithm"]["algorithm"].native)
    params = {"algorithm": name}
    if name not in _STRONG:
        return Faults([Fault(code="SIG-TSA_WEAK", params=params)])
    content = bytes(signed["encap_content_info"]["content"])
    whole = validate_sig_integrity(signer, certificate, "tst_info", digest_of(content)(name))
    return Faults() if all(whole) else Faults([Fault(code="SIG-TSA_VALUE")])


def _chain(read: _Token, trust: TrustStore) -> Faults:
    helpers = [load_certificate(one.dump()) for one in read.others]
    subject = load_certificate(read.certificate.dump())
    return trust.check_chain(subject, helpers, read.instant)[1]


def _refused(status: tsp.PKIStatusInfo, name: str) -> Fault:
    words = [str(one) for one in status["status_string"].native or ()]
    failed = sorted(status["fail_info"].native or ())
    reason = ", ".join([*words, *failed])[:200] or name
    return Fault(code="SIG-TSA_REFUSED", params={"reason": reason})


def _unreadable(error: Exception) -> Fault:
    reason = str(error)[:200] or type(error).__name__
    return Fault(code="SIG-TSA_UNREADABLE", params={"reason": reason})
