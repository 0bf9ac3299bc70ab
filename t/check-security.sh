#!/bin/sh
# check-security.sh - the tests that docs/security.md names are there.
set -eu
srcdir=${srcdir:-.}
page=$srcdir/docs/security.md
bad=0 n=0
for each in $(grep -o '`[0-9a-z_-]*\.\(py\|c\): [a-z_*]*`' "$page" | tr -d '`' | tr ' ' '~' | sort -u); do
	file=${each%%:*} name=${each##*~}
	n=$((n + 1))
	path=$(find "$srcdir/t/unit" "$srcdir/t/func" -name "$file")
	if [ -z "$path" ]; then
		echo "$page names $file, which is not there" >&2
		bad=1
	elif [ "$name" != '*' ] && ! grep -Eq "^def $name\(|^START_TEST\($name\)" "$path"; then
		echo "$page names $file: $name, which is not there" >&2
		bad=1
	fi
done
# A page without tests would pass anything.
[ "$n" -ge 30 ] || { echo "$page names $n tests only" >&2; bad=1; }
exit $bad
