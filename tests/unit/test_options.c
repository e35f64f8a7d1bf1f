/* test_options.c - options from their four places, and the tables of the options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/errors.h"
#include "server/options/options.h"
#include "server/options/options_table.h"
#include "server/work/api.h"
#include "tests/lib/harness.h"

static enum err_code read_words(struct options *o, int command, const char *words,
                                char *const *environment, struct err *e)
{
    static char text[1000];
    char *argv[50];
    int argc = 0;
    snprintf(text, sizeof text, "%s", words);
    for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    argv[argc] = NULL;
    return options_read(o, command, &(struct option_words){argc, argv}, environment, e);
}

static const char *write_file(const char *text)
{
    static char path[] = "/tmp/upscaled-test-XXXXXX";
    strcpy(path, "/tmp/upscaled-test-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

START_TEST(flag_beats_environment_beats_file_beats_default)
{
    struct options o;
    struct err e = ERR_INIT;
    char words[300];
    const char *path = write_file("# comment\n\n max-body = 3M\nqueue=7\nthreads = 2\n");
    char home[] = "HOME=/", queue[] = "UPSCALED_QUEUE=8", threads[] = "UPSCALED_THREADS=3";
    char *environment[] = {home, queue, threads, NULL};
    snprintf(words, sizeof words, "--config %s --threads=4 a.png --max-side 100 -", path);
    ck_assert_msg(read_words(&o, FOR_SERVE, words, environment, &e) == ERR_OK, "%s", e.text);
    ck_assert_int_eq(o.max_body, 3 << 20);
    ck_assert_int_eq(o.queue, 8);
    ck_assert_int_eq(o.threads, 4);
    ck_assert_int_eq(o.max_side, 100);
    ck_assert_int_eq(o.connections, 4096);
    options_done(&o);
    unlink(path);
}
END_TEST

START_TEST(the_engine_and_the_options_have_the_same_defaults)
{
    struct options o;
    char *none[] = {NULL};
    ck_assert_int_eq(read_words(&o, FOR_SERVE, "", none, NULL), ERR_OK);
    struct png_limits limits = options_png_limits(&o);
    ck_assert_uint_eq(limits.max_side, png_default_limits.max_side);
    ck_assert_uint_eq(limits.max_pixels, png_default_limits.max_pixels);
    ck_assert_uint_eq(limits.max_chunks, png_default_limits.max_chunks);
    ck_assert_uint_eq(limits.max_chunk_bytes, png_default_limits.max_chunk_bytes);
    options_done(&o);
}
END_TEST

START_TEST(what_is_no_option_is_left)
{
    struct options o;
    struct err e = ERR_INIT;
    char text[][8] = {"a", "--scale", "3", "-", "--", "--b"};
    char *argv[] = {text[0], text[1], text[2], text[3], text[4], text[5], NULL};
    struct option_words words = {6, argv};
    ck_assert_int_eq(options_read(&o, FOR_CONVERT, &words, NULL, &e), ERR_OK);
    ck_assert_int_eq(words.count, 3);
    ck_assert_str_eq(argv[0], "a");
    ck_assert_str_eq(argv[1], "-");
    ck_assert_str_eq(argv[2], "--b");
    ck_assert_str_eq(o.scale, "3");
    options_done(&o);
}
END_TEST

START_TEST(a_list_is_replaced_as_a_whole)
{
    struct options o;
    char listen[] = "UPSCALED_LISTEN=[::1]:80";
    char *environment[] = {listen, NULL};
    ck_assert_int_eq(
        read_words(&o, FOR_SERVE, "--listen 127.0.0.1:0 --listen=unix:/x", environment, NULL),
        ERR_OK);
    ck_assert_int_eq(o.listen.count, 2);
    ck_assert_str_eq(o.listen.items[1], "unix:/x");
    options_done(&o);
    ck_assert_int_eq(read_words(&o, FOR_SERVE, "", environment, NULL), ERR_OK);
    ck_assert_int_eq(o.listen.count, 1);
    ck_assert_str_eq(o.listen.items[0], "[::1]:80");
    options_done(&o);
}
END_TEST

START_TEST(a_list_of_the_file_is_one_list)
{
    struct options o;
    char words[300], listen[] = "UPSCALED_LISTEN=:1";
    char *environment[] = {listen, NULL};
    const char *path = write_file("listen = :2\nqueue = 1\nlisten = :3\n");
    snprintf(words, sizeof words, "--config %s", path);
    ck_assert_int_eq(read_words(&o, FOR_SERVE, words, NULL, NULL), ERR_OK);
    ck_assert_int_eq(o.listen.count, 2);
    ck_assert_str_eq(o.listen.items[0], ":2");
    ck_assert_str_eq(o.listen.items[1], ":3");
    options_done(&o);
    ck_assert_int_eq(read_words(&o, FOR_SERVE, words, environment, NULL), ERR_OK);
    ck_assert_int_eq(o.listen.count, 1);
    ck_assert_str_eq(o.listen.items[0], ":1");
    options_done(&o);
    unlink(path);
}
END_TEST

START_TEST(a_list_has_an_end)
{
    struct options o;
    struct err e = ERR_INIT;
    char words[300] = "";
    for (int i = 0; i < OPTION_LIST_MAX; i++)
        strcat(words, "--listen :1 ");
    ck_assert_int_eq(read_words(&o, FOR_SERVE, words, NULL, &e), ERR_OK);
    options_done(&o);
    strcat(words, "--listen :1");
    ck_assert_int_eq(read_words(&o, FOR_SERVE, words, NULL, &e), ERR_BAD_PARAMETER);
    ck_assert_msg(strstr(e.text, "--listen may be given at most 16 times"), "%s", e.text);
}
END_TEST

START_TEST(port_is_where_to_listen_when_nothing_else_says)
{
    static const struct {
        const char *port, *listen;
    } rows[] = {
        {"HOME=/", "127.0.0.1:8080"},
        {"PORT=", "127.0.0.1:8080"},
        {"PORT=9000", ":9000"},
        {"PORT=0", ":0"},
        {"PORT=65535", ":65535"},
        {"PORT=65536", NULL},
        {"PORT=8K", NULL},
        {"PORT=-1", NULL},
        {"PORT=tcp://10.0.0.1:80", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        struct err e = ERR_INIT;
        char port[40];
        snprintf(port, sizeof port, "%s", rows[i].port);
        char *environment[] = {port, NULL};
        enum err_code rc = read_words(&o, FOR_SERVE, "", environment, &e);
        ck_assert_msg(rc == (rows[i].listen ? ERR_OK : ERR_BAD_PARAMETER), "%s", port);
        if (rows[i].listen)
            ck_assert_str_eq(o.fallback_listen, rows[i].listen);
        else
            ck_assert_msg(strstr(e.text, "PORT"), "%s", e.text);
        options_done(&o);
    }
}
END_TEST

START_TEST(port_is_not_looked_at_where_listen_is_given)
{
    struct options o;
    char port[] = "PORT=junk", listen[] = "UPSCALED_LISTEN=[::1]:80";
    char *environment[] = {port, listen, NULL}, *port_alone[] = {port, NULL};
    ck_assert_int_eq(read_words(&o, FOR_SERVE, "", environment, NULL), ERR_OK);
    ck_assert_str_eq(o.listen.items[0], "[::1]:80");
    options_done(&o);
    ck_assert_int_eq(read_words(&o, FOR_HEALTH, "--listen :80", port_alone, NULL), ERR_OK);
    options_done(&o);
    ck_assert_int_eq(read_words(&o, FOR_CONVERT, "", port_alone, NULL), ERR_OK);
    options_done(&o);
}
END_TEST

START_TEST(refusals_name_their_place)
{
    static const struct {
        const char *words, *says;
    } rows[] = {
        {"--nonsense 3", "unknown option --nonsense"},
        {"--max-bod 3", "unknown option --max-bod"},
        {"--model x", "unknown option --model"}, /* an option of convert */
        {"--max-body", "--max-body needs a value"},
        {"--max-body 3X", "--max-body"},
        {"--max-body -3", "--max-body"},
        {"--max-body 3.5", "--max-body"},
        {"--max-body 3MM", "--max-body"},
        {"--max-body 99999999999999999999", "--max-body"},
        {"--max-body 9223372036854775807G", "--max-body"},
        {"--max-body 0", "from 1 to"},
        {"--queue 2000000", "from 0 to 1048576"},
        {"--config /nonexistent", "/nonexistent"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        struct err e = ERR_INIT;
        ck_assert_int_ne(read_words(&o, FOR_SERVE, rows[i].words, NULL, &e), ERR_OK);
        ck_assert_msg(strstr(e.text, rows[i].says), "%s: %s", rows[i].words, e.text);
    }
}
END_TEST

