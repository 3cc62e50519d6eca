"""The end of a process at a signal, whatever its main thread does just then."""

import signal
import subprocess
import sys
import time

import pytest
from helpers.paths import ROOT

WAITING = """
import os, signal, sys, time
from usdrl_ros.processes.stopping import Stop

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # where the tests themselves run under nohup

def signalled(frame, event, argument):
    inside = frame.f_code.co_name == "wait" and "waiter" in frame.f_locals  # the event's lock is held
    if inside and event == "line":
        sys.settrace(None)
        frame.f_trace = None
        os.kill(os.getpid(), int(sys.argv[1]))
        os.kill(os.getpid(), int(sys.argv[1]))
    return signalled

stop = Stop()
sys.settrace(signalled)
stop.wait()
print("closes", flush=True)
time.sleep(float(sys.argv[2]))
print("closed", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("closing", "told"), [(0.0, ["closes", "closed"]), (60.0, ["closes"])])
def test_a_signal_between_two_steps_of_waiting_ends_it(number, closing, told):
    before = time.monotonic()
    command = [sys.executable, "-c", WAITING, str(int(number)), str(closing)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20.0, check=False)
    assert (ended.stdout.split(), ended.returncode) == (told, 0), ended.stderr
    assert time.monotonic() - before < 10.0


UNDER_NOHUP = """
import os, signal
from usdrl_ros.processes.stopping import Stop, end_at_signal

end_at_signal()
os.kill(os.getpid(), signal.SIGHUP)
stop = Stop()
os.kill(os.getpid(), signal.SIGHUP)
print("goes on" if not stop.wait(0.3) else "ends", flush=True)
"""


def test_under_nohup_the_end_of_a_session_ends_nothing():
    command = ["nohup", sys.executable, "-c", UNDER_NOHUP]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20.0, check=False)
    assert (done.stdout.strip(), done.returncode) == ("goes on", 0), done.stderr
