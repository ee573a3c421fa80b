"""GPUs that were read by what others like them told are as if each had been read by itself."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.capabilities import settle_capabilities
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.nvml_alike import parse_alike
from aifctl.diagnosis.nvml_gpu import parse_gpu
from aifctl.onnode.probe.sections import gpu as section
from tests.onnode.gpu_nodes import STATES, node_in

_READABLE = [name for name in STATES if name not in {"driver not loaded", "library mismatch"}]
_DRIVER = "580.105.08"


def told(state: str) -> list[dict[str, Any]]:
    gpus: list[dict[str, Any]] = json.loads(json.dumps(section.read("/nonexistent", {"nvml": node_in(state).nvml()})))[
        "gpus"
    ]
    return gpus


def by_itself(data: dict[str, Any], driver: str = _DRIVER) -> Gpu:
    return settle_capabilities(parse_gpu(data), driver)


@pytest.mark.parametrize("state", _READABLE)
def test_each_gpu_is_read_as_by_itself(state: str) -> None:
    for data in told(state) * 2:
        assert parse_alike(data, _DRIVER) == by_itself(data)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value that is told of a GPU, lists and objects themselves included."""
    within = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(one for key, part in within for one in places(part, (*path, key)))]


_HEALTHY = told("healthy on R580")[0]
_PLACES = places(_HEALTHY)
_VALUES = st.one_of(
    st.integers(-3, 40),
    st.integers(),
    st.sampled_from(
        [2**64, -(2**64), 10**40, True, False, None, 1.5, 0.0, "", " ", "P2", " x ", "1650", "a\x1b", "ü", "x" * 300]
    ),
    st.sampled_from([{"!": code} for code in (2, 3, 4, 13, 14, 15, 16, 999)]),
    st.sampled_from([[], {}, [0], [0, 0], [True, 0], [[1, None, "x"]], [[1, 2, "x"], {"!": 15}], [{"!": 16}, 0]]),
)


@given(st.lists(st.tuples(st.sampled_from(_PLACES), st.one_of(_VALUES, st.none())), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None)
def test_whatever_stands_in_place_of_an_answer_is_read_as_by_itself(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = copy.deepcopy(_HEALTHY)
    for path, value in changes:
        put(data, path, value)
    assert repr(parse_alike(data, _DRIVER)) == repr(by_itself(data))


@pytest.mark.parametrize("path", _PLACES, ids=str)
def test_what_is_told_otherwise_by_one_gpu_alone_is_its_own(path: tuple[Any, ...]) -> None:
    """After all of these have been read, the next that is like the first is as the first was."""
    values: tuple[Any, ...] = (7, "", {"!": 15}, None, [])
    for value in values:
        data = copy.deepcopy(_HEALTHY)
        put(data, path, value)
        assert repr(parse_alike(data, _DRIVER)) == repr(by_itself(data))
    assert parse_alike(_HEALTHY, _DRIVER) == by_itself(_HEALTHY)


def test_the_driver_says_what_could_have_been_told() -> None:
    data = {key: value for key, value in _HEALTHY.items() if key != "repair"}
    for driver in ("580.105.08", "535.161.08", "580.105.08"):
        assert parse_alike(data, driver) == by_itself(data, driver)


def put(data: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put a value where the path leads, as far as it still leads anywhere."""
    for step in path[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(data, dict) or (isinstance(data, list) and path[-1] in range(len(data))):
        data[path[-1]] = value
