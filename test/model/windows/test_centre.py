"""Every way from a recording to the windows of an encoder centres them as the encoder asks for."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.continuous_recordings import CPU, SETTINGS
from helpers.people import pose
from helpers.small_benchmark import ENCODER, RECIPE, weights
from helpers.tiny_pretraining import ALONE, RUN

from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.clips import methods as clip_methods
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.evaluation.recordings import methods as frame_methods
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.person import SPINE_MID, Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.training.finetuning.mixture import windows_of
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.pretraining.batches import Feeder
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.windows.shape import Centre

both = pytest.mark.parametrize("centre", ["frame", "window"])
LABELS = ("none", "walk")


def walk(subject: str = "01") -> Recording:
    """Four metres in four seconds."""
    stamps = np.arange(0.0, 4.0, 1.0 / 30.0)
    frames = tuple(SkeletonFrame(float(t), (Person("1", pose(float(t), False, float(t))),)) for t in stamps)
    truth = (Segment("1", "walk", 0.0, 4.0),)
    return Recording(f"walk_{subject}", "kinect_v2_25", frames, truth, ("walk",), subject, "walk")


def shape(centre: Centre) -> EncoderConfig:
    return dataclasses.replace(ENCODER, centre=centre)


def way(windows: torch.Tensor) -> float:
    """Metres that the spine covers in the window in which it covers most; windows (N, T, M, V, 3)."""
    spine = windows[:, :, 0, SPINE_MID]
    return float((spine.amax(dim=1) - spine.amin(dim=1)).max())


def check(windows: torch.Tensor, centre: Centre) -> None:
    assert way(windows) > 1.0 if centre == "window" else way(windows) < 1e-4


@both
def test_labelled_clips(centre: Centre, tmp_path: Path) -> None:
    write_set(tmp_path, "utd_mhad", [dataclasses.replace(walk(), segments=())])
    check(labelled(Store.open(tmp_path), shape(centre).window, "here").windows, centre)


@both
@pytest.mark.parametrize("window", ["sliding", "clip"])
def test_windows_of_a_source(centre: Centre, window: str) -> None:
    detector = DetectorConfig(labels=LABELS, encoder=shape(centre), rate=10.0)
    source = SourceConfig(name="own", subjects=("01",), window=window)
    check(windows_of(source, [walk()], detector, max_gap=1.0, stride=2).x, centre)


@both
@pytest.mark.parametrize("windows", ["sliding", "end_to_end"])
def test_windows_of_whole_recordings(centre: Centre, windows: str, tmp_path: Path) -> None:
    write_set(tmp_path, "utkinect", [dataclasses.replace(walk(), label=None)])
    store, rate = Store.open(tmp_path), 30.0 if windows == "end_to_end" else 10.0
    recipe = dataclasses.replace(RECIPE, detector=DetectorConfig(labels=("none",), rate=rate))
    cut = dataclasses.replace(SETTINGS, windows=windows, recipe=recipe).cut(
        dataclasses.replace(shape(centre), frames=40).window
    )
    check(frame_scores.training(store, LABELS, cut).x, centre)
    (video,) = frame_scores.videos(store, LABELS, cut)
    check(video.pieces().windows.x, centre)


@both
def test_views_of_pretraining(centre: Centre, tmp_path: Path) -> None:
    write_set(tmp_path, "utd_mhad", [walk(f"{n:02}") for n in range(8)])
    run = dataclasses.replace(RUN, encoder=dataclasses.replace(RUN.encoder, centre=centre))
    still = dataclasses.replace(run.views.augment, jitter=0.0)
    run = dataclasses.replace(run, views=dataclasses.replace(run.views, augment=still), steps=1)
    ((batch,),) = list(Feeder(run, ClipPool.of(Store.open(tmp_path), 1, 10.0), ALONE).batches(0))
    check(batch.flatten(0, 1), centre)


def test_views_that_are_not_normalised_cannot_be_centred_anew() -> None:
    views = dataclasses.replace(RUN.views, normalise=False)
    with pytest.raises(ValueError, match=r"encoder\.centre: views that are not normalised"):
        PretrainConfig(encoder=dataclasses.replace(RUN.encoder, centre="window"), views=views)


@both
def test_all_methods_see_windows_of_the_same_centre(centre: Centre, tmp_path: Path) -> None:
    given = [Pretrained.open(weights(tmp_path, shape(centre)))]
    other = dataclasses.replace(RECIPE.detector, encoder=shape("frame" if centre == "window" else "window"))
    recipe = dataclasses.replace(RECIPE, detector=other)
    networks = Networks(weights=given, recipe=recipe, people=1, device=CPU)
    for method in (*clip_methods.METHODS.values(), *frame_methods.METHODS.values()):
        assert method.window(networks).centre == centre


def test_a_baseline_depends_on_the_centre(tmp_path: Path) -> None:
    def depends(centre: Centre) -> dict[str, str]:
        recipe = dataclasses.replace(RECIPE, detector=DetectorConfig(labels=("none",), encoder=shape(centre)))
        return clip_methods.CNN.depends(Networks(weights=[], recipe=recipe, people=1, device=CPU))

    assert depends("frame") == {"windows": "16 x 1"}
    assert depends("window") == {"windows": "16 x 1, centred as a whole"}


def test_networks_of_different_centres_are_not_fused(tmp_path: Path) -> None:
    given = [Pretrained.open(weights(tmp_path / one, shape(one))) for one in ("frame", "window")]
    with pytest.raises(ValueError, match="16 x 1; 16 x 1, centred as a whole"):
        networks = Networks(weights=given, recipe=RECIPE, people=1, device=CPU)
        networks.check([clip_methods.METHODS["linear, fused"]])
