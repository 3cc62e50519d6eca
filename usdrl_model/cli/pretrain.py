"""``usdrl pretrain``: a store and a configuration -> a pretrained model.

Several GPUs: ``torchrun --nproc-per-node 4 -m usdrl_model.cli.main pretrain --config ...``.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from usdrl_model.cli.common import add_machine, add_purpose, device, reported, training_command

if TYPE_CHECKING:
    from usdrl_model.training.pretraining.train import Report


def add_verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``train`` to the ``usdrl`` command."""
    verb = verbs.add_parser("pretrain", help="pretrain an encoder on clips without labels")
    verb.add_argument("--config", required=True, type=Path, help="YAML file of the run (config/pretrain_*.yaml)")
    verb.add_argument("--data", required=True, type=Path, help="store (usdrl data import), or a packed file of one")
    verb.add_argument("--out", required=True, type=Path, help="run folder, made where missing")
    add_machine(verb)
    add_purpose(verb)
    verb.add_argument("--resume", action="store_true", help="go on with the run in --out")
    verb.add_argument("--tensorboard", action="store_true", help="also write TensorBoard files into --out")
    verb.add_argument("overrides", nargs="*", metavar="key=value", help="changes to the configuration")
    verb.set_defaults(run=reported("usdrl pretrain", run))


def run(arguments: argparse.Namespace) -> None:
    """Pretrain, and save the model."""
    # Here and below: "usdrl --help" must not wait for torch.
    from usdrl_model import config
    from usdrl_model.data.store import Store
    from usdrl_model.training import permission
    from usdrl_model.training.distributed import processes
    from usdrl_model.training.pretraining import run_data, train
    from usdrl_model.training.pretraining.config import PretrainConfig

    logging.getLogger("usdrl_model.training").setLevel(logging.INFO)  # how long a compilation took
    run = config.apply_overrides(config.load(PretrainConfig, arguments.config), arguments.overrides)
    with processes(device(arguments)) as workers:
        train.check_early(run, arguments.out, arguments.resume)
        store = run_data.chosen(run, Store.open(arguments.data))
        command = training_command(arguments, "pretrain")
        if arguments.terms:
            permission.check_commercial(run_data.provenance(run, store, command), run_data.before(run))
        pool = run_data.pool_of(run, store)
        if workers.first:
            print(
                f"{len(pool)} clips of {', '.join(store.sets)}; {run.steps} steps of {run.batch_size} on"
                f" {workers.count} x {workers.device}, configuration {config.content_hash(run)}"
            )
        report = _tensorboard(arguments.out) if arguments.tensorboard and workers.first else _nowhere
        train.train_and_save(
            run, store, pool, arguments.out, workers, command=command, resume=arguments.resume, report=report
        )
        if workers.first:
            print(f"weights: {arguments.out / 'weights'}")


def _tensorboard(out: Path) -> Report:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ImportError("--tensorboard needs the library: pip install tensorboard") from None
    writer = SummaryWriter(str(out))

    def report(step: int, numbers: Mapping[str, float]) -> None:
        for name, value in numbers.items():
            writer.add_scalar(name.replace(" ", "_"), value, step)
        writer.flush()

    return report


def _nowhere(step: int, numbers: Mapping[str, float]) -> None:
    """Where TensorBoard is not asked for."""
