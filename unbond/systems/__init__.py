"""The systems that can be driven: one module for each."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from unbond.systems.base import System

__all__ = ["System", "system_class", "system_names"]


def system_names() -> list[str]:
    """The names of the systems of this package, sorted."""
    return sorted(module.name for module in iter_modules(__path__) if module.name != "base")


def system_class(name: str) -> type[System]:
    """The system of this name; ``package.module:Class`` names one from elsewhere.

    Raises:
        LookupError: when there is no such system.
    """
    module, _, attribute = name.partition(":")
    if attribute:
        try:
            found = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise LookupError(f"there is no system '{name}': {error}") from None
        if not (isinstance(found, type) and issubclass(found, System)):
            raise LookupError(f"'{name}' is no system: it does not derive from unbond's System")
        return found
    if name not in system_names():
        raise LookupError(
            f"there is no system '{name}'; there are: {', '.join(system_names())}, "
            "or one of your own as package.module:Class"
        )
    import_module(f"{__name__}.{name}")
    return System.registry[name]
