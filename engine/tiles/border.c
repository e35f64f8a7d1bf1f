/* border.c - see border.h. */
#include "engine/tiles/border.h"

static int modulo(int i, int n)
{
    int rest = i % n;
    return rest < 0 ? rest + n : rest;
}

static int reflect(int i, int n)
{
    if (n == 1)
        return 0;
    int period = 2 * (n - 1);
    int at = modulo(i, period);
    return at < n ? at : period - at;
}

int border_map(enum model_border border, int i, int n)
{
    if (i >= 0 && i < n)
        return i;
    switch (border) {
    case BORDER_ZERO:
        return BORDER_NOTHING;
    case BORDER_WRAP:
        return modulo(i, n);
    case BORDER_REFLECT:
        return reflect(i, n);
    case BORDER_REPLICATE:
    case BORDER_MODEL:
        break;
    }
    return i < 0 ? 0 : n - 1;
}

struct span border_hull(enum model_border border, int n, struct span s)
{
    int low = n, high = -1;
    for (int i = s.lo; i < s.hi; i++) {
        int at = border_map(border, i, n);
        if (at == BORDER_NOTHING)
            continue;
        low = at < low ? at : low;
        high = at > high ? at : high;
    }
    return (struct span){low, high + 1};
}
