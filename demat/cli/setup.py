"""Commands that prepare and check an installation: ``init``, ``doctor``."""

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.boundary import Exit, print_faults, print_json, say

if TYPE_CHECKING:
    from demat.config import Config
    from demat.engine.office import Authority, Office
    from demat.faults import Fault, Faults
    from demat.signing.freshness import ListState

__all__ = ["counter", "doctor", "init"]

MANY = 20
"""Lost documents that are told one by one."""
_AWAY = frozenset({"CON-UNREACHABLE", "CON-ANTIVIRUS_AWAY", "QUE-S3_UNREACHABLE"})
_BLANK = re.compile(r"A[- ]COMPLETER", re.IGNORECASE)

TEMPLATE = """\
# Configuration de demat. Les chemins sont relatifs à ce fichier.
# Les mots de passe sont dans des fichiers à part, lisibles par demat seul (chmod 600).
donnees = "donnees"
# Trigramme et application des archives ACTES, donnés par votre opérateur ; TACT pour les essais.
trigramme = "DMT"
application = "TACT"

# Un service d'horodatage (RFC 3161) prouve les dates, même quand les certificats auront pris fin.
# [horodatage]
# url = "https://…"
# confiance = "confiance-horodatage"

[[collectivites]]
nom = {nom}
siren = "{siren}"
siret = "{siret}"
dossier = "{dossier}"
departement = "{departement}"
arrondissement = "1"
nature = "31"
adresses_retour = ["A-COMPLETER@exemple.fr"]
confiance = "confiance"

# Un tiers de télétransmission, ou la passerelle de la DGFiP, qui fonctionne par dossiers ou par
# SFTP : type = "echange" (docs/maintainer.md, chapitre 2).
[collectivites.tdt]
type = "s2low"
url = "https://A-COMPLETER"
certificat = "secrets/client.pem"
cle = "secrets/client.key"
mot_de_passe = "secrets/client.passe"

# Une section par personne qui signe. Le mot de passe est demandé à chaque séance (« invite ») ; un
# fichier (« secrets/signataire.passe ») ou le trousseau (« trousseau:SERVICE/COMPTE ») conviennent
# aussi. Un adjoint : ajoutez [collectivites.signataires.delegation].
[[collectivites.signataires]]
nom = "A COMPLETER"
qualite = "Maire"
ville = "A COMPLETER"
code_postal = "00000"

[collectivites.signataires.cle]
type = "pkcs12"
fichier = "secrets/signataire.p12"
secret = "invite"

# Les codes d'un budget sont donnés par le comptable public.
[[collectivites.budgets]]
libelle = "BUDGET PRINCIPAL"
siret = "{siret}"
id_post = "000000"
cod_col = "001"
cod_bud = "00"

[collectivites.publication]
dossier = "site"
url = "https://A-COMPLETER/actes"
signataire = ""
"""


def init(
    directory: Path, nom: str, siren: str, siret: str, departement: str, *, as_json: bool
) -> int:
    """Make the folders and a configuration to complete; never overwrite one that exists.

    :raises FaultError: ``CFG-EXISTS``, or ``CFG-…`` when a number has a wrong key.
    """
    from demat.faults import Fault, FaultError
    from demat.files import safe_name, write_atomic
    from demat.intake.folders import Folders

    target = directory / "demat.toml"
    if target.exists():
        raise FaultError(Fault(code="CFG-EXISTS", params={"path": str(target)}))
    _wrong_numbers(nom, siren, siret, departement).raise_if_blocking()
    folder = safe_name(nom).lower()
    text = TEMPLATE.format(
        nom=json.dumps(nom, ensure_ascii=False),  # a string of TOML is written as one of JSON
        siren=siren,
        siret=siret,
        departement=departement,
        dossier=folder,
    )
    write_atomic(target, text.encode())
    (directory / "secrets").mkdir(mode=0o700, exist_ok=True)
    (directory / "confiance").mkdir(exist_ok=True)
    Folders(directory / folder).make()
    if as_json:
        print_json({"config": str(target), "dossier": str(directory / folder)})
    else:
        say(f"Configuration à compléter : {target}")
        say(f"Dossier surveillé : {directory / folder}")
        say(f"Complétez-la, puis lancez : demat doctor --config {shlex.quote(str(target))}")
    return Exit.DONE


