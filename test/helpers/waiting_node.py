"""The perception node whose weights load until a file is there: ``waiting_node.py FILE``."""

import sys
import time
from pathlib import Path

from helpers.rule_detector import hand_up_weights
from usdrl_model.online.stream import ActionStream
from usdrl_ros.node.main import main


def stream(config):
    while not Path(sys.argv[1]).exists():
        time.sleep(0.01)
    return ActionStream(hand_up_weights(), topology=config.topology, states=config.states_config())


if __name__ == "__main__":
    sys.exit(main([sys.argv[0], *sys.argv[2:]], stream))
