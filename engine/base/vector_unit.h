/* vector_unit.h - the vector units that code is compiled for, and the one that is in use.
 *
 * VECTOR_UNITS is the table: a unit is one row, the best first. The kernels of the network
 * (engine/nn) and the loops over pixels (engine/image, engine/png) have one set of functions for
 * each row; a set that is missing does not link. `--kernels` chooses the unit once for all of them.
 * Threads: vector_unit_use belongs to the start of the program; the rest may be called at any time.
 */
#ifndef UPSCALED_BASE_VECTOR_UNIT_H
#define UPSCALED_BASE_VECTOR_UNIT_H

#include <stdbool.h>

/* X(UNIT, name): UNIT_##UNIT is the value; `name` is what `--kernels` and symbols call the unit. */
#if defined(__x86_64__)
#define VECTOR_UNITS(X) X(AVX512, avx512) X(AVX2, avx2) X(C, c)
#elif defined(__aarch64__)
#define VECTOR_UNITS(X) X(NEON, neon) X(C, c)
#else
#define VECTOR_UNITS(X) X(C, c)
#endif

#define VECTOR_UNIT_VALUE(UNIT, name) UNIT_##UNIT,

/* UNIT_C is what every processor of the kind can do. */
enum vector_unit { VECTOR_UNITS(VECTOR_UNIT_VALUE) UNITS };

/* The k-th unit that this processor has, the best first; UNITS past the last. */
enum vector_unit vector_unit_at(int k);

/* The unit of that name, the best one for NULL; UNITS where this processor has none. */
enum vector_unit vector_unit_find(const char *name);

const char *vector_unit_name(enum vector_unit unit);

/* Puts the unit of that name in use, the best one for NULL. Where this processor has none, returns
 * false and changes nothing. */
bool vector_unit_use(const char *name);

/* The unit in use; the best one where vector_unit_use was never called. */
enum vector_unit vector_unit_used(void);

#endif
