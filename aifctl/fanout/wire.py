"""Endpoints and results as tuples of plain values, and back; only what differs from the ordinary is sent."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import Any

from aifctl.core.outcome import Outcome
from aifctl.fanout.feed import Growth
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.work import NodeResult, Output

_EMPTY = Output()
_ENDPOINT_FIELDS = ("name", "address", "port", "user", "identity", "jump", "host_keys", "options")
_endpoint_values = attrgetter(*_ENDPOINT_FIELDS)
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def pack_endpoint(endpoint: Endpoint) -> tuple[Any, ...]:
    """Return an endpoint's values in the order of its fields."""
    return tuple(_endpoint_values(endpoint))


def unpack_endpoint(values: tuple[Any, ...]) -> Endpoint:
    """Turn `pack_endpoint`'s values into an endpoint."""
    return Endpoint(**dict(zip(_ENDPOINT_FIELDS, values, strict=True)))


def pack_result(result: NodeResult) -> tuple[Any, ...]:
    """Return a result as plain values; `detail` as JSON text, because it may hold enums and tuples."""
    return (
        result.node,
        result.outcome.value,
        result.rc,
        result.signal,
        result.started_at,
        result.duration_s,
        _pack_output(result.stdout),
        _pack_output(result.stderr),
        result.message,
        result.survivors,
        result.attempts,
        json.dumps(dict(result.detail)) if result.detail else "",
        result.trace,
    )


def unpack_result(values: tuple[Any, ...]) -> NodeResult:
    """Turn `pack_result`'s values into a result."""
    node, outcome, rc, signal, started_at, duration_s, stdout, stderr, message, survivors, attempts, detail, trace = (
        values
    )
    return NodeResult(
        node=node,
        outcome=_OUTCOMES[outcome],
        rc=rc,
        signal=signal,
        started_at=started_at,
        duration_s=duration_s,
        stdout=_unpack_output(stdout),
        stderr=_unpack_output(stderr),
        message=message,
        survivors=survivors,
        attempts=attempts,
        detail=json.loads(detail) if detail else {},
        trace=trace,
    )


def pack_growth(growth: Growth) -> tuple[int, bool, str]:
    """Return news of the spooled stdin as plain values."""
    return growth.size_bytes, growth.complete, growth.problem


def unpack_growth(values: tuple[int, bool, str]) -> Growth:
    """Turn `pack_growth`'s values back."""
    size_bytes, complete, problem = values
    return Growth(size_bytes=size_bytes, complete=complete, problem=problem)


def _pack_output(output: Output) -> tuple[Any, ...] | None:
    if not output.bytes_count:
        return None
    return output.inline, output.path, output.bytes_count, output.truncated, output.sha256


def _unpack_output(values: tuple[Any, ...] | None) -> Output:
    if values is None:
        return _EMPTY
    inline, path, bytes_count, truncated, sha256 = values
    return Output(inline=inline, path=path, bytes_count=bytes_count, truncated=truncated, sha256=sha256)
