"""``usdrl convert``: an official checkpoint into a file of this package, and back; weights in half the bytes.

usdrl convert ntu60_xs_joint_dste.pth.tar encoder/
usdrl convert encoder/ again.pth.tar --to-official
usdrl convert runs/foundation/weights foundation/ --half
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.checkpoints.provenance import DataUsed, Provenance, summary
from usdrl_model.cli.common import check_folder, check_new, reported
from usdrl_model.data import catalogue
from usdrl_model.errors.shown import LINE, cut

if TYPE_CHECKING:
    from usdrl_model.checkpoints.encoder_file import EncoderFile

NOT_IN_FILE = {
    "people": (int, "people in a window (official: 2)"),
    "heads": (int, "attention heads (official: 1)"),
    "alpha": (float, "share of CA in a layer (official: 0.5)"),
    "gap": (int, "gap of the dense shift (official: 4)"),
    "modality": (str, "what it was trained on: joint (default), bone or motion"),
}
"""What an official file does not say."""


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("convert", help="official checkpoints to files of this package and back")
    verb.add_argument("source", type=Path, help="official .pth.tar; with --to-official a folder or .safetensors file")
    verb.add_argument("out", type=Path, help="folder or .safetensors file; with --to-official the .pth.tar to write")
    verb.add_argument(
        "--half", action="store_true", help="a detector or encoder of this package as float16, to ship it"
    )
    verb.add_argument("--to-official", action="store_true", help="write a checkpoint that the official code loads")
    for name, (kind, text) in NOT_IN_FILE.items():
        verb.add_argument(f"--{name}", type=kind, help=f"{text}; an official file does not say")
    verb.add_argument(
        "--made-on", nargs="+", default=[], metavar="SET",
        help="data sets that the checkpoint was trained on (ntu60 ...), so that nobody tests on what it knows",
    )  # fmt: skip
    verb.set_defaults(run=reported("usdrl convert", run))


def run(arguments: argparse.Namespace) -> None:
    """Convert, and print what was found."""
    from usdrl_model.checkpoints import encoder_file, official  # here, because "usdrl --help" must not wait for torch

    given = {name: getattr(arguments, name) for name in NOT_IN_FILE if getattr(arguments, name) is not None}
    check_new(arguments.out)
    if arguments.half:
        if given or arguments.made_on or arguments.to_official:
            raise ValueError("--half: copies weights of this package as they are otherwise: leave other options out")
        print(_halved(arguments.source, arguments.out))
        return
    if arguments.to_official:
        if given or arguments.made_on:
            names = [*given, *(["made-on"] if arguments.made_on else [])]
            raise ValueError(f"--{', --'.join(names)}: the configuration of {arguments.source} says it already")
        model = encoder_file.read(arguments.source)
        official.write(arguments.out, model)
    else:
        model = _with_data(official.read(arguments.source, **given), arguments.made_on)
        encoder_file.write(arguments.out, model.config, model.tensors)
        assumed = [f"{name} {value}" for name, value in _choices(model).items() if name not in given]
        if assumed:
            print(f"assumed, because the file does not say: {', '.join(assumed)} (--heads N and so on say it)")
    print(f"{describe(model)}\n{arguments.out}")


def _halved(source: Path, out: Path) -> str:
    """Write a detector, or an encoder without its projectors, as float16; say what it became.

    Raises:
        ValueError: one file for a detector.
    """
    from usdrl_model.checkpoints import config_file, detector_file, encoder_file

    if config_file.kind_of(source) == "detector":
        check_folder(out)
        loaded = detector_file.load(source, "cpu")
        detector_file.save(out, loaded.trained.half(), loaded.config.stream, loaded.config.provenance)
    else:
        model = encoder_file.read(source)
        kept = model.part("backbone", "fc")
        tensors = {name: each.half() if each.is_floating_point() else each for name, each in kept.items()}
        encoder_file.write(out, replace(model.config, projectors=None), tensors)
    files = out.glob("*") if out.is_dir() else [out]
    return f"{out}: {sum(file.stat().st_size for file in files) / 1e6:.1f} MB"


def _choices(model: EncoderFile) -> dict[str, object]:
    """What an official file does not say, as it was taken."""
    encoder = model.config.encoder
    fields = {name: getattr(encoder, name) for name in NOT_IN_FILE if name != "modality"}
    if encoder.architecture == "sttr":  # which has neither
        fields = {name: value for name, value in fields.items() if name not in ("alpha", "gap")}
    return {**fields, "modality": encoder.modalities[0]}


def _with_data(model: EncoderFile, sets: list[str]) -> EncoderFile:
    """The model with the sets that it was made on, where they are given; ValueError for an unknown one."""
    if not sets:
        return model
    found = {name: catalogue.terms(catalogue.kind(name)) for name in sets}
    used = tuple(DataUsed(set=name, terms=one.text, terms_kind=one.kind) for name, one in found.items())
    made = replace(model.config.provenance, data=used, complete=True)
    return replace(model, config=replace(model.config, provenance=made))


def describe(model: EncoderFile) -> str:
    """One line: architecture, sizes and parts of a model."""
    encoder, config = model.config.encoder, model.config
    parts = [
        f"{encoder.architecture.upper()}, D {encoder.hidden}, {encoder.heads} heads",
        f"{encoder.frames} frames, {encoder.people} people, {encoder.joints} joints, {' + '.join(encoder.modalities)}",
        "projectors" if config.projectors else "no projectors",
        f"fc of {config.classes} classes" if config.classes else "no fc",
        f"{sum(tensor.numel() for tensor in model.tensors.values()):,} numbers",
        *_origin(config.provenance),
    ]
    return "; ".join(parts)


def _origin(made: Provenance) -> list[str]:
    """What is known of where it came from."""
    known = {"file": made.file, "epoch": made.epoch, "command": made.command}
    found = [f"{name} {cut(value, LINE)}" for name, value in known.items() if value not in ("", None)]
    return [*found, f"made on {summary(made)}"]
