"""Put on line what the law makes public, and take off what was cancelled (open-data dossier §1).

Only délibérations that the préfecture has acknowledged and that the table of decisions lets
through; the files come from the frozen archive. Running it again changes nothing.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from demat.actes.archive import unpack
from demat.actes.lifecycle import EtatActe
from demat.actes.names import FileName, parse_file_name
from demat.actes.natures import NatureActe
from demat.connectors.api import Flux
from demat.engine.acte_file import lay_papers
from demat.engine.office import Authority, Office, PublicationTarget
from demat.faults import Fault, FaultError, Faults, Severity
from demat.identifiers import is_siret
from demat.publish.content import (
    ActeRetire,
    MotifRetrait,
    PublicActe,
    PublicDocument,
    SiteContent,
    Votes,
    acte_folder,
    is_public_numero,
)
from demat.publish.decision import assess
from demat.publish.scdl import check_csv, check_rows, write_deliberations
from demat.publish.site import deliberation_rows, render_site
from demat.publish.writer import write_site
from demat.queue.states import TransitionRefused
from demat.queue.views import PublicationView, TransmissionView

__all__ = ["Published", "publish"]

WHO = "demat"
_FORMATS = frozenset({"pdf", "png", "jpg", "jpeg"})
_FIGURE = re.compile(r"\d{1,6}", re.ASCII)
_VOTES = ("vote_effectif", "vote_reel", "vote_pour", "vote_contre", "vote_abstention")


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What is on line after a call."""

    online: int
    """Acts on line."""
    new: int
    """Acts put on line by this call."""
    held_back: tuple[str, ...]
    """Sentences: what is not on line, or not in full, and why."""

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        return {**asdict(self), "held_back": list(self.held_back)}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    """A transmission that may be on line, and what is known of its publication."""

    transmission: TransmissionView
    published: PublicationView | None

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.transmission.facts

    @property
    def numero(self) -> str:
        return str(self.facts.get("numero") or self.transmission.key)

    @property
    def nature(self) -> int | None:
        nature = self.facts.get("nature")
        return nature if isinstance(nature, int) else None

    @property
    def day(self) -> date:
        return date.fromisoformat(str(self.facts["date"]))

    @property
    def on_line(self) -> bool:
        return self.published is not None and self.published.withdrawn_at is None

    @property
    def in_force(self) -> bool:
        """Acknowledged; a cancellation that is asked for changes nothing before its receipt."""
        etat = self.transmission.etat
        return etat == EtatActe.ACQUITTE or (etat == EtatActe.ANNULATION_DEMANDEE and self.on_line)


def publish(authority: Authority, office: Office) -> Published:
    """Bring the site of an authority up to date.

    The day of the first mise en ligne is recorded after the files are written: when the power
    fails in between, the recorded day is later than the true one, never earlier.

    :raises FaultError: ``PUB-SIRET``; ``PUB-AUTEUR`` for an act already on line; the faults of the
        SCDL table; those of :func:`demat.publish.writer.write_site`; a document that the store has
        lost. Nothing is written then.
    :raises OSError: the folder of the site cannot be written.
    """
    target = authority.publication
    if target is None:
        none = _fault("NO_TARGET", nom=authority.nom)
        return Published(online=0, new=0, held_back=(office.explain(none).sentence,))
    if not is_siret(authority.siret):
        raise FaultError(_fault("SIRET", nom=authority.nom, siret=authority.siret))
    now = office.clock.now()
    candidates = _candidates(authority, office)
    actes, faults = _select(candidates, target, now, office)
    site = _site(actes, authority, target)
    _check_table(site)
    _withdraw(candidates, actes, office)
    site = replace(site, retires=_retired(_candidates(authority, office)))
    write_site(target.folder, render_site(site))
    new = _record(actes, site, candidates, now, authority, office)
    sentences = tuple(office.explain(fault).sentence for fault in faults)
    return Published(online=len(actes), new=new, held_back=sentences)


def _fault(kind: str, **params: str) -> Fault:
    return Fault(code=f"PUB-{kind}", params=params)


def _notes(kind: str, candidate: _Candidate) -> Faults:
    params = {"numero": candidate.numero}
    return Faults([Fault(code=f"PUB-{kind}", params=params, severity=Severity.WARNING)])


def _candidates(authority: Authority, office: Office) -> tuple[_Candidate, ...]:
    known = {view.transmission_id: view for view in office.store.publications(authority.siren)}
    sent = office.store.transmissions(collectivite=authority.siren, flux=Flux.ACTES)
    return tuple(_Candidate(transmission=one, published=known.get(one.id)) for one in sent)


