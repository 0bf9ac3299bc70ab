"""pypi.py - programs from PyPI that a test needs: those of t/<name>/requirements.txt, in a virtual environment in the
cache, fetched once."""
import fcntl
import os
import shutil
import subprocess

from npm import CACHE
from stack import SRCDIR

PYTHON = "/usr/bin/python3"


def _run(*command):
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=600, check=False)
    if ended.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(command[:4]), ended.stdout[-1000:]))


def install(name):
    """The folder with the environment's programs. RuntimeError: it cannot be had."""
    wanted, folder = os.path.join(SRCDIR, "t", name, "requirements.txt"), os.path.join(CACHE, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, place = os.path.join(folder, "installed"), os.path.join(folder, "venv")
        with open(wanted, encoding="utf-8") as file:
            text = file.read()
        if not os.path.exists(done) or open(done, encoding="utf-8").read() != text:
            shutil.rmtree(place, ignore_errors=True)
            try:
                _run(PYTHON, "-m", "venv", place)
                _run(os.path.join(place, "bin", "python"), "-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:",
                     "-r", wanted)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise RuntimeError(str(error)) from error
            with open(done, "w", encoding="utf-8") as file:
                file.write(text)
    return os.path.join(place, "bin")
