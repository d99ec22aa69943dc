#include "user.h"

int main(void) { return sync() ? 1 : 0; }
