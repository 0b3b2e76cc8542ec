"""The evidence of one transmission: a zip that proves, offline and years later, what was sent.

It holds what was deposited, what was frozen, the certificates and revocation lists of the day, the
time-stamps, the raw exchanges, the answers of the State, the entries of the journal about it, and a
summary that a person can read. ``demat.engine.evidence_verify`` judges it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from demat import __version__
from demat.engine.evidence_paper import Summary, write_summary
from demat.engine.evidence_parts import (
    MANIFEST,
    MANIFEST_DIGEST,
    MANIFEST_STAMP,
    VERSION,
    Piece,
    Pieces,
    plain,
)
from demat.engine.evidence_signatures import judge_frozen
from demat.engine.evidence_zip import write_zip
from demat.engine.exchanges import exchanges_of
from demat.engine.merkle import path_to
from demat.engine.office import Authority, Office
from demat.engine.proofs import CERTIFICATE, LIST, MATERIAL, OCSP, ROOT, signers_of
from demat.engine.stamps import anchor_journal, stamp_bytes, stamp_flow
from demat.faults import Fault, FaultError, Faults, Severity
from demat.queue.journal import sealed_values
from demat.queue.proofs import FROZEN
from demat.queue.views import JournalView, StampView, TransmissionView
from demat.signing.certificate import describe, load_certificate
from demat.signing.material import Material, known_about
from demat.signing.timestamp import certificates_of
from demat.signing.trust import TrustStore

__all__ = ["Evidence", "make_evidence"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One zip of evidence."""

    name: str
    """Name for its file."""
    content: bytes = field(repr=False)
    """The zip."""
    manifest_sha256: str
    """Digest of its manifest, which covers all the rest."""
    sealed_at: datetime | None
    """Instant of the time-stamp on the manifest; ``None``: nothing outside seals it."""
    faults: Faults
    """What it lacks, as warnings."""


def make_evidence(number: int, authority: Authority, office: Office) -> Evidence:
    """Gather the evidence of a transmission, and tell the journal that it was made.

    :raises FaultError: ``QUE-…``: something that was kept is not there any more, or was altered;
        ``PRV-SIZE``.
    """
    faults = _stamp_first(number, office)
    flow = office.store.transmission(number)
    case = _Case(
        flow=flow,
        frozen=office.store.documents.get(flow.sha256),
        entries=_entries(flow, office),
        authority=authority,
        office=office,
    )
    pieces = Pieces(case.all_pieces())
    summary = case.summary(pieces)
    pieces.add(Piece(name="LISEZ-MOI.pdf", role="resume", content=write_summary(summary)))
    manifest = _dump({**case.facts(), "entrees": pieces.listed()})
    entries = {MANIFEST: manifest}
    digest = sha256(manifest).hexdigest()
    token, instant, refused = stamp_bytes(digest, office)
    lines = [f"{digest}  {MANIFEST}\n"]
    if token:
        lines.append(f"{sha256(token).hexdigest()}  {MANIFEST_STAMP}\n")
        entries[MANIFEST_STAMP] = token
    else:
        faults += _not_sealed(digest)
    entries[MANIFEST_DIGEST] = "".join(lines).encode("ascii")
    content = write_zip(entries | pieces.contents())
    told = {"manifeste": digest, "zip": sha256(content).hexdigest()}
    office.store.note(number, "evidence", told)
    return Evidence(
        name=f"preuve-{number}-{plain(case.flow.key)}.zip",
        content=content,
        manifest_sha256=digest,
        sealed_at=instant,
        faults=faults + refused,
    )


def _stamp_first(number: int, office: Office) -> Faults:
    """Ask for the time-stamps that are still missing; what is not obtained is told."""
    stamp_flow(number, office)
    if office.stamping is None or office.stamping.resting(office.clock.now()):
        return Faults()
    try:
        anchor_journal(office)
    except FaultError as error:
        office.stamping.rest(office.clock.now())
        return error.faults.as_warnings()
    return Faults()


