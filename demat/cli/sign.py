"""``sign``: the session of a signataire, who reads what waits, confirms, types the PIN once."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.authorities import choose, selected
from demat.cli.boundary import Exit, exit_code, print_faults, print_json, say
from demat.cli.flow_view import deposit_json, faults_json
from demat.cli.flows import deposit_number, tell_deposit
from demat.cli.sign_view import bordereaux_fr, plain, show_signable, show_waiting, waiting_json
from demat.cli.words import deposit_fr

if TYPE_CHECKING:
    from demat.engine.office import Authority, Office
    from demat.engine.sign_session import Waiting
    from demat.engine.signataires import Person, Signataire
    from demat.faults import FaultError, Faults
    from demat.queue.views import DepositView

__all__ = ["SignRequest", "sign"]

_YES = "oui"
_REFUSE = re.compile(r"refuser\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignRequest:
    """What ``demat sign`` was asked."""

    targets: Sequence[str] = ()
    """Deposits to sign, ``D12``; empty means all that wait."""
    siren: str = ""
    """The only authority; empty means all of them."""
    signataire: str = ""
    """Who signs or refuses; empty when there is no doubt."""
    refuse: str = ""
    """The deposit to send back."""
    motif: str = ""
    """Why."""
    pages: Path | None = None
    """Folder where what waits is written as pages, to be read before signing."""
    yes: bool = False
    """No question."""
    last_try: bool = False
    """One more PIN may be tried on a token that may lock."""
    clock_verified: bool = False
    """Somebody vouches for the clock of this computer."""
    as_json: bool = False

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer."""
        return not self.as_json and sys.stdin.isatty()


@dataclass(kw_only=True, slots=True)
class _Result:
    """What the sessions came to."""

    done: "list[DepositView]" = field(default_factory=list)
    """Deposits that await no signature any more."""
    left: "list[tuple[Waiting, Faults]]" = field(default_factory=list)
    """Deposits that still do, and why."""
    errors: "list[FaultError]" = field(default_factory=list)
    """What kept an authority waiting."""
    declined: bool = False
    """Somebody did not say yes."""

    def exit_code(self, *, named: bool) -> Exit:
        """Return a code: trouble with a key, else what was given back or is left.

        :param named: the deposits were named: that one is left is no success.
        """
        if self.errors:
            return max(map(exit_code, self.errors))
        returned = any(item.state == "returned" for item in self.done)
        left = self.left and (named or not self.done)
        return Exit.FAULTS if returned or left or self.declined else Exit.DONE


def sign(config: Path, request: SignRequest) -> int:
    """Show what waits, ask once, open the key once, sign; or send one deposit back.

    :raises FaultError: ``INT-CONFIRM`` when nobody is there to say yes, ``SIG-CLOCK_BACK``,
        ``INT-NOT_AWAITING``, ``INT-SIGN_…``, ``INT-SIGNER_…``.
    """
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.sign_session import who_declare

    with open_office(load_config(config)) as office:
        authorities = selected(office, request.siren)
        if request.refuse or request.motif:
            return _refuse_one(request, office)
        if request.signataire:
            authorities = who_declare(authorities, request.signataire)
        named = _named(request, authorities, office)
        _check_clock(request, authorities[0], office)
        result = _Result()
        try:
            for authority in authorities:
                _visit(authority, named, request, office, result)
        except (KeyboardInterrupt, EOFError):
            result.declined = True
            if not request.as_json:
                say("\nInterrompu : ce qui n'est pas signé attend toujours, rien n'est perdu.")
        _conclude(result, as_json=request.as_json)
        return result.exit_code(named=bool(named))


