"""Every command says in one line, before any work, whether its recordings show people."""

import dataclasses
import json
import logging
from pathlib import Path

import pytest
from helpers.acting import script
from helpers.small_benchmark import BENCHMARK, ENCODER, RECIPE, utd

from usdrl_model import config
from usdrl_model.cli import main
from usdrl_model.data.store_writer import write_set
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_ros.bags import write

MILLIMETRES = "millimetres? set units: mm"
ACTS = script(("idle", 2.0), ("wave", 4.0), ("idle", 1.0))


def acted(times: float = 1.0) -> Recording:
    recording = simulate(PerformanceConfig(scripts=(ACTS,), rate=10.0, start=100.0), 1)
    frames = tuple(
        SkeletonFrame(frame.stamp, tuple(Person(p.id, times * p.joints) for p in frame.people))
        for frame in recording.frames
    )
    return Recording("acted", recording.topology, frames, recording.segments, recording.labels)


def test_finetune(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = FinetuneConfig(
        detector=DetectorConfig(labels=("none", "wave"), encoder=ENCODER, rate=5.0),
        sources=(SourceConfig(name="own", subjects=("anna",)),),
        steps=1,
        batch_size=2,
    )
    config.dump(settings, tmp_path / "run.yaml")
    for times, dtype, expected in ((1.0, "float16", "people look like people"), (1000.0, "float32", MILLIMETRES)):
        anna = [dataclasses.replace(acted(times), subject="anna")]
        write_set(tmp_path / "stores", "own", anna, dtype=dtype, replace=True)
        main.main(["finetune", "--config", str(tmp_path / "run.yaml"), "--data", str(tmp_path / "stores"),
                  "--out", str(tmp_path / f"run{times:g}"), "--device", "cpu", "--threads", "1"])  # fmt: skip
        said = capsys.readouterr().out.splitlines()
        assert said[0].startswith("own: content of 1 recording: ") and expected in said[0]
        assert any("float16" in line for line in said) == (dtype == "float16")


def test_evaluate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    utd(tmp_path / "stores")  # random poses
    config.dump(BENCHMARK, tmp_path / "made.yaml")
    config.dump(RECIPE, tmp_path / "recipe.yaml")
    with caplog.at_level(logging.WARNING):
        assert main.main(
            ["evaluate", "--task", "retrieval", "--benchmark", str(tmp_path / "made.yaml"), "--weights", "none",
             "--data", str(tmp_path / "stores"), "--out", str(tmp_path / "out"), "--recipe",
             str(tmp_path / "recipe.yaml"), "--device", "cpu", "--threads", "1"]
        ) == 0  # fmt: skip
    (line,) = [message for message in caplog.messages if "content of" in message]
    assert line.startswith("utd_mhad: content of 12 recordings: ") and "\n" not in line


class TestBags:
    @pytest.fixture(autouse=True)
    def needs_ros(self) -> None:
        pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

    def test_evaluate_bag(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        from usdrl_ros.bags import evaluate
        from usdrl_ros.bags.write import write_recording

        write_recording(acted(), tmp_path / "right")
        write_recording(acted(1000.0), tmp_path / "wrong", axes="optical")
        out = tmp_path / "out"
        bags = [str(tmp_path / "right"), str(tmp_path / "wrong")]
        assert evaluate.main([*bags, "--device", "cpu", "--out", str(out)]) == 0
        said = capsys.readouterr()
        assert said.err.splitlines()[0].startswith("content of 2 recordings: in 1 of them, median torso")
        assert MILLIMETRES in said.err.splitlines()[0]
        (warning,) = [text for text in json.loads((out / "results.json").read_text())["warnings"] if "torso" in text]
        assert warning.startswith("wrong: ") and warning in said.out

    def test_store(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        from usdrl_ros.bags import command as bags

        write.write_recording(acted(), tmp_path / "right")
        write.write_recording(acted(1000.0), tmp_path / "wrong")
        assert bags.main(["store", str(tmp_path / "stores"), str(tmp_path / "right"), str(tmp_path / "wrong")]) == 0
        said = capsys.readouterr().err
        assert "right: content of 1 recording: people look like people" in said
        assert MILLIMETRES in said
