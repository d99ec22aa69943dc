/*
 * The shell. A line is jobs separated by ; or &; a job is commands joined by |; a command is words and redirections:
 *
 *   ls /bin | grep s > list; sleep 5 &
 *
 * Quotes ' and " keep blanks and signs inside a word.
 */
#include "user.h"

#define LINE_BYTES 256
#define WORDS 64
#define STAGES 8

enum token_kind { END, WORD, PIPE, INPUT, OUTPUT, APPEND, SEMICOLON, AMPERSAND, BROKEN };

struct token {
  enum token_kind kind;
  char *text;
};

struct command {
  char *argv[MAX_ARGUMENTS + 1];
  int argc;
  char *input, *output;
  bool append;
};

struct job {
  struct command stages[STAGES];
  int count;
  bool background;
};

static char words[2 * LINE_BYTES]; /* the tokens' characters, unquoted */
static struct token tokens[WORDS];
static bool interactive; /* this shell has the terminal */

/* ---- reading a line into tokens ---- */

static enum token_kind sign_kind(const char *at) {
  switch (*at) {
    case '|': return PIPE;
    case '<': return INPUT;
    case '>': return at[1] == '>' ? APPEND : OUTPUT;
    case ';': return SEMICOLON;
    case '&': return AMPERSAND;
    default: return WORD;
  }
}

static bool ends_word(char c) { return !c || c == ' ' || strchr("|<>;&", c); }

/* Copies one word without its quotes; false for a quote without its partner. */
static bool take_word(const char **at, char **to) {
  char quote = 0;
  for (; **at && (quote || !ends_word(**at)); ++*at) {
    if (quote && **at == quote) quote = 0;
    else if (!quote && (**at == '\'' || **at == '"')) quote = **at;
    else *(*to)++ = **at;
  }
  *(*to)++ = 0;
  return !quote;
}

static bool tokenize(const char *line) {
  char *room = words;
  int count = 0;
  for (;;) {
    while (*line == ' ') line++;
    if (count == WORDS - 1) {
      print_to(2, "sh: the line is too long\n");
      return false;
    }
    struct token *t = &tokens[count++];
    if (!*line || *line == '#') {
      t->kind = END;
      return true;
    }
    t->kind = sign_kind(line);
    t->text = room;
    if (t->kind != WORD) {
      line += t->kind == APPEND ? 2 : 1;
    } else if (!take_word(&line, &room)) {
      print_to(2, "sh: a quote is not closed\n");
      return false;
    }
  }
}

/* ---- tokens into a job ---- */

static const char *parse_command(struct token **at, struct command *c) {
  memset(c, 0, sizeof *c);
  for (;; ++*at) {
    enum token_kind kind = (*at)->kind;
    if (kind == WORD) {
      if (c->argc == MAX_ARGUMENTS) return "too many arguments";
      c->argv[c->argc++] = (*at)->text;
    } else if (kind == INPUT || kind == OUTPUT || kind == APPEND) {
      ++*at;
      if ((*at)->kind != WORD) return "a file name is missing after < or >";
      if (kind == INPUT) c->input = (*at)->text;
      else c->output = (*at)->text, c->append = kind == APPEND;
    } else {
      return c->argc ? NULL : "a command is missing";
    }
  }
}

static const char *parse_job(struct token **at, struct job *job) {
  job->count = 0;
  for (;; ++*at) {
    if (job->count == STAGES) return "too many commands in one pipeline";
    const char *problem = parse_command(at, &job->stages[job->count++]);
    if (problem) return problem;
    if ((*at)->kind != PIPE) break;
  }
  job->background = (*at)->kind == AMPERSAND;
  if ((*at)->kind != END) ++*at;
  return NULL;
}

/* ---- running ---- */

static int redirect(const char *path, int flags, int descriptor) {
  if (!path) return 0;
  int opened = open(path, flags);
  if (opened < 0) return complain("sh", path, opened);
  dup(opened, descriptor);
  close(opened);
  return 0;
}

