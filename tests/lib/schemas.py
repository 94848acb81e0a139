"""The public schemas of the machine forms."""

from __future__ import annotations

import json
from pathlib import Path

import pydantic
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


def published_schema():
    """Our own schema, made closed: a field that it does not tell of is an error here, though not for a reader."""
    return _closed(json.loads(PUBLISHED.read_text(encoding="utf-8")))


def _closed(schema):
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return closed | {"additionalProperties": False} if "properties" in closed and "type" in closed else closed


def cyclonedx_problems(text):
    """What the schema of CycloneDX 1.6, as its own library ships it, says against *text*."""
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


def sarif_problems(text):
    """What the classes generated from the schema of SARIF 2.1.0 say against *text*."""
    try:
        Sarif.model_validate_json(text)
    except pydantic.ValidationError as error:
        return error.errors()
    return []
