# tests/files.mk - Scripts that need the tree and the binary, but no daemon.

test_scripts += \
	tests/arrows.sh \
	tests/configure.sh \
	tests/docs.sh \
	tests/export.py \
	tests/format.sh \
	tests/hardened.sh \
	tests/headers.sh \
	tests/layout.sh \
	tests/lists.sh \
	tests/musl.sh \
	tests/neon.sh \
	tests/processors.sh \
	tests/scaling.py \
	tests/set5.py \
	tests/setup.sh \
	tests/sum.sh \
	tests/training.py \
	tests/vectors.sh \
	tests/workflows.py

EXTRA_DIST += \
	tests/README.md \
	tests/RESULTS.md \
	tests/arm64/instructions \
	tests/arm64/run \
	tests/helgrind \
	tests/long \
	tests/mutate.py \
	tests/neon/agree.c \
	tests/suite.txt
