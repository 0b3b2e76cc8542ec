"""Reading what the ministry and the préfecture send, and our own archives (actes dossier §4, §8).

Strict on meaning, lenient on form: the schema behind the namespace has changed several times, and
test platforms take liberties (§2.2, §11). Attributes are read with or without their namespace.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from demat.actes.archive import MAX_UNPACKED_BYTES, unpack
from demat.actes.messages import (
    AccuseCourrier,
    ActeRecu,
    Annulation,
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    ARReponse,
    ClassificationSansChangement,
    CourrierPrefecture,
    DemandeClassification,
    EnveloppeCL,
    EnveloppePrefecture,
    Inbound,
    MessageActe,
    ReponseCourrier,
    RetourClassification,
)
from demat.actes.model import Matiere
from demat.actes.names import IdActe, parse_archive_name, parse_file_name
from demat.actes.rejections import advice
from demat.faults import Fault, FaultError
from demat.xmlio import Element, line_of, local_name, parse_untrusted

__all__ = [
    "ROOTS",
    "ARActe",
    "ARAnnulation",
    "ARReponse",
    "AccuseCourrier",
    "ActeRecu",
    "Annulation",
    "AnomalieActe",
    "AnomalieEnveloppe",
    "ArchiveActes",
    "ClassificationSansChangement",
    "CourrierPrefecture",
    "DemandeClassification",
    "EnveloppeCL",
    "EnveloppePrefecture",
    "Inbound",
    "MessageActe",
    "ReponseCourrier",
    "RetourClassification",
    "advice",
    "documents_of",
    "parse_inbound",
    "parse_tolerant",
    "read_archive",
]

_A = TypeVar("_A", bound=ActeRecu)


def parse_inbound(content: bytes) -> Inbound:
    """Read a message or an envelope, dispatching on the local name of its root, whatever its name.

    :raises FaultError: ``ACT-INBOUND_ROOT`` for a root that is none of those of §4.1,
        ``ACT-INBOUND_CONTENT`` when what gives the message its meaning is missing or malformed,
        ``XML-…`` when it is no XML.
    """
    root = parse_tolerant(content)
    reader = _READERS.get(local_name(root))
    if reader is None:
        raise FaultError(
            Fault(code="ACT-INBOUND_ROOT", params={"root": local_name(root)}, line=line_of(root))
        )
    return reader(root)


_DECLARATION = re.compile(rb"^(\xef\xbb\xbf)?\s*<\?xml\s[^>]*\?>")


def parse_tolerant(content: bytes) -> Element:
    """Parse a message whose declaration may lie about its encoding (§11 traps 4 and 5).

    Bytes that are strict UTF-8 and hold more than ASCII are UTF-8, whatever the declaration says:
    Latin-1 prose practically never passes for UTF-8.

    :raises FaultError: ``XML-…``.
    """
    if not content.isascii() and _is_utf8(content):
        content = _DECLARATION.sub(b"", content)
    return parse_untrusted(content, huge=False)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


# Reading by local names: the prefix is free, and some writers forget to qualify the attributes.


def _child(node: Element, *path: str) -> Element | None:
    current = node
    for name in path:
        found = next(_children(current, name), None)
        if found is None:
            return None
        current = found
    return current


def _children(node: Element, name: str) -> Iterator[Element]:
    return node.iterchildren(f"{{*}}{name}")


def _attribute(node: Element | None, name: str) -> str:
    if node is None:
        return ""
    for key, text in node.items():
        if str(key).rpartition("}")[2] == name:
            return str(text).strip()
    return ""


def _text(node: Element, *path: str) -> str:
    found = _child(node, *path)
    return str(found.xpath("string()")).strip() if found is not None else ""


def _missing(node: Element, what: str, found: str = "") -> FaultError:
    params = {"root": local_name(node), "element": what, "value": found}
    return FaultError(Fault(code="ACT-INBOUND_CONTENT", params=params, line=line_of(node)))


def _required(node: Element, name: str) -> str:
    text = _attribute(node, name)
    if not text:
        raise _missing(node, name)
    return text


def _date_or_none(text: str) -> date | None:
    # "2024-03-14+01:00" is a valid xsd:date: the zone is dropped (§11 trap 3)
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _date(node: Element, what: str, text: str) -> date:
    day = _date_or_none(text)
    if day is None:
        raise _missing(node, what, text)
    return day


_INTEGER = re.compile(r"\d{1,9}", re.ASCII)


def _integer(node: Element, what: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _missing(node, what, text)
    return int(text)


def _count(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _file_names(node: Element, *path: str) -> tuple[str, ...]:
    nodes = [node]
    for name in path:
        nodes = [child for parent in nodes for child in _children(parent, name)]
    return tuple(_text(found, "NomFichier") for found in nodes)


def _acte(kind: type[_A], node: Element) -> _A:
    return kind(
        numero=_required(node, "NumeroInterne"),
        date=_date(node, "Date", _attribute(node, "Date")),
        nature=_integer(node, "CodeNatureActe", _attribute(node, "CodeNatureActe")),
        matiere=_matiere(node),
        objet=_text(node, "Objet"),
        document_name=_text(node, "Document", "NomFichier"),
        annexes=_file_names(node, "Annexes", "Annexe"),
        document_papier=_text(node, "DocumentPapier").upper() == "O",
        classification_date=_date_or_none(_text(node, "ClassificationDateVersion")),
        precedent=_attribute(_child(node, "PrecedentIdentifiantActe"), "IDActe"),
        annexes_count=_count(_attribute(_child(node, "Annexes"), "Nombre")),
    )


def _matiere(node: Element) -> Matiere:
    levels = (_child(node, f"CodeMatiere{level}") for level in range(1, 6))
    return tuple(
        _integer(level, "CodeMatiere", _attribute(level, "CodeMatiere"))
        for level in levels
        if level is not None
    )


def _acte_recu(node: Element) -> ActeRecu | None:
    # a fake TdT repeats it: the first counts (§11 trap 11); an unreadable echo is no reason to
    # lose the answer itself
    found = _child(node, "ActeRecu")
    if found is None:
        return None
    try:
        return _acte(ActeRecu, found)
    except FaultError:
        return None


def _en_cours(node: Element) -> date | None:
    return _date_or_none(_text(node, "ClassificationDateVersionEnCours"))


def _read_acte(root: Element) -> MessageActe:
    return _acte(MessageActe, root)


def _read_ar_acte(root: Element) -> ARActe:
    return ARActe(
        id_acte=_required(root, "IDActe"),
        date_reception=_date(root, "DateReception", _attribute(root, "DateReception")),
        acte_recu=_acte_recu(root),
        classification_en_cours=_en_cours(root),
    )


def _read_anomalie_acte(root: Element) -> AnomalieActe:
    return AnomalieActe(
        date=_date(root, "Date", _text(root, "Date")),
        nature=_text(root, "Nature"),
        detail=_text(root, "Detail"),
        acte_recu=_acte_recu(root),
        document_name=_text(root, "ActeRecu", "Document", "NomFichier"),
        classification_en_cours=_en_cours(root),
    )


def _read_anomalie_enveloppe(root: Element) -> AnomalieEnveloppe:
    return AnomalieEnveloppe(
        date=_date(root, "Date", _text(root, "Date")),
        nature=_text(root, "Nature"),
        detail=_text(root, "Detail"),
        siren=_attribute(_child(root, "EnveloppeRecue", "Emetteur", "IDCL"), "SIREN"),
        formulaires=_file_names(root, "EnveloppeRecue", "FormulairesEnvoyes", "Formulaire"),
    )


def _read_ar_annulation(root: Element) -> ARAnnulation:
    return ARAnnulation(
        id_acte=_required(root, "IDActe"),
        date_reception=_date(root, "DateReception", _attribute(root, "DateReception")),
    )


def _read_retour_classification(root: Element) -> RetourClassification:
    text = _text(root, "DateClassification")
    return RetourClassification(date=_date(root, "DateClassification", text))


def _read_sans_changement(root: Element) -> ClassificationSansChangement:
    text = _text(root, "DateClassification")
    return ClassificationSansChangement(date=_date(root, "DateClassification", text))


def _read_courrier(root: Element) -> CourrierPrefecture:
    return CourrierPrefecture(
        root=local_name(root),
        id_acte=_required(root, "IDActe"),
        date=_date(root, "DateCourrierPref", _attribute(root, "DateCourrierPref")),
        texte=_text(root, "DescriptionPieces") or _text(root, "Motif"),
        documents=_file_names(root, "Document"),
    )


def _read_defere(root: Element) -> CourrierPrefecture:
    return CourrierPrefecture(
        root=local_name(root),
        id_acte=_required(root, "IDActe"),
        date=_date(root, "DateDepot", _text(root, "DateDepot")),
        texte=_text(root, "NatureIllegalite"),
        documents=_file_names(root, "PiecesJointes", "PieceJointe"),
    )


def _read_ar_reponse(root: Element) -> ARReponse:
    infos = _child(root, "InfosCourrierPref")
    if infos is None:
        raise _missing(root, "InfosCourrierPref")
    letter = _attribute(infos, "DateCourrierPref")
    return ARReponse(
        root=local_name(root),
        id_acte=_required(infos, "IDActe"),
        date_courrier=_date(root, "DateCourrierPref", letter),
        date_reception=_date(root, "DateReception", _attribute(root, "DateReception")),
    )


def _read_reponse(root: Element) -> ReponseCourrier:
    path = ("Documents", "Document") if _child(root, "Documents") is not None else ("Document",)
    return ReponseCourrier(
        root=local_name(root),
        id_acte=_required(root, "IDActe"),
        date_courrier=_date(root, "DateCourrierPref", _attribute(root, "DateCourrierPref")),
        documents=_file_names(root, *path),
    )


def _read_accuse(root: Element) -> AccuseCourrier:
    return AccuseCourrier(
        root=local_name(root),
        id_acte=_required(root, "IDActe"),
        date_courrier=_date(root, "DateCourrierPref", _attribute(root, "DateCourrierPref")),
    )


def _read_annulation(root: Element) -> Annulation:
    return Annulation(id_acte=_required(root, "IDActe"))


def _read_demande_classification(root: Element) -> DemandeClassification:
    return DemandeClassification(date=_date_or_none(_text(root, "DateClassification")))


def _read_enveloppe_cl(root: Element) -> EnveloppeCL:
    idcl = _child(root, "Emetteur", "IDCL")
    if idcl is None:
        raise _missing(root, "IDCL")
    adresses = _child(root, "AdressesRetour")
    return EnveloppeCL(
        siren=_required(idcl, "SIREN"),
        departement=_attribute(idcl, "Departement"),
        arrondissement=_attribute(idcl, "Arrondissement"),
        nature=_attribute(idcl, "Nature"),
        adresses_retour=tuple(
            (email.text or "").strip()
            for email in (_children(adresses, "Email") if adresses is not None else ())
        ),
        formulaires=_file_names(root, "FormulairesEnvoyes", "Formulaire"),
    )


def _read_enveloppe_prefecture(root: Element) -> EnveloppePrefecture:
    destinataire = _child(root, "Destinataire")
    if destinataire is None:
        raise _missing(root, "Destinataire")
    ids = (_child(root, "Emetteur", name) for name in ("IDSousPref", "IDPref", "IDSGAR"))
    return EnveloppePrefecture(
        siren=_required(destinataire, "SIREN"),
        departement=next(
            (_attribute(found, "Departement") for found in ids if found is not None), ""
        ),
        formulaires=_file_names(root, "FormulairesEnvoyes", "Formulaire"),
    )


_READERS: Mapping[str, Callable[[Element], Inbound]] = MappingProxyType(
    {
        "Acte": _read_acte,
        "ARActe": _read_ar_acte,
        "AnomalieActe": _read_anomalie_acte,
        "AnomalieEnveloppe": _read_anomalie_enveloppe,
        "ARAnnulation": _read_ar_annulation,
        "RetourClassification": _read_retour_classification,
        "ReponseClassificationSansChangement": _read_sans_changement,
        "CourrierSimple": _read_courrier,
        "DemandePieceComplementaire": _read_courrier,
        "LettreObservations": _read_courrier,
        "DefereTA": _read_defere,
        "ARPieceComplementaire": _read_ar_reponse,
        "ARReponseRejetLettreObservations": _read_ar_reponse,
        "ReponseCourrierSimple": _read_reponse,
        "RefusPieceComplementaire": _read_reponse,
        "PieceComplementaire": _read_reponse,
        "RejetLettreObservations": _read_reponse,
        "ReponseLettreObservations": _read_reponse,
        "ARDemandePieceComplementaire": _read_accuse,
        "ARLettreObservations": _read_accuse,
        "Annulation": _read_annulation,
        "DemandeClassification": _read_demande_classification,
        "EnveloppeCLMISILL": _read_enveloppe_cl,
        "EnveloppeMISILLCL": _read_enveloppe_prefecture,
    }
)


ROOTS = frozenset(_READERS)
"""Every root of §4.1, and the two envelopes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveActes:
    """The contents of an archive whose list of members agrees with its XML (§2.5)."""

    envelope_name: str
    """Name of the envelope inside the archive."""
    envelope: bytes
    """The envelope, untouched."""
    messages: Mapping[str, bytes]
    """The messages that the envelope lists, by name, in its order."""
    documents: Mapping[str, bytes]
    """The documents that the messages list, by name, in their order."""

    def documents_of(self, message_name: str) -> Mapping[str, bytes]:
        """Return the documents that one message lists, by name, in its order.

        :raises KeyError: when the archive has no such message.
        """
        return {name: self.documents[name] for name in documents_of(self.messages[message_name])}

    def acte(self) -> tuple[IdActe, MessageActe]:
        """Read back the single act of an archive that carries nothing else.

        :raises FaultError: ``ACT-ARCHIVE_ACTE`` when the archive is not that of one act, or when
            the name of the message does not agree with its content; those of
            :func:`parse_inbound`.
        """
        if len(self.messages) != 1:
            raise _not_one_acte(f"{len(self.messages)} messages")
        ((name, content),) = self.messages.items()
        found = parse_file_name(name)
        id_acte = found.id_acte if found else None
        message = parse_inbound(content)
        if not isinstance(message, MessageActe):
            raise _not_one_acte(name)
        if id_acte is None or (id_acte.numero, id_acte.date) != (message.numero, message.date):
            raise _not_one_acte(f"{name}: {message.numero} {message.date:%Y-%m-%d}")
        return id_acte, message


