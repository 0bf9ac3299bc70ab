/*
 * schema.h - documents as rows: what a row is, and what walks rows.
 *
 * docs/<name>.def declares each document once; documents.h makes the structs,
 * documents.c the tables, and this interface reads the tables: JSON in (decode),
 * JSON out (encode), BSON in and out, validators, indexes, reference pages.
 *
 * The rows of a .def:
 *   FIELD(type, member, "key", flags, limits, "default", "text")
 *   ENUM (set, member, "key", flags, "default", "text")       a closed list of enums.def
 *   LIST (type, member, "key", flags, count, limits, "text")  an array of scalars
 *   ENUMS(set, member, "key", flags, count, "text")           an array of words of a closed list
 *   SUB  (doc, member, "key", flags, "text")                  a document in it
 *   NSUB (doc, member, "key", flags, "text")                  the same or null: a pointer
 *   SUBS (doc, member, "key", flags, count, "text")           an array of documents
 *   FREE (member, "key", flags, "text")                       a free object, checked
 *   INDEX(name, "key:1,key:-1", flags, "partial filter", "text")
 * A collection whose documents another program makes has INDEX rows only.
 *
 * Types and their C members: UUID, STR, KEY (an object key, shown as URL),
 * SEALED (ciphertext) and enums are struct str (null: p is NULL); TIME is
 * int64_t milliseconds (null: TIME_NULL); NUM is double (null: NaN); I32, I64,
 * BOOL. A free object is a struct str that holds BSON (null: p is NULL).
 *
 * BSON travels between the layers as struct str, so that only schema and store
 * know libbson.
 */
#ifndef BEZEL_SCHEMA_SCHEMA_H
#define BEZEL_SCHEMA_SCHEMA_H

#include <math.h>

#include "base/buf.h"
#include "base/err.h"

struct json_value;

#define TIME_NULL INT64_MIN
#define NUM_NULL ((double)NAN)

enum field_type {
	FIELD_UUID, FIELD_STR, FIELD_KEY, FIELD_SEALED, FIELD_ENUM, FIELD_TIME,
	FIELD_I32, FIELD_I64, FIELD_NUM, FIELD_BOOL, FIELD_LIST, FIELD_SUB,
	FIELD_NSUB, FIELD_SUBS, FIELD_FREE
};

enum field_flags {
	HIDDEN = 0,
	NULLABLE = 1 << 0,
	OPTIONAL = 1 << 1,	/* a stored document may lack it (beyond the schema's text) */
	IN_NEW = 1 << 2,	/* a client may set it at creation */
	NEED = 1 << 3,		/* and must */
	IN_EDIT = 1 << 4,	/* a client may set it by PATCH */
	OWNER = 1 << 5,		/* shown to the owner */
	PUBLIC = 1 << 6,	/* shown to viewers of a share */
	SHARE = 1 << 7,		/* shown under /share only */
	MULTILINE = 1 << 8	/* newlines and tabs are fine */
};

enum index_flags { NO_INDEX_FLAGS = 0, UNIQUE = 1, TTL = 2 };
/* TTL: MongoDB removes a document at that time; so many days after it. */
#define TTL_DAYS(days) (TTL | (days) << 8)
#define INDEX_DAYS(flags) ((flags) >> 8)

struct limits {
	double min, max;	/* code points, values or counts */
};

struct str_list {
	struct str *items;
	size_t n;
};

/* What SUBS members look like to code that walks rows. */
struct sub_list {
	void *items;
	size_t n;
};

struct enum_set {
	const char *name;
	const char *const *values;	/* ends with NULL */
};

struct field {
	enum field_type type;
	enum field_type item;		/* of a LIST */
	unsigned flags;
	const char *member;
	const char *key;		/* in BSON */
	const char *shown;		/* in JSON: "id" for "_id", else the key */
	size_t key_n, shown_n;
	size_t offset;
	struct limits limits;		/* of the value, or of each item */
	struct limits count;		/* of a LIST or SUBS */
	const struct enum_set *set;	/* of an ENUM, or of a LIST's items */
	const struct doc *sub;
	const char *def;		/* default as JSON, or NULL */
	const char *text;
};

struct index {
	const char *name, *keys, *filter, *text;
	unsigned flags;
};

struct doc {
	const char *name;
	const char *collection;		/* NULL: a sub-document or a request body */
	size_t size;			/* of the struct */
	const struct field *fields;
	size_t field_count;
	const struct index *indexes;
	size_t index_count;
};

/* All documents, sub-documents first; ends with NULL. */
extern const struct doc *const schema_docs[];
const struct doc *schema_doc(const char *name);

/* Where a document and its parts have SEALED rows: "share_settings.password_hash".
 * A path goes through every item of an array on its way. */