def _wrong_numbers(nom: str, siren: str, siret: str, departement: str) -> "Faults":
    from demat.faults import Fault, Faults
    from demat.identifiers import is_departement, is_siren, is_siret

    faults = []
    if not is_siren(siren):
        faults.append(Fault(code="CFG-SIREN", params={"value": siren}))
    if not is_siret(siret):
        faults.append(Fault(code="CFG-SIRET", params={"value": siret, "libelle": nom}))
    if not is_departement(departement):
        faults.append(Fault(code="CFG-DEPARTEMENT", params={"value": departement}))
    return Faults(faults)


def doctor(config: Path, *, fetch: bool, whole: bool = False, as_json: bool) -> int:
    """Check everything that an installation needs, and say what to do about each problem.

    :param fetch: look for newer lists of revocation first.
    :param whole: read every kept document again.
    """
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.stamps import verify_anchors
    from demat.faults import Faults

    loaded = load_config(config)
    checks: list[tuple[str, Faults]] = [
        ("Configuration", _to_complete(config)),
        ("Fichiers de mots de passe et de clés", _exposed(loaded)),
    ]
    with open_office(loaded) as office:
        checks.append(("Journal", office.store.verify_journal() + verify_anchors(office)))
        checks.extend(_documents(office, whole=whole))
        checks.append(_antivirus(office))
        checks.append(_time_stamps(office))
        for authority in office.authorities:
            if fetch:
                checks.append(_fetched(authority, office))
            checks.extend(_authority_checks(authority, office))
    return _tell(checks, as_json=as_json)


def _to_complete(config: Path) -> "Faults":
    """Find what ``init`` left to be filled in."""
    from demat.faults import Fault, Faults

    lines = enumerate(config.read_text(encoding="utf-8").splitlines(), start=1)
    return Faults(
        Fault(
            code="CFG-TO_COMPLETE",
            params={"key": text.partition("=")[0].strip()},
            source=config.name,
            line=number,
        )
        for number, text in lines
        if _BLANK.search(text) and not text.lstrip().startswith("#")
    )


def _exposed(loaded: "Config") -> "Faults":
    """Find the secrets that others than their owner may read."""
    from demat.compose import secret_files
    from demat.faults import Fault, Faults, Severity

    return Faults(
        Fault(code="CFG-SECRET_MODE", params={"path": str(path)}, severity=Severity.WARNING)
        for path, readable in secret_files(loaded)
        if readable
    )


def _documents(office: "Office", *, whole: bool) -> "Iterator[tuple[str, Faults]]":
    """Look for what the database refers to, then for what it does not refer to."""
    from demat.faults import FaultError, Faults

    try:
        progress = counter("Documents relus") if whole else None
        found = office.store.verify_documents(whole=whole, progress=progress)
        orphans = len(office.store.orphans())
    except FaultError as error:  # nobody can tell
        yield "Documents conservés", error.faults
        return
    how = "tous relus" if whole else "présents, ceux à envoyer relus"
    yield f"Documents conservés ({how})", found.summarised(MANY)
    yield f"Documents conservés que rien ne cite : {orphans}", Faults()


