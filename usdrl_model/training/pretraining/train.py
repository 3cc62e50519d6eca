"""Pretraining of the encoder on clips without labels: views of a clip have to agree, and features to be decorrelated.

    usdrl pretrain --config config/pretrain_mild.yaml --data stores --out runs/mild
    torchrun --nproc-per-node 4 -m usdrl_model.cli.main pretrain --config ... --data ... --out ...

A run folder holds ``training.pt`` (what ``--resume`` needs) and the one before, ``loss.csv``, ``loss.png`` and, at
the end, the model ``weights/``. Stop it at any time; ``--resume`` goes on as if nothing had happened (bit-identical on
the CPU), because every random number is a function of the seed and the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from usdrl_model import config
from usdrl_model.checkpoints.pretrained_models import USDRL, load_encoder
from usdrl_model.data.store import Store
from usdrl_model.network.initialise import initialise
from usdrl_model.progress import progress
from usdrl_model.training import model_card
from usdrl_model.training.distributed import Processes, gather
from usdrl_model.training.pretraining.batches import NETWORK, Feeder, seed_of
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.distil import CLIP, Student, Teacher
from usdrl_model.training.pretraining.loss_log import SPREAD, CollapseError, LossLog
from usdrl_model.training.pretraining.losses import multi_grained
from usdrl_model.training.pretraining.meter import Meter, peak_flops, training_flops
from usdrl_model.training.pretraining.nearest_neighbours import GRAIN, NeighbourBank
from usdrl_model.training.pretraining.per_view_batchnorm import normalise_per_view
from usdrl_model.training.pretraining.run_data import provenance
from usdrl_model.training.run_folder import RunState, risen, schedule, write_losses

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
        ValueError: the run in ``out`` has another configuration or other clips, its states are damaged, or the batch
            does not fit clips or processes.
        CollapseError: the loss is not finite or exploded, or features became the same; the last good state is kept.
    """
    state = run_state(run, pool, out)
    state.check(resume)
    with state.alone(resume) if workers.first else nullcontext():
        return _trained(run, pool, out, workers, state, resume, report)


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


def _trained(
    run: PretrainConfig, pool: ClipPool, out: Path, workers: Processes, state: RunState, resume: bool, report: Report
) -> USDRL | Student:
    device = workers.device
    feeder = Feeder(run, pool, workers)
    teacher = Teacher(run.teacher, run.encoder, device, _dtype(run)) if run.teacher else None
    model = Student(run.encoder, teacher.encoder.config) if teacher else USDRL(run.encoder, run.projectors)
    initialise(model, torch.Generator().manual_seed(run.seed))
    if run.init_from and not resume:
        model.backbone.load_state_dict(load_encoder(run.init_from, run.encoder).state_dict())
    normalise_per_view(model, run.views.count)
    model.to(device).train()
    optimiser = _optimiser(run, model)
    log, first = LossLog(), 0
    bank = NeighbourBank(len(pool), run.neighbours) if run.neighbours.weight else None
    if resume:
        saved = state.load()
        if bank is not None:
            bank.features = saved["bank"].to(device)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        log.values, first = {name: values.tolist() for name, values in saved["losses"].items()}, saved["step"]
    network = DistributedDataParallel(model) if workers.count > 1 else model
    meter = _meter(run, workers)

    bar = progress(total=run.steps, initial=first, unit="step", disable=not workers.first)
    try:
        for step, batch in enumerate(feeder.batches(first), start=first):
            log.add(_step(run, step, batch, network, optimiser, workers, feeder, bank, teacher))
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


def run_state(run: PretrainConfig, pool: ClipPool, out: Path) -> RunState:
    """The state in a run folder, which belongs to a configuration and to clips."""
    return RunState(out, f"{config.content_hash(run)} on {pool.hash}")


