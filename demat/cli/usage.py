"""Help pages and mistakes of use, in French; the library that reads the command line says English.

Typer keeps its words as constants of its modules and in the messages of its exceptions.
"""

import re
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

__all__ = ["Command", "Group", "translate_help", "usage_fr"]

_EXTRA = re.compile(r"^Got unexpected extra argument.*? \((.*)\)$")


class Command(TyperCommand):
    """A command whose ``--help`` speaks French."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option of the base class, with our words."""
        return _told(super().get_help_option(ctx))


class Group(TyperGroup):
    """The whole of the commands."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option of the base class, with our words."""
        return _told(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is named, or say that there is none."""
        if args and self.get_command(ctx, args[0]) is None:
            known = ", ".join(self.list_commands(ctx))
            ctx.fail(f"La commande « {args[0]} » n'existe pas. Les commandes : {known}.")
        return super().resolve_command(ctx, args)


def _told(option: Any) -> Any:
    if option is not None:
        option.help = "Afficher cette aide."
    return option


def translate_help() -> None:
    """Give the titles and notes of the help pages in French."""
    from typer import rich_utils

    rich_utils.ARGUMENTS_PANEL_TITLE = "À indiquer"
    rich_utils.OPTIONS_PANEL_TITLE = "Options"
    rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
    rich_utils.DEFAULT_STRING = "[par défaut : {}]"
    rich_utils.ENVVAR_STRING = "[variable : {}]"
    rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"


def usage_fr(error: TyperException) -> str:
    """Say what is wrong in the way a command was typed, and where its help is."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "demat"
    return f"{_sentence(error)}\n  → Aide : {path} --help"


def _sentence(error: TyperException) -> str:
    match type(error).__name__:
        case "NoSuchOption":
            return f"L'option « {getattr(error, 'option_name', '')} » n'existe pas."
        case "BadOptionUsage":
            return f"Il manque une valeur après « {getattr(error, 'option_name', '')} »."
        case "MissingParameter":
            return f"Il manque {_named(error)}."
        case "BadParameter":
            return f"La valeur donnée pour {_named(error)} ne convient pas."
    extra = _EXTRA.match(error.message)
    return f"En trop dans la commande : « {extra.group(1)} »." if extra else error.message


def _named(error: TyperException) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return "une valeur"
    if parameter.param_type_name == "option":
        return f"l'option « {parameter.opts[0]} »"
    return f"« {parameter.metavar or parameter.name} »"
