"""A streaming detector in the online pipeline: one step a frame, the same scores as of whole tracks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.people import frames, pose
from helpers.streaming import irregular, streaming_weights

from usdrl_model.evaluation.parity import parity, sample_windows
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference import in_torch, load
from usdrl_model.inference.onnx_export import export
from usdrl_model.online.live_enrolment import LiveEnrolment
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import SEEN_JOINTS, Person, SkeletonFrame
from usdrl_model.windows.picture import pictured


class Tracks:
    """What a stream feeds its network, and what it is told, by person."""

    def __init__(self, stream: ActionStream) -> None:
        self.fed: dict[int, list] = {}
        self.told: dict[int, list] = {}
        self._step = stream._incremental._step
        stream._incremental._step = self.step

    def step(self, people: list, count: int) -> None:
        for person in people:
            joints, mask = person.track.window(count, person.track.newest)
            fed = self.fed.setdefault(id(person), [])
            if person.ring is None:
                fed.clear()
                self.told[id(person)] = []
                self.told.setdefault("kept", []).append(person)  # so that no id is used twice
            fed += list(np.where(mask[:, :, None], joints, np.nan))
        self._step(people, count)
        for person in people:
            newest = person.timeline.newest
            self.told[id(person)] += list(person.timeline.posterior(newest - count + 1, newest))


@pytest.mark.parametrize("flat", [False, True], ids=["in space", "as a picture"])
def test_a_minute_of_comings_and_goings_gives_the_scores_of_whole_tracks(flat: bool) -> None:
    weights = streaming_weights(flat=flat)
    stream = ActionStream(weights, topology="kinect_v2_25")
    tracks = Tracks(stream)
    for frame in irregular(60.0):
        stream.push(frame)
    detector, compared = weights.detector, 0
    assert len(tracks.fed) > 6, "people have come and gone"
    for who, fed in tracks.fed.items():
        x = torch.from_numpy(np.array(fed, np.float32))[None]
        if flat:
            x = pictured(x[:, :, None])[:, :, 0]
        with torch.inference_mode():
            logits, _ = detector.advance(x, detector.encoder.empty(1))
        told = np.array(tracks.told[who])
        known = ~np.isnan(told[:, 0])
        seen = (~x[0, :, :, 0].isnan()).sum(dim=1).numpy() >= SEEN_JOINTS
        assert known[2:][seen[2:] & seen[:-2]].all() and not known[:2].any()
        assert seen[known].all()  # a frame itself may have been filled once its joints were back
        np.testing.assert_allclose(told[known], logits.softmax(dim=2)[0].numpy()[known], atol=1e-5)
        compared += int(known.sum())
    assert compared > 500


def test_everybody_is_one_step() -> None:
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
    batches = []
    step = stream._incremental._step
    stream._incremental._step = lambda people, count: batches.append((len(people), count)) or step(people, count)
    for frame in frames(duration=3.0, ids=("1", "2", "3")):
        stream.push(frame)
    assert set(batches) == {(3, 1)} and len(batches) == 30 == stream.counters["inferences"]


def test_a_reset_and_a_used_id_begin_anew() -> None:
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
    for frame in frames(duration=2.0):
        stream.push(frame)
    (before,) = stream.people
    stream.reset()
    stream.push(frames(start=200.0)[0])
    (after,) = stream.people
    fresh = ActionStream(streaming_weights(), topology="kinect_v2_25")
    fresh.push(frames(start=200.0)[0])
    assert after is not before
    np.testing.assert_array_equal(after.ring, fresh.people[0].ring)

    for frame in frames(duration=1.0, start=210.0):  # the id is used again after more than max_gap
        stream.push(frame)
    assert stream.people[0] is not after and stream.people[0].stepped == 2109


def test_a_long_gap_of_a_patient_stream_costs_no_more_than_the_network_remembers() -> None:
    config = StreamConfig(look_ahead=0.2, smoothing=0.0, max_gap=300.0, reset_after=300.0)
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25", config=config)
    counts = []
    step = stream._incremental._step
    stream._incremental._step = lambda people, count: counts.append(count) or step(people, count)
    stream.push(frames(start=100.0)[0])
    stream.push(frames(start=250.0)[0])
    assert counts == [1, stream.weights.config.detector.encoder.receptive_field]


def test_after_a_long_while_without_an_inference_nothing_is_known_of_what_was_before() -> None:
    told = []
    for known in (2.0, 0.0):
        stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
        for frame in frames(duration=2.0)[: round(30 * known)]:
            stream.push(frame)
        for frame in frames(duration=8.0):
            if frame.stamp >= 102.0:
                stream.add(frame)
        stream.infer()
        (person,) = stream.people
        told.append(person.timeline.posterior(person.stepped - 30, person.stepped - 2))
    most = stream.weights.config.detector.encoder.receptive_field
    assert most < 30
    np.testing.assert_array_equal(told[0][-most + 2 :], told[1][-most + 2 :])
    assert np.isnan(told[0][:-most]).all() and not np.isnan(told[0][-most + 2 :]).any()


def test_a_person_of_another_source_waits_for_their_sample() -> None:
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
    for frame in frames(duration=3.0, ids=("fast", "slow")):
        late = round(frame.stamp * 30) % 10 > 0
        kept = [person for person in frame.people if person.id == "fast" or not late]
        stream.push(SkeletonFrame(frame.stamp, tuple(kept)))
    fast, slow = stream.people
    assert (fast.id, slow.id) == ("fast", "slow") and fast.stepped - slow.stepped in (2, 3)
    assert not np.isnan(slow.timeline.posterior(slow.stepped - 20, slow.stepped - 2)).any(), "interpolated, then taken"


def test_what_it_cannot_do_is_said(tmp_path: Path) -> None:
    weights = streaming_weights()
    with pytest.raises(ValueError, match=r"look_ahead: expected at least 0.2 s, the delay of the weights"):
        ActionStream(weights, topology="kinect_v2_25", config=StreamConfig(look_ahead=0.1))
    stream = ActionStream(weights, topology="kinect_v2_25")
    with pytest.raises(ValueError, match="untrained is a streaming detector: gestures are told by one of windows"):
        LiveEnrolment(stream, tmp_path)
    with pytest.raises(ValueError, match="a streaming detector is exported in fp32 only"):
        export(weights, tmp_path / "it.onnx", "int8")
    with pytest.raises(ValueError, match="bf16.*architecture conformer, runs in fp32 only"):
        in_torch.accelerate(weights, "bf16")
    assert stream.describe()["window"] == "frame by frame"
    for running in (weights, in_torch.accelerate(weights)):
        ActionStream(running, topology="kinect_v2_25").warm_up()


def test_nobody_of_whom_too_little_is_seen_is_judged() -> None:
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
    for frame in frames(duration=2.0):
        joints = frame.people[0].joints.copy()
        joints[5:] = np.nan
        stream.push(SkeletonFrame(frame.stamp, (Person("7", joints),)))
    (person,) = stream.people
    assert np.isnan(person.timeline.posterior(person.stepped - 10, person.stepped - 2)).all()


@pytest.mark.parametrize(("sent", "until"), [(np.full((25, 3), np.nan), 103.1), (pose(102.0, True), 103.5)])
def test_who_comes_under_a_used_id_begins_with_an_empty_state(sent: np.ndarray, until: float) -> None:
    """Also where it went on meanwhile, empty or frozen."""
    recorded = frames(duration=until - 99.2)
    used = [SkeletonFrame(one.stamp, (Person("7", sent),)) if 102.0 < one.stamp < until else one for one in recorded]
    told = []
    for sequence in (used, [one for one in recorded if one.stamp >= until]):
        stream = ActionStream.from_pretrained("hri_streaming", topology="kinect_v2_25", device="cpu")
        for frame in sequence:
            stream.push(frame)
        (person,) = stream.people
        told.append(person.timeline.posterior(person.stepped - 7, person.stepped - 2))
    np.testing.assert_allclose(told[0], told[1], atol=1e-6)


def test_an_exported_one_runs_as_the_weights_do(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    weights = streaming_weights()
    export(weights, tmp_path / "it.onnx")
    exported = load.load(tmp_path / "it.onnx")
    report = parity(weights, tmp_path / "it.onnx", sample_windows(weights.config.detector, 20))
    assert report["max_abs_error"]["frames"] < 1e-4 and report["same_frames"] > 0.99

    told = []
    for one in (weights, exported):
        stream = ActionStream(one, topology="kinect_v2_25")
        stream.warm_up()
        for frame in irregular(8.0):
            stream.push(frame)
        told.append([person.timeline.posterior(person.stepped - 20, person.stepped - 2) for person in stream.people])
    np.testing.assert_allclose(told[1], told[0], atol=1e-4)
    with pytest.raises(ValueError, match="cannot score 2 people"):
        exported.detector.advance(np.zeros((2, 1, 24, 3), np.float32), np.zeros((2, 5), np.float32))


def test_the_shipped_one_tells_what_simulated_people_do_soon_after_it_begins() -> None:
    acted = simulate(PerformanceConfig(rate=15.0), seed=2)
    stream = ActionStream.from_pretrained("hri_streaming", topology=acted.topology)
    events = [event for frame in acted.frames for event in stream.push(frame)] + stream.finish()
    begun = [event for event in events if event.kind == "onset"]
    assert sorted((one.person, one.label) for one in begun) == sorted((one.person, one.label) for one in acted.segments)
    assert np.median([one.stamp - one.onset for one in begun]) < 0.5
