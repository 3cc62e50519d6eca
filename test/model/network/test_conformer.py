"""The streaming Conformer: one function, whose windowed and incremental forms agree."""

import copy
import dataclasses
import math

import pytest
import torch
from helpers.encoder_options import check_every_option
from helpers.streaming import ENCODER, streaming_weights

from usdrl_model.inference.traced import TracedDetector
from usdrl_model.network.config import CONFORMER_LACKS, EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig

DETECTOR, IN_PICTURE = streaming_weights().detector, streaming_weights(flat=True).detector
EACH = pytest.mark.parametrize("detector", [DETECTOR, IN_PICTURE], ids=["in space", "in a picture"])
WALK = torch.randn(3, 200, 25, 3, generator=torch.Generator().manual_seed(1)).mul(0.05).cumsum(dim=1)


def seen(x: torch.Tensor) -> torch.Tensor:
    """The same with joints, and whole frames, that are missing."""
    generator = torch.Generator().manual_seed(2)
    x = x.masked_fill(torch.rand(*x.shape[:3], 1, generator=generator) < 0.1, math.nan)
    x[0, 40:52], x[1, :33], x[2, 100:180] = math.nan, math.nan, math.nan
    return x


STEPS_ALIKE = {
    **dict.fromkeys(CONFORMER_LACKS, "the Conformer has it not"),
    "joints": "every tracker's are mapped to the default 25",
    "drop_path": "of training",
    "layers": "two, as by default: what one keeps and hands on, any number does",
}
"""Options in which no detector of ``EACH`` has to differ from the default -> why."""


def test_every_option_of_the_conformer_is_compared_step_by_step() -> None:
    compared = [detector.config.encoder for detector in (DETECTOR, IN_PICTURE)]
    check_every_option(compared, STEPS_ALIKE, "EACH of test_conformer.py")


@EACH
@pytest.mark.parametrize("step", [1, 3, 7])
def test_steps_are_the_whole(step: int, detector: Detector) -> None:
    x, encoder = seen(WALK), detector.encoder
    whole, after = encoder.advance(x, encoder.empty(3))
    parts, state = [], encoder.empty(3)
    for part in x.split(step, dim=1):
        tokens, state = encoder.advance(part, state)
        parts.append(tokens)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(state, after, atol=1e-5, rtol=0, equal_nan=True)
    assert (whole[0, 40:52] == 0).all() and (whole[0, 52:] != 0).any()


@EACH
def test_a_frame_depends_on_its_receptive_field_and_on_nothing_later(detector: Detector) -> None:
    encoder, x = detector.encoder, seen(WALK)
    whole, _ = encoder.advance(x, encoder.empty(3))
    window = x[:, 150 - encoder.config.receptive_field + 1 : 151]
    tokens, _ = encoder.advance(window, encoder.empty(3))
    torch.testing.assert_close(tokens[:, -1], whole[:, 150], atol=1e-5, rtol=0)
    short, _ = encoder.advance(window[:, 5:], encoder.empty(3))
    assert (short[0, -1] - whole[0, 150]).abs().max() > 1e-5, "no shorter window is enough"


def test_place_heading_and_time_before_somebody_came_do_not_matter() -> None:
    x, encoder = seen(WALK), DETECTOR.encoder
    whole, _ = encoder.advance(x, encoder.empty(3))
    turn = torch.tensor([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    moved, _ = encoder.advance(x @ turn + torch.tensor([3.0, 1.0, -2.0]), encoder.empty(3))
    torch.testing.assert_close(moved, whole, atol=2e-4, rtol=0)
    late, _ = encoder.advance(x[:, 33:], encoder.empty(3))
    torch.testing.assert_close(late[1], whole[1, 33:], atol=1e-5, rtol=0)


def test_neither_the_size_of_a_picture_nor_the_place_in_it_matters() -> None:
    x, encoder = seen(WALK), IN_PICTURE.encoder
    x[..., 2] *= 0.0
    whole, _ = encoder.advance(x, encoder.empty(3))
    for size in (0.3, 30.0):
        other, _ = encoder.advance(size * x + torch.tensor([3.0, 1.0, 0.0]) * size, encoder.empty(3))
        torch.testing.assert_close(other, whole, atol=2e-4, rtol=0)
    turned, _ = encoder.advance(x * torch.tensor([-1.0, 1.0, 1.0]), encoder.empty(3))
    assert (turned - whole).abs().max() > 0.01, "nobody is turned to the sensor"


def test_scores_of_windows_are_those_of_the_frames_that_they_are_about() -> None:
    x = seen(WALK)[:, 60:84]
    scores = DETECTOR(x[:, :, None])
    stepped, _ = DETECTOR.advance(x, DETECTOR.encoder.empty(3))
    torch.testing.assert_close(scores.frames[:, :22], stepped[:, 2:])
    assert (scores.frames[:, 22:] == stepped[:, -1:]).all()
    with pytest.raises(ValueError, match="resample the window to 24 frames"):
        DETECTOR(x[:, :20, None])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="conformer: expected causal: True, masked: True$"):
        dataclasses.replace(ENCODER, causal=False, masked=False)
    with pytest.raises(ValueError, match="conformer has no stem_kernel"):
        dataclasses.replace(ENCODER, stem_kernel=5)
    with pytest.raises(ValueError, match="dste has no look_back"):
        EncoderConfig(look_back=3)
    with pytest.raises(ValueError, match="delay: expected 0 to 0 frames of architecture dste, got 2"):
        DetectorConfig(labels=("none", "wave"), delay=2)


def test_the_same_weights_are_traced_once_and_others_anew() -> None:
    other, x = streaming_weights(seed=1).detector, seen(WALK)[:, 30:31]
    with torch.inference_mode():
        for detector in (DETECTOR, other, DETECTOR):
            scores, _ = TracedDetector(detector).advance(x, detector.encoder.empty(3))
            torch.testing.assert_close(scores, detector.advance(x, detector.encoder.empty(3))[0], atol=1e-5, rtol=0)
    assert TracedDetector(DETECTOR)._step is TracedDetector(copy.deepcopy(DETECTOR))._step


def test_traced_steps_are_those_of_the_detector() -> None:
    traced, x = TracedDetector(DETECTOR), seen(WALK)[:, 30:60]
    state = mine = DETECTOR.encoder.empty(3)
    with torch.inference_mode():
        for part in x.split([1, 1, 1, 4, 1, 22], dim=1):
            scores, state = traced.advance(part, state)
            expected, mine = DETECTOR.advance(part, mine)
            torch.testing.assert_close(scores, expected, atol=1e-5, rtol=0)
            one, _ = traced.advance(part[:1, -1:], DETECTOR.encoder.empty(1))
            assert one.shape == (1, 1, 2), "of any number of people"
