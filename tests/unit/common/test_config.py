"""Settings: defaults, file, environment, and what is said about a wrong one."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from common.config import PROJECT_DIR, load
from common.errors import ConfigError
from common.settings import SECTIONS
from tools.settings_docs import table_text, toml_text


@pytest.fixture
def toml(tmp_path):
    def write(text: str) -> dict[str, str]:
        path = tmp_path / "settings.toml"
        path.write_text(text, encoding="utf-8")
        return {"CAM_CONFIG": str(path)}

    return write


def test_settings_are_the_defaults_when_nothing_is_said(toml):
    settings = load(toml(""))
    assert (settings.server.port, settings.server.ingest_port) == (8080, 8081)
    assert settings.run_dir == PROJECT_DIR / "var/run"
    assert settings.camera("porch").label == "porch"


def test_example_file_equals_the_built_in_defaults(toml):
    example = (PROJECT_DIR / "esp32-stream.example.toml").read_text(encoding="utf-8")
    assert example == toml_text()
    table = tomllib.loads(example)
    assert {name: set(section) for name, section in table.items()} == {
        name: {item.name for item in fields(kind)} for name, kind in SECTIONS.items()
    }
    with_file, without = load(toml(example)), load(toml(""))
    assert all(getattr(with_file, section) == getattr(without, section) for section in SECTIONS)


def test_example_file_works_when_its_camera_section_is_taken_in(toml):
    example = (PROJECT_DIR / "esp32-stream.example.toml").read_text(encoding="utf-8")
    head, _, camera = example.partition("# [camera.porch]")
    own = "[camera.porch]" + camera.replace("\n# ", "\n")
    assert load(toml(head + own)).camera("porch").label == "Вход / 玄関"


def test_documentation_has_the_table_of_settings():
    assert table_text() in (PROJECT_DIR / "docs/configuration.md").read_text(encoding="utf-8")


def test_environment_wins_over_the_file(toml):
    environ = toml("[server]\nport = 9000\nbind = '127.0.0.1'\n")
    settings = load({**environ, "CAM_PORT": "9001"})
    assert (settings.server.port, settings.server.bind) == (9001, "127.0.0.1")
    assert settings.origins["server.port"] == "CAM_PORT"
    assert settings.origins["server.bind"] == environ["CAM_CONFIG"]


def test_camera_section_overrides_the_transcode_section(toml):
    settings = load(toml("[transcode]\nbitrate_kbps = 900\n[camera.porch]\nlabel = '玄関'\npreset = 'veryfast'\n"))
    porch, other = settings.camera("porch"), settings.camera("other")
    assert (porch.label, porch.preset, porch.bitrate_kbps) == ("玄関", "veryfast", 900)
    assert (other.label, other.preset) == ("other", settings.transcode.preset)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("CAM_PORT", "http", "a whole number from 1 to 65535"),
        ("CAM_PORT", "70000", "a whole number from 1 to 65535"),
        ("CAM_PORT", "", "a whole number"),
        ("CAM_TRANSCODE_PRESET", "slowest", "one of ultrafast"),
        ("CAM_TRANSCODE_GOP_S", "nan", "a number from 0.25 to 60 seconds"),
        ("CAM_TRANSCODE_ENCODER", "h265", "one of libx264"),
        ("CAM_ALLOWED_ORIGINS", "cams.example", "origins such as https://"),
        ("CAM_BUS_PUBLISH_ADDRESS", "10.0.0.1:5", "a ZeroMQ endpoint"),
        ("CAM_PROT", "1", "did you mean CAM_PORT"),
        ("CAM_RUN_DIR", "/tmp/" + "long" * 30, "a path of at most"),
    ],
)
def test_wrong_variable_is_said_with_its_name_value_and_what_was_expected(toml, variable, value, expected):
    with pytest.raises(ConfigError) as caught:
        load({**toml(""), variable: value})
    assert str(caught.value).startswith(f"{variable}=")
    assert value in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nport = 'x'", "port='x'"),
        ("[server]\nport = true", "port=True"),
        ("[server]\nprot = 1", "server.prot=1"),
        ("[sever]\nport = 1", "sever="),
        ("port = 1", "port=1"),
        ("server = 3", "server=3"),
        ("[camera.Porch]\nlabel = 'x'", "camera.Porch="),
        ("[camera.porch]\nlable = 'x'", "camera.porch.lable='x'"),
        ("[camera.porch]\nmax_fps = -1", "camera.porch.max_fps=-1"),
        ("camera = 3", "camera=3"),
        ("[server", "CAM_CONFIG="),
    ],
)
def test_wrong_file_is_said_with_the_key_and_the_file(toml, text, said):
    environ = toml(text)
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        load(environ)
    assert environ["CAM_CONFIG"] in str(caught.value)


def test_missing_named_file_is_said():
    with pytest.raises(ConfigError, match="CAM_CONFIG"):
        load({"CAM_CONFIG": str(Path("/nowhere/x.toml"))})


def test_origins_are_split_and_normalised(toml):
    environ = {**toml(""), "CAM_ALLOWED_ORIGINS": "https://A.example/, http://b.example:81, https://c.example:443"}
    wanted = ("https://a.example", "http://b.example:81", "https://c.example")
    assert load(environ).server.allowed_origins == wanted
