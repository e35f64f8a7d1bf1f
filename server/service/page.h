/* page.h - what people see in a browser, and the contract for programs.
 *
 * The texts are made by server/page/embed.sh from the files in server/page/. */
#ifndef UPSCALED_SERVER_SERVICE_PAGE_H
#define UPSCALED_SERVER_SERVICE_PAGE_H

#include "server/answer/reply.h"

/* The page at /, and the two halves around the rows of /errors; with the policies under which a
 * browser runs their own styles and script and nothing else. */
extern const char page_html[], page_policy[];
extern const char page_errors_head[], page_errors_tail[], page_errors_policy[];

extern const char page_openapi[]; /* OpenAPI 3.1 */

void page_show(struct reply *r);
void page_show_errors(struct reply *r);
void page_show_openapi(struct reply *r);

#endif
