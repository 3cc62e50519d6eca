"""``usdrl calibrate``: temperatures and thresholds of a detector, chosen on people whom it was not trained on.

usdrl calibrate runs/hri/weights --config config/calibrate_hri.yaml --data stores --out runs/hri/calibrated
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from usdrl_model.cli.common import reported

STRIDE = 5
"""Frames between two windows of which temperatures are chosen."""


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("calibrate", help="temperatures and thresholds of a detector, on people it has not seen")
    verb.add_argument("weights", help="folder of a detector (usdrl finetune)")
    verb.add_argument("--config", required=True, type=Path, help="YAML file: whom to calibrate on, and the budget")
    verb.add_argument("--data", type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="folder of the calibrated weights, made where missing")
    verb.add_argument("overrides", nargs="*", metavar="key=value", help="changes to the configuration")
    verb.set_defaults(run=reported("usdrl calibrate", run))


def run(arguments: argparse.Namespace) -> None:
    """Choose, write the weights, and print what every label does at its threshold."""
    import dataclasses  # the rest here, because "usdrl --help" must not wait for torch

    from usdrl_model import config
    from usdrl_model.checkpoints import detector_file
    from usdrl_model.data import vocabulary as vocabularies
    from usdrl_model.evaluation import calibration
    from usdrl_model.files import markdown
    from usdrl_model.inference.load import accelerate
    from usdrl_model.training.finetuning import init_from, sources

    settings = config.apply_overrides(config.load(calibration.CalibrationConfig, arguments.config), arguments.overrides)
    weights = detector_file.load(arguments.weights, "cpu")
    detector, stream = weights.trained, weights.config.stream
    calibration.check_unseen(settings, weights.config.provenance)
    store = sources.open_store(settings.sources, arguments.data)
    made = init_from.calibrated(weights.config.provenance, settings.sources, store)
    vocabulary = vocabularies.load(settings.vocabulary) if settings.vocabulary else None
    given = [sources.recordings(source, store, 0, vocabulary, detector.config) for source in settings.sources]
    windows = sources.mix(settings.sources, given, detector.config, max_gap=stream.max_gap, stride=STRIDE).windows
    chosen = [
        one for source, part in zip(settings.sources, given, strict=True) for one in part if source.trains_on(one)
    ]

    before = calibration.calibration_error(calibration.play(accelerate(weights), chosen), detector.config.labels)
    dense, recognition = calibration.temperatures(detector, windows)
    calibration.cool(detector, dense, recognition)
    played = calibration.play(accelerate(weights), chosen)
    after = calibration.calibration_error(played, detector.config.labels)
    points = calibration.thresholds(played, weights, settings)
    own = {label: point.threshold for label, point in points.items()}
    events = dataclasses.replace(stream.events, label_on_threshold=own)
    detector_file.save(arguments.out, detector, dataclasses.replace(stream, events=events), made)

    rows = [
        [label, f"{point.threshold:g}", f"{100 * point.recall:.0f}", f"{point.false_alarms:.1f}"]
        for label, point in points.items()
    ]
    print(markdown.table(["label", "threshold", "recall, %", "false alarms an hour"], rows))
    print(
        f"{sum(each.hours for each in played):.2f} hours of {len(chosen)} recordings; temperatures {dense:.2f} (frames)"
        f" and {recognition:.2f} (clips); expected calibration error {before:.3f} before, {after:.3f} after\n"
        f"weights: {arguments.out}"
    )
