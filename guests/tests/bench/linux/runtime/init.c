/* Runs the programs a list names, one after the other, and says when each starts and how it ended. As process 1 of a
 * guest (the list is /programs) it switches the machine off at the end; on the host the list is its argument.
 *
 * A line of the list: NAME|STANDARD INPUT|PATH|ARGUMENT|... */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define FIELDS 16

static void say(const char *name, const char *what) {
  printf("%s: %s\n", name, what);
  fflush(stdout);
  tcdrain(STDOUT_FILENO);
}

static void become(const char *input, char **arguments) {
  int ends[2];
  if (pipe(ends) || write(ends[1], input, strlen(input)) < 0) _exit(126);
  dup2(ends[0], STDIN_FILENO);
  close(ends[0]);
  close(ends[1]);
  execv(arguments[0], arguments);
  _exit(127);
}

static void run(char *line) {
  char *fields[FIELDS + 1] = {0}, ended[32];
  int count = 0, status = -1;
  for (char *field; count < FIELDS && (field = strsep(&line, "|"));) fields[count++] = field;
  if (count < 3) return;
  say(fields[0], "start");
  pid_t child = fork();
  if (child == 0) become(fields[1], fields + 2);
  waitpid(child, &status, 0);
  snprintf(ended, sizeof ended, "exit %d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  say(fields[0], ended);
}

static void run_all(const char *path) {
  char line[4096];
  FILE *list = fopen(path, "r");
  if (!list) return perror(path);
  while (fgets(line, sizeof line, list)) {
    line[strcspn(line, "\n")] = 0;
    fflush(stdout);
    run(line);
  }
  fclose(list);
}

int main(int count, char **arguments) {
  int booted = getpid() == 1;
  if (booted) mount("proc", "/proc", "proc", 0, 0);
  say("programs", "begin");
  run_all(count > 1 && !booted ? arguments[1] : "/programs");
  say("programs", "end");
  if (booted) reboot(RB_POWER_OFF);
  return 0;
}
