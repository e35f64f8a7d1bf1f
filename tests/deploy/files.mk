# tests/deploy/files.mk - The daemon as it is deployed.

test_scripts += \
	tests/deploy/quick.py

EXTRA_DIST += \
	tests/deploy/cluster.py \
	tests/deploy/container.py \
	tests/deploy/load.py \
	tests/deploy/run
