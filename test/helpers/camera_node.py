"""The camera node with an estimator that reads colours."""

import sys

from helpers.filmed import ColourEstimator
from usdrl_ros.camera.main import main

if __name__ == "__main__":
    sys.exit(main(factory=lambda config: ColourEstimator()))
