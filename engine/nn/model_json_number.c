/* model_json_number.c - reads the numbers of a list of weights. They are rounded as Python and
 * PyTorch do it: first to double, and then (by the caller) to float. */
#include "engine/nn/model_json.h"

#include <assert.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

static_assert(FLT_EVAL_METHOD == 0, "a double is computed as a double");

static size_t digits(const uint8_t *text, size_t at, size_t end)
{
    while (at < end && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

size_t reader_number_end(const uint8_t *text, size_t at, size_t end)
{
    size_t whole = at < end && text[at] == '-' ? at + 1 : at;
    size_t p = digits(text, whole, end), q;
    if (p == whole || (text[whole] == '0' && p > whole + 1))
        return at;
    if (p < end && text[p] == '.') {
        if ((q = digits(text, p + 1, end)) == p + 1)
            return at;
        p = q;
    }
    if (p < end && (text[p] == 'e' || text[p] == 'E')) {
        size_t sign = p + 1 < end && (text[p + 1] == '+' || text[p + 1] == '-');
        if ((q = digits(text, p + 1 + sign, end)) == p + 1 + sign)
            return at;
        p = q;
    }
    return p;
}

/* Returns the exponent at `text`: "e-5". For a large exponent, returns some number that is large
 * too. */
static int exponent_at(const char *text, size_t length)
{
    enum { LARGE = 1000 };
    bool down = text[1] == '-';
    int size = 0;
    for (size_t at = down || text[1] == '+' ? 2 : 1; at < length && size < LARGE; at++)
        size = size * 10 + (text[at] - '0');
    return down ? -size : size;
}

/* Computes a number whose digits are a whole number up to 2^53, times or divided by a power of ten
 * up to 10^22. A double holds both of them exactly, so the one operation rounds as strtod does.
 * Returns false for other numbers. */
static bool compute(const char *text, size_t length, double *value)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    enum { TENS_MOST = sizeof tens / sizeof *tens - 1 };
    const uint64_t whole_most = (uint64_t)1 << 53;
    uint64_t whole = 0;
    int power = 0;
    bool minus = text[0] == '-', fraction = false;
    for (size_t at = minus ? 1 : 0; at < length && whole <= whole_most; at++) {
        if (text[at] == 'e' || text[at] == 'E') {
            power += exponent_at(text + at, length - at);
            break;
        }
        if (text[at] != '.') {
            whole = whole * 10 + (uint64_t)(text[at] - '0');
            power -= fraction;
        }
        fraction = fraction || text[at] == '.';
    }
    if (whole > whole_most || power > TENS_MOST || power < -TENS_MOST)
        return false;
    double size = power < 0 ? (double)whole / tens[-power] : (double)whole * tens[power];
    *value = minus ? -size : size;
    return true;
}

double reader_number(const struct model_reader *r, const char *text, size_t length)
{
    char number[READER_NUMBER_MOST + 1];
    double value;
    if (compute(text, length, &value))
        return value;
    memcpy(number, text, length);
    number[length] = 0;
    return strtod_l(number, NULL, r->numbers);
}
