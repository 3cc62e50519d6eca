"""One update of pretraining: views of a batch -> loss -> gradients -> weights, and the numbers that are logged.

Letters: K views, N clips, T frames, M people, V joints, D features.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from usdrl_model.training.distributed import Processes, gather
from usdrl_model.training.pretraining import execution
from usdrl_model.training.pretraining.batches import NETWORK, Feeder, seed_of
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.distil import CLIP, Teacher
from usdrl_model.training.pretraining.execution import GraphedStep
from usdrl_model.training.pretraining.loss_log import SPREAD
from usdrl_model.training.pretraining.losses import multi_grained
from usdrl_model.training.pretraining.nearest_neighbours import GRAIN, NeighbourBank
from usdrl_model.training.run_folder import risen, schedule


def update(
    run: PretrainConfig,
    step: int,
    batch: list[Tensor],
    network: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    workers: Processes,
    feeder: Feeder,
    bank: NeighbourBank | None,
    teacher: Teacher | None,
    whole: GraphedStep | None = None,
) -> dict[str, Tensor]:
    """One update from the parts (K, N, T, M, V, 3) of a batch, or from one by ``whole``; the numbers of the step."""
    execution.set_rate(optimiser, run.learning_rate * _learning_rate(run, step))
    if whole is not None:
        torch.manual_seed(seed_of(run.seed, NETWORK, step, 0, workers.rank))
        return whole(batch[0])
    optimiser.zero_grad()
    numbers: dict[str, Tensor] = {}
    for part, x in enumerate(batch):
        torch.manual_seed(seed_of(run.seed, NETWORK, step, part, workers.rank))
        with _unsynchronised(network, part == len(batch) - 1):
            beside = None
            if bank is not None:
                rows = feeder.clips(step, part).to(workers.device)
                beside = lambda z, rows=rows: bank.loss(z[GRAIN], rows, step / run.steps)  # noqa: E731
            found = gradients(run, x, network, workers, teacher, beside, parts=len(batch))
        for name, value in found.items():
            numbers[name] = numbers.get(name, 0.0) + value / len(batch)
    return {**numbers, **_apply(run, network, optimiser)}


def whole_update(
    run: PretrainConfig,
    x: Tensor,
    network: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    workers: Processes,
    teacher: Teacher | None,
) -> dict[str, Tensor]:
    """One update from a batch of one part; the numbers of the step."""
    return {**gradients(run, x, network, workers, teacher), **_apply(run, network, optimiser)}


def gradients(
    run: PretrainConfig,
    x: Tensor,
    network: torch.nn.Module,
    workers: Processes,
    teacher: Teacher | None,
    beside: Callable[[dict[str, Tensor]], Tensor] | None = None,
    parts: int = 1,
) -> dict[str, Tensor]:
    """Add the gradients of one of so many parts (K, N, T, M, V, 3); its numbers. ``beside``: a loss of neighbours."""
    with torch.autocast(workers.device.type, torch.bfloat16, enabled=run.precision == "bfloat16"):
        projected = network(x.flatten(0, 1), shares(run, x))
    if teacher is not None:
        terms = teacher.terms(projected, x.flatten(0, 1))
        projected = {CLIP: projected[CLIP]}
    z = {grain: _all_views(features, run.views.count) for grain, features in projected.items()}
    if teacher is None:
        terms = multi_grained(run.loss.chosen, z)
    if beside is not None:
        terms["neighbours"] = beside(z)
    loss = torch.stack(list(terms.values())).sum()
    (loss / parts).backward()
    spreads = {f"{SPREAD}{grain}": run.loss.chosen.spread(features.detach()) for grain, features in z.items()}
    return {name: value.detach() for name, value in {"loss": loss, **terms, **spreads}.items()}


def _apply(run: PretrainConfig, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Update the weights; the norm of the gradient."""
    limit = run.max_grad_norm or float("inf")
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), limit)
    optimiser.step()
    return {"gradient norm": norm}


def _all_views(features: Tensor, views: int) -> Tensor:
    """(K * N, D) of this process -> (K, N, D) of all processes, float32."""
    return gather(features.float().unflatten(0, (views, -1)), dim=1)


def shares(run: PretrainConfig, x: Tensor) -> Tensor | None:
    """(K * N, modalities): what each view sees. The anchor, the last view, sees all; None: all views do."""
    modalities = len(run.encoder.modalities)
    if modalities == 1 or run.modal_views == "all":
        return None
    views, clips = x.shape[:2]
    weights = torch.eye(modalities, device=x.device)[torch.arange(views, device=x.device) % modalities]
    weights[-1] = 1.0 / modalities
    return weights.repeat_interleave(clips, dim=0)


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
