/*
 * fs.h - objects as files under one folder.
 *
 * "<folder>/<name>" is <root>/<last two bytes of folder>/<folder>/<name>: the
 * web server finds the same path by itself. Files are 0640 and folders 0750
 * (a set-group-id bit of the root is inherited). A put writes <root>/tmp/...,
 * then fsync, rename and fsync of the folders; what a killed put leaves in tmp
 * is removed by blob_tidy(). Symbolic links are not followed below the root.
 */
#ifndef BEZEL_BLOB_FS_H
#define BEZEL_BLOB_FS_H

#include "blob/blob.h"

/* The root must exist (were it made here, a disk that is not mounted would
 * silently be replaced by the one below it). RC_UNAVAILABLE: not there, not
 * writable, or <root>/tmp is on another filesystem. */
enum rc blob_fs_open(struct arena *process_arena, const char *root,
    struct blob **ret_blob, struct err *err) must_use;

/* Where the object of a good key lies, to give it a second name: it never changes. */
const char *blob_fs_path(struct arena *arena, const char *root, struct str key);

#endif
