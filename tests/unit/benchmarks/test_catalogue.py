import pytest

from benchmarks import native
from benchmarks.catalogue import FIGURES
from benchmarks.figures.handover import longest_gap_ns
from benchmarks.rows import Verdict
from benchmarks.run import Run
from common.config import PROJECT_DIR

LOADED_IN_C = (
    "balance", "cameras", "cost", "crowd", "drips", "handover", "overload", "rush", "slow", "unwatched", "viewers",
)  # fmt: skip


def test_every_figure_has_a_bound_and_words():
    assert all(figure.limit_s > 0 and figure.about for figure in FIGURES.values())


def test_every_figure_is_explained_on_the_performance_page():
    page = (PROJECT_DIR / "docs/performance.md").read_text(encoding="utf-8")
    assert [name for name in FIGURES if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("name", LOADED_IN_C)
def test_figure_without_a_compiler_is_not_measured_and_says_why(name, tmp_path, monkeypatch):
    monkeypatch.setattr(native, "can_compile", lambda: False)
    (row,) = FIGURES[name].measure(Run(tmp_path, quick=True))
    assert row.verdict is Verdict.NOT_MEASURED
    assert "gcc" in row.note


def test_darkness_is_the_longest_distance_of_two_messages():
    assert longest_gap_ns([0, 5, 7, 27, 30]) == 20
