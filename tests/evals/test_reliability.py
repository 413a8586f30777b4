import numpy as np

from handrail.classifiers.calibration import Cases
from handrail.evals.reliability import draw


def test_every_label_is_drawn_where_it_lies() -> None:
    """A point stands at the mean probability and the share that was true; empty places stay empty."""
    half = Cases(np.array([0.75, 0.75, 0.05]), np.array([True, False, False]))
    never = Cases(np.array([0.25]), np.array([False]))
    figure = draw({"mania": half, "declines": never})
    titled = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title().split("\n")[0] for axes in titled] == ["mania", "declines"]
    points = np.asarray(titled[0].collections[0].get_offsets())
    assert sorted(map(tuple, points.round(2).tolist())) == [(0.05, 0.0), (0.75, 0.5)]
