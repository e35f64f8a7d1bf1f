/* replay.c - the replay of a target in `make check`. The name of the program is replay_NAME, or
 * seeds_NAME if there is also a replay of generated inputs. It tries every seed in corpus/NAME as
 * it is, cut short at every byte (of the first thousand), and changed at random with the words of
 * NAME.dict. Each argument is a file to try. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/harness.h"

enum { SEEDS_MAX = 64, WORDS_MAX = 256, CUTS = 1000, CHANGES_MAX = 4, GROWTH = 256 };

struct bytes {
    uint8_t *data;
    size_t length;
};

static struct bytes seeds[SEEDS_MAX], words[WORDS_MAX];
static int seed_count, word_count;

/* Gives the target a block of exactly this size, so that a sanitizer notices a read beyond the
 * end. */
static void feed(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    must(copy != NULL);
    if (length > 0)
        memcpy(copy, bytes, length);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* the same in every locale */
}

static void read_seeds(const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, compare_names);
    for (int i = 0; i < count; i++) {
        char path[4096 + 256];
        snprintf(path, sizeof path, "%.4000s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && seed_count < SEEDS_MAX) {
            struct bytes *seed = &seeds[seed_count];
            seed->data = harness_read(path, &seed->length);
            seed_count += seed->data != NULL;
        }
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

/* Reads a line of a dictionary: name="value", with \\, \" and \xNN. */
static void read_word(const char *line)
{
    const char *at = strchr(line, '"');
    if (line[0] == '#' || !at || word_count == WORDS_MAX)
        return;
    struct bytes *word = &words[word_count++];
    word->data = malloc(strlen(at));
    for (at++; *at && *at != '"'; at++) {
        unsigned value = (unsigned char)*at;
        if (*at == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &value) == 1)
            at += 3;
        else if (*at == '\\' && at[1])
            value = (unsigned char)*++at;
        word->data[word->length++] = (uint8_t)value;
    }
}

static void read_dictionary(const char *path)
{
    char line[1024];
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        read_word(line);
    if (f)
        fclose(f);
}

/* Puts bytes in the place of `removed` others. */
static void replace(struct bytes *b, size_t at, size_t removed, const void *data, size_t length)
{
    memmove(b->data + at + length, b->data + at + removed, b->length - at - removed);
    memcpy(b->data + at, data, length);
    b->length += length - removed;
}

static void change(struct bytes *b, uint64_t *seed)
{
    size_t at = harness_random(seed) % (b->length + 1), rest = b->length - at;
    size_t some = rest > 0 ? harness_random(seed) % (rest < 64 ? rest : 64) + 1 : 0;
    uint8_t copy[GROWTH / CHANGES_MAX], byte = (uint8_t)harness_random(seed);
    const struct bytes *word = word_count > 0 ? &words[harness_random(seed) % (size_t)word_count]
                                              : &(struct bytes){&byte, 1};
    bool fits = word->length <= sizeof copy;
    memcpy(copy, b->data + at, some);
    switch (harness_random(seed) % 5) {
    case 0:
        replace(b, at, rest > 0, &byte, 1);
        break;
    case 1:
        replace(b, at, some, "", 0);
        break;
    case 2:
        replace(b, at + some, 0, copy, some);
        break;
    default:
        if (fits)
            replace(b, at, harness_random(seed) % 2 ? 0 : some, word->data, word->length);
    }
}

static void feed_changed(uint64_t *seed)
{
    const struct bytes *from = &seeds[harness_random(seed) % (size_t)seed_count];
    struct bytes b = {malloc(from->length + GROWTH), from->length};
    must(b.data != NULL);
    memcpy(b.data, from->data, from->length);
    for (int n = harness_between(seed, 1, CHANGES_MAX); n > 0; n--)
        change(&b, seed);
    feed(b.data, b.length);
    free(b.data);
}

static void report(int number, const char *claim)
{
    printf("%s %d - %s\n", seed_count > 0 ? "ok" : "not ok", number, claim);
    fflush(stdout); /* a broken claim ends the program */
}

static void replay(const char *name)
{
    const char *top = getenv("top_srcdir");
    char path[4096];
    uint64_t seed = harness_seed(20);
    snprintf(path, sizeof path - 8, "%s/tests/fuzz/corpus/%s", top ? top : "..", name);
    read_seeds(path);
    strcat(path, ".dict");
    read_dictionary(path);
    printf("1..3\n");
    for (int i = 0; i < seed_count; i++)
        feed(seeds[i].data, seeds[i].length);
    report(1, "claims hold for the seeds");
    for (int i = 0; i < seed_count; i++)
        for (size_t cut = 0; cut < seeds[i].length && cut < CUTS; cut++)
            feed(seeds[i].data, cut);
    report(2, "claims hold for seeds that are cut short");
    for (int i = 0; seed_count > 0 && i < fuzz_rounds; i++)
        feed_changed(&seed);
    report(3, "claims hold for seeds that are changed at random");
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t length;
        uint8_t *bytes = harness_read(argv[i], &length);
        if (bytes)
            feed(bytes, length);
        free(bytes);
    }
    if (argc == 1)
        replay(strrchr(argv[0], '_') + 1);
    for (int i = 0; i < seed_count; i++)
        free(seeds[i].data);
    for (int i = 0; i < word_count; i++)
        free(words[i].data);
    return EXIT_SUCCESS;
}
