"""How a training shows itself at the terminal, and the clock behind its speed figures."""

import contextlib
import sys
import time
from typing import Any, Iterator, Optional

from camvid_tools.console import Console

PLAIN_EVERY_S = 20.0


class Meter:
    """Images a second and the share of time waited for input, since the last reset; pauses do not count. What a card
    waits for, no host's clock sees."""

    def __init__(self, batch_size: int) -> None:
        self._batch_size, self._depth = batch_size, 0
        self.reset()

    def reset(self) -> None:
        """Start a new window."""
        self._start, self._steps, self._waited = time.perf_counter(), 0, None

    def steps(self, count: int, waited_s: Optional[float]) -> None:
        """Count steps and the seconds that they waited for their batches, None where nobody knows."""
        self._steps += count
        if waited_s is not None:
            self._waited = (self._waited or 0.0) + waited_s

    def images_per_second(self) -> float:
        """Of this window; 0 before the first step."""
        elapsed = time.perf_counter() - self._start
        return self._steps * self._batch_size / elapsed if elapsed > 0 else 0.0

    def input_wait(self) -> Optional[float]:
        """Share of this window's time that steps waited for input, 0 to 1; None where nobody knows."""
        if self._waited is None:
            return None
        elapsed = time.perf_counter() - self._start
        return min(1.0, self._waited / elapsed) if elapsed > 0 else 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside is no training time. Pauses may lie within pauses."""
        begin = time.perf_counter()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._start += time.perf_counter() - begin


class Progress:
    """A bar with loss, images a second and time left; plain lines where stderr is no terminal."""

    def __init__(self, console: Console, total: int, first: int) -> None:
        self._console, self._total, self._first = console, total, first
        self._begin = self._last = time.monotonic()
        self._bar: Optional[Any] = None
        if sys.stderr.isatty() and not console.quiet:
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=first, unit="step", dynamic_ncols=True)

    def step(self, step: int, loss: float, meter: Meter) -> None:
        """Show that `step` steps are done."""
        if self._bar is not None:
            self._bar.set_description("training", refresh=False)
            self._bar.set_postfix_str("loss %.3f, %.1f images/s" % (loss, meter.images_per_second()), refresh=False)
            self._bar.update(step - self._bar.n)
            return
        now = time.monotonic()
        if self._console.quiet or now - self._last < PLAIN_EVERY_S:
            return
        self._last = now
        left = (now - self._begin) / max(1, step - self._first) * (self._total - step)
        text = "step %d of %d, loss %.3f, %.1f images/s, about %s left\n"
        sys.stderr.write(text % (step, self._total, loss, meter.images_per_second(), duration(left)))
        sys.stderr.flush()

    def doing(self, what: str) -> None:
        """Say what the time goes into now."""
        if self._bar is not None:
            self._bar.set_description(what)

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._bar is not None:
            self._bar.clear()
        self._console.say(text)
        if self._bar is not None:
            self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def duration(seconds: float) -> str:
    """`2 h 05 min`, `7 min`, `40 s`."""
    minutes = int(seconds // 60)
    if minutes >= 60:
        return "%d h %02d min" % divmod(minutes, 60)
    return "%d min" % minutes if minutes else "%d s" % seconds
