#include "config.h"

#include "base/roff.h"
#include "conf/rows.h"

/* sentence in comment lines of at most 78 columns. */
static void
add_comment(struct buf *buf, const char *sentence)
{
	struct str rest = str_of(sentence);
	size_t column = 0;

	while (rest.p != NULL) {
		struct str word = str_cut(&rest, ' ');

		if (column == 0 || column + 1 + word.n > 78) {
			buf_addz(buf, column == 0 ? "#" : "\n#");
			column = 1;
		}
		buf_add_char(buf, ' ');
		buf_add_str(buf, word);
		column += 1 + word.n;
	}
	buf_add_char(buf, '\n');
}

/* What a value must be. */
static void
add_limits(struct buf *buf, const struct conf_row *row)
{
	static const char *const plain[] = { [CONF_KIND_path] = "an absolute path",
		[CONF_KIND_bool] = "yes or no", [CONF_KIND_enum] = "one of: " };
	static const char *const units[] = { [CONF_KIND_str] = " bytes of text",
		[CONF_KIND_int] = "", [CONF_KIND_list] = " items, separated by commas" };

	if (row->type == CONF_KIND_str || row->type == CONF_KIND_int
	    || row->type == CONF_KIND_list)
		buf_printf(buf, "%lld to %lld%s", (long long)row->min,
		    (long long)row->max, units[row->type]);
	else
		buf_addz(buf, plain[row->type]);
	if (row->type == CONF_KIND_enum)
		conf_add_words(buf, row);
}

void
conf_print_example(struct buf *buf)
{
	buf_addz(buf, "# Options of bezel with their defaults, printed by `bezel"
	    " print conf`.\n# A line is `name = value`; the environment"
	    " (BEZEL_NAME) and the command line\n# (--name=value) go over it.\n");
	for (int i = 0; i < CONF_OPTION_COUNT; i++) {
		const struct conf_row *row = &conf_rows[i];

		buf_add_char(buf, '\n');
		add_comment(buf, row->text);
		buf_addz(buf, "# (");
		add_limits(buf, row);
		buf_addz(buf, ")\n");
		buf_printf(buf, "#%s =%s%s\n", row->name, row->preset == NULL
		    || row->preset[0] == '\0' ? "" : " ",
		    row->preset == NULL ? "" : row->preset);
	}
}

static const char man_head[] =
    ".Sh NAME\n"
    ".Nm bezel.conf\n"
    ".Nd options of bezel\n"
    ".Sh DESCRIPTION\n"
    "A line is\n"
    ".Ql name = value .\n"
    "Values have no quotes; one without characters unsets the option.\n"
    "A line that begins with\n"
    ".Sq #\n"
    "is a comment.\n"
    "An option stands in the file once.\n"
    ".Pp\n"
    "The environment\n"
    ".Pq Ev BEZEL_NAME , No the name in capitals\n"
    "goes over the file, and the command line\n"
    ".Pq Fl \\-name Ns = Ns Ar value\n"
    "over both.\n"
    ".Xr bezel 1\n"
    "refuses to start while anything is wrong, and names all of it.\n"
    "It reads the file again at\n"
    ".Dv SIGHUP ;\n"
    "a file with faults then changes nothing.\n"
    "Secrets are no options: an option names the file that holds one.\n"
    ".Sh OPTIONS\n"
    ".Bl -tag -width Ds\n";

static const char man_tail[] =
    ".El\n"
    ".Sh FILES\n"
    "The file is the one of\n"
    ".Ql bezel --config ;\n"
    "there is none by default.\n"
    ".Ql bezel print conf\n"
    "prints one with all options and their defaults.\n"
    ".Sh EXAMPLES\n"
    ".Bd -literal\n"
    "base_url = https://studio.example.org\n"
    "mongodb_uri_file = /etc/bezel/mongodb.uri\n"
    "provider = gemini\n"
    "gemini_api_key_file = /etc/bezel/gemini.key\n"
    ".Ed\n"
    ".Sh SEE ALSO\n"
    ".Xr bezel 1\n";

static void
add_man_option(struct buf *buf, const struct conf_row *row)
{
	buf_printf(buf, ".It Ic %s\n", row->name);
	roff_add_text(buf, str_of(row->text));
	buf_add_char(buf, '\n');
	buf_addz(buf, ".br\nA value is ");
	add_limits(buf, row);
	if (row->preset == NULL || row->preset[0] == '\0') {
		buf_addz(buf, ".\nNot set by default.\n");
		return;
	}
	buf_addz(buf, ".\nDefault:\n.Ql ");
	roff_add_text(buf, str_of(row->preset));
	buf_addz(buf, " .\n");
}

void
conf_print_man(struct buf *buf)
{
	roff_add_head(buf, "BEZEL.CONF", 5);
	buf_addz(buf, man_head);
	for (int i = 0; i < CONF_OPTION_COUNT; i++)
		add_man_option(buf, &conf_rows[i]);
	buf_addz(buf, man_tail);
}
