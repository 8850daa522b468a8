"""The clock of a local chain: the next transaction lands at exactly the second it is set to.

eth-tester and anvil have different ideas of time. This one object hides them: on both, time stands
still between transactions, each block is one second after the one before, and a jump is one empty
block, a second before the goal. The next transaction and every view of "pending" are then at
the goal itself; snapshots keep it, since it is all in the chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from ape.exceptions import APINotImplementedError, ProviderError

from unbond.embedded import Embedded
from unbond.when import (
    DAY,
    HOUR,
    LAST_MOMENT,
    MINUTE,
    SESSION_START,
    WEEK,
    format_moment,
    parse_duration,
    parse_moment,
)

if TYPE_CHECKING:
    from ape.api.providers import ProviderAPI
    from ape_test.provider import LocalProvider

Block: TypeAlias = int | Literal["latest", "pending"]
"""A block in which to look: its number, or one of the following two."""

NEXT_BLOCK: Final = "pending"
"""The block in which a view sees the second at which the next transaction will land."""

LAST_BLOCK: Final = "latest"
"""The block in which a view sees the second at which the last transaction landed."""


class ClockError(Exception):
    """Time cannot be moved the way it was asked; the chain has not been touched."""


class Clock:
    """Moves the time of one chain. Moments are seconds in Unix time, durations seconds."""

    _embedded: Embedded | None = None

    def __init__(self, provider: ProviderAPI) -> None:
        """Take charge of the time of the chain behind ``provider``.

        Raises:
            ClockError: when that chain's time cannot be moved.
        """
        self._provider = provider
        if not provider.network.is_dev:
            raise ClockError(
                f"time on {provider.network_choice} cannot be moved; use a local network, "
                "such as ethereum:local:test"
            )
        if provider.name == "test":
            self._embedded = Embedded(cast("LocalProvider", provider))
        else:
            # eth-tester's blocks are a second apart; elsewhere they would follow the wall clock.
            try:
                provider.make_request("anvil_setBlockTimestampInterval", [1])
            except (APINotImplementedError, ProviderError):
                raise ClockError(
                    f"the node behind {provider.network_choice} cannot hold its clock still; "
                    "use eth-tester or anvil"
                ) from None

    @property
    def now(self) -> int:
        """The second at which the next transaction will land."""
        return self._latest()[0] + 1

    def start(self) -> None:
        """Go to the second at which every session starts, unless the chain is beyond it already."""
        if self.now < SESSION_START:
            self.at(SESSION_START)

    def at(self, moment: int | str) -> int:
        """Let the next transaction land at exactly ``moment``; returns it.

        Args:
            moment: seconds in Unix time, or ISO 8601 such as ``2030-01-07T00:00:00Z``.

        Raises:
            ClockError: when that second is over, or after the year 9999; the chain is not touched.
            ValueError: when ``moment`` cannot be read.
        """
        target = parse_moment(moment) if isinstance(moment, str) else moment
        now = self.now
        if target > LAST_MOMENT:
            raise ClockError(f"cannot go to second {target}: the calendar ends with the year 9999")
        if target < now:
            raise ClockError(
                f"cannot go back to {format_moment(target)}: "
                f"the next transaction lands at {format_moment(now)} at the earliest"
            )
        if target > now:
            self._mine_at(target - 1)
        return target

    def travel(
        self,
        duration: int | str = 0,
        *,
        weeks: int = 0,
        days: int = 0,
        hours: int = 0,
        minutes: int = 0,
        seconds: int = 0,
    ) -> int:
        """Let the next transaction land a duration after the present; returns that second.

        The present is when the last transaction landed or, if the clock has been set since then,
        what it has been set to; so that two journeys in a row add up.

        Args:
            duration: seconds, or text such as ``13d 23h 59m 59s``.
            weeks: added to it, as are days, hours, minutes and seconds.
            days: see weeks.
            hours: see weeks.
            minutes: see weeks.
            seconds: see weeks.

        Raises:
            ClockError: as :meth:`at` does; the chain is not touched.
            ValueError: when ``duration`` cannot be read.
        """
        by = parse_duration(duration) if isinstance(duration, str) else duration
        by += weeks * WEEK + days * DAY + hours * HOUR + minutes * MINUTE + seconds
        return self.at(self.present + by)

    @property
    def present(self) -> int:
        """The second of the last transaction or, if the clock has been set since, of the next."""
        timestamp, busy = self._latest()
        return timestamp if busy else timestamp + 1

    def _latest(self) -> tuple[int, bool]:
        """The second of the last block, and whether it holds any transaction."""
        if self._embedded is not None:
            return self._embedded.latest()
        block = self._provider.get_block(LAST_BLOCK)
        return block.timestamp, block.num_transactions > 0

    def _mine_at(self, second: int) -> None:
        """Add an empty block at ``second``, which is after the last one."""
        if self._provider.name == "test":
            # eth-tester mines a block one second before the time it is told.
            self._provider.set_timestamp(second + 1)
        else:
            self._provider.make_request("evm_mine", [{"timestamp": second}])
