# tests/importer/files.mk - What the importer makes of files, held against PyTorch.

if HAVE_PYTHON
test_scripts += \
	tests/importer/states.py \
	tests/importer/zoo.py
endif

EXTRA_DIST += \
	tests/importer/compare.py \
	tests/importer/networks.py \
	tests/importer/run_json.py \
	tests/importer/tap.py
