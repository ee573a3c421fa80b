"""Which versions of firmware a kind of node is to run: a named list of what is allowed, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aifctl.core.errors import UsageError
from aifctl.fleet.nearest import nearest
from aifctl.fleet.sku_globs import for_sku

#: In a rule: the versions of every kind of part that is not named by itself.
ANY_KIND = "*"


class Activation(StrEnum):
    """What makes flashed firmware run, mildest first; each does what those before it do."""

    NONE = "none"  # it runs as soon as it is written
    RELOAD = "reload"  # the driver or the service is loaded anew
    REBOOT = "reboot"
    BMC_RESET = "bmc-reset"
    DC_CYCLE = "dc-cycle"  # the chassis' power off and on, standby power stays
    AC_CYCLE = "ac-cycle"  # standby power too: the feed's plugs, or the BMC's own AC cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a baseline says of one component.

    Attributes:
        accept: kind of part (board part number, PSID, model; `*` for any other) → the versions that may run.
        mandatory: a mismatch is degraded; of what is optional it is watch.
        activation: what an update needs here; None: what the component itself says.
        source: where the versions come from.
    """

    accept: Mapping[str, tuple[str, ...]]
    mandatory: bool = True
    activation: Activation | None = None
    source: str

    def versions(self, kind: str) -> tuple[str, ...] | None:
        """Return what may run on a part of this kind; None where the baseline does not know the kind."""
        return self.accept.get(kind) or self.accept.get(ANY_KIND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """One baseline file.

    Attributes:
        name: `dgx-h100-24.09`; about: one line.
        skus: globs of the inventory's `sku:` values that it is for; without one it is used where it is asked for by name.
        rules: component → what is allowed. What it does not name it does not judge.
        origin: the file, as a person would name it. digest: of all that it says.
    """

    name: str
    about: str = ""
    skus: tuple[str, ...] = ()
    rules: Mapping[str, Rule]
    origin: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """All that are known, in order of name."""

    all: tuple[Baseline, ...] = ()

    def of_sku(self, sku: str | None) -> Baseline | None:
        """Return the baseline of a node of this SKU; None where none says that it is for it."""
        return for_sku(sku, self.all)

    def named(self, name: str) -> Baseline:
        """Return the baseline of that name; UsageError with the nearest."""
        for baseline in self.all:
            if baseline.name == name:
                return baseline
        names = [baseline.name for baseline in self.all]
        near = nearest(name, names)
        advice = f"did you mean {near}?" if near else f"there are {', '.join(names) or 'none at all'}"
        raise UsageError(f"there is no baseline {name!r}; {advice}")
