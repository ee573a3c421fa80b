"""What the transport is told, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aifctl.core.secret import Secret
    from aifctl.core.settings import Settings
    from aifctl.core.state_dir import StateDir
    from aifctl.ports.transport import DialSettings


def dial_settings(
    settings: Settings, environ: Mapping[str, str], state: StateDir, *, key_password: Secret | None
) -> DialSettings:
    """Return how nodes are dialled where neither the inventory nor the command line says otherwise."""
    from aifctl.ports.transport import DialSettings

    value = settings.value
    return DialSettings(
        connect_timeout_s=value("connect_timeout"),
        user=value("user") or None,
        port=value("port") if settings.origin("port").text else None,
        identities=value("identity"),
        jump=tuple(value("jump").split()),
        known_hosts=value("known_hosts"),
        agent=environ.get("SSH_AUTH_SOCK") or None,
        ssh_config=value("ssh_config"),
        health_file=str(state.path / "jump-health.json"),
        key_password=key_password,
    )
