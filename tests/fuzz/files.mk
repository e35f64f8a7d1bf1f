# tests/fuzz/files.mk - Fuzz targets, replayed over a small corpus. A fuzzer links the target alone.

test_programs += \
	tests/fuzz/replay_encode \
	tests/fuzz/replay_form \
	tests/fuzz/replay_model \
	tests/fuzz/replay_png
tests_fuzz_replay_encode_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_encode.c tests/fuzz/replay_encode.c
tests_fuzz_replay_form_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_form.c tests/fuzz/replay_form.c
tests_fuzz_replay_model_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_model.c tests/fuzz/replay_model.c
tests_fuzz_replay_png_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_png.c tests/fuzz/replay_png.c

EXTRA_DIST += \
	tests/fuzz/corpus/model/kinds.json \
	tests/fuzz/corpus/model/odd.json \
	tests/fuzz/corpus/model/transposed.json \
	tests/fuzz/corpus/model/upconv_7.json \
	tests/fuzz/corpus/model/vgg_7.json \
	tests/fuzz/run