# ------------------------------------------------------------------------------ what goes on line


def _select(
    candidates: Iterable[_Candidate], target: PublicationTarget, now: datetime, office: Office
) -> tuple[dict[int, PublicActe], Faults]:
    """Return the acts to show by transmission, and why the others are not shown."""
    actes: dict[int, PublicActe] = {}
    owners = _owners(candidates)
    faults = Faults()
    for candidate in candidates:
        if not candidate.in_force:
            continue
        refusals = _refusals(candidate)
        acte, notes = (None, refusals) if refusals else _acte(candidate, target, now, office)
        number = candidate.transmission.id
        if acte is not None and owners.setdefault(acte.folder, number) != number:
            acte, notes = None, _notes("DOUBLE", candidate)
        faults += notes
        if acte is not None:
            actes[number] = acte
    return actes, faults


def _owners(candidates: Iterable[_Candidate]) -> dict[str, int]:
    """Return the addresses that were ever used, and by which transmission: they are not reused."""
    return {
        acte_folder(one.day.year, one.nature or 0, one.numero): one.transmission.id
        for one in candidates
        if one.published is not None
    }


def _refusals(candidate: _Candidate) -> Faults:
    """Why the table of decisions, or a person, keeps an act off line."""
    facts = candidate.facts
    assessment = assess(
        numero=candidate.numero,
        nature=candidate.nature,
        matiere=str(facts.get("matiere", "")),
        objet=str(facts.get("objet", "")),
    )
    if assessment.reasons:
        return assessment.reasons
    if candidate.nature != NatureActe.DELIBERATION:
        return _notes("NATURE", candidate)
    if candidate.published is not None and not candidate.on_line:
        return _notes("RETIRE", candidate)
    if not is_public_numero(candidate.numero):
        return _notes("NUMERO", candidate)
    return Faults()


def _acte(
    candidate: _Candidate, target: PublicationTarget, now: datetime, office: Office
) -> tuple[PublicActe | None, Faults]:
    given = candidate.facts.get("extra") or {}
    extra = {str(key): str(text).strip() for key, text in given.items()}
    signataire = extra.get("signataire") or target.signataire
    qualite = extra.get("qualite") or target.qualite
    documents = _documents(candidate, office)
    if not signataire or not qualite:
        if candidate.on_line:  # a slip in the configuration does not take acts off line
            raise FaultError(_fault("AUTEUR", numero=candidate.numero))
        return None, _notes("AUTEUR", candidate)
    if not documents:
        return None, _notes("FORMAT", candidate)
    acte = PublicActe(
        numero=candidate.numero,
        date_decision=candidate.day,
        nature=NatureActe.DELIBERATION,
        matiere=str(candidate.facts["matiere"]),
        objet=_one_line(str(candidate.facts["objet"])),
        signataire=signataire,
        qualite=qualite,
        mise_en_ligne=candidate.published.first_published if candidate.published else now,
        ar_identifiant=candidate.transmission.key,
        ar_date=_ar_date(candidate, office),
        documents=documents,
        votes=_votes(extra),
        budget_annee=extra.get("budget_annee", ""),
        budget_nom=extra.get("budget_nom", ""),
    )
    partial = acte.votes is None and any(extra.get(key) for key in _VOTES)
    return _without_doubtful(acte, candidate, _notes("VOTES", candidate) if partial else Faults())


