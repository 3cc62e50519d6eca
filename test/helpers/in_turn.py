"""``usdrl`` commands, one an argument, in turn in the processes that ``torchrun`` starts: these can join only once.

Their losses are not drawn, which takes longer than tiny runs.
"""

import shlex
import sys
from contextlib import nullcontext

import torch

from usdrl_model.cli.main import main
from usdrl_model.training import distributed, run_folder

if __name__ == "__main__":
    run_folder.draw_losses = lambda file, losses: None
    with distributed.processes(torch.device("cpu")) as joined:
        distributed.processes = lambda device: nullcontext(joined)
        sys.exit(any(main(shlex.split(command)) for command in sys.argv[1:]))
