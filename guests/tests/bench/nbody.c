/* Planets under gravity: double-precision arithmetic with divisions and square roots. */
#include "bench.h"

#define BODIES 5
#define STEPS 20000
#define STEP_TIME 0.01

const char bench_name[] = "nbody";
const u64 bench_checksum = 0xd6e878ecb09e0749;

typedef struct {
  double at[3], velocity[3], mass;
} Body;

static Body bodies[BODIES];

/* A heavy body in the middle, and lighter ones around it, each further out and slower. */
static void place(void) {
  for (int i = 0; i < BODIES; i++) {
    double distance = (double)(i * i) * 2.5;
    bodies[i] = (Body){
        .at = {distance, distance * 0.3, distance * -0.05},
        .velocity = {i ? -0.4 / i : 0, i ? 3.0 / i : 0, i ? 0.05 * i : 0},
        .mass = i ? 0.04 / i : 39.5,
    };
  }
}

static void attract(Body *a, Body *b) {
  double apart[3], squared = 0;
  for (int axis = 0; axis < 3; axis++) {
    apart[axis] = a->at[axis] - b->at[axis];
    squared += apart[axis] * apart[axis];
  }
  double pull = STEP_TIME / (squared * __builtin_sqrt(squared));
  for (int axis = 0; axis < 3; axis++) {
    a->velocity[axis] -= apart[axis] * b->mass * pull;
    b->velocity[axis] += apart[axis] * a->mass * pull;
  }
}

static void advance(void) {
  for (int i = 0; i < BODIES; i++)
    for (int j = i + 1; j < BODIES; j++) attract(&bodies[i], &bodies[j]);
  for (int i = 0; i < BODIES; i++)
    for (int axis = 0; axis < 3; axis++) bodies[i].at[axis] += STEP_TIME * bodies[i].velocity[axis];
}

u64 bench(void) {
  u64 checksum = 0;
  place();
  for (int step = 0; step < STEPS; step++) advance();
  for (int i = 0; i < BODIES; i++)
    for (int axis = 0; axis < 3; axis++) {
      union {
        double number;
        u64 bits;
      } position = {bodies[i].at[axis]};
      checksum = checksum * 1099511628211ul + position.bits;
    }
  return checksum;
}