def _named(
    request: SignRequest, authorities: Sequence["Authority"], office: "Office"
) -> frozenset[int]:
    """Return the deposits that were named, all of which must await a signature.

    :raises FaultError: ``INT-NOT_AWAITING``; ``CFG-COLLECTIVITE``, ``INT-SIGN_ELSEWHERE`` or
        ``INT-SIGNER_UNKNOWN`` when one is of an authority that this session is not about.
    """
    from demat.engine.sign_session import find_signataire, not_awaiting
    from demat.faults import Faults
    from demat.queue.states import DepositState

    found = [deposit_number(office, target) for target in request.targets]
    sirens = {authority.siren for authority in authorities}
    for item in found:
        if item.collectivite not in sirens:
            authority = _of_session(item, request, office)
            find_signataire(authority, request.signataire)
    awaiting = DepositState.AWAITING_SIGNATURE
    Faults(not_awaiting(item) for item in found if item.state is not awaiting).raise_if_blocking()
    return frozenset(item.id for item in found)


def _of_session(deposit: "DepositView", request: SignRequest, office: "Office") -> "Authority":
    """Return the authority of a deposit, when it is configured and is the one that was named.

    :raises FaultError: ``CFG-COLLECTIVITE``, ``INT-SIGN_ELSEWHERE``.
    """
    from demat.faults import Fault, FaultError

    authority = choose(office, deposit.collectivite)
    if request.siren and request.siren != authority.siren:
        params = {"depot": f"D{deposit.id}", "nom": authority.nom}
        raise FaultError(Fault(code="INT-SIGN_ELSEWHERE", params=params))
    return authority


def _check_clock(request: SignRequest, authority: "Authority", office: "Office") -> None:
    """Stop before anything is read when the clock was set back, unless somebody vouches for it."""
    from demat.engine.sign import check_clock, vouch_for_clock

    faults = check_clock(office)
    if faults and request.clock_verified:
        vouch_for_clock(authority, office)
    else:
        faults.raise_if_blocking()


def _conclude(result: _Result, *, as_json: bool) -> None:
    from demat.faults import Faults

    errors = Faults(fault for error in result.errors for fault in error.faults)
    if not as_json:
        print_faults(errors, sys.stderr)
        if errors:
            say("Ce qui n'est pas signé attend toujours.")
        if not (result.done or result.left or result.errors or result.declined):
            say("Aucun bordereau n'attend de signature.")
        return
    entry = {
        "deposits": [deposit_json(item) for item in result.done],
        "waiting": [
            waiting_json(item) | {"faults": faults_json(faults)} for item, faults in result.left
        ],
    }
    print_json(entry | ({"error": faults_json(errors)} if errors else {}))


# --------------------------------------------------------------------- one authority


def _visit(
    authority: "Authority",
    named: frozenset[int],
    request: SignRequest,
    office: "Office",
    result: _Result,
) -> None:
    """Sign what waits at one authority; what is wrong with it does not stop the others."""
    from demat.engine.sign_session import waiting_deposits
    from demat.faults import FaultError

    waiting: Sequence[Waiting] = [
        item
        for item in waiting_deposits(authority, office)
        if not named or item.deposit.id in named
    ]
    if not waiting:
        return
    try:
        pages = _pages(waiting, authority, request, office)
        if not request.as_json:
            show_waiting(authority.nom, waiting, pages)
        waiting = _still_possible(waiting, authority, request, office, result)
        if not waiting:
            return
        signataire = _signataire(authority, waiting, request, office)
        chosen = _chosen(authority, waiting, signataire, request, office, result)
        if chosen:
            _sign(chosen, signataire, authority, request, office, result)
    except FaultError as error:
        if "INT-CONFIRM" in error.faults.codes:  # nobody is there: nothing is done anywhere
            raise
        result.errors.append(error)


def _still_possible(
    waiting: Sequence["Waiting"],
    authority: "Authority",
    request: SignRequest,
    office: "Office",
    result: _Result,
) -> Sequence["Waiting"]:
    """Give back what can leave no more, when something may be done at all; return the rest."""
    from demat.engine.sign_session import give_back_impossible

    for item in waiting:
        if not item.faults.blocking:
            continue
        if request.yes or request.interactive:
            result.done.append(give_back_impossible(item, authority, office))
            if not request.as_json:
                say(f"D{item.deposit.id} : rendu, dans « a-corriger »")
        else:
            result.left.append((item, item.faults))
    return [item for item in waiting if not item.faults.blocking]


