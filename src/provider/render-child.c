#include "config.h"

#include "provider/render-child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER_PREFIX "bezel-render-"

enum { MAX_ARGS = 24, NICE = 10 };

static void
remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir != NULL) {
		while ((entry = readdir(dir)) != NULL)
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				(void)unlinkat(dirfd(dir), entry->d_name, 0);
		closedir(dir);
	}
	(void)rmdir(path);	/* what stays is swept at the next start */
}

void
render_child_sweep(const char *temp_folder)
{
	DIR *dir = opendir(temp_folder);
	struct dirent *entry;
	struct stat st;
	char path[512];
	long pid;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, FOLDER_PREFIX, sizeof FOLDER_PREFIX - 1) != 0)
			continue;
		pid = strtol(entry->d_name + sizeof FOLDER_PREFIX - 1, NULL, 10);
		if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
			continue;
		if ((size_t)snprintf(path, sizeof path, "%s/%s", temp_folder,
		    entry->d_name) < sizeof path)
			remove_folder(path);
	}
	closedir(dir);
}

static enum rc
make_folder(struct render_child *child, const struct render_child_job *job,
    struct err *err)
{
	char path[sizeof child->folder + 16];
	size_t done = 0;
	ssize_t n;
	int fd;

	if ((size_t)snprintf(child->folder, sizeof child->folder,
	    "%s/" FOLDER_PREFIX "%ld-XXXXXX", job->temp_folder, (long)getpid()) >=
	    sizeof child->folder || mkdtemp(child->folder) == NULL) {
		child->folder[0] = '\0';
		(void)err_set(err, RC_UNAVAILABLE, "The picture cannot be rendered now.");
		return err_detail(err, "folder in %s: %s", job->temp_folder, strerror(errno));
	}
	(void)snprintf(path, sizeof path, "%s/scene.pov", child->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	while (fd >= 0 && done < job->scene.n) {
		n = write(fd, job->scene.p + done, job->scene.n - done);
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || done < job->scene.n || close(fd) != 0) {
		(void)err_set(err, RC_UNAVAILABLE, "The picture cannot be rendered now.");
		return err_detail(err, "%s: %s", path, strerror(errno));
	}
	return RC_OK;
}

static void
limit(int which, rlim_t value)
{
	const struct rlimit both = { value, value };

	if (setrlimit(which, &both) != 0)
		_exit(126);
}

/* In the child: nothing is left but what povray may have. */
static _Noreturn void
become_povray(const struct render_child *child, char *const *args, int out_fd,
    pid_t parent)
{
	static char *const no_environment[] = { NULL };
	sigset_t none;
	int null;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(126);
	(void)setsid();		/* cannot fail in a new process */
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);	/* some cannot be set: fine */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (nice(NICE) == -1 && errno != 0) {
		/* not allowed: it runs at our own priority */
	}
	null = open("/dev/null", O_RDWR);
	if (null < 0 || chdir(child->folder) != 0 || dup2(null, 0) < 0 ||
	    dup2(out_fd, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	if (close_range(3, ~0u, 0) != 0)
		_exit(126);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, CHILD_CPU_S);
	limit(RLIMIT_FSIZE, CHILD_FILE_BYTES);
	limit(RLIMIT_NOFILE, 64);
	limit(RLIMIT_AS, CHILD_MEMORY_BYTES);
	execve(args[0], args, no_environment);
	_exit(errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == ENOEXEC ?
	    CHILD_EXIT_NO_PROGRAM : 126);
}

static enum rc
spawn(struct render_child *child, const struct render_child_job *job, struct err *err)
{
	char width[24], height[24], extra[96], *next, *args[MAX_ARGS];
	int pipes[2], n = 0;
	pid_t parent = getpid();
	static const char *const fixed[] = { "+Iscene.pov", "+O-", "+FN", "-D", "-P", "-V",
		"-GA", "+WT1" };

	args[n++] = (char *)(uintptr_t)job->povray;
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		args[n++] = (char *)(uintptr_t)fixed[i];
	(void)snprintf(width, sizeof width, "+W%d", job->side_px);
	(void)snprintf(height, sizeof height, "+H%d", job->side_px);
	(void)snprintf(extra, sizeof extra, "%s", job->antialias);
	args[n++] = width;
	args[n++] = height;
	for (next = strtok(extra, " "); next != NULL && n < MAX_ARGS - 1; next = strtok(NULL, " "))
		args[n++] = next;
	args[n] = NULL;
	if (pipe2(pipes, O_CLOEXEC) != 0) {
		(void)err_set(err, RC_UNAVAILABLE, "The picture cannot be rendered now.");
		return err_detail(err, "pipe: %s", strerror(errno));
	}
	child->pid = fork();
	if (child->pid == 0)
		become_povray(child, args, pipes[1], parent);
	(void)close(pipes[1]);
	if (child->pid < 0) {
		(void)close(pipes[0]);
		child->pid = 0;
		(void)err_set(err, RC_UNAVAILABLE, "The picture cannot be rendered now.");
		return err_detail(err, "fork: %s", strerror(errno));
	}
	child->fd = pipes[0];
	if (fcntl(child->fd, F_SETFL, O_NONBLOCK) != 0)
		die("a pipe cannot be made non-blocking");
	return RC_OK;
}

enum rc
render_child_start(struct render_child *child, const struct render_child_job *job,
    struct err *err)
{
	enum rc rc;

	*child = (struct render_child){ .fd = -1 };
	rc = make_folder(child, job, err);
	if (rc == RC_OK)
		rc = spawn(child, job, err);
	if (rc != RC_OK)
		render_child_kill(child);
	return rc;
}

static void
tidy(struct render_child *child)
{
	if (child->fd >= 0)
		(void)close(child->fd);
	child->fd = -1;
	child->pid = 0;
	if (child->folder[0] != '\0')
		remove_folder(child->folder);
	child->folder[0] = '\0';
}

bool
render_child_reap(struct render_child *child, int *ret_status)
{
	pid_t pid;
	int status = 0;

	do
		pid = waitpid(child->pid, &status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	/* What it may have started goes too. */
	(void)kill(-child->pid, SIGKILL);
	tidy(child);
	*ret_status = pid < 0 ? 126 << 8 : status;
	return true;
}

void
render_child_kill(struct render_child *child)
{
	if (child->pid > 0) {
		(void)kill(-child->pid, SIGKILL);
		(void)kill(child->pid, SIGKILL);	/* before its setsid() */
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	tidy(child);
}
