"""29-dead-jobs.py - jobs that no worker can bring to an end are given up, visibly, and the charge goes back."""
import datetime
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap
from stack import Stack, wait_for

stack = Stack(settings={"provider": "mem", "job_lease_s": 2}).start()
client = stack.client()

DESIGN = {
    "original_prompt": "a plain band",
    "gem_data": {"type": "Ruby", "cut": "Round", "color": "red", "transparency": "Transparent"},
    "material_preferences": {"metals": ["Platinum"]},
}


def metric(name):
    text = client.get("/metrics").body.decode()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("bezel_%s " % name)))


@tap.test
def a_job_of_an_unknown_kind_is_buried():
    now = datetime.datetime.utcnow()
    job = str(uuid.uuid4())
    before = metric("jobs_dead_total")
    stack.db.command("insert", "jobs", bypassDocumentValidation=True, documents=[{
        "_id": job, "kind": "nonsense", "status": "queued", "priority": 1, "rank": 0, "attempts": 0, "revision": 0,
        "run_at": now, "slots": [], "created_at": now, "updated_at": now}])
    wait_for(lambda: stack.db.jobs.find_one({"_id": job})["status"] == "failed", 10, "the job to end")
    tap.ok(stack.db.jobs.find_one({"_id": job})["ended_at"], "it has ended")
    tap.is_(metric("jobs_dead_total"), before + 1, "and is counted")


@tap.test
def a_job_claimed_too_often_is_given_up_and_not_charged():
    tap.is_(client.post("/v1/guest-session", json={}).status, 201, "a guest")
    design = client.post("/v1/designs", json=DESIGN).json()
    job = design["generation"]["id"]
    wait_for(lambda: stack.db.jobs.find_one({"_id": job})["status"] == "succeeded", 20, "the first run")
    stack.db.designs.update_one({"_id": design["id"]}, {"$set": {"generated_images": [], "generation_id": job}})
    stack.db.jobs.update_one({"_id": job}, {"$set": {
        "status": "queued", "attempts": 1000 - 1, "ended_at": None, "slots.$[].status": "queued"}})
    wait_for(lambda: stack.db.jobs.find_one({"_id": job})["status"] == "failed", 10, "the job to be given up")
    row = stack.db.jobs.find_one({"_id": job})
    tap.is_([slot["reason"] for slot in row["slots"]], ["given_up"] * 3, "every slot says why")
    tap.ok(row["charge"]["returned"], "the charge is returned")
    session = stack.db.guest_sessions.find_one({"designs": design["id"]})
    tap.is_(session["usage_count"], 0, "and the guest has it back")
    tap.ok(client.get("/v1/designs/" + design["id"]).json().get("generation") is None, "no generation is on its way")


tap.main()
