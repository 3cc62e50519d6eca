"""The inference thread: every frame is buffered, the newest data wins, nothing ends it."""

import dataclasses
import threading
import time

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from builtin_interfaces.msg import Time  # noqa: E402
from helpers.people import frames as recorded_frames
from helpers.rule_detector import hand_up_weights  # noqa: E402
from helpers.worker_bench import Bench

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_ros.inputs.common import SourceFrame, ros_time  # noqa: E402


def test_the_events_are_those_of_the_stream_alone():
    recorded = recorded_frames()
    alone = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    expected = [event for frame in recorded for event in alone.push(frame)]
    bench = Bench()
    assert bench.play(recorded) == expected
    assert [event.kind for event in expected] == ["onset", "offset"]
    assert len(bench.counts.arrivals) == len(recorded)


def test_results_carry_the_exact_stamp_and_frame_of_the_source():
    frame = recorded_frames()[0]
    source = SourceFrame(frame, Time(sec=100, nanosec=1), "base")
    bench = Bench(convert=lambda message, arrival, patience: (source, frame))
    bench.worker.put(None)
    bench.worker.step()
    assert (bench.results[0].stamp, bench.results[0].frame_id) == (source.stamp, "base")


def test_a_pile_of_messages_is_buffered_in_full_and_inferred_once():
    bench = Bench()
    recorded = recorded_frames(duration=3.0)
    for frame in recorded:
        bench.worker.put(frame)
    bench.worker.step()
    assert bench.counts.inferences == 1
    assert len(bench.counts.arrivals) == len(recorded)
    assert bench.results[0].state.stamp == recorded[-1].stamp
    assert bench.stream.counters["skipped_slots"] > 20


def unstamped():
    """A bench whose messages are stamped on arrival, and the stamps that they got."""
    stamps = []

    def convert(message, arrival, patience):
        stamps.append(arrival)
        frame = dataclasses.replace(message, stamp=arrival)
        return SourceFrame(frame, ros_time(arrival), "camera"), frame

    return Bench(convert=convert), stamps


@pytest.mark.parametrize("speed", [0.1, 1.0, 10.0])
def test_a_message_without_a_stamp_has_that_of_its_arrival_however_long_it_waits(speed):
    bench, stamps = unstamped()
    bench.speed, arrived = speed, []
    for number, frame in enumerate(recorded_frames(duration=2.0)):
        bench.now += 1 / 30
        arrived.append(bench.clock())
        bench.worker.put(frame)
        if number % 4 == 3:
            bench.now += 0.02  # another step takes so long
            bench.worker.step()
    assert stamps == pytest.approx(arrived, abs=1e-9)


@pytest.mark.parametrize("waits", [0.0, 0.0005, 0.01])
def test_of_messages_without_a_stamp_the_first_of_a_tick_counts(waits):
    bench, stamps = unstamped()
    bench.tick, recorded = 0.1, recorded_frames()
    for number, frame in enumerate(recorded):
        bench.now = 50.001 + number / 30
        bench.worker.put(frame)
        bench.now += waits * (number % 3)
        bench.worker.step()
    ticks = sorted(set(stamps))
    assert len(ticks) == len(recorded) // 3
    alone, first = ActionStream(hand_up_weights(), topology="kinect_v2_25"), [stamps.index(stamp) for stamp in ticks]
    expected = [event for one in first for event in alone.push(dataclasses.replace(recorded[one], stamp=stamps[one]))]
    assert bench.events() == expected and len(expected) == 2
    assert bench.stream.counters["stale_frames"] == len(recorded) - len(ticks)


def test_messages_without_a_stamp_that_go_on_while_a_simulation_is_paused_lose_nobody():
    bench, stamps = unstamped()
    bench.simulated, recorded = True, recorded_frames()
    bench.play(recorded[:120])
    for frame in recorded[:150]:
        bench.ahead -= 1 / 30  # as ``now`` goes on: the clock stands
        bench.play([frame])
    bench.play(recorded[120:])
    assert bench.visits() == [("entered", "7")]
    assert stamps[120:270] == pytest.approx([stamps[119]] * 150, abs=1e-6)


def test_reset_ends_what_is_going_on():
    bench = Bench()
    bench.play(recorded_frames(duration=4.5))
    bench.worker.put(recorded_frames(duration=4.6)[-1])
    done = bench.worker.reset()
    assert not done.is_set()  # it is a message to the thread, and no one waits for it
    bench.worker.step()
    assert done.is_set()
    assert [event.kind for event in bench.events()] == ["onset", "offset"]
    assert bench.visits() == [("entered", "7"), ("left", "7")]
    assert bench.results[-1].state.people == ()
    assert bench.stream.state().people == ()  # the message that waited was dropped


def test_messages_without_a_time_are_no_life_sign_of_people():
    bench = Bench()
    bench.play(recorded_frames(duration=4.5))
    bench.play([None] * 61)  # as an empty marker array: two seconds of it
    assert [event.kind for event in bench.events()] == ["onset", "lost"]
    assert bench.counts.arrivals[-1] == bench.now


def test_other_settings_begin_with_empty_buffers():
    bench = Bench()
    bench.play(recorded_frames(duration=1.0))
    config = type(bench.stream.config)(max_rate=2.0)
    bench.worker.reset(config)
    assert bench.worker.config is config
    bench.worker.step()
    assert bench.stream.config is config
    assert bench.results[-1].state.people == ()


