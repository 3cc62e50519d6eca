"""``usdrl calibrate``: temperatures and thresholds of a detector, chosen on people whom it was not trained on.

usdrl calibrate runs/hri/weights --config config/calibrate_hri.yaml --data stores --out runs/hri/calibrated
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.cli.common import check_folder, check_new, reported, training_command

if TYPE_CHECKING:
    from usdrl_model.evaluation.calibrate import Calibrated
    from usdrl_model.evaluation.calibration import CalibrationConfig
    from usdrl_model.training.model_card import Notes


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
    notes = model_card.notes_of(weights.path)  # before the work: it may refuse them
    found = calibrate(weights, settings, sources.open_store(settings.sources, arguments.data))
    detector_file.save(arguments.out, found.detector, found.stream, found.provenance)
    command = training_command(arguments, "calibrate", arguments.weights)
    model_card.write(arguments.out, described(notes, found, settings, command))
    rows = [
        [label, f"{point.threshold:g}", f"{100 * point.recall:.0f}", f"{point.false_alarms:.1f}"]
        for label, point in found.points.items()
    ]
    (dense, recognition), (before, after) = found.temperatures, found.errors
    print(markdown.table(["label", "threshold", "recall, %", "false alarms an hour"], rows))
    print(
        f"{found.hours:.2f} judged hours of {found.recordings} recordings; temperatures {dense:.2f} (frames)"
        f" and {recognition:.2f} (clips); expected calibration error {before:.3f} before, {after:.3f} after\n"
        f"weights: {arguments.out}"
    )


def described(notes: Notes, found: Calibrated, settings: CalibrationConfig, command: str) -> Notes:
    """What the card says of calibrated weights: that they are, with the scores of the calibration alone.

    Args:
        notes: of the weights that were calibrated, whose scores and commands are not those of the new ones.
        found: the calibration.
        settings: of it.
        command: that repeats it.
    """
    from usdrl_model.checkpoints.provenance import Provenance, summary
    from usdrl_model.training.model_card import Notes, Score

    made = f"Temperatures and thresholds were chosen anew, {settings.false_alarms:g} false alarms an hour allowed."
    people = summary(Provenance(data=found.provenance.data[-len(settings.sources) :], complete=True))
    alarms = sum(point.false_alarms for point in found.points.values())
    recall = ", ".join(f"{label} {100 * point.recall:.0f}" for label, point in found.points.items())
    sure = f"{alarms:.1f} false alarms an hour; expected calibration error {found.errors[1]:.3f}"
    result = f"{sure}; recall in %, 0 of what nobody shows: {recall}"
    score = Score(of=f"calibration on {people}", result=result, command=command)
    return Notes(summary=f"{notes.summary.strip()} {made}".strip(), scores=(score,), limits=notes.limits)
