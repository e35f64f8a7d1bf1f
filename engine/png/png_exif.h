/* png_exif.h - the orientation that an eXIf chunk states.
 *
 * Exif 2.32, 4.5 and 4.6 (TIFF 6.0, section 2): tag 0x0112 of the first directory. Threads: pure
 * functions. */
#ifndef UPSCALED_PNG_PNG_EXIF_H
#define UPSCALED_PNG_PNG_EXIF_H

#include <stdint.h>

enum { PNG_EXIF_LEAST = 26 }; /* bytes of a chunk that states an orientation and nothing else */

/* The orientation, 1..8, of a chunk's contents, which begin with the header of TIFF; 0 where they
 * state none. */
int png_exif_orientation(const uint8_t *data, uint32_t length);

/* The contents of a chunk that states this orientation alone. */
void png_exif_make(int orientation, uint8_t to[PNG_EXIF_LEAST]);

#endif
