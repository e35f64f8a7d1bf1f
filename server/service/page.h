/* page.h - the pages for browsers, and the contract for programs (openapi.json).
 *
 * server/page/embed.sh makes the texts from the files in server/page/. */
#ifndef UPSCALED_SERVER_SERVICE_PAGE_H
#define UPSCALED_SERVER_SERVICE_PAGE_H

#include "server/answer/reply.h"

/* The page at /, and the text before and after the rows of /errors. The policies let a browser run
 * only the styles and the script of these pages. */
extern const char page_html[], page_policy[];
extern const char page_errors_head[], page_errors_tail[], page_errors_policy[];

extern const char page_openapi[]; /* OpenAPI 3.1 */

void page_show(struct reply *r);
void page_show_errors(struct reply *r);
void page_show_openapi(struct reply *r);

#endif
