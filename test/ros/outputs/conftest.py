"""The publishers of the node, without a node: what tests give them is heard by the peer."""

import pytest


@pytest.fixture
def outputs(peer):
    from helpers.results import FRAMES, MODEL

    from usdrl_ros.outputs.publishers import Outputs

    outputs = Outputs(peer.node, MODEL, FRAMES, ["wave", "pick up"], period=0.5)
    yield outputs
    outputs.destroy()
