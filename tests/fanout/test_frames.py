"""What travels between a run's processes."""

from __future__ import annotations

import asyncio
import marshal
import socket
import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given, strategies as st

from aifctl.core.outcome import Outcome
from aifctl.fanout.frames import HIGH_WATER_BYTES, FrameSocket, Message
from aifctl.fanout.wire import pack_endpoint, pack_result, unpack_endpoint, unpack_result
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.work import NodeResult, Output


@dataclass
class End:
    """One end, and what it has heard."""

    frames: list[list[Message]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self, connection: socket.socket) -> FrameSocket:
        return FrameSocket(connection, received=self._take, closed=self.closed.set)

    def _take(self, messages: list[Message]) -> None:
        self.frames.append(messages)
        self.heard.set()


def test_what_is_sent_together_arrives_as_one_frame_in_order() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        there = End()
        sender, receiver = End().open(ours), there.open(theirs)
        for number in range(100):
            sender.send(("n", number))
        await there.heard.wait()
        assert there.frames == [[("n", number) for number in range(100)]]
        sender.close()
        await there.closed.wait()
        receiver.close()

    asyncio.run(main())


def test_a_frame_that_comes_byte_by_byte_is_put_together() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        there = End()
        receiver = there.open(theirs)
        body = marshal.dumps([("a", b"\x00" * 10)])
        with ours:
            for byte in struct.pack("!I", len(body)) + body:
                ours.send(bytes([byte]))
                await asyncio.sleep(0)
            await there.heard.wait()
            assert there.frames == [[("a", b"\x00" * 10)]]
        receiver.close()

    asyncio.run(main())


def test_more_than_the_kernel_takes_waits_and_all_of_it_arrives() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        sender = End().open(ours)
        sender.send(("big", b"x" * (HIGH_WATER_BYTES * 2)))
        draining = asyncio.ensure_future(sender.drained())
        await asyncio.sleep(0)
        assert sender.is_choked()
        there = End()
        receiver = there.open(theirs)
        await draining
        await there.heard.wait()
        assert not sender.is_choked()
        assert len(there.frames[0][0][1]) == HIGH_WATER_BYTES * 2
        sender.close()
        receiver.close()

    asyncio.run(main())


def test_the_end_of_the_other_side_is_told_once_and_sending_goes_nowhere() -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        here = End()
        sender = here.open(ours)
        theirs.close()
        await here.closed.wait()
        sender.send(("x",))
        await sender.drained()

    asyncio.run(main())


texts = st.text(max_size=20)
outputs = st.builds(
    Output,
    inline=st.none() | st.binary(max_size=40),
    path=st.none() | texts,
    bytes_count=st.integers(1, 1 << 50),
    truncated=st.booleans(),
    sha256=texts,
)
results = st.builds(
    NodeResult,
    node=texts,
    outcome=st.sampled_from(Outcome),
    rc=st.none() | st.integers(0, 255),
    signal=st.none() | texts,
    started_at=st.floats(0, 4e9),
    duration_s=st.floats(0, 1e6),
    stdout=outputs | st.just(Output()),
    stderr=outputs | st.just(Output()),
    message=texts,
    survivors=st.none() | st.lists(st.integers(1, 1 << 22), max_size=3).map(tuple),
    attempts=st.integers(0, 9),
    detail=st.dictionaries(texts, st.integers() | texts | st.lists(texts, max_size=2), max_size=3),
    trace=texts,
)
endpoint_values = st.builds(
    Endpoint,
    name=texts,
    address=texts,
    port=st.integers(1, 65535),
    user=st.none() | texts,
    jump=st.lists(texts, max_size=2).map(tuple),
    options=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)


@given(result=results)
def test_every_result_comes_back_as_it_went(result: NodeResult) -> None:
    assert unpack_result(marshal.loads(marshal.dumps(pack_result(result)))) == result  # noqa: S302  our own bytes


@given(endpoint=endpoint_values)
def test_every_endpoint_comes_back_as_it_went(endpoint: Endpoint) -> None:
    assert unpack_endpoint(marshal.loads(marshal.dumps(pack_endpoint(endpoint)))) == endpoint  # noqa: S302  our own bytes


@pytest.mark.parametrize("text", ["\udcff", "\x00", "𝄞"])
def test_names_that_are_not_text_survive(text: str) -> None:
    endpoint = Endpoint(name=text, address="192.0.2.1")
    assert unpack_endpoint(marshal.loads(marshal.dumps(pack_endpoint(endpoint)))) == endpoint  # noqa: S302  our own bytes
