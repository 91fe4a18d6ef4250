"""How many files this process may have open: every connection is one."""

import logging
import sys

from service.telemetry.logs import log_event

__all__ = ["allow_open_files"]


def allow_open_files(num_files: int) -> None:
    """Raise the process's limit to `num_files` where it is lower; log a warning where that is not allowed."""
    if sys.platform == "win32":  # which has no such limit
        return
    import resource  # noqa: PLC0415  # there is none on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= num_files:
        return
    allowed = num_files if hard == resource.RLIM_INFINITY else min(num_files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < num_files:
        log_event("few_open_files", level=logging.WARNING, allowed=allowed, wanted=num_files)
