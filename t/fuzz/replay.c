/*
 * replay.c - main() of a fuzz target without libFuzzer: feeds it each file of
 * the given folders, whole and cut after each byte. Without arguments the
 * folder is the corpus of the target that the program is named after.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

enum { FILE_BYTES = 1 << 20, CUTS_MAX = 4096 };

/* Copied, so that a sanitizer or valgrind sees a read past the end. */
static void
feed(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + (n == 0));

	assert(copy != NULL);
	memcpy(copy, data, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void
feed_file(const char *path)
{
	static uint8_t data[FILE_BYTES];
	FILE *file = fopen(path, "rb");
	size_t n;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(data, 1, sizeof data, file);
	(void)fclose(file);	/* only read from */
	for (size_t cut = 0; cut < n && cut < CUTS_MAX; cut++)
		feed(data, cut);
	feed(data, n);
}

static int
feed_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];
	int count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		feed_file(path);
		count++;
	}
	if (dir != NULL)
		(void)closedir(dir);
	printf("%s: %d files\n", folder, count);
	return count;
}

int
main(int argc, char **argv)
{
	const char *source = getenv("BEZEL_SRCDIR");
	const char *name = strstr(program_invocation_short_name, "fuzz_");
	char folder[4096];
	int count = 0;

	for (int i = 1; i < argc; i++)
		count += feed_folder(argv[i]);
	if (argc == 1 && name != NULL) {
		(void)snprintf(folder, sizeof folder, "%s/t/fuzz/corpus/%s",
		    source == NULL ? "." : source, name + strlen("fuzz_"));
		count = feed_folder(folder);
	}
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