def _pages(
    waiting: Sequence["Waiting"], authority: "Authority", request: SignRequest, office: "Office"
) -> dict[int, tuple[Path, ...]]:
    """Write the pages that were asked for; return them by deposit."""
    from demat.engine.sign_pages import write_pages

    folder = request.pages
    if folder is None:
        return {}
    return {item.deposit.id: write_pages(item, folder, authority, office) for item in waiting}


def _signataire(
    authority: "Authority", waiting: Sequence["Waiting"], request: SignRequest, office: "Office"
) -> "Signataire":
    """Return who signs: the one that was named, or the only one who may; else ask."""
    from demat.engine.sign_session import find_signataire, may_sign_some
    from demat.faults import Fault, FaultError

    if request.signataire:
        return find_signataire(authority, request.signataire)
    able = may_sign_some(authority, waiting, office)
    if len(able) == 1:
        return able[0]
    if not request.interactive or request.yes:
        known = ", ".join(one.nom for one in able)
        params = {"nom": authority.nom, "known": known}
        raise FaultError(Fault(code="INT-SIGNER_WHICH", params=params))
    say("\nQui signe ?")
    for rank, one in enumerate(able, start=1):
        say(f"  {rank}. {plain(one.nom)}, {plain(one.qualite)}")
    answer = input("Tapez son numéro : ").strip()
    if answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(able):
        return able[int(answer) - 1]
    return find_signataire(authority, answer)


def _chosen(
    authority: "Authority",
    waiting: Sequence["Waiting"],
    signataire: "Signataire",
    request: SignRequest,
    office: "Office",
    result: _Result,
) -> Sequence["Waiting"]:
    """Show what a signataire may sign and ask for a decision; nothing when it is no.

    :raises FaultError: ``INT-CONFIRM`` when nobody is there to answer.
    """
    from demat.engine.sign_session import reasons_against
    from demat.faults import Fault, FaultError

    against = {item.deposit.id: reasons_against(signataire, item, office) for item in waiting}
    result.left += [(item, found) for item in waiting if (found := against[item.deposit.id])]
    may = [item for item in waiting if not against[item.deposit.id]]
    if not request.as_json:
        shown = {f"D{number}": found for number, found in against.items() if found}
        show_signable(signataire, may, shown)
    if not may or request.yes:
        return may
    if not request.interactive:
        raise FaultError(Fault(code="INT-CONFIRM", params={"count": str(len(may))}))
    return _decided(may, signataire, authority, office, result)


def _decided(
    may: Sequence["Waiting"],
    signataire: "Signataire",
    authority: "Authority",
    office: "Office",
    result: _Result,
) -> Sequence["Waiting"]:
    """Ask until the answer is yes, some numbers, or no; refusals are done on the way."""
    open_ = {f"D{item.deposit.id}": item for item in may}
    while open_:
        _tell_answers(tuple(open_))
        answer = input("Votre réponse : ").strip()
        refused = _REFUSE.fullmatch(answer)
        if refused is None:
            chosen = _answered(answer, open_)
            if not chosen:
                result.declined = True
                say("Rien n'a été signé.")
            return chosen
        name = _name(refused[1])
        item = open_.get(name)
        if item is None:
            say(f"« {plain(refused[1])} » n'est pas dans la liste : {', '.join(open_)}.")
        elif _refused(item.deposit, signataire, authority, office, result):
            del open_[name]
    return ()


def _tell_answers(names: Sequence[str]) -> None:
    """Say what may be answered."""
    from demat.cli.display import paragraph

    some = names[0]
    if len(names) == 1:
        words = f"Signer ce dépôt ? « oui » pour le signer, « refuser {some} » pour le rendre"
    else:
        words = (
            f"Signer ces {len(names)} dépôts ? « oui » pour tout signer, « {some} » pour ne signer "
            f"que celui-là, « refuser {some} » pour le rendre"
        )
    say("")
    say(paragraph(f"{words}, ou Entrée pour ne rien signer."))


