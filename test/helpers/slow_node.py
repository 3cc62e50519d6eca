"""The perception node with a model that takes its time: ``slow_node.py SECONDS WEIGHTS``.

Every inference of the first WEIGHTS weights that are loaded takes SECONDS, of later ones no time; "inf" never ends.
"""

import itertools
import sys
import threading

from helpers.rule_detector import hand_up_weights
from usdrl_model.online.stream import ActionStream
from usdrl_ros.node.main import main

seconds, slow_weights = float(sys.argv[1]), float(sys.argv[2])
loaded = itertools.count()


class SlowStream(ActionStream):
    """A stream whose model sleeps."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.slow = next(loaded) < slow_weights

    def infer(self):
        if self.slow:
            threading.Event().wait(None if seconds == float("inf") else seconds)
        return super().infer()


if __name__ == "__main__":
    arguments = [sys.argv[0], *sys.argv[3:]]
    sys.exit(main(arguments, lambda config: SlowStream(hand_up_weights(), topology=config.topology)))
