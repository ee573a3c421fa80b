"""The page as text: whole, small, and without anything that runs or is fetched but its own script."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from aifctl.core.report import Report
from aifctl.diagnosis.fleet_health import Condition, FleetHealth, NodeHealth, Place
from aifctl.output.fleet_page import render_page
from aifctl.output.fleet_page_data import page_data
from aifctl.output.formats.html import FORMAT
from tests.diagnosis.fleet_healths import (
    HOSTILE,
    NOW_S,
    empty_fleet,
    finding,
    healthy_fleet,
    incident,
    node,
    sick_fleet,
)
from tests.output.conftest import Render
from tests.output.fleet_reports import report_of

_FETCHES = re.compile(r"""(?:src|href|action|poster|srcset)\s*=(?!"data:,")|url\(|@import|fetch\(|XMLHttp|https?:""")


def page_of(health: FleetHealth) -> str:
    return "".join(
        render_page(health, generated_at=datetime.fromtimestamp(NOW_S, UTC), origin=f"/srv/{'long' * 30}/fleet.yaml")
    )


def hostile_fleet() -> FleetHealth:
    """Return a fleet in which everything that a node or an inventory can say is an attack."""
    evil = f'"><img src=x onerror=alert(1)> </script><!-- {{{{7*7}}}} {HOSTILE} \u2028 \' " & \\'
    place = Place(rack=evil, su=evil, hall=evil, sku=evil, feeds=(evil,))
    nodes = (
        NodeHealth(node=evil, condition=Condition.FAULT, result="fault", place=place, worst_check=evil, why=evil),
        node("r1n1", Condition.OK),
    )
    said = finding(evil, check=evil, subject=evil, code=evil, action=evil, message=evil, observed=[evil], source=evil)
    told = incident(
        1, check=evil, scope=evil, scope_value=evil, message=evil, nodes=(evil,), acked_by=evil, result=evil
    )
    whole = sick_fleet()
    return replace(
        whole,
        nodes=nodes,
        findings={evil: (said,)},
        incidents=(told,),
        changes=(replace(whole.changes[0], message=evil, nodes=(evil,), result=evil, check=evil),),
        not_done=(evil,),
        muted=(evil,),
    )


class Tags(HTMLParser):
    """Notes which elements and attributes there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.scripts += tag == "script"


@pytest.mark.parametrize(
    "health",
    [sick_fleet(), healthy_fleet(), empty_fleet(), hostile_fleet()],
    ids=["sick", "healthy", "unseen", "hostile"],
)
def test_a_page_fetches_nothing_and_runs_no_script_but_its_own(health: FleetHealth) -> None:
    text = page_of(health)
    tags = Tags(text)
    own = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    if health != hostile_fleet():
        assert _FETCHES.findall(own) == []
    assert tags.scripts == 2
    assert tags.tags & {"img", "iframe", "object", "embed", "base", "a"} == set()
    assert not [name for name in tags.attributes if name.startswith("on") or name == "style"]


def test_what_comes_from_nodes_is_text_and_nothing_in_it_is_obeyed() -> None:
    text = page_of(hostile_fleet())
    raw = {one for one in text if not one.isprintable() and one != "\n"}
    assert raw == set()
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "{{7*7}}" in text, "a template in a message is text"
    assert text.count("</script>") == 2


def test_the_policy_names_the_style_and_the_script_that_are_there() -> None:
    text = page_of(sick_fleet())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for what, element in (("style", r"<style>(.*?)</style>"), ("script", r"<script>(.*?)</script>")):
        (inline,) = re.findall(element, text, flags=re.DOTALL)
        digest = b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{what}-src 'sha256-{digest}'" in policy


def test_without_scripts_the_page_still_tells_counts_incidents_the_map_and_who_is_not_ok() -> None:
    text = re.sub(r"<script.*?</script>", "", page_of(sick_fleet()), flags=re.DOTALL)
    for said in (
        "32 nodes",
        "NOT DONE",
        "3 open incidents",
        "rack r2",
        'title="r2n3: fault gpu-lost"',
        "has fallen off the bus",
    ):
        assert said in text, said
    assert text.count('class="c ') == 32 + 10, "a cell for each node, and the legend"
    sick = re.findall(r'data-node="\d+">([^<]*)<', text)
    assert sorted(sick) == ["r2n1", "r2n2", "r2n3", "r3n1", "r3n2", "r3n3", "r3n4", "r3n5", "r3n6", "r4n8"]


def test_the_data_has_every_node_once_in_the_order_of_the_cells() -> None:
    text = page_of(sick_fleet())
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    names = [one[0] for one in json.loads(data)["nodes"]]
    titles = re.findall(r'title="(\w+): ', text)
    assert names == titles
    assert sorted(names) == sorted(one.node for one in sick_fleet().nodes)


def test_a_long_message_is_cut_and_a_value_of_any_kind_is_text() -> None:
    health = replace(sick_fleet(), findings={"r2n1": (finding("r2n1", message="x" * 10_000, observed={"a": 1.5}),)})
    data = page_data(health, health.nodes)
    (told,) = next(one[8] for one in data["nodes"] if one[0] == "r2n1")
    assert len(told["message"]) == 601
    assert told["observed"] == '{"a":1.5}'


def test_6250_nodes_of_which_many_are_sick_stay_well_below_5_mb() -> None:
    conditions = [Condition.OK] * 9 + [Condition.DEGRADED]
    nodes = tuple(
        NodeHealth(
            node=f"r{at // 4:04}n{at % 4:02}",
            condition=conditions[at % 10],
            result="ok",
            at_s=NOW_S,
            place=Place(rack=f"r{at // 4:04}", su=f"su{at // 32:03}", hall=f"h{at // 1600}", sku="h100-sxm5"),
        )
        for at in range(6250)
    )
    findings = {one.node: (finding(one.node),) * 2 for one in nodes[9::10]}
    text = page_of(replace(sick_fleet(), nodes=nodes, findings=findings))
    assert len(text.encode()) < 2_500_000


def test_the_format_draws_a_fleets_health_and_says_why_there_is_none(render: Render) -> None:
    head, items, report = report_of(sick_fleet())
    assert render("html", head, items(), report).startswith("<!DOCTYPE html>")
    assert render("html", head, items(), Report()) == ""
    page = render("html", head, [], Report(notes=("another sweep <nightly> is at it",)))
    assert page.startswith("<!DOCTYPE html>")
    assert "<p>another sweep &lt;nightly&gt; is at it</p>" in page
    assert page.rstrip().endswith("</html>")
    assert FORMAT.asks
