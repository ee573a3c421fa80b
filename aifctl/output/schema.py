"""JSON Schema of the envelope of one kind, from its constant. Fields are only ever added."""

from __future__ import annotations

from typing import Any

from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, Field, FieldType, Kind
from aifctl.output.envelope import SCHEMA
from aifctl.output.json_text import item_keys

REPORT_KIND = Kind(
    name="ReportKind",
    key="kind",
    columns=(Column(key="kind", title="kind"), Column(key="about", title="about")),
    about="A kind of report that -o json writes.",
)

_CODES = ", ".join(f"{code:d} {code.name}" for code in sorted(ExitCode))
_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[FieldType, dict[str, Any]] = {
    FieldType.ANY: {},
    FieldType.STRING: {"type": ["string", "null"]},
    FieldType.INTEGER: {"type": ["integer", "null"]},
    FieldType.NUMBER: {"type": ["number", "null"]},
    FieldType.BOOLEAN: {"type": ["boolean", "null"]},
    FieldType.ARRAY: {"type": ["array", "null"]},
    FieldType.OBJECT: {"type": ["object", "null"]},
    FieldType.TIME: {"type": ["string", "null"], "format": "date-time"},
    FieldType.OUTPUT: {"type": ["string", "null"]},
}

_BESIDE: dict[str, dict[str, Any]] = {
    "encoding": {
        "enum": ["utf-8", "base64", None],
        "description": "how the item's streams stand here; base64 for all of them where one is not UTF-8",
    },
    "bytes_count": {"type": ["integer", "null"], "description": "bytes that the node sent"},
    "truncated": {"type": ["boolean", "null"], "description": "fewer bytes were kept than sent"},
    "sha256": {"type": ["string", "null"], "description": "of all bytes that the node sent, hex"},
}


def schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the envelope that `-o json` writes for a kind."""
    properties = {
        "schema": {"const": SCHEMA + kind.name},
        "generated_at": {"type": "string", "format": "date-time"},
        "facts": {"type": "object", "description": "what was known before the first item"},
        "items": {"type": "array", "items": _item(kind)},
        "errors": {"type": "array", "items": _error()},
        "notes": {"type": "array", "items": {"type": "string"}},
        "coverage": _coverage(),
        "summary": {"type": "object"},
        "complete": {"type": "boolean", "description": "false where something meant to be looked at was not"},
        "exit": {"type": "integer", "description": f"the command's exit code: {_CODES}; with --remote-exit-code any"},
    }
    return {
        "$schema": _DRAFT,
        "$id": SCHEMA + kind.name,
        "title": kind.name,
        "description": kind.about,
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _item(kind: Kind) -> dict[str, Any]:
    declared: dict[str, Column | Field] = {column.key: column for column in kind.columns}
    declared |= {field.key: field for field in kind.fields}
    properties = {key: _declared(declared[key]) if key in declared else _beside(key) for key in item_keys(kind)}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _declared(one: Column | Field) -> dict[str, Any]:
    return _TYPES[one.type] | ({"description": one.about} if one.about else {})


def _beside(key: str) -> dict[str, Any]:
    return next(told for name, told in _BESIDE.items() if key == name or key.endswith(f"_{name}"))


def _error() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "code": {"type": "integer"},
            "error": {"type": "string"},
            "message": {"type": "string"},
            "column": {"type": "integer", "description": "1-based, in text"},
            "text": {"type": "string"},
            "file": {"type": "string"},
            "line": {"type": ["integer", "null"]},
            "unknown": {"type": "array", "items": {"type": "string"}},
            "nearest": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["code", "message"],
    }


def _coverage() -> dict[str, Any]:
    count = {"type": "integer"}
    return {
        "type": "object",
        "properties": {
            "asked": count,
            "answered": {**count, "description": "nodes that answered; of a sweep and a status, that could be judged"},
            "skipped": count,
            "share": {"type": "number", "description": "answered of asked, 0 to 1"},
        },
    }
