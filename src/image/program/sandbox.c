#include "config.h"

#include "image/program/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MEMORY_BYTES = 1 << 30, DESCRIPTORS = 16, CPU_HARD_S = 24 * 3600 };

static bool
limit(int resource, rlim_t most)
{
	const struct rlimit both = { most, most };

	return setrlimit((__rlimit_resource_t)resource, &both) == 0;
}

bool
sandbox_limit(void)
{
#ifndef BEZEL_SANITIZED
	if (!limit(RLIMIT_AS, MEMORY_BYTES))
		return false;
#endif
#ifndef BEZEL_COVERAGE
	if (!limit(RLIMIT_FSIZE, 0))
		return false;
#endif
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, DESCRIPTORS) &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

void
sandbox_cpu(int seconds)
{
	struct rlimit most = { 0, CPU_HARD_S };
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	most.rlim_cur = (rlim_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	    1 + seconds);
	(void)setrlimit(RLIMIT_CPU, &most);	/* the client has a timeout too */
}

/* --- seccomp --------------------------------------------------------------- */

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#if !defined(MACHINE) || defined(BEZEL_SANITIZED) || defined(BEZEL_COVERAGE)

bool
sandbox_close(void)
{
	return true;
}

#else

/* Everything else gives EPERM. Files cannot be opened any more, nor sockets
 * made, nor programs run. clone3 hides its flags from a filter, but without
 * privileges and with no way to exec it can only make threads and processes. */
static const unsigned int allowed[] = {
	__NR_read, __NR_write, __NR_recvfrom, __NR_sendto, __NR_close,
	__NR_fstat, __NR_lseek, __NR_ppoll,
	__NR_munmap, __NR_mremap, __NR_brk, __NR_madvise,
	__NR_futex, __NR_set_robust_list, __NR_rseq, __NR_clone, __NR_clone3,
	__NR_exit, __NR_exit_group, __NR_restart_syscall,
	__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn,
	__NR_sigaltstack, __NR_tgkill, __NR_getpid, __NR_gettid,
	__NR_sched_yield, __NR_sched_getaffinity,
	__NR_clock_gettime, __NR_clock_nanosleep, __NR_nanosleep,
	__NR_gettimeofday, __NR_getrandom, __NR_getrusage, __NR_prlimit64,
	__NR_sysinfo,
#ifdef __NR_poll
	__NR_poll,
#endif
#ifdef __NR_setrlimit
	__NR_setrlimit,
#endif
};

/* cairo asks whether it may read a font before it uses the face that is open: said to
 * succeed, and nothing is looked up. */
#ifdef __NR_access
#define ACCESS __NR_access
#else
#define ACCESS __NR_faccessat
#endif

enum {
	ALLOWED = sizeof allowed / sizeof allowed[0],
	FILTER_MAX = 16 + 2 * ALLOWED,
	/* The low half of an argument: both machines are little-endian. */
	PROTECTION = offsetof(struct seccomp_data, args[2])
};

#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define JUMP_EQUAL(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), (yes), (no))
#define JUMP_BITS(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (k), (yes), (no))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define PRETEND (SECCOMP_RET_ERRNO | 0)

static unsigned short
make_filter(struct sock_filter filter[FILTER_MAX])
{
	const struct sock_filter head[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		JUMP_EQUAL(MACHINE, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(offsetof(struct seccomp_data, nr)),
		/* Memory, but none that can be executed. */
		JUMP_EQUAL(__NR_mmap, 1, 0),
		JUMP_EQUAL(__NR_mprotect, 0, 4),
		LOAD(PROTECTION),
		JUMP_BITS(PROT_EXEC, 0, 1),
		RETURN(DENY),
		RETURN(SECCOMP_RET_ALLOW),
		JUMP_EQUAL(ACCESS, 0, 1),
		RETURN(PRETEND),
	};
	unsigned short n = 0;

	for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
		filter[n++] = head[i];
	for (size_t i = 0; i < ALLOWED; i++) {
		filter[n++] = (struct sock_filter)JUMP_EQUAL(allowed[i], 0, 1);
		filter[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	filter[n++] = (struct sock_filter)RETURN(DENY);
	return n;
}

bool
sandbox_close(void)
{
	struct sock_filter filter[FILTER_MAX];
	const struct sock_fprog program = { make_filter(filter), filter };

	/* For all threads: libvips may have started some. */
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC, &program) == 0 ||
	    errno == ENOSYS || errno == EINVAL;
}

#endif