def _not_sealed(digest: str) -> Faults:
    params = {"empreinte": digest}
    return Faults([Fault(code="PRV-NOT_SEALED", params=params, severity=Severity.WARNING)])


def _dump(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    return f"{text}\n".encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """One transmission whose evidence is gathered."""

    flow: TransmissionView
    frozen: bytes = field(repr=False)
    """The file that was sent."""
    entries: tuple[JournalView, ...]
    """The entries of the journal about it, and those about its deposit alone."""
    authority: Authority
    office: Office

    def all_pieces(self) -> Iterator[Piece]:
        """Yield everything but the summary and the manifest."""
        yield from self._deposit()
        yield Piece(
            name=f"documents/{plain(self.flow.file_name)}",
            role="document",
            content=self.frozen,
            about={"nom": self.flow.file_name},
        )
        yield from self._receipts()
        yield from self._material()
        yield from self._stamps()
        yield from self._journal()
        for path, content in exchanges_of(self.flow, self.authority):
            yield Piece(name=f"echanges/{path}", role="echange", content=content)

    def facts(self) -> dict[str, Any]:
        """Return the head of the manifest."""
        flow = self.flow
        return {
            "format": "demat-preuve",
            "version": VERSION,
            "fait_le": self.office.clock.now().isoformat(),
            "logiciel": f"demat {__version__}",
            "collectivite": {"nom": self.authority.nom, "siren": self.authority.siren},
            "transmission": {
                "numero": flow.id,
                "depot": flow.deposit_id,
                "flux": flow.flux,
                "cle": flow.key,
                "message": str(flow.facts.get("message", "")),
                "fichier": flow.file_name,
                "sha256": flow.sha256,
                "taille": flow.size,
                "etat": flow.etat,
                "remise": flow.delivery.value,
                "reference": flow.reference,
                "fige_le": flow.created_at.isoformat(),
                "remis_le": flow.deposited_at.isoformat() if flow.deposited_at else None,
                "remplace": flow.supersedes,
            },
        }

    def summary(self, pieces: Pieces) -> Summary:
        """Return what the readable page says."""
        store = self.office.store
        frozen = next((one for one in store.stamps(self.flow.id) if one.objet == FROZEN), None)
        signed = judge_frozen(
            self.flow.flux,
            self.frozen,
            trust=self.authority.trust,
            proven=frozen.instant if frozen else None,
            at=self.office.clock.now(),
        )
        return Summary(
            owner=self.authority.nom,
            siren=self.authority.siren,
            flow=self.flow,
            deposit=store.deposit(self.flow.deposit_id),
            receipts=store.receipts(self.flow.id),
            stamps=store.stamps(self.flow.id),
            signed=signed,
            pieces=tuple(pieces),
            explain=self.office.explain,
            made=self.office.clock.now(),
            sealed=self.office.stamping is not None,
        )

    def _kept(self, digest: str) -> bytes:
        return self.office.store.documents.get(digest)

    def _deposit(self) -> Iterator[Piece]:
        deposit = self.office.store.deposit(self.flow.deposit_id)
        for rank, file in enumerate(deposit.files, start=1):
            base = plain(file.name.rpartition("/")[2])
            yield Piece(
                name=f"depot/{rank:03d}-{base}",
                role="depot",
                content=self._kept(file.sha256),
                about={"nom": file.name},
            )

    def _receipts(self) -> Iterator[Piece]:
        for rank, receipt in enumerate(self.office.store.receipts(self.flow.id), start=1):
            yield Piece(
                name=f"recus/{rank:02d}-{plain(receipt.name)}",
                role="recu",
                content=self._kept(receipt.sha256),
                about={
                    "nom": receipt.name,
                    "nature": receipt.kind,
                    "recu_le": receipt.received_at.isoformat(),
                    "etat": receipt.etat,
                },
            )

    def _material(self) -> Iterator[Piece]:
        """Yield what was kept on the day, and what is known now: a newer list proves more."""
        kept_then = self.office.store.proofs(self.flow.id)
        known = {one.sha256: one.nature for one in kept_then if one.nature in MATERIAL}
        kept = {digest: self._kept(digest) for digest in known}
        signers = signers_of(self.flow.flux, self.frozen, self.authority, self.office)
        for material in (
            known_about(signers, self.authority.trust),
            known_about(self._stampers(), self._stamp_trust()),
        ):
            for nature, der in _natures(material):
                digest = sha256(der).hexdigest()
                known.setdefault(digest, nature)
                kept[digest] = der
        for digest, der in sorted(kept.items()):
            yield _material_piece(known[digest], digest, der)

    def _stampers(self) -> tuple[bytes, ...]:
        tokens = [self._kept(one.token_sha256) for one in self._all_stamps()]
        return tuple(dict.fromkeys(der for token in tokens for der in certificates_of(token)))

    def _stamp_trust(self) -> TrustStore:
        return self.office.stamping.trust if self.office.stamping else TrustStore()

    def _all_stamps(self) -> tuple[StampView, ...]:
        store = self.office.store
        return store.stamps(self.flow.id) + store.anchors(one.id for one in self.entries)

    def _stamps(self) -> Iterator[Piece]:
        for rank, stamp in enumerate(self._all_stamps(), start=1):
            yield Piece(
                name=f"horodatages/{rank:02d}-{stamp.objet}.tst",
                role="horodatage",
                content=self._kept(stamp.token_sha256),
                about={
                    "objet": stamp.objet,
                    "empreinte": stamp.sha256,
                    "instant": stamp.instant.isoformat(),
                    "autorite": stamp.authority,
                },
            )

    def _journal(self) -> Iterator[Piece]:
        lines = [
            json.dumps(
                {
                    "entree": sealed_values(one),
                    "precedent": one.previous_hash,
                    "sceau": one.hash,
                },
                sort_keys=True,
                ensure_ascii=False,
            )
            for one in self.entries
        ]
        yield Piece(
            name="journal/journal.jsonl",
            role="journal",
            content="".join(f"{line}\n" for line in lines).encode(),
        )
        anchors = [
            self._anchor(one)
            for one in self.office.store.anchors(entry.id for entry in self.entries)
        ]
        yield Piece(
            name="journal/ancrages.json",
            role="ancrages",
            content=_dump({"ancrages": anchors}),
        )

    def _anchor(self, stamp: StampView) -> dict[str, Any]:
        first, last = stamp.first_entry or 0, stamp.last_entry or 0
        seals = self.office.store.seals(first, last)
        return {
            "racine": stamp.sha256,
            "premiere": first,
            "derniere": last,
            "chemins": {
                str(one.id): list(path_to(seals, one.id - first))
                for one in self.entries
                if first <= one.id <= last
            },
        }


def _entries(flow: TransmissionView, office: Office) -> tuple[JournalView, ...]:
    own = office.store.journal(transmission_id=flow.id)
    shared = office.store.journal(deposit_id=flow.deposit_id)
    alone = [one for one in shared if one.transmission_id is None]
    return tuple(sorted((*own, *alone), key=lambda one: one.id))


def _natures(material: Material) -> Iterator[tuple[str, bytes]]:
    for nature, ders in (
        (ROOT, material.roots),
        (CERTIFICATE, material.certificates),
        (LIST, material.crls),
        (OCSP, material.ocsps),
    ):
        for der in ders:
            yield nature, der


def _material_piece(nature: str, digest: str, der: bytes) -> Piece:
    if nature in (ROOT, CERTIFICATE):
        try:
            facts = describe(load_certificate(der))
        except FaultError:
            holder = ""
        else:
            holder = facts.holder
        name = f"certificats/{nature}-{plain(holder)}-{digest[:12]}.cer"
        return Piece(name=name, role=nature, content=der, about={"titulaire": holder})
    suffix = "crl" if nature == LIST else "ocsp"
    return Piece(name=f"listes-de-revocation/{digest[:24]}.{suffix}", role=nature, content=der)
