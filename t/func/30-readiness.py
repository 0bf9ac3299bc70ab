#!/usr/bin/python3
"""/readyz: 200 as long as requests can be answered; what fails beside that is named, counted and logged."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from faults import comm
from stack import BUILDDIR, Stack, wait_for
from studio import create, guest, make, metric, over, picture
from tap import is_, main, ok, test


def failing(stack):
    reply = stack.client().get("/readyz")
    assert (reply.status, reply.json()["status"]) == (200, "ready"), reply
    return reply.json()["failing"]


def wait_failing(stack, wanted, seconds=10):
    wait_for(lambda: failing(stack) == wanted, seconds, "/readyz to name %s, not %s" % (wanted, failing(stack)))
    ok(True, "/readyz names %s" % (wanted or "nothing"))


def reload(stack):
    stack.kill(stack.pid("bezel"), signal.SIGHUP)


def job_worker(stack):
    return next((pid for pid in stack.workers if comm(pid) == "bezel-job"), None)


@test
def a_worker_that_dies_again_and_again():
    """One that is replaced once, or twice, is no reason to call anybody."""
    is_(well.client().get("/readyz").json(), {"status": "ready", "failing": []}, "all is well")
    for n in range(3):
        is_(failing(well), [], "after %d deaths" % n)
        well.kill(wait_for(lambda: job_worker(well), 10, "a job worker"))
        wait_for(lambda n=n: metric(well, "bezel_worker_restarts_total") > n, 10, "its death to be seen")
    wait_failing(well, ["jobs"])
    is_((metric(well, "bezel_jobs_failing"), metric(well, "bezel_web_failing")), (1, 0), "the metrics say so")
    is_([e["worker"] for e in well.events("workers.failing")], ["job"], "so does one line of the log")
    began = time.monotonic()
    wait_failing(well, [], 30)
    ok(time.monotonic() - began > 8, "only one that lasts is well again", time.monotonic() - began)
    is_([e["worker"] for e in well.events("workers.recovered")], ["job"], "said once")
    make(guest(well))
    ok(True, "pictures are made")


@test
def no_picture_program():
    """Workers that need it cannot start; what needs it not goes on."""
    wait_failing(blind, ["uploads", "jobs"], 20)
    ok(blind.events("worker.failed"), "the log says why", blind.log("bezel")[-500:])
    ann = guest(blind)
    made = create(ann).json()
    is_((ann.get("/v1/designs").status, ann.get("/v1/generations/" + made["generation"]["id"]).json()["status"]),
        (200, "queued"), "designs are taken, and wait")
    reload(blind)
    wait_for(lambda: blind.events("reload.refused"), 10, "the reload to be refused")
    is_(failing(blind), ["uploads", "jobs"], "a reload mends nothing")
    os.symlink(PROGRAM, blind.settings["image_program"])
    reload(blind)
    wait_failing(blind, [], 20)
    is_(over(ann, made["generation"]["id"], 20)["status"], "succeeded", "what waited is made")


@test
def a_picture_program_that_goes():
    """Its workers live, their work fails."""
    os.unlink(blind.settings["image_program"])
    reload_refused = len(blind.events("reload.refused"))
    for pid in blind.workers:
        for child in blind.children(pid):
            if comm(child).startswith("bezel-image"):
                os.kill(child, signal.SIGKILL)
    ann = guest(blind, allowed=(503,))
    statuses = [ann.upload("/v1/uploads", picture()).status for _ in range(3)]
    is_((statuses, failing(blind)), ([503] * 3, ["images"]), "three uploads in vain")
    os.symlink(PROGRAM, blind.settings["image_program"])
    is_((ann.upload("/v1/uploads", picture()).status, failing(blind)), (201, []), "one that comes is enough")
    is_(len(blind.events("reload.refused")), reload_refused, "without a reload")


@test
def no_renderer():
    wait_failing(bare, ["provider"])
    is_([e["program"] for e in bare.events("provider.missing")][:1], [bare.settings["povray"]], "the log names it")
    ann = guest(bare)
    made = create(ann).json()
    ended = over(ann, made["generation"]["id"])
    is_((ended["status"], {s["reason"] for s in ended["slots"]}), ("failed", {"no_renderer"}), "a design fails and says why")
    is_(failing(bare), ["provider"], "it is named still")
    with open(os.path.join(bare.folder, "picture.png"), "wb") as file:
        file.write(picture())
    with open(bare.settings["povray"], "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec cat %s/picture.png\n" % bare.folder)
    os.chmod(bare.settings["povray"], 0o755)
    ann.post("/v1/generations/%s/retry" % made["generation"]["id"])
    is_((over(ann, made["generation"]["id"])["status"], failing(bare)), ("succeeded", []), "with its first picture all is well")


PROGRAM = os.path.join(BUILDDIR, "bezel-image")
well = Stack(settings={"provider": "mem", "job_workers": "1"}).start()
blind = Stack(settings={"provider": "mem", "job_workers": "1"})
blind.settings["image_program"] = os.path.join(blind.folder, "bezel-image")
blind.start()
bare = Stack(settings={"render_profile": "draft", "job_workers": "1"})
bare.settings["povray"] = os.path.join(bare.folder, "povray")
bare.start()
main()
