"""Commands about the préfecture: letters, replies, cancellation, publicity, certificate."""

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.authorities import choose, selected
from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.flow_view import deposit_json, flow_json

if TYPE_CHECKING:
    from demat.engine.acte_life import Exchange
    from demat.engine.office import Authority, Office
    from demat.faults import Faults
    from demat.queue.views import DepositView

__all__ = ["cancel", "certificate", "list_courriers", "publicity", "reply"]


def list_courriers(config: Path, siren: str, *, waiting: bool, as_json: bool) -> int:
    """List the messages of the préfecture, or only those that wait for an answer."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.acte_life import exchange_of

    with open_office(load_config(config)) as office:
        found = [
            (authority, exchange_of(courrier, office))
            for authority in selected(office, siren)
            for courrier in office.store.courriers(authority.siren)
        ]
    shown = [(authority, one) for authority, one in found if one.awaits_answer or not waiting]
    if as_json:
        print_json({"courriers": [_courrier_json(one) for _, one in shown]})
        return Exit.DONE
    for authority, one in shown:
        _say_courrier(authority, one)
    if not shown:
        say("Aucun courrier de la préfecture" + (" n'attend de réponse." if waiting else "."))
    return Exit.DONE


def _courrier_json(one: "Exchange") -> dict[str, Any]:
    from demat.engine.courriers import answer_before

    courrier, term = one.courrier, answer_before(one.courrier)
    return {
        "id": courrier.id,
        "collectivite": courrier.collectivite,
        "kind": courrier.kind,
        "root": courrier.root,
        "id_acte": courrier.id_acte,
        "acte": courrier.transmission_id,
        "date": courrier.day.isoformat() if courrier.day else None,
        "received_at": courrier.received_at.isoformat(),
        "texte": courrier.texte,
        "documents": [file.name for file in courrier.documents],
        "awaits_answer": one.awaits_answer,
        "answer_before": term.isoformat() if term else None,
        "answer": one.answer.id if one.answer else None,
        "acknowledged_on": one.acknowledged_on.isoformat() if one.acknowledged_on else None,
    }


def _say_courrier(authority: "Authority", one: "Exchange") -> None:
    from demat.cli.display import paragraph
    from demat.engine.courriers import title_of

    words = f"n° {one.courrier.id}  {authority.nom} : {title_of(one.courrier)} ; {_standing(one)}"
    say(paragraph(words, then="      "))
    if one.courrier.texte:
        say(paragraph(f"« {one.courrier.texte} »", indent="      "))


def _standing(one: "Exchange") -> str:
    from demat.cli.display import day_fr
    from demat.cli.words import state_fr
    from demat.engine.courriers import answer_before

    if one.acknowledged_on is not None:
        return f"réponse reçue en préfecture le {day_fr(one.acknowledged_on)}"
    if one.answer is not None:
        return f"réponse : envoi n° {one.answer.id}, {state_fr(one.answer)}"
    term = answer_before(one.courrier)
    return f"à répondre avant le {day_fr(term)} (indicatif)" if term else "rien n'est attendu"


def reply(
    config: Path, number: int, paths: Sequence[Path], siren: str, *, refuse: bool, as_json: bool
) -> int:
    """Answer a letter of the préfecture, or refuse it, with documents."""
    from demat.actes.courriers import SensReponse
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.judge import read_file
    from demat.engine.process import process
    from demat.engine.receive import receive_one
    from demat.engine.replies import deposit_name
    from demat.engine.resubmit import hand_in
    from demat.intake.api import InputFile

    sens = SensReponse.REFUS if refuse else SensReponse.REPONSE
    files = [InputFile(name=path.name, data=read_file(path)) for path in paths]
    with open_office(load_config(config)) as office:
        authority = choose(office, siren)
        claimed = hand_in(deposit_name(number, sens), files, authority)
        done = process(receive_one(claimed, authority, office), authority, office)
        return _tell_reply(number, done, office, as_json=as_json)


def _tell_reply(number: int, done: "DepositView", office: "Office", *, as_json: bool) -> int:
    made = office.store.transmissions(collectivite=done.collectivite, deposit_id=done.id)
    if as_json:
        entry = deposit_json(done)
        entry["transmissions"] = [flow_json(item) for item in made]
        print_json(entry)
    else:
        for item in made:
            say(f"Réponse au courrier n° {number} : envoi n° {item.id}, {item.key}")
        if not made:
            say(f"La réponse au courrier n° {number} n'est pas partie.")
        print_faults(done.faults, indent="  ")
        if made:
            say("Elle partira au prochain passage (demat nightly, ou demat serve).")
    return Exit.FAULTS if done.state == "returned" else Exit.DONE


def cancel(config: Path, number: int, *, yes: bool, as_json: bool) -> int:
    """Cancel the transmission of an act that has its AR.

    :raises FaultError: ``ACT-054``, ``ACT-055``, ``INT-CONFIRM_CANCEL`` when nobody can confirm.
    """
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.cancel import cancel as ask

    with open_office(load_config(config)) as office:
        flow = office.store.transmission(number)
        authority = choose(office, flow.collectivite)
        made = ask(
            flow,
            authority,
            office,
            confirm=lambda faults: yes or _confirmed(flow.key, faults, as_json=as_json),
        )
    if made is None:
        say("Rien n'a été annulé.")
        return Exit.FAULTS
    if as_json:
        print_json(flow_json(made))
    else:
        say(f"Annulation de {flow.key} : envoi n° {made.id}")
        say("Elle partira au prochain passage. L'acte lui-même demeure : pour le retirer, il faut")
        say("une nouvelle décision. Son numéro ne pourra plus servir.")
    return Exit.DONE


def _confirmed(key: str, told: "Faults", *, as_json: bool) -> bool:
    from demat.faults import Fault, FaultError, Faults

    if as_json or not sys.stdin.isatty():
        raise FaultError(Faults([*told, Fault(code="INT-CONFIRM_CANCEL", params={"key": key})]))
    print_faults(told)
    answer = input(f"Annuler la transmission de {key} ? Tapez « oui » : ")
    return answer.strip().lower() == "oui"


def publicity(config: Path, number: int, day: str, mode: str, *, as_json: bool) -> int:
    """Write down when and how an act was made public, and say what follows from it."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.publicity import record_publicity

    with open_office(load_config(config)) as office:
        flow = office.store.transmission(number)
        authority = choose(office, flow.collectivite)
        life = record_publicity(flow, day, mode, authority, office, who=getpass.getuser())
    since = life.delais.executoire_depuis
    if as_json:
        print_json({"id": number, "executoire_depuis": since.isoformat() if since else None})
    elif since:
        say(f"Noté. L'acte est exécutoire depuis le {since:%d/%m/%Y}.")
    else:
        say("Noté. L'acte n'est pas encore exécutoire : il manque l'accusé de réception.")
    return Exit.DONE


def certificate(config: Path, number: int, target: Path | None, *, as_json: bool) -> int:
    """Write the certificat de caractère exécutoire of an act, ready to be signed."""
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.acte_file import certificate_of
    from demat.files import write_atomic

    with open_office(load_config(config)) as office:
        flow = office.store.transmission(number)
        content = certificate_of(flow, choose(office, flow.collectivite), office)
    path = target or Path(f"certificat-{flow.facts.get('numero', number)}.pdf")
    write_atomic(path, content)
    if as_json:
        print_json({"id": number, "file": str(path)})
    else:
        say(f"Certificat écrit dans {path} : faites-le dater et signer par le maire.")
    return Exit.DONE
