"""The rules there are: one module of this package each, found nowhere else.

An entry point would belong to the environment that is being protected.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING

import safeinstall.rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.rules.base import Rule

_NO_RULES = ("base", "registry")


@cache
def known_rules() -> Mapping[str, type[Rule]]:
    """Map rule ids to classes, sorted by id: ``minimum-age`` is ``MinimumAge`` of ``minimum_age.py``."""
    modules = sorted(m.name for m in iter_modules(safeinstall.rules.__path__) if m.name not in _NO_RULES)
    return MappingProxyType({module.replace("_", "-"): _rule(module) for module in modules})


def _rule(module: str) -> type[Rule]:
    rule: type[Rule] = getattr(import_module(f"safeinstall.rules.{module}"), module.title().replace("_", ""))
    return rule
