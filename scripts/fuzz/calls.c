/* Calls every function of autograd.h with random arguments, good and bad; see scripts/fuzz_calls, which compiles it.
 *
 *     calls SECONDS ROUNDS FIRST [SEED...]
 *
 * runs the rounds of the seeds listed, then new ones from FIRST on, until the time is over or there were as many rounds
 * (0: no such end). FUZZ_FOLDER is for files; FUZZ_TRACE=1 prints every call; FUZZ_COVERAGE names a file for how often each
 * function was called, and how often without an error; FUZZ_LEAKS=1 looks for leaks after each round. */
#define _GNU_SOURCE
#include <autograd.h>
#include <execinfo.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "names.h"

#include "numbers.h"

#include "values.h"

#include "callbacks.h"

#include "primitives.h"

#include "compositions.h"

static void begin_call(ag_context *cx);

#include "cases.h"

enum { CALLS = 60, SECONDS_OF_A_ROUND = 60, ROUNDS_BETWEEN_LEAK_CHECKS = 100 };

/* ---- what is said of a fault ---- */

static uint64_t round_seed;
static size_t running[DEEPEST * 8];
static size_t depth;

static const char *running_call(void) {
  return depth ? names[running[depth <= sizeof running / sizeof *running ? depth - 1 : 0]] : "the end of the context";
}
/* Only with functions that a signal handler may call. */
static void say(const char *text) {
  if (write(2, text, strlen(text)) < 0) _exit(4);
}
static void say_where(void) {
  char digits[24];
  size_t at = sizeof digits - 1;
  digits[at] = 0;
  uint64_t rest = round_seed;
  do digits[--at] = (char)('0' + rest % 10);
  while (rest /= 10);
  say("\nin");
  for (size_t i = 0; i < depth && i < sizeof running / sizeof *running; i++) say(i ? " > " : " "), say(names[running[i]]);
  say("\nseed "), say(digits + at), say("\n");
}
static void report(const char *what, const char *text) {
  if (found_fault) return;
  found_fault = true;
  say(what), say(": "), say(text), say_where();
}
static void on_signal(int number) {
  void *callers[64];
  backtrace_symbols_fd(callers, backtrace(callers, 64), 2);
  say(number == SIGALRM ? "a round takes too long" : "the program was ended by a signal"), say_where();
  signal(SIGABRT, SIG_DFL);
  _exit(3);
}
/* Of the sanitizers' runtime, if the program has one. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

/* ---- a call and its checks ---- */

static unsigned long total, calls_of[FUNCTIONS], right_of[FUNCTIONS];
static bool traced;

static size_t drawn_function(void) {
  state = mixed(state);
  uint32_t place = (uint32_t)(state >> 20);
  size_t low = 0, high = PLACES;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (ring[middle].place < place) low = middle + 1;
    else high = middle;
  }
  return ring[low % PLACES].number;
}
static bool begins(const char *text, const char *with) { return !strncmp(text, with, strlen(with)); }
static bool is_of(const char *message, const char *name) { return begins(message, name) && message[strlen(name)] == ':'; }

/* A message names the function that was called; where callbacks ran, what they called; where a tape is swept, the operation
 * whose rule failed; or it is the caller's own. */
static bool is_named(const char *message, size_t number, bool called_back) {
  static const char *const sweeping[] = {"ag_tape_grad", "ag_tape_grads", "ag_tape_vjp", "ag_vjp", "ag_tree_vjp"};
  for (size_t i = 0; i < sizeof sweeping / sizeof *sweeping; i++) called_back |= !strcmp(names[number], sweeping[i]);
  if (is_of(message, names[number]) || begins(message, "primitive_")) return true;
  if (!called_back && strcmp(names[number], "ag_raise") != 0) return false;
  if (begins(message, "raised") || begins(message, "a callback raised an error without a message")) return true;
  for (size_t i = 0; called_back && i < FUNCTIONS; i++)
    if (is_of(message, names[i])) return true;
  return false;
}
/* After an error the context works as before. */
static void check_it_works(ag_context *cx) {
  ag_scope scope = ag_scope_enter(cx);
  double two = ag_item(cx, ag_add_scalar(cx, ag_scalar(cx, 1.0), 1.0));
  if (two != 2.0 || ag_error(cx)) report("the context doesn't work after ag_error_clear", ag_error_message(cx));
  ag_scope_leave(cx, scope);
  settle(cx);
}
static void check(ag_context *cx, size_t number, bool called_back) {
  int32_t code = ag_error(cx);
  total++, calls_of[number]++, right_of[number] += code == AG_OK;
  const char *message = ag_error_message(cx);
  see_text(message);
  if (code == AG_OK) return;
  if (code == AG_ERR_PANIC) report("an internal error", message);
  else if (!is_named(message, number, called_back)) report("an error without the function's name", message);
  ag_error_clear(cx);
  if (ag_error(cx)) report("an error that ag_error_clear leaves", ag_error_message(cx));
  if (!is_limited && !roll(4)) check_it_works(cx);
}
/* Between the drawing of arguments, which may fail, and the call. */
static void begin_call(ag_context *cx) {
  settle(cx);
  drops_before = drops;
}
static void call(ag_context *cx) {
  if (found_fault) return;
  uint64_t outside = state;
  struct block *outside_blocks = blocks;
  struct frame *frame = here;
  if (!frame->outer && !frame->extra) fuel = MOST_CALLBACKS;
  state = mixed(frame->seed + mixed(++frame->calls));
  size_t number = drawn_function();
  state = mixed(state);
  if (depth < sizeof running / sizeof *running) running[depth] = number;
  depth++;
  if (traced) fprintf(stderr, "%*s%s\n", 2 * (int)depth, "", names[number]);
  blocks = NULL;
  array_room = NULL, tree_room = NULL;
  unsigned long before = callbacks, outside_drops = drops_before;
  call_number(cx, number);
  if (traced && ag_error(cx)) fprintf(stderr, "%*s= %s\n", 2 * (int)depth, "", ag_error_message(cx));
  bool called_back = callbacks != before;
  drops_before = outside_drops;
  check(cx, number, called_back);
  if (!called_back && rooms > 0) {
    if (array_room) keep(cx, array_room[roll(rooms)]);
    if (tree_room) keep_tree(cx, tree_room[roll(rooms)]);
    settle(cx);
  }
  if (to_be_mended) mend(cx);
  give_back();
  blocks = outside_blocks;
  array_room = NULL, tree_room = NULL;
  depth--;
  state = outside;
}

