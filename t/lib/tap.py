"""tap.py - points of a test as TAP, for automake's driver.

A test file calls ok(), is_() and the like, or collects functions with @test and ends with main(). An exception
in a function is a failed point with its traceback; the functions after it still run. The plan is printed last,
so a program that dies midway has none and fails; a program without a single point bails out.
"""
import os
import signal
import sys
import time
import traceback

_points = 0
_failed = 0
_tests = []
_at_failure = []
_at_end = []


def diag(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def _point(good, name, directive=""):
    global _points, _failed
    _points += 1
    if not good and not directive:
        _failed += 1
    name = str(name).replace("#", "\\#").replace("\n", " ")
    print("%s %d - %s%s" % ("ok" if good else "not ok", _points, name, directive), flush=True)
    return good


def ok(value, name, why=None):
    """A point; `why` is shown when it fails."""
    if not _point(bool(value), name) and why is not None:
        diag(why)
    return bool(value)


def is_(got, want, name):
    return ok(got == want, name, "got:  %r\nwant: %r" % (got, want))


def contains(whole, part, name):
    return ok(part in whole, name, "%r is not in %r" % (part, whole))


def raises(kind, function, name):
    try:
        function()
    except kind:
        return ok(True, name)
    return ok(False, name, "nothing was raised")


def skip(name, reason):
    _point(True, name, " # SKIP " + reason)


def about_no_bezel(reason="tests nothing that was built"):
    """For a file that need not run once for each way to build bezel: it has a stand-in, or is about other programs."""
    if os.environ.get("BEZEL_TEST_SANITIZED"):
        skip_all(reason)


def skip_all(reason):
    """For a file whose tools are missing; automake shows it as skipped."""
    print("1..0 # SKIP " + reason, flush=True)
    sys.exit(0)


def failed():
    return _failed


def at_failure(function):
    """Called with no argument when a test function has raised: shows logs, for one."""
    _at_failure.append(function)


def at_end(function):
    """Called with no argument before the plan is printed; last registered, first called."""
    _at_end.append(function)


def test(function):
    """Marks a function as a test; main() calls them in the order of the file."""
    _tests.append(function)
    return function


def _alarm(_number, _frame):
    raise TimeoutError("the test file took too long")


def main(seconds=300):
    """Runs the tests; those named on the command line alone, when there are any."""
    wanted = sys.argv[1:]
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(int(seconds * float(os.environ.get("BEZEL_TEST_SLOWER", "1"))))
    for function in _tests:
        if wanted and function.__name__ not in wanted:
            continue
        before, began = _points, time.monotonic()
        try:
            function()
            if _points == before:
                _point(False, function.__name__ + " has no point")
        except BaseException as error:  # pylint: disable=broad-except
            _point(False, "%s: %s: %s" % (function.__name__, type(error).__name__, error))
            diag(traceback.format_exc())
            for show in _at_failure:
                show()
            if isinstance(error, (TimeoutError, KeyboardInterrupt)) and not str(error).startswith("waited"):
                break
        diag("%s: %.1f s" % (function.__name__, time.monotonic() - began))
    done()


def done():
    while _at_end:
        try:
            _at_end.pop()()
        except Exception as error:  # pylint: disable=broad-except
            _point(False, "at the end: %s: %s" % (type(error).__name__, error))
            diag(traceback.format_exc())
    if _points == 0:
        print("Bail out! no test ran", flush=True)
        sys.exit(1)
    print("1..%d" % _points, flush=True)
    sys.exit(1 if _failed else 0)
