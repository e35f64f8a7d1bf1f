/* png_choose.c - see png_choose.h.
 *
 * In photographs nothing repeats, and Paeth with Huffman codes is within a few per cent of the best
 * choice. In drawings, screenshots and text the same bytes repeat, and the filter that keeps them
 * equal saves much. Small windows of the strip are tried both ways, and their bits are counted.
 * The first sample is small, since most photographs are recognised by it; the second is larger. */
#include "engine/png/png_choose.h"

enum {
    WINDOW_PIXELS = 256,
    WINDOWS = 16,
    LEAST_WINDOWS = 2,
    LEAST_ROWS = 2,
    PART = 16, /* of a strip's pixels, for each of five samples; half as much of a small strip:
                  sampling must cost less than packing */
    WORTH = 16 /* matching takes several times as long, so it must save at least this part */
};

/* How much of a strip is looked at: every n-th window, and how many rows of it. */
struct sample {
    int nth, rows;
};

/* A window's rows, filtered, behind the row above them, which matches may refer to. */
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
    const uint8_t *above = png_strip_work_row(w, y - 1);
    for (int i = -1; i < lines; i++, out.count += out.row_bytes) {
        const uint8_t *row = png_strip_work_row(w, y + i);
        w->kernels->filter(filter, row + x, above + x, out.row_bytes - 1, w->step,
                           w->filtered + out.count);
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
    for (search.at = win.row_bytes; search.at < search.count; w->kernels->tally(&s, t)) {
        s.bytes = search.bytes + search.at;
        s.match_count = w->kernels->match(&search, p.room->matches);
        s.count = (size_t)(search.bytes + search.at - s.bytes);
    }
}

/* Reduces the sample to fewer windows, then to fewer rows, where the strip is small. */
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

/* Counts the bits of the sample when it is packed that way. */
static uint64_t try_way(const struct png_strip_work *w, struct png_way way, struct sample sample)
{
    struct deflate_tally t = {0};
    sample = fit(w, sample);
    for (int k = 0; k < WINDOWS; k += sample.nth)
        tally_window(w, way, filter_window(w, way.filter, k, sample.rows), &t);
    return deflate_block_cost(&t);
}

struct png_way png_choose(const struct png_strip_work *w)
{
    static const struct sample samples[] = {{4, 2}, {1, 4}};
    static const struct png_way code = {FILTER_PAETH, METHOD_CODE},
                                matches[] = {
                                    {FILTER_PAETH, METHOD_MATCH},
                                    {FILTER_NONE, METHOD_MATCH},
                                    {FILTER_SUB, METHOD_MATCH},
                                    {FILTER_UP, METHOD_MATCH},
                                };
    struct png_way best = code;
    uint64_t least = try_way(w, matches[0], samples[0]);
    if (try_way(w, code, samples[0]) <= least + least / WORTH)
        return code;
    least = try_way(w, code, samples[1]);
    least -= least / WORTH;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        uint64_t cost = try_way(w, matches[i], samples[1]);
        if (cost < least) {
            least = cost;
            best = matches[i];
        }
    }
    return best;
}
