"""Rules on the file, its header and its signature: 1, 3 to 15 (helios dossier §9)."""

import re
from collections.abc import Iterable, Iterator

from demat.faults import Fault
from demat.helios.model import Budget
from demat.helios.plan import PlanBudget
from demat.helios.rule_base import BordereauNode, ContextePes, is_present, megabytes, text
from demat.helios.scalars import read_boolean
from demat.helios.walk import DOMAINES, SIGNATURE, FileEnd, is_role
from demat.identifiers import is_siret
from demat.xmlio import Element, declared_encoding, line_of, local_name

__all__ = ["check_characters", "check_file", "check_size", "may_exceed_latin_1"]

_IDENTIFIER = re.compile(r"^[A-Za-z_][A-Za-z0-9._-]*$")
_CODIQUE = re.compile(r"^(02[AB][0-9]{3,4}|[0-9]{6,7})$")
_C1 = re.compile(rb"[\x80-\x9f]")
"""Bytes that ISO-8859-1 gives to no character, and Windows to ``€ œ ’ –``…"""
_VISIBLE = 50  # s2low looks for the encoding in the first fifty characters
_MAX_NOM_FIC = 100


def check_file(content: bytes, end: FileEnd, contexte: ContextePes) -> Iterator[Fault]:
    """Apply the rules on the whole file, whose pièces and attachments have gone by."""
    root, bordereaux = end.root, end.bordereaux
    yield from _encoding(content)
    yield from _versions(root)
    yield from _type_of_file(root, bordereaux)
    yield from _nom_fic(root, contexte)
    yield from _emetteur(root)
    yield from _budget(root, contexte)
    yield from _content(end)
    yield from check_size(content, contexte.max_bytes)
    signed = _is_signed(end) or (contexte.signature and not is_role(root))
    yield from _dematerialisation(root, bordereaux, signed=signed)
    yield from _signatures(root, bordereaux)
    if signed:
        yield from _identifiers(root, bordereaux)


def _is_signed(end: FileEnd) -> bool:
    return end.root.find(SIGNATURE) is not None or any(one.signatures for one in end.bordereaux)


def _encoding(content: bytes) -> Iterator[Fault]:
    """Rule 1: declared ISO-8859-1 where the receivers look, and every character within it."""
    declared = declared_encoding(content) or "UTF-8"
    if not _declares_latin_1(content) or b"ISO-8859-1" not in content[:_VISIBLE].upper():
        yield Fault(code="PES-001_ENCODING", params={"encoding": declared}, line=1)
    elif _looks_like_utf8(content):
        yield Fault(code="PES-001_MOJIBAKE", line=1)
    elif not content.isascii() and (found := _C1.search(content)):
        params = {"character": found[0].decode("cp1252", "replace")}
        line = content.count(b"\n", 0, found.start()) + 1
        yield Fault(code="PES-001_WINDOWS", params=params, line=line)


def _declares_latin_1(content: bytes) -> bool:
    return (declared_encoding(content) or "").upper() == "ISO-8859-1"


def may_exceed_latin_1(content: bytes) -> bool:
    """Tell whether a file can hold characters that ISO-8859-1 lacks: by another encoding, or by
    numeric references."""
    references = b"&" in content and b"&#" in content  # one byte is looked for much faster
    return references or not _declares_latin_1(content)


def check_characters(branch: Element) -> Iterator[Fault]:
    """Apply rule 1 to the characters of an element and all that it holds."""
    for node in branch.iter("*"):
        for found in {character for character in _characters(node) if ord(character) > 0xFF}:
            yield Fault(
                code="PES-001",
                params={"character": found, "element": local_name(node)},
                line=line_of(node),
            )


def _looks_like_utf8(content: bytes) -> bool:
    if content.isascii():
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _characters(node: Element) -> Iterator[str]:
    for value in (*node.attrib.values(), node.text or ""):
        if not value.isascii():
            yield from str(value)


