"""One signer or verifier in a process of its own: ``-m benchmarks.signatures_steps STEP FILE``.

It prints the seconds that it took, of the clock and of computing, its own start and imports left
out, from the bytes of the file
to the bytes of the signed one. ``alone`` means that each bordereau is handed over alone and its
signature grafted into the document, which suits the peers best; ``whole`` hands over the document
for each signature. The properties of XAdES are given ready-made to xmlsec, which does not write
them; signxml signs without them, which is less work.
"""

import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from benchmarks.signatures_files import AT, CITY, OPTIONS_ROLE, key_file

__all__ = ["STEPS"]

Times = tuple[float, float]
"""Seconds of the clock and of computing."""

_DS = "http://www.w3.org/2000/09/xmldsig#"
_XAD = "http://uri.etsi.org/01903/v1.1.1#"
_BLANK = re.compile(rb"(<(?:ds|xad):(?:DigestValue|SignatureValue[^>]*)>)[^<]*(</ds)")
_PARSER = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)


def _write(name: str, content: bytes) -> None:
    Path(name).write_bytes(content)


def _timed(work: Callable[[], object]) -> Times:
    start, computing = time.perf_counter(), _computing()
    work()
    return time.perf_counter() - start, _computing() - computing


def _computing() -> float:
    """Return the CPU seconds of this process and of the programs that it ran."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in (mine, theirs))


# ------------------------------------------------------------------------------------ ours


def _ours() -> dict[str, Any]:
    from demat.signing.keys import load_pkcs12
    from demat.signing.policy import SignatureOptions

    content, passphrase = key_file()
    options = SignatureOptions(role=OPTIONS_ROLE, city=CITY, postal_code="99123", country="FRANCE")
    signer = load_pkcs12(content, passphrase, name="maire.p12")
    return {"signer": signer, "options": options, "at": AT}


def _ids(content: bytes) -> list[str]:
    return [found.decode() for found in re.findall(rb'<Bordereau Id="([^"]+)"', content)]


def sign_demat(source: Path) -> Times:
    """Sign every bordereau."""
    from demat.signing.xades import sign_elements

    means, content = _ours(), source.read_bytes()
    ids = _ids(content)
    return _timed(lambda: _write(f"{source}.demat", sign_elements(content, ids, **means)))


def verify_demat(source: Path) -> Times:
    """Apply every rule of ours, chain and revocation included."""
    from demat.signing.verdict import Verdict
    from demat.signing.verify import overall, verify

    trust, content = _trust(), source.read_bytes()

    def work() -> None:
        if overall(verify(content, trust=trust)) is not Verdict.ACCEPTED:
            raise SystemExit("not accepted")

    return _timed(work)


def _trust() -> Any:
    from benchmarks.signatures_files import pki
    from demat.signing.trust import TrustStore

    return TrustStore.from_folder(pki().trust_folder)


def write_demat(out: Path) -> Times:
    """Build 100 bordereaux, sign them and write them, in a folder, from file to file."""
    from benchmarks.pes_files import write_pieces
    from demat.signing.xades import sign_stream

    means = _ours()
    unsigned = Path(f"{out}.unsigned")

    def work() -> None:
        write_pieces(unsigned, pieces=28_000, per_bordereau=280)
        ids = [f"BRD2026D{rank:04d}" for rank in range(1, 101)]
        with unsigned.open("rb") as source, out.open("wb") as signed:
            sign_stream(source, signed, ids, **means)

    return _timed(work)


# --------------------------------------------------------------------------------- the peers


def _template(bordereau: str) -> bytes:
    """Return the signature of a bordereau without its digests, as xmlsec wants it."""
    from demat.signing.xades import sign_elements

    content = f'<r><Bordereau Id="{bordereau}">x</Bordereau></r>'.encode()
    signed = sign_elements(content, [bordereau], **_ours())
    signature = signed[signed.index(b"<ds:Signature ") : signed.index(b"</Bordereau>")]
    head, objects = signature.split(b"<ds:KeyInfo")
    head = re.sub(rb"(<ds:(?:DigestValue|SignatureValue[^>]*)>)[^<]*(</ds)", rb"\1\2", head)
    return head + b"<ds:KeyInfo" + objects


def _bordereaux(root: Any) -> list[Any]:
    return list(root.iter("Bordereau"))


def _saved(source: Path, suffix: str, root: Any) -> None:
    _write(f"{source}.{suffix}", etree.tostring(root, encoding="ISO-8859-1", xml_declaration=True))


def sign_xmlsec_alone(source: Path) -> Times:
    """Sign with python-xmlsec, each bordereau alone."""
    return _sign_xmlsec(source, alone=True)


def sign_xmlsec_whole(source: Path) -> Times:
    """Sign with python-xmlsec, in the whole document."""
    return _sign_xmlsec(source, alone=False)


def _sign_xmlsec(source: Path, *, alone: bool) -> Times:
    import xmlsec

    from benchmarks.signatures_files import pki

    content = source.read_bytes()
    templates = {one: _template(one) for one in _ids(content)}
    key = xmlsec.Key.from_file(
        str(pki().maire.key), xmlsec.constants.KeyDataFormatPem, pki().maire.passphrase
    )

    def work() -> None:
        root = etree.fromstring(content, _PARSER)
        several = len(templates) > 1
        for bordereau in _bordereaux(root):
            node = bordereau
            if alone and several:
                node = etree.fromstring(etree.tostring(bordereau, with_tail=False), _PARSER)
            signature = etree.fromstring(templates[bordereau.get("Id")])
            node.append(signature)
            xmlsec.tree.add_ids(signature, ["Id"])
            context = xmlsec.SignatureContext()
            context.key = key
            context.register_id(node, "Id")
            context.sign(signature)
            if node is not bordereau:
                bordereau.append(signature)
        _saved(source, "xmlsec", root)

    return _timed(work)


def sign_signxml_alone(source: Path) -> Times:
    """Sign with signxml, each bordereau alone."""
    return _sign_signxml(source, alone=True)


def sign_signxml_whole(source: Path) -> Times:
    """Sign with signxml, in the whole document."""
    return _sign_signxml(source, alone=False)


def _sign_signxml(source: Path, *, alone: bool) -> Times:
    from signxml import XMLSigner, methods

    content, signer = source.read_bytes(), _ours()["signer"]
    exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"

    def work() -> None:
        root = etree.fromstring(content, _PARSER)
        for rank in range(len(_bordereaux(root))):
            bordereau = _bordereaux(root)[rank]
            name = bordereau.get("Id")
            program = XMLSigner(method=methods.enveloped, c14n_algorithm=exclusive)
            program._parser = _PARSER  # so that it reads large files
            node = bordereau if alone else root
            place = etree.SubElement(bordereau, f"{{{_DS}}}Signature", Id="placeholder")
            if alone:
                node = etree.fromstring(etree.tostring(bordereau, with_tail=False), _PARSER)
            signed = program.sign(
                node,
                key=signer.key,
                cert=[signer.certificate],
                reference_uri=f"#{name}",
                id_attribute="Id",
            )
            if alone:
                bordereau.replace(place, signed[-1])
            else:
                root = signed
        _saved(source, "signxml", root)

    return _timed(work)


def sign_xmlsec1_alone(source: Path) -> Times:
    """Sign with the xmlsec1 program, each bordereau alone, all in one process."""
    return _sign_xmlsec1(source, alone=True)


def sign_xmlsec1_whole(source: Path) -> Times:
    """Sign with the xmlsec1 program, the whole document for each signature."""
    return _sign_xmlsec1(source, alone=False)


def _sign_xmlsec1(source: Path, *, alone: bool) -> Times:
    from benchmarks.signatures_files import pki

    content = source.read_bytes()
    templates = {one: _template(one) for one in _ids(content)}
    key = ["--privkey-pem", str(pki().maire.key), "--pwd", pki().maire.passphrase]
    program = ["xmlsec1", "--sign", *key, *_id_attributes()]

    def work_alone(folder: Path) -> None:
        root = etree.fromstring(content, _PARSER)
        names = []
        for rank, bordereau in enumerate(_bordereaux(root)):
            node = etree.tostring(bordereau, with_tail=False)
            names.append(folder / f"{rank:04d}.xml")
            end = node.rindex(b"</Bordereau>")
            names[-1].write_bytes(node[:end] + templates[bordereau.get("Id")] + node[end:])
        done = subprocess.run([*program, *names], capture_output=True, check=True).stdout
        declaration = b'<?xml version="1.0"?>\n'
        for bordereau, one in zip(_bordereaux(root), done.split(declaration)[1:], strict=True):
            bordereau.append(etree.fromstring(one, _PARSER)[-1])
        _saved(source, "xmlsec1", root)

    def work_whole(folder: Path) -> None:
        current = content
        for name, template in templates.items():
            start = current.index(f'<Bordereau Id="{name}"'.encode())
            end = current.index(b"</Bordereau>", start)
            prepared = folder / "prepared.xml"
            prepared.write_bytes(current[:end] + template + current[end:])
            node = ["--node-id", f"{name}_SIG_1"]
            out = subprocess.run([*program, *node, prepared], capture_output=True, check=True)
            current = out.stdout
        _write(f"{source}.xmlsec1", current)

    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        return _timed(lambda: (work_alone if alone else work_whole)(Path(name)))


def _id_attributes() -> list[str]:
    named = [f"{_DS}:Signature", "Bordereau", f"{_XAD}:SignedProperties"]
    return [word for name in named for word in ("--id-attr:Id", name)]


def verify_xmlsec(source: Path) -> Times:
    """Verify with python-xmlsec, each bordereau alone: digests and value only."""
    import xmlsec

    from benchmarks.signatures_files import pki

    content = source.read_bytes()
    path = str(pki().maire.certificate)
    key = xmlsec.Key.from_file(path, xmlsec.constants.KeyDataFormatCertPem)

    def work() -> None:
        for node in _each(content):
            context = xmlsec.SignatureContext()
            context.key = key
            context.register_id(node, "Id")
            xmlsec.tree.add_ids(node[-1], ["Id"])
            context.verify(node[-1])

    return _timed(work)


def _each(content: bytes) -> Iterator[Any]:
    """Yield every bordereau, alone when there are several."""
    found = _bordereaux(etree.fromstring(content, _PARSER))
    for node in found:
        several = len(found) > 1
        yield etree.fromstring(etree.tostring(node, with_tail=False), _PARSER) if several else node


def verify_signxml(source: Path) -> Times:
    """Verify with signxml, each bordereau alone: digests and value only."""
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    content, certificate = source.read_bytes(), _ours()["signer"].certificate
    configuration = SignatureConfiguration(location="./", expect_references=2, verification_time=AT)

    def work() -> None:
        for node in _each(content):
            XMLVerifier().verify(
                node,
                x509_cert=certificate,
                id_attribute="Id",
                parser=_PARSER,
                expect_config=configuration,
            )

    return _timed(work)


def verify_xmlsec1(source: Path) -> Times:
    """Verify with the xmlsec1 program, chain included, each bordereau alone in one process."""
    from benchmarks.signatures_files import pki

    content = source.read_bytes()
    trusted = ["--trusted-pem", str(pki().root), "--untrusted-pem", str(pki().intermediate)]
    moment = ["--verification-gmt-time", AT.strftime("%Y-%m-%d %H:%M:%S")]
    options = ["--enabled-key-data", "x509", *moment, *trusted]
    program = ["xmlsec1", "--verify", *options, *_id_attributes()]

    def work(folder: Path) -> None:
        names = [source]
        if len(_ids(content)) > 1:
            names = []
            for rank, node in enumerate(_bordereaux(etree.fromstring(content, _PARSER))):
                names.append(folder / f"{rank:04d}.xml")
                names[-1].write_bytes(etree.tostring(node, with_tail=False))
        subprocess.run([*program, *names], capture_output=True, check=True)

    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        return _timed(lambda: work(Path(name)))


STEPS: dict[str, Callable[[Path], Times]] = {
    "sign-demat": sign_demat,
    "sign-signxml-alone": sign_signxml_alone,
    "sign-xmlsec-alone": sign_xmlsec_alone,
    "sign-xmlsec1-alone": sign_xmlsec1_alone,
    "sign-signxml-whole": sign_signxml_whole,
    "sign-xmlsec-whole": sign_xmlsec_whole,
    "sign-xmlsec1-whole": sign_xmlsec1_whole,
    "verify-demat": verify_demat,
    "verify-signxml": verify_signxml,
    "verify-xmlsec": verify_xmlsec,
    "verify-xmlsec1": verify_xmlsec1,
    "write-demat": write_demat,
}


if __name__ == "__main__":
    print(*STEPS[sys.argv[1]](Path(sys.argv[2])))
