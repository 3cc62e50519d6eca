"""A detector -> the same with temperatures and thresholds of its own: the steps of ``calibration`` in their order."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.data import vocabulary as vocabularies
from usdrl_model.data.store import Store
from usdrl_model.evaluation import calibration
from usdrl_model.evaluation.calibration import CalibrationConfig, Point
from usdrl_model.evaluation.played import play, play_cooled
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference.in_torch import accelerate
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.finetuning import init_from, sources
from usdrl_model.training.finetuning.mixture import laid, mix

STRIDE = 5
"""Frames between two windows of which temperatures are chosen."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Calibrated:
    """A calibrated detector, and what was found on the way."""

    detector: Detector
    """The one that was given: its heads have changed."""
    stream: StreamConfig
    """With a threshold for every label."""
    provenance: Provenance
    points: Mapping[str, Point]
    """Label -> what it does at its threshold."""
    temperatures: tuple[float, float]
    """Of frames and of clips."""
    errors: tuple[float, float]
    """Expected calibration error before and after."""
    recordings: int
    hours: float
    """In which people can be judged."""


def calibrate(weights: LoadedDetector, settings: CalibrationConfig, store: Store | None) -> Calibrated:
    """Choose temperatures and thresholds.

    Args:
        weights: a detector as it was trained.
        settings: whom to choose on, and the budget.
        store: with the sources of the settings (``sources.open_store``).

    Raises:
        ValueError: a detector that was trained on these people or that was changed, thresholds that do not fit it,
            people of whom nobody knows what they do, or as of ``sources``.
    """
    detector, stream = weights.trained, weights.config.stream
    calibration.check_unseen(settings, weights.config.provenance)
    calibration.check_thresholds(settings, stream.events)
    made = init_from.calibrated(weights.config.provenance, settings.sources, store)
    given = _given(settings, store, detector.config)
    windows = mix(settings.sources, given, detector.config, max_gap=stream.max_gap, stride=STRIDE).windows
    chosen = _streams(settings, given, detector.config)

    dense, recognition = calibration.temperatures(detector, windows)
    uncooled, played = play_cooled(accelerate(weights), chosen, dense)
    before = calibration.calibration_error(uncooled, detector.config.labels)
    calibration.cool(detector, dense, recognition)
    after = calibration.calibration_error(played, detector.config.labels)
    points = calibration.thresholds(played, weights, settings)
    return Calibrated(
        detector=detector,
        stream=_with(stream, points),
        provenance=made,
        points=points,
        temperatures=(dense, recognition),
        errors=(before, after),
        recordings=len(chosen),
        hours=sum(each.hours for each in played),
    )


def with_thresholds(weights: LoadedDetector, settings: CalibrationConfig, store: Store | None) -> LoadedDetector:
    """The same with thresholds alone, whatever its network is; arguments as of ``calibrate``."""
    known = weights.config.detector
    calibration.check_thresholds(settings, weights.config.stream.events)
    chosen = _streams(settings, _given(settings, store, known), known)
    points = calibration.thresholds(play(weights, chosen), weights, settings)
    config = dataclasses.replace(weights.config, stream=_with(weights.config.stream, points))
    return dataclasses.replace(weights, config=config)


def _given(settings: CalibrationConfig, store: Store | None, detector: DetectorConfig) -> list[list[Recording]]:
    vocabulary = vocabularies.load(settings.vocabulary) if settings.vocabulary else None
    return [sources.recordings(source, store, 0, detector, vocabulary) for source in settings.sources]


def _streams(settings: CalibrationConfig, given: list[list[Recording]], detector: DetectorConfig) -> list[Recording]:
    """What the chosen people do, as live."""
    found: list[Recording] = []
    for source, recordings in zip(settings.sources, given, strict=True):
        found += laid(source, [one for one in recordings if source.trains_on(one)], detector)
    return found


def _with(stream: StreamConfig, points: Mapping[str, Point]) -> StreamConfig:
    own = {label: point.threshold for label, point in points.items()}
    return dataclasses.replace(stream, events=dataclasses.replace(stream.events, label_on_threshold=own))