static void become(struct command *c) {
  int write_flags = OPEN_WRITE | OPEN_CREATE | (c->append ? OPEN_APPEND : OPEN_TRUNCATE);
  if (redirect(c->input, OPEN_READ, 0) || redirect(c->output, write_flags, 1)) exit(1);
  char path[PATH_BYTES] = "/bin/";
  bool bare = !strchr(c->argv[0], '/');
  copy_text(bare ? path + 5 : path, c->argv[0], bare ? sizeof path - 5 : sizeof path);
  int error = exec(path, c->argv);
  if (bare && error == E_NO_ENTRY) print_to(2, "sh: %s: no such command; try help\n", c->argv[0]);
  else complain("sh", c->argv[0], error);
  exit(127);
}

static const char *cause_text(int cause) {
  switch (cause) {
    case 1: return "instruction access fault";
    case 2: return "illegal instruction";
    case 3: return "breakpoint";
    case 4: return "misaligned load";
    case 5: return "load access fault";
    case 6: return "misaligned store";
    case 7: return "store access fault";
    case 12: return "instruction page fault";
    case 13: return "load page fault";
    case 15: return "store page fault";
    default: return "trap";
  }
}

static void report(const struct wait_result *r, bool background) {
  if (r->reason >= ENDED_FAULT)
    print_to(2, "[%d] ended by a %s: pc %p, address %p\n", r->pid, cause_text(r->reason - ENDED_FAULT), r->pc, r->value);
  else if (r->reason == ENDED_KILL) print_to(2, "[%d] killed\n", r->pid);
  else if (background && r->reason == ENDED_EXIT) print_to(2, "[%d] done, code %d\n", r->pid, r->code);
}

/* One child per stage, all in the group of the first. Gives how many were started. */
static int start_stages(struct job *job, int pids[STAGES]) {
  int from = -1; /* the pipe the next stage reads */
  for (int i = 0; i < job->count; i++) {
    int ends[2] = {-1, -1};
    bool last = i == job->count - 1;
    if (!last && pipe(ends) < 0) return i;
    int pid = fork();
    if (pid < 0) return i;
    if (pid == 0) {
      if (interactive) group(i ? pids[0] : 0);
      if (interactive && !job->background && i == 0) foreground(getpid());
      if (from >= 0) dup(from, 0), close(from);
      if (!last) dup(ends[1], 1), close(ends[0]), close(ends[1]);
      become(&job->stages[i]);
    }
    pids[i] = pid;
    if (from >= 0) close(from);
    if (!last) close(ends[1]);
    from = ends[0];
  }
  return job->count;
}

static void run_job(struct job *job) {
  int pids[STAGES];
  int started = start_stages(job, pids);
  if (started < job->count) print_to(2, "sh: cannot start everything: %s\n", error_text(E_AGAIN));
  if (job->background) {
    print("[%d] in the background\n", started ? pids[started - 1] : 0);
    return;
  }
  for (int left = started; left > 0;) {
    struct wait_result result;
    int pid = wait(&result, 0);
    if (pid < 0) break;
    bool ours = false;
    for (int i = 0; i < started; i++) ours |= pids[i] == pid;
    report(&result, !ours);
    left -= ours;
  }
  if (interactive) foreground(0);
}

static bool builtin(struct command *c) {
  if (!strcmp(c->argv[0], "cd")) {
    const char *to = c->argc > 1 ? c->argv[1] : "/";
    int error = chdir(to);
    if (error) complain("cd", to, error);
    return true;
  }
  if (!strcmp(c->argv[0], "exit")) exit(0);
  return false;
}

static void run_line(const char *line) {
  if (!tokenize(line)) return;
  for (struct token *at = tokens; at->kind != END;) {
    static struct job job;
    const char *problem = parse_job(&at, &job);
    if (problem) {
      print_to(2, "sh: %s\n", problem);
      return;
    }
    if (job.count > 1 || !builtin(&job.stages[0])) run_job(&job);
  }
}

static void bury_background(void) {
  struct wait_result result;
  while (wait(&result, WAIT_NO_HANG) > 0) report(&result, true);
}

int main(int argc, char **argv) {
  char line[LINE_BYTES];
  if (argc == 3 && !strcmp(argv[1], "-c")) {
    run_line(argv[2]);
    return 0;
  }
  interactive = true;
  foreground(0); /* ^C then only discards the line */
  for (;;) {
    bury_background();
    print("$ ");
    int length = read_line(0, line, sizeof line);
    if (length < 0) break;
    run_line(line);
  }
  print("\n");
  return 0;
}
