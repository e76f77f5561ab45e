from benchmarks.catalogue import FIGURES
from benchmarks.figures.handover import longest_gap_ns
from common.config import PROJECT_DIR


def test_every_figure_has_a_bound_and_words():
    assert all(figure.limit_s > 0 and figure.about for figure in FIGURES.values())


def test_every_figure_is_explained_on_the_performance_page():
    page = (PROJECT_DIR / "docs/performance.md").read_text(encoding="utf-8")
    assert [name for name in FIGURES if f"| `{name}` |" not in page] == []


def test_darkness_is_the_longest_distance_of_two_messages():
    assert longest_gap_ns([0, 5, 7, 27, 30]) == 20
