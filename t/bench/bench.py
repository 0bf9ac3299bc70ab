"""bench.py - the work of scripts/bench: start, load, measure, compare, print. See its --help."""
import json
import os
import signal
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "t", "bench"), os.path.join(TOP, "t", "lib")]
# pylint: disable=wrong-import-position
import arguments
import documents
import peers
import report
import workloads
from server import Failure, Server, say

VARIATIONS = 3


def read_object(server, key):
    with open(os.path.join(server.state, "objects", key.split("/")[0][-2:], key), "rb") as file:
        return file.read()


def pictures_of(server, document):
    keys = [(i["image_url"], i["thumbnail_url"]) for i in document["generated_images"]]
    keys += [(r["refined_image_url"], r["refined_thumbnail_url"]) for r in document["refinements"]]
    return [tuple(read_object(server, key) for key in pair) for pair in keys]


def refine(client, design):
    reply = client.post("/v1/designs/%s/refinements" % design["id"], json={"prompt": "a slimmer band"})
    if reply.status != 202:
        raise Failure("no refinement: %r" % reply)
    workloads.wait_until(client, reply.header("Location"), lambda job: job["status"] == "succeeded", 300)


def purge(server, client, design):
    path = "/v1/designs/" + design["id"]
    if client.delete(path).status != 204 or client.delete(path + "?purge=true").status != 204:
        raise Failure("the design %s cannot be purged" % design["id"])
    deadline = time.monotonic() + 30
    while server.db.jobs.count_documents({"kind": "object_deletion", "ended_at": None}):
        if time.monotonic() > deadline:
            raise Failure("the pictures of %s are not removed" % design["id"])
        time.sleep(0.05)


def make_pictures(server, chosen, loaded):
    """With job workers: generations in final quality, measured; and for a load, a design of bezel's own to compare with
    and the pictures that the thumbnails show."""
    made, model, pictures = [], None, None
    server.start(making=True)
    for _ in range(1 if chosen.no_render else chosen.reps):
        client, design, took, cpu = workloads.make_design(server, VARIATIONS)
        if not chosen.no_render:
            made.append({"seconds": took, "cpu_seconds": cpu})
            say("a generation of %d pictures: %.1f s, %.1f s of CPU" % (VARIATIONS, took, cpu))
        if model is None and not loaded:
            refine(client, design)
            document = server.db.designs.find_one({"_id": design["id"]})
            model = {"design": document, "token": client.cookies[server.cookie], **server.kind.model(server.db, document)}
            pictures = pictures_of(server, document)
        purge(server, client, design)
    if loaded:
        server.clean()
    else:
        server.load(model, pictures)
    server.stop()
    return made


def measure(server, chosen):
    bench = workloads.Bench(server, chosen.seconds, chosen.connections)
    server.warm()
    server.settle()
    bench.measure_idle()
    runs = {name: [] for name in chosen.workloads}
    for _ in range(chosen.reps):
        for name in chosen.workloads:
            figures = bench.run(name)
            if name == "W3":
                figures["deleted"] = server.clean()
                server.settle()
            runs[name].append(figures)
            say("%s: %.0f requests/s, p50 %.2f ms, p99 %.2f ms, %.2f commands, %d not 2xx, %d socket errors" % (
                name, figures["rps"], figures["p50_ms"], figures["p99_ms"], figures["commands"], figures["bad"],
                figures["sockets"]))
    result = {name: workloads.medians(each) for name, each in runs.items()}
    return {"workloads": result, "memory": server.memory(), "rows_left": server.rows_left(),
            "idle": dict(bench.idle), "runs": runs}


def check_capacity(server, seconds):
    """A session takes 1000 designs; W3 must not come near."""
    room = server.note["sessions"] * (1000 - documents.DESIGNS_EACH)
    if room < 6000 * (seconds + 2):
        raise Failure("%d sessions of at most 1000 designs are too few for runs of %d s: load more designs"
                      % (server.note["sessions"], seconds))


def serve(server):
    """For a benchmark of somebody else. Rows of W3 go once no new ones have come for two seconds."""
    print("export BODY='%s'" % json.dumps(documents.BODY, separators=(",", ":")))
    print("--target '%s'" % peers.target(server))
    print("Ctrl-C ends it.", flush=True)
    loaded = before = server.db.designs.estimated_document_count()
    while True:
        time.sleep(2)
        count = server.db.designs.estimated_document_count()
        if count == before != loaded:
            say("%d designs deleted" % server.clean())
            count = server.db.designs.estimated_document_count()
        before = count


def work(server, chosen):
    if chosen.peers:
        peers.check(chosen.peers)
    loaded = server.open_folder()
    made = []
    if not loaded or not (chosen.no_render or chosen.serve):
        made = make_pictures(server, chosen, loaded)
    server.start()
    server.clean()
    if "W3" in chosen.workloads:
        check_capacity(server, chosen.seconds)
    if chosen.serve:
        serve(server)
    figures = {"configuration": report.configuration(server, chosen), **measure(server, chosen), "generation": made}
    print(report.text(figures), flush=True)
    good = report.sound(figures)
    if chosen.peers:
        figures["peers"] = peers.run(server, chosen)
        figures["bars"] = peers.bars(figures)
        print(report.peers_text(figures), flush=True)
        good = good and all(bar["met"] for bar in figures["bars"])
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)
    if chosen.write:
        report.write(chosen.write, figures)
    return 0 if good else 1


def end(_number, _frame):
    raise KeyboardInterrupt


def main():
    chosen = arguments.parse()
    chosen.no_render = chosen.no_render or chosen.serve
    signal.signal(signal.SIGTERM, end)
    server = Server(chosen)
    try:
        return work(server, chosen)
    except KeyboardInterrupt:
        return 0 if chosen.serve else 130
    except (Failure, RuntimeError, TimeoutError, OSError) as error:
        say("failed: %s" % error)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        server.close()


if __name__ == "__main__":
    sys.exit(main())
