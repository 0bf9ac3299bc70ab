#!/usr/bin/python3
"""The least, the greatest and the just-too-far value of each row: our reader and mongod agree. TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import mongod  # noqa: E402

mongod.run("t/tools/boundary")
