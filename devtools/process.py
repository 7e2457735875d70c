"""Running other programs: never waiting for input, never without a limit, never losing the log."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

from .console import Failure
from .paths import RUN, make_folder

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
PATIENCE = 15  # seconds between asking a program to end and ending it

_reserved = []  # the sockets that hold the ports which `free_port` returned


def run(command, *, what, log, timeout=900, **options):
    """Run a program to its end with its output in a log file; a failure quotes the last lines."""
    path = log_file(log)
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    with open(path, "wb") as output:
        try:
            done = subprocess.run(
                [str(part) for part in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
                preexec_fn=end_with_parent,
                **options,
            )
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{what} took longer than {timeout} s: look into {path}.") from error
        except OSError as error:
            raise Failure(f"{what} failed, {command[0]} cannot be run: {error}.") from error
    if done.returncode:
        raise Failure(f"{what} failed: look into {path}, which ends with\n{tail(path)}")


def log_file(name):
    """Return the path of one of this checkout's log files; each process of the tests has its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    return make_folder(RUN / "log") / (f"{name}-{worker}.log" if worker else f"{name}.log")


def tail(path, lines=8):
    """Return the last lines of a log file, indented."""
    text = path.read_text(errors="replace").strip().splitlines()
    return "\n".join(f"    {line}" for line in text[-lines:])


@contextmanager
def running(command, *, log, **options):
    """Run a program in the background while the block runs; it also ends when we are killed."""
    with open(log_file(log), "wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", output),
            stderr=output,
            preexec_fn=in_background,
            **options,
        )
    try:
        yield process
    finally:
        stop(process)


def processors():
    """Return how many processors we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2


def stop(process):
    """End a process: politely, then not."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_with_parent():
    """Called in a new process: let it end when we are killed and can no longer end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)


def in_background():
    """Called in a new process: besides, let Ctrl-C come to us alone."""
    os.setpgid(0, 0)
    end_with_parent()


def free_port(preferred=0):
    """Return the preferred port of the loopback interface when it is free, or another one.

    It stays reserved until this process ends, for a server may take seconds to come to its port.
    On Linux a socket that is bound and does not listen keeps the system from giving the port to
    another program; a server that sets SO_REUSEADDR, as they all do, can bind it nevertheless.
    """
    for port in (preferred, 0):
        probe = socket.socket()
        if sys.platform == "linux":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            continue
        found = probe.getsockname()[1]
        if sys.platform == "linux":
            _reserved.append(probe)
        else:
            probe.close()
        return found
    raise Failure("There is no free port on the loopback interface: end a program that holds one.")
