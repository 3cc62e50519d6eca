"""Something that is done again and again beside a test."""

import threading


class Repeating:
    """Does something 15 times a second, on a thread, until the end of the block."""

    def __init__(self, do):
        self._do = do
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(1 / 15):
            self._do()
