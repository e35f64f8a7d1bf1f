/* test_png_exif.c - the orientation that an eXIf chunk states, from the input file to the output
 * file. No length or offset in the chunk leads outside of it. */
#include <stdlib.h>
#include <string.h>

#include "engine/png/png_exif.h"
#include "engine/png/png_reader.h"
#include "engine/png/png_writer.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"
#include "tests/lib/write_png.h"

enum { BYTE = 1, ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5, SLONG = 9 };

/* Makes the contents of an eXIf with two entries, of which the second is the orientation. */
static void add_exif(struct bytes *out, bool big, int type, int value)
{
    uint8_t t[38] = {0};
    const uint16_t words[] = {2, 0x010f, 2, 0x0112, (uint16_t)type, (uint16_t)value};
    const int at[] = {8, 10, 12, 22, 24, big && type == LONG ? 32 : 30};
    memcpy(t, big ? "MM\0*\0\0\0\x08" : "II*\0\x08\0\0\0", 8);
    for (int i = 0; i < 6; i++) {
        t[at[i] + !big] = (uint8_t)(words[i] >> 8);
        t[at[i] + big] = (uint8_t)words[i];
    }
    if (type == BYTE || type == ASCII) {
        t[30] = (uint8_t)value;
        t[31] = 0;
    }
    t[big ? 17 : 14] = t[big ? 29 : 26] = 1; /* the counts of the entries */
    png_build_chunk(out, "eXIf", t, sizeof t);
}

/* Returns the orientation in a file that was written with this choice of metadata. */
static int carried(const struct bytes *file, enum png_metadata metadata, uint32_t *length)
{
    struct err e = ERR_INIT;
    struct png_reader *r = NULL, *again = NULL;
    struct image *img = NULL;
    struct buf out;
    int found = 0;
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(png_reader_new(file->data, file->length, &png_default_limits, &r, &e), ERR_OK);
    struct png_writer_params params = {.compression = 6,
                                       .metadata = metadata,
                                       .meta = png_reader_meta(r),
                                       .format = *png_reader_format(r),
                                       .source = *png_reader_format(r)};
    ck_assert_int_eq(image_new(&params.format, &img, &e), ERR_OK);
    memset(img->pixels, 0, image_bytes(&params.format));
    ck_assert_int_eq(write_png(&params, img, &out, &e), ERR_OK);
    ck_assert_int_eq(png_reader_new(out.data, out.length, &png_default_limits, &again, &e), ERR_OK);
    const struct png_meta *m = png_reader_meta(again);
    *length = 0;
    for (int i = 0; i < m->count; i++)
        if (strcmp(m->chunks[i].type, "eXIf") == 0) {
            *length = m->chunks[i].length;
            found = png_exif_orientation(m->chunks[i].data, *length);
        }
    png_reader_free(again);
    png_reader_free(r);
    image_free(img);
    buf_done(&out);
    return found;
}

START_TEST(orientation_survives_every_choice_of_metadata)
{
    for (int value = 0; value <= 9; value++)
        for (int type = BYTE; type <= SLONG; type++)
            for (int big = 0; big < 2; big++)
                for (int behind = 0; behind < 2; behind++) {
                    struct bytes exif = {0}, file = {0};
                    struct png_build p;
                    uint64_t seed = 9;
                    uint32_t length;
                    bool number = type == BYTE || type == SHORT || type == LONG,
                         stated = number && value >= 1 && value <= 8, turned = stated && value > 1;
                    add_exif(&exif, big, type, value);
                    png_build_random(&p, (struct png_head){3, 2, 8, 2, false}, false, &seed);
                    png_build_file(&p, &seed, behind ? NULL : &exif, NULL, behind ? &exif : NULL,
                                   &file);
                    ck_assert_int_eq(carried(&file, METADATA_KEEP, &length), stated ? value : 0);
                    ck_assert_int_eq(length, 38);
                    for (int m = METADATA_COLOR; m <= METADATA_NONE; m++) {
                        ck_assert_int_eq(carried(&file, (enum png_metadata)m, &length),
                                         turned ? value : 0);
                        ck_assert_int_eq(length, turned ? PNG_EXIF_LEAST : 0);
                    }
                    bytes_done(&exif);
                    bytes_done(&file);
                    png_build_done(&p);
                }
}
END_TEST

/* No length or offset leads outside the chunk, and the memory ends where the chunk does. */
START_TEST(exif_is_read_within_its_bounds)
{
    struct bytes exif = {0};
    add_exif(&exif, _i, SHORT, 6);
    for (uint32_t length = 0; length <= 38; length++)
        for (int offset = 0; offset < 300; offset++) {
            uint8_t *copy = malloc(length + 1);
            memcpy(copy, exif.data + 8, length);
            if (length >= 8) {
                copy[_i ? 7 : 4] = (uint8_t)offset;
                copy[_i ? 6 : 5] = (uint8_t)(offset >> 8);
                copy[_i ? 4 : 7] = (uint8_t)(offset > 280 ? 255 : 0);
            }
            int got = png_exif_orientation(copy, length);
            ck_assert_int_eq(got, offset == 8 && length >= 34 ? 6 : 0);
            free(copy);
        }
    bytes_done(&exif);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_exif");
    TCase *c = tcase_create("png_exif");
    tcase_add_test(c, orientation_survives_every_choice_of_metadata);
    tcase_add_loop_test(c, exif_is_read_within_its_bounds, 0, 2);
    suite_add_tcase(s, c);
    return harness_run(s);
}