START_TEST(a_bad_line_of_the_file_is_named)
{
    static const char *const texts[] = {"queue = 1\nnonsense = 2\n", "queue = 1\nqueue\n",
                                        "queue = 1\nqueue = x\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct options o;
        struct err e = ERR_INIT;
        char words[300], want[300];
        const char *path = write_file(texts[i]);
        snprintf(words, sizeof words, "--config=%s", path);
        snprintf(want, sizeof want, "%s:2", path);
        ck_assert_int_ne(read_words(&o, FOR_SERVE, words, NULL, &e), ERR_OK);
        ck_assert_msg(strstr(e.text, want), "%s", e.text);
        unlink(path);
    }
}
END_TEST

START_TEST(a_bad_variable_is_named)
{
    struct options o;
    struct err e = ERR_INIT;
    char side[] = "UPSCALED_MAX_SIDE=wide";
    char *environment[] = {side, NULL};
    ck_assert_int_eq(read_words(&o, FOR_SERVE, "", environment, &e), ERR_BAD_PARAMETER);
    ck_assert_msg(strstr(e.text, "UPSCALED_MAX_SIDE"), "%s", e.text);
}
END_TEST

START_TEST(every_row_is_sound)
{
    for (int i = 0; i < option_count; i++) {
        const struct option_row *row = &option_rows[i];
        ck_assert_str_ne(row->help, "");
        ck_assert_int_ne(row->commands, 0);
        ck_assert_int_ge(row->standard, row->least);
        ck_assert_int_le(row->standard, row->most);
        for (int k = 0; k < i; k++) {
            ck_assert_str_ne(row->name, option_rows[k].name);
            ck_assert_uint_ne(row->field, option_rows[k].field);
        }
    }
}
END_TEST

