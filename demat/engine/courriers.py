"""The letters of the préfecture where agents look, with what to do and until when (§1.5, §4.3).

Each lies in its own folder of ``courriers``, once; its sheet says how to answer or to refuse. The
receipts 3-2 and 4-2 leave by themselves where the tiers de télétransmission does not send them.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from demat.actes.contexte import french_date
from demat.actes.courriers import SensReponse, TypeCourrier
from demat.actes.delais import add_months
from demat.actes.envelope import build_archive_accuse
from demat.actes.names import IdActe
from demat.clock import paris_date
from demat.engine.acte_life import exchange_of
from demat.engine.inbox import QUARANTINE, REMINDER
from demat.engine.issued import ACCUSE, message_part
from demat.engine.office import Authority, Office
from demat.engine.parts import frozen
from demat.engine.replies import deposit_name
from demat.engine.sheets import receipt_sheet
from demat.faults import Fault, FaultError, Faults, Severity
from demat.files import safe_name, write_atomic
from demat.intake.claim import SHEET
from demat.queue.views import CourrierView, UsedKey

__all__ = ["answer_before", "due_soon", "lay_courriers", "send_accuses", "title_of"]

SOON = timedelta(days=15)
"""A letter still unanswered so long before its term is told every night."""


def answer_before(courrier: CourrierView) -> date | None:
    """Return the day when our silence becomes a refusal; ``None`` when nothing is awaited.

    Two months from the letter, as received: indicative (§1.5).
    """
    kind = courrier.type
    if kind is None or kind.months is None:
        return None
    return add_months(paris_date(courrier.received_at), kind.months)


def lay_courriers(authority: Authority, office: Office) -> Faults:
    """Lay every message that does not lie in ``courriers`` yet; return what agents should read.

    A message laid again after a crash lies in the same place.
    """
    told = Faults()
    for courrier in office.store.courriers(authority.siren, unlaid=True):
        folder = authority.folders.courriers / _folder_name(courrier)
        store = office.store.documents
        for file in courrier.documents:
            write_atomic(folder / safe_name(file.name), store.get(file.sha256))
        write_atomic(folder / safe_name(courrier.name), store.get(courrier.sha256))
        write_atomic(folder / SHEET, _sheet(courrier, office))
        office.store.mark_laid([courrier.id])
        told += _arrival(courrier)
    return told


def send_accuses(authority: Authority, office: Office) -> int:
    """Queue the receipt of every letter that asks for one and has none; return how many.

    Where the other side sends them itself there is nothing to do (§11 trap 19).
    """
    if authority.connector.acknowledges_courriers:
        return 0
    return sum(
        _send_accuse(courrier, authority, office)
        for courrier in office.store.courriers(authority.siren)
    )


def _send_accuse(courrier: CourrierView, authority: Authority, office: Office) -> bool:
    kind, day = courrier.type, courrier.day
    if kind is None or not kind.accuse or day is None:
        return False
    if office.store.holder(authority.siren, ACCUSE, str(courrier.id)) is not None:
        return False
    id_acte = IdActe.parse(courrier.id_acte)
    part = message_part(
        lambda packing: build_archive_accuse(kind, id_acte, day, authority.emetteur, **packing),
        key=f"{id_acte}-{kind.accuse}-c{courrier.id}",
        facts={
            "objet": f"Accusé de réception du courrier n° {courrier.id} ({kind.libelle})",
            "numero": id_acte.numero,
            "courrier": courrier.id,
            "date_courrier": day.isoformat(),
            "about_reference": courrier.reference,
        },
        used=UsedKey(kind=ACCUSE, key=str(courrier.id), label=f"accusé du courrier {courrier.id}"),
        authority=authority,
        office=office,
    )
    office.store.issue(
        authority.siren,
        name=f"Accusé du courrier n° {courrier.id}",
        kind="accuse_courrier",
        part=frozen(part, office.store.documents),
    )
    return True


def due_soon(authority: Authority, office: Office) -> Faults:
    """Return a warning for each letter that waits for us and whose term is near, or past."""
    return Faults(_due(authority, office, today=paris_date(office.clock.now())))


def _due(authority: Authority, office: Office, *, today: date) -> Iterator[Fault]:
    for courrier in office.store.courriers(authority.siren):
        term = answer_before(courrier)
        if term is None or today + SOON < term or not exchange_of(courrier, office).awaits_answer:
            continue
        code = "ACT-COURRIER_LATE" if today > term else "ACT-COURRIER_DUE"
        params = {
            "courrier": str(courrier.id),
            "titre": title_of(courrier),
            "date": french_date(term),
        }
        yield Fault(code=code, params=params, severity=Severity.WARNING)


def _arrival(courrier: CourrierView) -> Faults:
    code = "ACT-COURRIER_QUARANTINE" if courrier.kind == QUARANTINE else "ACT-COURRIER_NEW"
    params = {"titre": title_of(courrier), "dossier": _folder_name(courrier)}
    taken = Faults([Fault(code=code, params=params, severity=Severity.WARNING)])
    return taken + courrier.faults.as_warnings()  # nothing to correct


def title_of(courrier: CourrierView) -> str:
    """Return what an agent calls a message: its kind, its date, its act."""
    kind = courrier.type
    if kind is not None:
        what = kind.libelle
    elif courrier.kind == REMINDER:
        what = "rappel du complément papier"
    else:
        what = "message non rattaché"
    numero = _numero(courrier.id_acte)
    about = f" sur l'acte {numero}" if numero else ""
    return f"{what}{about}" + (f" du {french_date(courrier.day)}" if courrier.day else "")


def _folder_name(courrier: CourrierView) -> str:
    day = (courrier.day or paris_date(courrier.received_at)).isoformat()
    words = [str(courrier.id), day, _short(courrier), _numero(courrier.id_acte)]
    return safe_name("-".join(filter(None, words)))


def _short(courrier: CourrierView) -> str:
    kind = courrier.type
    return _SHORT[kind] if kind is not None else courrier.kind


_SHORT = {
    TypeCourrier.COURRIER_SIMPLE: "courrier",
    TypeCourrier.DEMANDE_PIECES: "demande-de-pieces",
    TypeCourrier.LETTRE_OBSERVATIONS: "lettre-d-observations",
    TypeCourrier.DEFERE: "defere",
}


def _numero(id_acte: str) -> str:
    try:
        return IdActe.parse(id_acte).numero
    except FaultError:
        return ""


def _sheet(courrier: CourrierView, office: Office) -> bytes:
    title = title_of(courrier)
    return receipt_sheet(
        title=f"{title[:1].upper()}{title[1:]}",
        state=_what_to_do(courrier),
        good=False,
        rows=_rows(courrier),
        now=office.clock.now(),
    )


def _what_to_do(courrier: CourrierView) -> str:
    kind, term = courrier.type, answer_before(courrier)
    if kind is TypeCourrier.DEFERE:
        return (
            "Le préfet attaque cet acte devant le tribunal administratif. Prévenez le maire et"
            " l'avocat de la commune : la réponse se fait devant le tribunal, pas ici."
        )
    if kind is TypeCourrier.COURRIER_SIMPLE:
        return "La préfecture vous écrit. Aucune réponse n'est obligatoire."
    if kind is not None and term is not None:
        return (
            f"La préfecture attend votre réponse avant le {french_date(term)} (date indicative) :"
            " après, votre silence vaut en principe refus."
        )
    if courrier.kind == REMINDER:
        return (
            "La préfecture attend le complément papier que vous avez annoncé pour cet acte :"
            " déposez-le sans tarder."
        )
    return (
        "Ce message n'a pu être rattaché à aucun de vos envois. Rien n'est perdu : il est conservé"
        " tel quel. Lisez-le, puis appelez la préfecture s'il vous concerne."
    )


def _rows(courrier: CourrierView) -> Iterator[tuple[str, str]]:
    yield ("Courrier", f"n° {courrier.id}")
    if courrier.id_acte:
        yield ("Acte", courrier.id_acte)
    if courrier.id_acte and courrier.transmission_id is None:
        yield ("À savoir", "Cet acte n'a pas été envoyé avec demat.")
    if courrier.day:
        yield ("Date de la lettre", french_date(courrier.day))
    yield ("Reçu le", french_date(paris_date(courrier.received_at)))
    if courrier.texte:
        yield ("La préfecture écrit", courrier.texte)
    if courrier.documents:
        yield ("Documents joints", ", ".join(file.name for file in courrier.documents))
    kind = courrier.type
    if kind is not None and kind.answerable:
        yield ("Pour répondre", _how_to(courrier, SensReponse.REPONSE))
        if kind.months is not None:
            yield ("Pour refuser", _how_to(courrier, SensReponse.REFUS))


def _how_to(courrier: CourrierView, sens: SensReponse) -> str:
    name = deposit_name(courrier.id, sens)
    what = "votre lettre de refus en PDF" if sens is SensReponse.REFUS else "votre réponse en PDF"
    if courrier.kind == TypeCourrier.DEMANDE_PIECES and sens is SensReponse.REPONSE:
        what = "les pièces demandées en PDF"
    return f"Mettez {what} dans un dossier nommé « {name} », et ce dossier dans « a-deposer »."
