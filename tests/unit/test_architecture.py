"""The rules of the house, executable: pure modules, one door a library, services apart, tables that agree."""

import ast
import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.config import PROJECT_DIR
from common.topics import TOPICS

# One library, one door. The broker is nothing but ZeroMQ.
DOORS = {
    "zmq": {"common/bus.py", "services/broker.py"},
    "av": {"common/codec.py"},
    "aiohttp": {"common/http.py"},
    "msgpack": {"common/wire.py"},
    "sqlite3": {"common/recordings/index.py"},
    "google_crc32c": {"common/recordings/checksum.py"},
}
# Decisions import none of these; the shells around them do.
IMPURE = {
    "asyncio", "zmq", "socket", "time", "datetime", "pathlib", "os", "io", "threading", "subprocess", "signal",
    "select", "selectors", "tempfile", "shutil", "random", "secrets", "aiohttp", "av", "websockets", "logging",
    "common.bus", "common.bus_asyncio", "common.clock", "common.codec", "common.http", "common.service",
    "common.handover",
}  # fmt: skip
PURE = [
    "common/counters.py", "common/errors.py", "common/frame.py", "common/names.py", "common/settings.py",
    "common/topics.py", "common/units.py", "common/wire.py", "common/h264.py", "common/fmp4.py",
    "common/sps.py", "common/encoders.py", "common/recordings/checksum.py", "common/recordings/container.py",
    "common/recordings/init_segment.py", "common/recordings/parsing.py", "common/recordings/questions.py",
    "common/recordings/rows.py", "common/recordings/spans.py", "common/recordings/spool.py",
]  # fmt: skip
# A room's module whose docstring calls itself pure is held to it.
PURE_WORD = re.compile(r"\bpure\b", re.IGNORECASE)
STAGES = ("broker", "ingest", "transcode", "fanout", "keeper", "recorder", "library")


def python_files(*roots: str) -> list[Path]:
    return sorted(path for root in roots for path in (PROJECT_DIR / root).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(PROJECT_DIR))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{item.name}" for item in node.names)


def reaches(path: Path, forbidden: set[str]) -> set[str]:
    return {bad for module in imports(path) for bad in forbidden if module == bad or module.startswith(f"{bad}.")}


def pure_modules() -> list[Path]:
    rooms = [
        path
        for path in python_files("services")
        if PURE_WORD.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    ]
    return [PROJECT_DIR / path for path in PURE] + rooms


@pytest.mark.parametrize("path", pure_modules(), ids=name)
def test_pure_module_imports_no_io_and_no_clock(path):
    assert not reaches(path, IMPURE)


def test_every_room_keeps_decisions_apart():
    rooms = {path.parent.name for path in pure_modules() if "services" in path.parts}
    assert {*STAGES} - {"broker"} <= rooms


@pytest.mark.parametrize("library", DOORS)
def test_library_has_one_door(library):
    users = {name(path) for path in python_files("common", "services", "tools") if reaches(path, {library})}
    assert users <= DOORS[library]


@pytest.mark.parametrize("path", python_files("services"), ids=name)
def test_service_imports_no_other_service(path):
    room = path.relative_to(PROJECT_DIR / "services").parts[0].removesuffix(".py")
    others = {f"services.{stage}" for stage in STAGES} - {f"services.{room}"}
    assert not reaches(path, others | {"tools", "tests"})


@pytest.mark.parametrize("path", python_files("common"), ids=name)
def test_common_knows_no_room(path):
    assert not reaches(path, {"services", "tools", "tests"})


@pytest.mark.parametrize("path", python_files("common", "services", "tools", "tests/helpers", "benchmarks"), ids=name)
def test_module_says_what_it_is_for(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{name(path)} has no docstring"


@pytest.mark.parametrize("path", python_files("common", "services"), ids=name)
def test_nothing_is_pickled_and_environment_is_read_in_one_place(path):
    assert not reaches(path, {"pickle", "shelve", "marshal"})
    if name(path) not in {"common/service.py", "common/bus.py"}:
        assert "os.environ" not in path.read_text(encoding="utf-8")


def test_every_stage_has_a_room_and_a_program():
    table = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(" ;",))
    table.read(PROJECT_DIR / "supervisord.conf")
    programs = {section.partition(":")[2] for section in table.sections() if section.partition(":")[0] in
                ("program", "fcgi-program")}  # fmt: skip
    assert set(STAGES) <= programs
    for stage in STAGES:
        home = PROJECT_DIR / "services" / stage
        assert home.with_suffix(".py").exists() or (home / "__main__.py").exists(), stage


def test_topic_table_names_stages_that_exist():
    for row in TOPICS:
        assert set(row.publishers) | set(row.subscribers) <= set(STAGES), row.kind


@pytest.mark.parametrize("document", ["README.md", "services/README.md", "docs/architecture.md"])
def test_document_names_every_stage(document):
    text = (PROJECT_DIR / document).read_text(encoding="utf-8")
    assert all(stage in text for stage in STAGES)


def tracked_texts() -> list[Path]:
    skipped = {".venv", ".git", "var", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__"}
    endings = {".py", ".md", ".toml", ".txt", ".in", ".conf", ".html", ".js", ".css", ".sh", ".yml", ""}
    return [
        path
        for path in PROJECT_DIR.rglob("*")
        if path.is_file() and not skipped & set(path.relative_to(PROJECT_DIR).parts) and path.suffix in endings
    ]


def test_no_file_names_a_package_registry_or_this_machine():
    registries = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb." + "debian.org")
    for path in tracked_texts():
        text = path.read_text(encoding="utf-8", errors="replace")
        for word in (*registries, "/work" + "/main"):
            assert word not in text, f"{name(path)} names {word}"
