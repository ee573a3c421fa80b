"""The checks and the profiles: the drawer with the sites' own, and the folders that profiles lie in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aifctl.core.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aifctl.core.settings import Settings
    from aifctl.diagnosis.check import Check
    from aifctl.fleet.profile import Profiles

#: Entry points of a site's own checks.
CHECKS_GROUP = "aifctl.checks"

SYSTEM_PROFILES = Path("/etc/aifctl/profiles")

#: How far above our package the folder `share` lies in which pip puts our data: /usr/local/lib/python3.11/site-packages.
_MOST_LEVELS = 5


def all_checks() -> tuple[Check, ...]:
    """Return all checks in order of name; SetupError where a site's can't be loaded, is none, or bears a taken name."""
    import aifctl.health.checks
    from aifctl.core.drawers import read_drawer

    found: dict[str, Check] = {check.name: check for check in read_drawer(aifctl.health.checks, "CHECK")}
    for origin, check in _sites_own():
        if check.name in found:
            raise SetupError(
                f"the check {check.name!r} of {origin} has the name of another; give it one of its own, or mute the other"
            )
        found[check.name] = check
    return tuple(found[name] for name in sorted(found))


def check_names() -> list[str]:
    """Return the names of our own checks, in order, without importing one: they are their files', with dashes."""
    import aifctl.health.checks
    from aifctl.core.drawers import names_in

    return [name.replace("_", "-") for name in names_in(aifctl.health.checks)]


def check_named(name: str, open_all: Callable[[], Sequence[Check]]) -> Check | None:
    """Return a check of that name: of ours its file alone is read; for a site's own all are."""
    if name in check_names():
        import importlib

        found: Check = importlib.import_module(f"aifctl.health.checks.{name.replace('-', '_')}").CHECK
        return found
    return next((check for check in open_all() if check.name == name), None)


def profiles_in_use(settings: Settings, find_inventory: Callable[[], Path], checks: Sequence[Check]) -> Profiles:
    """Return the profiles of this command; with a hostfile, or no inventory, none lie beside one."""
    try:
        inventory = None if settings.value("hostfile") else find_inventory()
    except SetupError:
        inventory = None
    return read_all_profiles(inventory, checks)


def read_all_profiles(inventory: Path | None, checks: Sequence[Check]) -> Profiles:
    """Return the profiles beside this inventory, then the system's, then ours; the first of a name holds."""
    from aifctl.diagnosis.examining import NEEDS
    from aifctl.roster.profiles import read_profiles
    from aifctl.roster.sources import PROFILES

    beside = [(inventory if inventory.is_dir() else inventory.parent) / PROFILES] if inventory else []
    thresholds = [*NEEDS, *(threshold for check in checks for threshold in check.needs)]
    folders = dict.fromkeys(folder.absolute() for folder in (*beside, SYSTEM_PROFILES, shipped_profiles()))
    return read_profiles(folders, thresholds)


def shipped_profiles() -> Path:
    """Return the folder of the profiles that come with aifctl, in a checkout or an installation."""
    import aifctl

    package = Path(aifctl.__path__[0]).absolute()
    checkout = package.parent
    candidates = [checkout / "inventory" / "profiles"] if (checkout / "pyproject.toml").exists() else []
    above = [package, *package.parents][1 : _MOST_LEVELS + 1]
    candidates += [folder / "share" / "aifctl" / "inventory" / "profiles" for folder in above]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise SetupError(f"the profiles that come with aifctl are not in {candidates[-1]} or above; install aifctl again")


def _sites_own() -> list[tuple[str, Check]]:
    from importlib.metadata import entry_points

    from aifctl.diagnosis.check import Check

    found = []
    for point in sorted(entry_points(group=CHECKS_GROUP), key=lambda point: point.name):
        origin = f"the entry point {point.name} = {point.value}"
        try:
            check = point.load()
        except Exception as problem:
            raise SetupError(
                f"{origin} of {CHECKS_GROUP} can't be loaded ({type(problem).__name__}: {problem}); "
                "repair that package or uninstall it"
            ) from problem
        if not isinstance(check, Check):
            raise SetupError(f"{origin} of {CHECKS_GROUP} is no Check; it names a module's constant: module:CHECK")
        found.append((origin, check))
    return found
