/* vector_unit.h - the vector units that code is compiled for, and the one that is in use.
 *
 * VECTOR_UNITS is the table: it has one row for each unit, the best first. The kernels of the
 * network (engine/nn) and the loops over pixels (engine/image, engine/png) have one set of
 * functions for each row; a set that is missing does not link. `--kernels` chooses the unit once
 * for all of them.
 *
 * Threads: call vector_unit_use when the program starts. Any thread may call the others at any
 * time. */
#ifndef UPSCALED_BASE_VECTOR_UNIT_H
#define UPSCALED_BASE_VECTOR_UNIT_H

#include <stdbool.h>

/* X(UNIT, name): UNIT_##UNIT is the value of the unit, and `name` is its name in `--kernels` and in
 * symbols. */
#if defined(__x86_64__)
#define VECTOR_UNITS(X) X(AVX512, avx512) X(AVX2, avx2) X(C, c)
#elif defined(__aarch64__)
#define VECTOR_UNITS(X) X(NEON, neon) X(C, c)
#else
#define VECTOR_UNITS(X) X(C, c)
#endif

#define VECTOR_UNIT_VALUE(UNIT, name) UNIT_##UNIT,

/* UNIT_C runs on every processor of the architecture. */
enum vector_unit { VECTOR_UNITS(VECTOR_UNIT_VALUE) UNITS };

/* Returns the k-th unit that this processor has, the best first; UNITS past the last. */
enum vector_unit vector_unit_at(int k);

/* Returns the unit of that name, or the best one for NULL; UNITS if this processor has no such
 * unit. */
enum vector_unit vector_unit_find(const char *name);

const char *vector_unit_name(enum vector_unit unit);

/* Puts the unit of that name in use, or the best one for NULL. If this processor has no such unit,
 * returns false and changes nothing. */
bool vector_unit_use(const char *name);

/* Returns the unit in use. It is the best one if vector_unit_use was never called. */
enum vector_unit vector_unit_used(void);

#endif
