"""The page in a real browser: no request, no error, filters and details work, and what nodes say is only text."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from aifctl.diagnosis.fleet_health import FleetHealth
from tests.diagnosis.fleet_healths import sick_fleet
from tests.output.test_fleet_page import hostile_fleet, page_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser of the tests' own; it has no network to speak of, and every request that it makes is noted."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("chromium or chromedriver is not installed; make deps installs them")
    folder = tmp_path_factory.mktemp("browser")
    options = ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=Service(driver, env=os.environ | {"HOME": str(folder)}))
    chrome.get("about:blank")  # the browser's own first page has things to say that are none of ours
    yield chrome
    chrome.quit()


def opened(chrome: Chrome, folder: Path, health: FleetHealth, *, width: int = 1280, dark: bool = False) -> Path:
    """Load a page from a file."""
    page = folder / "fleet.html"
    page.write_text(page_of(health), encoding="utf-8")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    noted(chrome, "performance")
    noted(chrome, "browser")
    chrome.get(page.as_uri())
    return page


def noted(chrome: Chrome, log: str) -> list[dict[str, Any]]:
    """Return what a log of the browser's has got since it was last asked for."""
    return list(chrome.get_log(log))  # type: ignore[no-untyped-call]


def js(chrome: Chrome, script: str, *arguments: Any) -> Any:
    return chrome.execute_script(script, *arguments)


