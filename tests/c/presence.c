/* One context on several threads at once: exactly one gets in, the others are told so, and nothing is harmed. Helgrind isn't
 * asked about this program: it takes words that are written without a lock for mistakes, and here those are the point. */
#define _DEFAULT_SOURCE
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

enum { THREADS = 4 };

static size_t calls(size_t n) { return running_slowly() ? n / 100 : n; }

static void on_threads(void *(*run)(void *), void *users, size_t size) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, run, (char *)users + (size_t)i * size) != 0) abort();
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

/* ---- everybody calls ---- */

struct caller {
  ag_context *cx;
  size_t calls, done, refused, wrong, other_errors;
};

static void *call(void *user) {
  struct caller *c = (struct caller *)user;
  for (size_t i = 0; i < c->calls; i++) {
    const double want = (double)i;
    ag_array x = ag_scalar(c->cx, want);
    ag_array y = is_null(x) ? x : ag_mul(c->cx, x, x);
    if (!is_null(y)) {
      double got = ag_item(c->cx, y);
      if (got == want * want)
        c->done++;
      else if (!isnan(got))
        c->wrong++;
    }
    int32_t code = ag_error(c->cx);
    if (code == AG_ERR_BUSY)
      c->refused++;
    else if (code != AG_OK)
      c->other_errors++;
    ag_error_clear(c->cx);
    ag_release_later(c->cx, x);
    ag_release_later(c->cx, y);
  }
  return NULL;
}

static void everybody_calls(void) {
  static struct caller callers[THREADS];
  ag_context *cx = ag_context_new();
  for (int i = 0; i < THREADS; i++) {
    callers[i].cx = cx;
    callers[i].calls = calls(333333);
  }
  on_threads(call, callers, sizeof *callers);
  size_t done = 0;
  for (int i = 0; i < THREADS; i++) {
    CHECK(callers[i].wrong == 0 && callers[i].other_errors == 0);
    done += callers[i].done;
  }
  CHECK(done > 0);
  CHECK_OK(cx);
  CHECK(ag_live(cx) == 0);
  CHECK_CLOSE(ag_item(cx, ag_scalar(cx, 2.0)), 2.0, 0.0);
  CHECK_OK(cx);
  ag_context_free(cx);
}

/* ---- the owner works, others knock ---- */

/* Changed by the owner while others look. */
static bool knocking;

static void *knock(void *user) {
  struct caller *c = (struct caller *)user;
  if (c->calls) { /* the owner; a vector's way is longer than a number's */
    call(c);
    __atomic_store_n(&knocking, false, __ATOMIC_SEQ_CST);
    return NULL;
  }
  while (__atomic_load_n(&knocking, __ATOMIC_SEQ_CST)) {
    ag_release_later(c->cx, ag_scalar(c->cx, 1.0));
    ag_error_clear(c->cx);
    sched_yield();
  }
  return NULL;
}

static void others_knock(void) {
  static struct caller callers[THREADS];
  ag_context *cx = ag_context_new();
  __atomic_store_n(&knocking, true, __ATOMIC_SEQ_CST);
  for (int i = 0; i < THREADS; i++) callers[i].cx = cx;
  callers[0].calls = calls(200000);
  on_threads(knock, callers, sizeof *callers);
  CHECK(callers[0].wrong == 0 && callers[0].other_errors == 0 && callers[0].done > 0);
  CHECK_OK(cx);
  CHECK(ag_live(cx) == 0);
  ag_context_free(cx);
}

/* ---- from hand to hand, with the program's own lock: nobody is refused ---- */

struct hand {
  ag_context *cx;
  pthread_mutex_t *lock;
  double *total;
  size_t calls, failed;
};

static ag_array squared(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_square(cx, args[0]);
}

