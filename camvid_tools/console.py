"""What all commands share at the terminal: common flags, one-line errors, exit codes, progress, JSON."""

import argparse
import json
import os
import signal
import sys
import time
import traceback
from typing import Any, Callable, Iterable, Iterator, NoReturn, Optional, Sequence, Tuple

from . import atomic, imageio, memory, selfcheck
from .errors import Interrupted, ToolkitError

SHOW_PROGRESS_AFTER_S = 2.0
PLAIN_PROGRESS_EVERY_S = 15.0


class Console:
    """Where a command talks: lines for people, one JSON object for programs."""

    def __init__(self, quiet: bool = False, json_path: Optional[str] = None) -> None:
        self.quiet, self.json_path = quiet, json_path

    def say(self, text: str = "") -> None:
        """One or more lines for people: stdout, or stderr when stdout is kept for JSON."""
        if not self.quiet:
            _write(sys.stderr if self.json_path == "-" else sys.stdout, text + "\n")

    def warn(self, text: str) -> None:
        """A line on stderr that --quiet does not hide."""
        _write(sys.stderr, "warning: %s\n" % text)

    def result(self, document: Any) -> None:
        """Write the command's JSON to --json, if asked for; `-` is stdout."""
        if self.json_path == "-":
            _write(sys.stdout, json.dumps(document, indent=1) + "\n")
        elif self.json_path:
            atomic.write_json(self.json_path, document)

    def progress(self, items: Iterable, total: int, doing: str) -> Iterator:
        """Yield `items`; anything over two seconds gets a bar, or plain lines where stderr is no terminal."""
        if self.quiet:
            return iter(items)
        if sys.stderr.isatty():
            from tqdm import tqdm

            return iter(tqdm(items, total=total, desc=doing, delay=SHOW_PROGRESS_AFTER_S, leave=False))
        return _plain_progress(items, total, doing)


def _write(stream: Any, text: str) -> None:
    """Write at once. A reader that has gone away (`| head`) stops neither the work nor its exit code."""
    if stream is None:  # closed before we began
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _plain_progress(items: Iterable, total: int, doing: str) -> Iterator:
    start = last = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= PLAIN_PROGRESS_EVERY_S:
            last = now
            left = max(0, total - done) * (now - start) / done
            _write(sys.stderr, "%s: %d of %d, about %d s left\n" % (doing, done, total, left))


def parser(command: str, description: str, example: str) -> argparse.ArgumentParser:
    """An argument parser with the flags that every command takes and an example in its help."""
    made = _Parser(
        prog=command,
        description=description,
        epilog="example:\n  " + example,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    made.add_argument("--json", metavar="FILE", help="write the result as JSON; - is stdout, and then nothing else is")
    made.add_argument("--quiet", action="store_true", help="print errors and warnings only")
    made.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return made


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the flags in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, "%s: error: %s; see %s --help\n" % (self.prog, message, self.prog))


def file_name(text: str) -> str:
    """The type of a flag that names a file to write: `-`, which --json alone takes, is refused."""
    if text == "-":
        raise argparse.ArgumentTypeError("- is no file; only --json writes to stdout")
    return text


def size(text: str) -> Tuple[int, int]:
    """The type of a flag HEIGHTxWIDTH."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError("%r is not of the form 360x480" % text)
    if int(parts[0]) * int(parts[1]) > imageio.MAX_PIXELS:
        raise argparse.ArgumentTypeError("%s pixels are more than any frame has" % text)
    return int(parts[0]), int(parts[1])


class _Help(argparse.RawDescriptionHelpFormatter):
    """Keeps the example's lines and shows each default that says something."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        tells = action.default not in (None, False, "", argparse.SUPPRESS) and "default" not in text
        return text + " (default: %(default)s)" if tells and action.option_strings else text


def run(
    arguments: argparse.ArgumentParser,
    body: Callable[[argparse.Namespace, Console], Optional[int]],
    argv: Optional[Sequence[str]] = None,
) -> int:
    """Parse, call `body(arguments, console)`, turn errors into one line and the exit code of DESIGN's table."""
    options = arguments.parse_args(argv)
    _refuse_empty(arguments, options)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names that the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")
    console = Console(options.quiet, options.json)
    previous = _terminate_like_interrupt()
    try:
        selfcheck.require_one_install(console.warn)
        memory.keep_freed()
        atomic.refuse_other(options.json, atomic.JSON_STARTS)
        return body(options, console) or 0
    except ToolkitError as error:
        _show(arguments.prog, str(error), options.debug, "" if isinstance(error, Interrupted) else "error: ")
        return error.exit_code
    except KeyboardInterrupt:
        _show(arguments.prog, "interrupted", options.debug, "")
        return 130
    except _Terminated:
        _show(arguments.prog, "terminated", options.debug, "")
        return 143
    except OSError as error:
        _show(arguments.prog, _os_error(error), options.debug)
        return 2
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


def _refuse_empty(arguments: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """An empty name comes from a variable that is not set, and would mean the folder one stands in."""
    given = vars(options).items()
    empty = sorted(name for name, value in given if _is_empty(value) and value != arguments.get_default(name))
    if empty:
        arguments.error("the argument %s is empty" % empty[0])


def _is_empty(value: Any) -> bool:
    return value == "" or isinstance(value, list) and "" in value


class _Terminated(BaseException):
    """SIGTERM, raised where the program stands, so that `finally` blocks run."""


def _terminate_like_interrupt() -> Any:
    def stop(signum: int, frame: Any) -> None:
        raise _Terminated()

    try:
        return signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: somebody calls a command from a program
        return None


def _show(command: str, text: str, debug: bool, kind: str = "error: ") -> None:
    if debug:
        traceback.print_exc()
    _write(sys.stderr, "%s: %s%s\n" % (command, kind, text))


def _os_error(error: OSError) -> str:
    where = "" if error.filename is None else " (%s)" % error.filename
    return "%s%s; check that the place exists, is writable and has room" % (error.strerror or error, where)
