/* turns.h - the order in which waiting jobs begin.
 *
 * The next job is the one that has waited longest in proportion to its length (highest response
 * ratio: Brinch Hansen 1971), so that short jobs go first and none waits for ever. Two rules hold
 * it back:
 *   - Long jobs occupy at most three quarters of the drivers. The others remain for short jobs.
 *   - A job that finds too little memory is passed over. Once it has waited for half of the time
 *     that it may wait, no other job begins before it has its memory.
 * Threads: the caller holds the lock of the queue. */
#ifndef UPSCALED_SERVER_WORK_TURNS_H
#define UPSCALED_SERVER_WORK_TURNS_H

#include "server/work/jobs.h"

/* What the order depends on, beside the jobs themselves. */
struct turns {
    int64_t now_ms;
    int64_t patience_ms;  /* time for which a job that finds too little memory is passed over */
    int long_places;      /* long jobs that may begin now */
    int64_t memory_bytes; /* free memory of the budget */
};

/* Whether a job is long: whether its expected time reaches one second of a worker. */
bool turns_is_long(double expected_ms);

/* Returns how many of `running` drivers long jobs may occupy. */
int turns_long_places(int running);

/* Returns the link of the job that begins next, in the list that starts at *first; NULL if none can
 * begin. */
struct job **turns_next(struct job **first, const struct turns *t);

/* Sets `place` of the `count` jobs of the list. First come the jobs that would begin if drivers
 * became free one after another and nothing else changed. Then come, by their ratio, the jobs that
 * need more than is free now. If memory for the sorting is out, the places stay as they are. */
void turns_arrange(struct job *first, int count, const struct turns *t);

#endif
