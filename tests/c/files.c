/* Files that promise more than they have, that never end, or that somebody damaged: an error or the right arrays. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_bytes(const char *name, const void *bytes, size_t n) {
  /* some file systems wait for the disk when a file is cut to be written anew */
  remove(name);
  FILE *f = fopen(name, "wb");
  CHECK(f != NULL && fwrite(bytes, 1, n, f) == n);
  if (f) fclose(f);
}

static size_t read_bytes(const char *name, unsigned char *bytes, size_t room) {
  FILE *f = fopen(name, "rb");
  size_t n = f ? fread(bytes, 1, room, f) : 0;
  if (f) fclose(f);
  return n;
}

/* ---- devices, pipes, folders ---- */

struct stream {
  const char *path;
  const unsigned char *bytes;
  size_t n, times;
};

/* Writes into a pipe until everything is written or nobody reads any more. */
static void *written(void *argument) {
  const struct stream *s = (const struct stream *)argument;
  FILE *f = fopen(s->path, "wb");
  if (!f) return NULL;
  for (size_t i = 0; i < s->times && fwrite(s->bytes, 1, s->n, f) == s->n; i++) continue;
  fclose(f);
  return NULL;
}

typedef ag_array (*reader)(ag_context *cx, const char *path);

static ag_array as_text(ag_context *cx, const char *name) { return ag_loadtxt(cx, name, NULL, 0, NULL, 0, AG_F64, 0); }

static ag_array as_tree(ag_context *cx, const char *name) { return ag_tree_array(cx, ag_tree_load(cx, name)); }

static ag_array piped(ag_context *cx, reader read, const void *bytes, size_t n, size_t times) {
  struct stream s = {temporary("-files.pipe"), (const unsigned char *)bytes, n, times};
  pthread_t thread;
  ag_array x;
  remove(s.path);
  CHECK(mkfifo(s.path, 0600) == 0);
  CHECK(pthread_create(&thread, NULL, written, &s) == 0);
  x = read(cx, s.path);
  pthread_join(thread, NULL);
  remove(s.path);
  return x;
}

