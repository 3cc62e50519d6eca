"""Bags whose stamps jump, as people have them: a clock that was set, a recording that was paused for years."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time
from helpers.acted_bags import RATE, acted, played, said
from helpers.hostile_bags import NANO
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from usdrl_model.skeleton.recording_gaps import SHOWN, Shortened
from usdrl_model.skeleton.segments import Segment
from usdrl_ros.bags import evaluate, play, write
from usdrl_ros.bags.command import main
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader

CLOUD = "sensor_msgs/msg/PointCloud2"


@pytest.fixture
def with_a_jump(tmp_path: Path) -> Path:
    """A recording whose second half was recorded 53 years after the first."""
    source = acted()
    middle = source.frames[len(source.frames) // 2].stamp
    frames = tuple(
        frame if frame.stamp < middle else replace(frame, stamp=frame.stamp + 1.7e9) for frame in source.frames
    )
    segments = (Segment("1", "wave", source.segments[0].start, source.segments[0].end + 1.7e9),)
    write.write_recording(replace(source, frames=frames, segments=segments), tmp_path / "bag")
    return tmp_path / "bag"


def test_a_gap_takes_no_time(with_a_jump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    length = len(acted().frames) / RATE
    assert load_bag(with_a_jump).duration == pytest.approx(length, abs=0.5)
    assert main(["info", str(with_a_jump)]) == 0
    out = said(capsys)
    assert "1 gap of more than 60 s in the stamps, the longest 1700000000 s" in out
    assert abs(float(out.partition("bag: ")[2].split()[0]) - length) < 0.5
    assert evaluate.main([str(with_a_jump), "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    assert "the longest 1700000000 s" in said(capsys)


def test_a_clock_that_was_set_back_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = acted()
    frames = tuple(replace(f, stamp=f.stamp + 50.0 * (number < 20)) for number, f in enumerate(source.frames))
    write.write_recording(replace(source, frames=frames), tmp_path / "bag")
    # The recorder's own clock goes on: messages lie in the order of the frames.
    with BagReader(tmp_path / "bag") as bag, BagWriter(tmp_path / "steady") as steady:
        data = sorted((deserialize_message(m.data, PointCloud2) for m in bag.messages()), key=_before_it_was_set)
        steady.add_topic("/skeletons", CLOUD)
        for number, cloud in enumerate(data):
            steady.write("/skeletons", number * NANO, serialize_message(cloud))
    (tmp_path / "steady" / "labels.yaml").write_bytes((tmp_path / "bag" / "labels.yaml").read_bytes())
    assert main(["store", str(tmp_path / "stores"), str(tmp_path / "steady")]) == 0
    late = len(frames) - 20
    assert f"{late} of {len(frames)} frames are stamped before an earlier one, by up to" in said(capsys)


@pytest.mark.parametrize(
    ("stamped", "told"),
    [
        (lambda number: 100.0 + number, ""),
        (lambda number: 0.0, "  header stamps are all 0"),
        (lambda number: 7.0 + number, "  header stamps: 7.000 to 16.000 s"),
        (lambda number: 100.0 + number - 3.0 * (number > 4), "2 before an earlier one, by up to 2 s"),
        (lambda number: 100.0 + number + 90.0 * (number > 4), "1 more than 60 s after the one before"),
    ],
)
def test_header_stamps_are_told_where_they_are_not_the_time_of_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stamped: Callable[[int], float], told: str
) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/skeletons", CLOUD)
        for number in range(10):
            cloud = PointCloud2(header=Header(stamp=Time(sec=int(stamped(number)))))
            bag.write("/skeletons", (100 + number) * NANO, serialize_message(cloud))
    assert main(["info", str(tmp_path / "bag")]) == 0
    (line,) = [line for line in said(capsys).splitlines() if "/skeletons" in line]
    assert line.endswith(f"10 messages{told}" if not told or told[0] == " " else told)


def _before_it_was_set(cloud: PointCloud2) -> float:
    seconds = cloud.header.stamp.sec + 1e-9 * cloud.header.stamp.nanosec
    return seconds - 50.0 if seconds > 50.0 else seconds


def test_a_picture_shows_both_sides_of_a_gap(with_a_jump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict = {}
    monkeypatch.setattr(evaluate, "draw_timeline", lambda path, rows, labels, **what: drawn.update(rows=rows, **what))
    bag = load_bag(with_a_jump)
    evaluate.draw_run(evaluate.BagRun(bag=bag, events=(), counters={}), "picture.png", "title")
    assert drawn["end"] == pytest.approx(bag.duration + SHOWN, abs=0.2)
    ((action,),) = [row.actions for row in drawn["rows"] if row.actions]
    assert 0.0 < action.start < action.end <= drawn["end"]


def test_shortened_time() -> None:
    time = Shortened([20.0, 10.0, 11.0, 10.0, 500.0, 501.5])
    assert time.gaps == (480.0,)
    np.testing.assert_allclose([time.at(s) for s in (0.0, 10.5, 20.0, 260.0, 500.0, 9e9)], [0, 0.5, 10, 10.5, 11, 12.5])
    assert (Shortened([]).end, Shortened([5.0]).end, Shortened([5.0]).told()) == (0.0, 0.0, "")


def test_how_long_it_takes_to_play_is_known_before(node: rclpy.node.Node, tmp_path: Path, with_a_jump: Path) -> None:
    """From the start of the bag, whenever people come, and however long nobody is seen in between."""
    with BagReader(with_a_jump) as source, BagWriter(tmp_path / "late") as late:
        late.add_topic("/other", "std_msgs/msg/Header")
        late.add_topic("/skeletons", CLOUD)
        late.write("/other", source.start_ns + 45 * NANO, serialize_message(Header()))
        for message in source.messages():
            late.write("/skeletons", message.stamp_ns + 100 * NANO, message.data)
    length = 55.0 + len(acted().frames) / RATE + SHOWN
    with BagReader(tmp_path / "late") as bag:
        player = play.Player(node, bag, play.PlayOptions(rate=50.0, topics=["/skeletons"]))
        assert player.seconds() == pytest.approx(length / 50.0, abs=0.5 / 50.0)
        began = time.monotonic()
        player.play()
        assert time.monotonic() - began >= player.seconds() - 1e-3
    with BagReader(tmp_path / "late") as bag:
        player = play.Player(node, bag, play.PlayOptions(start=50.0))
        assert player.seconds() == pytest.approx(length - 50.0, abs=0.5)


def test_a_gap_is_not_waited_for(node: rclpy.node.Node, with_a_jump: Path) -> None:
    count, told, stamps = played(node, with_a_jump, clock=50.0)
    assert count == len(acted().frames) and stamps[-1] - stamps[0] > 1.7e18
    assert told == [f"1 gap of up to 1700000000 s played as {SHOWN:g} s"]