def counter(what: str) -> Callable[[int, int], None] | None:
    """Return what shows on a terminal how far a long reading is; ``None`` when nobody looks."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        if done == total or done % 100 == 0:
            end = "\n" if done == total else ""
            print(f"\r{what} : {done} sur {total}", end=end, file=sys.stderr, flush=True)  # noqa: T201 - command line output

    return show


def _antivirus(office: "Office") -> tuple[str, "Faults"]:
    from demat.faults import Faults

    if office.antivirus is None:
        return "Antivirus : aucun n'est configuré", Faults()
    return "Antivirus", _attempt(office.antivirus.test)


def _time_stamps(office: "Office") -> tuple[str, "Faults"]:
    from demat.engine.stamps import try_stamp
    from demat.faults import Faults

    if office.stamping is None:
        return "Horodatage : aucun service n'est configuré", Faults()
    return "Horodatage", try_stamp(office)


def _authority_checks(authority: "Authority", office: "Office") -> list[tuple[str, "Faults"]]:
    from demat.engine.certificates import ending_line

    name = authority.nom
    return [
        (f"{name} : dossiers", _attempt(authority.folders.make)),
        (f"{name} : SIRET des budgets", _budgets(authority)),
        *_signataires(authority, office),
        (f"{name} : certificat de télétransmission", ending_line(authority, office)),
        *_trusted(authority, office),
        (f"{name} : tiers de télétransmission", _attempt(authority.connector.test)),
    ]


def _budgets(authority: "Authority") -> "Faults":
    from demat.faults import Fault, Faults
    from demat.identifiers import is_siret

    return Faults(
        Fault(code="CFG-SIRET", params={"value": budget.siret, "libelle": budget.libelle})
        for budget in authority.budgets
        if not is_siret(budget.siret)
    )


def _signataires(authority: "Authority", office: "Office") -> "Iterator[tuple[str, Faults]]":
    """Check every key that can be opened now, and that somebody may sign for every budget."""
    from demat.engine.sign import check_signataire

    for one in authority.signataires:
        how = " (clé non essayée, son secret se tape)" if one.typed else ""
        name = f"{authority.nom} : signataire {one.nom}{how}"
        yield name, check_signataire(one, authority, office)
    if authority.signataires:
        yield f"{authority.nom} : signataires des budgets", _unsigned(authority, office)


def _unsigned(authority: "Authority", office: "Office") -> "Faults":
    from demat.clock import paris_date
    from demat.engine.signataires import WHAT, unsigned_flux
    from demat.faults import Fault, Faults, Severity
    from demat.helios.plan import plan_key

    today = paris_date(office.clock.now())
    return Faults(
        Fault(
            code="INT-SIGNER_MISSING",
            params={"budget": budget.libelle, "what": WHAT[domaine]},
            severity=Severity.WARNING,
        )
        for budget in authority.budgets
        for domaine in unsigned_flux(
            authority.signataires, plan_key(budget.cod_col, budget.cod_bud), today
        )
    )


def _fetched(authority: "Authority", office: "Office") -> "tuple[str, Faults]":
    """Look for newer lists of revocation."""
    from demat.engine.revocation import refresh

    return f"{authority.nom} : recherche des listes de révocation", refresh(authority, office)


def _trusted(authority: "Authority", office: "Office") -> "Iterator[tuple[str, Faults]]":
    """Check the trust folder, the age of each list of revocation, and what they say of us."""
    from demat.engine.certificates import ending_authorities
    from demat.engine.revocation import lists_of, revoked

    name, now = authority.nom, office.clock.now()
    yield f"{name} : autorités de confiance", ending_authorities(authority, office)
    for state in lists_of(authority, office):
        words = f"{name} : liste de révocation de « {state.authority} »{_age(state)}"
        yield words, state.faults(now, failed=False)
    yield f"{name} : certificats non révoqués", revoked(authority, office)


def _age(state: "ListState") -> str:
    """Say from when a list is, and until when it is good."""
    from demat.clock import paris_date

    if state.newest is None:
        return ""
    made, until = state.newest.this_update, state.newest.next_update
    end = f", valable jusqu'au {paris_date(until):%d/%m/%Y}" if until else ""
    return f" du {paris_date(made):%d/%m/%Y}{end}"


def _attempt(check: Callable[[], object]) -> "Faults":
    from demat.faults import FaultError, Faults

    try:
        check()
    except FaultError as error:
        return error.faults
    return Faults()


def _tell(checks: list[tuple[str, "Faults"]], *, as_json: bool) -> int:
    from demat.labels_fr.catalogue import render_json

    code = _verdict([fault for _, faults in checks for fault in faults.blocking])
    if as_json:
        print_json(
            {
                "ok": code is Exit.DONE,
                "checks": [
                    {"check": name, "faults": [render_json(fault) for fault in faults]}
                    for name, faults in checks
                ],
            }
        )
        return code
    for name, faults in checks:
        say(f"{'ok' if not faults else '!!'}  {name}")
        print_faults(faults, indent="      ")
    return code


def _verdict(blocking: "list[Fault]") -> Exit:
    """Everything is configured, but the other side does not answer: that is another exit code."""
    if not blocking:
        return Exit.DONE
    away = all(fault.code in _AWAY for fault in blocking)
    return Exit.UNREACHABLE if away else Exit.CONFIGURATION
