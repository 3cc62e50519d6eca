"""``usdrl calibrate``: temperatures and thresholds of a detector, chosen on people whom it was not trained on.

usdrl calibrate runs/hri/weights --config config/calibrate_hri.yaml --data stores --out runs/hri/calibrated
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from usdrl_model.cli.common import check_folder, check_new, reported


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("calibrate", help="temperatures and thresholds of a detector, on people it has not seen")
    verb.add_argument("weights", help="folder of a detector (usdrl finetune)")
    verb.add_argument("--config", required=True, type=Path, help="YAML file: whom to calibrate on, and the budget")
    verb.add_argument("--data", type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="new folder of the calibrated weights")
    verb.add_argument("overrides", nargs="*", default=[], metavar="key=value", help="changes to the configuration")
    verb.set_defaults(run=reported("usdrl calibrate", run))


def run(arguments: argparse.Namespace) -> None:
    """Choose, write the weights, and print what every label does at its threshold."""
    # Here, because "usdrl --help" must not wait for torch.
    from usdrl_model import config
    from usdrl_model.checkpoints import detector_file
    from usdrl_model.evaluation.calibrate import calibrate
    from usdrl_model.evaluation.calibration import CalibrationConfig
    from usdrl_model.files import markdown
    from usdrl_model.training import model_card
    from usdrl_model.training.finetuning import sources

    check_new(arguments.out)
    check_folder(arguments.out)
    settings = config.apply_overrides(config.load(CalibrationConfig, arguments.config), arguments.overrides)
    weights = detector_file.load(arguments.weights, "cpu")
    found = calibrate(weights, settings, sources.open_store(settings.sources, arguments.data))
    detector_file.save(arguments.out, found.detector, found.stream, found.provenance)
    model_card.write(arguments.out)
    rows = [
        [label, f"{point.threshold:g}", f"{100 * point.recall:.0f}", f"{point.false_alarms:.1f}"]
        for label, point in found.points.items()
    ]
    (dense, recognition), (before, after) = found.temperatures, found.errors
    print(markdown.table(["label", "threshold", "recall, %", "false alarms an hour"], rows))
    print(
        f"{found.hours:.2f} hours of {found.recordings} recordings; temperatures {dense:.2f} (frames)"
        f" and {recognition:.2f} (clips); expected calibration error {before:.3f} before, {after:.3f} after\n"
        f"weights: {arguments.out}"
    )
