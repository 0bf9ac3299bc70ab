"""studio.py - what tests of the service do again and again: a guest, a design, its pictures."""
import copy
import io

from stack import wait_for

BODY = {
    "gem_data": {"type": "Sapphire", "cut": "Oval", "color": "Cornflower blue", "transparency": "Transparent",
                 "size": {"simple": "Medium", "dimensions": None, "carat_weight": 1.5}},
    "original_prompt": "A ring for my grandmother, with leaves of ivy",
    "material_preferences": {"metals": ["Platinum"], "finish": "Polished"},
    "num_variations_requested": 2,
}
OVER = ("succeeded", "partially_succeeded", "failed", "cancelled")


def body(**changes):
    """A whole body; a change "gem_data__size__simple" reaches inside."""
    made = copy.deepcopy(BODY)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = made
        for step in way:
            place = place[step]
        place[last] = value
    return made


def guest(stack, **keywords):
    """A client with a session of its own."""
    client = stack.client(**keywords)
    reply = client.post("/v1/guest-session")
    assert reply.status == 201, reply
    client.session = reply.json()["id"]
    return client


def create(client, headers=None, **changes):
    return client.post("/v1/designs", json=body(**changes), headers=headers)


def over(client, generation, seconds=10):
    """The generation, once it has ended."""
    def look():
        reply = client.get("/v1/generations/" + generation)
        assert reply.status == 200, reply
        return reply.json()["status"] in OVER and reply.json()
    return wait_for(look, seconds, "generation " + generation)


def design(client, identifier):
    reply = client.get("/v1/designs/" + identifier)
    assert reply.status == 200, reply
    return reply.json()


def make(client, **changes):
    """A design with its pictures."""
    reply = create(client, **changes)
    assert reply.status == 202, reply
    over(client, reply.json()["generation"]["id"])
    return design(client, reply.json()["id"])


def metric(stack, name):
    for line in stack.client().get("/metrics").text.splitlines():
        if line.startswith(name + " "):
            return int(line.split()[1])
    raise KeyError(name)


def picture(width=400, height=300, kind="PNG", **keywords):
    """A picture as bytes: red above, blue below."""
    from PIL import Image
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (0, height // 2, width, height))
    out = io.BytesIO()
    image.save(out, kind, **keywords)
    return out.getvalue()
