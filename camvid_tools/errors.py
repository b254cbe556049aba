"""Errors that a user can act on: what happened, where, and what to do. Shown as one line, never as a traceback."""

from typing import Any, Optional, Tuple


class ToolkitError(Exception):
    """The command or its input cannot be used (exit code 2). Carries `what`, `where` and `remedy`."""

    exit_code = 2

    def __init__(self, what: str, where: Optional[str] = None, remedy: Optional[str] = None) -> None:
        super().__init__(what, where, remedy)
        self.what, self.where, self.remedy = what, where, remedy

    def __str__(self) -> str:
        text = self.what if self.where is None else "%s: %s" % (self.where, self.what)
        return text if self.remedy is None else "%s; %s" % (text, self.remedy)

    def __reduce__(self) -> Tuple[type, Tuple[Any, ...]]:
        return type(self).__new__, (type(self),) + self.args, self.__dict__  # whole on its way from another process


class RunFault(ToolkitError):
    """A run that was going well had to stop (exit code 3): loss not finite, damaged frame."""

    exit_code = 3


class Interrupted(ToolkitError):
    """Stopped from outside; state is saved. Exit code 130 (Ctrl-C) or 143 (SIGTERM)."""

    def __init__(self, what: str, exit_code: int, remedy: Optional[str] = None) -> None:
        super().__init__(what, remedy=remedy)
        self.exit_code = exit_code


def one_line_reason(error: BaseException) -> str:
    """The message of any exception as one line, for use inside a ToolkitError."""
    return " ".join(str(error).split()) or type(error).__name__