static void streams(ag_context *cx) {
  static unsigned char bytes[4096];
  size_t n;
  CHECK(is_null(ag_load(cx, "/dev/zero")));
  CHECK_ERROR(cx, AG_ERR_FILE, "ag_load: /dev/zero: this is no .npy file");
  CHECK(ag_tree_load(cx, "/dev/zero").bits == 0);
  CHECK_ERROR(cx, AG_ERR_FILE, "ag_tree_load: /dev/zero: this is no .npz file");
  CHECK(ag_tree_load_like(cx, "/dev/zero", ag_tree_leaf(cx, ag_scalar(cx, 1.0))).bits == 0);
  CHECK_ERROR(cx, AG_ERR_FILE, "ag_tree_load_like: /dev/zero: this is no .npz file");
  CHECK(is_null(as_text(cx, "/dev/zero")));
  CHECK_ERROR(cx, AG_ERR_FILE, "ag_loadtxt: /dev/zero: line 1 is longer than 16777216 bytes");
  CHECK(is_null(ag_load(cx, "/dev/null")));
  CHECK_ERROR(cx, AG_ERR_FILE, "/dev/null: this is no .npy file");
  CHECK(is_null(ag_load(cx, "/")));
  CHECK_ERROR(cx, AG_ERR_FILE, "ag_load: /: cannot be read: ");
  CHECK(is_null(as_text(cx, "/")));
  CHECK_ERROR(cx, AG_ERR_FILE, "ag_loadtxt: /: cannot be read: ");

  /* a pipe may have an array, and as much behind it as it likes */
  ag_save(cx, temporary("-files.npy"), array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"));
  n = read_bytes(temporary("-files.npy"), bytes, sizeof bytes);
  CHECK(n == 128 + 48);
  CHECK_ARRAY(cx, piped(cx, ag_load, bytes, n, 1), "2,3", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, piped(cx, as_tree, bytes, n, 1), "2,3", "1 2 3 4 5 6");
  CHECK(is_null(piped(cx, ag_load, bytes, n - 3, 1)));
  CHECK_ERROR(cx, AG_ERR_FILE, "the file is cut: an array of shape (2, 3) needs 48 bytes, there are 45");
  CHECK(is_null(piped(cx, ag_load, bytes, 100, 1)));
  CHECK_ERROR(cx, AG_ERR_FILE, "the file ends inside of its header");
  CHECK_ARRAY(cx, piped(cx, as_text, "1 2\n", 4, 2), "2,2", "1 2 1 2");
  ag_set_memory_limit(cx, 4096);
  CHECK(is_null(piped(cx, as_text, "1 2 3 4\n", 8, 1000)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "there is no memory for the numbers before line 129");
  ag_set_memory_limit(cx, 0);
  ag_tree_save(cx, temporary("-files.npz"), ag_tree_leaf(cx, ag_scalar(cx, 4.0)));
  n = read_bytes(temporary("-files.npz"), bytes, sizeof bytes);
  CHECK(is_null(piped(cx, as_tree, bytes, n, 1)));
  CHECK_ERROR(cx, AG_ERR_FILE, "an .npz file is read from its end, which a pipe or a device doesn't have");
}

/* ---- promises ---- */

/* A .npy file with this header and so many bytes behind it. */
static void write_npy(const char *name, const char *shape, size_t behind) {
  static unsigned char bytes[4096];
  memset(bytes, 0, sizeof bytes);
  memcpy(bytes, "\x93NUMPY\1\0\x76\0", 10);
  memset(bytes + 10, ' ', 118);
  int n = snprintf((char *)bytes + 10, 118, "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }", shape);
  bytes[10 + n] = ' ', bytes[127] = '\n';
  write_bytes(name, bytes, 128 + behind);
}

static void promises(ag_context *cx) {
  const char *name = temporary("-files.npy");
  size_t reserved;
  ag_memory_trim(cx);
  reserved = memory_of(cx).reserved;
  write_npy(name, "1000000000000,", 80);
  CHECK(is_null(ag_load(cx, name)));
  CHECK_ERROR(cx, AG_ERR_FILE, "an array of shape (1000000000000,) needs 8000000000000 bytes, there are 80");
  write_npy(name, "4611686018427387904, 4", 80);
  CHECK(is_null(ag_load(cx, name)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "is larger than the address space");
  /* what the file has, and the context may not have */
  write_npy(name, "256,", 2048);
  ag_set_memory_limit(cx, reserved + 1024);
  CHECK(is_null(ag_load(cx, name)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "2048 bytes more would exceed the limit");
  CHECK(memory_of(cx).reserved == reserved);
  ag_set_memory_limit(cx, 0);
  CHECK(ag_size(cx, ag_load(cx, name)) == 256);
  CHECK_OK(cx);
}

/* ---- archives whose files share bytes ---- */

static unsigned number(const unsigned char *p, int bytes) {
  unsigned x = 0;
  for (int i = bytes; i-- > 0;) x = x << 8 | p[i];
  return x;
}

static void overlaps(ag_context *cx) {
  static unsigned char bytes[8192];
  const char *name = temporary("-files.npz");
  ag_array two[2];
  ag_tree back;
  two[0] = vector_of(cx, "1 2 3"), two[1] = vector_of(cx, "4 5 6");
  ag_tree_save(cx, name, ag_tree_tuple_of(cx, two, 2));
  size_t n = read_bytes(name, bytes, sizeof bytes), directory = number(bytes + n - 6, 4);
  size_t second = directory + 46 + number(bytes + directory + 28, 2) + number(bytes + directory + 30, 2);
  unsigned char at[4], packed = bytes[directory + 20];
  CHECK(number(bytes + directory, 4) == 0x02014b50 && number(bytes + second, 4) == 0x02014b50);
  /* both name the first one's piece */
  memcpy(at, bytes + second + 42, 4);
  memset(bytes + second + 42, 0, 4);
  write_bytes(name, bytes, n);
  back = ag_tree_load(cx, name);
  CHECK(back.bits == 0);
  CHECK_ERROR(cx, AG_ERR_FILE, "the archive is damaged: \"0.npy\" and \"1.npy\" overlap");
  /* the first one reaches into the second */
  memcpy(bytes + second + 42, at, 4);
  bytes[directory + 20] = (unsigned char)(packed + 1);
  write_bytes(name, bytes, n);
  CHECK(ag_tree_load(cx, name).bits == 0);
  CHECK_ERROR(cx, AG_ERR_FILE, "\"0.npy\" and \"1.npy\" overlap");
  /* so many bytes that nobody unpacks them */
  bytes[directory + 20] = packed, bytes[directory + 10] = 8;
  memcpy(bytes + directory + 24, "\0\0\0\x40", 4);
  write_bytes(name, bytes, n);
  CHECK(ag_tree_load(cx, name).bits == 0);
  CHECK_ERROR(cx, AG_ERR_FILE, "0: the archive is damaged: 1073741824 bytes cannot be packed in ");
}

/* ---- damage ---- */

static uint64_t seed = 1;

static size_t any(size_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(seed >> 33) % below;
}

/* Every reader on what has become of a file: it raises an error, or gives what can be written again. */
static void read_all(ag_context *cx, const char *name) {
  size_t live = ag_live(cx), in_use = memory_of(cx).in_use;
  ag_scope scope = ag_scope_enter(cx);
  ag_load(cx, name);
  CHECK(ag_error(cx) == AG_OK || strncmp(ag_error_message(cx), "ag_load: ", 9) == 0);
  CHECK(ag_error(cx) != AG_ERR_PANIC);
  ag_error_clear(cx);
  ag_tree_load(cx, name);
  CHECK(ag_error(cx) == AG_OK || strncmp(ag_error_message(cx), "ag_tree_load: ", 14) == 0);
  CHECK(ag_error(cx) != AG_ERR_PANIC);
  ag_error_clear(cx);
  as_text(cx, name);
  CHECK(ag_error(cx) == AG_OK || strncmp(ag_error_message(cx), "ag_loadtxt: ", 12) == 0);
  CHECK(ag_error(cx) != AG_ERR_PANIC);
  ag_error_clear(cx);
  ag_scope_leave(cx, scope);
  CHECK(ag_live(cx) == live);
  CHECK(memory_of(cx).in_use == in_use);
}

static void damaged(ag_context *cx) {
  static unsigned char whole[32768], bytes[32768 + 64];
  static const char *const recorded[] = {"compressed.npz", "unnamed.npz", "fortran.npy", "big_endian_complex.npy",
                                         "bool.npy"};
  const char *more = getenv("AUTOGRAD_ATTACK");
  size_t rounds = (running_slowly() ? 20 : 200) * (more ? (size_t)strtoul(more, NULL, 10) : 1);
  ag_savetxt(cx, temporary("-files.csv"), array_of(cx, AG_F64, "2,3", "1 2.5 -3e10 4 5 6"), ",", 0, "a,b,c");
  for (size_t k = 0; k < sizeof recorded / sizeof *recorded + 1; k++) {
    char name[300];
    size_t n;
    if (k < sizeof recorded / sizeof *recorded)
      snprintf(name, sizeof name, "tests/reference/files/%s", recorded[k]);
    else
      snprintf(name, sizeof name, "%s", temporary("-files.csv"));
    n = read_bytes(name, whole, sizeof whole);
    CHECK(n > 0);
    for (size_t i = 0; n > 0 && i < rounds; i++) {
      size_t length = n, flips = any(5);
      memcpy(bytes, whole, n);
      if (any(3) == 0) length = any(n);
      if (any(3) == 0)
        for (size_t end = length + any(64); length < end;) bytes[length++] = (unsigned char)any(256);
      while (length > 0 && flips-- > 0) bytes[any(length)] ^= (unsigned char)(1 << any(8));
      write_bytes(temporary("-files.damaged"), bytes, length);
      read_all(cx, temporary("-files.damaged"));
    }
  }
  remove(temporary("-files.damaged"));
  remove(temporary("-files.csv"));
}

int main(void) {
  ag_context *cx = ag_context_new();
  /* who writes into a pipe that nobody reads any more gets an error, not a signal */
  signal(SIGPIPE, SIG_IGN);
  streams(cx);
  promises(cx);
  overlaps(cx);
  damaged(cx);
  remove(temporary("-files.npy"));
  remove(temporary("-files.npz"));
  return finish(cx);
}
