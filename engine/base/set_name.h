/* set_name.h - names for code that is compiled once for each vector unit. IN_SET(f) is f_avx2 if
 * the build defines KERNEL_SET as avx2, and f_c if it does not define KERNEL_SET. */
#ifndef UPSCALED_BASE_SET_NAME_H
#define UPSCALED_BASE_SET_NAME_H

#ifndef KERNEL_SET
#define KERNEL_SET c
#endif
#define SET_GLUE(name, set) name##_##set
#define SET_NAME(name, set) SET_GLUE(name, set)
#define IN_SET(name) SET_NAME(name, KERNEL_SET)
#define SET_QUOTE(set) #set
#define SET_TEXT(set) SET_QUOTE(set)

#endif