def _one_line(text: str) -> str:
    """Put an objet on one line; control characters have no place on a page or in a table."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _votes(extra: Mapping[str, str]) -> Votes | None:
    figures = [extra.get(key, "") for key in _VOTES]
    if not all(_FIGURE.fullmatch(figure) for figure in figures):
        return None
    effectif, reel, pour, contre, abstention = map(int, figures)
    return Votes(effectif=effectif, reel=reel, pour=pour, contre=contre, abstention=abstention)


def _without_doubtful(
    acte: PublicActe, candidate: _Candidate, notes: Faults
) -> tuple[PublicActe, Faults]:
    """Drop the optional data that the table would refuse, and say so.

    What was transmitted can no longer be corrected, and the law wants the act on line all the same.
    """
    alone = SiteContent(nom=candidate.numero, siret="", url="", actes=(acte,))
    faults = check_rows(deliberation_rows(alone)[acte.date_decision.year])
    found = {fault.path.lstrip("!").partition("_")[0] for fault in faults}
    if "VOTE" in found:
        acte, notes = replace(acte, votes=None), notes + _notes("VOTES", candidate)
    if "BUDGET" in found:
        acte = replace(acte, budget_annee="", budget_nom="")
        notes = notes + _notes("BUDGET", candidate)
    if "PREF" in found:
        acte, notes = replace(acte, ar_date=None), notes + _notes("DATE_AR", candidate)
    return acte, notes


def _documents(candidate: _Candidate, office: Office) -> tuple[PublicDocument, ...]:
    """Return the act and its annexes out of the frozen archive; nothing unless the act is a PDF.

    Neither the envelope nor the message is a file of the act: both are XML, which is not public.
    """
    archive = unpack(office.store.documents.get(candidate.transmission.sha256))
    named = [(parse_file_name(name), content) for name, content in archive.items()]
    files = sorted(
        (
            (name.rang, name.extension, content)
            for name, content in named
            if name is not None and _belongs(name, candidate)
        ),
        key=lambda file: file[0],
    )
    if not files or files[0][:2] != (1, "pdf"):
        return ()
    return tuple(
        PublicDocument(content=content, extension=extension) for _, extension, content in files
    )


def _belongs(name: FileName, candidate: _Candidate) -> bool:
    return (
        str(name.id_acte) == candidate.transmission.key
        and name.nature == NatureActe.DELIBERATION.abrege
        and name.extension in _FORMATS
    )


def _ar_date(candidate: _Candidate, office: Office) -> date | None:
    """Return ``DateReception`` of the accusé de réception (message 1-2)."""
    for receipt in office.store.receipts(candidate.transmission.id):
        if receipt.etat == EtatActe.ACQUITTE and receipt.message_date is not None:
            return receipt.message_date
    return None


# ------------------------------------------------------------------------------- the whole site


def _site(
    actes: Mapping[int, PublicActe], authority: Authority, target: PublicationTarget
) -> SiteContent:
    return SiteContent(
        nom=authority.nom,
        siret=authority.siret,
        url=target.url.rstrip("/"),
        responsable=target.signataire,
        qualite=target.qualite,
        actes=tuple(actes.values()),
    )


def _check_table(site: SiteContent) -> None:
    """Check the rows, then the bytes written from them; counts in are counts out (§6.2).

    :raises FaultError: with all that is wrong; nothing was written.
    """
    for year, rows in deliberation_rows(site).items():
        name = f"deliberations-{year}.csv"
        check_rows(rows).within(name).raise_if_blocking()
        check_csv(write_deliberations(rows)).within(name).raise_if_blocking()


def _withdraw(
    candidates: Iterable[_Candidate], actes: Mapping[int, PublicActe], office: Office
) -> None:
    """Write down what leaves the site: cancelled acts, and any that may no longer be shown."""
    for candidate in candidates:
        number = candidate.transmission.id
        if candidate.on_line and number not in actes:
            cancelled = candidate.transmission.etat == EtatActe.ANNULE
            motif = MotifRetrait.ANNULATION if cancelled else MotifRetrait.DECISION
            with suppress(TransitionRefused):  # another process has just done it
                office.store.withdraw_publication(number, reason=motif.value, who=WHO)


def _retired(candidates: Iterable[_Candidate]) -> tuple[ActeRetire, ...]:
    """Return the tombstones; the reason that a person wrote is not shown, only its class."""
    return tuple(
        ActeRetire(
            numero=candidate.numero,
            date_decision=candidate.day,
            nature=candidate.nature or 0,
            mise_en_ligne=candidate.published.first_published,
            retrait=candidate.published.withdrawn_at,
            motif=(
                MotifRetrait.ANNULATION
                if candidate.transmission.etat == EtatActe.ANNULE
                else MotifRetrait.DECISION
            ),
        )
        for candidate in candidates
        if candidate.published is not None and candidate.published.withdrawn_at is not None
    )


def _record(
    actes: Mapping[int, PublicActe],
    site: SiteContent,
    candidates: Iterable[_Candidate],
    now: datetime,
    authority: Authority,
    office: Office,
) -> int:
    """Write down what is on line; return how many acts are there for the first time.

    Their papers are made again: the stamp tells the day.
    """
    known = {one.transmission.id: one for one in candidates}
    new = 0
    for number, acte in actes.items():
        before, url, digest = (
            known[number].published,
            site.permalink(acte),
            acte.documents[0].sha256,
        )
        if before is None or (before.url, before.sha256) != (url, digest):
            office.store.record_publication(number, first_published=now, url=url, sha256=digest)
        if before is None:
            new += 1
            lay_papers(known[number].transmission, authority, office)
    return new
