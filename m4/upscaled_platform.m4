dnl UPSCALED_REFUSE(CONDITION, SENTENCE) - ends where the preprocessor finds CONDITION.
AC_DEFUN([UPSCALED_REFUSE], [
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if $1
#error refused
#endif
int compiled;
]])], [], [AC_MSG_ERROR([$2])])
])

dnl UPSCALED_PLATFORM - what the program is written for, and nothing else.
AC_DEFUN([UPSCALED_PLATFORM], [
    UPSCALED_REFUSE([!defined __linux__], [upscaled runs on Linux alone (epoll, seccomp, /proc)])
    UPSCALED_REFUSE([__SIZEOF_POINTER__ < 8],
        [upscaled runs on 64-bit processors alone: a picture and its work need the addresses])
    UPSCALED_REFUSE([__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__],
        [upscaled runs on little-endian processors alone])
])

dnl UPSCALED_LIBRARY(VARIABLE, MODULE, LEAST) - a library, by pkg-config; what is missing is collected.
AC_DEFUN([UPSCALED_LIBRARY], [
    PKG_CHECK_MODULES([$1], [$2 >= $3], [],
        [missing_libraries="$missing_libraries${missing_libraries:+, }$2 >= $3"])
])
AC_DEFUN([UPSCALED_LIBRARIES_DONE], [
    AS_IF([test "$missing_libraries"],
        [AC_MSG_ERROR([missing: $missing_libraries (with headers); ./start names the packages])])
])
