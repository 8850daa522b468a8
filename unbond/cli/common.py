"""What the project's commands share: one clear line for bad input, JSON or tables, a network."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from ape.cli import ConnectedProviderCommand
from ape.exceptions import ApeException
from ape.logging import LogLevel, logger
from rich.console import Console

from unbond.book import BookError
from unbond.clock import ClockError
from unbond.devnet import NETWORK, DevnetError, ape_at, find_running
from unbond.errors import Refused
from unbond.scenario import ScenarioError

F = TypeVar("F", bound=Callable[..., Any])

_PAPER = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 150
"""How wide a table may be, in characters, where no terminal says it."""

console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=_PAPER)
"""Where commands print their results: as they are, whatever they look like to rich."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


class NetworkCommand(ConnectedProviderCommand):
    """A command on a network of which Ape says no more than it has to.

    Ape tells on standard output when it starts and stops a node, and JSON with that in it is none.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Connect, and do what the command is for."""
        quieten_ape()
        return super().invoke(ctx)


class LastingCommand(NetworkCommand):
    """A command for a chain that stays: without ``--network``, for the devnet that is up."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let the running devnet be the network, if none is named."""
        named = any(word == "--network" or word.startswith("--network=") for word in args)
        devnet = None if named else find_running()
        if devnet is not None:
            ctx.with_resource(ape_at(devnet.url))
            args = ["--network", NETWORK, *args]
        return super().parse_args(ctx, args)


def quieten_ape() -> None:
    """Let Ape tell warnings only, unless somebody asked for more with ``-v``."""
    # Not only meanwhile: a node that Ape started here is stopped when the process ends. INFO is
    # Ape's default.
    if logger.level == LogLevel.INFO:
        logger.set_level(LogLevel.WARNING)


def clean_errors(command: F) -> F:
    """Turn what can go wrong into one clear line and exit code 1, without a traceback."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Refused as error:
            raise click.ClickException(f"the contract refused: {error.sentence}") from None
        except (
            BookError,
            ClockError,
            DevnetError,
            LookupError,
            ScenarioError,
            ValueError,
        ) as error:
            raise click.ClickException(str(error)) from None
        except ApeException as error:
            raise click.ClickException(" ".join(str(error).split())) from None

    return wrapper  # type: ignore[return-value]


def print_json(value: Any) -> None:
    """Print ``value`` as JSON on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
