/* png_foreign.c - see png_foreign.h. It has two tables of first bytes, and searches text. */
#include "engine/png/png_foreign.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct magic {
    uint8_t at, length;
    const char *bytes;
    const char *name;
    const char *also; /* the bytes at offset 8, or NULL for any */
};

#define MAGIC(at, bytes, name)                                                                     \
    {                                                                                              \
        at, sizeof(bytes) - 1, bytes, name, NULL                                                   \
    }

#define CONVERT(name) "; ImageMagick converts it: magick in." name " in.png"

static const struct magic foreign[] = {
    MAGIC(0, "\xff\xd8\xff", "it is a JPEG picture" CONVERT("jpg")),
    {0, 4, "RIFF", "it is a WebP picture" CONVERT("webp"), "WEBP"},
    MAGIC(0, "RIFF", "it is a RIFF file (sound or video)"),
    MAGIC(0, "GIF8", "it is a GIF picture" CONVERT("gif")),
    {4, 4, "ftyp", "it is an AVIF picture" CONVERT("avif"), "avif"},
    {4, 4, "ftyp", "it is an AVIF animation" CONVERT("avif[0]"), "avis"},
    {4, 4, "ftyp", "it is a HEIC picture" CONVERT("heic"), "heic"},
    {4, 4, "ftyp", "it is a HEIC picture" CONVERT("heic"), "heix"},
    {4, 4, "ftyp", "it is a HEIC picture" CONVERT("heic"), "hevc"},
    {4, 4, "ftyp", "it is a HEIF picture" CONVERT("heif"), "mif1"},
    {4, 4, "ftyp", "it is a HEIF picture" CONVERT("heif"), "msf1"},
    {4, 4, "ftyp", "it is a Canon CR3 raw picture", "crx "},
    MAGIC(4, "ftyp", "it is a video (MP4 or its like)"),
    MAGIC(0, "II*\0", "it is a TIFF picture" CONVERT("tif")),
    MAGIC(0, "MM\0*", "it is a TIFF picture" CONVERT("tif")),
    MAGIC(0, "II+\0", "it is a BigTIFF picture" CONVERT("tif")),
    MAGIC(0, "MM\0+", "it is a BigTIFF picture" CONVERT("tif")),
    MAGIC(0, "\0\0\0\x0cJXL ", "it is a JPEG XL picture" CONVERT("jxl")),
    MAGIC(0, "\xff\x0a", "it is a JPEG XL picture" CONVERT("jxl")),
    MAGIC(0, "\0\0\0\x0cjP  ", "it is a JPEG 2000 picture" CONVERT("jp2")),
    MAGIC(0, "\xff\x4f\xff\x51", "it is a JPEG 2000 picture" CONVERT("jp2")),
    MAGIC(0, "BM", "it is a BMP picture" CONVERT("bmp")),
    MAGIC(0, "\0\0\1\0", "it is a Windows icon (ICO)"),
    MAGIC(0, "\0\0\2\0", "it is a Windows cursor (CUR)"),
    MAGIC(0, "8BPS", "it is a Photoshop document (PSD)"),
    MAGIC(0, "gimp xcf", "it is a GIMP document (XCF)"),
    MAGIC(0, "%PDF-", "it is a PDF document"),
    MAGIC(0, "%!PS", "it is a PostScript document"),
    MAGIC(0, "qoif", "it is a QOI picture" CONVERT("qoi")),
    MAGIC(0, "farbfeld", "it is a farbfeld picture"),
    MAGIC(0, "P1\n", "it is a PBM picture" CONVERT("pbm")),
    MAGIC(0, "P2\n", "it is a PGM picture" CONVERT("pgm")),
    MAGIC(0, "P3\n", "it is a PPM picture" CONVERT("ppm")),
    MAGIC(0, "P4\n", "it is a PBM picture" CONVERT("pbm")),
    MAGIC(0, "P5\n", "it is a PGM picture" CONVERT("pgm")),
    MAGIC(0, "P6\n", "it is a PPM picture" CONVERT("ppm")),
    MAGIC(0, "P7\n", "it is a PAM picture"),
    MAGIC(0, "DDS ", "it is a DirectDraw surface (DDS)"),
    MAGIC(0, "\x76\x2f\x31\x01", "it is an OpenEXR picture"),
    MAGIC(0, "#?RADIANCE", "it is a Radiance HDR picture"),
    MAGIC(0, "\x1a\x45\xdf\xa3", "it is a video (Matroska or WebM)"),
    MAGIC(0, "PK\3\4", "it is a ZIP archive"),
    MAGIC(0, "\x1f\x8b", "it is compressed by gzip"),
    MAGIC(0, "\x28\xb5\x2f\xfd", "it is compressed by Zstandard"),
    MAGIC(0,
          "\xfd"
          "7zXZ",
          "it is compressed by xz"),
    MAGIC(0, "BZh", "it is compressed by bzip2"),
    MAGIC(0,
          "\x7f"
          "ELF",
          "it is a program (ELF)"),
    MAGIC(0, "iVBORw0KGgo", "it is the base64 text of a PNG; send the bytes themselves"),
    MAGIC(0, "data:image/", "it is a data: URL; send the bytes themselves"),
};

