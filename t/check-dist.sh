#!/bin/sh
# check-dist.sh [FOLDER]
#
# The tarball has every file that git has, but those named below, and none besides but what autotools made. FOLDER
# is the unpacked tarball ("make dist" calls this for what it is about to pack); without it, one is made.
src=$(cd "${BEZEL_SRCDIR:-$(dirname "$0")/..}" && pwd -P) || exit 99
if [ ! -e "$src/.git" ] || ! git -C "$src" rev-parse HEAD >/dev/null 2>&1; then
	echo "not a checkout: nothing to compare with"
	[ $# != 0 ] || exit 77
	exit 0
fi

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
if [ $# = 0 ]; then
	# The calling make's options are not for this one.
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "${BEZEL_BUILDDIR:-$src/build}" distdir \
	    distdir="$work/dist" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
	exit 0 # that has called us
fi
LC_ALL=C
export LC_ALL
git -C "$src" ls-files | grep -vxE '(.*/)?\.gitignore|\.ci/.*' | sort >"$work/git"
(cd "$1" && find . -type f | sed 's,^\./,,' | grep -vxE 'Makefile\.in|aclocal\.m4|ar-lib|compile|config\.(guess|sub|h\.in)|configure|depcomp|install-sh|missing|tap-driver\.sh|test-driver') |
    sort >"$work/dist"
comm -23 "$work/git" "$work/dist" >"$work/lacks"
comm -13 "$work/git" "$work/dist" >"$work/extra"
sed 's/^/the tarball lacks (EXTRA_DIST in Makefile.am): /' "$work/lacks"
sed 's/^/the tarball has what git does not (git add?): /' "$work/extra"
[ ! -s "$work/lacks" ] && [ ! -s "$work/extra" ] && [ -s "$work/git" ]
