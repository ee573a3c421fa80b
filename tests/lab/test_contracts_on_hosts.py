"""What every Transport and every RemoteFiles must do, on a real host: the same tests as in tests/ports."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import open_transport
from tests.fakes.fleet import Script
from tests.lab.lab import Control, Lab
from tests.ports import test_remote_files_of_every_kind as files, test_transport_contract as transport
from tests.ports.test_remote_files_of_every_kind import Node
from tests.ports.test_transport_contract import Subject

_CLONE_NEWNET = 0x40000000

for contract in (transport, files):
    globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


@pytest.fixture
def subject(lab: Lab, control: Control) -> Subject:
    settings = DialSettings(user="root", identities=(str(control.key),), known_hosts=(str(control.known_hosts),))
    host = lab.outer[0]
    return Subject(
        make=lambda _: open_transport(settings),
        endpoint=Endpoint(name=host.name, address=host.address),
        reach=lambda go: inside(lab.namespace.pid, go),
    )


@pytest.fixture
def real_node(subject: Subject) -> Subject:
    return subject


@pytest.fixture
def node(subject: Subject, lab: Lab) -> Node:
    return Node(
        make=lambda: subject.make(Script()), endpoint=subject.endpoint, folder="/root/contract", reach=subject.reach
    )


def inside(pid: int, go: Callable[[], Any]) -> Any:
    """Call `go` in a thread that stands in another process's network; only that thread goes there."""

    def entered() -> Any:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(descriptor)
        return go()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(entered).result()
