"""Ape's replay of each transaction in search of console output, and how to do without it."""

from __future__ import annotations

from ape.api.transactions import ReceiptAPI


def stop_replay() -> None:
    """Let Ape no longer replay each transaction as a call to look for console output.

    On eth-tester the replay costs a quarter of a transaction's time. ``Receipt.debug_logs_lines``
    still gives the output of one transaction to whoever asks.
    """
    ReceiptAPI.show_debug_logs = lambda self: None  # type: ignore[method-assign]
