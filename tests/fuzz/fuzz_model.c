/* fuzz_model.c - model_read on any bytes, in our format and in waifu2x's. Claims: no crash, no
 * leak, and every error has a sentence. */
#include <stdlib.h>

#include "engine/nn/model.h"
#include "tests/fuzz/fuzz.h"

const int fuzz_rounds = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* the limits are small, so that no finding is only a matter of size */
    static const struct model_limits limits = {1 << 20, 64, 1 << 16, 1e6};
    struct err e = ERR_INIT;
    struct model *m = NULL;
    enum err_code rc = model_read(&(struct model_file){"fuzz", data, size, NULL}, &limits, &m, &e);
    if (rc != e.code || (rc == ERR_OK) != (m != NULL) || (rc != ERR_OK && !e.text[0]) ||
        rc == ERR_INTERNAL)
        abort();
    model_free(m);
    return 0;
}
