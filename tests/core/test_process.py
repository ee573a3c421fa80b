"""Which process it was, when pids are used again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from aifctl.core.process import ProcessIdentity, control_host_word, identity_of, this_process


def test_this_process_is_alive_and_here() -> None:
    me = this_process()

    assert me.pid == os.getpid()
    assert me.is_local()
    assert me.is_alive()


def test_what_facts_give_reads_back() -> None:
    assert identity_of(this_process().facts()) == this_process()


@pytest.mark.parametrize(
    "facts",
    [{}, {"pid": "1"}, {**this_process().facts(), "pid": 0}, {**this_process().facts(), "boot_id": None}],
)
def test_anything_else_is_nobody(facts: dict[str, object]) -> None:
    assert identity_of(facts) is None


@pytest.mark.parametrize("other", [{"start_ticks": 1}, {"boot_id": "another"}, {"control_host": "elsewhere"}])
def test_the_same_pid_at_another_time_or_place_is_another_process(other: dict[str, object]) -> None:
    assert not replace(this_process(), **other).is_alive()  # type: ignore[arg-type]


def test_a_process_that_has_ended_is_not_alive_though_nobody_has_waited_for_it() -> None:
    program = "from aifctl.core.process import this_process; import json; print(json.dumps(this_process().facts()))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        facts = child.stdout.read()
        identity = identity_of(json.loads(facts))
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert isinstance(identity, ProcessIdentity)
        assert identity.pid == child.pid
        assert not identity.is_alive()


def test_another_control_host_knows_nothing_of_our_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    me = this_process()
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")

    assert not me.is_local()
    assert not me.is_alive()


def test_a_control_hosts_word_is_its_short_name_that_fits_between_dashes() -> None:
    assert control_host_word("CTL-1.example.org") == control_host_word("ctl-1") == "ctl1"
    assert control_host_word("ctl-" + "0" * 70 + ".example.org") == "ctl" + "0" * 60
    assert control_host_word("...") == "host"