def _not_one_acte(found: str) -> FaultError:
    return FaultError(Fault(code="ACT-ARCHIVE_ACTE", params={"found": found}))


def read_archive(content: bytes, *, max_bytes: int = MAX_UNPACKED_BYTES) -> ArchiveActes:
    """Read a ``.tar.gz`` that may be hostile, and check its list of members against its XML.

    :param max_bytes: size allowed once uncompressed.
    :raises FaultError: ``ACT-ARCHIVE_…`` (see :func:`demat.actes.archive.unpack`), with
        ``ACT-ARCHIVE_ENVELOPE`` when there is not exactly one envelope, ``ACT-ARCHIVE_MISSING``
        and ``ACT-ARCHIVE_EXTRA`` when members and lists differ; those of :func:`parse_inbound`.
    """
    members = unpack(content, max_bytes=max_bytes)
    envelope_name = _only_envelope(members)
    envelope = parse_inbound(members[envelope_name])
    if not isinstance(envelope, EnveloppeCL | EnveloppePrefecture):
        raise FaultError(Fault(code="ACT-ARCHIVE_ENVELOPE", params={"found": envelope_name}))
    messages = _select(members, envelope.formulaires)
    listed = [name for message in messages.values() for name in documents_of(message)]
    documents = _select(members, listed)
    extra = set(members) - {envelope_name, *messages, *documents}
    if extra:
        raise FaultError(Fault(code="ACT-ARCHIVE_EXTRA", params={"members": _join(extra)}))
    return ArchiveActes(
        envelope_name=envelope_name,
        envelope=members[envelope_name],
        messages=messages,
        documents=documents,
    )


