"""The documents tell what the code is: every code, command and key of the configuration."""

import inspect
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from demat.cli.main import app
from demat.config import Config
from demat.engine.health import Figures, Limits, judge
from demat.faults import CODE_PATTERN
from demat.labels_fr import document as document_module
from demat.labels_fr.document import FAMILIES, document
from demat.labels_fr.label import TDT, Label
from demat.queue.measures import Measures
from demat.supervision.metrics import METRICS
from tests.conftest import ROOT

NOTHING = Measures(
    waiting=(), deposits={}, pauses=(), lines=(), nights=(), journal_entries=0, transmissions=0
)
DOCS = ROOT / "docs"
MAINTAINER = (DOCS / "maintainer.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "guide-secretaire.md").read_text(encoding="utf-8")
COMMANDS = {
    command.name or getattr(command.callback, "__name__", ""): command
    for command in app.registered_commands
}


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model of the configuration and every model inside it."""
    yield model
    for field in model.model_fields.values():
        for inner in inner_types(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from models(inner)


def inner_types(annotation: object) -> Iterator[object]:
    """Yield a type and what it is made of: ``tuple[X, ...] | None`` gives ``X`` too."""
    yield annotation
    for argument in typing.get_args(annotation):
        yield from inner_types(argument)


KEYS = sorted({(model.__name__, key) for model in models(Config) for key in model.model_fields})


def section(text: str, title: str) -> str:
    """Return what follows a heading, up to the next heading of any level."""
    _, mark, after = text.partition(f"{title}\n")
    assert mark, f"no heading {title!r}"
    return after.partition("\n#")[0]


def test_the_list_of_codes_is_the_one_of_the_labels():
    written = (DOCS / "codes.md").read_text(encoding="utf-8")
    assert written == document(), "python -m demat.labels_fr.document > docs/codes.md"


def test_an_entry_tells_what_to_do_and_whom_to_ask(monkeypatch: pytest.MonkeyPatch):
    labels: Mapping[str, Label] = {
        "PES-999": Label("Le titre {numero} est <faux>.", remedy="Corrigez « {champ} »."),
        "ACT-999": Label("La ligne est coupée.", ask=TDT),
    }
    monkeypatch.setattr(document_module, "LABELS", labels)
    assert document().partition("\n\n## ")[2] == (
        "Les actes et la préfecture (ACT)\n\n"
        "### `ACT-999`\n\nLa ligne est coupée.\n\n"
        "- Une question ? Demandez à : votre tiers de télétransmission.\n\n"
        "## Les titres, les mandats et le comptable public (PES)\n\n"
        "### `PES-999`\n\nLe titre … est \\<faux>.\n\n"
        "- À faire : Corrigez « … ».\n"
        "- Une question ? Demandez à : vous-même, à la mairie.\n"
    )


def test_every_family_of_codes_has_a_title():
    assert set(CODE_PATTERN.pattern.partition("(")[2].partition(")")[0].split("|")) == set(FAMILIES)


def test_there_are_commands_to_document():
    assert {"demo", "nightly", "flows"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_shows_an_example_that_begins_with_its_name(name: str):
    callback = COMMANDS[name].callback
    assert isinstance(callback, types.FunctionType)
    text = inspect.getdoc(callback) or ""
    assert f"Exemple : demat {name}" in text


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_documented(name: str):
    assert f"`demat {name}" in MAINTAINER + GUIDE


def test_the_configuration_has_inner_tables():
    assert {"Config", "CollectiviteConfig", "S2lowConfig", "PolitiqueConfig"} <= {
        name for name, _ in KEYS
    }


TABLES = {
    "Config": "### Top level",
    "DocumentsS3Config": "### `[documents_s3]`",
    "AntivirusConfig": "### `[antivirus]`",
    "HorodatageConfig": "### `[horodatage]`",
    "RythmeConfig": "### `[rythme]`",
    "RythmeTdtConfig": "### `[[rythme.tdt]]`",
    "SupervisionConfig": "### `[supervision]`",
    "SeuilsConfig": "### `[supervision.seuils]`",
    "CollectiviteConfig": "### `[[collectivites]]`",
    "S2lowConfig": '### `[collectivites.tdt]`, `type = "s2low"`',
    "EchangeConfig": '### `[collectivites.tdt]`, `type = "echange"`',
    "SignataireConfig": "### `[[collectivites.signataires]]`",
    "DelegationConfig": "### `[collectivites.signataires.delegation]`",
    "ClePkcs12Config": '### `[collectivites.signataires.cle]`, `type = "pkcs12"`',
    "ClePemConfig": '### `[collectivites.signataires.cle]`, `type = "pem"`',
    "ClePkcs11Config": '### `[collectivites.signataires.cle]`, `type = "pkcs11"`',
    "PolitiqueConfig": "### `[collectivites.signataires.politique]`",
    "BudgetConfig": "### `[[collectivites.budgets]]`",
    "AsapConfig": "### `[collectivites.budgets.asap]`",
    "PublicationConfig": "### `[collectivites.publication]`",
    "TamponConfig": "### `[collectivites.tampon]`",
}
"""Model of the configuration → heading of its table in the maintainer guide."""


@pytest.mark.parametrize(("model", "key"), KEYS, ids=lambda value: str(value))
def test_a_key_of_the_configuration_is_documented(model: str, key: str):
    assert f"| `{key}` |" in section(MAINTAINER, TABLES[model])


def test_no_key_is_documented_that_does_not_exist():
    known: dict[str, Sequence[str]] = {
        name: [key for model, key in KEYS if model == name] for name in TABLES
    }
    for name, title in TABLES.items():
        rows = [
            line.split("|")[1].strip(" `")
            for line in section(MAINTAINER, title).splitlines()
            if line.startswith("| `")
        ]
        assert sorted(rows) == sorted(known[name])


SUPERVISION = section(MAINTAINER, "### Seen from outside: log, health, metrics, traces")


def rows_of(head: str) -> list[str]:
    """Return the first cells of the table of the supervision that begins with a head."""
    _, mark, after = SUPERVISION.partition(f"| {head} |")
    assert mark
    lines = after.partition("\n\n")[0].splitlines()[2:]
    return [line.split("|")[1].strip(" `") for line in lines]


def test_every_metric_is_documented():
    assert sorted(rows_of("Metric")) == sorted(METRICS)


def test_every_check_is_documented():
    checks = judge(Figures(at=datetime(2026, 11, 26, tzinfo=UTC), measures=NOTHING), Limits())
    assert rows_of("Check") == [check.name for check in checks]
