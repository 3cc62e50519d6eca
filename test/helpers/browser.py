"""A headless Chromium that tests drive: pages of the package looked at, clicked and saved from as a person would."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DEADLINE = 60.0
"""Seconds in which the browser has to answer."""


class Browser:
    """One page in a browser of its own, over the pipe of the DevTools protocol; a context manager.

    Args:
        folder: for its profile and downloads.
    """

    def __init__(self, folder: Path) -> None:
        program = next((found for name in NAMES if (found := shutil.which(name))), None)
        if program is None:
            pytest.skip(f"no Chromium is installed ({', '.join(NAMES)})")
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True)
        self.events: list[dict[str, Any]] = []
        self._asked, self._read, self._session = 0, b"", ""
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
            "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder / 'profile'}", "about:blank",
        ]  # fmt: skip

        # The protocol is spoken on descriptors 3 and 4.
        redirect = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", redirect, program, *arguments],
            pass_fds=(to_browser, from_browser), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)

    def __enter__(self) -> "Browser":
        target = self.ask("Target.getTargets")["targetInfos"][0]["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)
        os.close(self._in)
        os.close(self._out)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._asked += 1
        message: dict[str, Any] = {"id": self._asked, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._asked:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer}"
        return answer["result"]

    def open(self, page: Path, dark: bool = False, width: int = 1280, height: int = 900) -> None:
        """Load a file and wait until its script has said that it is ready."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Page.navigate", url=page.resolve().as_uri())
        self.wait("document.body && document.body.dataset.ready === 'true'")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is worth."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        until = time.monotonic() + DEADLINE
        while not self.value(expression):
            assert time.monotonic() < until, f"never true: {expression}; {self.complaints()}"
            time.sleep(0.05)

    def click(self, x: float, y: float) -> None:
        """Click on a place of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, file: Path) -> Path:
        """Save what is seen as PNG."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))
        return file

    def downloaded(self, name: str) -> str:
        """The text of a file that the page saves, once all of it (up to the end of a line) is there."""
        file, until = self.downloads / name, time.monotonic() + DEADLINE
        while not (file.exists() and file.read_bytes().endswith(b"\n")):
            assert time.monotonic() < until, f"{name} did not come: {list(self.downloads.iterdir())}"
            time.sleep(0.05)
        return file.read_text(encoding="utf-8")

    def complaints(self) -> list[dict[str, Any]]:
        """Errors and warnings of pages, and what they asked the network for."""
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded")
        asked = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        strange = [event for event in asked if not event["params"]["request"]["url"].startswith(("file:", "blob:"))]
        return [event for event in self.events if event.get("method") in kinds] + strange

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + DEADLINE
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            more = os.read(self._in, 1 << 20)
            assert more, "the browser has ended"
            self._read += more
        message, self._read = self._read.split(b"\0", 1)
        return json.loads(message)
