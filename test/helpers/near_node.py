"""The perception node with two models whose answers are known, and with a tf2_ros in small."""

import sys

from helpers import tf_tree
from helpers.near_detector import near_weights
from helpers.rule_detector import hand_up_weights
from usdrl_model.online.stream import ActionStream
from usdrl_ros.node.main import main

if __name__ == "__main__":
    sys.modules["tf2_ros"] = tf_tree.module()
    sys.exit(
        main(
            stream_factory=lambda config: ActionStream(
                hand_up_weights(), topology=config.topology, states=config.states_config(), pairs=near_weights()
            )
        )
    )
