"""How a flow is timed: repeated, each time measured, the figures left in a file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

FLOWS = int(os.environ["FLOWS"])
"""How many times a flow is run: what flows.py read and found right."""


def report(flow: Callable[[], None], times: int) -> None:
    """Run ``flow`` once to warm up, then ``times`` times; leave the seconds of each."""
    flow()
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        flow()
        seconds.append(time.perf_counter() - begin)
    Path(os.environ["FLOW_RESULT"]).write_text(json.dumps(seconds))
