"""Posterior in, onsets and offsets out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig
from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import ActionMachine, Edge, EventConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training.finetuning.config import FinetuneConfig, of_classes
from usdrl_model.training.finetuning.source_config import SourceConfig

LABELS = ("none", "wave", "clap")
STEP = 0.1
CONFIG = EventConfig(on_threshold=0.6, off_threshold=0.4, min_duration=0.5, hold=0.2, refractory=1.0)


def run(
    scores: list[float], config: EventConfig = CONFIG, label: int = 1, begin: float = 0.0
) -> list[tuple[float, Edge]]:
    """Edges with the time of their decision, for a posterior of one label over time."""
    machine, edges = ActionMachine(LABELS, config), []
    for index, score in enumerate(scores):
        posterior, time = np.zeros(3), begin + index * STEP
        posterior[label], posterior[0] = score, 1.0 - score
        edges += [(time, edge) for edge in machine.step(time, posterior)]
    return edges


def test_an_action_has_an_onset_and_an_offset_dated_back() -> None:
    (decided, onset), (ended, offset) = run([0.0] * 5 + [0.5] * 2 + [0.9] * 10 + [0.0] * 10)
    assert (onset.kind, onset.label) == ("onset", "wave")
    assert onset.onset == pytest.approx(0.5)  # first frame at or above the off threshold
    assert decided == pytest.approx(1.0)  # and it lasted min_duration
    assert (offset.kind, offset.onset, offset.offset) == ("offset", onset.onset, pytest.approx(1.6))
    assert ended == pytest.approx(1.9)  # hold has passed
    assert offset.score == pytest.approx((2 * 0.5 + 10 * 0.9) / 12)


def test_a_run_begins_at_the_off_threshold_and_is_a_candidate_from_the_on_threshold() -> None:
    machine, shown, edges = ActionMachine(LABELS, CONFIG), [], []
    scores = [0.3, 0.4, 0.5, 0.5, 0.7, 0.5, 0.5, 0.5]
    for index, score in enumerate(scores):
        edges += [(index, edge) for edge in machine.step(index * STEP, np.array([1.0 - score, score, 0.0]))]
        run = machine.runs.get("wave")
        shown.append(None if run is None else (run.onset, run.active))
    assert shown[:4] == [None] * 4  # above the off threshold alone, nothing is shown
    assert shown[4:6] == [(0.1, False)] * 2  # a candidate, dated back to where its run began
    assert shown[6:] == [(0.1, True)] * 2
    assert [(index, edge.onset) for index, edge in edges] == [(6, 0.1)]  # min_duration counts from there


def test_a_candidate_whose_run_has_lasted_long_enough_is_active_at_once() -> None:
    ((decided, edge),) = run([0.45] * 10 + [0.9])
    assert (decided, edge.onset) == (pytest.approx(1.0), 0.0)


def test_neither_short_nor_hesitant_candidates_become_actions() -> None:
    assert run([0.0, 0.9, 0.9, 0.9, 0.0, 0.0, 0.0]) == []
    assert run([0.0] + [0.55] * 30 + [0.0]) == []


def test_a_dip_shorter_than_hold_does_not_split_an_action() -> None:
    edges = run([0.9] * 10 + [0.1] * 2 + [0.9] * 10 + [0.0] * 5)
    assert [edge.kind for _, edge in edges] == ["onset", "offset"]
    assert len(run([0.9] * 10 + [0.1] * 12 + [0.9] * 20)) == 3


def test_the_same_label_rests_for_the_refractory_time() -> None:
    edges = run([0.9] * 10 + [0.0] * 4 + [0.9] * 30)
    second = edges[2][1]
    assert second.kind == "onset"
    assert second.onset == pytest.approx(0.9 + CONFIG.refractory, abs=STEP + 1e-9)


# from 1.3 on five steps are less than 0.5 in floating point, from 13.4 on ten are less than 1.0
@pytest.mark.parametrize("begin", [0.0, 0.1, 0.3, 1.3, 3.7, 13.4, 17.9, 1_764_000_000.3, 1_764_000_000.123456])
def test_durations_of_whole_steps_are_kept_whatever_the_stamps_round_to(begin: float) -> None:
    edges = run([0.0] * 5 + [0.9] * 10 + [0.0] * 2 + [0.9] * 2 + [0.0] * 3 + [0.9] * 20, begin=begin)
    decided = [round((time - begin) / STEP) for time, _ in edges]
    dated = [round((edge.onset - begin) / STEP) for _, edge in edges]
    # min_duration is five steps; a dip of hold, two steps, ends nothing, of three it does; refractory is ten
    assert list(zip(decided, dated, strict=True)) == [(10, 5), (21, 5), (33, 28)]


def test_a_score_of_exactly_the_on_threshold_is_enough() -> None:
    ((_, onset),) = run([CONFIG.on_threshold] * 10)
    assert onset.score == pytest.approx(CONFIG.on_threshold)


def test_the_score_of_a_run_is_that_of_its_newest_frame() -> None:
    machine, shown = ActionMachine(LABELS, CONFIG), []
    for index, score in enumerate([0.9] * 6 + [0.7, 0.1, np.nan]):  # at the end it is held
        machine.step(index * STEP, np.array([0.0, score, 0.0]))
        shown.append(machine.runs["wave"].score)
    assert shown == [0.9] * 6 + [0.7, 0.1, 0.0]


def test_labels_may_have_their_own_thresholds() -> None:
    config = EventConfig(
        on_threshold=0.9, off_threshold=0.3, min_duration=0.5, label_on_threshold={"clap": 0.5},
        label_min_duration={"clap": 0.2},
    )  # fmt: skip
    assert run([0.6] * 10, config) == []
    ((decided, edge),) = run([0.6] * 10, config, label=2)
    assert edge.label == "clap"
    assert decided == pytest.approx(0.2)


def test_close_ends_what_is_active_only() -> None:
    machine = ActionMachine(LABELS, CONFIG)
    for index in range(10):
        machine.step(index * STEP, np.array([0.0, 0.7, 0.5]))
    assert set(machine.runs) == {"wave"}
    (edge,) = machine.close("lost")
    assert (edge.kind, edge.label, edge.offset) == ("lost", "wave", pytest.approx(0.9))
    assert machine.close("lost") == []


@given(st.lists(st.floats(0.0, 1.0), max_size=300))
def test_edges_alternate_and_respect_the_times(scores: list[float]) -> None:
    edges = run(scores)
    kinds = [edge.kind for _, edge in edges]
    assert kinds == ["onset", "offset"] * (len(kinds) // 2) + ["onset"] * (len(kinds) % 2)
    for decided, edge in edges:
        assert edge.onset <= decided
        assert CONFIG.off_threshold <= edge.score <= 1.0
        if edge.offset is not None:
            assert edge.offset - edge.onset >= CONFIG.min_duration - 1e-9


def test_nan_is_not_an_action() -> None:
    machine = ActionMachine(LABELS, CONFIG)
    assert [machine.step(index * STEP, np.full(3, np.nan)) for index in range(20)] == [[]] * 20


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"on_threshold": 0.0}, "in \\(0, 1\\]"),
        ({"on_threshold": 0.2, "off_threshold": 0.5}, "at least off_threshold"),
        ({"label_on_threshold": {"wave": 2.0}}, "wave"),
        ({"off_threshold": -0.1}, "off_threshold: expected 0 or more"),
        ({"min_duration": -1.0}, "min_duration: expected 0 or more"),
        ({"label_min_duration": {"wave": -1.0}}, "label_min_duration.wave: expected 0 or more"),
        ({"min_duration": float("nan")}, "min_duration: expected 0 or more"),
        ({"hold": -1.0}, "hold: expected 0 or more"),
        ({"refractory": -1.0}, "refractory: expected 0 or more"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EventConfig(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *(
            ({name: 0}, f"{name}: expected more than 0")
            for name in ("max_rate", "max_gap", "reset_after", "max_people")
        ),
        *(({name: -0.1}, f"{name}: expected 0 or more seconds") for name in ("look_ahead", "smoothing")),
        ({"look_ahead": 1.0, "max_gap": 1.0}, r"look_ahead: expected less than max_gap \(1.0\)"),
        ({"max_gap": 601.0}, "max_gap: expected at most 600"),
    ],
)
def test_impossible_settings_of_a_stream_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StreamConfig(**wrong)


@pytest.mark.parametrize("setting", ["label_on_threshold", "label_min_duration"])
def test_a_setting_of_a_label_that_the_detector_has_not_is_refused(setting: str) -> None:
    detector = DetectorConfig(labels=("none", "wave", "clap"))
    fine = StreamConfig(events=EventConfig(**{setting: {"wave": 0.9}}))
    assert DetectorFileConfig(detector=detector, stream=fine).stream == fine
    wrong = StreamConfig(events=EventConfig(**{setting: {"wvae": 0.9}}))
    with pytest.raises(ValueError, match=f"{setting}.'?wvae'?: the detector has no such label; did you mean 'wave'"):
        DetectorFileConfig(detector=detector, stream=wrong)


def test_numbered_classes_have_no_settings_of_labels() -> None:
    events = EventConfig(on_threshold=0.6, label_on_threshold={"wave": 0.9}, label_min_duration={"wave": 1.0})
    source = SourceConfig(name="performer", share=1.0, minutes=1)
    run = FinetuneConfig(
        detector=DetectorConfig(labels=("none",)), stream=StreamConfig(events=events), sources=(source,)
    )
    numbered = of_classes(run, 3, seed=7)
    assert numbered.detector.labels == ("none", "1", "2") and numbered.seed == 7
    assert numbered.stream.events == EventConfig(on_threshold=0.6)
