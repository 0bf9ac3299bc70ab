#include "config.h"

#include "gems/gems.h"

enum { NEAR_LETTERS = 2, NEAR_LENGTH = 5, NAME_MAX_LENGTH = 40 };

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool
is_word(char c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

/* Where the phrase stands in text as whole words, or text.n + 1. */
static size_t
find_phrase(struct str text, struct str phrase)
{
	size_t at, i, end;
	char first = phrase.n > 0 ? lower(phrase.p[0]) : '\0';
	char capital = first >= 'a' && first <= 'z' ? first ^ 0x20 : first;

	for (at = 0; phrase.n > 0 && at + phrase.n <= text.n; at++) {
		if (text.p[at] != first && text.p[at] != capital)
			continue;	/* most letters */
		if (at > 0 && is_word(text.p[at - 1]))
			continue;
		for (i = 0; i < phrase.n; i++)
			if (lower(text.p[at + i]) != lower(phrase.p[i]))
				break;
		if (i < phrase.n)
			continue;
		end = at + phrase.n;
		if (end < text.n && lower(text.p[end]) == 's')
			end++;
		if (end == text.n || !is_word(text.p[end]))
			return at;
	}
	return text.n + 1;
}

bool
gems_text_has(struct str text, const char *phrase)
{
	return find_phrase(text, str_of(phrase)) <= text.n;
}

/* Edits (one letter more, less or other) between two short names. */
static size_t
distance(struct str a, struct str b)
{
	size_t row[NAME_MAX_LENGTH + 1], i, j, diagonal, above, best;

	if (a.n > NAME_MAX_LENGTH || b.n > NAME_MAX_LENGTH)
		return NAME_MAX_LENGTH;
	for (j = 0; j <= b.n; j++)
		row[j] = j;
	for (i = 1; i <= a.n; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= b.n; j++) {
			above = row[j];
			best = diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1]));
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[b.n];
}

/* Texts whose lengths differ by more are further apart than that. */
static bool
is_near(size_t a, size_t b)
{
	return (a < b ? b - a : a - b) <= NEAR_LETTERS;
}

/* The best match seen so far in a walk over rows. */
struct match {
	struct str text;
	int row;
	int grade;	/* 4 the name, 3 a word of its own, 2 stands in the text, 1 misspelt */
	size_t length;	/* of the phrase, for grade 2 */
	size_t at;
	size_t wrong;	/* letters, for grade 1 */
};

static void
match_take(struct match *match, int row, int grade, size_t length, size_t at,
    size_t wrong)
{
	if (grade < match->grade)
		return;
	if (grade == match->grade) {
		if (grade >= 3)
			return;
		if (grade == 2 && (length < match->length ||
		    (length == match->length && at >= match->at)))
			return;
		if (grade == 1 && wrong >= match->wrong)
			return;
	}
	match->row = row;
	match->grade = grade;
	match->length = length;
	match->at = at;
	match->wrong = wrong;
}

static void
match_phrase(struct match *match, int row, struct str phrase, bool is_name)
{
	size_t at, wrong;

	if (phrase.n == 0 || match->grade == 4)	/* nothing is better */
		return;
	if (str_eq_nocase(match->text, phrase)) {
		match_take(match, row, is_name ? 4 : 3, 0, 0, 0);
		return;
	}
	if (match->grade == 3)
		return;
	at = find_phrase(match->text, phrase);
	if (at <= match->text.n)
		match_take(match, row, 2, phrase.n, at, 0);
	if (match->grade < 2 && phrase.n >= NEAR_LENGTH
	    && match->text.n >= NEAR_LENGTH
	    && is_near(match->text.n, phrase.n)) {
		wrong = distance(match->text, phrase);
		if (wrong <= NEAR_LETTERS)
			match_take(match, row, 1, 0, 0, wrong);
	}
}

