"""Commands that prepare and check an installation: ``init``, ``doctor``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.boundary import Exit, print_json, say

if TYPE_CHECKING:
    from demat.engine.office import Authority, Office
    from demat.faults import Faults

__all__ = ["doctor", "init"]

TEMPLATE = """\
# Configuration de demat. Les chemins sont relatifs à ce fichier.
# Les mots de passe sont dans des fichiers à part, lisibles par demat seul (chmod 600).
donnees = "donnees"
# Trigramme et application des archives ACTES, donnés par votre opérateur ; TACT pour les essais.
trigramme = "DMT"
application = "TACT"

[[collectivites]]
nom = "{nom}"
siren = "{siren}"
siret = "{siret}"
dossier = "{dossier}"
departement = "{departement}"
arrondissement = "1"
nature = "31"
adresses_retour = ["A-COMPLETER@exemple.fr"]
confiance = "confiance"

[collectivites.tdt]
type = "s2low"
url = "https://A-COMPLETER"
certificat = "secrets/client.pem"
cle = "secrets/client.key"
mot_de_passe = "secrets/client.passe"

[collectivites.signature]
certificat = "secrets/signataire.p12"
mot_de_passe = "secrets/signataire.passe"
qualite = "Maire"
ville = "A COMPLETER"
code_postal = "00000"
sans_surveillance = false

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
    """Make the folders and a configuration to complete; never overwrite one that exists."""
    from demat.faults import Fault, FaultError
    from demat.files import safe_name, write_atomic
    from demat.intake.folders import Folders

    target = directory / "demat.toml"
    if target.exists():
        raise FaultError(Fault(code="CFG-EXISTS", params={"path": str(target)}))
    folder = safe_name(nom).lower()
    text = TEMPLATE.format(
        nom=nom.replace('"', "'"),
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
        say("Complétez-la, puis lancez : demat doctor --config " + str(target))
    return Exit.DONE


def doctor(config: Path, *, as_json: bool) -> int:
    """Check everything that an installation needs, and say what to do about each problem."""
    from demat.compose import open_office, secret_files
    from demat.config import load_config
    from demat.faults import Fault, Faults, Severity

    loaded = load_config(config)
    checks: list[tuple[str, Faults]] = []
    modes = [
        Fault(code="CFG-SECRET_MODE", params={"path": str(path)}, severity=Severity.WARNING)
        for path, readable in secret_files(loaded)
        if readable
    ]
    checks.append(("Fichiers de mots de passe et de clés", Faults(modes)))
    with open_office(loaded) as office:
        checks.append(("Journal", office.store.verify_journal()))
        checks.append(("Documents conservés", office.store.verify_documents()))
        for authority in office.authorities:
            checks.extend(_authority_checks(authority, office))
    return _tell(checks, as_json=as_json)


def _authority_checks(authority: "Authority", office: "Office") -> list[tuple[str, "Faults"]]:
    from demat.identifiers import is_siret
    from demat.signing.certificate import check_signer

    def folders() -> None:
        authority.folders.make()

    def signer() -> None:
        if authority.signing is not None:
            loaded = authority.signing.load()
            check_signer(loaded.certificate, office.clock.now()).raise_if_blocking()

    def line() -> None:
        authority.connector.test()

    def siret() -> None:
        from demat.faults import Fault, Faults

        wrong = [budget for budget in authority.budgets if not is_siret(budget.siret)]
        Faults(
            Fault(code="CFG-SIRET", params={"value": budget.siret, "libelle": budget.libelle})
            for budget in wrong
        ).raise_if_blocking()

    name = authority.nom
    return [
        (f"{name} : dossiers", _attempt(folders)),
        (f"{name} : SIRET des budgets", _attempt(siret)),
        (f"{name} : certificat de signature", _attempt(signer)),
        (f"{name} : tiers de télétransmission", _attempt(line)),
    ]


def _attempt(check: Callable[[], None]) -> "Faults":
    from demat.faults import FaultError, Faults

    try:
        check()
    except FaultError as error:
        return error.faults
    return Faults()


def _tell(checks: list[tuple[str, "Faults"]], *, as_json: bool) -> int:
    from demat.labels_fr.catalogue import explain, render_json

    good = not any(faults.blocking for _, faults in checks)
    if as_json:
        print_json(
            {
                "ok": good,
                "checks": [
                    {"check": name, "faults": [render_json(fault) for fault in faults]}
                    for name, faults in checks
                ],
            }
        )
        return Exit.DONE if good else Exit.CONFIGURATION
    for name, faults in checks:
        say(f"{'ok ' if not faults else '!! '} {name}")
        for fault in faults:
            text = explain(fault)
            say(f"     {text.sentence}")
            if text.remedy:
                say(f"     → {text.remedy}")
    return Exit.DONE if good else Exit.CONFIGURATION