def _only_envelope(members: Mapping[str, bytes]) -> str:
    names = [name for name in members if _is_envelope_name(name)]
    if len(names) != 1:
        found = _join(names) or "0"
        raise FaultError(Fault(code="ACT-ARCHIVE_ENVELOPE", params={"found": found}))
    return names[0]


def _is_envelope_name(name: str) -> bool:
    found = parse_archive_name(name)
    return found is not None and found.extension == "xml" and not found.anomalie


_ECHOES = frozenset({"ActeRecu", "EnveloppeRecue"})
"""What an answer repeats of our own sending: files that do not come with it."""
_ECHOING = frozenset({"ARActe", "AnomalieActe", "AnomalieEnveloppe"})
"""Answers that carry no file at all; one was seen with our whole ``Acte`` inside it."""


def documents_of(message: bytes) -> tuple[str, ...]:
    """Return the names of the files that come with a message, in order, each once.

    The files of the act that an AR or an anomaly repeats are not among them.

    :raises FaultError: ``XML-…`` when it is no XML.
    """
    root = parse_tolerant(message)
    if local_name(root) in _ECHOING:
        return ()
    names = (
        (node.text or "").strip()
        for node in root.iter("{*}NomFichier")
        if _ECHOES.isdisjoint(local_name(above) for above in node.iterancestors())
    )
    return tuple(dict.fromkeys(names))


def _select(members: Mapping[str, bytes], names: Iterable[str]) -> dict[str, bytes]:
    wanted = list(names)
    missing = [name for name in wanted if name not in members]
    if missing:
        raise FaultError(Fault(code="ACT-ARCHIVE_MISSING", params={"members": _join(missing)}))
    return {name: members[name] for name in wanted}


def _join(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
