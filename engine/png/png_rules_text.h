/* png_rules_text.h - judges the contents of texts and profiles. For png_rules.c; see struct png_rule
 * there for what these functions do. The keyword at their beginning has been found.
 *
 * PNG specification (third edition), 11.3.2.3 and 11.3.3; ICC.1:2022, 7.2; RFC 3629. */
#ifndef UPSCALED_PNG_PNG_RULES_TEXT_H
#define UPSCALED_PNG_PNG_RULES_TEXT_H

#include "engine/png/png_rules.h"

bool png_rules_accept_text(const struct png_judge *j, struct png_chunk *c);          /* tEXt */
bool png_rules_accept_packed(const struct png_judge *j, struct png_chunk *c);        /* zTXt */
bool png_rules_accept_international(const struct png_judge *j, struct png_chunk *c); /* iTXt */
bool png_rules_accept_profile(const struct png_judge *j, struct png_chunk *c);       /* iCCP */

#endif
