"""The documents' examples run on the same chains as the tests of the harness."""

from tests.harness.conftest import engines

__all__ = ["engines"]
