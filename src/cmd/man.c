#include "config.h"

#include "cmd/cmd.h"

#include "base/roff.h"

static const char head[] =
    ".Sh NAME\n"
    ".Nm bezel\n"
    ".Nd self-hosted AI jewelry design studio\n"
    ".Sh SYNOPSIS\n"
    ".Nm\n"
    ".Op Fl \\-config Ar file\n"
    ".Op Fl \\- Ns Ar option Ns = Ns Ar value\n"
    ".Ar command\n"
    ".Op Ar argument\n"
    ".Sh DESCRIPTION\n"
    ".Nm\n"
    "makes pictures of jewelry from words about a piece and its stone.\n"
    "It serves a studio for browsers and a REST interface by FastCGI behind nginx, keeps its documents in MongoDB\n"
    "and its pictures in a folder.\n"
    ".Pp\n"
    "A host that runs all of it is set up by\n"
    ".Ql scripts/run\n"
    "of the sources.\n"
    "The commands are:\n";

static const char options[] =
    ".Sh OPTIONS\n"
    "They may stand before or behind the command.\n"
    ".Bl -tag -width Ds\n"
    ".It Fl \\-config Ar file\n"
    "Reads options from that file; see\n"
    ".Xr bezel.conf 5 .\n"
    ".It Fl \\- Ns Ar option Ns = Ns Ar value\n"
    "Sets one option of\n"
    ".Xr bezel.conf 5 ;\n"
    "it goes over the file and the environment.\n"
    "A hyphen may stand for an underscore, and\n"
    ".Fl \\- Ns Ar option\n"
    "alone for the\n"
    ".Ql yes\n"
    "of one that is yes or no.\n"
    "The options are\n";

static const char tail[] =
    ".It Fl h , \\-help\n"
    "The same as\n"
    ".Ic help .\n"
    ".It Fl \\-version\n"
    "The same as\n"
    ".Ic version .\n"
    ".El\n"
    ".Sh SIGNALS\n"
    "Those that\n"
    ".Nm\n"
    ".Ic serve\n"
    "listens to:\n"
    ".Bl -tag -width Ds\n"
    ".It Dv SIGTERM , SIGINT\n"
    "Finish what is in hand, then leave.\n"
    "A job that does not end in 30 seconds is left to the next start.\n"
    ".It Dv SIGHUP\n"
    "Read the configuration again: new workers start, old ones finish.\n"
    "The paths of the sockets stay as they are.\n"
    "A configuration with faults changes nothing, and is logged.\n"
    ".El\n"
    ".Sh ENVIRONMENT\n"
    ".Bl -tag -width Ds\n"
    ".It Ev BEZEL_NAME\n"
    "Sets the option of that name, here in capitals; it goes over the file.\n"
    ".El\n"
    ".Sh FILES\n"
    "All places are options; these are their defaults.\n"
    ".Bl -tag -width Ds\n"
    ".It Pa /etc/bezel/master.key\n"
    "The key from which all others are derived\n"
    ".Pq Ic master_key_file .\n"
    ".It Pa /run/bezel/fast.sock , Pa /run/bezel/slow.sock\n"
    "The sockets\n"
    ".Pq Ic listen , listen_slow .\n"
    ".It Pa /var/lib/bezel/objects\n"
    "The pictures\n"
    ".Pq Ic objects .\n"
    ".El\n"
    ".Pp\n"
    "Pictures are decoded by a program of their own, bezel-image\n"
    ".Pq Ic image_program .\n"
    ".Nm\n"
    "starts it; it is of no use by hand.\n"
    ".Sh EXIT STATUS\n"
    ".Bl -tag -width Ds\n"
    ".It 0\n"
    "Done.\n"
    ".It 1\n"
    "Refused or failed; standard error says why.\n"
    ".It 2\n"
    "Used wrongly.\n"
    ".El\n"
    ".Sh EXAMPLES\n"
    ".Bd -literal\n"
    "bezel --config /etc/bezel/bezel.conf db apply\n"
    "bezel --config /etc/bezel/bezel.conf --log-level=debug serve\n"
    "bezel print conf\n"
    ".Ed\n"
    ".Sh SEE ALSO\n"
    ".Xr bezel.conf 5 ,\n"
    ".Xr nginx 8\n";

static void
add_item(struct buf *buf, const char *name, const char *args, const char *text,
    const char *more)
{
	buf_printf(buf, ".It Ic %s%s%s\n", name, args[0] == '\0' ? "" : " Ar ",
	    args);
	roff_add_text(buf, str_of(text));
	buf_add_char(buf, '\n');
	roff_add_text(buf, str_of(more));
	if (more[0] != '\0')
		buf_add_char(buf, '\n');
}

static void
add_commands(struct buf *buf)
{
	buf_addz(buf, ".Bl -tag -width Ds\n");
#define COMMAND(function, name, args, text, more) \
	add_item(buf, name, args, text, more);
#include "cmd/commands.def"
#undef COMMAND
	buf_addz(buf, ".El\n.Pp\nWhat\n.Ic admin\nknows:\n"
	    ".Bl -tag -width Ds\n");
#define ADMIN(function, name, operands, args, text) \
	add_item(buf, name, args, text, "");
#include "cmd/admin.def"
#undef ADMIN
	buf_addz(buf, ".El\n.Pp\nThe parts that\n.Ic print\nknows are:\n"
	    ".Bl -tag -width Ds\n");
#define PRINT(function, name, text) add_item(buf, name, "", text, "");
#include "cmd/prints.def"
#undef PRINT
	buf_addz(buf, ".El\n");
}

static void
add_option_names(struct buf *buf)
{
	static const char *const names[] = {
#define OPTION(type, member, name, preset, limits, text) name,
#include "conf/options.def"
#undef OPTION
	};
	size_t n = sizeof names / sizeof names[0];

	for (size_t i = 0; i < n; i++)
		buf_printf(buf, ".Ic %s%s\n", names[i], i + 2 < n ? " ,"
		    : i + 2 == n ? "\nand" : " .");
}

void
cmd_print_man(struct buf *buf)
{
	roff_add_head(buf, "BEZEL", 1);
	buf_addz(buf, head);
	add_commands(buf);
	buf_addz(buf, options);
	add_option_names(buf);
	buf_addz(buf, tail);
}
