"""Write the settings down from where they are declared: `python -m tools.settings_docs toml` or `table`."""

import sys
from dataclasses import fields
from typing import Any

from common.config import variable_name
from common.settings import SECTIONS, CameraSettings

HEAD = """\
# Settings of esp32-stream. Copy this file to esp32-stream.toml beside it and keep what you change.
# Every value here is the built-in default. CAM_* variables win over the file; `make config` shows what is in force.
"""


def toml_text() -> str:
    """Return the example file: every setting with its default, unit and meaning."""
    blocks = [HEAD]
    for section, kind in SECTIONS.items():
        lines = [f"\n# {_sentence(kind)}\n[{section}]\n"]
        for item in fields(kind):
            lines.append(f"# {item.metadata['meaning']}; {item.metadata['rule'].expected}\n")
            lines.append(f"{item.name} = {_toml(item.default)}\n")
        blocks.append("".join(lines))
    blocks.append(f"\n# {_sentence(CameraSettings)}\n")
    blocks.append('# [camera.porch]\n# label = "Вход / 玄関"\n')
    blocks += [
        f"# {item.name} = {_toml(item.default)}  # {item.metadata['meaning']}\n" for item in fields(CameraSettings)[1:]
    ]
    return "".join(blocks)


def table_text() -> str:
    """Return the Markdown table of docs/configuration.md."""
    rows = ["| setting | variable | default | meaning | must be |\n|---|---|---|---|---|\n"]
    for section, kind in SECTIONS.items():
        for item in fields(kind):
            meaning, rule = item.metadata["meaning"], item.metadata["rule"]
            variable = variable_name(section, item.name)
            rows.append(
                f"| `{section}.{item.name}` | `{variable}` | `{_toml(item.default)}` | {meaning} | {rule.expected} |\n"
            )
    for item in fields(CameraSettings):
        meaning, rule = item.metadata["meaning"], item.metadata["rule"]
        rows.append(f"| `camera.<id>.{item.name}` | | `{_toml(item.default)}` | {meaning} | {rule.expected} |\n")
    return "".join(rows)


def _sentence(kind: type[Any]) -> str:
    return (kind.__doc__ or "").strip()


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return "[]" if value == () else str(value)


if __name__ == "__main__":
    sys.stdout.write({"toml": toml_text, "table": table_text}[sys.argv[1]]())
