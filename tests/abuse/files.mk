# tests/abuse/files.mk - Attacks that take long; make check runs a little of them.

test_scripts += \
	tests/abuse/day.py \
	tests/abuse/restarts.py

EXTRA_DIST += \
	tests/abuse/memory.py \
	tests/abuse/overload.py \
	tests/abuse/slow.py
