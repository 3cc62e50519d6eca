"""``usdrl finetune``: a store and a configuration -> a detector, scored on held-out people."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from usdrl_model.cli.common import add_machine, add_purpose, device, reported, training_command
from usdrl_model.files.atomic_file import write_text


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("finetune", help="train a detector on labelled recordings")
    verb.add_argument("--config", required=True, type=Path, help="YAML file of the run (config/finetune_*.yaml)")
    verb.add_argument("--data", type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="run folder, made where missing")
    add_machine(verb)
    add_purpose(verb)
    verb.add_argument("--resume", action="store_true", help="go on with the run in --out")
    verb.add_argument("overrides", nargs="*", metavar="key=value", help="changes to the configuration")
    verb.set_defaults(run=reported("usdrl finetune", run))


def run(arguments: argparse.Namespace) -> None:
    """Train, save the weights and print the score on the validation people."""
    import torch  # here, because "usdrl --help" must not wait for it

    from usdrl_model import config
    from usdrl_model.checkpoints import detector_file
    from usdrl_model.data import content_check
    from usdrl_model.evaluation import detection_scores
    from usdrl_model.training import model_card, permission
    from usdrl_model.training.finetuning import init_from, labels, run_data, sources, train
    from usdrl_model.training.finetuning.config import FinetuneConfig
    from usdrl_model.training.finetuning.mixture import laid

    settings = config.apply_overrides(config.load(FinetuneConfig, arguments.config), arguments.overrides)
    settings = labels.filled(settings)
    where = device(arguments)
    store = sources.open_store(settings.sources, arguments.data)
    command = training_command(arguments, "finetune")
    made = init_from.provenance(settings, store, command)  # before the work: it reads the weights of the start
    if arguments.terms:
        permission.check_commercial(made, init_from.inherited(settings))
    train.check_early(settings, arguments.out, arguments.resume)
    given = run_data.recordings(settings, store)
    for source, recordings in zip(settings.sources, given, strict=True):
        chosen = content_check.spread(len(recordings), content_check.RECORDINGS)
        print(f"{source.name}: {content_check.look(recordings[index] for index in chosen).line()}")
        if store is not None and source.name in store.sets and store.dtype(source.name) == "float16":
            print(f"{source.name}: the store keeps it in float16, joints within 1 mm of the published ones")
    held_out = run_data.held_out(settings, given)  # before the work: it may refuse people
    mixture = run_data.mixture(settings, given)
    validation = run_data.validation(settings, held_out)
    size, name = len(mixture.windows), config.content_hash(settings)
    print(f"{size} windows, {settings.steps} steps on {where}, {torch.get_num_threads()} threads, run {name}")
    detector = train.train(
        settings, mixture, arguments.out, device=where, resume=arguments.resume, validation=validation
    )

    folder = arguments.out / "weights"
    detector_file.save(folder, detector, settings.stream, made)
    model_card.write(folder)
    print(f"weights: {folder}")
    if validation is not None:
        first = settings.sources[0]
        if first.window == "clip":
            scores = detection_scores.recognition(detector, validation)
        else:
            live = laid(first, held_out, settings.detector, settings.seed)
            scores = detection_scores.detection(detector_file.load(folder, "cpu"), live)
        write_text(arguments.out / "validation.json", json.dumps(scores, indent=2, allow_nan=False) + "\n")
        print(result := detection_scores.summary(scores))
        people = f"{first.name}, validation subjects {', '.join(settings.validation_subjects)}"
        score = model_card.Score(of=people, result=result, command=command)
        model_card.write(folder, replace(model_card.notes_of(folder), scores=(score,)))
