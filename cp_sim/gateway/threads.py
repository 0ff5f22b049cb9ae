"""Threads for a gRPC server: one for each call, and none that keeps the program from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any


class CallThreads(futures.Executor):
    """Runs every call in a daemon thread of its own, so that a watch may stay open as long as it likes."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """Run `function` beside everything else."""
        future: futures.Future[Any] = futures.Future()
        threading.Thread(target=_run, args=(future, function, args, kwargs), daemon=True).start()
        return future


def _run(future: futures.Future[Any], function: Callable[..., Any], args: Any, kwargs: Any) -> None:
    try:
        future.set_result(function(*args, **kwargs))
    except BaseException as problem:  # it belongs to whoever asks the future
        future.set_exception(problem)
