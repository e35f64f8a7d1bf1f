# tests/bench/files.mk - Benchmarks, run by hand.

check_PROGRAMS += tests/bench/kernels
tests_bench_kernels_LDADD = libengine.a -lm

EXTRA_DIST += \
	tests/bench/compare.py \
	tests/bench/costs.py \
	tests/bench/daemon.py \
	tests/bench/make_inputs.py \
	tests/bench/networks.py \
	tests/bench/peer_onnxruntime.js \
	tests/bench/peer_torch.py \
	tests/bench/picture.py \
	tests/bench/png.py \
	tests/bench/run \
	tests/bench/scale.py \
	tests/bench/scale_page.py
