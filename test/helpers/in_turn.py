"""``usdrl`` commands, one an argument, in turn in the processes that ``torchrun`` starts: these can join only once."""

import shlex
import sys
from contextlib import nullcontext

import torch

from usdrl_model.cli.main import main
from usdrl_model.training import distributed

if __name__ == "__main__":
    with distributed.processes(torch.device("cpu")) as joined:
        distributed.processes = lambda device: nullcontext(joined)
        sys.exit(any(main(shlex.split(command)) for command in sys.argv[1:]))