START_TEST(every_error_has_a_row_of_its_own)
{
    for (int a = ERR_OK + 1; a < ERR_COUNT; a++) {
        const struct error_row *row = error_row((enum err_code)a);
        ck_assert_int_eq(row->code, a);
        ck_assert_int_ge(row->status, 400);
        ck_assert_int_le(row->status, 505);
        ck_assert_str_ne(row->title, "");
        for (int b = ERR_OK + 1; b < a; b++)
            ck_assert_str_ne(row->name, error_row((enum err_code)b)->name);
    }
}
END_TEST

START_TEST(parameters_are_read_strictly)
{
    static const struct {
        const char *name, *value;
        bool good;
    } rows[] = {
        {"scale", "2", true},
        {"scale", "1", true},
        {"scale", "8", true},
        {"scale", "2.5", true},
        {"scale", "8.01", false},
        {"scale", "0.99", false},
        {"scale", "", false},
        {"scale", "2x", false},
        {"scale", "+2", false},
        {"scale", " 2", false},
        {"scale", "2.", false},
        {"scale", ".5", false},
        {"scale", "2e0", false},
        {"scale", "nan", false},
        {"scale", "0x2", false},
        {"scale", "2,5", false},
        {"width", "100", true},
        {"width", "0", false},
        {"width", "-1", false},
        {"width", "9999999999", false},
        {"height", "1", true},
        {"height", "1.5", false},
        {"compression", "0", true},
        {"compression", "9", true},
        {"compression", "10", false},
        {"metadata", "keep", true},
        {"metadata", "color", true},
        {"metadata", "none", true},
        {"metadata", "KEEP", false},
        {"depth", "same", true},
        {"depth", "16", true},
        {"depth", "8", true},
        {"depth", "1", false},
        {"edge", "reflect", true},
        {"edge", "wrap", true},
        {"edge", "zero", true},
        {"edge", "replicate", true},
        {"edge", "model", false},
        {"model", "", false},
        {"model", "photo", true},
        {"Scale", "2", false},
        {"nonsense", "1", false},
        {"", "1", false},
    };
    struct options o;
    ck_assert_int_eq(read_words(&o, FOR_SERVE, "", NULL, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct api_request r;
        struct err e = ERR_INIT;
        api_request_init(&r, &o);
        enum err_code rc = api_set(&r, rows[i].name, rows[i].value, &e);
        ck_assert_msg(rc == (rows[i].good ? ERR_OK : ERR_BAD_PARAMETER), "%s=%s", rows[i].name,
                      rows[i].value);
        ck_assert(rows[i].good || strstr(e.text, rows[i].name));
        if (rows[i].good) /* a parameter that is given twice is refused */
            ck_assert_int_eq(api_set(&r, rows[i].name, rows[i].value, &e), ERR_BAD_PARAMETER);
    }
    options_done(&o);
}
END_TEST

START_TEST(an_unknown_parameter_is_told_all_there_are)
{
    static const char *const names[] = {"model",    "scale", "width", "height", "compression",
                                        "metadata", "depth", "edge",  "alpha"};
    struct options o;
    struct api_request r;
    struct err e = ERR_INIT;
    ck_assert_int_eq(read_words(&o, FOR_SERVE, "", NULL, NULL), ERR_OK);
    api_request_init(&r, &o);
    ck_assert_int_eq(api_set(&r, "nonsense", "1", &e), ERR_BAD_PARAMETER);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(strstr(e.text, names[i]), "%s: %s", names[i], e.text);
    options_done(&o);
}
END_TEST

START_TEST(every_parameter_of_a_request_is_an_option_of_convert)
{
    const char *name;
    int count = 0;
    for (; (name = api_parameter(count)) != NULL; count++) {
        struct options o;
        char words[60];
        snprintf(words, sizeof words, "--%s x", name);
        ck_assert_int_eq(read_words(&o, FOR_CONVERT, words, NULL, NULL), ERR_OK);
        ck_assert_str_eq(options_text(&o, name), "x");
        options_done(&o);
        ck_assert_int_eq(read_words(&o, FOR_CONVERT, "", NULL, NULL), ERR_OK);
        ck_assert_ptr_null(options_text(&o, name));
        ck_assert_ptr_null(options_text(&o, "threads")); /* the option is not a text */
        options_done(&o);
    }
    ck_assert_int_ge(count, 8);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("options");
    TCase *c = tcase_create("options");
    tcase_add_test(c, flag_beats_environment_beats_file_beats_default);
    tcase_add_test(c, the_engine_and_the_options_have_the_same_defaults);
    tcase_add_test(c, what_is_no_option_is_left);
    tcase_add_test(c, a_list_is_replaced_as_a_whole);
    tcase_add_test(c, a_list_of_the_file_is_one_list);
    tcase_add_test(c, a_list_has_an_end);
    tcase_add_test(c, port_is_where_to_listen_when_nothing_else_says);
    tcase_add_test(c, port_is_not_looked_at_where_listen_is_given);
    tcase_add_test(c, refusals_name_their_place);
    tcase_add_test(c, a_bad_line_of_the_file_is_named);
    tcase_add_test(c, a_bad_variable_is_named);
    tcase_add_test(c, every_row_is_sound);
    tcase_add_test(c, every_error_has_a_row_of_its_own);
    tcase_add_test(c, parameters_are_read_strictly);
    tcase_add_test(c, an_unknown_parameter_is_told_all_there_are);
    tcase_add_test(c, every_parameter_of_a_request_is_an_option_of_convert);
    suite_add_tcase(s, c);
    return harness_run(s);
}
