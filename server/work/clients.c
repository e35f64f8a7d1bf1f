/* clients.c - see clients.h. */
#include "server/work/clients.h"

#include <stdint.h>

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

int clients_enter(struct clients *c, const char *name, double *weight)
{
    uint32_t h = hash(name);
    int place = (int)((h ^ h >> 16) % CLIENTS_PLACES);
    *weight = 1.0 / (atomic_fetch_add(&c->in_work[place], 1) + 1);
    return place;
}

void clients_leave(struct clients *c, int place)
{
    atomic_fetch_sub(&c->in_work[place], 1);
}