def _versions(root: Element) -> Iterator[Fault]:
    """Rule 3."""
    places = [
        ("Enveloppe/Parametres/Version", "2"),
        *((f"{branch}/{head}/IdVer", "2") for _, branch, head in DOMAINES),
        ("PES_Facture/IdVer", "2"),
        ("PES_Marche/EnTeteMarche/IdVer", "2"),
        ("PES_PJ/EnTetePES_PJ/IdVer", "1"),
    ]
    for path, expected in places:
        node = root.find(path)
        if node is not None and node.get("V", "").lstrip("0") != expected:
            yield Fault(
                code="PES-003",
                params={"element": path, "value": node.get("V", ""), "expected": expected},
                path=path,
                line=line_of(node),
            )


def _type_of_file(root: Element, bordereaux: list[BordereauNode]) -> Iterator[Fault]:
    """Rule 4: PESORMC if and only if every bordereau is a rôle."""
    types = {bordereau.get("TypBord") for bordereau in bordereaux}
    typ_fic = text(root, "Enveloppe/Parametres/TypFic")
    if types and (typ_fic == "PESORMC") != (types == {"06"}):
        yield Fault(
            code="PES-004",
            params={"typ_fic": typ_fic, "typ_bord": ", ".join(sorted(types))},
            path="Enveloppe/Parametres/TypFic",
        )


def _nom_fic(root: Element, contexte: ContextePes) -> Iterator[Fault]:
    """Rule 5."""
    path = "Enveloppe/Parametres/NomFic"
    nom_fic = text(root, path)
    if not 1 <= len(nom_fic) <= _MAX_NOM_FIC:
        yield Fault(code="PES-005_LENGTH", params={"nom_fic": nom_fic}, path=path)
    elif earlier := contexte.used("nomfic", nom_fic):
        yield Fault(code="PES-005", params={"nom_fic": nom_fic, "earlier": earlier}, path=path)


def _emetteur(root: Element) -> Iterator[Fault]:
    """Rule 6."""
    for name in ("Sigle", "Adresse"):
        if not text(root, f"Enveloppe/Emetteur/{name}").strip():
            yield Fault(code="PES-006", params={"element": name}, path=f"Enveloppe/Emetteur/{name}")


def _budget(root: Element, contexte: ContextePes) -> Iterator[Fault]:
    """Rules 7, 8, 9 and 10: the header designates one budget of the configuration."""
    budgets = contexte.budgets
    id_post = text(root, "EnTetePES/IdPost")
    same_post = [budget for budget in budgets if budget.id_post == id_post]
    if not (same_post and _CODIQUE.match(id_post)):
        yield _header_fault(root, "PES-007", "IdPost", id_post, {b.id_post for b in budgets})
        return
    cod_col, cod_bud = text(root, "EnTetePES/CodCol"), text(root, "EnTetePES/CodBud")
    found = [one for one in same_post if (one.cod_col, one.cod_bud) == (cod_col, cod_bud)]
    if not found:
        known = {f"{budget.cod_col}/{budget.cod_bud}" for budget in same_post}
        yield _header_fault(root, "PES-009", "CodCol", f"{cod_col}/{cod_bud}", known)
        return
    yield from _siret(root, found[0])
    yield from _finess(root, found[0], contexte.plan(root))


def _siret(root: Element, budget: Budget) -> Iterator[Fault]:
    """Rule 8; a wrong key is only signalled when the configuration holds the same number."""
    id_coll = text(root, "EnTetePES/IdColl")
    if id_coll != budget.siret:
        yield _header_fault(root, "PES-008", "IdColl", id_coll, {budget.siret})
    elif not is_siret(id_coll):
        yield _header_fault(root, "PES-008_KEY", "IdColl", id_coll, {budget.siret})


