"""What a kind of node is expected to be: values and thresholds, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aifctl.core.errors import UsageError
from aifctl.fleet.nearest import nearest
from aifctl.fleet.sku_globs import for_sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One value that a check compares with, and where it comes from (a document, a capture, a site's decision)."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One profile file.

    Attributes:
        name: `h100-sxm5`.
        skus: globs of the inventory's `sku:` values that it is for.
        expectations: by key, as the checks name them: `gpu.count`, `gpu.power_limit_w`, …
        origin: the file, as a person would name it.
        digest: of all values; a changed threshold judges anew.
    """

    name: str
    skus: tuple[str, ...] = ()
    expectations: Mapping[str, Expectation]
    origin: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """All that are known, in order of name; no two of them have globs that fit one SKU equally well."""

    all: tuple[Profile, ...] = ()

    def of_sku(self, sku: str | None) -> Profile | None:
        """Return the profile whose glob fits with most characters of its own, in whatever case; None where none fits."""
        return for_sku(sku, self.all)

    def named(self, name: str) -> Profile:
        """Return the profile of that name; UsageError with the nearest."""
        for profile in self.all:
            if profile.name == name:
                return profile
        names = [profile.name for profile in self.all]
        near = nearest(name, names)
        advice = f"did you mean {near}?" if near else f"there are {', '.join(names) or 'none at all'}"
        raise UsageError(f"there is no profile {name!r}; {advice}")
