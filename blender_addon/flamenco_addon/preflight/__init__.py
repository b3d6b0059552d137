"""What is wrong with a scene, found before anything is sent.

    subject = here.subject(context, choices)      # preflight.here needs bpy, the rest does not
    findings = preflight.run(subject)             # at once: for scripts
    checking = preflight.start(subject, done)     # in the window: short slices, the disk in a thread, then done(findings)

`findings.blocking` and `findings.asking` give those that block the job and those that the artist is asked about.
A check is one file in `checks`.
"""

from __future__ import annotations

from .findings import Editor, Finding, Place, Severity, asking, blocking, grouped
from .running import Checking, Collected, Collecting, collect, judge, mend, run
from .subject import Here, Memory, Subject, Wanted

__all__ = [
    "Checking", "Collected", "Collecting", "Editor", "Finding", "Here", "Memory", "Place", "Severity", "Subject", "Wanted", "asking",
    "blocking", "collect", "grouped", "judge", "mend", "run",
]  # fmt: skip