static void
match_row(struct match *match, int row, const char *name, const char *words)
{
	struct str rest = str_of(words);

	match_phrase(match, row, str_of(name), true);
	while (rest.p != NULL)
		match_phrase(match, row, str_trim(str_cut(&rest, ',')), false);
}

static struct match
match_of(struct str text)
{
	return (struct match){ .text = str_trim(text), .row = -1 };
}

/* The row whose name it is, as mostly: then nothing else is looked at. names is that of
 * the first of count rows. */
static int
row_named(struct str text, const char *const *names, size_t row_bytes, int count)
{
	for (int i = 0; i < count; i++) {
		if (text.n > 0 && lower(text.p[0]) == lower(**names)
		    && str_eq_nocase(text, str_of(*names)))
			return i;
		names = (const char *const *)((const char *)names + row_bytes);
	}
	return -1;
}

#define ROW_NAMED(text, rows, count) \
	row_named(str_trim(text), &(rows)->name, sizeof *(rows), (int)(count))

const struct gem_species *
gems_find_species(struct str text)
{
	struct match match = match_of(text);
	int row = ROW_NAMED(text, gem_species, GEM_SPECIES_COUNT);

	if (row >= 0)
		return &gem_species[row];
	for (int i = 0; i < GEM_SPECIES_COUNT; i++)
		match_row(&match, i, gem_species[i].name, gem_species[i].words);
	return match.row < 0 ? NULL : &gem_species[match.row];
}

const struct gem_cut *
gems_find_cut(struct str text)
{
	struct match match = match_of(text);
	int row = ROW_NAMED(text, gem_cuts, CUT_COUNT);

	if (row >= 0)
		return &gem_cuts[row];
	for (int i = 0; i < CUT_COUNT; i++)
		match_row(&match, i, gem_cuts[i].name, gem_cuts[i].words);
	return match.row < 0 ? NULL : &gem_cuts[match.row];
}

const struct gem_metal *
gems_find_metal(struct str text)
{
	struct match match = match_of(text);
	int row = ROW_NAMED(text, gem_metals, METAL_COUNT);

	if (row >= 0)
		return &gem_metals[row];
	for (int i = 0; i < METAL_COUNT; i++)
		match_row(&match, i, gem_metals[i].name, gem_metals[i].words);
	return match.row < 0 ? NULL : &gem_metals[match.row];
}

static const struct gem_color *
find_color(enum gem_species_id species, struct str text)
{
	size_t count;
	const struct gem_color *rows = gems_colors(species, &count);
	struct match match = match_of(text);
	int row = ROW_NAMED(text, rows, count);

	if (row >= 0)
		return rows + row;
	for (size_t i = 0; i < count; i++)
		match_row(&match, (int)i, rows[i].name, rows[i].words);
	return match.row < 0 ? NULL : rows + match.row;
}

const struct gem_color *
gems_find_color(enum gem_species_id species, struct str text)
{
	const struct gem_color *color = NULL;

	if (species != GEM_ANY)
		color = find_color(species, text);
	return color != NULL ? color : find_color(GEM_ANY, text);
}

int
gems_find_finish(struct str text)
{
	static const char *const words[FINISH_COUNT] = {
		"shiny,high polish,glossy,bright,mirror", "mat,satin,brushed,frosted,sandblasted",
		"hammer,beaten,textured,dimpled" };
	struct match match = match_of(text);

	for (int i = 0; i < FINISH_COUNT; i++)
		match_row(&match, i, gem_finishes[i], words[i]);
	return match.row;
}

int
gems_find_transparency(struct str text)
{
	static const char *const words[GEM_TRANSPARENCY_COUNT] = {
		"clear,see-through", "translucent,semi transparent,semitransparent,milky,cloudy",
		"solid,not transparent" };
	struct match match = match_of(text);

	for (int i = 0; i < GEM_TRANSPARENCY_COUNT; i++)
		match_row(&match, i, gem_transparencies[i], words[i]);
	return match.row;
}
