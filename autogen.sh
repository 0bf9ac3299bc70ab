#!/bin/sh
# Makes ./configure. Needed once after a checkout.
set -e
cd "$(dirname "$0")"
autoreconf --install --warnings=no-obsolete "$@"
