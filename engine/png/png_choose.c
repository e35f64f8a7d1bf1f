/* png_choose.c - see png_choose.h.
 *
 * In photographs nothing repeats: the filter Paeth with Huffman codes is within a few per cent of
 * the best choice. In drawings, screenshots and text the same bytes repeat, and a filter that keeps
 * them equal saves much. So small windows of the strip are tried both ways, and their bits are
 * counted. The first sample is small, because it suffices for most photographs; the second one is
 * larger.
 *
 * The noise of a camera makes the residues long. A match of six bytes is then worth its cost. For
 * such pictures, each row has a filter of its own, and matches are searched for. Whether that is
 * worth it for others, a part of the strip tells that is packed in several ways (png_repeats.h). */
#include "engine/png/png_choose.h"

#include "engine/png/png_each.h"
#include "engine/png/png_repeats.h"

enum {
    WINDOW_PIXELS = 256,
    WINDOWS = 16,
    LEAST_WINDOWS = 2,
    LEAST_ROWS = 2,
    /* The part of a strip's pixels in each of five samples. Samples of a small strip have half as
     * many: sampling must cost less than packing. */
    PART = 16,
    WORTH = 16, /* matching takes several times as long, so it must save at least a 16th */
    /* The least bits of a byte in pictures that cameras made. Pictures made by networks have about
     * 2. */
    NOISY = 3 * PNG_PACK_BIT,
    NOISE = 7 * PNG_PACK_BIT, /* from here on, not even four bytes occur twice in the window */
    /* From so many bits of a byte on, matches find less in the windows than in text and
     * drawings. */
    BUSY = 5 * PNG_PACK_BIT / 4,
    /* The largest picture that is searched for long: that takes 3 to 20 times as long as codes, and
     * saves 4 % of a photograph. */
    SEARCHED_BYTES = 16 << 20
};

/* The sampled part of a strip: every n-th window, and so many rows of it. */
struct sample {
    int nth, rows;
};

/* The bits that the bytes of a sample take. */
struct cost {
    uint64_t bits, bytes;
};

/* The filtered rows of a window, after the row above them, to which matches may refer. */
struct window {
    size_t row_bytes; /* with the filter's number */
    size_t count;     /* of all rows */
};

/* Filters window k of WINDOWS. Windows lie across the strip at different heights. */
static struct window filter_window(const struct png_strip_work *w, enum png_filter filter, int k,
                                   int most_rows)
{
    int width = w->job->format.width, rows = w->job->rows;
    int pixels = width < WINDOW_PIXELS ? width : WINDOW_PIXELS;
    int lines = rows < most_rows ? rows : most_rows;
    int y = (int)((long)(rows - lines) * (k * 5 % WINDOWS) / (WINDOWS - 1));
    size_t x = (size_t)((long)(width - pixels) * k / (WINDOWS - 1)) * w->step;
    struct window out = {(size_t)pixels * w->step + 1, 0};
    const uint8_t *above = png_strip_work_part(w, y - 1, x, out.row_bytes - 1);
    for (int i = -1; i < lines; i++, out.count += out.row_bytes) {
        const uint8_t *row = png_strip_work_part(w, y + i, x, out.row_bytes - 1);
        struct png_filter_row r = {row, above, out.row_bytes - 1, w->step};
        w->kernels->filter(filter, &r, w->filtered + out.count);
        above = row;
    }
    return out;
}

static void tally_window(const struct png_strip_work *w, struct png_way way, struct window win,
                         struct deflate_tally *t)
{
    const uint8_t *rows = w->filtered + win.row_bytes;
    struct png_pack p = png_strip_work_pack(w, way);
    struct deflate_sequence s = {rows, win.count - win.row_bytes, p.room->matches, 0};
    if (way.method == METHOD_CODE) {
        s.match_count = w->kernels->runs(s.bytes, s.count, p.room->matches);
        w->kernels->tally(&s, t);
        return;
    }
    p.row = win.row_bytes;
    struct deflate_search search = png_pack_search(&p, w->filtered, win.count);
    search.known = search.at = win.row_bytes;
    while (search.at < search.count) {
        s = png_pack_next(&p, &search);
        w->kernels->tally(&s, t);
    }
}

