#!/usr/bin/python3
"""Disks that are full, descriptors that are used up, files that are lost."""
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import tap
import truth
from faults import Guest, agree, cpu_s, faulty_stack, noise_png, workers
from stack import SLOWER, Stack, wait_for
from tap import diag, is_, main, ok, skip, test


def small_disk():
    """A file system of 1 MB for the objects; None when we may not mount one."""
    folder = os.path.join(stack.folder, "small")
    os.mkdir(folder)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "none", folder],
                             stderr=subprocess.PIPE, check=False)
    if mounted.returncode != 0:
        return None
    tap.at_end(lambda: subprocess.run(["umount", "-l", folder], check=False))
    objects = os.path.join(folder, "objects")
    os.mkdir(objects)
    shutil.chown(objects, "bezel", "bezel")
    os.chmod(objects, 0o750)
    return objects


def fill(folder):
    with open(os.path.join(folder, "..", "filler"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


@test
def a_full_disk():
    if objects is None:
        skip("a full disk", "mounting needs root")
        return
    guest = Guest(stack)
    guest.client.allowed.add(507)
    fill(objects)
    reply = guest.client.upload("/v1/uploads", noise_png(40))
    is_((reply.status, reply.json()["code"]), (507, "storage_full"), "an upload to a full disk")
    design = guest.design()
    wait_for(lambda: guest.jobs()[0]["slots"][0]["reason"] == "storage", 20, "a first try")
    ok(True, "a picture that finds no room is tried again")
    wait_for(guest.ended, 40, "the last try")
    job = guest.jobs()[0]
    is_((job["status"], {(s["status"], s["reason"]) for s in job["slots"]}), ("failed", {("failed", "storage")}),
        "and fails in the end, with the reason")
    is_(truth.temporary_files(objects), [], "no temporary file is left")
    is_(stack.db.uploads.count_documents({}), 0, "no upload without its file")
    agree(stack, [guest], "no document points at nothing, the charge is given back", all_land=False)
    os.unlink(os.path.join(objects, "..", "filler"))
    reply = guest.insist("POST", "/v1/generations/%s/retry" % job["_id"])
    is_(reply.status, 202, "when there is room again, it is tried again")
    wait_for(guest.ended, 40, "the pictures")
    is_(len(stack.db.designs.find_one({"_id": design})["generated_images"]), 2, "and the pictures arrive")
    is_(truth.faults_of_guest(stack.db, guest.session, truth.objects_on_disk(objects), calls_unsure=20), [],
        "everything agrees")


@test
def a_disk_that_fills_in_between():
    """Some puts find room, others do not."""
    if objects is None:
        skip("a disk that fills", "mounting needs root")
        return
    guests = [Guest(stack) for _ in range(4)]
    fill(objects)
    with open(os.path.join(objects, "..", "filler"), "r+b") as file:
        file.truncate(os.fstat(file.fileno()).st_size - 40960)
    for guest in guests:
        guest.design()
    wait_for(lambda: all(guest.ended() for guest in guests), 60, "the end of the jobs")
    states = {slot["status"] for guest in guests for job in guest.jobs() for slot in job["slots"]}
    diag("slots: %s" % states)
    is_(states - {"succeeded", "failed"}, set(), "each picture is there or has failed")
    is_(truth.temporary_files(objects), [], "no temporary file is left")
    agree(stack, guests, "documents and files agree", all_land=False)
    os.unlink(os.path.join(objects, "..", "filler"))


@test
def lost_and_damaged_files():
    guest = Guest(stack)
    path = "/v1/designs/" + guest.design()
    wait_for(guest.ended, 40, "the pictures")
    images = guest.client.get(path).json()["generated_images"]
    keys = truth.keys_of(stack.db.designs.find_one({"_id": guest.designs[0]}))
    root = objects or os.path.join(stack.state, "objects")

    def file_of(key):
        folder, name = key.split("/")
        return os.path.join(root, folder[-2:], folder, name)
    is_(guest.client.get(images[0]["image_url"]).status, 200, "a picture is there")
    os.unlink(file_of(keys[0]))
    reply = guest.client.get(images[0]["image_url"])
    is_((reply.status, reply.header("Content-Type")), (404, "application/problem+json"), "a lost picture is a 404")
    is_(guest.client.get(path).status, 200, "its design is shown")
    with open(file_of(keys[2]), "wb") as file:
        file.write(b"rubbish")
    ok(guest.client.get(images[1]["image_url"]).status < 500, "a damaged picture is no error of ours")
    for image, reason in ((images[0], "base_lost"), (images[1], None)):
        reply = guest.insist("POST", path + "/refinements", json={
            "prompt": "thinner", "base_image_id": image["image_id"]})
        is_(reply.status, 202, "a refinement of it")
        wait_for(guest.ended, 40, "the refinement")
        job = stack.db.jobs.find_one({"_id": reply.json()["id"]})
        ok(job["status"] in ("failed", "succeeded") and (reason is None or job["slots"][0]["reason"] == reason),
           "comes to an end that can be told: %s" % (job["slots"][0]["reason"] or job["status"]), job)
    ok(stack.bezel("retention").returncode == 0, "the sweep goes on")
    charges = stack.db.jobs.count_documents({"design_id": guest.designs[0], "charge.returned": False})
    is_(stack.db.guest_sessions.find_one({"_id": guest.session})["usage_count"], charges, "the charges agree")


@test
def no_descriptors_left():
    """A worker that cannot accept waits, it does not spin; and goes on when it can."""
    if os.getuid() != 0:
        skip("descriptors", "the socket is the services'")
        return
    client, web = stack.client(), workers(stack, "web")
    client.get("/v1/catalog")
    limits = {}
    for pid in web:
        count = len(os.listdir("/proc/%d/fd" % pid))
        subprocess.run(["setpriv", "--reuid", "bezel", "--regid", "bezel", "--clear-groups", "prlimit", "--pid",
                        str(pid), "--nofile=%d:" % (count + 4)], check=True)
        limits[pid] = count + 4
    held = []
    with open(os.path.join(stack.state, "pids", "sockets"), encoding="ascii") as file:
        path = os.path.join(file.read().strip(), "fcgi.sock")
    for _ in range(40):
        held.append(socket.socket(socket.AF_UNIX))
        held[-1].connect(path)
        held[-1].send(b"\1\1\0\1")    # a record that never goes on
    def used():
        return {pid: len(os.listdir("/proc/%d/fd" % pid)) for pid in web}
    try:
        wait_for(lambda: used() == limits, 10, "the last descriptor")
    except TimeoutError:
        pass
    is_(used(), limits, "all their descriptors are used up")
    before, began = sum(map(cpu_s, web)), time.monotonic()
    time.sleep(3)
    share = (sum(map(cpu_s, web)) - before) / (time.monotonic() - began)
    ok(share < 0.2, "workers without descriptors do not spin", "%.0f %% of a core" % (share * 100))
    diag("%.1f %% of a core" % (share * 100))
    for connection in held:
        connection.close()
    began = time.monotonic()
    wait_for(lambda: client.get("/readyz").status == 200, 20, "an answer")
    took = time.monotonic() - began
    ok(took < 6 * SLOWER, "when there are some again, they answer", "%.1f s" % took)
    is_(set(web) - set(stack.workers), set(), "by themselves")


@test
def a_full_log_disk():
    """Every write to the log fails: the service goes on."""
    other = Stack(settings={"provider": "mem", "log_level": "debug"})
    logs = os.path.join(other.state, "logs")
    os.makedirs(logs, 0o755)
    os.symlink("/dev/full", os.path.join(logs, "bezel.log"))
    try:
        other.start()
    finally:
        os.unlink(os.path.join(logs, "bezel.log"))    # reading it would never end
    stderr = os.readlink("/proc/%d/fd/2" % other.pid("bezel"))
    is_(stderr, "/dev/full", "the log goes to a full disk")
    guest = Guest(other)
    guest.design()
    wait_for(guest.ended, 30, "the pictures")
    is_(guest.jobs()[0]["status"], "succeeded", "a design is made")
    for pid in workers(other, "web"):
        other.kill(pid)
    wait_for(lambda: len(workers(other, "web")) == 8, 20, "new workers")
    is_(guest.client.get("/v1/designs").status, 200, "workers are replaced")
    other.close()


stack = faulty_stack(job_attempts=2, provider_script="*:ok:50")
objects = small_disk() if os.getuid() == 0 else None
if objects is not None:
    stack.settings["objects"] = objects
stack.start()
main()
