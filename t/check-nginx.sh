#!/bin/sh
# check-nginx.sh - times and names that stand in the program and in nginx's configuration are the same.
set -eu
srcdir=${srcdir:-.}
bad=0

# The number that a C file gives a name.
c_value() { # NAME FILE
	sed -n "s/.*\\<$1 = \\([0-9]*\\)\\>.*/\\1/p" "$srcdir/src/$2"
}

same() { # WHAT THE-PROGRAM'S NGINX'S...
	what=$1 ours=$2
	shift 2
	[ -n "$ours" ] && [ $# -gt 0 ] || { echo "$what: not found" >&2; bad=1; }
	for theirs; do
		[ "$ours" = "$theirs" ] || { echo "$what: $ours in the program, $theirs in nginx's" >&2; bad=1; }
	done
}

# All that asks a worker for what a link shows: the locations of links, and what they include.
same "wait for an answer of a link" "$(c_value CONF_NGINX_WAITS_S conf/conf.h)" \
	$(sed -n '/# --- links to designs/,/location = .docs/ s/.*fastcgi_read_timeout \([0-9]*\)s;/\1/p' "$srcdir/nginx/nginx.conf.in") \
	$(sed -n 's/.*fastcgi_read_timeout \([0-9]*\)s;/\1/p' "$srcdir/nginx/fast-quiet.conf")
same "life of a picture" "$(c_value PICTURE_S api/share-files.c)" \
	$(sed -n 's/.*s-maxage=\([0-9]*\).*/\1/p' "$srcdir/nginx/share-picture.conf.in")
exit $bad
