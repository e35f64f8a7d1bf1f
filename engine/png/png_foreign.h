/* png_foreign.h - recognises other formats, for the error about a file that is not a PNG. */
#ifndef UPSCALED_PNG_PNG_FOREIGN_H
#define UPSCALED_PNG_PNG_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

/* Returns a clause that fits after "not a PNG: ", or NULL if the format is not recognised. */
const char *png_foreign_name(const uint8_t *bytes, size_t length);

/* Returns what happened to a file that was a PNG once (line ends converted, high bits lost, decoded
 * as text), as a clause that fits after "damaged PNG: "; otherwise NULL. */
const char *png_foreign_damage(const uint8_t *bytes, size_t length);

#endif
