"""ssh: the system's OpenSSH client to one node, with what the inventory knows and the host keys that a run would check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.hop_health import HopHealth
from aifctl.core.report import Report
from aifctl.core.settings import effective_user
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset_fold import fold
from aifctl.ops.openssh import Hop, Server, command, parse_chain, parse_shown, question
from aifctl.ops.programs import Programs, SystemPrograms
from aifctl.ops.remote import command_line
from aifctl.ops.ssh_files import (
    certificate_name,
    choose_config,
    is_enough,
    known_hosts_text,
    read_trusted,
    write_known_hosts,
)
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

_PORT = 22
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAsked:
    """`command` holds the words behind --; empty asks for a shell."""

    node: str
    command: tuple[str, ...] = ()


def ssh(asked: SshAsked, tools: Toolbox, sink: Sink, *, programs: Programs | None = None) -> Report:  # noqa: ARG001  the shape of every verb: ssh itself writes what there is to see
    """Become ssh to one node; returns only where `programs` does."""
    programs = programs or SystemPrograms()
    program = programs.find("ssh", tools.environ)
    if program is None:
        raise SetupError(
            "there is no ssh on this control host; install openssh-client (Debian, Ubuntu) or openssh-clients (others)"
        )
    line = command_line(asked.command) if asked.command else None
    fleet = tools.fleet
    name = _one_node(asked.node, fleet, tools)
    way = _Way(program, tools, programs)
    endpoint = tools.endpoints([name])[0]
    node = way.node(endpoint)
    hops = way.hops(endpoint, node)
    environ = dict(tools.environ)
    if hops:
        # ssh hands ProxyCommand to this shell, and the quoting is sh's: fish reads backslashes otherwise, csh "!".
        environ["SHELL"] = "/bin/sh"
    if fleet.node(name).off:
        tools.note(f"the inventory says that {name} is powered off")
    programs.become(command(program, way.trusted(node, endpoint), hops, line), environ)
    return Report()


class _Way:
    """How to reach one node, as the command line, the inventory, the settings and ssh_config have it."""

    def __init__(self, program: str, tools: Toolbox, programs: Programs) -> None:
        self._program, self._tools, self._programs = program, tools, programs
        self._dial = tools.dial_settings

    def node(self, endpoint: Endpoint) -> Server:
        dial = self._dial
        return self._shown(
            Server(
                destination=endpoint.name,
                address=None if endpoint.address == endpoint.name else endpoint.address,
                port=endpoint.port if endpoint.port != _PORT else dial.port,
                user=endpoint.user or dial.user,
                identities=_expanded(endpoint.identity or dial.identities),
                options=(*endpoint.options, *dial.options),
                connect_timeout_s=dial.connect_timeout_s,
                config=self._config(by_address=endpoint.address != endpoint.name),
            )
        )

    def hops(self, endpoint: Endpoint, node: Server) -> tuple[Server, ...]:
        """Return the hops of the way to take, trusted; none where the node is dialled directly."""
        chains = endpoint.jump or self._dial.jump
        by_config = node.shown.get("proxyjump", "none")
        if not chains and by_config != "none":
            chains = (by_config,)
        if not chains:
            return ()
        best = HopHealth(self._dial.health_file).order(chains)[0]
        if best != chains[0]:
            self._tools.note(f"through {best}: {chains[0]} has failed lately; --jump names another way")
        return tuple(map(self._hop, parse_chain(best)))

    def trusted(self, server: Server, endpoint: Endpoint, *, hop: bool = False) -> Server:
        """Return the server with the file that says whom to believe; SetupError where that is nobody."""
        keys = read_trusted(self._tools.host_keys, endpoint)
        if not is_enough(keys):
            raise SetupError(self._nobody(endpoint, hop=hop))
        called = endpoint.name if not hop else f"jump-{endpoint.name}-{endpoint.port}"
        alias = ""
        if server.shown.get("hostkeyalias", "none") == "none":
            address = endpoint.address if server.address else server.shown.get("hostname", endpoint.address)
            alias = certificate_name(keys, name=endpoint.name, address=address)
        path = write_known_hosts(self._tools.state, called, known_hosts_text(keys))
        return replace(server, known_hosts=path, alias=alias)

    def _hop(self, hop: Hop) -> Server:
        server = Server(
            destination=hop.host,
            port=hop.port,
            user=hop.user,
            identities=_expanded(self._dial.identities),
            options=self._dial.options,
            connect_timeout_s=self._dial.connect_timeout_s,
            config=self._config(by_address=False),
        )
        server = self._shown(server)
        # Of a hop that is written without a user ssh_config knows more than a setting that is meant for the nodes.
        if not hop.user and self._dial.user and server.shown.get("user") == self._nobody_in_particular():
            server = replace(server, user=self._dial.user)
        return self.trusted(server, Endpoint(name=hop.host, address=hop.host, port=hop.port or _PORT), hop=True)

    def _nobody_in_particular(self) -> str:
        """Return whom ssh logs in as where nothing names a user."""
        asked = Server(destination="localhost", config="none")
        answer = self._programs.ask(question(self._program, asked), self._tools.environ)
        return parse_shown(answer.stdout).get("user", effective_user(self._tools.environ))

    def _config(self, *, by_address: bool) -> str | None:
        return choose_config(self._tools.state, self._dial.ssh_config, by_address=by_address)

    def _shown(self, server: Server) -> Server:
        answer = self._programs.ask(question(self._program, server), self._tools.environ)
        if answer.rc != 0:
            said = " ".join(answer.stderr.split())[:_MOST_SHOWN] or f"exit code {answer.rc}"
            raise SetupError(f"ssh does not take what it is given for {server.destination}: {said}; check ssh_config")
        return replace(server, shown=parse_shown(answer.stdout))

    def _nobody(self, endpoint: Endpoint, *, hop: bool) -> str:
        where = endpoint.name if endpoint.name == endpoint.address else f"{endpoint.name} ({endpoint.address})"
        if not hop:
            return f"the host key of {where} is not known; look at it and accept it with: aifctl trust scan {endpoint.name}"
        file = self._dial.known_hosts[0] if self._dial.known_hosts else "known_hosts"
        return (
            f"the host key of the jump host {where} is not known; put the line that its owner vouches for into {file}"
        )


def _one_node(text: str, fleet: Fleet, tools: Toolbox) -> str:
    names: Sequence[str] = choose(Chosen(selector=text), fleet, tools)
    if len(names) != 1:
        shown = fold(names[:_MOST_SHOWN]) if len(names) <= _MOST_SHOWN else f"{fold(names[:3])}, …"
        raise UsageError(
            f"{text!r} is {len(names)} nodes ({shown}), and ssh is for one; for all of them: aifctl run or aifctl shell"
        )
    return names[0]


def _expanded(identities: Sequence[str]) -> tuple[str, ...]:
    """Return key files with ~ as HOME has it; ssh would ask the password file."""
    return tuple(str(Path(identity).expanduser()) for identity in identities)
