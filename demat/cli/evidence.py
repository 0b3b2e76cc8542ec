"""``demat evidence``, and what ``demat verify`` says of a zip of evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.authorities import choose
from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.words import VERDICT_FR

if TYPE_CHECKING:
    from demat.engine.evidence import Evidence
    from demat.engine.evidence_verify import EvidenceReport
    from demat.engine.office import Office

__all__ = ["evidence", "evidence_json", "print_evidence"]

_SUBJECTS_FR = {
    "contenu": "contenu du zip ({count} fichiers)",
    "sceau": "sceau du manifeste",
    "horodatages": "horodatages ({count})",
    "signatures": "signatures ({count})",
    "journal": "extrait du journal ({count} entrées)",
    "reponses": "réponses de l'État ({count})",
}


def evidence(config: Path, target: str, output: Path | None, *, as_json: bool) -> int:
    """Write the evidence of a transmission, or of each transmission of a deposit (« D12 »)."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.evidence import make_evidence
    from demat.files import write_atomic

    written: list[tuple[int, Path, Evidence]] = []
    with open_office(load_config(config)) as office:
        numbers = _numbers(target, office)
        for number in numbers:
            flow = office.store.transmission(number)
            made = make_evidence(number, choose(office, flow.collectivite), office)
            path = _path(output, made.name, alone=len(numbers) == 1)
            write_atomic(path, made.content)
            written.append((number, path, made))
    if as_json:
        print_json({"evidence": [_made_json(*one) for one in written]})
        return Exit.DONE
    for number, path, made in written:
        _say_made(number, path, made)
    if not written:
        say(f"Le dépôt {target} n'a donné aucun envoi : il n'y a rien à prouver.")
    return Exit.DONE if written else Exit.FAULTS


def _numbers(target: str, office: "Office") -> list[int]:
    """Return the transmissions that a target names.

    :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``, ``QUE-UNKNOWN_DEPOSIT``.
    """
    from demat.faults import Fault, FaultError

    digits = target.removeprefix("D").removeprefix("d")
    if not (digits.isdecimal() and digits.isascii() and len(digits) < 19):
        params = {"numero": target}
        raise FaultError(Fault(code="QUE-UNKNOWN_TRANSMISSION", params=params))
    if digits == target:
        return [int(digits)]
    deposit = office.store.deposit(int(digits))
    flows = office.store.transmissions(deposit_id=deposit.id)
    return [flow.id for flow in flows]


def _path(output: Path | None, name: str, *, alone: bool) -> Path:
    if output is None:
        return Path(name)
    if output.is_dir() or not alone:
        return output / name
    return output


def _made_json(number: int, path: Path, made: "Evidence") -> dict[str, Any]:
    from demat.labels_fr.catalogue import render_json

    return {
        "transmission": number,
        "file": str(path),
        "manifest_sha256": made.manifest_sha256,
        "sealed_at": made.sealed_at.isoformat() if made.sealed_at else None,
        "faults": [render_json(fault) for fault in made.faults],
    }


def _say_made(number: int, path: Path, made: "Evidence") -> None:
    from demat.cli.display import moment_fr

    say(f"Preuve de l'envoi n° {number} : {path}")
    say(f"  empreinte du manifeste : {made.manifest_sha256}")
    if made.sealed_at is not None:
        say(f"  scellée par un horodatage du {moment_fr(made.sealed_at)}")
    print_faults(made.faults, indent="  ")
    say(f"  à vérifier avec : demat verify {path}")


def evidence_json(path: Path, report: "EvidenceReport") -> dict[str, Any]:
    """Return what ``demat verify --json`` says of a zip of evidence."""
    from demat.labels_fr.catalogue import render_json

    return {
        "file": str(path),
        "verdict": report.verdict.value,
        "faults": [render_json(fault) for fault in report.faults],
        "evidence": {
            "transmission": dict(report.transmission),
            "manifest_sha256": report.manifest_sha256,
            "sealed_at": report.sealed_at.isoformat() if report.sealed_at else None,
            "proven_at": report.proven_at.isoformat() if report.proven_at else None,
            "points": {
                point.subject.value: {"verdict": point.verdict.value, "count": point.count}
                for point in report.points
            },
        },
        "signatures": [
            {
                "element": one.where,
                "verdict": one.verdict.value,
                "signer": one.signer,
                "issuer": one.issuer,
                "signing_time": one.signing_time.isoformat() if one.signing_time else None,
                "reasons": [render_json(fault) for fault in one.reasons],
            }
            for one in report.signatures
        ],
    }


def print_evidence(name: str, report: "EvidenceReport") -> None:
    """Say what a zip of evidence is worth, subject by subject."""
    from demat.signing.verdict import Verdict

    say(f"{name} : {VERDICT_FR[report.verdict]}")
    facts = report.transmission
    if facts:
        say(f"  preuve de l'envoi n° {facts.get('numero')}, {facts.get('cle')}")
    for point in report.points:
        words = _SUBJECTS_FR[point.subject].format(count=point.count)
        say(f"  {words} : {VERDICT_FR[point.verdict]}")
        print_faults(point.faults, indent="    ")
    if report.verdict is not Verdict.REFUSED:
        _say_instants(report)
    if report.manifest_sha256:
        say(f"  empreinte du manifeste : {report.manifest_sha256}")


def _say_instants(report: "EvidenceReport") -> None:
    from demat.cli.display import moment_fr

    if report.proven_at is not None:
        signed = ", signé," if report.signatures else ""
        say(f"  le document existait{signed} le {moment_fr(report.proven_at)}")
    if report.sealed_at is not None:
        say(f"  rien n'a changé depuis le {moment_fr(report.sealed_at)}")
