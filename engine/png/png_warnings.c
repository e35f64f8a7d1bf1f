/* png_warnings.c - see png_warnings.h. */
#include "engine/png/png_warnings.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *code, *text; /* the names of the chunks follow the text */
} kinds[PNG_WARNINGS] = {
    [PNG_WARN_ANIMATION] = {"animation", "only the default image of the animation was kept"},
    [PNG_WARN_CRC] = {"chunk_crc", "left out because of a wrong check sum"},
    [PNG_WARN_MALFORMED] = {"chunk_malformed", "left out because of malformed contents or names"},
    [PNG_WARN_MISPLACED] = {"chunk_misplaced", "left out because of its place in the file"},
    [PNG_WARN_REDUNDANT] = {"chunk_redundant", "left out because another chunk overrides it"},
    [PNG_WARN_UNSAFE] = {"chunk_unsafe", "left out because it may not hold for new pixels"},
    [PNG_WARN_NAME] = {"name_mended", "kept with its name or keyword mended"},
    [PNG_WARN_EXIF] = {"exif_prefix", "kept without the prefix that belongs to JPEG"},
    [PNG_WARN_SURPLUS] = {"chunk_surplus", "kept without the bytes after its compressed contents"},
    [PNG_WARN_LARGE] = {"chunk_large",
                        "left out because its contents are too large when decompressed"},
    [PNG_WARN_IEND] = {"iend_missing",
                       "the end of the file is missing or damaged, after all of the pixels"},
    [PNG_WARN_WINDOW] = {"zlib_window", "the compressed pixels need a larger window than declared"},
    [PNG_WARN_MORE_ROWS] = {"extra_pixels", "compressed data beyond the last row was ignored"},
    [PNG_WARN_INDEX] = {"palette_index", "pixels without a colour in the palette are black"},
    [PNG_WARN_MORE_BYTES] = {"extra_bytes", "bytes after the end of the picture were ignored"},
};

void png_warn(struct png_warnings *w, enum png_warning kind, const char *chunk)
{
    if (w->of[kind].count < UINT32_MAX)
        w->of[kind].count++;
    if (!chunk || w->of[kind].names == PNG_WARNING_CHUNKS)
        return;
    for (int i = 0; i < w->of[kind].names; i++)
        if (memcmp(w->of[kind].chunks[i], chunk, 4) == 0)
            return;
    char *to = w->of[kind].chunks[w->of[kind].names++];
    memcpy(to, chunk, 4);
    to[4] = 0;
}

bool png_warned(const struct png_warnings *w, enum png_warning kind)
{
    return w->of[kind].count > 0;
}

const char *png_warning_code(enum png_warning kind)
{
    return kinds[kind].code;
}

void png_warning_text(const struct png_warnings *w, enum png_warning kind,
                      char text[PNG_WARNING_TEXT])
{
    int n = snprintf(text, PNG_WARNING_TEXT, "%s", kinds[kind].text);
    for (int i = 0; i < w->of[kind].names; i++)
        n += snprintf(text + n, (size_t)(PNG_WARNING_TEXT - n), "%s%s", i ? ", " : ": ",
                      w->of[kind].chunks[i]);
    assert(n < PNG_WARNING_TEXT); /* 8 names of 4 letters, and a text of at most 78 bytes */
}

void png_warnings_list(const struct png_warnings *w, char text[PNG_WARNING_LIST])
{
    static_assert(PNG_WARNINGS * (PNG_WARNING_TEXT + 32) <= PNG_WARNING_LIST, "all kinds at once");
    int n = 0;
    *text = 0;
    for (int kind = 0; kind < PNG_WARNINGS; kind++) {
        char clause[PNG_WARNING_TEXT]; /* has nothing that a quoted string must escape */
        if (!png_warned(w, (enum png_warning)kind))
            continue;
        png_warning_text(w, (enum png_warning)kind, clause);
        n += snprintf(text + n, (size_t)(PNG_WARNING_LIST - n), "%s%s;text=\"%s\"", n ? ", " : "",
                      kinds[kind].code, clause);
    }
}
