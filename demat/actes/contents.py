"""What the files received together are: envelope, messages, their documents, the rest (§9.2, §11).

Lenient: nothing is refused here for its form. What differs from what the envelope and the messages
list is told, and every file is kept somewhere. Names are the same whatever their case.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from demat.actes.contexte import warning
from demat.actes.documents import detect_type
from demat.actes.inbound import ROOTS, documents_of, parse_inbound, parse_tolerant
from demat.actes.messages import ACTES, EnveloppeCL, EnveloppePrefecture
from demat.actes.names import parse_archive_name, parse_file_name
from demat.faults import Fault, FaultError, Faults
from demat.xmlio import Element, local_name

__all__ = ["Contents", "Envelope", "add_file", "sort_files"]

Envelope = EnveloppeCL | EnveloppePrefecture
_ENVELOPES = frozenset({"EnveloppeCLMISILL", "EnveloppeMISILLCL"})
MAX_MESSAGE_BYTES = 10 * 1024 * 1024
"""A larger XML file is no message, but a document such as a budget: its tree would fill memory."""
_TOLD = 20
"""Names that one warning shows: a hostile list is long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The files of a mail or of an archive, sorted."""

    envelope: Envelope | None
    """The envelope; ``None`` when there is none, none that can be read, or several."""
    envelope_name: str
    """Name of its file, or empty."""
    messages: Mapping[str, bytes]
    """The XML messages by name: those listed, in order, then the others, known or not."""
    documents: Mapping[str, bytes]
    """The files that the messages list, by the name that they are listed under, in order."""
    others: Mapping[str, bytes]
    """The rest: images of the mail, stray files, envelopes that cannot be used."""
    faults: Faults
    """Warnings: what is listed and absent, what is there and not listed, what is unreadable."""


def add_file(files: dict[str, bytes], name: str, content: bytes) -> Iterator[Fault]:
    """Add a file to those received; another one of the same name keeps a name of its own.

    The same file twice counts once.
    """
    stem, dot, extension = name.rpartition(".")
    taken = {known.casefold(): known for known in files}
    rank, kept = 1, name
    while (known := taken.get(kept.casefold())) is not None:
        if files[known] == content:
            return
        rank += 1
        kept = f"{stem}~{rank}{dot}{extension}" if dot else f"{name}~{rank}"
    files[kept] = content
    if rank > 1:
        yield warning("LOT_DOUBLE", source=name, name=name, kept=kept)


def sort_files(files: Mapping[str, bytes], *, expected: Collection[str] = ()) -> Contents:
    """Sort files received together, in any order: first the envelope, wherever it is (§11 trap 13).

    :param files: by name; no two names differ by their case alone.
    :param expected: names that nothing lists and that are no surprise: the images of a mail.
    """
    roots, faults = _roots(files)
    envelopes = tuple(name for name, root in roots.items() if local_name(root) in _ENVELOPES)
    envelope = _envelope(files, envelopes)
    if envelopes and envelope is None:
        faults += [warning("LOT_ENVELOPE", found=_join(envelopes))]
    listed = _keys(envelope.formulaires if envelope is not None else ())
    attached = _attached(files, roots, listed, envelopes)
    messages = _messages(attached, listed)
    documents, missing = _documents(files, attached, messages)
    used = {*messages, *documents.values(), *(envelopes if envelope is not None else ())}
    found = _keys(messages)
    faults += _differences(
        missing=[*(name for key, name in listed.items() if key not in found), *missing],
        extra=[
            *(name for key, name in found.items() if listed and key not in listed),
            *(name for name in files if name not in {*used, *envelopes, *expected}),
        ],
    )
    return Contents(
        envelope=envelope,
        envelope_name=envelopes[0] if envelope is not None else "",
        messages={name: files[name] for name in messages},
        documents={name: files[member] for name, member in documents.items()},
        others={name: content for name, content in files.items() if name not in used},
        faults=faults,
    )


def _keys(names: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names}


def _join(names: Collection[str]) -> str:
    shown = list(names)[:_TOLD]
    return ", ".join(shown) + (f" (+{len(names) - _TOLD})" if len(names) > _TOLD else "")


def _roots(files: Mapping[str, bytes]) -> tuple[dict[str, Element], Faults]:
    """Return the root of each file that is XML, or claims to be, but for those too large."""
    roots: dict[str, Element] = {}
    faults = []
    for name, content in files.items():
        claims = detect_type(content) == "xml" or name.lower().endswith(".xml")
        if not claims or len(content) > MAX_MESSAGE_BYTES:
            continue
        try:
            roots[name] = parse_tolerant(content)
        except FaultError as error:
            detail = ", ".join(error.faults.codes)
            faults.append(warning("LOT_XML", source=name, name=name, detail=detail))
    return roots, Faults(faults)


def _envelope(files: Mapping[str, bytes], names: tuple[str, ...]) -> Envelope | None:
    """Return the only envelope: it says to whom a message without IDActe belongs."""
    if len(names) != 1:
        return None
    try:
        found = parse_inbound(files[names[0]])
    except FaultError:
        return None
    return found if isinstance(found, EnveloppeCL | EnveloppePrefecture) else None


def _attached(
    files: Mapping[str, bytes],
    roots: Mapping[str, Element],
    listed: Mapping[str, str],
    envelopes: Collection[str],
) -> dict[str, tuple[str, ...]]:
    """Return what may be a message, those listed first and in their order, with its documents."""
    names = _keys(files)
    first = [names[key] for key in listed if key in names]
    others = [
        name
        for name in files
        if name not in envelopes and (_is_protocol(roots.get(name)) or _is_message_name(name))
    ]
    return {
        name: documents_of(files[name]) if name in roots else ()
        for name in dict.fromkeys([*first, *others])
    }


def _is_protocol(root: Element | None) -> bool:
    """Tell whether it is a message: the namespace, even with an unknown name, or a known name."""
    return root is not None and (
        root.tag == f"{{{ACTES}}}{local_name(root)}" or local_name(root) in ROOTS
    )


def _is_message_name(name: str) -> bool:
    """Tell whether a name is that of a message, whatever the file holds."""
    message, archive = parse_file_name(name), parse_archive_name(name)
    if message is not None:
        return message.extension == "xml" and not message.type_pj
    return archive is not None and archive.anomalie and archive.extension == "xml"


def _messages(
    attached: Mapping[str, tuple[str, ...]], listed: Mapping[str, str]
) -> tuple[str, ...]:
    """Leave out what is the document of another message, unless the envelope says message."""
    documents = {
        document.casefold()
        for message, names in attached.items()
        for document in names
        if document.casefold() != message.casefold()
    }
    return tuple(
        name for name in attached if name.casefold() in listed or name.casefold() not in documents
    )


def _documents(
    files: Mapping[str, bytes], attached: Mapping[str, tuple[str, ...]], messages: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """Return, for each document that the messages list, the file that it is; and the absent."""
    names = _keys(name for name in files if name not in messages)
    documents: dict[str, str] = {}
    missing = []
    for name in dict.fromkeys(name for message in messages for name in attached[message]):
        if name.casefold() in names:
            documents[name] = names[name.casefold()]
        else:
            missing.append(name)
    return documents, missing


def _differences(*, missing: list[str], extra: list[str]) -> Iterator[Fault]:
    if missing:
        yield warning("LOT_MISSING", members=_join(missing))
    if extra:
        yield warning("LOT_EXTRA", members=_join(extra))
