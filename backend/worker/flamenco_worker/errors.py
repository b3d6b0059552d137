"""The worker's errors.

WorkerError
├── BadConfig       the configuration cannot be used; for the person who starts the worker
├── Refused         the manager refuses us: token, secret or version
├── Unreachable     the manager does not answer; try again later
├── CommandFailed   the task's own fault: it spends a retry
├── MachineFault    this machine's fault: the task goes back to the queue
├── BadOutput       an output is missing, broken or of the wrong size
└── Cancelled       the run was taken away, or the worker stops
"""

from __future__ import annotations


class WorkerError(Exception):
    """The root; its text is one sentence for people."""


class BadConfig(WorkerError):
    """The configuration cannot be used."""


class Refused(WorkerError):
    """The manager refuses this worker."""


class Unreachable(WorkerError):
    """The manager does not answer."""


class CommandFailed(WorkerError):
    """A command failed by the task's own fault."""


class MachineFault(WorkerError):
    """A command failed by this machine's fault."""


class BadOutput(CommandFailed):
    """An output is missing, broken or of the wrong size."""


class Cancelled(WorkerError):
    """The run is to stop."""
