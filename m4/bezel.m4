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

# BEZEL_GCOV: --enable-coverage builds for gcov.
AC_DEFUN([BEZEL_GCOV], [
  AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage], [build for gcov])], [], [enable_coverage=no])
  AS_IF([test "x$enable_coverage" = xyes], [
    AC_DEFINE([BEZEL_COVERAGE], [1], [Built for gcov, which writes files at exit])
    # Not the builtins: gcov would write its counts between a child's limits and its execve. Counts are not
    # atomic: threads are libraries' alone, and tests that look at each pixel took four times as long.
    COVERAGE_CFLAGS="--coverage -O0 -fprofile-update=single -fno-builtin-execve -fno-builtin-execv"])
  AC_SUBST([COVERAGE_CFLAGS])
])

# BEZEL_FUZZ: --enable-fuzz builds the targets of t/fuzz as libFuzzer programs
# (clang only), the rest with the instrumentation that they need.
AC_DEFUN([BEZEL_FUZZ], [
  AC_ARG_ENABLE([fuzz],
    [AS_HELP_STRING([--enable-fuzz], [build the fuzz targets with libFuzzer (needs CC=clang)])],
    [], [enable_fuzz=no])
  AS_IF([test "x$enable_fuzz" = xyes], [
    # ASan's runtime has the coverage symbols for the programs without libFuzzer.
    AS_IF([test "x$enable_asan" != xyes || test "x$enable_ubsan" != xyes],
      [AC_MSG_ERROR([--enable-fuzz needs --enable-asan --enable-ubsan])])
    AC_MSG_CHECKING([whether $CC has libFuzzer])
    bezel_cflags=$CFLAGS
    CFLAGS="$CFLAGS -fsanitize=fuzzer,address"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[#include <stddef.h>
      int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);
      int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n) { return p == NULL && n > 0; }]])],
      [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([--enable-fuzz needs clang with libFuzzer: configure CC=clang])])
    CFLAGS=$bezel_cflags
    SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fsanitize=fuzzer-no-link"
    AC_SUBST([FUZZ_LIBS], [-fsanitize=fuzzer])])
  AM_CONDITIONAL([ENABLE_FUZZ], [test "x$enable_fuzz" = xyes])
])
