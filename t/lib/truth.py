"""truth.py - what must hold of a guest's designs after any fault, read from the database and the disk.

faults_of_guest() returns sentences; none means that all is well. It knows nothing of bezel's code: the documents,
the counters, the usage log and the files must agree with each other.
"""
import collections
import os

OPEN = ("queued", "running")


def keys_of(design):
    """Object keys that a design's document names."""
    keys = []
    for image in design["generated_images"]:
        keys += [image["image_url"], image["thumbnail_url"]]
    for refinement in design["refinements"]:
        keys += [refinement["refined_image_url"], refinement["refined_thumbnail_url"]]
    return keys


def objects_on_disk(root):
    """All keys below a folder of objects; temporary files apart. Folders may go while we look."""
    found = set()
    for shard in sorted(os.listdir(root)):
        if shard == "tmp":
            continue
        for folder in sorted(os.listdir(os.path.join(root, shard))):
            try:
                found.update("%s/%s" % (folder, name) for name in os.listdir(os.path.join(root, shard, folder)))
            except FileNotFoundError:
                pass
    return found


def temporary_files(root):
    folder = os.path.join(root, "tmp")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def status_of(slots):
    states = collections.Counter(slot["status"] for slot in slots)
    landed = states["succeeded"]
    if landed == len(slots):
        return "succeeded"
    if landed:
        return "partially_succeeded"
    return "cancelled" if states["cancelled"] == len(slots) else "failed"


def faults_of_jobs(design, jobs):
    faults = []
    landed = {i["image_id"] for i in design["generated_images"]} | {
        r["refinement_id"] for r in design["refinements"]}
    succeeded = []
    for job in jobs:
        if job["status"] in OPEN or any(slot["status"] in OPEN for slot in job["slots"]):
            faults.append("job %s has not ended: %s %s" % (
                job["_id"], job["status"], [slot["status"] for slot in job["slots"]]))
            continue
        if job["status"] != status_of(job["slots"]):
            faults.append("job %s is %s, its slots %s" % (
                job["_id"], job["status"], [slot["status"] for slot in job["slots"]]))
        won = [slot["image_id"] for slot in job["slots"] if slot["status"] == "succeeded"]
        succeeded += won
        if job["charge"]["returned"] != (not won):
            faults.append("job %s: %d pictures, charge returned: %s" % (
                job["_id"], len(won), job["charge"]["returned"]))
        for slot in job["slots"]:
            if slot["status"] in ("failed", "refused") and not slot["reason"]:
                faults.append("a slot is %s without a reason" % slot["status"])
    if sorted(succeeded) != sorted(landed):
        faults.append("slots that succeeded are not the design's pictures: %s, %s" % (succeeded, sorted(landed)))
    pictures = len(design["generated_images"]) + len(design["refinements"])
    if pictures != len(landed):
        faults.append("a picture is there twice")
    return faults


def faults_of_design(design):
    faults = []
    images = design["generated_images"] + design["refinements"]
    if design.get("generation_id") is not None:
        faults.append("generation_id is still set")
    if bool(images) != (design["current_version"] is not None):
        faults.append("current_version is %s with %d pictures" % (design["current_version"], len(images)))
    return faults


def faults_of_usage(design, jobs, rows, calls, calls_unsure):
    """One row for each call. calls: how many there were; None: what the slots say. calls_unsure: a process died,
    or an answer was lost, between the two."""
    faults = []
    begun = sum(slot["attempts"] for job in jobs for slot in job["slots"]) if calls is None else calls
    if not begun - calls_unsure <= len(rows) <= begun + calls_unsure:
        faults.append("%d calls were begun, the log has %d" % (begun, len(rows)))
    good = sum(1 for row in rows if row["response"]["success"])
    pictures = len(design["generated_images"]) + len(design["refinements"])
    if good < pictures:
        faults.append("%d pictures, %d successful calls in the log" % (pictures, good))
    cost = sum(row["cost_usd"] for row in rows)
    if abs(cost - design["metadata"]["total_generation_cost"]) > 1e-9:
        faults.append("the design cost %g, its calls %g" % (design["metadata"]["total_generation_cost"], cost))
    for row in rows:
        if row["response"]["success"] != (row["response"]["error_message"] is None):
            faults.append("a row of the log contradicts itself: %s" % row["response"])
    return faults


def faults_of_guest(db, session_id, objects, designs=1, calls=None, calls_unsure=0, counter_over=0,
                    address=None):
    """All of one guest. objects: keys on the disk (see objects_on_disk()), or None when they are not looked at.
    counter_over: by how much the counter of the address may say too much."""
    faults = []
    session = db.guest_sessions.find_one({"_id": session_id})
    found = list(db.designs.find({"guest_session_id": session_id}))
    if len(found) != designs:
        faults.append("%d designs, %d wanted" % (len(found), designs))
    if sorted(session["designs"]) != sorted(design["_id"] for design in found):
        faults.append("the session names %s" % session["designs"])
    charges = 0
    for design in found:
        jobs = list(db.jobs.find({"design_id": design["_id"], "kind": {"$ne": "object_deletion"}}))
        rows = list(db.api_usage_log.find({"design_id": design["_id"]}))
        charges += sum(1 for job in jobs if not job["charge"]["returned"])
        faults += faults_of_design(design) + faults_of_jobs(design, jobs)
        faults += faults_of_usage(design, jobs, rows, calls, calls_unsure)
        if objects is not None:
            have = {key for key in objects if key.startswith(design["_id"] + "/")}
            want = keys_of(design)
            if have != set(want) or len(want) != len(set(want)):
                faults.append("objects without a document: %s; keys without an object: %s" % (
                    sorted(have - set(want)), sorted(set(want) - have)))
    if session["usage_count"] != charges:
        faults.append("usage_count is %d, %d charges hold" % (session["usage_count"], charges))
    if address is not None:
        counter = db.rate_counters.find_one({"_id": {"$regex": "^address:%s\\|" % address.replace(".", "\\.")}})
        count = counter["count"] if counter else 0
        if not charges <= count <= charges + counter_over:
            faults.append("the address counts %d, %d charges hold" % (count, charges))
    return faults
