# tests/golden/files.mk - What PyTorch computes, and the program that compares.

test_programs += tests/golden/test_golden
test_scripts += tests/golden/regenerate.py

EXTRA_DIST += \
	tests/golden/add.txt \
	tests/golden/affine.txt \
	tests/golden/clamp.txt \
	tests/golden/concat.txt \
	tests/golden/conv2d.txt \
	tests/golden/conv_transpose2d.txt \
	tests/golden/gelu.txt \
	tests/golden/hardswish.txt \
	tests/golden/leaky_relu.txt \
	tests/golden/make.py \
	tests/golden/max_pool2d.txt \
	tests/golden/max_unpool2d.txt \
	tests/golden/mish.txt \
	tests/golden/mul.txt \
	tests/golden/networks.txt \
	tests/golden/pixel_shuffle.txt \
	tests/golden/pixel_unshuffle.txt \
	tests/golden/prelu.txt \
	tests/golden/regenerate.py \
	tests/golden/relu.txt \
	tests/golden/sigmoid.txt \
	tests/golden/silu.txt \
	tests/golden/tanh.txt \
	tests/golden/upsample.txt
