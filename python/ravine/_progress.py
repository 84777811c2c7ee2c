"""How far a comparison is: a line in a terminal, a bar in a notebook, now and then a line elsewhere."""

from __future__ import annotations

import html
import sys
import threading
import time
from typing import Any


class Progress:
    """Told of the progress from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._phase = ""
        self._total = self._done = self._spared = self._failed = 0
        self._start = time.monotonic()
        self._last = 0.0
        self._display = _notebook()
        self._terminal = self._display is None and sys.stderr.isatty()

    def __call__(self, event: str, count: int) -> None:
        with self._lock:
            match event:
                case "begin":
                    self._total = count
                case "done":
                    self._done += 1
                case "spared":
                    self._spared += count
                case "failed":
                    self._failed += 1
                case phase:
                    self._phase = phase
            self._show(event in ("begin", "tuning", "report"))

    def finish(self) -> None:
        """The last word."""
        with self._lock:
            self._phase = "done"
            self._show(True)
            if self._terminal:
                print(file=sys.stderr)

    def line(self) -> str:
        """Where it stands."""
        over = min(self._done + self._spared, self._total)
        passed = time.monotonic() - self._start
        line = f"{self._name}: {self._phase} {over}/{self._total} trials, {_time(passed)}"
        left = self._total - over
        if self._done and left and self._phase != "done":
            line += f", at most {_time(passed / self._done * left)} left"
        return line + (f", {self._failed} failed" if self._failed else "")

    def _show(self, now: bool) -> None:
        moment = time.monotonic()
        pause = 0.1 if self._terminal else 0.5 if self._display else 30.0
        if not now and moment - self._last < pause:
            return
        self._last = moment
        if self._display is not None:
            share = (self._done + self._spared) / max(self._total, 1)
            bar = f"<progress value='{share:.4f}' max='1' style='width:20em'></progress> {html.escape(self.line())}"
            self._display(bar, self.line())
        elif self._terminal:
            print(f"\r\x1b[K{self.line()}", end="", file=sys.stderr, flush=True)
        else:
            print(self.line(), file=sys.stderr, flush=True)


def _notebook() -> Any:
    """A function that shows HTML in place of what it showed before, where this runs in a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    handle = display({"text/plain": ""}, raw=True, display_id=True)
    return lambda page, line: handle.update({"text/html": page, "text/plain": line}, raw=True)


def _time(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
