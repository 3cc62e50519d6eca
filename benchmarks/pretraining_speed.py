"""Clips a second of pretraining, and their share of what the device multiplies, on whatever device there is.

The official recipe (``config/pretrain_official_tpami.yaml``) on random views, beside the official formula restated:
three attentions a layer, the views one after another, Adam without a fused kernel. The share is of the fastest large
matrix product measured on the same device in the same precision; a row counts the products that it does::

    python benchmarks/pretraining_speed.py                                        # small on a CPU, a minute
    python benchmarks/pretraining_speed.py --device cuda --encoder base --batch 178
    python benchmarks/pretraining_speed.py --device cuda --encoder base --executions eager compile
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from usdrl_model import config
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.cli.common import device_name
from usdrl_model.files import markdown
from usdrl_model.network.device import choose_device, float32_products
from usdrl_model.network.initialise import initialise
from usdrl_model.network.official_formula import published
from usdrl_model.network.presets import preset
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining import execution, train, updates
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.losses import multi_grained
from usdrl_model.training.pretraining.meter import peak_flops, training_flops
from usdrl_model.training.pretraining.per_view_batchnorm import normalise_per_view

RECIPE = Path(__file__).parents[1] / "config" / "pretrain_official_tpami.yaml"
WARM_UP = 2
"""Steps before the measured ones."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Clips a second of pretraining, and their share of the device.")
    parser.add_argument("--device", default="auto", type=device_name, help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--encoder", default="small", help="preset (default: small)")
    parser.add_argument("--batch", type=int, help="clips a step (default: 8 on a CPU, 178 on a GPU)")
    parser.add_argument("--steps", type=int, default=5, help="measured steps of each row (default: 5)")
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"], help="and tf32 on a GPU")
    parser.add_argument(
        "--executions", nargs="+", default=["eager"], help="of eager, compile and cuda_graph (default: eager)"
    )
    options = parser.parse_args(arguments)
    device = choose_device(options.device)
    batch = options.batch or (178 if device.type == "cuda" else 8)
    base = replace(config.load(PretrainConfig, RECIPE), encoder=preset(options.encoder), batch_size=batch)
    torch.manual_seed(0)
    shape = (base.views.count, batch, base.encoder.frames, base.encoder.people, base.encoder.joints, 3)
    x = 0.3 * torch.randn(shape, device=device)
    rows = []
    for precision in options.precisions:
        run = replace(base, precision=precision)
        rows.append(measured("official formula", run, x, options.steps, official_step(run, x), official=True))
        for how in options.executions:
            rows.append(_ours(replace(run, execution=how), x, options.steps))
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{options.encoder}, batch {batch}, {base.views.count} views, {name}, torch {torch.__version__}\n")
    columns = [
        "",
        "precision",
        "clips/s",
        "s a step",
        "GFLOP a clip",
        "share of the device",
        "ready after, s",
        "peak GiB",
    ]
    print(markdown.table(columns, rows))
    return 0


def _ours(run: PretrainConfig, x: Tensor, steps: int) -> list[str]:
    name = f"ours, {run.execution}"
    try:
        execution.check(run, Processes(0, 1, x.device))
        return measured(name, run, x, steps, our_step(run, x))
    except ValueError as error:
        return [name, run.precision, f"not here: {error}", *[""] * 5]


def measured(
    name: str, run: PretrainConfig, x: Tensor, steps: int, make: Callable[[], Callable[[int], object]],
    official: bool = False,
) -> list[str]:  # fmt: skip
    """A row of the table: ``make`` gives what does a step."""
    device = x.device
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    with float32_products(run.precision == "tf32"):
        peak = peak_flops(device, execution.dtype(run))
        began = time.perf_counter()
        step = make()
        for number in range(WARM_UP):
            step(number)
        _wait(device)
        ready = time.perf_counter() - began
        began = time.perf_counter()
        for number in range(steps):
            step(WARM_UP + number)
        _wait(device)
        seconds = (time.perf_counter() - began) / steps
    memory = f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f}" if device.type == "cuda" else ""
    counted = lambda: published(_shaped(run)) if official else _shaped(run)  # noqa: E731
    flops = run.views.count * training_flops(counted, run.encoder)
    clips = run.batch_size / seconds
    return [name, run.precision, f"{clips:.1f}", f"{seconds:.4f}", f"{flops / 1e9:.1f}",
            f"{100 * clips * flops / peak:.0f} %", f"{ready:.0f}", memory]  # fmt: skip


def our_step(run: PretrainConfig, x: Tensor) -> Callable[[], Callable[[int], object]]:
    """Steps as ``usdrl pretrain`` does them, without clips to fetch and views to make."""

    def make() -> Callable[[int], object]:
        model, workers = _model(run, x.device), Processes(0, 1, x.device)
        normalise_per_view(model, run.views.count)
        network = execution.compiled(model) if run.execution == "compile" else model
        optimiser = execution.optimiser_of(run, model)
        whole = train.prepared(run, x, model, network, optimiser, workers, None)
        feeder = None
        return lambda number: updates.update(run, number, [x], network, optimiser, workers, feeder, None, None, whole)

    return make


def official_step(run: PretrainConfig, x: Tensor) -> Callable[[], Callable[[int], object]]:
    """Steps by the official formula: a view after another, three attentions a layer, Adam as it is."""

    def make() -> Callable[[int], object]:
        model = published(_model(run, x.device))
        optimiser = torch.optim.Adam(model.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)

        def step(number: int) -> None:
            optimiser.zero_grad()
            with torch.autocast(x.device.type, torch.bfloat16, enabled=run.precision == "bfloat16"):
                found = [model(view) for view in x]
            z = {grain: torch.stack([one[grain].float() for one in found]) for grain in found[0]}
            torch.stack(list(multi_grained(run.loss.chosen, z).values())).sum().backward()
            optimiser.step()

        return step

    return make


def _model(run: PretrainConfig, device: torch.device) -> USDRL:
    model = _shaped(run)
    initialise(model, torch.Generator().manual_seed(0))
    return model.to(device).train()


def _shaped(run: PretrainConfig) -> USDRL:
    return USDRL(run.encoder, run.projectors)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    sys.exit(main())
