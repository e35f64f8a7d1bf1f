/* vector_unit.h - which of the vector units that loops are compiled for this processor has.
 *
 * Threads: pure functions. */
#ifndef UPSCALED_BASE_VECTOR_UNIT_H
#define UPSCALED_BASE_VECTOR_UNIT_H

/* One a library of Makefile.am, which has its flags. The best first. */
enum vector_unit {
#ifdef __x86_64__
    UNIT_AVX512,
    UNIT_AVX2,
#endif
    UNIT_C, /* what every processor of the kind can do */
    UNITS
};

/* The k-th that is there, the best first; UNITS past the last. */
enum vector_unit vector_unit_at(int k);

#endif
