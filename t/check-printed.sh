#!/bin/sh
# The committed manual is what the program prints from its rows.
src=${BEZEL_SRCDIR:-$(dirname "$0")/..}
bezel=${BEZEL_BUILDDIR:-$src/build}/bezel
bad=0
compare() { # WORD FILE
	if ! "$bezel" print "$1" | cmp -s - "$src/$2"; then
		echo "$2 differs from \`bezel print $1\`: write it anew with: bezel print $1 >$2"
		"$bezel" print "$1" | diff - "$src/$2" | cut -c1-200 | head -n 5
		bad=1
	fi
}
compare openapi etc/openapi.json
compare conf etc/bezel.conf.example
compare conf-man docs/bezel.conf.5
compare man docs/bezel.1
compare schema docs/schema.md
compare metrics docs/metrics.md
compare role etc/mongodb-role.json
compare routes docs/routes.md
exit $bad