def test_who_stays_has_the_same_id_after_a_reset():
    bench = Bench()
    bench.worker.reset(dataclasses.replace(bench.stream.config, ids="own"))
    bench.play(recorded_frames(duration=0.2, ids=("a", "b")))
    bench.worker.reset()
    bench.play([dataclasses.replace(frame, people=frame.people[1:])
                for frame in recorded_frames(duration=0.2, start=100.2, ids=("a", "b"))])  # fmt: skip
    assert [name for kind, name in bench.visits() if kind == "entered"] == ["1", "2", "2"]


def test_reset_before_the_first_message_publishes_nothing():
    bench = Bench()
    bench.worker.reset()
    bench.worker.step()
    assert bench.results == []


def test_the_thread_works_and_ends():
    done = threading.Event()
    bench = Bench(publish=lambda result: done.set())
    bench.worker.start()
    bench.worker.put(recorded_frames()[0])
    assert done.wait(20.0)
    before = time.monotonic()
    assert bench.worker.stop(1.0)
    assert time.monotonic() - before < 1.0
    assert not any(thread.name == "inference" and thread.is_alive() for thread in threading.enumerate())


def test_a_pending_reset_makes_what_is_inferred_now_old_but_loses_no_event():
    bench = Bench()
    recorded = recorded_frames(duration=4.5)
    healthy = bench.stream.infer

    def infer_while_somebody_resets():
        events = healthy()
        if events:
            bench.worker.reset()
        return events

    bench.stream.infer = infer_while_somebody_resets
    for frame in recorded:
        bench.now += 1 / 30
        bench.worker.put(frame)
        bench.worker.step()
        if bench.worker._commands:
            break
    assert not bench.events()
    bench.worker.step()
    assert [event.kind for event in bench.events()] == ["onset", "offset"]
    assert bench.results[-1].state.people == ()


def test_a_question_holds_back_nothing_of_what_is_inferred_now():
    bench, asked = Bench(), []
    healthy = bench.stream.infer

    def infer_while_somebody_asks():
        asked.append(bench.worker.ask(lambda: len(bench.results)))
        return healthy()

    bench.stream.infer = infer_while_somebody_asks
    bench.play(recorded_frames(duration=4.5))
    assert [event.kind for event in bench.events()] == ["onset"] and len(bench.results) == len(asked)
    bench.worker.step()
    assert [one.result() for one in asked] == list(range(1, len(asked) + 1)), "each after the state of its moment"


def test_nothing_is_heard_between_leaving_and_listening():
    bench = Bench()
    bench.play(recorded_frames(duration=1.0))
    assert bench.results[-1].state.people
    bench.worker.leave()
    bench.worker.put(recorded_frames(duration=1.1)[-1])  # was on its way
    bench.worker.step()
    assert bench.stream.state().people == ()
    bench.worker.listen()
    bench.play(recorded_frames(duration=1.0, start=200.0))
    assert bench.results[-1].state.people


def test_whoever_does_not_listen_shows_no_life_by_resets():
    bench = Bench()
    bench.play(recorded_frames(duration=4.5))
    bench.worker.leave()
    bench.worker.reset()  # before the thread has left
    bench.worker.step()
    count = len(bench.results)
    assert [event.kind for event in bench.events()] == ["onset", "offset"] and bench.results[-1].state.people == ()
    config = type(bench.stream.config)(max_rate=2.0)
    bench.worker.reset(config)
    bench.worker.step()
    assert bench.stream.config is config
    assert len(bench.results) == count
    bench.worker.listen()
    bench.worker.reset()
    bench.worker.step()
    assert len(bench.results) == count + 1


def test_resets_at_any_moment_end_no_thread():
    """As ``~/reset`` does, while the thread looks at when it last heard something."""
    bench = Bench()
    bench.worker.start()
    recorded = recorded_frames(duration=20.0)
    for frame in recorded:
        bench.worker.put(frame)
        bench.worker.reset()
    assert bench.worker.reset().wait(20.0)
    assert bench.worker.alive and not bench.counts.failures
    assert bench.worker.stop(1.0)


def test_a_pile_of_messages_that_are_slow_to_read_keeps_it_from_nothing():
    busy = []

    def slow(frame, arrival, patience):
        bench.now += 0.06
        busy.append(bench.worker.busy)
        return bench.convert(frame, arrival, patience)

    bench = Bench(convert=slow)
    recorded = recorded_frames()[:100]
    for frame in recorded:
        bench.worker.put(frame)
    for _ in range(5):
        bench.worker.step()
    assert len(bench.results) == 5
    assert bench.stream.stamp == recorded[19].stamp  # four messages each time
    assert max(busy) < 0.3
    assert not bench.worker.reset().is_set()
    bench.worker.step()
    assert len(busy) == 20, "a reset drops what waits"


def test_what_people_look_like_is_asked_of_frames_whose_stamps_are_believed():
    bench = Bench()
    recorded = recorded_frames(duration=3.0)
    stray = [dataclasses.replace(frame, stamp=frame.stamp + 1e6) for frame in recorded[9::10]]
    bench.play(sorted([*recorded, *stray], key=lambda frame: frame.stamp % 1e6))
    assert bench.stream.counters["outlier_stamps"] + bench.stream.counters["second_clock_frames"] >= len(stray) - 1
    assert bench.checked == [frame.stamp for frame in recorded]


def test_what_was_asked_is_done_once_or_cancelled_for_good():
    bench, done = Bench(), []
    asked = [bench.worker.ask(lambda at=at: done.append(at)) for at in range(3)]
    assert asked[1].cancel()
    bench.worker.step()
    assert done == [0, 2] and asked[0].done() and not asked[0].cancel() and not bench.counts.failures
    waiting = bench.worker.ask(lambda: done.append(3))
    bench.worker.stop()
    assert waiting.cancelled() and bench.worker.ask(lambda: done.append(4)).cancelled()
    bench.worker.step()
    assert done == [0, 2]
