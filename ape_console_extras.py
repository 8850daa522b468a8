"""What ``ape console`` has at hand: systems, roles, accounts, clock, and status()."""

from unbond.cli.console import at_hand


def ape_init_extras() -> dict[str, object]:
    """What Ape adds to the console's names."""
    return at_hand()