def _step(
    run: PretrainConfig,
    step: int,
    batch: list[Tensor],
    network: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    workers: Processes,
    feeder: Feeder,
    bank: NeighbourBank | None,
    teacher: Teacher | None,
) -> dict[str, Tensor]:
    """One update from the parts (K, N, T, M, V, 3) of a batch; the numbers of the step."""
    for group in optimiser.param_groups:
        group["lr"] = run.learning_rate * _learning_rate(run, step)
    optimiser.zero_grad()
    numbers: dict[str, Tensor] = {}
    for part, x in enumerate(batch):
        torch.manual_seed(seed_of(run.seed, NETWORK, step, part, workers.rank))
        last = part == len(batch) - 1
        with _unsynchronised(network, last):
            with torch.autocast(workers.device.type, torch.bfloat16, enabled=run.precision == "bfloat16"):
                projected = network(x.flatten(0, 1), _shares(run, x))
            if teacher is not None:
                terms = teacher.terms(projected, x.flatten(0, 1))
                projected = {CLIP: projected[CLIP]}
            z = {grain: _all_views(features, run.views.count) for grain, features in projected.items()}
            if teacher is None:
                terms = multi_grained(run.loss.chosen, z)
            if bank is not None:
                rows = feeder.clips(step, part).to(workers.device)
                terms["neighbours"] = bank.loss(z[GRAIN], rows, step / run.steps)
            loss = torch.stack(list(terms.values())).sum()
            (loss / len(batch)).backward()
        spreads = {f"{SPREAD}{grain}": run.loss.chosen.spread(features.detach()) for grain, features in z.items()}
        for name, value in {"loss": loss, **terms, **spreads}.items():
            numbers[name] = numbers.get(name, 0.0) + value.detach() / len(batch)
    limit = run.max_grad_norm or float("inf")
    numbers["gradient norm"] = torch.nn.utils.clip_grad_norm_(network.parameters(), limit)
    optimiser.step()
    return numbers


def _all_views(features: Tensor, views: int) -> Tensor:
    """(K * N, D) of this process -> (K, N, D) of all processes, float32."""
    return gather(features.float().unflatten(0, (views, -1)), dim=1)


def _shares(run: PretrainConfig, x: Tensor) -> Tensor | None:
    """(K * N, modalities): what each view sees. The anchor, the last view, sees all; None: all views do."""
    modalities = len(run.encoder.modalities)
    if modalities == 1 or run.modal_views == "all":
        return None
    views, clips = x.shape[:2]
    shares = torch.eye(modalities, device=x.device)[torch.arange(views, device=x.device) % modalities]
    shares[-1] = 1.0 / modalities
    return shares.repeat_interleave(clips, dim=0)


def _write(log: LossLog, out: Path, workers: Processes) -> None:
    if workers.first and log.values:
        write_losses(log.values, out)


def _optimiser(run: PretrainConfig, model: torch.nn.Module) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if run.optimiser == "adamw" else torch.optim.Adam
    return kind(model.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)


def _learning_rate(run: PretrainConfig, step: int) -> float:
    """Share of the peak."""
    if not run.lr_milestone:
        return schedule(step, run.steps, run.warmup_fraction)
    return risen(step, run.steps, run.warmup_fraction) * (0.1 if step >= run.lr_milestone * run.steps else 1.0)


def _unsynchronised(network: torch.nn.Module, last: bool) -> AbstractContextManager[None]:
    """Processes exchange gradients once a step, after its last part."""
    if isinstance(network, DistributedDataParallel) and not last:
        return network.no_sync()
    return nullcontext()


def _meter(run: PretrainConfig, workers: Processes) -> Meter:
    windows = run.batch_size // workers.count * run.views.count
    flops = windows * training_flops(run.encoder, run.projectors)
    return Meter(run.batch_size, flops, peak_flops(workers.device, _dtype(run)))


def _dtype(run: PretrainConfig) -> torch.dtype:
    return torch.bfloat16 if run.precision == "bfloat16" else torch.float32


def _shown(loss: float, figures: Mapping[str, float]) -> str:
    return (
        f"loss {loss:.3f}, {figures['clips/s']:.0f} clips/s, MFU {100 * figures['MFU']:.0f} %,"
        f" waiting {100 * figures['waiting']:.0f} %"
    )
