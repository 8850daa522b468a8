"""ape run device: every action and view of device staking."""

from unbond.cli.systems import system_group

cli = system_group("device")
