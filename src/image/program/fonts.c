#include "config.h"

#include "image/program/fonts.h"

#include <fts.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>

/* In their order: a letter is taken from the first that has it. cairo keeps ten faces
 * open, so these must not be more. Their Debian packages stand beside;
 * scripts/install-packages installs the first three, the others are used when they are
 * there. */
static const char *const font_names[] = {
	"EBGaramond12-Regular.otf",		/* fonts-ebgaramond */
	"EBGaramond12-Italic.otf",
	"DejaVuSans.ttf",			/* fonts-dejavu-core: Arabic, Hebrew ... */
	"DroidSansFallbackFull.ttf",		/* fonts-droid-fallback: CJK */
	"NanumGothic.ttf",			/* fonts-nanum: Hangul */
	"NotoSansDevanagari-Regular.ttf",	/* fonts-noto-core */
	"NotoSansThai-Regular.ttf",
};

enum {
	FONTS = sizeof font_names / sizeof font_names[0],
	FOLDERS_DEEP = 6
};

static int
rank_of(const char *name)
{
	for (int i = 0; i < FONTS; i++)
		if (strcmp(name, font_names[i]) == 0)
			return i;
	return -1;
}

/* The paths of the fonts that are there. */
static void
find_fonts(const char *folder, char *ret_paths[FONTS])
{
	char *const roots[] = { (char *)(uintptr_t)folder, NULL };
	FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *entry;
	int i;

	if (walk == NULL)
		return;
	while ((entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_D && entry->fts_level > FOLDERS_DEEP)
			(void)fts_set(walk, entry, FTS_SKIP);
		i = entry->fts_info == FTS_D ? -1 : rank_of(entry->fts_name);
		if (i >= 0 && ret_paths[i] == NULL)
			ret_paths[i] = g_strdup(entry->fts_path);
	}
	(void)fts_close(walk);
}

const FcFontSet *
fonts_find(const char *folder)
{
	char *paths[FONTS] = { NULL };
	FcConfig *config = FcConfigCreate();

	if (config == NULL)
		return NULL;
	find_fonts(folder, paths);
	for (int i = 0; i < FONTS; i++) {
		if (paths[i] != NULL)
			(void)FcConfigAppFontAddFile(config,
			    (const FcChar8 *)paths[i]);
		g_free(paths[i]);
	}
	(void)FcConfigSetCurrent(config);
	return FcConfigGetFonts(config, FcSetApplication);
}
