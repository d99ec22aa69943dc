/* A pipe: a page of bytes between those who write and those who read. */
#ifndef PIPE_H
#define PIPE_H
#include "types.h"

struct pipe;
struct pipe *pipe_create(void);
/* One end is closed for good; the second frees the pipe. */
void pipe_close(struct pipe *p, bool writing_end);
i64 pipe_read(struct pipe *p, u64 to, u64 bytes);
i64 pipe_write(struct pipe *p, u64 from, u64 bytes);
#endif
