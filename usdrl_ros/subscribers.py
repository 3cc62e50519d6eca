"""Callbacks that are called with every event, whatever one of them does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Callback = Callable[[dict[str, Any]], None]


class Subscribers:
    """The callbacks; they may come and go from any thread."""

    def __init__(self) -> None:
        self._callbacks: dict[object, Callback] = {}

    def add(self, callback: Callback) -> Callable[[], None]:
        """Call it with every event from now on; the result ends that, once and for all."""
        own = object()
        self._callbacks[own] = callback

        def end() -> None:
            self._callbacks.pop(own, None)

        return end

    def tell(self, events: Iterable[dict[str, Any]]) -> None:
        """Call all of them with every event; what the first of them raises is raised after that."""
        failed: list[Exception] = []
        for event in events:
            for callback in tuple(self._callbacks.values()):
                try:
                    callback(event)
                except Exception as error:
                    failed.append(error)
        if failed:
            raise failed[0]
