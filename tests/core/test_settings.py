"""Where a setting's value comes from, and how a mistake in one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import SettingsError, UsageError
from aifctl.core.settings import TABLE, Settings, default_state_dir, effective_user, read_settings, user_file


def read(tmp_path: Path, *, system: str = "", user: str = "", **environ: str) -> Settings:
    """Read settings of files that hold these texts."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path), **environ}
    file = user_file(environ)
    file.parent.mkdir(exist_ok=True)
    file.write_text(user)
    (tmp_path / "system.toml").write_text(system)
    return read_settings(environ, system_file=tmp_path / "system.toml")


def test_without_any_file_all_is_built_in_and_parses(tmp_path: Path) -> None:
    settings = read_settings({"XDG_CONFIG_HOME": str(tmp_path)}, system_file=tmp_path / "none")
    assert {settings.origin(one.name).source for one in TABLE} == {"built-in"}
    assert settings.value("width") == 256
    assert settings.value("connect_timeout") == 10
    assert settings.value("output_cap") == 1 << 20


def test_flags_stand_above_the_environment_above_the_user_above_the_system(tmp_path: Path) -> None:
    texts = {
        "system": "width = 1\ndial_width = 1\nuser = 'a'\ntimeout = 1",
        "user": "width = 2\ndial_width = 2\nuser = 'b'",
    }
    settings = read(tmp_path, **texts, AIFCTL_WIDTH="3", AIFCTL_DIAL_WIDTH="3").with_flags({"width": "4", "user": None})
    assert [settings.value(name) for name in ("width", "dial_width", "user", "timeout")] == [4, 3, "b", 1]
    sources = [settings.origin(name).source for name in ("width", "dial_width", "user", "timeout")]
    assert sources == [
        "--width",
        "AIFCTL_DIAL_WIDTH",
        str(tmp_path / "aifctl/settings.toml"),
        str(tmp_path / "system.toml"),
    ]


def test_a_list_in_a_file_is_joined_as_the_setting_wants_it(tmp_path: Path) -> None:
    settings = read(tmp_path, user='identity = ["/a", "/b"]\njump = ["j1", "j2,j3"]')
    assert settings.value("identity") == ("/a", "/b")
    assert settings.value("jump") == "j1 j2,j3"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("widht = 5", "there is no setting 'widht'; did you mean 'width'"),
        ("zzz = 5", "there is no setting 'zzz'; there are connect_timeout, "),
        ("width = true", "width must be a text or a number"),
        ("width 5", "is not TOML"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_the_file(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as told:
        read(tmp_path, user=text)
    assert str(tmp_path / "aifctl/settings.toml") in str(told.value)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "system.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"system.toml can't be read"):
        read_settings({"XDG_CONFIG_HOME": str(tmp_path)}, system_file=tmp_path / "system.toml")


def test_a_value_that_does_not_parse_names_who_said_it(tmp_path: Path) -> None:
    settings = read(tmp_path, AIFCTL_CONNECT_TIMEOUT="soon")
    with pytest.raises(SettingsError, match="connect-timeout from AIFCTL_CONNECT_TIMEOUT: 'soon' is not a duration"):
        settings.value("connect_timeout")
    with pytest.raises(UsageError, match="width from --width: 'many' is not a whole number"):
        settings.with_flags({"width": "many"}).value("width")


@pytest.mark.parametrize(
    ("name", "text"), [("width", "0"), ("dial_width", "0"), ("width", "²"), ("port", "0"), ("port", "65536")]
)
def test_a_number_with_which_nothing_can_be_done_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"from AIFCTL_{name.upper()}: '{text}' is not a"):
        read(tmp_path, **{f"AIFCTL_{name.upper()}": text}).value(name)


@pytest.mark.parametrize("name", ["width", "dial_width", "port"])
@pytest.mark.parametrize("text", ["0", "00", "-1", "\u00b2"])
def test_a_count_of_which_nothing_could_go_on_is_refused(tmp_path: Path, name: str, text: str) -> None:
    settings = read(tmp_path, **{f"AIFCTL_{name.upper()}": text})
    with pytest.raises(SettingsError, match=f"AIFCTL_{name.upper()}"):
        settings.value(name)


def test_what_the_command_line_said_can_be_said_again_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read(tmp_path, AIFCTL_WIDTH="3").with_flags(
        {"inventory": "site.yaml", "identity": "a:b", "timeout": "5m"}
    )
    assert settings.given() == {
        "inventory": str(tmp_path / "site.yaml"),
        "identity": f"{tmp_path}/a:{tmp_path}/b",
        "timeout": "5m",
    }


def test_an_earlier_command_lines_flags_stand_below_this_ones(tmp_path: Path) -> None:
    settings = (
        read(tmp_path, AIFCTL_WIDTH="3").with_flags({"timeout": "5m"}).below_flags({"timeout": "1s", "width": "9"})
    )
    assert settings.value("timeout") == 300
    assert settings.value("width") == 9


def test_homes_and_names_come_from_the_environment() -> None:
    assert user_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/aifctl/settings.toml")
    assert user_file({}) == Path.home() / ".config/aifctl/settings.toml"
    assert default_state_dir({"XDG_STATE_HOME": "/s"}) == Path("/s/aifctl")
    assert default_state_dir({}) == Path.home() / ".local/state/aifctl"
    assert [effective_user(env) for env in ({"USER": "u", "LOGNAME": "l"}, {"LOGNAME": "l"})] == ["u", "l"]
    assert effective_user({})