/* If the strip is small, reduces the sample to fewer windows, and then to fewer rows. */
static struct sample fit(const struct png_strip_work *w, struct sample s)
{
    int width = w->job->format.width;
    long area = (long)width * w->job->rows;
    long window = width < WINDOW_PIXELS ? width : WINDOW_PIXELS;
    while (s.nth < WINDOWS / LEAST_WINDOWS && window * s.rows * (WINDOWS / s.nth) * PART > area)
        s.nth *= 2;
    while (s.rows > LEAST_ROWS && window * s.rows * LEAST_WINDOWS * 2 * PART > area)
        s.rows /= 2;
    return s;
}

/* Counts the bits of the sample if it is packed that way. */
static struct cost try_way(const struct png_strip_work *w, struct png_way way, struct sample sample)
{
    struct deflate_tally t = {0};
    uint64_t bytes = 0;
    sample = fit(w, sample);
    for (int k = 0; k < WINDOWS; k += sample.nth) {
        struct window win = filter_window(w, way.filter, k, sample.rows);
        tally_window(w, way, win, &t);
        bytes += win.count - win.row_bytes;
    }
    return (struct cost){deflate_block_cost(&t), bytes};
}

static int bits_of_a_byte(struct cost cost)
{
    return (int)(cost.bits * PNG_PACK_BIT / cost.bytes);
}

/* Returns the filter whose residues have the least entropy in a sample, and the bits that a byte
 * has with it. */
static struct png_way choose_code(const struct png_strip_work *w)
{
    struct sample sample = fit(w, (struct sample){2, 2});
    struct png_way best = {FILTER_PAETH, METHOD_CODE, 0};
    uint64_t least = UINT64_MAX;
    for (int filter = FILTER_PAETH; filter >= FILTER_NONE; filter--) {
        struct deflate_tally t = {0};
        struct cost cost = {0, 0};
        for (int k = 0; k < WINDOWS; k += sample.nth) {
            struct window win = filter_window(w, (enum png_filter)filter, k, sample.rows);
            struct deflate_sequence s = {w->filtered + win.row_bytes, win.count - win.row_bytes,
                                         NULL, 0};
            w->kernels->tally(&s, &t);
            cost.bytes += s.count;
        }
        cost.bits = png_each_entropy(&t, cost.bytes);
        if (cost.bits >= least)
            continue;
        least = cost.bits;
        best = (struct png_way){(enum png_filter)filter, METHOD_CODE, bits_of_a_byte(cost)};
    }
    return best;
}

/* Chooses by small windows, in which no distance is large. */
static struct png_way choose_near(const struct png_strip_work *w)
{
    static const struct sample samples[] = {{4, 2}, {1, 4}};
    static const struct png_way code = {FILTER_PAETH, METHOD_CODE, 0},
                                matches[] = {
                                    {FILTER_PAETH, METHOD_MATCH, 0},
                                    {FILTER_NONE, METHOD_MATCH, 0},
                                    {FILTER_SUB, METHOD_MATCH, 0},
                                    {FILTER_UP, METHOD_MATCH, 0},
                                };
    struct png_way best = code;
    struct cost least = try_way(w, matches[0], samples[0]);
    if (try_way(w, code, samples[0]).bits <= least.bits + least.bits / WORTH)
        return choose_code(w);
    least = try_way(w, code, samples[1]);
    least.bits -= least.bits / WORTH;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        struct cost cost = try_way(w, matches[i], samples[1]);
        if (cost.bits >= least.bits)
            continue;
        least = cost;
        best = matches[i];
        best.literal_bits = bits_of_a_byte(cost);
    }
    return best.method == METHOD_CODE ? choose_code(w) : best;
}

/* Whether a long search may be worth its time. */
static bool is_searched(const struct png_strip_work *w)
{
    return w->job->compression >= PNG_PACK_SEARCH && !w->job->enlarged &&
           image_bytes(&w->job->format) <= SEARCHED_BYTES;
}

/* Whether the strip has the noise of a camera. */
static bool is_noisy(struct png_way way)
{
    return way.method == METHOD_CODE && way.literal_bits >= NOISY && way.literal_bits < NOISE;
}

struct png_way png_choose(const struct png_strip_work *w)
{
    struct png_way way = choose_near(w);
    bool searched = is_searched(w);
    if (searched || way.method == METHOD_CODE || way.literal_bits >= BUSY)
        way = png_repeats_choose(w, way, searched && !is_noisy(way));
    if (!searched || !is_noisy(way))
        return way;
    enum png_filter filter = w->count < PNG_EACH_LEAST ? way.filter : FILTER_EACH;
    return (struct png_way){filter, METHOD_CHAIN, way.literal_bits};
}
