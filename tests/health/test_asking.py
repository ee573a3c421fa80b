"""What nodes are asked beside the usual: all that any profile expects by name, each name once."""

from __future__ import annotations

from collections.abc import Mapping

from aifctl.fleet.profile import Expectation, Profile
from aifctl.health.asking import probe_arguments


def profile(**values: list[str]) -> Profile:
    said: Mapping[str, Expectation] = {
        name.replace("__", "."): Expectation(value=value, source="ours") for name, value in values.items()
    }
    return Profile(name="p", expectations=said)


def test_all_profiles_names_are_asked_for_once() -> None:
    first = profile(service__required=["a", "b"], mount__required=["/"])
    second = profile(
        service__required=["b", "c"], module__required=["nvidia"], module__wanted=["nvidia_peermem", "nvidia"]
    )
    assert probe_arguments([first, second]) == {
        "services": ["a", "b", "c"],
        "mounts": ["/"],
        "modules": ["nvidia", "nvidia_peermem"],
    }


def test_profiles_that_expect_nothing_by_name_ask_nothing() -> None:
    assert probe_arguments([profile()]) == {}
    assert probe_arguments([]) == {}
