from xml.etree import ElementTree

import pytest

from benchmarks.plots import PLOTS, draw

POINTS = [
    {"x": 1000, "p50_ms": 12.1, "p99_ms": 21.0, "cpu_percent": 17.2, "transcode_cpu_percent": 9.0},
    {"x": 1, "p50_ms": 3.9, "p99_ms": 22.8, "cpu_percent": 1.25, "transcode_cpu_percent": 0.5},
    {"x": 2500, "p50_ms": 19.0, "p99_ms": 48.0, "cpu_percent": 45.2, "floor_cpu_percent": 33.8},
]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_plot_is_well_formed_and_names_its_axes_with_units(plot):
    root = ElementTree.fromstring(draw(plot, POINTS))
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert plot.title in texts
    assert plot.y in texts
    assert any(text.startswith(plot.x) for text in texts)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_plot_serves_light_and_dark(plot):
    assert "prefers-color-scheme: dark" in draw(plot, POINTS)


def test_plot_draws_a_mark_a_point_inside_the_picture_from_left_to_right():
    root = ElementTree.fromstring(draw(PLOTS[0], POINTS))
    marks = [(float(mark.get("cx", "")), float(mark.get("cy", ""))) for mark in root.iter(f"{SVG}circle")]
    assert len(marks) == 6
    assert marks[:3] == sorted(marks[:3])
    assert all(0 < x < 720 and 0 < y < 400 for x, y in marks)


def test_plot_leaves_out_points_that_lack_a_value():
    root = ElementTree.fromstring(draw(PLOTS[2], POINTS))
    assert len(list(root.iter(f"{SVG}circle"))) == 4


def test_plot_of_a_single_point_is_drawn():
    assert "<circle" in draw(PLOTS[0], POINTS[:1])


def test_plot_refuses_no_points():
    with pytest.raises(ValueError, match="no points"):
        draw(PLOTS[0], [])
