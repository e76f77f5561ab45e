"""Exports: what may be asked for, what is told of them, and which are kept."""

from dataclasses import replace
from typing import Any

import pytest

from common.units import NS_PER_S
from services.library.export import (
    KEPT_NS,
    LIMIT,
    Export,
    Stage,
    What,
    expired,
    parse_export,
    to_give_way,
)
from services.library.export_order import Order, SourceFile, Word
from services.library.refusals import Refusal

NOW_NS = 1_795_381_200 * NS_PER_S
WISH: dict[str, Any] = {"camera": "Porch", "from": 1000, "to": 1060}


def export(number: int = 0, **changes: Any) -> Export:
    return replace(parse_export(WISH, f"{number:016x}", NOW_NS), **changes)


def test_clip_is_what_is_made_when_nothing_else_is_said():
    made = export()
    assert (made.camera, made.what, made.stage) == ("porch", What.CLIP, Stage.WAITING)
    assert (made.from_ns, made.to_ns) == (1000 * NS_PER_S, 1060 * NS_PER_S)


def test_timelapse_has_a_speed_and_a_rate():
    made = parse_export({**WISH, "kind": "timelapse", "speed": 2.5, "fps": 30}, "0" * 16, NOW_NS)
    assert (made.what, made.speed, made.fps) == (What.TIMELAPSE, 2.5, 30)
    assert {name: made.answer("/api/exports")[name] for name in ("kind", "speed", "fps")} == {
        "kind": "timelapse", "speed": 2.5, "fps": 30
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"camera": 7},
        {"camera": None},
        {"kind": "film"},
        {"kind": ["clip"]},
        {"to": 1000},
        {"to": 1000 + 86_401},
        {"kind": "timelapse", "speed": 1.9},
        {"kind": "timelapse", "speed": 5001},
        {"kind": "timelapse", "speed": float("nan")},
        {"kind": "timelapse", "speed": True},
        {"kind": "timelapse", "fps": 0},
        {"kind": "timelapse", "fps": 24.5},
        {"kind": "timelapse", "to": 1000 + 32 * 86_400, "speed": 5000},
        {"speed": 2},
        {"quality": "best"},
    ],
)
def test_order_that_cannot_be_met_is_refused(change):
    with pytest.raises(Refusal) as refused:
        parse_export({**WISH, **change}, "0" * 16, NOW_NS)
    assert refused.value.status == 400


def test_film_that_would_be_too_long_names_the_speed_it_needs():
    with pytest.raises(Refusal, match="at least 24"):
        parse_export({**WISH, "to": 1000 + 86_400, "kind": "timelapse", "speed": 10}, "0" * 16, NOW_NS)


def test_answer_has_an_address_once_it_is_done():
    begun = export().begun()
    assert (begun.answer("/api/exports")["state"], begun.answer("/api/exports")["address"], begun.attempts) == (
        "running",
        None,
        1,
    )
    done = begun.done(123, NOW_NS).answer("/api/exports")
    assert done["address"] == f"/api/exports/{0:016x}/porch_19700101T001640Z.mp4"
    assert (done["progress"], done["size_bytes"], done["error"]) == (1.0, 123, None)
    assert done["expires"] == "2026-11-23T21:00:00.000000Z"
    failed = begun.failed("the disk is full", NOW_NS).answer("/api/exports")
    assert (failed["state"], failed["error"], failed["address"]) == ("failed", "the disk is full", None)


@pytest.mark.parametrize("stage", Stage)
def test_what_was_written_down_is_read_back(stage):
    made = export(3, stage=stage, progress=0.25, error="x", attempts=2, what=What.TIMELAPSE)
    assert Export.from_fields(made.to_fields()) == made


@pytest.mark.parametrize("fields", [{}, {"id": 1}, {**export().to_fields(), "stage": "lost"}])
def test_foreign_fields_are_no_export(fields):
    with pytest.raises((KeyError, ValueError)):
        Export.from_fields(fields)


def test_oldest_finished_one_gives_way_when_there_are_enough():
    made = [export(at, stage=Stage.DONE, finished_ns=NOW_NS - at) for at in range(LIMIT - 1)]
    assert to_give_way(made) is None
    made.append(export(99))
    assert to_give_way(made) == made[LIMIT - 2]


def test_order_is_refused_while_all_are_at_work():
    with pytest.raises(Refusal) as refused:
        to_give_way([export(at) for at in range(LIMIT)])
    assert refused.value.status == 503


def test_finished_ones_expire_also_when_the_clock_was_set_back():
    old = export(1, stage=Stage.DONE, finished_ns=NOW_NS - KEPT_NS - 1)
    young = export(2, stage=Stage.FAILED, finished_ns=NOW_NS - KEPT_NS + 1)
    ahead = export(3, stage=Stage.DONE, finished_ns=NOW_NS + KEPT_NS + 1)
    waiting = export(4, created_ns=0)
    assert expired([old, young, ahead, waiting], NOW_NS) == [old, ahead]


def test_order_and_word_arrive_at_the_child_and_back_as_they_were():
    order = Order(
        (SourceFile("a.mp4", True, 1, 2, 3), SourceFile("b.spool", False, 2, 3, 4)), 1, 3, 2.5, 25, 900, "s", "p"
    )
    assert Order.from_line(order.to_line()) == order
    word = Word(0.5, problem="the disk is full")
    assert Word.from_line(word.to_line()) == word
