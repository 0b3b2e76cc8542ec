"""Every code of the store has its French sentence, and every value that the sentence shows."""

import re
from pathlib import Path
from string import Formatter

import demat.queue
from demat.labels_fr.queue import LABELS

PACKAGE = Path(demat.queue.__file__).parent
PARAMS = {
    "QUE-FOLDER": {"dossier", "raison"},
    "QUE-DISK": {"raison"},
    "QUE-BUSY": {"raison"},
    "QUE-UNREACHABLE": {"raison"},
    "QUE-TASKS": {"raison"},
    "QUE-DRIVER": set(),
    "QUE-ENCODING": {"encodage"},
    "QUE-MOVED": {"vers"},
    "QUE-MOVING": {"vers"},
    "QUE-NOT_EMPTY": {"vers"},
    "QUE-SENDING": {"numeros"},
    "QUE-RUNNING": set(),
    "QUE-COPY": {"table"},
    "QUE-DATABASE_CORRUPT": {"raison"},
    "QUE-NEWER": {"revision"},
    "QUE-KEY_USED": {"famille", "cle", "libelle", "numero"},
    "QUE-SUPERSEDED": {"numero"},
    "QUE-IN_FLIGHT": {"numero"},
    "QUE-REPLACED": {"numero"},
    "QUE-UNKNOWN_DEPOSIT": {"numero"},
    "QUE-UNKNOWN_COURRIER": {"numero"},
    "QUE-UNKNOWN_TRANSMISSION": {"numero"},
    "QUE-DOCUMENT_MISSING": {"empreinte"},
    "QUE-DOCUMENT_CORRUPT": {"empreinte"},
    "QUE-DOCUMENT_UNREADABLE": {"empreinte", "raison"},
    "QUE-BACKUP_PLACE": {"dossier", "nom"},
    "QUE-BACKUP_BUSY": {"dossier"},
    "QUE-BACKUP_ABSENT": {"dossier"},
    "QUE-BACKUP_DAMAGED": {"fichier"},
    "QUE-RESTORE_NOT_EMPTY": {"base"},
    "QUE-RESTORE_BUSY": {"base"},
    "QUE-RESTORED": {"numero", "instant"},
    "QUE-RESTORED_DEPOSIT": {"name", "instant"},
    "QUE-S3_UNREACHABLE": {"lieu"},
    "QUE-S3_REFUSED": {"lieu", "detail"},
    "QUE-S3_BUCKET": {"lieu"},
    "QUE-JOURNAL_BROKEN": {"entree"},
    "QUE-LEASE_EXPIRED": {"numero"},
}
"""What the faults supply; the other tests of this folder compare them whole."""


def test_every_code_of_the_package_has_a_label() -> None:
    source = "".join(path.read_text() for path in PACKAGE.glob("*.py"))
    codes = set(re.findall(r'"(QUE-[A-Z0-9_]+)"', source))
    codes |= {f"QUE-UNKNOWN_{kind}" for kind in re.findall(r'unknown\("([A-Z]+)"', source)}
    assert set(LABELS) == codes == set(PARAMS)


def test_a_sentence_shows_only_what_its_fault_supplies() -> None:
    for code, label in LABELS.items():
        for sentence in (label.sentence, label.remedy):
            shown = {name for _, name, _, _ in Formatter().parse(sentence) if name}
            assert shown <= PARAMS[code], code
        assert label.remedy
        assert label.ask
