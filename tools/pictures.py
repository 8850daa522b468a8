"""Draw the documentation's pictures from scenario runs: ``make pictures``.

The same file, played again, gives the same picture, byte for byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ape
import matplotlib as mpl
from ape.logging import LogLevel, logger
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from unbond.chain import Chain, rewound
from unbond.scenario import BoundScenario, load_scenario, play
from unbond.speed import stop_replay
from unbond.when import DAY

if TYPE_CHECKING:
    from unbond.timeline import Timeline

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
READINGS = {
    "first fit": "First fit: the oldest that wholly fits",
    "partial fifo": "In parts, strictly by age",
}
PEOPLE = {"large": "#1f5fa8", "small": "#d1582e", "middle": "#3d8f58", "late": "#8a5fb0"}


def main() -> None:
    """Draw all pictures."""
    print(f"pictures: {draw_two_readings(PICTURES / 'two-readings.svg')}")


def played(policy: str) -> Timeline:
    """The file of the two readings, played under one of them; some claims are refused in each."""
    file = load_scenario(PICTURES / "two-readings.yaml")
    file.scenario.setup["policy"] = policy
    chain = Chain()
    with rewound(chain):
        return play(BoundScenario(file), chain)


def draw_two_readings(to: Path) -> Path:
    """Draw who has been paid how much when, under both readings; returns where it is."""
    # Fixed ids and real text: the file stays the same, small, and can be searched.
    mpl.rcParams.update({"svg.hashsalt": "unbond", "svg.fonttype": "none", "font.size": 9})
    figure, panels = plt.subplots(1, len(READINGS), figsize=(10, 3.6), sharey=True)
    for panel, (policy, title) in zip(panels, READINGS.items(), strict=True):
        draw_payouts(panel, title, timeline_of(policy))
    panels[0].set_ylabel("paid out, FTM")
    panels[-1].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(to, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return to


def timeline_of(policy: str) -> Timeline:
    """The timeline on the embedded chain, connected to if nothing is."""
    if ape.networks.active_provider is not None:
        return played(policy)
    logger.set_level(LogLevel.WARNING)
    stop_replay()
    with ape.networks.parse_network_choice("ethereum:local:test"):
        return played(policy)


def draw_payouts(panel: Axes, title: str, timeline: Timeline) -> None:
    """One reading: a stair for each person, and a mark at each request."""
    start = timeline.entries[0].timestamp
    last = timeline.entries[-1].timestamp
    for person, color in PEOPLE.items():
        (request,) = (
            entry
            for entry in timeline.entries
            if entry.role == person and entry.action == "burn_certificates" and entry.event
        )
        days = [(request.timestamp - start) / DAY]
        paid = [0.0]
        for entry in timeline.entries:
            if entry.timestamp > request.timestamp:
                days.append((entry.timestamp - start) / DAY)
                paid.append(entry.balances[person] / 10**18)
        asked = (request.event or {})["amount"] / 10**18
        label = f"{person}, {asked:.4g} asked on day {days[0]:.0f}"
        panel.step([*days, (last - start) / DAY + 4], [*paid, paid[-1]], where="post", color=color)
        panel.plot(days[0], 0, "o", color=color, label=label)
    for entry in timeline.entries:
        if entry.action == "harvest":
            panel.axvline((entry.timestamp - start) / DAY, color="#bbbbbb", linewidth=0.8, zorder=0)
    panel.set_title(title)
    panel.set_xlabel("days; grey: a lock-up period ends, 85 FTM become free")
    panel.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