def _answered(answer: str, open_: dict[str, "Waiting"]) -> Sequence["Waiting"]:
    """Return what an answer designates; nothing when one word of it is not understood."""
    if answer.lower() == _YES:
        return tuple(open_.values())
    names = [_name(word) for word in re.split(r"[\s,;]+", answer) if word]
    unknown = [name for name in names if name not in open_]
    if unknown:
        say(f"« {plain(unknown[0])} » n'est pas dans la liste : {', '.join(open_)}.")
        return ()
    return tuple(open_[name] for name in dict.fromkeys(names))


def _name(word: str) -> str:
    """Return the name of a deposit as it is listed: ``D12`` for ``d12`` and ``12``."""
    return f"D{word}" if word.isdigit() else word.upper()


def _refused(
    deposit: "DepositView",
    signataire: "Signataire",
    authority: "Authority",
    office: "Office",
    result: _Result,
) -> bool:
    """Ask for the reason of a refusal, and send the deposit back with it."""
    from demat.engine.sign_session import refuse_to_sign
    from demat.faults import FaultError

    motif = input("Motif, que lira la personne qui l'a déposé : ")
    try:
        returned = refuse_to_sign(deposit, signataire, motif, authority, office)
    except FaultError as error:
        print_faults(error.faults)
        return False
    result.done.append(returned)
    say(f"D{deposit.id} : rendu, dans « a-corriger »")
    return True


def _sign(
    chosen: Sequence["Waiting"],
    signataire: "Signataire",
    authority: "Authority",
    request: SignRequest,
    office: "Office",
    result: _Result,
) -> None:
    """Open the key once and sign each deposit with it; what fails keeps waiting, and says why.

    :raises FaultError: the key cannot be opened, or is of no use any more.
    """
    from demat.engine.sign import SignerUnusable, opened
    from demat.engine.sign_session import sign_waiting
    from demat.faults import FaultError

    count = 0
    with opened(signataire, authority, office, person=_person(request)) as pen:
        if not request.as_json:
            print_faults(pen.faults, indent="  ")
        for item in chosen:
            try:
                signed = sign_waiting(item, pen, authority, office)
            except SignerUnusable:
                raise
            except FaultError as error:
                result.left.append((item, error.faults))
                if not request.as_json:
                    say(f"D{item.deposit.id} : n'est pas signé, attend toujours")
                    print_faults(error.faults, indent="    ")
                continue
            result.done.append(signed)
            if not request.as_json:
                _tell(signed)
            count += len(item.bordereaux) if signed.state == "packed" else 0
    if count and not request.as_json:
        verb = "signé" if count == 1 else "signés"
        say(f"{bordereaux_fr(count)} {verb}. Départ au prochain passage de demat.")


def _tell(signed: "DepositView") -> None:
    words = "signé, prêt à partir" if signed.state == "packed" else deposit_fr(signed)
    say(f"D{signed.id} : {words}")
    print_faults(signed.faults, indent="    ")


def _person(request: SignRequest) -> "Person | None":
    from demat.engine.signataires import Person

    if not request.interactive:
        return None
    return Person(ask=getpass, last_try=request.last_try)


# ----------------------------------------------------------------------------- refusing


def _refuse_one(request: SignRequest, office: "Office") -> int:
    """Send one deposit back with the reason of whoever refuses to sign it.

    :raises FaultError: ``INT-SIGN_BOTH``, ``INT-SIGN_MOTIF``, ``INT-NOT_AWAITING``,
        ``INT-SIGNER_WHICH``, ``INT-SIGNER_UNKNOWN``.
    """
    from demat.engine.sign_session import find_signataire, refuse_to_sign
    from demat.faults import Fault, FaultError

    if request.targets or not request.refuse:
        raise FaultError(Fault(code="INT-SIGN_BOTH"))
    deposit = deposit_number(office, request.refuse)
    authority = _of_session(deposit, request, office)
    signataire = find_signataire(authority, request.signataire)
    returned = refuse_to_sign(deposit, signataire, request.motif, authority, office)
    tell_deposit(returned, office, as_json=request.as_json)
    return Exit.DONE
