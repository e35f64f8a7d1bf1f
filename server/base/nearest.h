/* nearest.h - finds the name that a misspelt word is closest to, for "did you mean". */
#ifndef UPSCALED_SERVER_BASE_NEAREST_H
#define UPSCALED_SERVER_BASE_NEAREST_H

struct nearest {
    const char *word;
    const char *name; /* NULL: nothing is close */
    int distance;     /* of `name`; if that is NULL, the least distance that is too far */
};

/* `word` is borrowed until the last nearest_offer. */
void nearest_init(struct nearest *n, const char *word);

/* Takes `name` if it is closer than all names before. The distance is the number of letters to
 * insert, delete, replace or swap (Damerau 1964), at most a third of those of the word. */
void nearest_offer(struct nearest *n, const char *name);

#endif
