/* fuzz_model.c - model_read on any bytes: no crash, no leak, an error with its sentence.
 *
 * `make check` replays a corpus and its mutations (replay_model.c). To search on, with clang and a
 * build configured by CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *     make libengine.a && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I.. \
 *         ../tests/fuzz/fuzz_model.c libengine.a -ljansson -lm -o fuzz_model
 *     ./fuzz_model -max_len=4096 found ../tests/fuzz/corpus/model */
#include <stdlib.h>

#include "engine/nn/model.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* small, so that nothing found is only a matter of size */
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
