#!/usr/bin/python3
"""The repositories of src/store against a mongod. TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import mongod  # noqa: E402

mongod.run("t/tools/store_designs", "t/tools/store_sessions", "t/tools/store_jobs", "t/tools/store_folders", "t/tools/store_together")
