#!/bin/sh
# The pages of the manual are good mdoc, and have every option, command and signal that the sources have.
src=${BEZEL_SRCDIR:-$(dirname "$0")/..}
bad=0
fail()
{
	echo "$*"
	bad=1
}
tools=
for page in "$src"/docs/*.[1-8]; do
	if command -v man >/dev/null; then
		tools="$tools man"
		said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null)
		[ -z "$said" ] || fail "man --warnings -l $page: $said"
	fi
	if command -v mandoc >/dev/null; then
		tools="$tools mandoc"
		mandoc -Tlint -Wwarning "$page" || fail "mandoc -Tlint finds faults in $page"
	fi
done
# has PAGE MACRO FILE PATTERN: each name that the pattern takes out of the rows is in the page.
has()
{
	names=$(sed -nE "s/$4/\\1/p" "$src/$3")
	[ -n "$names" ] || fail "no names in $3: the check itself is broken"
	for name in $names; do
		grep -qE "^\.$2 $name( |\$)" "$src/docs/$1" || fail "$1 lacks $name of $3"
	done
}
has bezel.conf.5 'It Ic' src/conf/options.def '^OPTION\([a-z]+, [a-z_]+, "([a-z_]+)".*'
has bezel.1 Ic src/conf/options.def '^OPTION\([a-z]+, [a-z_]+, "([a-z_]+)".*'
has bezel.1 'It Ic' src/cmd/commands.def '^COMMAND\([a-z]+, "([a-z]+)".*'
has bezel.1 'It Ic' src/cmd/prints.def '^PRINT\([A-Za-z_]+,.*"([a-z-]+)",	.*'
[ "$bad" = 0 ] || exit 1
[ -n "$tools" ] || { echo "neither man nor mandoc is here to read them"; exit 77; }
