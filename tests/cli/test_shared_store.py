"""Two control hosts over one fleet and one PostgreSQL: what one of them learns or does, the other sees."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import parse_store_url
from aifctl.sim.processes import SimHandle
from aifctl.store.light import open_reader
from aifctl.store.place import find_place
from tests.cli.prompt import Prompt
from tests.cli.test_light_verbs import COUNTED, HEAVY
from tests.command import wait_until
from tests.store.server import Server, binaries, running

pytestmark = [pytest.mark.db, pytest.mark.ssh]

SICK = "r003n02"
_PASSWORD = "sesame-811"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed; make deps installs it")
    with running(programs) as started:
        yield started


@pytest.fixture
def url(server: Server) -> str:
    return server.database()


@pytest.fixture
def here(prompt: Prompt, url: str) -> Prompt:
    """The first control host."""
    prompt.environ["AIFCTL_STATE"] = url
    return prompt


@pytest.fixture
def there(simulated: SimHandle, tmp_path: Path, url: str) -> Prompt:
    """Another control host: it shares the inventory and the database, and no folder."""
    mine = Prompt.at(tmp_path / "there", simulated)
    mine.environ["AIFCTL_STATE"] = url
    return mine


def incidents(prompt: Prompt) -> list[tuple[str, list[str]]]:
    items = prompt.json("incident", "list").envelope()["items"]
    return sorted((item["check"], item["names"]) for item in items)


def test_what_one_control_host_finds_and_does_the_other_sees(here: Prompt, there: Prompt) -> None:
    here.break_(f"gpu-lost@{SICK}")
    swept = here.json("sweep")
    assert (swept.code, swept.items()[SICK]["result"]) == (1, "fault"), swept

    for one in (here, there):
        summary = one.json("status").envelope()["summary"]
        assert (summary["conditions"]["ok"], summary["conditions"]["fault"]) == (23, 1), summary
        assert summary["sweep"]["id"] == swept.envelope()["summary"]["sweep"]
    assert incidents(here) == incidents(there)
    assert [names for _, names in incidents(there)] == [[SICK]]
    why = there.aifctl("node", "why", SICK)
    assert (why.code, "gpu" in why.out) == (0, True), why

    drained = there.aifctl("node", "drain", SICK, "--idle", "--reason", "ticket 811")
    assert drained.code == 0, drained
    assert here.json("nodes", SICK).items()[SICK]["state"] == "drained"
    assert "ticket 811" in here.aifctl("node", "history", SICK).out
    frozen = there.aifctl("freeze", "@rack:r003", "--reason", "PDU work")
    assert frozen.code == 0, frozen
    refused = here.aifctl("node", "reboot", SICK, "--reason", "ticket 811", "--yes")
    assert (refused.code, "PDU work" in refused.err) == (5, True), refused


def test_two_sweeps_at_once_from_two_control_hosts_both_end_right(here: Prompt, there: Prompt, url: str) -> None:
    here.break_(f"gpu-lost@{SICK}", "slow:3s@r001n01")
    started = [one.start("sweep", "--output=json") for one in (here, there)]
    both = [one.finish(process, "sweep") for one, process in zip((here, there), started, strict=True)]
    for said in both:
        assert said.code == 1, said
        assert said.outcomes() == dict.fromkeys(said.items(), "ok"), said
        assert (len(said.items()), said.envelope()["coverage"]["answered"]) == (24, 24)
        assert [node for node, item in said.items().items() if item["result"] != "ok"] == [SICK], said
    sweeps = {said.envelope()["summary"]["sweep"] for said in both}
    assert sweeps == set(_all_at_once(here, url))
    assert [names for _, names in incidents(here)] == [[SICK]]  # one incident of them both
    summary = there.json("status").envelope()["summary"]
    assert (summary["conditions"]["ok"], summary["conditions"]["fault"]) == (23, 1), summary
    assert {here.aifctl("runs", "show", "latest").code, there.aifctl("runs", "show", "latest").code} == {0}


def test_who_only_looks_loads_the_driver_and_nothing_else_that_is_heavy(here: Prompt) -> None:
    assert here.aifctl("sweep", "@rack:r001").code == 0
    for words in (["status"], ["node", "why", "r001n01"], ["node", "history", "r001n01"], ["incident", "list"]):
        done = subprocess.run(
            [sys.executable, "-c", COUNTED, *words], env=here.environ, capture_output=True, text=True, check=True
        )
        code, modules = json.loads(done.stderr.splitlines()[-1])
        assert (code, "psycopg" in modules) == (0, True), (words, done)
        # psycopg itself imports asyncio, for connections that nobody here opens.
        assert HEAVY.intersection(modules) <= {"asyncio"}, words


def test_a_password_comes_from_where_the_url_says_and_is_never_shown(
    server: Server, prompt: Prompt, tmp_path: Path
) -> None:
    url = server.guarded_database("keeper", _PASSWORD)
    kept, wrong = tmp_path / "password", tmp_path / "wrong"
    for file, text in ((kept, _PASSWORD), (wrong, "not-it")):
        file.touch(mode=0o600)
        file.write_text(text)
    wait_until(lambda: not _opens(url), "a server that asks for the password")
    said = prompt.aifctl("sweep", "@rack:r001", "--state", f"{url}&password=file:{kept}")
    assert said.code == 0, said
    assert prompt.json("status", "@rack:r001", "--state", f"{url}&password=file:{kept}").code == 0
    refused = [prompt.aifctl("status", "--state", bad) for bad in (url, f"{url}&password=file:{wrong}")]
    assert [one.code for one in refused] == [69, 69], refused
    typed = prompt.aifctl("status", "--state", f"{url}&password={_PASSWORD}")
    assert (typed.code, "has a password in it" in typed.err) == (2, True), typed
    open_to_all = tmp_path / "open"
    open_to_all.write_text(_PASSWORD)
    open_to_all.chmod(0o644)
    read = prompt.aifctl("status", "--state", f"{url}&password=file:{open_to_all}")
    assert (read.code, "others can read it" in read.err) == (6, True), read
    told = "".join(one.out + one.err for one in (said, *refused, typed, read))
    told += "".join(file.read_text(errors="replace") for file in prompt.state.rglob("*") if file.is_file())
    assert _PASSWORD not in told


def test_what_a_sweep_found_while_the_database_was_away_is_there_when_it_is_back(
    server: Server, here: Prompt, there: Prompt, url: str
) -> None:
    assert here.aifctl("sweep").code == 0
    here.break_(f"gpu-lost@{SICK}", "slow:2s@r001n01")
    running_sweep = here.start("sweep", "--output=json")
    wait_until(lambda: len(here.journals()) == 2 and '"t":"start"' in here.journals()[1].read_text(), "a start")
    server.refuse(url, refused=True)
    said = here.finish(running_sweep, "sweep")
    assert said.code == 69, said
    assert said.items()[SICK]["result"] == "fault", said  # what was seen is told all the same
    away = there.aifctl("status")
    assert away.code == 69, away
    server.refuse(url, refused=False)
    assert here.aifctl("reconcile").code == 0
    summary = there.json("status").envelope()["summary"]
    assert summary["conditions"]["fault"] == 1, summary
    assert here.aifctl("sweep").code == 1
    assert [names for _, names in incidents(there)] == [[SICK]]


def _all_at_once(prompt: Prompt, url: str) -> list[str]:
    """Return the sweeps that are remembered, and make sure that each was going on when the others began."""
    reader = open_reader(find_place(parse_store_url(url), StateDir(path=prompt.state)))
    assert reader is not None
    with reader:
        sweeps = reader.sweeps()
    assert max(one.started_at_s for one in sweeps) < min(one.ended_at_s or 0.0 for one in sweeps)
    return [one.id for one in sweeps]


def _opens(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
