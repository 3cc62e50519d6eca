"""Training runs without their picture of losses, which takes longer to draw than a tiny run takes to train."""

import pytest

from usdrl_model.training import run_folder


@pytest.fixture(autouse=True)
def losses_undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """``loss.png`` is there, and empty."""
    if "losses_drawn" not in request.fixturenames:
        monkeypatch.setattr(run_folder, "draw_losses", lambda file, losses: None)


@pytest.fixture
def losses_drawn() -> None:
    """For tests that look at ``loss.png``."""