static void *take_turns(void *user) {
  struct hand *h = (struct hand *)user;
  for (size_t i = 0; i < h->calls; i++) {
    pthread_mutex_lock(h->lock);
    ag_scope scope = ag_scope_enter(h->cx);
    ag_array x = ag_scalar(h->cx, 3.0);
    /* for a while one thread has it, and then it changes hands with each turn */
    for (size_t k = 0; k < (i % 64 == 0 ? 300u : 2u); k++) x = ag_add_scalar(h->cx, x, 0.0);
    *h->total += ag_item(h->cx, ag_grad(h->cx, squared, NULL, &x, 1, 0));
    ag_scope_leave(h->cx, scope);
    if (ag_error(h->cx) != AG_OK) h->failed++;
    pthread_mutex_unlock(h->lock);
  }
  return NULL;
}

static void from_hand_to_hand(void) {
  static struct hand hands[THREADS];
  ag_context *cx = ag_context_new();
  pthread_mutex_t lock;
  pthread_mutex_init(&lock, NULL);
  double total = 0.0;
  for (int i = 0; i < THREADS; i++) {
    hands[i].cx = cx;
    hands[i].lock = &lock;
    hands[i].total = &total;
    hands[i].calls = calls(10000);
  }
  on_threads(take_turns, hands, sizeof *hands);
  for (int i = 0; i < THREADS; i++) CHECK(hands[i].failed == 0);
  CHECK_CLOSE(total, 6.0 * THREADS * (double)calls(10000), 0.0);
  CHECK_OK(cx);
  pthread_mutex_destroy(&lock);
  ag_context_free(cx);
}

/* ---- whose error it is ---- */

struct guest {
  ag_context *cx;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int stage;
  bool right[9];
};

static void reach(struct guest *g, int stage) {
  pthread_mutex_lock(&g->lock);
  /* never back, so that what fails doesn't wait */
  if (g->stage < stage) g->stage = stage;
  pthread_cond_broadcast(&g->changed);
  pthread_mutex_unlock(&g->lock);
}

static void wait_for(struct guest *g, int stage) {
  pthread_mutex_lock(&g->lock);
  while (g->stage < stage) pthread_cond_wait(&g->changed, &g->lock);
  pthread_mutex_unlock(&g->lock);
}

static void *visit(void *user) {
  struct guest *g = (struct guest *)user;
  wait_for(g, 1);
  /* while the owner is inside */
  g->right[0] = ag_error(g->cx) == AG_ERR_BUSY && !ag_is_valid(g->cx, null_array());
  g->right[1] = is_null(ag_scalar(g->cx, 1.0));
  g->right[2] = strstr(ag_error_message(g->cx), "another thread") != NULL;
  reach(g, 2);
  wait_for(g, 3);
  /* the owner has left: the error stays until it is forgotten, and only this thread has it */
  g->right[3] = ag_error(g->cx) == AG_ERR_BUSY && strstr(ag_error_message(g->cx), "another thread") != NULL;
  g->right[4] = is_null(ag_scalar(g->cx, 1.0)) && ag_live(g->cx) == 0;
  ag_error_clear(g->cx);
  g->right[5] = ag_error(g->cx) == AG_OK && ag_error_message(g->cx)[0] == '\0';
  ag_array x = ag_scalar(g->cx, 1.0);
  g->right[6] = ag_item(g->cx, x) == 1.0 && ag_is_valid(g->cx, x);
  reach(g, 4);
  /* what another thread left behind is everybody's */
  wait_for(g, 5);
  g->right[7] = ag_error(g->cx) == AG_ERR_HANDLE && is_null(ag_scalar(g->cx, 1.0));
  ag_error_clear(g->cx);
  g->right[8] = ag_error(g->cx) == AG_OK;
  return NULL;
}

static ag_array with_guest(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  struct guest *g = (struct guest *)user;
  reach(g, 1);
  wait_for(g, 2);
  if (ag_error(cx) != AG_OK) return null_array();
  return ag_mul(cx, args[0], args[0]);
}

