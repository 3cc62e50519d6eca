"""The PKU-MMD detection protocol against the numbers of the official script and against a slow, literal version."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.golden import REFERENCE
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.metrics import pku_mmd
from usdrl_model.metrics.pku_mmd import proposals, score

GOLDEN = REFERENCE / "golden" / "pku_map"


def read_rows(file: Path) -> np.ndarray:
    """(N, 4) rows of one file, ``label,start,end,confidence`` a line."""
    return np.loadtxt(file, delimiter=",", ndmin=2).reshape(-1, 4)


def rows(*intervals) -> np.ndarray:
    return np.array(intervals, dtype=np.float64).reshape(-1, 4)


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden numbers of the official script are not here")
def test_the_official_numbers():
    expected = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
    truth, found = (
        {file.stem: read_rows(file) for file in sorted(folder.glob("*.txt"))}
        for folder in (GOLDEN / "ground", GOLDEN / "proposals")
    )
    scores = score(truth, found, theta=expected["theta"])
    values = {"F1": scores.f1, "mAP_action": scores.map_action, "mAP_video": scores.map_video}
    assert values == {name: pytest.approx(expected[name], abs=1e-9) for name in values}


def test_duplicates_cost_precision_but_hit_once():
    truth = {"v": rows((1, 0, 10, 1), (2, 20, 30, 1))}
    scores = score(truth, {"v": rows((1, 0, 10, 0.9), (1, 0, 9, 0.8), (2, 20, 30, 0.7))}, actions=2)
    assert scores.f1 == pytest.approx(2 * (2 / 3) * 1 / (2 / 3 + 1))
    assert scores.map_action == 1.0  # when the duplicate is dropped, what is left is right
    one_class = score(truth, {"v": rows((1, 0, 10, 0.8), (1, 0, 9, 0.9))}, actions=2)
    assert one_class.map_action == 0.5


def test_of_two_intervals_that_it_overlaps_equally_a_proposal_picks_the_later():
    truth = {"v": rows((1, 0, 10, 1), (1, 5, 15, 1))}
    halves = (1, 5, 10, 0.9)
    assert score(truth, {"v": rows(halves, (1, 5, 15, 0.8))}, actions=1).f1 == 0.5
    assert score(truth, {"v": rows(halves, (1, 0, 10, 0.8))}, actions=1).f1 == 1.0


def test_a_false_proposal_under_the_only_right_one_halves_its_ap():
    scores = score({"v": rows((1, 0, 10, 1))}, {"v": rows((1, 0, 10, 0.9), (1, 50, 60, 0.1))}, actions=1)
    assert scores.map_action == 0.5


def test_no_hit_scores_zero_everywhere():
    scores = score({"v": rows((1, 0, 10, 1))}, {"v": rows((2, 0, 10, 0.9))}, actions=2)
    assert (scores.f1, scores.map_action, scores.map_video) == (0.0, 0.0, 0.0)


def test_classes_without_truth_pull_the_mean_down():
    video = {"v": rows((1, 0, 10, 1))}
    assert score(video, video, actions=4).map_action == 0.25
    assert score(video, video).map_action == pytest.approx(1 / 51)


def test_videos_without_proposals_are_not_evaluated_but_an_empty_list_is():
    truth = {"a": rows((1, 0, 10, 1)), "b": rows((1, 0, 10, 1))}
    alone = score(truth, {"a": truth["a"]}, actions=1)
    assert (alone.f1, alone.map_video) == (1.0, 1.0)
    both = score(truth, {"a": truth["a"], "b": rows()}, actions=1)
    assert both.f1 == pytest.approx(2 / 3)
    assert both.map_video == 0.5


def test_a_true_interval_that_ends_before_it_starts_is_missed():
    truth = {"v": rows((1, 0, 10, 1), (1, 60, 40, 1))}
    scores = score(truth, {"v": rows((1, 0, 10, 0.9), (1, 40, 60, 0.8))}, actions=1)
    assert scores.f1 == pytest.approx(2 * 0.5 * 0.5 / (0.5 + 0.5))


def test_equal_instants_overlap():
    instant = {"v": rows((1, 5, 5, 1))}
    assert score(instant, instant, actions=1).map_action == 1.0
    assert score(instant, {"v": rows((1, 6, 6, 1))}, actions=1).map_action == 0.0


@pytest.mark.parametrize(
    ("truth", "found", "theta", "message"),
    [
        ({"a": rows()}, {"b": rows()}, 0.5, "there is none of b"),
        ({"a": rows()}, {}, 0.5, "at least one video, got none"),
        ({"a": rows()}, {"a": np.zeros(4)}, 0.5, r"got \(4,\)"),
        ({"a": rows((52, 0, 1, 1))}, {"a": rows()}, 0.5, "truth: expected classes 1 to 51, got 52"),
        ({"a": rows()}, {"a": rows((0, 0, 1, 1))}, 0.5, "proposals: expected classes 1 to 51, got 0"),
        ({"a": rows()}, {"a": rows()}, 0.0, "threshold of the overlap"),
    ],
)
def test_what_the_protocol_cannot_score_is_refused(truth, found, theta, message):
    with pytest.raises(ValueError, match=message):
        score(truth, found, theta=theta)


def test_proposals_are_runs_above_the_threshold():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.5, 0.1, 0.4], [0.7, 0.02, 0.28], [0.1, 0.9, 0.0]])
    assert proposals(probabilities) == pytest.approx(rows((1, 0, 2, 0.1), (1, 3, 4, 0.9), (2, 1, 3, 0.34)))
    assert proposals(probabilities, threshold=0.95).shape == proposals(probabilities[:0]).shape == (0, 4)


def test_proposals_of_logits_are_refused():
    with pytest.raises(ValueError, match="take the softmax"):
        proposals(np.array([[3.0, -1.0]]))


class Literal:
    """The protocol as its text says it, one proposal at a time: lists of (label, start, end, confidence, video)."""

    def __init__(self, truth, found, theta) -> None:
        self.theta = theta
        self.truth = [(*row, video) for video in found for row in truth[video].tolist()]
        self.found = [(*row, video) for video in found for row in found[video].tolist()]

    def picked(self, proposal, truth):
        best = None
        for index, true in enumerate(truth):
            if (true[0], true[4]) == (proposal[0], proposal[4]):
                hull = max(true[2], proposal[2]) - min(true[1], proposal[1])
                overlap = (min(true[2], proposal[2]) - max(true[1], proposal[1])) / hull
                if overlap >= self.theta and (best is None or overlap >= best[0]):
                    best = (overlap, index)
        return None if best is None else best[1]

    def precision_and_recall(self, picked, truth):
        hit = len({index for index in picked if index is not None})
        return (hit / len(picked) if picked else 0.0), (hit / len(truth) if truth else 0.0)

    def f1(self) -> float:
        picked = [self.picked(proposal, self.truth) for proposal in self.found]
        precision, recall = self.precision_and_recall(picked, self.truth)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def average_precision(self, chosen) -> float:
        truth = [row for row in self.truth if chosen(row)]
        found = sorted((row for row in self.found if chosen(row)), key=lambda row: row[3])
        picked = [self.picked(proposal, truth) for proposal in found]
        best, recall = self.precision_and_recall(picked, truth)
        area = 0.0
        while picked:
            if picked.pop(0) is not None:
                precision, left = self.precision_and_recall(picked, truth)
                best = max(best, precision)
                area += best * (recall - left)
                recall = left
        return area


# Few values, so that overlaps and confidences are often equal.
intervals = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 12), st.integers(1, 8), st.sampled_from([0.1, 0.2, 0.3, 0.4])),
    max_size=8,
).map(lambda drawn: rows(*((label, start, start + length, score) for label, start, length, score in drawn)))


@st.composite
def cases(draw):
    """Truth and proposals of a few videos; some true intervals are upside down."""
    names = [f"{number:04}-L" for number in range(draw(st.integers(1, 4)))]
    truth, found = {name: draw(intervals) for name in names}, {name: draw(intervals) for name in names}
    for part in truth.values():
        if len(part) and draw(st.booleans()):
            part[0, [1, 2]] = part[0, [2, 1]]
    return truth, found


@given(cases(), st.sampled_from([0.1, 0.3, 0.5, 1.0]))
def test_the_protocol_is_what_its_text_says(case, theta):
    truth, found = case
    scores, literal = score(truth, found, theta=theta, actions=3), Literal(truth, found, theta)
    assert scores.f1 == pytest.approx(literal.f1(), abs=1e-12)
    of_actions = [literal.average_precision(lambda row, action=action: row[0] == action) for action in (1, 2, 3)]
    of_videos = [literal.average_precision(lambda row, video=video: row[4] == video) for video in found]
    assert scores.map_action == pytest.approx(np.mean(of_actions), abs=1e-12)
    assert scores.map_video == pytest.approx(np.mean(of_videos), abs=1e-12)


@given(st.integers(1, 40), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_proposals_cover_exactly_the_frames_above_the_threshold(frames, classes, seed):
    probabilities = np.random.default_rng(seed).dirichlet(np.full(classes, 0.2), frames)
    found = proposals(probabilities, threshold=pku_mmd.LEAST_PROBABILITY)
    covered = np.zeros((frames, classes), dtype=bool)
    for action, first, stop, confidence in found:
        part = probabilities[int(first) : int(stop), int(action)]
        assert confidence == pytest.approx(part.mean())
        assert not covered[max(int(first) - 1, 0) : int(stop) + 1, int(action)].any()  # maximal runs do not touch
        covered[int(first) : int(stop), int(action)] = True
    expected = probabilities > pku_mmd.LEAST_PROBABILITY
    expected[:, 0] = False
    assert (covered == expected).all()