struct str_list doc_sealed_paths(const struct doc *doc, struct arena *arena);

/* --- structs ------------------------------------------------------------ */

/* Defaults everywhere: nulls, empty lists, the declared values. */
void doc_init(const struct doc *doc, void *object);

/* Whether the field was in the input (or in the stored document): each struct
 * begins with a bit for each row. */
bool doc_present(const struct doc *doc, const void *object, const char *key);

/* --- JSON in ------------------------------------------------------------ */

enum decode_mode { DECODE_NEW, DECODE_EDIT };

/* Writes the members that the client sent into object (initialised by the
 * caller: with doc_init() for a new one, with the stored one for a patch).
 * Reports every fault with its JSON pointer and returns RC_INVALID then. In
 * DECODE_EDIT a null sets a nullable field to null and others to a fault (RFC
 * 7396 has no other meaning for a required member). */
enum rc doc_decode(const struct doc *doc, const struct json_value *json,
    enum decode_mode mode, void *object, struct arena *arena,
    struct err *err) must_use;

/* --- BSON --------------------------------------------------------------- */

/* The whole document, every field present. */
struct str doc_to_bson(const struct doc *doc, const void *object,
    struct arena *arena);

/* Reads what is there and fits; the rest keeps its default. Faults (wrong type,
 * bad UTF-8, missing, unknown or doubled field, out of range) are counted and, with
 * faults != NULL, kept there. Returns how many. Strings are copied. */
int doc_from_bson(const struct doc *doc, struct str bson, void *object,
    struct arena *arena, struct err *faults);

/* The same into an object that holds nothing yet, whatever the faults: defaults where
 * nothing fits. */
void doc_read(const struct doc *doc, struct str bson, void *object,
    struct arena *arena);

/* The top-level members whose bits are set in `present`, in a document of their own. */
struct str doc_pick(const struct doc *doc, struct str bson, uint64_t present,
    struct arena *arena);

/* The same document with null as that member of one of its parts; what has none, or is
 * no BSON, as it is. */
struct str doc_with_null(struct arena *arena, struct str bson, const char *part,
    const char *member);

/* One JSON object (from a provider) as a FREE value; RC_INVALID when it breaks
 * its bounds: 4 KiB, depth 4, 32 keys, names of [a-z0-9_]+. */
enum rc doc_free_from_json(struct arena *arena, struct str json,
    struct str *ret_bson, struct err *err) must_use;

/* The reverse; "{}" for what is no BSON, or makes more than 64 KiB. */
struct str doc_free_to_json(struct arena *arena, struct str bson);

/* --- JSON out ----------------------------------------------------------- */

/* Appends the URL of an object key as JSON string. */
typedef void doc_url_fn(void *arg, struct buf *buf, struct str key);

struct encode {
	unsigned view;			/* OWNER, PUBLIC or SHARE */
	doc_url_fn *url;		/* NULL: keys are left out */
	void *url_arg;
	/* Out: what was wrong with the stored document. */
	int faults;
};

/* Appends the document as a JSON object, members as stored, missing ones last.
 * Whatever is stored, the output is JSON of the declared types: a value of another
 * type becomes null or its default, text that is not UTF-8 is repaired, a value out
 * of its limits is shown as it is; the object then ends with "damaged": an array of
 * {pointer, code} with the first 16 faults. `more` is appended before that: null, or
 * `"name":value` members. */
void doc_encode(struct buf *buf, const struct doc *doc, struct str bson,
    struct encode *how, struct str more);

/* One field of a stored document by its path of BSON keys, without decoding the
 * rest; false when absent or of another type. */
bool doc_peek_str(struct str bson, const char *key, struct str *ret_value);
bool doc_peek_time(struct str bson, const char *key, int64_t *ret_ms);
bool doc_peek_bool(struct str bson, const char *key, bool *ret_value);

/* --- what is printed ---------------------------------------------------- */

/* The $jsonSchema validator as BSON, and everything as text. It agrees with
 * doc_from_bson() on every value (t/tools/boundary), but for what it cannot see: bad
 * UTF-8, control characters, the subtype of binary data and a key that is stored
 * twice. */
struct str schema_validator(const struct doc *doc, struct arena *arena);
/* A JSON array of index specifications as createIndexes takes them. */
struct str schema_indexes(const struct doc *doc, struct arena *arena);
void schema_print_validators(struct buf *buf);		/* JSON, by collection */
void schema_print_indexes(struct buf *buf);		/* JSON, by collection */
void schema_print_reference(struct buf *buf);		/* docs/schema.md */
/* One OpenAPI 3.1 schema object: the view's JSON, or a body's. defaults: what is left
 * out of a new document has its default, as the rows say it. */
void schema_print_component(struct buf *buf, const struct doc *doc,
    unsigned view, bool defaults);

#endif
