# tests/lib/files.mk - the files that tests share. None of them is a test.

tests_lib_libharness_a_SOURCES = \
	tests/lib/chain_for.h \
	tests/lib/enlarge.c \
	tests/lib/enlarge.h \
	tests/lib/harness.c \
	tests/lib/harness.h \
	tests/lib/inflate_whole.c \
	tests/lib/inflate_whole.h \
	tests/lib/job_probe.c \
	tests/lib/job_probe.h \
	tests/lib/model_folder.c \
	tests/lib/model_folder.h \
	tests/lib/model_text.c \
	tests/lib/model_text.h \
	tests/lib/nn_agree.c \
	tests/lib/nn_agree.h \
	tests/lib/nn_build.c \
	tests/lib/nn_build.h \
	tests/lib/nn_check.c \
	tests/lib/nn_check.h \
	tests/lib/nn_kernels.c \
	tests/lib/nn_kernels.h \
	tests/lib/nn_nets.c \
	tests/lib/nn_nets.h \
	tests/lib/nn_plan.c \
	tests/lib/nn_plan.h \
	tests/lib/nn_reference.c \
	tests/lib/nn_reference.h \
	tests/lib/nn_reference_conv.c \
	tests/lib/nn_reference_parts.h \
	tests/lib/nn_run.c \
	tests/lib/nn_run.h \
	tests/lib/png_build.c \
	tests/lib/png_build.h \
	tests/lib/png_carry.c \
	tests/lib/png_carry.h \
	tests/lib/png_libpng.c \
	tests/lib/png_libpng.h \
	tests/lib/png_warned.c \
	tests/lib/png_warned.h \
	tests/lib/upscale_pool.c \
	tests/lib/upscale_pool.h \
	tests/lib/write_png.c \
	tests/lib/write_png.h

check_LIBRARIES = tests/lib/libharness.a
check_PROGRAMS += tests/lib/png_dump
tests_lib_png_dump_LDADD = $(PNG_LIBS)

EXTRA_DIST += \
	tests/lib/bookworm.sh \
	tests/lib/busy.py \
	tests/lib/claim.sh \
	tests/lib/command.py \
	tests/lib/coverage.awk \
	tests/lib/daemon.py \
	tests/lib/fail_malloc.c \
	tests/lib/fail_open.c \
	tests/lib/failing.py \
	tests/lib/fronts.py \
	tests/lib/held_clock.c \
	tests/lib/held_clock.py \
	tests/lib/jumping_clock.c \
	tests/lib/lacking.py \
	tests/lib/many_processors.c \
	tests/lib/png_file.py \
	tests/lib/preload.py \
	tests/lib/raw_requests.py \
	tests/lib/setup.sh \
	tests/lib/sum.awk \
	tests/lib/tap.mjs \
	tests/lib/tap.py \
	tests/lib/tap.sh
