# BEZEL_SANITIZER(SWITCH, NAME): --enable-SWITCH builds with -fsanitize=NAME.
AC_DEFUN([BEZEL_SANITIZER], [
  AC_ARG_ENABLE([$1],
    [AS_HELP_STRING([--enable-$1], [build with -fsanitize=$2])], [], [enable_$1=no])
  AS_IF([test "x$enable_$1" = xyes], [
    BEZEL_SANITIZED=yes
    AC_DEFINE([BEZEL_SANITIZED], [1], [Built with a sanitizer: no limit on address space])
    SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fsanitize=$2 -fno-sanitize-recover=all -fno-omit-frame-pointer"])
  AC_SUBST([SANITIZE_CFLAGS])
])

# BEZEL_COVERAGE: --enable-coverage builds for gcov.
AC_DEFUN([BEZEL_COVERAGE], [
  AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage], [build for gcov])], [], [enable_coverage=no])
  AS_IF([test "x$enable_coverage" = xyes], [COVERAGE_CFLAGS="--coverage -O0 -fprofile-update=atomic"])
  AC_SUBST([COVERAGE_CFLAGS])
])
