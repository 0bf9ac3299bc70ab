"""npm.py - packages from npm that a test needs: those of t/<name>/package-lock.json, in the cache, fetched once."""
import fcntl
import os
import shutil
import subprocess

from stack import SRCDIR, script

CACHE = os.environ.get("BEZEL_CACHE") or os.path.join(SRCDIR, ".cache")


def install(name):
    """The folder with a copy of t/<name> and its node_modules, and node's path. RuntimeError: cannot be had."""
    node = script("fetch-node", timeout=300)
    if node.returncode != 0:
        raise RuntimeError("there is no node, and none could be fetched: " + node.stderr)
    node = node.stdout.strip()
    source, folder = os.path.join(SRCDIR, "t", name), os.path.join(CACHE, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, wanted = os.path.join(folder, "installed"), os.path.join(source, "package-lock.json")
        with open(wanted, encoding="utf-8") as file:
            text = file.read()
        for each in os.listdir(source):
            if os.path.isfile(os.path.join(source, each)):
                shutil.copyfile(os.path.join(source, each), os.path.join(folder, each))
        if not os.path.exists(done) or open(done, encoding="utf-8").read() != text:
            npm = os.path.join(os.path.dirname(node), "npm")
            path = os.path.dirname(node) + ":" + os.environ["PATH"]
            ended = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                                   env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
            if ended.returncode != 0:
                raise RuntimeError("npm could not fetch the packages of t/%s: %s" % (name, ended.stdout[-2000:]))
            with open(done, "w", encoding="utf-8") as file:
                file.write(text)
    return folder, node
