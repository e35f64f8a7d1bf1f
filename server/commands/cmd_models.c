/* cmd_models.c - `upscaled models`: lists the models, or checks some of them. */
#include <stdio.h>
#include <string.h>

#include "engine/upscale.h"
#include "server/commands/commands.h"
#include "server/commands/lint.h"
#include "server/models/models.h"
#include "server/options/options.h"

extern char **environ;

/* Prints a text from a file in one line. Control characters become spaces, since a terminal would
 * obey them; those from U+0080 on are two bytes. */
static void print_text(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        const bool high = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
        putchar(*p < 0x20 || *p == 0x7f || high ? ' ' : *p);
        p += high;
    }
}

/* Prints a line: what the model does, what it costs, and what it is for. */
static void print_row(void *arg, const struct model *m)
{
    (void)arg;
    printf("%-16s x%d  %-3s %9.0f MAC/px  ", m->name, m->scale, m->color == COLOR_Y ? "y" : "rgb",
           m->geometry.macs_per_pixel);
    if (m->family && strcmp(m->family, m->name) != 0)
        printf("[family %s] ", m->family);
    print_text(m->description ? m->description : "");
    putchar('\n');
}

static int list(const struct options *o)
{
    const struct models_source source = command_models_source(o);
    struct pool *pool = NULL;
    struct models *models = NULL;
    struct err e = ERR_INIT;
    enum err_code rc = pool_new(1, &pool, &e);
    if (rc == ERR_OK)
        rc = models_new(pool, &source, &models, &e);
    if (rc == ERR_OK)
        models_each(models, print_row, NULL);
    else
        command_complain(NULL, &e);
    command_tell_foreign(o);
    models_free(models);
    pool_free(pool);
    return rc == ERR_OK ? 0 : 1;
}

static void print_warnings(const struct model *m)
{
    const struct model_geometry *g = &m->geometry;
    if (g->whole)
        puts("  warning: each output depends on the whole picture (circular padding or "
             "align_corners), so memory grows with the picture");
    if (m->border == BORDER_MODEL && g->halo > 0)
        puts("  warning: the network pads inside, which shows at the picture's edge; "
             "\"border\": \"replicate\" avoids it, but the edge is then not the one that the "
             "network was trained with");
}

/* Prints by which path each layer runs, and the reason if the model does not run by the fast
 * path. */
static void print_paths(const struct plan *plan)
{
    const struct model *m = plan_model(plan);
    for (int i = 0; i < m->layer_count; i++) {
        const char *why, *path = plan_path(plan, i, &why);
        printf("  layer %-3d %-17s %s%s%s\n", i, layer_table[m->layers[i].kind].type,
               path ? path : "with the layer before", why ? ": " : "", why ? why : "");
    }
}

static enum err_code make_plan(const struct options *o, const struct model *m, struct plan **plan,
                               size_t *scratch, struct err *e)
{
    enum err_code rc = models_use_kernels(o->kernels, e);
    if (rc == ERR_OK)
        rc = plan_new(m, kernels_used(), plan, e);
    if (rc != ERR_OK)
        return rc;
    const struct chain_set set = chain_set_of(*plan);
    return upscale_scratch_bytes(&set, scratch, e);
}

static int check(const struct options *o, const struct model *m)
{
    const struct model_geometry *g = &m->geometry;
    struct plan *plan = NULL;
    struct lint lint;
    struct err e = ERR_INIT;
    size_t scratch = 0;
    if (make_plan(o, m, &plan, &scratch, &e) != ERR_OK || lint_run(plan, &lint, &e) != ERR_OK) {
        plan_free(plan);
        command_complain(m->name, &e);
        return 1;
    }
    printf("%s: a model of %d layers, sha256 %s, licence ", m->name, m->layer_count, m->sha256);
    print_text(m->license ? m->license : "not stated");
    putchar('\n');
    printf("  color %s, scale %d, %zu parameters, %.0f MACs per input pixel\n",
           m->color == COLOR_Y ? "y" : "rgb", m->scale, m->parameters, g->macs_per_pixel);
    printf("  halo %d, aligned to %d, crop %d x %d, %.1f MiB of working memory for each thread\n",
           g->halo, g->align, g->crop.x, g->crop.y, (double)scratch / (1 << 20));
    print_paths(plan);
    lint_print(&lint, stdout);
    print_warnings(m);
    plan_free(plan);
    return 0;
}

struct wanted {
    const struct options *options;
    const char *name;
    bool found;
    int status;
};

static void check_named(void *arg, const struct model *m)
{
    struct wanted *w = arg;
    if (strcmp(w->name, m->name) == 0) {
        w->found = true;
        w->status |= check(w->options, m);
    }
}

static int check_file(const struct options *o, const char *path)
{
    const struct model_limits limits = options_model_limits(o);
    struct model *m = NULL;
    struct err e = ERR_INIT;
    if (models_read_file(path, &limits, &m, &e) != ERR_OK) {
        command_complain(NULL, &e);
        return 1;
    }
    int status = check(o, m);
    model_free(m);
    return status;
}

static int check_name(const struct options *o, const char *name)
{
    const struct models_source source = command_models_source(o);
    struct pool *pool = NULL;
    struct models *models = NULL;
    struct err e = ERR_INIT;
    struct wanted w = {o, name, false, 0};
    enum err_code rc = pool_new(1, &pool, &e);
    if (rc == ERR_OK)
        rc = models_new(pool, &source, &models, &e);
    if (rc == ERR_OK)
        models_each(models, check_named, &w);
    if (rc == ERR_OK && !w.found)
        rc = err_set(&e, ERR_UNKNOWN_MODEL, "there is no model `%s` (`upscaled models` lists them)",
                     name);
    if (rc != ERR_OK)
        command_no_model(o, &e);
    models_free(models);
    pool_free(pool);
    return rc == ERR_OK ? w.status : 1;
}

int command_models(int argc, char **argv)
{
    struct options o;
    struct err e = ERR_INIT;
    struct option_words words = {argc, argv};
    int status = 0;
    if (options_read(&o, FOR_MODELS, &words, environ, &e) != ERR_OK)
        return command_misused("models", &e);
    if (words.count == 0 || (words.count == 1 && strcmp(argv[0], "list") == 0)) {
        status = list(&o);
    } else if (words.count > 1 && strcmp(argv[0], "check") == 0) {
        for (int i = 1; i < words.count; i++)
            status |=
                command_names_file(argv[i]) ? check_file(&o, argv[i]) : check_name(&o, argv[i]);
    } else {
        fputs("usage: upscaled models [list | check NAME-OR-FILE...]\n", stderr);
        status = 2;
    }
    options_done(&o);
    return status;
}
