from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aifctl.core.errors import NodeSetSyntaxError
from aifctl.core.report import RUN, Kind
from aifctl.output.errors import ERROR, render_error
from aifctl.output.format import Format, Page
from aifctl.output.schema import schema
from tests.output.conftest import Render
from tests.output.reports import CASES, NODES

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def mistakes(rule: dict[str, Any], value: Any, place: str = "$") -> list[str]:
    """Check a value against the part of JSON Schema that ours use; returns what is wrong."""
    assert set(rule) <= {
        *("$schema", "$id", "title", "description", "type", "properties", "required", "items", "enum", "const"),
        "format",
    }
    found: list[str] = []
    types = rule.get("type", list(_TYPES))
    allowed = [types] if isinstance(types, str) else types
    if not any(_is(value, name) for name in allowed):
        found.append(f"{place}: {value!r} is not {allowed}")
    if ("const" in rule and value != rule["const"]) or ("enum" in rule and value not in rule["enum"]):
        found.append(f"{place}: {value!r}")
    if rule.get("format") == "date-time" and value is not None and not _TIME.fullmatch(value):
        found.append(f"{place}: {value!r} is no time")
    if isinstance(value, dict):
        found += [f"{place}.{key} is missing" for key in rule.get("required", ()) if key not in value]
        for key, part in rule.get("properties", {}).items():
            found += mistakes(part, value[key], f"{place}.{key}") if key in value else []
    if isinstance(value, list) and "items" in rule:
        found += [one for at, part in enumerate(value) for one in mistakes(rule["items"], part, f"{place}[{at}]")]
    return found


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


@pytest.mark.parametrize("case", sorted(CASES))
def test_what_json_writes_is_what_its_schema_says(case: str, render: Render) -> None:
    head, items, report = CASES[case]

    assert mistakes(schema(head.kind), json.loads(render("json", head, items(), report))) == []


def test_the_envelope_of_an_error_is_what_its_schema_says(formats: dict[str, Format]) -> None:
    error = NodeSetSyntaxError("a reversed range", text="r[9-1]", column=2)

    text, _ = render_error(error, formats["json"], page=Page())

    assert mistakes(schema(ERROR), json.loads(text)) == []


def test_the_check_finds_what_is_wrong() -> None:
    assert mistakes(schema(NODES), {"schema": "aifctl/v1/Other", "exit": 256, "items": [{}]}) != []


@pytest.mark.parametrize("kind", [RUN, NODES, ERROR], ids=lambda kind: kind.name)
def test_a_schema_is_json_of_the_2020_12_draft_and_describes_every_declared_key(kind: Kind) -> None:
    told = json.loads(json.dumps(schema(kind)))

    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    item = told["properties"]["items"]["items"]
    assert set(item["properties"]) >= {column.key for column in kind.columns} | {field.key for field in kind.fields}
    assert item["required"] == list(item["properties"])


def test_fields_of_a_run_are_only_ever_added() -> None:
    # What scripts hold on to. A line may be added here; none may go.
    kept = [
        *("node", "outcome", "rc", "signal", "started_at", "duration_s", "stdout", "stderr", "encoding"),
        *("bytes_count", "truncated", "sha256", "stderr_bytes_count", "stderr_truncated", "stderr_sha256"),
        *("message", "survivors", "attempts"),
    ]

    assert set(schema(RUN)["properties"]["items"]["items"]["properties"]) >= set(kept)
