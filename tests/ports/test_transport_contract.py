"""What every Transport must do, whoever implements it: one suite for the real adapter and for fakes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.core.secret import Secret
from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import Command, DialSettings, Ended, Link, Transport
from aifctl.sim import processes
from aifctl.sim.processes import SimHandle
from aifctl.sim.spec import FleetSpec
from aifctl.transport.ssh import open_transport
from tests.fakes.fleet import FakeFleet, Script
from tests.sshd import Sshd, needs_sshd, running_sshd

_PLAIN = Script()


def from_here(go: Callable[[], Any]) -> Any:
    """Call it where we stand; a subject in another network has to go there first."""
    return go()


@dataclass
class Subject:
    """A transport to be made in a loop, and a node.

    A real node runs the command line; a made-up one does what its script says, which each test words likewise.
    """

    make: Callable[[Script], Transport]
    endpoint: Endpoint
    reach: Callable[[Callable[[], Any]], Any] = from_here

    def on_link(self, use: Callable[[Link], Coroutine[Any, Any, Any]], script: Script = _PLAIN) -> Any:
        """Dial, use the link, close all, where this subject can be reached."""

        async def body() -> Any:
            transport = self.make(script)
            try:
                link = await transport.dial(self.endpoint)
                try:
                    return await use(link)
                finally:
                    await link.close()
            finally:
                await transport.close()

        return self.reach(lambda: asyncio.run(body()))

    def run(self, command: Command, feed: AsyncIterator[bytes] | None = None, script: Script = _PLAIN) -> Ran:
        ran = Ran()

        async def body(link: Link) -> Ran:
            ran.ended = await link.execute(command, stdout=ran.out.extend, stderr=ran.err.extend, feed=feed)
            return ran

        self.on_link(body, script)
        return ran


@dataclass
class Ran:
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    ended: Ended = field(default_factory=Ended)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as sshd:
        yield sshd


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimHandle]:
    state = StateDir(path=tmp_path_factory.mktemp("fleet"))
    handle = processes.up(FleetSpec(nodes_count=1), state, tied=True)
    yield handle
    processes.down(handle, state)


def openssh_subject(request: pytest.FixtureRequest) -> Subject:
    sshd: Sshd = request.getfixturevalue("real")
    settings: DialSettings = sshd.settings()
    return Subject(make=lambda _: open_transport(settings), endpoint=sshd.endpoint)


def sim_subject(request: pytest.FixtureRequest) -> Subject:
    handle: SimHandle = request.getfixturevalue("simulated")
    place = handle.layout.place(0)
    settings = DialSettings(
        user=handle.spec.user, identities=(str(handle.files.identity),), known_hosts=(str(handle.files.known_hosts),)
    )
    endpoint = Endpoint(name=place.name, address=place.address, port=handle.port)
    return Subject(make=lambda _: open_transport(settings), endpoint=endpoint)


def fake_subject(_request: pytest.FixtureRequest) -> Subject:
    return Subject(make=lambda script: FakeFleet(ordinary=script)(), endpoint=Endpoint(name="n1", address="192.0.2.1"))


_FAKE = pytest.param(fake_subject, id="fake")
_OPENSSH = pytest.param(openssh_subject, marks=[needs_sshd, pytest.mark.ssh], id="openssh")
_SIM = pytest.param(sim_subject, marks=pytest.mark.ssh, id="sim")


@pytest.fixture(params=[_FAKE, _OPENSSH, _SIM])
def subject(request: pytest.FixtureRequest) -> Subject:
    made: Subject = request.param(request)
    return made


@pytest.fixture(params=[_OPENSSH, _SIM])
def real_node(request: pytest.FixtureRequest) -> Subject:
    """For what only a node with processes of its own can show; a simulated one has some too."""
    made: Subject = request.param(request)
    return made


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_output_of_both_streams_arrives_byte_for_byte(subject: Subject) -> None:
    script = Script(stdout=(b"\x00\xff\r\n", b"\x1b[2Jx"), stderr=(b"\x80err",))
    ran = subject.run(Command(line=r"printf '\000\377\r\n\033[2Jx'; printf '\200err' >&2"), script=script)
    assert bytes(ran.out) == b"\x00\xff\r\n\x1b[2Jx"
    assert bytes(ran.err) == b"\x80err"
    assert ran.ended == Ended(rc=0)


@pytest.mark.parametrize("code", [0, 1, 2, 126, 127, 128, 137, 254, 255])
def test_every_exit_code_comes_back_as_it_is(subject: Subject, code: int) -> None:
    ended = subject.run(Command(line=f"exit {code}"), script=Script(ended=Ended(rc=code))).ended
    assert ended == Ended(rc=code)


def test_a_command_killed_by_a_signal_is_told_by_its_name(subject: Subject) -> None:
    ended = subject.run(Command(line="kill -KILL $$"), script=Script(ended=Ended(signal="KILL"))).ended
    assert (ended.rc, ended.signal, ended.halted) == (None, "KILL", None)


def test_stdin_holds_the_commands_own_bytes_then_the_feed_then_ends(subject: Subject) -> None:
    ran = subject.run(
        Command(line="cat", stdin=b"first\x00"), feed=chunks(b"second", b"", b"\xffthird"), script=Script(echo=True)
    )
    assert bytes(ran.out) == b"first\x00second\xffthird"


def test_without_a_feed_stdin_ends_so_that_nothing_waits_for_it(real_node: Subject) -> None:
    ran = real_node.run(Command(line="wc -c", stdin=b"12345"))
    assert bytes(ran.out).strip() == b"5"


def test_a_command_that_reads_no_stdin_ends_although_more_is_fed(real_node: Subject) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    assert real_node.run(Command(line="head -c 10 >/dev/null; exit 3"), feed=endless()).ended == Ended(rc=3)


def test_a_feed_is_read_at_the_nodes_pace(real_node: Subject) -> None:
    taken = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65536
            yield b"x" * 65536

    ended = real_node.run(Command(line="sleep 60", timeout_s=0.5, grace_s=0.1), feed=counted()).ended
    assert ended.halted is Outcome.TIMEOUT
    assert taken < 32 << 20


def test_a_feed_that_fails_is_the_callers_error(real_node: Subject) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        real_node.run(Command(line="cat >/dev/null"), feed=broken())


def test_a_flood_passes_through_whole_and_unbuffered(real_node: Subject) -> None:
    digest, largest = hashlib.sha256(), 0

    async def body(link: Link) -> Ended:
        def take(data: bytes) -> None:
            nonlocal largest
            digest.update(data)
            largest = max(largest, len(data))

        return await link.execute(Command(line="head -c 100000000 /dev/zero"), stdout=take, stderr=lambda _: None)

    assert real_node.on_link(body).rc == 0
    assert digest.hexdigest() == hashlib.sha256(bytes(100_000_000)).hexdigest()
    assert largest <= 1 << 20


def test_a_taker_of_output_that_fails_is_the_callers_error_and_leaves_the_link_alive(real_node: Subject) -> None:
    def full(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def body(link: Link) -> Ended:
        with pytest.raises(OSError, match="No space left"):
            await link.execute(Command(line="echo x; sleep 60"), stdout=full, stderr=full)
        return await link.execute(Command(line="exit 4"), stdout=full, stderr=full)

    assert real_node.on_link(body) == Ended(rc=4)


def test_several_commands_run_one_after_another_on_one_link(subject: Subject) -> None:
    async def body(link: Link) -> list[bytes]:
        outputs = []
        for number in range(3):
            out = bytearray()
            command = Command(line="cat", stdin=b"%d" % number)
            await link.execute(command, stdout=out.extend, stderr=lambda _: None)
            outputs.append(bytes(out))
        return outputs

    assert subject.on_link(body, Script(echo=True)) == [b"0", b"1", b"2"]


def test_a_command_past_its_timeout_is_ended_and_keeps_its_output(subject: Subject) -> None:
    ran = subject.run(
        Command(line="echo begun; sleep 600", timeout_s=0.5, grace_s=1.0),
        script=Script(stdout=(b"begun\n",), run_s=None),
    )
    assert ran.ended.halted is Outcome.TIMEOUT
    assert ran.ended.survivors == ()
    assert bytes(ran.out) == b"begun\n"


def test_halt_ends_a_command_and_says_why(subject: Subject) -> None:
    async def body(link: Link) -> Ended:
        begun = asyncio.Event()
        running = asyncio.create_task(
            link.execute(
                Command(line="echo begun; sleep 600", grace_s=1.0),
                stdout=lambda _: begun.set(),
                stderr=lambda _: None,
            )
        )
        await begun.wait()
        link.halt(Outcome.CANCELLED)
        return await running

    ended = subject.on_link(body, Script(stdout=(b"begun\n",), run_s=None))
    assert (ended.halted, ended.survivors) == (Outcome.CANCELLED, ())


def test_a_link_that_is_aborted_mid_command_is_lost(subject: Subject) -> None:
    async def body(link: Link) -> None:
        begun = asyncio.Event()
        running = asyncio.create_task(
            link.execute(
                Command(line="echo begun; exec sleep 5"),
                stdout=lambda _: begun.set(),
                stderr=lambda _: None,
            )
        )
        await begun.wait()
        link.abort()
        await running

    with pytest.raises(NodeError) as lost:
        subject.on_link(body, Script(stdout=(b"begun\n",), run_s=None))
    assert lost.value.outcome is Outcome.LOST


def test_a_password_is_sent_at_the_prompt_which_is_cut_out_even_in_pieces(real_node: Subject) -> None:
    line = (
        "printf 'before [aif-pr' >&2; sleep 0.2; printf 'ompt]after' >&2; read answer; "
        'echo "got $answer"; cat; echo "end" >&2'
    )
    command = Command(line=line, stdin=b"rest", prompt=b"[aif-prompt]", password=Secret(b"pass word"))
    ran = real_node.run(command)
    assert bytes(ran.err) == b"before afterend\n"
    assert bytes(ran.out) == b"got pass word\nrest"


def test_a_second_prompt_means_that_the_password_was_refused(real_node: Subject) -> None:
    line = "printf '[P]' >&2; read answer; echo Sorry >&2; printf '[P]' >&2; read answer; sleep 60"
    with pytest.raises(NodeError) as refused:
        real_node.run(Command(line=line, prompt=b"[P]", password=Secret(b"wrong")))
    assert refused.value.outcome is Outcome.AUTH
    assert "wrong" not in refused.value.message