def _finess(root: Element, budget: Budget, plan: PlanBudget) -> Iterator[Fault]:
    """Rule 10: as configured, and always in M21/M22, and nowhere else."""
    fin_jur = text(root, "EnTetePES/FinJur")
    if fin_jur and plan.instruction and not plan.sante:
        yield _header_fault(root, "PES-010_NOMENCLATURE", "FinJur", fin_jur, {plan.instruction})
    elif fin_jur != budget.fin_jur:
        code = "PES-010" if fin_jur else "PES-010_MISSING"
        yield _header_fault(root, code, "FinJur", fin_jur, {budget.fin_jur})
    elif plan.sante and not fin_jur:
        expected = {"à demander au comptable"}
        yield _header_fault(root, "PES-010_MISSING", "FinJur", fin_jur, expected)


def _header_fault(root: Element, code: str, name: str, value: str, known: Iterable[str]) -> Fault:
    node = root.find(f"EnTetePES/{name}")
    return Fault(
        code=code,
        params={"value": value, "expected": ", ".join(sorted(known))},
        path=f"EnTetePES/{name}",
        line=None if node is None else line_of(node),
    )


def _content(end: FileEnd) -> Iterator[Fault]:
    """Rule 11."""
    domaines = {bordereau.domaine for bordereau in end.bordereaux}
    if len(domaines) > 1:
        yield Fault(code="PES-011_DOMAINS")
    elif not domaines and not end.attachments and not is_present(end.root, "PES_Marche"):
        yield Fault(code="PES-011")


def check_size(content: bytes, max_bytes: int) -> Iterator[Fault]:
    """Apply rule 12 to the file; the attachments are measured with their own rules."""
    if len(content) > max_bytes:
        params = {"size": megabytes(len(content)), "limit": megabytes(max_bytes)}
        yield Fault(code="PES-012", params=params)


def _dematerialisation(
    root: Element, bordereaux: list[BordereauNode], *, signed: bool
) -> Iterator[Fault]:
    """Rule 13: the flag and the signature agree, both ways."""
    filled = {bordereau.domaine for bordereau in bordereaux}
    for domaine, branch, head in DOMAINES:
        if domaine not in filled:
            continue
        path = f"{branch}/{head}/InfoDematerialisee"
        if read_boolean(text(root, path)) == signed:
            continue
        node = root.find(path)
        yield Fault(
            code="PES-013_SIGNED" if signed else "PES-013",
            params={"domaine": str(domaine)},
            path=path,
            line=None if node is None else line_of(node),
        )


def _signatures(root: Element, bordereaux: list[BordereauNode]) -> Iterator[Fault]:
    """Rule 14: each bordereau exactly once, or the root once, never both."""
    whole = len(root.findall(SIGNATURE))
    some = any(bordereau.signatures for bordereau in bordereaux)
    if whole > 1 or (whole and some):
        yield Fault(code="PES-014_MIXED")
    elif not whole and some:
        for bordereau in bordereaux:
            if bordereau.signatures != 1:
                yield bordereau.fault("PES-014", count=str(bordereau.signatures))


def _identifiers(root: Element, bordereaux: list[BordereauNode]) -> Iterator[Fault]:
    """Rule 15: what is signed carries an Id of its own."""
    if root.find(SIGNATURE) is not None:
        yield from _root_identifier(root, bordereaux)
        return
    seen: set[str] = set()
    for bordereau in bordereaux:
        identifier = bordereau.id
        if not _IDENTIFIER.match(identifier):
            yield bordereau.fault("PES-015", id=identifier)
        elif identifier in seen or identifier == root.get("Id"):
            yield bordereau.fault("PES-015_DOUBLE", id=identifier)
        seen.add(identifier)


def _root_identifier(root: Element, bordereaux: list[BordereauNode]) -> Iterator[Fault]:
    """Rule 15, when one signature bears on the whole file."""
    identifier = root.get("Id", "")
    others = {bordereau.id for bordereau in bordereaux}
    if not _IDENTIFIER.match(identifier) or identifier in others:
        yield Fault(code="PES-015_ROOT", params={"id": identifier}, line=line_of(root))
