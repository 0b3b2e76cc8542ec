"""From bordereaux as drafted, or from a ready-made file, to PES files ready to be signed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from demat.actes.documents import detect_type, inspect_pdf
from demat.amounts import cents, from_cents
from demat.clock import paris_date
from demat.connectors.api import Flux
from demat.engine.as_one import AFTER, ranked
from demat.engine.asap import with_avis
from demat.engine.attached import attach, with_digests
from demat.engine.examine import examine
from demat.engine.office import Authority, Office
from demat.engine.parts import Part, ToSign
from demat.engine.past import Past
from demat.engine.portions import Sending, shared_out
from demat.engine.remaining import Remaining, idbord, remaining
from demat.engine.sign import false_signatures
from demat.faults import Fault, FaultError, Faults, Severity
from demat.helios.build import build_pes
from demat.helios.codes import BORDEREAU_ROLE
from demat.helios.lifecycle import EtatPes
from demat.helios.model import Bordereau, PesAller, PieceJointe
from demat.helios.names import nom_fic, parse
from demat.helios.plan import plan_key
from demat.helios.read import BordereauFacts, EntetePes, PesFacts, read_entete
from demat.helios.ready_made import complete, is_signed
from demat.helios.rules import ContextePes, Origine, register_keys
from demat.helios.rules_file import check_size
from demat.intake.api import PesDraft, PesFileDraft
from demat.queue.readings import use_told
from demat.queue.states import DeliveryState, Selection
from demat.queue.views import DepositView, TransmissionView, UsedKey
from demat.schemas.validate import validate

__all__ = ["NOMFIC", "pes_parts"]

NOMFIC = "nomfic"
"""Series of the NomFic of a day (ISO 8601)."""


_WRONG_TOTALS = frozenset({"PES-020", "PES-021"})


def pes_parts(
    drafts: Iterable[PesDraft | PesFileDraft],
    deposit: DepositView,
    authority: Authority,
    office: Office,
    names: Sequence[str] = (),
) -> tuple[tuple[Part, ...], Faults]:
    """Number, build (or complete), check and validate every PES file of a deposit.

    :param names: NomFic that this deposit was given at an earlier try, used again in order.
    """
    parts: list[Part] = []
    faults = Faults()
    naming = _Naming(kept=list(names), authority=authority, office=office)
    waiting = list(drafts)
    if len(waiting) > 1:  # a lone file need not be read once more
        waiting.sort(key=_carries_bordereaux)
    past = Past(authority=authority, office=office, alone=len(waiting) == 1)
    before: dict[str, str] = {}
    for draft in waiting:
        if isinstance(draft, PesFileDraft):
            part, found = _ready_made(draft, deposit, naming, replace(past, before=dict(before)))
            made = tuple(filter(None, (part,)))
            before |= {name: one.key for one in made for name in one.facts["pieces_jointes"]}
        else:
            made, found = _built(draft, deposit, naming, past)
        faults += found.within(draft.where)
        parts += made
    return ranked(_superseding(parts, deposit, authority, office)), faults


def _carries_bordereaux(draft: PesDraft | PesFileDraft) -> bool:
    """Tell whether a file holds more than attachments, which leave first (§5.2)."""
    if not isinstance(draft, PesFileDraft):
        return True
    try:
        return read_entete(draft.file.content).has_bordereaux
    except FaultError:  # said when the file is looked at
        return True


@dataclass(kw_only=True, slots=True)
class _Naming:
    """Gives a NomFic to each file, the same at every try: a day has only 999 of them."""

    kept: list[str]
    authority: Authority
    office: Office

    def next(self, siret: str) -> str:
        """Return a NomFic that was never sent."""
        while self.kept:
            name = self.kept.pop(0)
            found = parse(name)
            if found and found.siret == siret and not self._used(name):
                return name
        today = paris_date(self.office.clock.now())
        store = self.office.store
        serial = store.next_serial(self.authority.siren, NOMFIC, today.isoformat())
        return nom_fic(siret, today, serial)

    def _used(self, name: str) -> bool:
        return self.office.store.used(self.authority.siren, "nomfic", name) is not None


# ------------------------------------------------------------------ files that we write


def _built(
    draft: PesDraft, deposit: DepositView, naming: _Naming, past: Past
) -> tuple[tuple[Part, ...], Faults]:
    """Build what remains to send, in one file or in several (see ``demat.engine.portions``)."""
    authority, office = past.authority, past.office
    sending, digests, notes = _to_send(draft, deposit, past)
    if notes.blocking or not (sending.pes.bordereaux or sending.pes.pieces_jointes):
        return (), notes
    files, found = shared_out(sending, office.settings.max_pes_bytes)
    notes += found
    parts: list[Part] = []
    before: dict[str, str] = {}
    for pes in files:
        named = _named(pes, naming.next(draft.budget.siret))
        content = build_pes(named)
        seen = replace(past, alone=past.alone and len(files) == 1, before=dict(before))
        facts, found = _check(content, Origine.BUILT, seen)
        notes += _anywhere(found)
        if facts is not None and not found.blocking:
            part = _part(content, facts, found, authority)
            part = with_digests(part, pes.pieces_jointes, digests, pes.budget)
            parts.append(_after(part, facts, seen))
        where = use_told(pes.date, named.nom_fic)
        before |= {piece.id_unique: where for piece in pes.pieces_jointes}
    return (() if notes.blocking else tuple(parts)), notes


def _to_send(
    draft: PesDraft, deposit: DepositView, past: Past
) -> tuple[Sending, Mapping[str, str], Faults]:
    """Return what is to be sent, the SHA-256 of its attachments, and what there is to say."""
    authority, office, budget = past.authority, past.office, draft.budget
    left = Remaining(bordereaux=draft.bordereaux)
    if deposit.replaces is not None:
        left = remaining(draft.bordereaux, budget.cod_bud, past)
    draft, kept, notes = with_avis(draft, left.bordereaux, left.faults, past)
    attached = attach(draft.pieces_jointes, kept, left.taken, budget, authority, office)
    role = any(bordereau.typ_bord == BORDEREAU_ROLE for bordereau in kept)
    signed = bool(authority.signataires) and not role  # a rôle leaves unsigned (§3.8)
    bordereaux = attached.bordereaux
    if signed:
        bordereaux = _with_cumul(bordereaux, budget.cod_bud, authority, office)
    today = paris_date(office.clock.now())
    pes = PesAller(
        nom_fic=nom_fic(budget.siret, today, 1),
        typ_fic="PESORMC" if role else "PESALR2",
        id="PES",
        emetteur=office.settings.emetteur_pes,
        budget=budget,
        date=today,
        dematerialise=signed,
        bordereaux=bordereaux,
        pieces_jointes=attached.carried,
    )
    sending = Sending(
        pes=_named(pes, pes.nom_fic),
        taken=attached.taken,
        origins=_origins(bordereaux, budget.cod_bud, authority, office),
        signed=signed,
    )
    return sending, attached.digests, notes + _readable(attached.carried)


def _named(pes: PesAller, name: str) -> PesAller:
    identifier = f"PES{name.rpartition('PESALR2_')[2].replace('_', '')}"
    return replace(pes, nom_fic=name, id=identifier)


def _origins(
    bordereaux: Iterable[Bordereau], cod_bud: str, authority: Authority, office: Office
) -> tuple[int | None, ...]:
    """Return the refused transmission that held each bordereau."""
    held = {
        item["key"]: flow.id
        for flow in _gone(authority, office)
        for item in flow.facts.get("bordereaux", ())
    }
    return tuple(held.get(idbord(bordereau, cod_bud)) for bordereau in bordereaux)


def _readable(attachments: Iterable[PieceJointe]) -> Faults:
    """Refuse the PDFs that the comptable could not open."""
    faults = []
    for attachment in attachments:
        with attachment.open() as source:
            content = source.read()
        if detect_type(content) != "pdf":
            continue  # another format: the rules on its announced type judge it
        facts = inspect_pdf(content)
        if not facts.readable:
            code = "INT-PDF_PASSWORD" if facts.password else "INT-PDF_DAMAGED"
            params = {"name": attachment.name}
            faults.append(Fault(code=code, params=params, source=attachment.name))
    return Faults(faults)


def _with_cumul(
    bordereaux: Iterable[Bordereau], cod_bud: str, authority: Authority, office: Office
) -> tuple[Bordereau, ...]:
    """Fill the yearly total that a signed bordereau must carry, from earlier sendings (§3.2)."""
    running: dict[str, Decimal] = {}
    given = tuple(bordereaux)
    filled: dict[int, Bordereau] = {}
    for rank, bordereau in sorted(enumerate(given), key=lambda item: item[1].numero):
        series = idbord(bordereau, cod_bud).rpartition("/")[0]
        before = running.get(series)
        if before is None:
            before = from_cents(office.store.cumul_cents(authority.siren, series))
        running[series] = bordereau.mt_cumul_annuel or before + bordereau.mt_ht
        filled[rank] = replace(bordereau, mt_cumul_annuel=running[series])
    return tuple(filled[rank] for rank in range(len(given)))


# ------------------------------------------------------------- files that others wrote


def _ready_made(
    draft: PesFileDraft, deposit: DepositView, naming: _Naming, past: Past
) -> tuple[Part | None, Faults]:
    original, authority, office = draft.file.content, past.authority, past.office
    if too_large := _too_large(original, office):
        return None, too_large
    try:
        entete = read_entete(original)
        name = entete.nom_fic
        if deposit.replaces is not None and (there := _under_way(name, authority, office)):
            params = {"what": f"Le fichier {name}", "key": there.key}
            note = Fault(code="INT-ALREADY_SENT", params=params, severity=Severity.WARNING)
            return None, Faults([note])
        completed, notes = _complete(original, entete, deposit, naming, authority, office)
    except FaultError as error:
        refused = validate(original, catalogue=office.catalogue).blocking
        return None, refused or error.faults
    facts, checked = _check(completed, Origine.READY_MADE, past)
    if facts is None:  # its structure is refused: what we would have completed does not matter
        return None, checked
    if facts.signed:
        checked += false_signatures(completed, authority)
    if checked.blocking:
        return None, notes + checked
    return _after(_part(completed, facts, checked, authority), facts, past), notes + checked


def _too_large(content: bytes, office: Office) -> Faults:
    """Refuse a file on its size, before it is read."""
    settings = office.settings
    level = settings.pes_levels.get("PES-012", Severity.BLOCKING)
    if level is not Severity.BLOCKING:
        return Faults()
    return Faults(check_size(content, settings.max_pes_bytes))


def _under_way(nom_fic: str, authority: Authority, office: Office) -> TransmissionView | None:
    """Return what sent this very file already and was not refused: it is not sent twice (§9.3)."""
    holder = office.store.holder(authority.siren, "nomfic", nom_fic)
    if holder is None or holder.etat_negative:
        return None
    gone = holder.delivery in (DeliveryState.REFUSED, DeliveryState.ABANDONED)
    return None if gone else holder


def _complete(
    original: bytes,
    entete: EntetePes,
    deposit: DepositView,
    naming: _Naming,
    authority: Authority,
    office: Office,
) -> tuple[bytes, Faults]:
    """Fill in what a signed flow must carry, in a file that nobody has signed yet (§7.3, §9).

    A corrected file that kept its NomFic gets a new one: the other side keeps the refused ones.
    """
    if is_signed(original):
        return original, Faults()
    name = None
    used = office.store.used(authority.siren, "nomfic", entete.nom_fic)
    if used is not None and deposit.replaces is not None:
        name = naming.next(entete.id_coll if len(entete.id_coll) == 14 else authority.siret)
    sign = bool(authority.signataires) and entete.has_bordereaux and not entete.role
    whole = sign and any(one.whole for one in authority.signataires)
    completed = complete(original, nom_fic=name, dematerialise=True if sign else None, whole=whole)
    notes = [
        Fault(
            code="INT-PES_COMPLETED",
            params={"change": change},
            severity=Severity.WARNING,
        )
        for change in completed.changes
    ]
    return completed.content, Faults(notes)


# --------------------------------------------------------------------------- both


def _check(content: bytes, origine: Origine, past: Past) -> tuple[PesFacts | None, Faults]:
    authority, office = past.authority, past.office
    contexte = ContextePes(
        budgets=authority.budgets,
        today=paris_date(office.clock.now()),
        origine=origine,
        signature=bool(authority.signataires),
        used=past.used,
        max_bytes=office.settings.max_pes_bytes,
        max_pj_bytes=office.settings.max_pj_bytes,
        levels=office.settings.pes_levels,
        grille_triplets=office.settings.grille_triplets,
        grille_tiers=office.settings.grille_tiers,
        civilites=frozenset(authority.civilites.values()),
        plans=authority.plans,
        followed=past.followed,
        montant_origine=past.montant_origine,
        cumul=past.cumul,
    )
    examined = examine(content, contexte, office.catalogue)
    return examined.facts, examined.faults


def _after(part: Part, facts: PesFacts, past: Past) -> Part:
    """Write down the attachments that must have left before this file (§5.2): those that it cites
    and that another file of ours carries. Another software may have sent the rest."""
    first = [name for name in facts.cited if past.used("idunique", name)]
    return replace(part, facts={**part.facts, AFTER: first}) if first else part


def _anywhere(faults: Faults) -> Faults:
    """Leave out lines and elements of a file that the agent has never seen: we wrote it."""
    return Faults(replace(fault, line=None, path="") for fault in faults)


def _part(content: bytes, facts: PesFacts, found: Faults, authority: Authority) -> Part:
    keys = tuple(_used_key(kind, key, facts) for kind, key in register_keys(facts))
    unsigned = [b for b in facts.bordereaux if not b.signed and not facts.signed_globally]
    return Part(
        flux=Flux.HELIOS,
        file_name=_physical_name(facts.nom_fic),
        content=content,
        key=facts.nom_fic,
        etat=EtatPes.GENERE,
        facts=_json_facts(facts),
        used_keys=keys,
        to_sign=tuple(_to_sign(b, facts, found) for b in unsigned)
        if _signs(facts, authority)
        else (),
    )


def _to_sign(bordereau: BordereauFacts, facts: PesFacts, found: Faults) -> ToSign:
    """Return what is shown of a bordereau; totals that its lines belie are no totals.

    Rules 20 and 21 may have been lowered to warnings: no delegation goes by such an amount.
    """
    numero = str(bordereau.numero)
    belied = any(
        fault.code in _WRONG_TOTALS and fault.params.get("bordereau", "").lstrip("0") == numero
        for fault in found
    )
    return ToSign(
        id=bordereau.id,
        budget=plan_key(facts.cod_col, facts.cod_bud),
        libelle=facts.libelle,
        domaine=bordereau.domaine,
        exercice=bordereau.exercice,
        numero=bordereau.numero,
        typ_bord=bordereau.typ_bord,
        pieces=len(bordereau.pieces),
        mt_ht=None if belied else bordereau.mt_ht,
        mt_tva=bordereau.mt_tva or Decimal(0),
    )


def _signs(facts: PesFacts, authority: Authority) -> bool:
    """Tell whether the authority signs such a file: rôles leave unsigned (§3.8)."""
    return bool(authority.signataires) and not facts.role


def _physical_name(name: str) -> str:
    """Name the file that travels after its NomFic, whose extension is kept as it is (§2.1)."""
    return name if name.lower().endswith(".xml") else f"{name}.xml"


def _used_key(kind: str, key: str, facts: PesFacts) -> UsedKey:
    if kind != "idbord":
        return UsedKey(kind=kind, key=key, label=facts.nom_fic)
    bordereau = next(b for b in facts.bordereaux if idbord(b, facts.cod_bud) == key)
    scope = key.rpartition("/")[0]
    amount = cents(bordereau.mt_ht) if bordereau.mt_ht is not None else 0
    return UsedKey(kind=kind, key=key, label=facts.nom_fic, scope=scope, amount_cents=amount)


def _json_facts(facts: PesFacts) -> dict[str, object]:
    return {
        "nom_fic": facts.nom_fic,
        "budget": f"{facts.cod_col}/{facts.cod_bud}",
        "libelle": facts.libelle,
        "bordereaux": [
            {
                "domaine": bordereau.domaine.value,
                "exercice": bordereau.exercice,
                "numero": bordereau.numero,
                "typ_bord": bordereau.typ_bord,
                "pieces": len(bordereau.pieces),
                "montant_ht": str(bordereau.mt_ht) if bordereau.mt_ht is not None else "",
                "key": idbord(bordereau, facts.cod_bud),
            }
            for bordereau in facts.bordereaux
        ],
        "pieces_jointes": [pj.id_unique for pj in facts.pieces_jointes],
    }


def _superseding(
    parts: Sequence[Part], deposit: DepositView, authority: Authority, office: Office
) -> tuple[Part, ...]:
    """Link every part to the refused transmission that it corrects, each to one of its own.

    It is the one that held the same bordereaux, else one of the deposits that are corrected.
    """
    gone = _gone(authority, office)
    older = _corrected(deposit, office)
    linked: dict[int, int] = {}
    for same in (_same_bordereaux, lambda _, flow: flow.deposit_id in older):
        for rank, part in enumerate(parts):
            found = next((flow for flow in gone if same(part, flow)), None)
            if rank not in linked and found is not None:
                linked[rank] = found.id
                gone.remove(found)
    return tuple(replace(part, supersedes=linked.get(rank)) for rank, part in enumerate(parts))


def _gone(authority: Authority, office: Office) -> list[TransmissionView]:
    """Return what was refused or given up, and that nothing corrects yet."""
    return [
        flow
        for selection in (Selection.REFUSED, Selection.ABANDONED)
        for flow in office.store.transmissions(
            collectivite=authority.siren, flux=Flux.HELIOS, selection=selection
        )
        if flow.superseded_by is None
    ]


def _corrected(deposit: DepositView, office: Office) -> frozenset[int]:
    """Return the deposits that this one corrects, one after the other."""
    numbers = []
    older = deposit.replaces
    while older is not None:
        numbers.append(older)
        older = office.store.deposit(older).replaces
    return frozenset(numbers)


def _same_bordereaux(part: Part, flow: TransmissionView) -> bool:
    wanted = {used.key for used in part.used_keys if used.kind == "idbord"}
    return not wanted.isdisjoint(item["key"] for item in flow.facts.get("bordereaux", ()))
