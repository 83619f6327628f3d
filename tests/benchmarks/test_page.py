"""The page has the figures of the run that was kept."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from benchmarks.curves import IMAGE, curves
from benchmarks.measuring import Growth, Point
from benchmarks.page import PAGE, last, with_tables


def test_the_tables_are_those_of_the_last_run():
    text = PAGE.read_text()
    assert with_tables(text, last()) == text
    assert len(last().ratios) > 5


def test_the_curves_are_those_of_the_last_run():
    assert curves(last().growths) == IMAGE.read_text()


def grown(name, *seconds):
    points = tuple(Point(size=10 ** (i + 1), seconds=each) for i, each in enumerate(seconds))
    return Growth(name=name, points=points)


def test_what_grows_as_its_size_is_a_diagonal_line():
    path = re.search(r'<path d="M(.*)" stroke=', curves([grown("linear", 0.1, 1, 10)]))[1]
    points = [tuple(map(float, point.split(","))) for point in path.split(" L")]
    (right, up), *others = [
        (after[0] - before[0], before[1] - after[1]) for before, after in pairwise(points)
    ]
    assert right == up > 0
    assert others == [(right, up)]


def test_names_of_curves_that_end_together_stand_below_each_other():
    picture = ET.fromstring(curves([grown("a < b", 1, 2), grown("c", 1, 2)]))
    named = {each.text: float(each.get("y", "0")) for each in picture.iter()}
    assert named["c"] - named["a < b"] >= 12


def test_the_picture_is_as_high_as_the_names_of_its_curves_need():
    picture = ET.fromstring(curves([grown(f"{i}, Python", 1, 1) for i in range(9)]))
    height = float(picture.get("viewBox").split()[-1])
    assert max(float(each.get("y", "0")) for each in picture.iter()) < height


def test_one_kind_of_work_has_one_colour_and_its_second_side_is_dashed():
    picture = ET.fromstring(
        curves([grown("PS, Python", 1, 2), grown("steps, Python", 1, 2), grown("PS, Rust", 1, 2)])
    )
    drawn = [each for each in picture.iter() if each.get("stroke")]
    python, steps, rust = (each.get("stroke") for each in drawn)
    assert python == rust != steps
    assert [bool(each.get("stroke-dasharray")) for each in drawn] == [False, False, True]


def test_nothing_is_no_picture():
    with pytest.raises(ValueError, match="nothing to draw"):
        curves([Growth(name="nothing", points=())])