def requested(chrome: Chrome) -> set[str]:
    messages = [json.loads(entry["message"])["message"] for entry in noted(chrome, "performance")]
    return {one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"}


def shown(chrome: Chrome) -> list[str]:
    """Return the nodes whose cells are not dimmed and stand in a row that is shown."""
    script = (
        "return [...document.querySelectorAll('.row:not([hidden]) .c:not(.dimmed)')].map(c => c.title.split(':')[0])"
    )
    return list(js(chrome, script))


def typed(chrome: Chrome, field: str, text: str) -> None:
    script = "const f = document.getElementById(arguments[0]); f.value = arguments[1];"
    js(chrome, f"{script} f.dispatchEvent(new Event('input', {{bubbles: true}}))", field, text)


@pytest.mark.parametrize("health", [sick_fleet(), hostile_fleet()], ids=["sick", "hostile"])
def test_the_page_loads_without_an_error_and_asks_for_nothing_beside_itself(
    chrome: Chrome, tmp_path: Path, health: FleetHealth
) -> None:
    page = opened(chrome, tmp_path, health)
    js(chrome, "document.querySelectorAll('.hall .c, .chip, .link').forEach(one => one.click())")
    assert noted(chrome, "browser") == []
    assert {url for url in requested(chrome) if not url.startswith("data:")} == {page.as_uri()}
    assert noted(chrome, "browser") == []


def test_hostile_text_is_shown_as_text_wherever_it_stands(chrome: Chrome, tmp_path: Path) -> None:
    opened(chrome, tmp_path, hostile_fleet())
    js(chrome, "window.harmed = false; window.alert = () => { window.harmed = true; }")
    js(chrome, "document.querySelector('.hall .fault').click()")
    assert "<script>alert(1)</script>" in js(chrome, "return document.getElementById('node').textContent")
    assert js(chrome, "return document.querySelectorAll('img, #node script, .row script').length") == 0
    assert js(chrome, "return window.harmed") is False
    assert "\\x1b[31m" in js(chrome, "return document.body.innerText")
    control = js(chrome, "return /[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202e]/.test(document.body.textContent)")
    assert control is False


def test_a_foreign_script_does_not_run_even_if_it_got_into_the_page(chrome: Chrome, tmp_path: Path) -> None:
    opened(chrome, tmp_path, sick_fleet())
    script = "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
    js(chrome, script)
    assert js(chrome, "return window.ran === undefined")
    assert [entry["level"] for entry in noted(chrome, "browser")] == ["SEVERE"], "the policy says so"


def test_filters_leave_what_matches(chrome: Chrome, tmp_path: Path) -> None:
    opened(chrome, tmp_path, sick_fleet())
    assert len(shown(chrome)) == 32
    js(chrome, "document.querySelector('.chip.fault').click()")
    assert shown(chrome) == ["r2n1", "r2n3"]
    assert js(chrome, "return document.getElementById('matches').textContent") == "2 of 32 nodes"
    typed(chrome, "text", "r2n3 FALLEN")
    assert shown(chrome) == ["r2n3"]
    js(chrome, "document.querySelector('#filters [type=reset]').click()")
    chrome.execute_async_script("setTimeout(arguments[0])")
    assert len(shown(chrome)) == 32
    typed(chrome, "rack", "r3")
    assert shown(chrome) == [f"r3n{at}" for at in range(1, 9)]
    typed(chrome, "rack", "")
    typed(chrome, "check", "port-state")
    assert shown(chrome) == ["r2n2"]
    assert js(chrome, "return [...document.getElementById('check').options].map(o => o.value)") == [
        "", "gpu-lost", "port-errors", "port-state", "reachability", "section-read",
    ]  # fmt: skip


def test_filters_leave_what_matches_in_the_table_too(chrome: Chrome, tmp_path: Path) -> None:
    opened(chrome, tmp_path, sick_fleet())
    script = "return [...document.querySelectorAll('#sick tbody tr:not([hidden]) .link')].map(one => one.textContent)"
    assert {"r2n2", "r2n3"} < set(js(chrome, script))
    typed(chrome, "text", "r2n3 FALLEN")
    assert js(chrome, script) == ["r2n3"]
    js(chrome, "document.getElementById('only').click()")
    assert {"r2n2", "r2n3"} < set(js(chrome, script))


@pytest.mark.parametrize("width", [390, 1280])
def test_a_nodes_name_stands_on_one_line(chrome: Chrome, tmp_path: Path, width: int) -> None:
    opened(chrome, tmp_path, sick_fleet(), width=width)
    script = "return [...document.querySelectorAll('td .link')].filter(b => !b.textContent.includes(' ')).map(b => b.getClientRects().length)"
    assert set(js(chrome, script)) == {1}


def test_an_incident_shows_its_nodes(chrome: Chrome, tmp_path: Path) -> None:
    opened(chrome, tmp_path, sick_fleet())
    js(chrome, "document.querySelector('[data-incident=\"0\"]').click()")
    assert shown(chrome) == ["r2n1", "r2n3"]


def test_a_click_on_a_node_opens_what_is_known_of_it_and_escape_closes_it(chrome: Chrome, tmp_path: Path) -> None:
    opened(chrome, tmp_path, sick_fleet())
    js(chrome, "[...document.querySelectorAll('.hall .c')].find(c => c.title.startsWith('r2n1:')).click()")
    assert js(chrome, "return document.getElementById('node').open") is True
    text = js(chrome, "return document.getElementById('node').innerText")
    for said in (
        "r2n1",
        "drained",
        "r2",
        "gpu-lost",
        "has fallen off the bus",
        "7",
        "8",
        "h100-sxm5",
        "aifctl node why",
    ):
        assert said in text, said
    js(chrome, "document.querySelector('#node form button').click()")
    assert js(chrome, "return document.getElementById('node').open") is False


@pytest.mark.parametrize("health", [sick_fleet(), hostile_fleet()], ids=["sick", "hostile"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_hangs_out_of_the_page_at_the_width_of_a_phone_or_a_desk(
    chrome: Chrome, tmp_path: Path, health: FleetHealth, width: int, dark: bool
) -> None:
    opened(chrome, tmp_path, health, width=width, dark=dark)
    assert js(chrome, "return document.documentElement.scrollWidth") <= width
    ground = js(chrome, "return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 200) is dark


def test_without_scripts_the_report_is_all_there(chrome: Chrome, tmp_path: Path) -> None:
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(chrome, tmp_path, sick_fleet())
        chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        text = js(chrome, "return document.body.innerText")
        assert js(chrome, "return document.getElementById('filters').hidden") is True
    finally:
        chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    for said in ("32 nodes", "3 open incidents", "NOT DONE", "r2n3", "not seen"):
        assert said in text, said
