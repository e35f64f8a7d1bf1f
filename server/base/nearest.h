/* nearest.h - what somebody may have meant: the one of several names that a misspelt word is
 * closest to. */
#ifndef UPSCALED_SERVER_BASE_NEAREST_H
#define UPSCALED_SERVER_BASE_NEAREST_H

struct nearest {
    const char *word;
    const char *name; /* NULL: nothing is close */
    int distance;     /* of name, or the first that is too far */
};

/* `word` is borrowed until the last nearest_offer. */
void nearest_init(struct nearest *n, const char *word);

/* Takes `name` where it is closer than all before: fewer letters to insert, leave out, replace or
 * swap (Damerau 1964), at most a third of the word's. */
void nearest_offer(struct nearest *n, const char *name);

#endif
