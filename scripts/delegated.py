"""ape run delegated: every action and view of delegated staking."""

from unbond.cli.systems import system_group

cli = system_group("delegated")
