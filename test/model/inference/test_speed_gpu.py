"""The bench of a GPU, on the CPU: stand-ins for graphs and for the timer, everything else as it is."""

from collections.abc import Callable

import pytest
import torch

from usdrl_model.inference import speed, speed_gpu
from usdrl_model.inference.cuda_graphs import Function, Tensors
from usdrl_model.network.config import EncoderConfig

CONFIG = EncoderConfig(hidden=32, frames=16, people=1)


def capture(function: Function, inputs: Tensors) -> tuple[Tensors, Callable[[], None]]:
    outputs = tuple(torch.full_like(part, torch.nan) for part in function(*inputs))

    def replay() -> None:
        for output, part in zip(outputs, function(*inputs), strict=True):
            output.copy_(part)

    return outputs, replay


def test_every_variant_and_batch_is_measured_in_turns_and_compared() -> None:
    calls: list[int] = []

    def timer(call: Callable[[], object]) -> tuple[float, float]:
        call()
        calls.append(1)
        return 1e-3 * len(calls), 2e-3 * len(calls)

    encoder, x = speed.random_encoder(CONFIG), speed.windows(CONFIG, 3)
    rows, left_out = speed_gpu.bench(encoder, x, batches=(1, 3), rounds=3, timer=timer, capture=capture)
    names = ["plain", "folded", "folded, graph", "bf16", "bf16, graph"]
    assert [(row.variant, row.batch) for row in rows] == [(name, batch) for batch in (1, 3) for name in names]
    assert "tf32 is a format of NVIDIA GPUs" in left_out["tf32"]
    assert len(calls) == 2 * 5 * (speed.WARM_UP + 3)
    # In turns: of five variants, the median of rounds 3 to 5 is call 15 + 1 of the first.
    assert rows[0].device_ms == pytest.approx(16.0)
    assert rows[1].device_ms == pytest.approx(17.0)
    for row in rows:
        assert row.wall_ms == pytest.approx(2 * row.device_ms)
        assert row.windows_a_second == pytest.approx(1e3 * row.batch / row.wall_ms)
        assert (row.max_abs_error < 5e-6) == ("bf16" not in row.variant)
        assert row.min_cosine > 0.999
    assert "| folded, graph | 3 |" in speed_gpu.table(rows)


def test_a_gpu_is_not_measured_with_too_few_windows() -> None:
    with pytest.raises(ValueError, match="largest batch"):
        speed_gpu.bench(speed.random_encoder(CONFIG), speed.windows(CONFIG, 1), batches=[2], rounds=1, capture=capture)
