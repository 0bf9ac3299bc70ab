"""hooks.py - what schemathesis cannot know of this service. Loaded by its program; $BEZEL_ACTOR names a JSON file of
run.py with "things": for the begin of a path, what may stand behind it and is there."""
import json
import os
import uuid

import schemathesis
from hypothesis import strategies

with open(os.environ["BEZEL_ACTOR"], encoding="utf-8") as file:
    ACTOR = json.load(file)


def things_of(path):
    """What may stand in the place of the first parameter, whose kind is the part before it."""
    return ACTOR["things"].get(path.split("{")[0], [])


@schemathesis.hook
def flatmap_path_parameters(context, path_parameters):
    """Of random ids none is there: half of them are made to be. Only the first parameter names a thing of its own."""
    things = things_of(context.operation.path)
    if not things or not path_parameters:
        return strategies.just(path_parameters)
    name = next(iter(path_parameters))
    return strategies.one_of(strategies.just(path_parameters),
                             strategies.sampled_from(things).map(lambda thing: {**path_parameters, name: thing}))


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """A request of its own: with the same key two cases would be one, or the second refused for its other body."""
    if "Idempotency-Key" in (case.headers or {}) and case.meta is not None and case.meta.generation.mode.is_positive:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
