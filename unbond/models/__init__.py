"""Reference models: the rules of each system a second time, in plain Python."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from unbond.models.base import Draws, Model

__all__ = ["Draws", "Model", "draws_for", "model_for", "model_names"]


def model_names() -> list[str]:
    """The names of the systems that have a model here, sorted."""
    return sorted(module.name for module in iter_modules(__path__) if module.name != "base")


def model_for(name: str) -> type[Model]:
    """The model of the system ``name``.

    Raises:
        LookupError: when there is none.
    """
    _load(name)
    return Model.registry[name]


def draws_for(name: str) -> type[Draws]:
    """What people try with the system ``name``.

    Raises:
        LookupError: when there is no model of it.
    """
    _load(name)
    return Draws.registry[name]


def _load(name: str) -> None:
    if name in Model.registry and name in Draws.registry:
        return
    if name not in model_names():
        raise LookupError(
            f"there is no model of the system '{name}'; there are: {', '.join(model_names())}"
        )
    import_module(f"{__name__}.{name}")