/* ---- rounds ---- */

static void remove_files(void) {
  static const char *const endings[] = {"npy", "npz", "csv"};
  for (int i = 0; files_written && i < 9; i++) {
    char path[400];
    snprintf(path, sizeof path, "%.300s/%d.%s", folder, i / 3, endings[i % 3]);
    unlink(path);
  }
  files_written = false;
}
static bool round_of(uint64_t seed) {
  static struct frame outermost;
  memset(&outermost, 0, sizeof outermost);
  alarm(SECONDS_OF_A_ROUND);
  round_seed = seed;
  outermost.seed = mixed(seed);
  outermost.filled = POOL;
  state = mixed(seed + 1);
  here = &outermost;
  recent = stale = (ag_array){0};
  callbacks = 0;
  fuel = MOST_CALLBACKS;
  ag_context *cx = fresh_context();
  is_limited = false;
  usual_arguments = 1 + roll(2), usual_results = 1 + roll(2);
  composing = mixed(seed + 2) % 2;
  ag_set_eager(cx, roll(2));
  for (int i = 0; i < POOL; i++) {
    here->arrays[i] = made(cx);
    here->trees[i] = i < 8 ? made_tree(cx) : here->trees[i % 8];
  }
  settle(cx);
  begin_things(cx);
  give_back();
  size_t n = roll(2 * CALLS);
  for (size_t i = 0; i < n && !found_fault; i++) {
    call(cx);
    if (is_limited && !roll(4)) unlimited(cx);
    if (i % 16 == 15) mend(cx);
    if (here->anomalies && !roll(4)) here->anomalies--, ag_anomaly_end(cx), settle(cx);
  }
  fuel = MOST_CALLBACKS;
  ag_context_free(cx);
  give_back();
  check_promises();
  remove_files();
  return !found_fault;
}
/* Whether memory was lost since the last time; what it is, the sanitizer prints. */
static bool leaks(void) { return __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check(); }

static void write_coverage(const char *path) {
  FILE *file = path ? fopen(path, "w") : NULL;
  for (size_t i = 0; file && i < FUNCTIONS; i++) fprintf(file, "%s %lu %lu\n", names[i], calls_of[i], right_of[i]);
  if (file) fclose(file);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  double seconds = atof(argv[1]);
  unsigned long most = strtoul(argv[2], NULL, 10), rounds = 0, listed = (unsigned long)argc - 4;
  uint64_t first = strtoull(argv[3], NULL, 10);
  traced = getenv("FUZZ_TRACE") != NULL;
  if (getenv("FUZZ_FOLDER")) folder = getenv("FUZZ_FOLDER");
  bool leaks_each = getenv("FUZZ_LEAKS") != NULL;
  void *callers[1];
  backtrace(callers, 1); /* loads what it needs, which a signal handler must not */
  signal(SIGALRM, on_signal), signal(SIGABRT, on_signal);
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(say_where);
  ag_context *other = fresh_context();
  foreign = ag_scalar(other, 1.0);
  foreign_tree = ag_tree_leaf(other, foreign);
  time_t begun = time(NULL), said = begun;
  uint64_t checked = listed ? 0 : first;
  for (;; rounds++) {
    bool over = most ? rounds == most + listed : rounds >= listed && difftime(time(NULL), begun) >= seconds;
    uint64_t seed = rounds < listed ? strtoull(argv[4 + rounds], NULL, 10) : first + rounds - listed;
    if (over || leaks_each || rounds % ROUNDS_BETWEEN_LEAK_CHECKS == 0) {
      alarm(0);
      if (leaks()) {
        fprintf(stderr, "memory is lost\nleak between seeds %llu and %llu\n", (unsigned long long)checked,
                (unsigned long long)seed);
        return 5;
      }
      checked = seed;
    }
    if (over) break;
    if (!round_of(seed)) {
      write_coverage(getenv("FUZZ_COVERAGE"));
      return 1;
    }
    if (difftime(time(NULL), said) >= 300) {
      said = time(NULL);
      write_coverage(getenv("FUZZ_COVERAGE"));
      printf("%.0f s, seed %llu, %lu rounds, %lu calls\n", difftime(said, begun), (unsigned long long)seed, rounds, total);
      fflush(stdout);
    }
  }
  alarm(0);
  ag_context_free(other);
  write_coverage(getenv("FUZZ_COVERAGE"));
  unsigned long right = 0, reached = 0, succeeded = 0;
  for (size_t i = 0; i < FUNCTIONS; i++) right += right_of[i], reached += calls_of[i] > 0, succeeded += right_of[i] > 0;
  printf("%lu rounds, %lu calls, %.0f %% without error; of %d functions %lu were called, %lu without error; %.0f s: "
         "nothing found\n", rounds, total, 100.0 * (double)right / (double)(total ? total : 1), FUNCTIONS, reached, succeeded,
         difftime(time(NULL), begun));
  return 0;
}
