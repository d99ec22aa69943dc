#include "user.h"

static bool is_prime(u64 n) {
  for (u64 d = 2; d * d <= n; d++)
    if (n % d == 0) return false;
  return n > 1;
}

int main(int argc, char **argv) {
  u64 limit, count = 0;
  if (argc != 2 || !parse_number(argv[1], &limit)) {
    print_to(2, "usage: primes N\n");
    return 2;
  }
  u64 start = uptime();
  for (u64 n = 2; n < limit; n++) count += is_prime(n);
  print("%ld primes below %ld, %ld ms\n", count, limit, uptime() - start);
  return 0;
}
