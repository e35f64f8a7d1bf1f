/* nearest.c - see nearest.h. */
#include "server/base/nearest.h"

#include <string.h>

enum { LONGEST = 32 }; /* letters; longer words are ignored */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment. Only the last three rows of the usual table are kept. */
static int distance(const char *a, size_t n, const char *b, size_t m)
{
    int rows[3][LONGEST + 1];
    for (size_t k = 0; k <= m; k++)
        rows[0][k] = (int)k;
    for (size_t i = 1; i <= n; i++) {
        int *now = rows[i % 3];
        const int *before = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t k = 1; k <= m; k++) {
            now[k] =
                least(least(before[k], now[k - 1]) + 1, before[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                now[k] = least(now[k], two[k - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

void nearest_init(struct nearest *n, const char *word)
{
    *n = (struct nearest){.word = word, .distance = (int)(strlen(word) + 2) / 3 + 1};
}

void nearest_offer(struct nearest *n, const char *name)
{
    size_t a = strlen(n->word), b = strlen(name);
    if (a == 0 || a > LONGEST || b > LONGEST)
        return;
    int d = distance(n->word, a, name, b);
    if (d < n->distance) {
        n->distance = d;
        n->name = name;
    }
}
