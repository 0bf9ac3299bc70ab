# lib.sh - what the scripts share. Sourced, POSIX sh; defines functions and these variables:
#   top          the checkout
#   cache        what was fetched; $BEZEL_CACHE, or .cache in the checkout
#   PYTHON       Debian's python3 (it finds python3-pymongo and the like)
# shellcheck shell=sh

# shellcheck disable=SC2034 # for those who source this
top=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck disable=SC2034
cache=${BEZEL_CACHE:-$top/.cache}
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=python3
export PYTHONDONTWRITEBYTECODE=1

say()
{
	printf '%s\n' "$*" >&2
}

# die MESSAGE...: ends with the message.
die()
{
	say "${0##*/}: $*"
	exit 1
}

usage_error()
{
	say "${0##*/}: $*"
	say "See ${0##*/} --help."
	exit 2
}

# show_help: prints the comment at the head of the calling script.
show_help()
{
	sed -n '2,/^[^#]/ { s/^# \{0,1\}//p; }' "$0"
}

# absolute PATH: the path with its links resolved; its last part need not exist.
absolute()
{
	readlink -m -- "$1"
}

is_number()
{
	case $1 in
	''|*[!0-9]*) return 1 ;;
	esac
}

is_root()
{
	[ "$(id -u)" = 0 ]
}

# --- processes --------------------------------------------------------------
# A pid file holds "PID START BOOT": the process id, its start time in clock ticks and the
# id of the boot, so that a pid that was given to somebody else is never taken for ours.

# They are asked often, and all without a process of their own.
read -r boot_id </proc/sys/kernel/random/boot_id

# proc_look PID: its state in $pr_state, its start in $pr_start (fields 3 and 22 of its stat; the name before them may
# hold spaces); both empty when there is no such process.
proc_look()
{
	pr_state='' pr_start='' pr_line=''
	{ read -r pr_line <"/proc/$1/stat"; } 2>/dev/null || return 0
	# shellcheck disable=SC2086 # fields
	set -- ${pr_line##*) }
	pr_state=${1:-} pr_start=${20:-}
}

# pid_save FILE PID
pid_save()
{
	proc_look "$2"
	printf '%s %s %s\n' "$2" "$pr_start" "$boot_id" >"$1.new"
	mv -f "$1.new" "$1"
}

# pid_live FILE WORD: prints the pid when that very process still lives and has WORD in its
# command line; fails otherwise.
pid_live()
{
	pl_pid='' pl_start='' pl_boot=''
	# shellcheck disable=SC2034 # the rest swallows what a newer version may add
	[ -r "$1" ] && read -r pl_pid pl_start pl_boot pl_rest <"$1" || return 1
	is_number "$pl_pid" && is_number "$pl_start" || return 1
	[ "$pl_boot" = "$boot_id" ] || return 1
	proc_look "$pl_pid"
	[ "$pr_start" = "$pl_start" ] || return 1
	# One that has ended, and only waits for its parent to notice.
	case $pr_state in
	Z|X) return 1 ;;
	esac
	grep -qaF -- "$2" "/proc/$pl_pid/cmdline" 2>/dev/null || return 1
	printf '%s\n' "$pl_pid"
}

# pid_stop FILE WORD SIGNAL SECONDS: sends SIGNAL (again each second, for a signal may be lost)
# and waits. Fails when the process still lives after SECONDS.
pid_stop()
{
	ps_left=$(($4 * 20))
	while pid_live "$1" "$2" >/dev/null; do
		[ "$ps_left" -gt 0 ] || return 1
		[ $((ps_left % 20)) -ne 0 ] || kill -s "$3" "$pl_pid" 2>/dev/null || :
		ps_left=$((ps_left - 1))
		sleep 0.05
	done
}

# session_left FILE WORD: processes of the session that the one in FILE led, with WORD in their command
# line: nginx's workers outlive a master that was killed, and keep its port.
session_left()
{
	sl_pid='' sl_start='' sl_boot=''
	[ -r "$1" ] && read -r sl_pid sl_start sl_boot <"$1" || return 0
	is_number "$sl_pid" && [ "$sl_boot" = "$boot_id" ] || return 0
	# The number of a session is not given away while it has members. When its leader lives and
	# began at another time, it is another session.
	proc_look "$sl_pid"
	[ -z "$pr_start" ] || [ "$pr_start" = "$sl_start" ] || return 0
	# shellcheck disable=SC2013 # numbers, one a line
	for sl_each in $(cat /proc/[0-9]*/stat 2>/dev/null |
	    sed -n "s/^\\([0-9]*\\) (.*) [^ZX] [0-9-]* [0-9-]* $sl_pid .*/\\1/p"); do
		! grep -qaF -- "$2" "/proc/$sl_each/cmdline" 2>/dev/null || printf '%s\n' "$sl_each"
	done
}

# service_stop FILE WORD SIGNAL SECONDS: the process and what is left of its session; harder when need be.
service_stop()
{
	[ -e "$1" ] || return 0
	pid_stop "$1" "$2" "$3" "$4" || pid_stop "$1" "$2" TERM 5 || pid_stop "$1" "$2" KILL 5 || say "$2 does not end"
	for sv_signal in TERM TERM TERM KILL KILL; do
		sv_left=$(session_left "$1" "$2")
		[ -n "$sv_left" ] || break
		# shellcheck disable=SC2086 # numbers
		kill -s "$sv_signal" $sv_left 2>/dev/null || :
		sleep 0.3
	done
	rm -f "$1"
}

# services_stop STATE: nginx, then bezel, then mongod; each gets the time it needs.
services_stop()
{
	service_stop "$1/pids/nginx.pid" nginx QUIT 5
	service_stop "$1/pids/bezel.pid" bezel TERM 30
	service_stop "$1/pids/mongod.pid" mongod TERM 60
}

# log_tail FILE: the last lines of a log, for a message.
log_tail()
{
	if [ -s "$1" ]; then
		say "--- the last lines of $1"
		tail -n "${2:-15}" "$1" | cut -c1-400 >&2
		say "---"
	else
		say "($1 is empty)"
	fi
}

# log_rotate FILE: a log of more than 20 MB is set aside; one older copy is kept.
log_rotate()
{
	[ -f "$1" ] && [ ! -L "$1" ] || return 0
	[ "$(stat -c %s "$1")" -lt 20971520 ] || mv -f "$1" "$1.1"
}

# version_at_least HAVE WANT: compares dotted numbers.
version_at_least()
{
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}
