"""``safe-pip policy schema``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from safeinstall.commands.policy.output import write
from safeinstall.policy.shown.json_schema import json_schema
from safeinstall.rules.registry import known_rules

if TYPE_CHECKING:
    from argparse import Namespace

    from safeinstall.commands.policy import Place


def run(arguments: Namespace, _place: Place) -> int:
    """Print the JSON Schema of policy files."""
    schema = json_schema(known_rules())
    write(arguments, json.dumps(schema, indent=2, ensure_ascii=False) + "\n", schema)
    return 0
