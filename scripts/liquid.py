"""ape run liquid: every action and view of liquid staking."""

from unbond.cli.systems import system_group

cli = system_group("liquid")
