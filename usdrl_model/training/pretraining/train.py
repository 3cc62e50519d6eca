"""Pretraining of the encoder on clips without labels: views of a clip have to agree, and features to be decorrelated.

    usdrl pretrain --config config/pretrain_mild.yaml --data stores --out runs/mild
    torchrun --nproc-per-node 4 -m usdrl_model.cli.main pretrain --config ... --data ... --out ...

A run folder holds ``training.pt`` (what ``--resume`` needs) and the one before, ``loss.csv``, ``loss.png`` and, at
the end, the model ``weights/``. Stop it at any time; ``--resume`` goes on as if nothing had happened (bit-identical on
the CPU), because every random number is a function of the seed and the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from usdrl_model import config
from usdrl_model.checkpoints.pretrained_models import USDRL, find_encoder, load_encoder
from usdrl_model.data.store import Store
from usdrl_model.inference.cuda_graphs import captured
from usdrl_model.network.device import float32_products
from usdrl_model.network.initialise import initialise
from usdrl_model.progress import progress
from usdrl_model.training import model_card
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining import execution, updates
from usdrl_model.training.pretraining.batches import Feeder
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.distil import Student, Teacher
from usdrl_model.training.pretraining.execution import GraphedStep
from usdrl_model.training.pretraining.loss_log import CollapseError, LossLog
from usdrl_model.training.pretraining.meter import Meter, forward_flops, peak_flops, training_flops
from usdrl_model.training.pretraining.nearest_neighbours import NeighbourBank
from usdrl_model.training.pretraining.per_view_batchnorm import normalise_per_view
from usdrl_model.training.pretraining.run_data import provenance
from usdrl_model.training.run_folder import SETTINGS, RunState, write_losses

CAPTURE: execution.Capture = captured
READ_EVERY = 10
"""Steps between two readings of the losses; each makes a GPU wait."""

Report = Callable[[int, Mapping[str, float]], None]
"""Takes the step and its numbers."""


def train(
    run: PretrainConfig,
    pool: ClipPool,
    out: Path,
    workers: Processes,
    *,
    resume: bool = False,
    report: Report = lambda step, numbers: None,
) -> USDRL | Student:
    """Pretrain and return the model, in evaluation mode; the same on every process.

    Args:
        run: the configuration.
        pool: clips to train on.
        out: run folder; made where missing.
        workers: the processes that share every batch.
        resume: go on from the state in ``out``.
        report: called with the numbers of every ``READ_EVERY``-th step.

    Raises:
        FileExistsError: ``out`` holds a run already and ``resume`` is off.
        FileNotFoundError: ``resume`` without a run in ``out``.
        BlockingIOError: another process trains in ``out``.
        OSError: the state cannot be saved, for example on a full disk; the one before is intact.
        ValueError: the run in ``out`` has another configuration, clips, initial weights or teacher, its states are
            damaged, the batch does not fit clips or processes, or the device cannot execute it as configured.
        CollapseError: the loss is not finite or exploded, or features became the same; the last good state is kept.
    """
    execution.check(run, workers)
    state = run_state(run, pool, out)
    state.check(resume)
    alone = state.alone(resume) if workers.first else nullcontext()
    with alone, float32_products(run.precision == "tf32"):
        return _run(run, pool, out, workers, state, resume, report)


def train_and_save(
    run: PretrainConfig,
    clips: Store,
    pool: ClipPool,
    out: Path,
    workers: Processes,
    *,
    command: str,
    resume: bool = False,
    report: Report = lambda step, numbers: None,
) -> USDRL | Student:
    """As ``train``; the model is then also in ``out/weights``.

    Its provenance names ``clips``, of which ``pool`` was made, and the ``command`` that makes it.
    """
    made = provenance(run, clips, command)  # before the work: of the code and the store as they are now
    model = train(run, pool, out, workers, resume=resume, report=report)
    if workers.first:
        model.save_pretrained(out / "weights", made)
        model_card.write(out / "weights")
    return model


def _run(
    run: PretrainConfig, pool: ClipPool, out: Path, workers: Processes, state: RunState, resume: bool, report: Report
) -> USDRL | Student:
    device = workers.device
    feeder = Feeder(run, pool, workers)
    teacher = Teacher(run.teacher, run.encoder, device, execution.dtype(run)) if run.teacher else None
    model = _built(run, teacher)
    initialise(model, torch.Generator().manual_seed(run.seed))
    if run.init_from and not resume:
        model.backbone.load_state_dict(load_encoder(run.init_from, run.encoder).state_dict())
    normalise_per_view(model, run.views.count)
    model.to(device).train()
    optimiser = execution.optimiser_of(run, model)
    log, first = LossLog(), 0
    bank = NeighbourBank(len(pool), run.neighbours) if run.neighbours.weight else None
    if resume:
        saved = state.load()
        if bank is not None:
            bank.features = saved["bank"].to(device)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        execution.settle(run, optimiser)
        log.values, first = {name: values.tolist() for name, values in saved["losses"].items()}, saved["step"]
    network: torch.nn.Module = execution.compiled(model) if run.execution == "compile" else model
    network = DistributedDataParallel(network) if workers.count > 1 else network
    whole: GraphedStep | None = None
    meter: Meter | None = None

    bar = progress(total=run.steps, initial=first, unit="step", disable=not workers.first)
    try:
        for step, batch in enumerate(feeder.batches(first), start=first):
            if meter is None:
                whole = prepared(run, batch[0], model, network, optimiser, workers, teacher)
                meter = _meter(run, workers, teacher, feeder.waited)
            log.add(updates.update(run, step, batch, network, optimiser, workers, feeder, bank, teacher, whole))
            done = step + 1
            saving = done % run.save_every == 0 or done == run.steps
            if done % READ_EVERY == 0 or saving:
                log.read()
                figures = meter.read(done - first, feeder.waited)
                report(step, {**log.last, **figures})
                bar.set_postfix_str(_shown(log.last["loss"], figures), refresh=False)
            if saving and workers.first:
                losses = {name: torch.tensor(values, dtype=torch.float64) for name, values in log.values.items()}
                contents: dict[str, Any] = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
                if bank is not None:
                    contents["bank"] = bank.features
                state.save({"step": done, "losses": losses, **contents})
            bar.update()
    except (CollapseError, KeyboardInterrupt):
        _write(log, out, workers)
        raise
    finally:
        bar.close()
    _write(log, out, workers)
    return model.eval()


def check_early(run: PretrainConfig, out: Path, resume: bool) -> None:
    """Refuse a folder in which a run can neither begin nor go on, before its clips are read; errors as ``train``."""
    _state(run, out, {}).check_early(resume)


def run_state(run: PretrainConfig, pool: ClipPool, out: Path) -> RunState:
    """The state in a run folder, which belongs to a configuration, to clips, and to the weights that it names."""
    return _state(run, out, {"data": pool.hash})


def _state(run: PretrainConfig, out: Path, data: Mapping[str, str]) -> RunState:
    """When states are written and where clips lie change no result, so that a run may go on with others of these."""
    deciding = replace(run, save_every=1, data=replace(run.data, on_device=True))
    made_of = {SETTINGS: config.content_hash(deciding), **data}
    for part, source in (("weights in init_from", run.init_from), ("weights of the teacher", run.teacher)):
        if source:
            made_of[part] = find_encoder(source).hash
    return RunState(out, made_of, config.to_dict(deciding))


def prepared(
    run: PretrainConfig,
    x: Tensor,
    model: torch.nn.Module,
    network: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    workers: Processes,
    teacher: Teacher | None,
) -> GraphedStep | None:
    """Compile or capture, on views (K, N, T, M, V, 3); errors as ``execution.rehearse``."""
    if run.execution == "eager":
        return None
    execution.rehearse(run, model, lambda: updates.gradients(run, x, network, workers, teacher))
    if run.execution == "compile":
        return None
    whole = lambda x: updates.whole_update(run, x, network, optimiser, workers, teacher)  # noqa: E731
    return GraphedStep(whole, optimiser, x, CAPTURE)


def _write(log: LossLog, out: Path, workers: Processes) -> None:
    if workers.first and log.values:
        write_losses(log.values, out)


def _built(run: PretrainConfig, teacher: Teacher | None) -> USDRL | Student:
    return Student(run.encoder, teacher.encoder.config) if teacher else USDRL(run.encoder, run.projectors)


def _meter(run: PretrainConfig, workers: Processes, teacher: Teacher | None, waited: float) -> Meter:
    windows = run.batch_size // workers.count * run.views.count
    flops = training_flops(lambda: _built(run, teacher), run.encoder)
    if teacher is not None:
        flops += forward_flops(teacher.encoder.config)
    return Meter(run.batch_size, windows * flops, peak_flops(workers.device, execution.dtype(run)), waited)


def _shown(loss: float, figures: Mapping[str, float]) -> str:
    return (
        f"loss {loss:.3f}, {figures['clips/s']:.0f} clips/s, MFU {100 * figures['MFU']:.0f} %,"
        f" waiting {100 * figures['waiting']:.0f} %"
    )
