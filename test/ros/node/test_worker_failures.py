"""The inference thread and its supervisor, when messages, the model or the stamps are no good."""

import threading
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.people import frames as recorded_frames
from helpers.rule_detector import HandUp  # noqa: E402
from helpers.worker_bench import Bench, Counts

from usdrl_model.skeleton.person import SkeletonFrame  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.node.pipeline import Pipeline  # noqa: E402
from usdrl_ros.node.supervisor import HUNG, Supervisor  # noqa: E402


def test_a_bad_message_does_not_harm_its_neighbours():
    bench = Bench()
    good = recorded_frames(duration=1.0)
    for message in (good[0], InputError("layout", "x"), good[1], RuntimeError("bug"), None, good[2]):
        bench.worker.put(message)
    bench.worker.step()
    assert bench.counts.refusals == ["layout"]
    assert [str(error) for error in bench.counts.failures] == ["bug"]
    assert bench.results[0].state.stamp == good[2].stamp


def test_people_of_another_shape_are_a_failure_that_passes():
    bench = Bench()
    good = recorded_frames(duration=1.0)
    short = good[0].people[0].__class__("7", good[0].people[0].joints[:5])
    bench.play([SkeletonFrame(99.0, (short,)), *good])
    assert len(bench.counts.failures) == 1
    assert bench.results[-1].state.people[0].id == "7"


def test_inference_and_publication_may_fail_and_recover():
    bench = Bench()
    healthy = bench.stream.infer
    bench.stream.infer = lambda: (_ for _ in ()).throw(RuntimeError("out of memory"))
    recorded = recorded_frames(duration=2.0)
    bench.play(recorded[:30])
    assert bench.counts.failures and not bench.results
    bench.stream.infer = healthy
    bench.play(recorded[30:])
    assert bench.results

    failing = Bench(publish=lambda result: 1 / 0)
    failing.play(recorded[:5])
    assert isinstance(failing.counts.failures[0], ZeroDivisionError)


def broken(*_):
    raise RuntimeError("CUDA error: device lost")


@pytest.mark.parametrize("ends", ["recovers", "falls silent", "is reset", "fails at the end, too"])
def test_a_state_is_not_repeated_while_every_inference_fails(ends, monkeypatch):
    """It would be true for ever that somebody raises a hand, and the node would count as alive."""
    bench, beats = Bench(), []
    parts = dict.fromkeys(("config", "source", "topics", "model", "content"))
    pipeline = Pipeline(
        **parts, outputs=SimpleNamespace(heartbeat=lambda: beats.append(bench.now)), worker=bench.worker
    )

    def beating():
        count = len(beats)
        pipeline.heartbeat()
        return len(beats) > count

    recorded = recorded_frames(duration=8.0)
    bench.play(recorded[:110])
    assert [action.active for person in bench.results[-1].state.people for action in person.actions] == [True]
    assert beating()
    monkeypatch.setattr(HandUp, "__call__", broken)
    bench.play(recorded[110:120])
    assert bench.counts.failures and beating(), "one failure is soon over"
    bench.play(recorded[120:130])
    assert not beating()
    if ends == "fails at the end, too":  # of an activation: the last state stays what it is
        bench.stream.finish = broken
        assert bench.worker.leave()
        bench.worker.step()
        bench.now += 3600.0
        bench.worker.listen()
        assert not beating()
    elif ends == "is reset":
        bench.worker.reset()
        bench.worker.step()
    elif ends == "falls silent":
        bench.now += 3.0
        bench.worker.step()
    monkeypatch.undo()
    bench.play(recorded[130:140] if ends in ("recovers", "fails at the end, too") else [])
    assert beating()
    assert bool(bench.results[-1].state.people) is (ends in ("recovers", "fails at the end, too"))


def test_a_reset_works_even_if_the_model_does_not(monkeypatch):
    bench = Bench()
    bench.play(recorded_frames(duration=1.0))
    monkeypatch.setattr(HandUp, "__call__", lambda self, windows: 1 / 0)
    bench.worker.put(recorded_frames(duration=1.5)[-1])
    bench.worker.step()
    bench.worker.put(recorded_frames(duration=1.7)[-1])
    bench.worker.reset()
    bench.worker.step()
    assert [type(error) for error in bench.counts.failures] == [ZeroDivisionError]
    assert bench.stream.state().people == ()