static const struct magic damage[] = {
    MAGIC(0, "\x89PNG\r\r\n", "a text-mode transfer added carriage returns"),
    MAGIC(0, "\x89PNG\n", "a text-mode transfer converted its line ends"),
    MAGIC(0, "\x89PNG\x1a",
          "its line ends and zero bytes are missing; curl -d removes them, curl --data-binary does "
          "not"),
    MAGIC(0, "\x89PNG\r\x1a", "a text-mode transfer converted its line ends"),
    MAGIC(0, "\x89PNG\r\n\x1a\r", "a text-mode transfer converted its line ends"),
    MAGIC(0, "\x09PNG", "a 7-bit transfer cleared its high bits"),
    MAGIC(0, "\xef\xbf\xbdPNG", "it was decoded as UTF-8 text on its way"),
    MAGIC(0, "\xc2\x89PNG", "it was converted from Latin-1 to UTF-8 on its way"),
    MAGIC(0, "?PNG", "it was converted as text on its way"),
    MAGIC(0, "PNG\r\n", "its first byte is missing"),
    MAGIC(1, "PNG", "its signature is wrong"),
};

static const char *find(const struct magic *table, size_t rows, const uint8_t *bytes, size_t length)
{
    for (const struct magic *m = table; m < table + rows; m++) {
        if (length < (size_t)m->at + m->length || memcmp(bytes + m->at, m->bytes, m->length) != 0)
            continue;
        if (!m->also || (length >= 12 && memcmp(bytes + 8, m->also, 4) == 0))
            return m->name;
    }
    return NULL;
}

/* Whether the text contains `word`, in upper or lower case. */
static bool mentions(const uint8_t *text, size_t length, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= length; i++)
        if (strncasecmp((const char *)text + i, word, n) == 0)
            return true;
    return false;
}

static bool is_text(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((bytes[i] < 32 && !strchr("\t\n\r\f", bytes[i])) || bytes[i] == 0 || bytes[i] == 127)
            return false;
    return length > 0;
}

static const char *text_name(const uint8_t *bytes, size_t length)
{
    length = length < 1024 ? length : 1024;
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* byte order mark */
        bytes += 3;
        length -= 3;
    }
    if (!is_text(bytes, length))
        return NULL;
    while (length > 0 && strchr(" \t\n\r\f", *bytes)) {
        bytes++;
        length--;
    }
    if (length == 0 || *bytes != '<')
        return length > 0 && strchr("{[", *bytes) ? "it looks like JSON" : "it is text";
    if (mentions(bytes, length, "<svg"))
        return "it is an SVG drawing";
    if (mentions(bytes, length, "<!doctype html") || mentions(bytes, length, "<html"))
        return "it is an HTML page";
    return "it is XML or HTML text (an SVG drawing?)";
}

const char *png_foreign_name(const uint8_t *bytes, size_t length)
{
    const char *name = find(foreign, sizeof foreign / sizeof *foreign, bytes, length);
    return name ? name : text_name(bytes, length);
}

const char *png_foreign_damage(const uint8_t *bytes, size_t length)
{
    return find(damage, sizeof damage / sizeof *damage, bytes, length);
}
