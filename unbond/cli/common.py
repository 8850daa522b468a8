"""What the project's commands share: one clear line for bad input, JSON or tables, a network."""

from __future__ import annotations

import errno
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from ape.api.accounts import AccountAPI
from ape.cli import AccountAliasPromptChoice, ConnectedProviderCommand
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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Complain about an argument in one line: Ape lists networks in one each."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.message = " ".join(error.message.split())
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Connect, and do what the command is for."""
        quieten_ape()
        with clear_lines():
            return super().invoke(ctx)


class LastingCommand(NetworkCommand):
    """A command for a chain that stays: without ``--network``, for the devnet that is up."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let the running devnet be the network, if none is named."""
        named = any(word == "--network" or word.startswith("--network=") for word in args)
        with clear_lines():
            devnet = None if named else find_running()
        if devnet is not None:
            ctx.with_resource(ape_at(devnet.url))
            args = ["--network", NETWORK, *args]
        return super().parse_args(ctx, args)


class _AccountChoice(AccountAliasPromptChoice):
    """An account of one's own; nobody is asked for one who cannot answer."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> AccountAPI | None:
        """The account that a word names."""
        try:
            return super().convert(value, param, ctx)
        except (LookupError, ValueError):
            self.fail(f"there is no account '{value}'.", param, ctx)

    def select_account(self) -> AccountAPI:
        """Ask for the account, where there is somebody to ask.

        Raises:
            MissingParameter: where there is nobody.
        """
        if not sys.stdin.isatty():
            hint = "Give an alias, or TEST::n."
            raise click.MissingParameter(hint, param_hint="'--account'", param_type="option")
        return super().select_account()


def _select(_: click.Context, param: click.Parameter, value: AccountAPI | None) -> AccountAPI:
    assert isinstance(param.type, _AccountChoice)
    return value or param.type.select_account()


account_option = click.option("--account", type=_AccountChoice(), callback=_select)
"""Who sends; asked for at a terminal if not given."""


def quieten_ape() -> None:
    """Let Ape tell warnings only, unless somebody asked for more with ``-v``."""
    # Not only meanwhile: a node that Ape started here is stopped when the process ends. INFO is
    # Ape's default.
    if logger.level == LogLevel.INFO:
        logger.set_level(LogLevel.WARNING)


@contextmanager
def clear_lines() -> Iterator[None]:
    """Turn what can go wrong inside into one clear line and exit code 1, without a traceback."""
    try:
        yield
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
    except OSError as error:
        if error.errno == errno.EPIPE:
            # Nobody reads on: click ends quietly.
            raise
        place = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{place}{error.strerror or error}") from None
    except ApeException as error:
        raise click.ClickException(" ".join(str(error).split())) from None


def clean_errors(command: F) -> F:
    """Let a command end with one clear line and exit code 1, whatever goes wrong."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with clear_lines():
            return command(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def print_json(value: Any) -> None:
    """Print ``value`` as JSON on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
