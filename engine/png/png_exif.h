/* png_exif.h - reads and writes the orientation in an eXIf chunk.
 *
 * Exif 2.32, 4.5 and 4.6 (TIFF 6.0, section 2): tag 0x0112 of the first directory. Threads: pure
 * functions. */
#ifndef UPSCALED_PNG_PNG_EXIF_H
#define UPSCALED_PNG_PNG_EXIF_H

#include <stdint.h>

enum { PNG_EXIF_LEAST = 26 }; /* bytes of a chunk that states only an orientation */

/* Returns the orientation (1..8) that the data of a chunk state, as BYTE, SHORT or LONG, or 0 if they
 * state none. The data begin with the header of TIFF. */
int png_exif_orientation(const uint8_t *data, uint32_t length);

/* Writes the data of a chunk that states only this orientation. */
void png_exif_make(int orientation, uint8_t to[PNG_EXIF_LEAST]);

#endif
