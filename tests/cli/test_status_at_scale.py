"""status over 6,250 nodes, with the real command. What it costs is measured by make bench."""

from __future__ import annotations

import contextlib
import random

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import StoreUrl
from aifctl.core.system_clock import SystemClock
from aifctl.roster.roster import FileRoster
from aifctl.store.place import find_place
from aifctl.store.store import open_store
from tests.command import Operator
from tests.health.swept import PAT, Found, sighting, sweep
from tests.house.source import CHECKOUT

pytestmark = [pytest.mark.scale, pytest.mark.timeout(300)]

_INVENTORY = CHECKOUT / "inventory/ai-factory-50k"
_MOST_PAGE_BYTES = 5_000_000


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """Somebody with 6,250 nodes, of which 3 in 100 have something, after two sweeps; their inventory has been read before."""
    mine = Operator(home=tmp_path_factory.mktemp("home"))
    mine.prepare_environ(_INVENTORY)
    names = list(FileRoster(None).load(_INVENTORY).fleet.names)
    assert len(names) == 6250
    chance = random.Random(7)  # noqa: S311  the same each time
    worse, watched = chance.sample(names, 40), chance.sample(names, 150)
    found = {name: Found(result="watch", check="port-errors", message="symbol_error grows") for name in watched}
    found |= {name: Found() for name in worse}
    now_s = SystemClock().now().timestamp()
    with contextlib.closing(
        open_store(find_place(StoreUrl(), StateDir(path=mine.state)), clock=SystemClock())
    ) as store:
        sweep(store, "s1", names, at_s=now_s - 300)
        sweep(store, "s2", names, at_s=now_s, found=found, gone=chance.sample(names, 30))
        store.sight([sighting("gpu-lost", "node", name, [name]) for name in worse], PAT)
    assert mine.aifctl("status").code == 0
    return mine


@pytest.mark.parametrize("words", [(), ("--by", "rack"), ("--by", "node")], ids=str)
def test_every_one_of_6250_nodes_is_in_one_count(operator: Operator, words: tuple[str, ...]) -> None:
    said = operator.json("status", *words).envelope()
    conditions = said["summary"]["conditions"]
    assert sum(conditions.values()) == 6250
    assert (conditions["fault"], len(said["summary"]["incidents"])) == (40, 40)


def test_the_page_of_6250_nodes_is_small_enough_for_a_phone(operator: Operator) -> None:
    page = operator.aifctl("status", "-o", "html").out
    assert len(page.encode()) < _MOST_PAGE_BYTES
    assert page.count('class="c ') >= 6250
