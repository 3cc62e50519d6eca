"""Distillation of a detector: what the teacher says, what it costs in data and terms, and which teacher fits."""

import dataclasses
from pathlib import Path

import pytest
import torch
from helpers.streaming import ENCODER
from helpers.tiny_finetuning import CPU, RECORDINGS, RUN, mixture

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.cli import main
from usdrl_model.evaluation import detection_scores
from usdrl_model.evaluation.played import play
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training.finetuning import init_from, train
from usdrl_model.training.finetuning.objective import delayed
from usdrl_model.training.finetuning.teacher import Teacher
from usdrl_model.windows.window import normalise

WINDOWED = EncoderConfig(hidden=16, heads=2, people=1, streams=("temporal",), velocity=True, masked=True, frames=16)
LEARNS = dataclasses.replace(
    RUN,
    detector=DetectorConfig(labels=("none", "hand_up"), encoder=ENCODER, rate=10.0, delay=2),
    stream=dataclasses.replace(RUN.stream, look_ahead=0.2, smoothing=0.0),
    steps=120,
)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of more labels than the student's, with weights that nobody trained."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("teacher")
    detector = Detector(DetectorConfig(labels=("none", "kick", "hand_up"), encoder=WINDOWED, rate=10.0))
    made = Provenance(data=(DataUsed(set="ntu60", subjects=("1",)),), complete=True)
    detector_file.save(folder, detector, RUN.stream, made)
    return folder


def test_a_streaming_detector_learns_and_finds_the_action_of_somebody_new(tmp_path: Path) -> None:
    detector = train.train(LEARNS, mixture(LEARNS), tmp_path, device=CPU)
    detector_file.save(tmp_path / "weights", detector, LEARNS.stream, Provenance())
    loaded = detector_file.load(tmp_path / "weights", "cpu")
    scores = detection_scores.detection(loaded, [RECORDINGS[2]])
    assert scores["overall"]["0.5"]["f1"] == 1.0
    (played,) = play(loaded, [RECORDINGS[2]])
    assert len(played.tracks) == 1


def test_the_teacher_says_what_it_says_live(teacher: Path) -> None:
    windows = mixture(LEARNS).windows.x[:4]
    says = Teacher(str(teacher), LEARNS.detector, CPU)(windows)
    assert says.shape == (4, 16, 2)
    torch.testing.assert_close(says.sum(dim=2), torch.ones(4, 16))
    with torch.no_grad():
        newest = normalise(windows[:, -16:], "frame", masked=True)
        scores = detector_file.load(teacher, "cpu").detector(newest).frames.softmax(dim=2)[..., [0, 2]]
    torch.testing.assert_close(says, scores / scores.sum(dim=2, keepdim=True), atol=1e-5, rtol=1e-4)


def test_a_teacher_of_pictures_sees_who_turns_their_back_as_live(tmp_path: Path) -> None:
    torch.manual_seed(0)
    flat = dataclasses.replace(WINDOWED, flat=True)
    detector = Detector(DetectorConfig(labels=("none", "hand_up"), encoder=flat, rate=10.0)).eval()
    detector_file.save(tmp_path, detector, RUN.stream, Provenance())
    student = dataclasses.replace(LEARNS.detector, encoder=dataclasses.replace(ENCODER, flat=True))
    behind = mixture(LEARNS).windows.x[:4] * torch.tensor([-1.0, 1.0, 0.0])
    says = Teacher(str(tmp_path), student, CPU)(normalise(behind, "window", masked=True, flat=True))
    with torch.no_grad():
        seen = normalise(behind[:, -16:], "frame", masked=True, flat=True)
        torch.testing.assert_close(says, detector(seen).frames.softmax(dim=2), atol=1e-4, rtol=1e-4)


def test_a_student_comes_nearer_to_its_teacher(teacher: Path) -> None:
    run = dataclasses.replace(LEARNS, teacher=str(teacher), teacher_weight=1.0, clip_weight=0.0, steps=60)
    given = mixture(run)
    x, seen = given.windows.x[::5], given.windows.seen[::5]
    says, told = Teacher(run.teacher, run.detector, CPU)(x), delayed(seen, 2)[:, -16:]

    def far(detector: Detector) -> float:
        with torch.no_grad():
            return float((detector(x).frames[:, -16:].softmax(dim=2) - says)[told].abs().mean())

    torch.manual_seed(0)
    assert far(train.fit(run, given, device=CPU)) < 0.5 * far(Detector(run.detector).eval())


def test_frames_count_when_they_and_their_telling_are_seen() -> None:
    seen = torch.tensor([[True, False, True, True, True, False]])
    assert delayed(seen, 2).tolist() == [[True, False, True, False, False, False]]
    assert delayed(seen, 0) is seen


def test_data_and_terms_of_the_teacher_are_those_of_the_student(teacher: Path) -> None:
    run = dataclasses.replace(LEARNS, teacher=str(teacher), init_from="hri")
    inherited = init_from.inherited(run)
    assert set(inherited) == {"hri", str(teacher)}
    with pytest.raises(FileNotFoundError, match="'no such teacher': expected the name of a shipped detector"):
        init_from.inherited(dataclasses.replace(run, teacher="no such teacher"))


def test_a_product_may_not_learn_from_a_teacher_that_may_not_be_in_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "detector: {labels: [none, wave], rate: 10.0}\nteacher: hri\nsources: [{name: performer, minutes: 1}]\n"
    (tmp_path / "run.yaml").write_text(text)
    arguments = ["finetune", "--config", str(tmp_path / "run.yaml"), "--out", str(tmp_path), "--terms", "commercial"]
    assert main.main(arguments) != 0
    assert "the weights hri were trained on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 15.0}, "rate 10.0, the student's 15.0"),
        ({"labels": ("none", "hand_up", "wave")}, "not the labels wave"),
        ({"encoder": dataclasses.replace(ENCODER, frames=8)}, "windows of 16 frames, the student's 8"),
        ({"encoder": EncoderConfig(), "delay": 0}, "people 1, the student's 2; masked True, the student's False"),
    ],
)
def test_a_teacher_that_does_not_fit_is_refused(teacher: Path, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Teacher(str(teacher), dataclasses.replace(LEARNS.detector, **change), CPU)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="teacher_weight: expected a share"):
        dataclasses.replace(LEARNS, teacher_weight=0.0)
    with pytest.raises(ValueError, match="a conformer is trained as a whole"):
        dataclasses.replace(LEARNS, train="heads")
