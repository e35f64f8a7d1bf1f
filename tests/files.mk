# tests/files.mk - Scripts that need the tree and the binary, but no daemon.

test_scripts += \
	tests/arrows.sh \
	tests/docs.sh \
	tests/format.sh \
	tests/hardened.sh \
	tests/headers.sh \
	tests/layout.sh \
	tests/lists.sh \
	tests/neon.sh
if HAVE_PYTHON
test_scripts += \
	tests/export.py \
	tests/set5.py \
	tests/workflows.py
endif

EXTRA_DIST += \
	tests/README.md \
	tests/neon/agree.c
