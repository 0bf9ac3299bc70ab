/*
 * sandbox.h - what the program may not do, put on in two steps.
 *
 * Built for gcov (BEZEL_COVERAGE) it may write its counters; built with a
 * sanitizer (BEZEL_SANITIZED) it may use all of the address space and any
 * system call, for the sanitizer needs them.
 */
#ifndef BEZEL_IMAGE_PROGRAM_SANDBOX_H
#define BEZEL_IMAGE_PROGRAM_SANDBOX_H

#include <stdbool.h>

/* Before anything else: memory 1 GiB, no core, no byte into a file, few
 * descriptors, no new privileges, no debugger, death with the parent. */
bool sandbox_limit(void);

/* When libvips is ready: from now on only memory, threads, time and the open
 * socket. A kernel without seccomp, or another machine than those listed in
 * sandbox.c, goes without: the limits above hold all the same. */
bool sandbox_close(void);

/* Seconds of CPU from now on, for one picture; then the kernel ends us. */
void sandbox_cpu(int seconds);

#endif