class Speechless(Counts):
    """An observer that is no use."""

    def failed(self, error):
        raise OSError("the log is gone")

    rejected = failed


class WordlessError(Exception):
    def __str__(self):
        raise ValueError("no words")


@pytest.mark.parametrize(
    "error", [RuntimeError("bug"), SystemExit(1), WordlessError(), MemoryError(), InputError("x", "y")]
)
@pytest.mark.parametrize("observer", [Counts, Speechless])
def test_no_error_ends_the_thread(error, observer):
    done = threading.Event()
    bench = Bench(publish=lambda result: done.set(), observer=observer)
    healthy, bench.stream.infer = bench.stream.infer, lambda: (_ for _ in ()).throw(error)
    bench.worker.start()
    bench.worker.put(error)  # the conversion raises it
    bench.worker.put(recorded_frames()[0])
    told = bench.worker.reset()
    assert told.wait(20.0)
    bench.worker.put(recorded_frames()[1])
    time.sleep(0.05)
    bench.stream.infer = healthy
    bench.worker.put(recorded_frames()[20])
    assert done.wait(20.0)
    assert bench.worker.alive
    assert bench.worker.stop(1.0)
    if observer is Speechless:
        assert bench.worker.snapshot().counters["unreported_failures"] >= 1


class Hanging:
    """A worker whose model hangs until it is let go."""

    def __init__(self):
        self.entered, self.let_go = threading.Event(), threading.Event()
        self.bench = Bench()
        healthy = self.bench.stream.infer

        def infer():
            self.entered.set()
            assert self.let_go.wait(20.0)
            return healthy()

        self.bench.stream.infer = infer
        self.bench.worker.start()
        self.bench.worker.put(recorded_frames()[0])
        assert self.entered.wait(20.0)


def test_nobody_waits_for_a_model_that_hangs_and_what_it_says_later_is_dropped():
    hanging = Hanging()
    worker = hanging.bench.worker
    hanging.bench.now += 3.0
    before = time.monotonic()
    assert worker.busy == worker.stuck == 3.0
    assert worker.snapshot().counters == {}
    assert not worker.reset().is_set()
    worker.put(recorded_frames()[1])
    assert not worker.stop()
    assert time.monotonic() - before < 0.5
    hanging.let_go.set()
    assert worker.stop(20.0)
    assert hanging.bench.results == []


def test_a_worker_that_hangs_is_given_up_at_the_second_look():
    hanging = Hanging()
    worker, supervisor = hanging.bench.worker, Supervisor(hanging.bench.counts)
    assert not supervisor.gives_up(worker)
    hanging.bench.now += HUNG + 1.0
    assert not supervisor.gives_up(worker)  # the whole process may have slept
    assert supervisor.gives_up(worker)
    assert "6 s" in supervisor.fault
    hanging.let_go.set()
    assert worker.stop(20.0)


def test_a_pause_of_the_whole_process_is_no_hanging_model():
    hanging = Hanging()
    worker, supervisor = hanging.bench.worker, Supervisor(hanging.bench.counts)
    hanging.bench.now += 3600.0
    assert not supervisor.gives_up(worker)
    hanging.let_go.set()
    while worker.busy:
        time.sleep(0.01)
    assert not supervisor.gives_up(worker)
    assert not supervisor.fault
    assert worker.stop(20.0)


def test_a_thread_that_has_ended_is_replaced_and_it_is_told():
    bench = Bench()
    run, bench.worker._run = bench.worker._run, lambda: None  # nothing in the worker itself can end it
    bench.worker.start()
    while bench.worker.alive:
        time.sleep(0.01)
    bench.worker._run = run
    supervisor = Supervisor(bench.counts)
    assert not supervisor.gives_up(bench.worker)
    assert "had ended" in str(bench.counts.failures[0])
    done = threading.Event()
    bench.worker._publish = lambda result: done.set()
    bench.worker.put(recorded_frames()[0])
    assert done.wait(20.0)
    assert bench.worker.stop(1.0)
