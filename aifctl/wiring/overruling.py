"""What the command line says of how nodes are reached, above what their inventory says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from aifctl.fleet.endpoint import Endpoint

#: A flag also overrules the ssh options of the inventory that say the same.
_OPTIONS_OF = {
    "user": {"user"},
    "port": {"port"},
    "identity": {"identityfile"},
    "jump": {"proxyjump"},
    "known_hosts": {"userknownhostsfile", "globalknownhostsfile"},
    "connect_timeout": {"connecttimeout"},
}


def overruled_options(given: Iterable[str]) -> frozenset[str]:
    """Return the ssh options, in lower case, that these flags overrule."""
    return frozenset(option for name in given for option in _OPTIONS_OF.get(name, ()))


def with_flags(endpoint: Endpoint, said: Mapping[str, Any], overruled: Collection[str]) -> Endpoint:
    """Return an endpoint with what the command line says in place of the inventory's word."""
    if overruled:
        options = tuple(option for option in endpoint.options if option[0].lower() not in overruled)
        return replace(endpoint, **said, options=options)
    return endpoint
