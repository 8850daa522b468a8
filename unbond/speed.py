"""What makes Ape's tests faster without changing what they see."""

from __future__ import annotations

from importlib.util import find_spec

from ape.api.transactions import ReceiptAPI

from unbond.embedded import hasten

_said: list[str] = []


def said() -> list[str]:
    """What is on and what is not, in words; empty where nobody asked for speed."""
    return list(_said)


def speed_up(*, console_logs: bool = False) -> None:
    """Let tests of this process run faster.

    Args:
        console_logs: leave Ape's replays of each transaction, which show what contracts print.
    """
    _said.clear()
    if console_logs:
        _said.append("each transaction replayed for its console output")
    else:
        stop_replay()
        _said.append("no replay of transactions for console output (--console-logs)")
    if hasten():
        _said.append("py-evm remembers what it decodes")
    else:
        _said.append("this py-evm left as it is")
    if find_spec("coincurve"):
        _said.append("native signatures")
    else:
        _said.append("signatures in pure Python, which is slow: pip install coincurve")


def stop_replay() -> None:
    """Let Ape no longer replay each transaction as a call to look for console output.

    On eth-tester the replay costs a quarter of a transaction's time. ``Receipt.debug_logs_lines``
    still gives the output of one transaction to whoever asks.
    """
    ReceiptAPI.show_debug_logs = lambda self: None  # type: ignore[method-assign]
