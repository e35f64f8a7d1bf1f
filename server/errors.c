/* errors.c - the table of errors. */
#include "server/errors.h"

static const struct error_row rows[] = {
    /* clang-format off */
    {ERR_MEMORY,           503, "out_of_memory",     "Out of memory"},
    {ERR_INTERNAL,         500, "internal",          "Our mistake"},
    {ERR_IO,               500, "io",                "Input or output failed"},
    {ERR_CANCELLED,        409, "cancelled",         "The request was cancelled"},
    {ERR_NOT_PNG,          415, "not_png",           "The body is not a PNG"},
    {ERR_PNG_HEADER,       422, "png_header",        "The PNG's header is wrong"},
    {ERR_PNG_TRUNCATED,    422, "png_truncated",     "The PNG ends too early"},
    {ERR_PNG_CRC,          422, "png_crc",           "The PNG is damaged: a check sum differs"},
    {ERR_PNG_ZLIB,         422, "png_zlib",          "The PNG is damaged: its pixels cannot be unpacked"},
    {ERR_PNG_CHUNK,        422, "png_chunk",         "The PNG is malformed"},
    {ERR_PNG_UNSUPPORTED,  415, "png_unsupported",   "A relative of PNG that is none"},
    {ERR_PNG_LIMIT,        422, "png_limit",         "Too much beside the PNG's pixels"},
    {ERR_TOO_WIDE,         422, "too_wide",          "The picture is too wide or too high"},
    {ERR_TOO_MANY_PIXELS,  422, "too_many_pixels",   "The picture has too many pixels"},
    {ERR_OUTPUT_TOO_LARGE, 422, "output_too_large",  "The output would be too large"},
    {ERR_MODEL_JSON,       500, "model_json",        "The model file is not JSON"},
    {ERR_MODEL,            500, "model",             "The model file cannot be used"},
    {ERR_MODEL_LIMIT,      500, "model_limit",       "The model is over a limit"},
    {ERR_BAD_PARAMETER,    400, "bad_parameter",     "A parameter is wrong"},
    {ERR_UNKNOWN_MODEL,    400, "unknown_model",     "There is no such model"},
    {ERR_BAD_REQUEST,      400, "bad_request",       "The request is malformed"},
    {ERR_BAD_MULTIPART,    400, "bad_multipart",     "The form is malformed"},
    {ERR_EMPTY_BODY,       400, "empty_body",        "The body is empty"},
    {ERR_NO_ROUTE,         404, "not_found",         "There is nothing at this address"},
    {ERR_METHOD,           405, "method_not_allowed", "The method is not allowed here"},
    {ERR_NO_KEY,           401, "no_key",            "A key is needed"},
    {ERR_KEY,              403, "key_refused",       "The key does not allow this"},
    {ERR_KEYS_FILE,        500, "keys_file",         "The file of keys cannot be used"},
    {ERR_RATE,             429, "rate_limited",      "The key is used too often"},
    {ERR_BODY_TOO_LARGE,   413, "body_too_large",    "The body is too large"},
    {ERR_TOO_MUCH_MEMORY,  422, "too_much_memory",   "The picture needs too much memory"},
    {ERR_TOO_MUCH_WORK,    422, "too_much_work",     "The picture takes too long"},
    {ERR_TIMEOUT,          408, "timeout",           "The request came too slowly"},
    {ERR_BUSY,             503, "busy",              "Too much to do"},
    {ERR_DRAINING,         503, "draining",          "The server is shutting down"},
    /* clang-format on */
};

const struct error_row *error_row(enum err_code code)
{
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return &rows[i];
    return error_row(ERR_INTERNAL);
}
