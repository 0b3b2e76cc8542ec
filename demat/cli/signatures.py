"""How ``demat verify`` shows one signature, of whatever kind: in French, and in JSON."""

from datetime import datetime
from typing import Any

from demat.cli.boundary import print_faults, say
from demat.cli.display import paragraph
from demat.cli.words import VERDICT_FR
from demat.clock import PARIS
from demat.engine.findings import Covers, SignatureFinding, SignatureKind
from demat.labels_fr.catalogue import render_json

__all__ = ["print_signature", "signature_json"]

_KIND_FR = {
    SignatureKind.XADES: "signature",
    SignatureKind.PADES: "signature du PDF",
    SignatureKind.CMS: "signature séparée",
    SignatureKind.SEAL: "sceau TotEM",
}
_STAMP_FR = "horodatage du document"
_SEAL_FR = "un sceau montre que le fichier n'a pas changé ; il ne dit pas qui l'a fait"


def signature_json(item: SignatureFinding) -> dict[str, Any]:
    """Return one signature for programs; the keys are documented in ``docs/maintainer.md``."""
    return {
        "kind": item.kind.value,
        "member": item.member,
        "element": item.element,
        "id": item.element_id,
        "line": item.line,
        "field": item.field,
        "verdict": item.verdict.value,
        "reasons": [render_json(fault) for fault in item.reasons],
        "covers": item.covers.value,
        "covered": item.covered,
        "digests_correct": item.digests_correct,
        "value_correct": item.value_correct,
        "chain": item.chain.value,
        "signer": item.signer,
        "issuer": item.issuer,
        "serial": item.serial,
        "signing_time": item.signing_time.isoformat() if item.signing_time else None,
        "time_proven": item.time_proven,
        "time_stamp": item.time_stamp,
        "sealed_at": item.sealed_at,
        "level": item.level.value if item.level else None,
        "policy": item.policy,
        "role": item.role,
    }


def print_signature(item: SignatureFinding) -> None:
    """Print one signature: what it is worth, whose it is, what it answers for, and why."""
    unsigned = item.reasons.codes == (
        "SIG-UNSIGNED",
    )  # what is not signed has nothing else to tell
    if not unsigned:
        say(paragraph(f"{_title(item)} : {_worth(item)}", indent="  ", then="    "))
        for line in _details(item):
            say(paragraph(line, indent="    ", then="      "))
    print_faults(item.reasons, indent="  " if unsigned else "    ")


def _title(item: SignatureFinding) -> str:
    kind = _STAMP_FR if item.time_stamp else _KIND_FR[item.kind]
    if item.kind is SignatureKind.XADES:
        return f"{kind} de {item.element} {item.element_id}".rstrip()
    if item.kind is SignatureKind.CMS and item.member:
        return f"{kind} de « {item.member} »"
    title = f"{kind} « {item.field} »" if item.field else kind
    return f"{title} dans « {item.member} »" if item.member else title


def _worth(item: SignatureFinding) -> str:
    verdict = VERDICT_FR[item.verdict]
    if item.kind is SignatureKind.SEAL or not (item.signer or item.digests_correct):
        return verdict
    digests = "justes" if item.digests_correct else "fausses"
    value = "juste" if item.value_correct else "fausse"
    return f"{verdict} (empreintes {digests}, valeur {value})"


def _details(item: SignatureFinding) -> list[str]:
    lines = [f"porte sur : {_covers(item)}"]
    if item.signer:
        role = f", {item.role}" if item.role else ""
        lines.append(f"signataire : {item.signer}{role}")
        lines.append(f"certificat : n° {item.serial}, délivré par {item.issuer or 'inconnu'}")
    if item.level is not None:
        lines.append(f"niveau du certificat : {item.level.libelle}")
    if item.signing_time is not None:
        proof = "prouvé par un horodatage" if item.time_proven else "déclaré par le signataire"
        lines.append(f"date : {_moment(item.signing_time)} ({proof})")
    if item.kind is SignatureKind.SEAL:
        lines += [f"scellé le : {item.sealed_at} (déclaré)"] if item.sealed_at else []
        lines += [_SEAL_FR]
    return lines


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(PARIS):%d/%m/%Y à %H h %M}"


def _covers(item: SignatureFinding) -> str:
    if item.covers is Covers.ELEMENT:
        place = f", ligne {item.line}" if item.line else ""
        return f"{item.element} « {item.element_id} »{place}, et rien d'autre"
    if item.covers is Covers.DOCUMENT:
        return f"tout le document « {item.member} »"
    return {
        Covers.WHOLE_FILE: "tout le fichier",
        Covers.REVISION: "le PDF tel qu'il était à la signature ; ce qui a été ajouté depuis est "
        "d'un genre permis",
        Covers.ALL_BUT_SEAL: "tout le fichier sauf le sceau",
        Covers.NOTHING: "rien de sûr",
    }[item.covers]
