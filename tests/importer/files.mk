# tests/importer/files.mk - What the importer makes of files, held against PyTorch.

test_scripts += \
	tests/importer/checkpoints.py \
	tests/importer/computed.py \
	tests/importer/door.py \
	tests/importer/edges.py \
	tests/importer/exported.py \
	tests/importer/handmade.py \
	tests/importer/hostile.py \
	tests/importer/hostile_graphs.py \
	tests/importer/large.py \
	tests/importer/mutations.py \
	tests/importer/ncnn_files.py \
	tests/importer/refused.py \
	tests/importer/resizes.py \
	tests/importer/states.py \
	tests/importer/zoo.py

EXTRA_DIST += \
	tests/importer/compare.py \
	tests/importer/graphs_by_hand.py \
	tests/importer/harm.py \
	tests/importer/networks.py \
	tests/importer/onnx_make.py \
	tests/importer/place.py \
	tests/importer/run_json.py
