#include "user.h"

static const char *const lines[] = {
    "help                this text",
    "ls [PATH...]        what a directory holds: type, links, bytes, name",
    "cat [FILE...]       files, or the input, to the output",
    "echo WORDS          the words",
    "wc [FILE...]        lines, words and bytes",
    "grep TEXT [FILE...] lines that contain the text",
    "hexdump [FILE...]   bytes in hexadecimal",
    "mkdir DIR...        new directories",
    "rm PATH...          removes files and empty directories",
    "cp FROM TO          copies a file",
    "mv FROM TO          gives a file or directory another name",
    "ln FROM TO          gives a file a second name",
    "ps                  processes: state, hart, pages, milliseconds",
    "kill PID...         ends processes",
    "free                memory and disk",
    "uptime              time since boot",
    "sleep MS            waits",
    "primes N            counts primes below N, to keep a hart busy",
    "sync                writes everything to the disk",
    "traptour [all]      what traps, why, and who handles it: step by step, or all at once",
    "selftest [NAME...]  checks the kernel and the machine under it",
    "poweroff [CODE]     switches the board off",
    "cd DIR, exit        built into the shell; also: A | B   A < IN > OUT   A >> OUT   A & B   A ; B   ^C ^U ^W ^D",
};

int main(void) {
  for (u64 i = 0; i < COUNT(lines); i++) print("  %s\n", lines[i]);
  return 0;
}
