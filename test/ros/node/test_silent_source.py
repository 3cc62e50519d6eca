"""A source that falls silent, pauses, or whose stamps no longer advance: who is lost, and when."""

import dataclasses

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.people import frames as recorded_frames
from helpers.worker_bench import Bench


def test_nobody_is_lost_while_a_simulation_is_paused():
    bench = Bench()
    bench.simulated = True
    recorded = recorded_frames(duration=4.5)
    bench.play(recorded[:120])
    bench.worker.step()

    def wait(seconds, clock):
        for _ in range(round(seconds / 0.5)):
            bench.now += 0.5
            bench.ahead -= 0.0 if clock else 0.5
            bench.worker.step()

    wait(60.0, clock=False)
    assert [event.kind for event in bench.events()] == ["onset"], "an hour or a minute: nothing goes on"
    bench.play(recorded[120:])
    bench.worker.step()
    assert [person.id for person in bench.results[-1].state.people] == ["7"]
    wait(1.5, clock=True)
    assert [event.kind for event in bench.events()] == ["onset"]
    wait(1.0, clock=True)
    assert [event.kind for event in bench.events()] == ["onset", "lost"], "the simulation goes on without its tracker"


@pytest.mark.parametrize("speed", [0.25, 1.0, 5.0, 100.0])
def test_a_tracker_that_dies_in_a_simulation_is_waited_for_by_its_clock(speed):
    bench = Bench()
    bench.simulated = True
    recorded = recorded_frames(duration=4.5)
    for frame in recorded:
        bench.ahead = frame.stamp - bench.now
        bench.play([frame])
    died, bench.speed = bench.now, speed
    bench.ahead = recorded[-1].stamp - died * speed
    bench.worker.step()
    while bench.visits() == [("entered", "7")] and bench.now < died + 20.0:
        assert bench.clock() < recorded[-1].stamp + 2.0 or bench.now < died + 0.1
        bench.now += max(1e-3, bench.processing.patience())
        bench.worker.step()
    assert bench.visits() == [("entered", "7"), ("left", "7")]
    assert bench.clock() >= recorded[-1].stamp + 2.0, "no sooner"
    assert bench.now <= died + 2.0 / speed + 0.1, "and no later than the clock is looked at"


def test_whoever_stops_simulating_the_clock_has_not_paused():
    bench = Bench()
    bench.simulated = True
    bench.play(recorded_frames(duration=4.0))
    bench.worker.step()
    bench.now, bench.ahead = bench.now + 3.0, bench.ahead - 3.0
    bench.running = False  # its last publisher of /clock has gone
    bench.worker.step()
    assert [event.kind for event in bench.events()] == ["onset", "lost"]


def test_a_clock_that_is_set_back_counts_from_there():
    bench = Bench()
    bench.simulated = True
    bench.play(recorded_frames(duration=4.0))
    bench.worker.step()
    bench.ahead -= 500.0
    for _ in range(8):
        bench.now += 0.5
        bench.worker.step()
    assert [event.kind for event in bench.events()] == ["onset", "lost"]


def test_a_source_that_falls_silent_loses_everybody_once():
    bench = Bench()
    recorded = recorded_frames(duration=4.5)
    bench.play(recorded)
    assert bench.results[-1].state.people[0].actions[0].active
    assert all(result.answers for result in bench.results)
    count = len(bench.results)
    bench.now += 1.9
    bench.worker.step()
    assert len(bench.results) == count
    bench.now += 0.2
    bench.worker.step()
    bench.worker.step()
    assert len(bench.results) == count + 1
    lost = bench.results[-1]
    assert [event.kind for event in lost.events] == ["lost", "left"]
    assert (lost.events[0].label, lost.events[1].reason) == ("hand_up", "silent")
    assert lost.state.people == ()
    assert lost.state.stamp == recorded[-1].stamp
    assert not lost.answers, "two seconds of silence are no latency"
    # And back, with stamps that went on meanwhile.
    bench.play(recorded_frames(duration=4.5, start=110.0))
    assert [event.kind for event in bench.events()] == ["onset", "lost", "onset"]
    assert [event.seq for event in bench.events()] == [2, 3, 6]
    assert bench.visits() == [("entered", "7"), ("left", "7"), ("entered", "7")]


@pytest.mark.parametrize("pause", [1.2, 1.7, 1.95])
def test_a_tracker_that_is_back_just_before_the_timeout_begins_anew_with_its_first_frame(pause):
    bench = Bench()
    recorded = recorded_frames(duration=9.0)
    back = 30 + round(pause * 30)
    bench.play(recorded[:30])
    bench.now += pause
    bench.worker.step()
    bench.play(recorded[back:])
    assert bench.stream.counters["outlier_stamps"] == 0
    assert bench.stream.counters["resets"] == 1
    assert bench.visits() == [("entered", "7"), ("left", "7"), ("entered", "7")]


def test_a_late_frame_keeps_nobody_for_longer():
    bench = Bench()
    recorded = recorded_frames(duration=4.5)
    bench.play([*recorded[:-2], recorded[-1], recorded[-2]])
    bench.now += 2.1
    bench.worker.step()
    assert bench.visits() == [("entered", "7"), ("left", "7")]


def test_a_lone_outlier_keeps_nobody_and_does_not_reach_what_is_published():
    bench = Bench()
    recorded = recorded_frames(duration=4.5)
    bench.play([*recorded, dataclasses.replace(recorded[-1], stamp=9000.0)])
    bench.now += 2.9
    bench.worker.step()
    assert bench.visits() == [("entered", "7")]
    bench.now += 0.2
    bench.worker.step()
    assert bench.visits() == [("entered", "7"), ("left", "7")]
    assert bench.results[-1].state.people == ()
    assert bench.results[-1].state.stamp == recorded[-1].stamp


def test_a_source_whose_stamps_stand_still_is_a_silent_one():
    bench = Bench()
    recorded = recorded_frames(duration=4.5)
    bench.play(recorded)
    assert bench.results[-1].state.people[0].actions[0].active
    bench.play([recorded[-1]] * 90)
    assert bench.results[-1].state.people == ()
    assert [event.kind for event in bench.events()] == ["onset", "lost"]
