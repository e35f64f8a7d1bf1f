# weights/importer/files.mk - The importer's modules, and the command that is installed.

importerdir = $(pkgdatadir)/importer
dist_importer_DATA = \
	weights/importer/__init__.py \
	weights/importer/absorb.py \
	weights/importer/arch_large.py \
	weights/importer/arch_small.py \
	weights/importer/build.py \
	weights/importer/check.py \
	weights/importer/command.py \
	weights/importer/edges.py \
	weights/importer/errors.py \
	weights/importer/files.py \
	weights/importer/fold.py \
	weights/importer/geometry.py \
	weights/importer/graph.py \
	weights/importer/layer_list.py \
	weights/importer/ncnn_file.py \
	weights/importer/ncnn_graph.py \
	weights/importer/ncnn_layers.py \
	weights/importer/ncnn_moves.py \
	weights/importer/ncnn_points.py \
	weights/importer/onnx_const.py \
	weights/importer/onnx_file.py \
	weights/importer/onnx_graph.py \
	weights/importer/onnx_layers.py \
	weights/importer/onnx_points.py \
	weights/importer/onnx_shapes.py \
	weights/importer/onnx_views.py \
	weights/importer/patterns.py \
	weights/importer/pickles.py \
	weights/importer/resample.py \
	weights/importer/safetensors_file.py \
	weights/importer/state.py \
	weights/importer/tensors.py \
	weights/importer/torch_file.py \
	weights/importer/write.py

bin_SCRIPTS = upscaled-import
CLEANFILES += $(bin_SCRIPTS)
upscaled-import: weights/importer.py
	$(AM_V_GEN)$(SED) 's|^try:|sys.path.insert(0, "$(pkgdatadir)")\n&|' $< >$@.part && \
	chmod +x $@.part && mv $@.part $@
