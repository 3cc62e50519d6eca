"""``usdrl-bag view``: a Rerun recording that holds who was seen, what they do, and how sure that is."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.rule_detector import hand_up_weights

from usdrl_model.metrics.events import Detection
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.segments import Segment
from usdrl_ros.bags import rerun_recording
from usdrl_ros.bags.command import main
from usdrl_ros.bags.observed import observe
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.write import write_recording

STRANGE = "hand/up: [1]"


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bags") / "two"
    recording = performance(people=2, seconds=4.0, rate=10.0)
    start = recording.frames[0].stamp
    write_recording(
        replace(recording, segments=(Segment("1", STRANGE, start + 1, start + 2),), labels=(STRANGE,)), path
    )
    return path


def test_a_recording_has_people_actions_and_scores(bag: Path, tmp_path: Path) -> None:
    chunk = pytest.importorskip("rerun.chunk", reason="rerun-sdk (extra rerun) is not installed, or cannot read")
    loaded = load_bag(bag)
    seen = observe(loaded, ActionStream(hand_up_weights(), topology=loaded.truth.topology), rerun_recording.RATE)
    start = loaded.frames[0].stamp
    told = (Detection(person="2", label="hand_up", start=start + 1.0, end=start + 2.0),)
    file = tmp_path / "view.rrd"
    rerun_recording.write_recording(replace(seen, told=told), file)
    assert list(tmp_path.iterdir()) == [file], "nothing else is left"

    rows: Counter[str] = Counter()
    for one in chunk.RrdReader(file).stream().to_chunks():
        rows[str(one.entity_path)] += one.num_rows
    for who in ("1", "2"):
        assert rows[f"/people/{who}/bones"] == pytest.approx(len(loaded.frames), abs=3)
        assert rows[f"/people/{who}/label"] == rows[f"/people/{who}/bones"]
    assert rows["/actions/2/detected/hand_up"] >= 4
    assert any(path.startswith("/actions/1/truth/hand") and "/up" in path for path in rows), "names are escaped"
    assert rows["/log/detected"] == rows["/log/truth"] == 1


def test_who_is_not_seen_for_a_while_is_gone_until_they_are_back(bag: Path, tmp_path: Path) -> None:
    chunk = pytest.importorskip("rerun.chunk", reason="rerun-sdk (extra rerun) is not installed, or cannot read")
    loaded = load_bag(bag)
    seen = observe(loaded, ActionStream(hand_up_weights(), topology=loaded.truth.topology), rerun_recording.RATE)
    away, lost = seen.people
    there = (away.stamps < away.stamps[0] + 1.0) | (away.stamps > away.stamps[0] + 2.5)
    away = replace(away, stamps=away.stamps[there], joints=away.joints[there])
    joints = lost.joints.copy()
    joints[7] = np.nan
    lost = replace(lost, joints=joints)
    rerun_recording.write_recording(replace(seen, people=(away, lost)), tmp_path / "view.rrd")

    cleared: dict[str, list[float]] = {"/people/1": [], "/people/2": []}
    for one in chunk.RrdReader(tmp_path / "view.rrd").stream().to_chunks():
        rows = one.to_record_batch()
        if "Clear:is_recursive" in rows.schema.names:
            recursive = rows["Clear:is_recursive"].to_pylist()
            assert recursive == [[True]] * len(recursive), "what is drawn is below it"
            stamps = rows["stamp"].to_numpy(zero_copy_only=False)
            cleared[str(one.entity_path)] += (stamps.astype("datetime64[ns]").astype(np.int64) * 1e-9).tolist()
    last_before = away.stamps[np.argmax(np.diff(away.stamps))]
    gone = rerun_recording.STALE
    assert cleared["/people/1"] == pytest.approx([last_before + gone, away.stamps[-1] + gone], abs=1e-3)
    assert cleared["/people/2"] == pytest.approx([lost.stamps[7], lost.stamps[-1] + gone], abs=1e-3)


def test_without_rerun_one_line_says_what_to_install(bag: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    assert main(["view", str(bag)]) == 1
    error = capsys.readouterr().err
    assert "rerun-sdk" in error and error.count("\n") == 1
    assert not (bag / "view.rrd").exists()
