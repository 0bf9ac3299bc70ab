#!/bin/sh
# Holds every #include of src/ to the list in src/layers: an include of our own
# names its folder, goes to an allowed one, and foreign headers that belong to one
# folder are not used in another.
cd "${BEZEL_SRCDIR:-$(dirname "$0")/..}/src" || exit 99
grep -rnE '^ *# *include' --include='*.[ch]' --include='*.def' . | awk '
	BEGIN {
		while ((getline line < "layers") > 0) {
			if (line ~ /^#/ || line !~ /[a-z]/) continue
			n = split(line, w, " ")
			rank[w[1]] = w[2]; all[w[1]] = (w[3] == "*")
			for (i = 3; i <= n; i++) {
				if (w[i] ~ /[\/.]/) only[w[i]] = only[w[i]] " " w[1] " "
				else may[w[1], w[i]] = 1
			}
		}
		for (pair in may) {
			split(pair, p, SUBSEP)
			if (p[2] in rank && rank[p[2]] >= rank[p[1]]) { print "src/layers: " p[1] " may include " p[2] ", which is not lower"; bad++ }
		}
	}
	{
		split($0, part, ":"); file = substr(part[1], 3); folder = file; sub(/\/.*/, "", folder)
		if (file !~ /\//) next
		if (!(folder in rank)) { print file ": folder is not in src/layers"; bad++; next }
		text = $0; sub(/^[^:]*:[^:]*:/, "", text)
		own = (text ~ /include *"/)
		sub(/^ *# *include *["<]/, "", text); sub(/[">].*/, "", text)
		seen++
		if (own) {
			if (text == "config.h") next
			to = text; sub(/\/.*/, "", to)
			if (text !~ /\// || !(to in rank)) { print file ": \"" text "\" does not name a layer"; bad++; next }
			if (to != folder && !all[folder] && !((folder, to) in may)) { print file ": " folder " may not include " text; bad++ }
		} else for (prefix in only)
			if (index(text, prefix) == 1 && !index(only[prefix], " " folder " ")) { print file ": <" text "> belongs to" only[prefix]; bad++ }
	}
	END {
		if (seen < 20) { print "only " seen+0 " includes seen: the check itself is broken"; bad++ }
		exit bad > 0
	}'