static void whose_error_it_is(void) {
  static struct guest g;
  g.cx = ag_context_new();
  pthread_mutex_init(&g.lock, NULL);
  pthread_cond_init(&g.changed, NULL);
  pthread_t thread;
  if (pthread_create(&thread, NULL, visit, &g) != 0) abort();
  ag_array x = ag_scalar(g.cx, 3.0);
  CHECK_CLOSE(ag_item(g.cx, ag_grad(g.cx, with_guest, &g, &x, 1, 0)), 6.0, 0.0);
  CHECK_OK(g.cx);
  reach(&g, 3);
  wait_for(&g, 4);
  CHECK_OK(g.cx);
  ag_exp(g.cx, null_array());
  reach(&g, 5);
  pthread_join(thread, NULL);
  for (size_t i = 0; i < sizeof g.right / sizeof *g.right; i++)
    if (!CHECK(g.right[i])) printf("  (number %d)\n", (int)i);
  CHECK_OK(g.cx);
  ag_context_free(g.cx);
  pthread_mutex_destroy(&g.lock);
  pthread_cond_destroy(&g.changed);
}

/* A thread that was refused takes its error with it: another one in its place has none. */
static void *be_refused(void *user) {
  struct guest *g = (struct guest *)user;
  g->right[0] = is_null(ag_scalar(g->cx, 1.0)) && ag_error(g->cx) == AG_ERR_BUSY;
  return NULL;
}

static void *be_let_in(void *user) {
  struct guest *g = (struct guest *)user;
  g->right[1] = ag_error(g->cx) == AG_OK && ag_item(g->cx, ag_scalar(g->cx, 5.0)) == 5.0;
  return NULL;
}

static ag_array with_refused(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  pthread_t thread;
  if (pthread_create(&thread, NULL, be_refused, user) != 0) abort();
  pthread_join(thread, NULL);
  return ag_mul(cx, args[0], args[0]);
}

static void errors_end_with_their_threads(void) {
  static struct guest g;
  g.cx = ag_context_new();
  ag_array x = ag_scalar(g.cx, 3.0);
  for (int i = 0; i < 3; i++) {
    g.right[0] = g.right[1] = false;
    CHECK_CLOSE(ag_item(g.cx, ag_grad(g.cx, with_refused, &g, &x, 1, 0)), 6.0, 0.0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, be_let_in, &g) != 0) abort();
    pthread_join(thread, NULL);
    CHECK(g.right[0] && g.right[1]);
  }
  CHECK_OK(g.cx);
  ag_context_free(g.cx);
}

static int everything(void) {
  ag_context *cx = ag_context_new();
  everybody_calls();
  others_knock();
  from_hand_to_hand();
  whose_error_it_is();
  errors_end_with_their_threads();
  return finish(cx);
}

/* ---- where the kernel has no barrier in all threads ---- */

#ifdef __linux__
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* From now on membarrier is answered as by a kernel that doesn't have it. Whether this kernel can be asked to. */
static bool without_barrier(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program;
  program.len = sizeof filter / sizeof *filter;
  program.filter = filter;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 &&
         syscall(SYS_membarrier, 0, 0, 0) == -1 && errno == ENOSYS;
}
#else
static bool without_barrier(void) { return false; }
#endif

enum { NOT_RUN = 77 };

/* Runs everything in a process of its own, whose kernel has no barrier: from the beginning, or once the library has found
 * that there is one. */
static void in_a_process_without_barrier(bool later) {
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) abort();
  if (child == 0) {
    if (later) ag_context_free(ag_context_new());
    int status = without_barrier() ? everything() : NOT_RUN;
    exit(status);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) abort();
  if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_RUN)
    printf("NOT RUN: without a barrier in all threads; this kernel takes no filter of system calls\n");
  else
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
  /* before the first call of the library, which looks for the barrier */
  in_a_process_without_barrier(false);
  in_a_process_without_barrier(true);
  return everything() != 0 || failures != 0;
}
