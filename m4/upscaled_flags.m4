dnl UPSCALED_OPTIONS - configure's own switches.
AC_DEFUN([UPSCALED_OPTIONS], [
    AC_ARG_ENABLE([werror],
        [AS_HELP_STRING([--enable-werror], [stop at the first compiler warning])],
        [], [enable_werror=no])
    AC_ARG_ENABLE([sanitizers],
        [AS_HELP_STRING([--enable-sanitizers=LIST],
            [compile with -fsanitize=LIST, for example address,undefined or thread])],
        [], [enable_sanitizers=no])
    AC_ARG_ENABLE([hardening],
        [AS_HELP_STRING([--disable-hardening], [leave out the compiler's exploit mitigations])],
        [], [enable_hardening=yes])
    AC_ARG_ENABLE([static-pie],
        [AS_HELP_STRING([--enable-static-pie], [a program that needs no shared library])],
        [], [enable_static_pie=no])
])

dnl UPSCALED_TRY(VARIABLE, FLAG) - adds FLAG to VARIABLE where compiler and linker take it.
AC_DEFUN([UPSCALED_TRY], [
    AS_VAR_PUSHDEF([taken], [upscaled_cv_flag_$2])
    AC_CACHE_CHECK([whether $CC takes $2], [taken], [
        upscaled_saved_CFLAGS=$CFLAGS
        CFLAGS="$CFLAGS -Werror $2"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [[return (int)strlen("")]])],
            [AS_VAR_SET([taken], [yes])], [AS_VAR_SET([taken], [no])])
        CFLAGS=$upscaled_saved_CFLAGS
    ])
    AS_VAR_IF([taken], [yes], [AS_VAR_APPEND([$1], [" $2"])])
    AS_VAR_POPDEF([taken])
])

dnl UPSCALED_COMPILER_FLAGS - fills STRICT_CFLAGS (language, warnings, mitigations) and
dnl STRICT_LDFLAGS, which Makefile.am puts in front of the user's own, and KERNEL_CFLAGS.
AC_DEFUN([UPSCALED_COMPILER_FLAGS], [
    STRICT_CFLAGS="-std=c11"
    STRICT_LDFLAGS=
    dnl The same picture gives the same bytes: no silent fusing of a multiply and an add. Loops over
    dnl pixels become vectors at -O2 too, which distributions use, and where they compare numbers:
    dnl nobody reads the exceptions of floating point. tests/vectors.sh checks the result.
    m4_foreach_w([flag], [-ffp-contract=off -fno-trapping-math -ftree-vectorize
        -fvect-cost-model=dynamic -pthread -Wall -Wextra -Wshadow -Wconversion
        -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith
        -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough],
        [UPSCALED_TRY([STRICT_CFLAGS], flag)])
    dnl Constants are enumerators, from which numbers of any kind are computed. Newer clang warns of that.
    warns_of_enums=
    UPSCALED_TRY([warns_of_enums], [-Wenum-float-conversion])
    AS_IF([test "$warns_of_enums"], [STRICT_CFLAGS="$STRICT_CFLAGS -Wno-enum-float-conversion"])
    dnl Deadlines of the C tests are for what hangs: a sanitizer, or an emulator, makes them slow.
    AS_IF([test "$enable_sanitizers" != no || test -n "$EMULATOR"], [TEST_PATIENCE=20], [TEST_PATIENCE=1])
    AC_SUBST([TEST_PATIENCE])
    AS_IF([test "$enable_sanitizers" != no], [
        sanitize="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
        STRICT_CFLAGS="$STRICT_CFLAGS $sanitize"
        STRICT_LDFLAGS="$STRICT_LDFLAGS $sanitize"
    ], [test "$enable_hardening" != no], [
        m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection
            -fPIE], [UPSCALED_TRY([STRICT_CFLAGS], flag)])
        m4_foreach([flag], [[-pie], [-Wl,-z,relro], [-Wl,-z,now], [-Wl,-z,noexecstack]],
            [UPSCALED_TRY([STRICT_LDFLAGS], m4_quote(flag))])
        dnl Only with optimisation; some distributions' compilers set it already.
        AS_CASE([" $CFLAGS "], [*" -O0 "*], [], [*-O*],
            [STRICT_CFLAGS="$STRICT_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
    ])
    dnl After -pie, which it replaces.
    AS_IF([test "$enable_static_pie" = yes], [STRICT_LDFLAGS="$STRICT_LDFLAGS -static-pie"])
    AS_IF([test "$enable_werror" = yes], [STRICT_CFLAGS="$STRICT_CFLAGS -Werror"])
    dnl The network's kernels fill the registers with sums. gcc would keep samples that the next step
    dnl reads again in registers, too, and sums on the stack for it.
    KERNEL_CFLAGS=
    UPSCALED_TRY([KERNEL_CFLAGS], [-fno-predictive-commoning])
    AC_SUBST([KERNEL_CFLAGS])
    AC_SUBST([STRICT_CFLAGS])
    AC_SUBST([STRICT_LDFLAGS])
])
