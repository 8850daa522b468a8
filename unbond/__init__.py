"""Staking exits you can trust: contracts for every way out of a stake, and what proves them."""
