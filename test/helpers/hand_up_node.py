"""The perception node with a model whose answers are known: "hand_up" wherever the right hand is above the head."""

import sys

from helpers.rule_detector import hand_up_weights
from usdrl_model.online.stream import ActionStream
from usdrl_ros.node.main import main

if __name__ == "__main__":
    sys.exit(
        main(
            stream_factory=lambda config: ActionStream(
                hand_up_weights(), topology=config.topology, states=config.states_config()
            )
        )
    )
