"""What the command line says of how nodes are reached, above what their inventory says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aifctl.fleet.endpoint import Endpoint

if TYPE_CHECKING:
    from aifctl.core.settings import Settings
    from aifctl.fleet.fleet import Fleet
    from aifctl.ports.roster import Loaded, Roster

#: A flag also overrules the ssh options of the inventory that say the same.
_OPTIONS_OF = {
    "user": {"user"},
    "port": {"port"},
    "identity": {"identityfile"},
    "jump": {"proxyjump"},
    "known_hosts": {"userknownhostsfile", "globalknownhostsfile"},
    "connect_timeout": {"connecttimeout"},
}


def load_hostfile(roster: Roster, settings: Settings) -> Loaded | None:
    """Return the fleet of the host file in use; None where there is none."""
    value, hostfile = settings.value, settings.value("hostfile")
    if not hostfile:
        return None
    port = value("port") if settings.origin("port").text else None
    return roster.load_hostfile(Path(hostfile), user=value("user") or None, port=port, identity=value("identity"))


def overruled_endpoints(
    settings: Settings, given: Mapping[str, str], fleet: Fleet, names: Sequence[str]
) -> tuple[Endpoint, ...]:
    """Return how nodes are reached; `given` are the settings that this command line names."""
    said: dict[str, Any] = {name: settings.value(name) for name in ("user", "port") if name in given}
    if "identity" in given:
        said["identity"] = ()  # those of the settings, then
    if "jump" in given:
        said["jump"] = tuple(settings.value("jump").split())
    overruled = overruled_options(given)
    return tuple(with_flags(fleet.endpoint(name), said, overruled) for name in names)


def overruled_options(given: Iterable[str]) -> frozenset[str]:
    """Return the ssh options, in lower case, that these flags overrule."""
    return frozenset(option for name in given for option in _OPTIONS_OF.get(name, ()))


def with_flags(endpoint: Endpoint, said: Mapping[str, Any], overruled: Collection[str]) -> Endpoint:
    """Return an endpoint with what the command line says in place of the inventory's word."""
    if overruled:
        options = tuple(option for option in endpoint.options if option[0].lower() not in overruled)
        return replace(endpoint, **said, options=options)
    return endpoint
