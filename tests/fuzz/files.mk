# tests/fuzz/files.mk - Fuzz targets, replayed over their seeds. A fuzzer links a target and the libraries.

check_LIBRARIES += tests/fuzz/libfuzz.a
tests_fuzz_libfuzz_a_SOURCES = \
	tests/fuzz/fuzz.h \
	tests/fuzz/input.c \
	tests/fuzz/input.h \
	tests/fuzz/service.c \
	tests/fuzz/service.h \
	tests/fuzz/strict_form.c \
	tests/fuzz/strict_form.h \
	tests/fuzz/strict_http.c \
	tests/fuzz/strict_http.h

test_programs += \
	tests/fuzz/replay_cgroup \
	tests/fuzz/replay_chunks \
	tests/fuzz/replay_daemon \
	tests/fuzz/replay_encode \
	tests/fuzz/replay_etag \
	tests/fuzz/replay_fields \
	tests/fuzz/replay_form \
	tests/fuzz/replay_head \
	tests/fuzz/replay_http \
	tests/fuzz/replay_inflate \
	tests/fuzz/replay_inherit \
	tests/fuzz/replay_keys \
	tests/fuzz/replay_model \
	tests/fuzz/replay_options \
	tests/fuzz/replay_png \
	tests/fuzz/replay_proxies \
	tests/fuzz/replay_query \
	tests/fuzz/seeds_encode \
	tests/fuzz/seeds_form \
	tests/fuzz/seeds_png

tests_fuzz_replay_cgroup_SOURCES = tests/fuzz/fuzz_cgroup.c tests/fuzz/replay.c
tests_fuzz_replay_chunks_SOURCES = tests/fuzz/fuzz_chunks.c tests/fuzz/replay.c
tests_fuzz_replay_daemon_SOURCES = tests/fuzz/fuzz_daemon.c tests/fuzz/replay.c
tests_fuzz_replay_encode_SOURCES = tests/fuzz/fuzz_encode.c tests/fuzz/replay_encode.c
tests_fuzz_replay_etag_SOURCES = tests/fuzz/fuzz_etag.c tests/fuzz/replay.c
tests_fuzz_replay_fields_SOURCES = tests/fuzz/fuzz_fields.c tests/fuzz/replay.c
tests_fuzz_replay_form_SOURCES = tests/fuzz/fuzz_form.c tests/fuzz/replay_form.c
tests_fuzz_replay_head_SOURCES = tests/fuzz/fuzz_head.c tests/fuzz/replay.c
tests_fuzz_replay_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/replay.c
tests_fuzz_replay_inflate_SOURCES = tests/fuzz/fuzz_inflate.c tests/fuzz/replay.c
tests_fuzz_replay_inherit_SOURCES = tests/fuzz/fuzz_inherit.c tests/fuzz/replay.c
tests_fuzz_replay_keys_SOURCES = tests/fuzz/fuzz_keys.c tests/fuzz/replay.c
tests_fuzz_replay_model_SOURCES = tests/fuzz/fuzz_model.c tests/fuzz/replay.c
tests_fuzz_replay_options_SOURCES = tests/fuzz/fuzz_options.c tests/fuzz/replay.c
tests_fuzz_replay_png_SOURCES = tests/fuzz/fuzz_png.c tests/fuzz/replay_png.c
tests_fuzz_replay_proxies_SOURCES = tests/fuzz/fuzz_proxies.c tests/fuzz/replay.c
tests_fuzz_replay_query_SOURCES = tests/fuzz/fuzz_query.c tests/fuzz/replay.c
tests_fuzz_seeds_encode_SOURCES = tests/fuzz/fuzz_encode.c tests/fuzz/replay.c
tests_fuzz_seeds_form_SOURCES = tests/fuzz/fuzz_form.c tests/fuzz/replay.c
tests_fuzz_seeds_png_SOURCES = tests/fuzz/fuzz_png.c tests/fuzz/replay.c

test_scripts += tests/fuzz/pngcheck.py

fuzz_libraries = tests/fuzz/libfuzz.a $(LDADD)
tests_fuzz_replay_cgroup_LDADD = $(fuzz_libraries)
tests_fuzz_replay_chunks_LDADD = $(fuzz_libraries)
tests_fuzz_replay_daemon_LDADD = $(fuzz_libraries)
tests_fuzz_replay_etag_LDADD = $(fuzz_libraries)
tests_fuzz_replay_fields_LDADD = $(fuzz_libraries)
tests_fuzz_replay_form_LDADD = $(fuzz_libraries)
tests_fuzz_replay_head_LDADD = $(fuzz_libraries)
tests_fuzz_replay_http_LDADD = $(fuzz_libraries)
tests_fuzz_replay_inflate_LDADD = $(fuzz_libraries)
tests_fuzz_replay_inherit_LDADD = $(fuzz_libraries)
tests_fuzz_replay_keys_LDADD = $(fuzz_libraries)
tests_fuzz_replay_options_LDADD = $(fuzz_libraries)
tests_fuzz_replay_proxies_LDADD = $(fuzz_libraries)
tests_fuzz_replay_query_LDADD = $(fuzz_libraries)
tests_fuzz_seeds_form_LDADD = $(fuzz_libraries)

EXTRA_DIST += \
	tests/fuzz/corpus/cgroup.dict \
	tests/fuzz/corpus/cgroup/deep \
	tests/fuzz/corpus/cgroup/one \
	tests/fuzz/corpus/cgroup/quoted \
	tests/fuzz/corpus/cgroup/short \
	tests/fuzz/corpus/cgroup/two \
	tests/fuzz/corpus/chunks.dict \
	tests/fuzz/corpus/chunks/colour \
	tests/fuzz/corpus/chunks/modern \
	tests/fuzz/corpus/chunks/others \
	tests/fuzz/corpus/chunks/palette \
	tests/fuzz/corpus/chunks/profile \
	tests/fuzz/corpus/chunks/profile-gray \
	tests/fuzz/corpus/chunks/profile-tag \
	tests/fuzz/corpus/chunks/srgb \
	tests/fuzz/corpus/chunks/text \
	tests/fuzz/corpus/daemon.dict \
	tests/fuzz/corpus/daemon/chunked \
	tests/fuzz/corpus/daemon/continue \
	tests/fuzz/corpus/daemon/continue-without-body \
	tests/fuzz/corpus/daemon/estimate \
	tests/fuzz/corpus/daemon/form \
	tests/fuzz/corpus/daemon/form-empty-first \
	tests/fuzz/corpus/daemon/form-encoded \
	tests/fuzz/corpus/daemon/form-of-two \
	tests/fuzz/corpus/daemon/form-other-name \
	tests/fuzz/corpus/daemon/keyed \
	tests/fuzz/corpus/daemon/keyed-blanks \
	tests/fuzz/corpus/daemon/keyed-refused \
	tests/fuzz/corpus/daemon/keyed-reload \
	tests/fuzz/corpus/daemon/large \
	tests/fuzz/corpus/daemon/probes \
	tests/fuzz/corpus/daemon/quoted-close \
	tests/fuzz/corpus/daemon/refused \
	tests/fuzz/corpus/daemon/upscale \
	tests/fuzz/corpus/encode/gray \
	tests/fuzz/corpus/encode/wide-rgba16 \
	tests/fuzz/corpus/etag.dict \
	tests/fuzz/corpus/etag/none \
	tests/fuzz/corpus/etag/one \
	tests/fuzz/corpus/etag/quoted \
	tests/fuzz/corpus/etag/star \
	tests/fuzz/corpus/etag/weak \
	tests/fuzz/corpus/fields.dict \
	tests/fuzz/corpus/fields/all \
	tests/fuzz/corpus/fields/dots \
	tests/fuzz/corpus/fields/form \
	tests/fuzz/corpus/fields/long \
	tests/fuzz/corpus/fields/origin \
	tests/fuzz/corpus/fields/utf8 \
	tests/fuzz/corpus/form.dict \
	tests/fuzz/corpus/form/cut \
	tests/fuzz/corpus/form/empty \
	tests/fuzz/corpus/form/names \
	tests/fuzz/corpus/form/no-form \
	tests/fuzz/corpus/form/one \
	tests/fuzz/corpus/form/quoted-boundary \
	tests/fuzz/corpus/form/two \
	tests/fuzz/corpus/form/two-boundaries \
	tests/fuzz/corpus/head.dict \
	tests/fuzz/corpus/head/gray.png \
	tests/fuzz/corpus/head/iphone.png \
	tests/fuzz/corpus/head/jpeg \
	tests/fuzz/corpus/head/large.png \
	tests/fuzz/corpus/head/rgb.png \
	tests/fuzz/corpus/http.dict \
	tests/fuzz/corpus/http/absolute \
	tests/fuzz/corpus/http/bare \
	tests/fuzz/corpus/http/both \
	tests/fuzz/corpus/http/chunked \
	tests/fuzz/corpus/http/folded \
	tests/fuzz/corpus/http/hosts \
	tests/fuzz/corpus/http/limit \
	tests/fuzz/corpus/http/longest \
	tests/fuzz/corpus/http/pipelined \
	tests/fuzz/corpus/http/smuggled \
	tests/fuzz/corpus/http/twice \
	tests/fuzz/corpus/inflate.dict \
	tests/fuzz/corpus/inflate/fixed \
	tests/fuzz/corpus/inflate/flushed \
	tests/fuzz/corpus/inflate/huffman \
	tests/fuzz/corpus/inflate/level6 \
	tests/fuzz/corpus/inflate/packed \
	tests/fuzz/corpus/inflate/partly-flushed \
	tests/fuzz/corpus/inflate/stored \
	tests/fuzz/corpus/inflate/window8k \
	tests/fuzz/corpus/inherit.dict \
	tests/fuzz/corpus/inherit/more \
	tests/fuzz/corpus/inherit/other \
	tests/fuzz/corpus/inherit/signs \
	tests/fuzz/corpus/inherit/two \
	tests/fuzz/corpus/inherit/zeros \
	tests/fuzz/corpus/keys.dict \
	tests/fuzz/corpus/keys/bad \
	tests/fuzz/corpus/keys/empty-fields \
	tests/fuzz/corpus/keys/nul \
	tests/fuzz/corpus/keys/six \
	tests/fuzz/corpus/keys/twice \
	tests/fuzz/corpus/keys/two \
	tests/fuzz/corpus/model.dict \
	tests/fuzz/corpus/model/kinds.json \
	tests/fuzz/corpus/model/odd.json \
	tests/fuzz/corpus/model/transposed.json \
	tests/fuzz/corpus/model/upconv_7.json \
	tests/fuzz/corpus/model/vgg_7.json \
	tests/fuzz/corpus/options.dict \
	tests/fuzz/corpus/options/bad \
	tests/fuzz/corpus/options/listens \
	tests/fuzz/corpus/options/others \
	tests/fuzz/corpus/options/ranges \
	tests/fuzz/corpus/options/serve \
	tests/fuzz/corpus/options/too-many-listens \
	tests/fuzz/corpus/options/unknown \
	tests/fuzz/corpus/options/wrapped \
	tests/fuzz/corpus/png.dict \
	tests/fuzz/corpus/png/gray.png \
	tests/fuzz/corpus/png/rgb.png \
	tests/fuzz/corpus/png/rgba16.png \
	tests/fuzz/corpus/proxies.dict \
	tests/fuzz/corpus/proxies/all \
	tests/fuzz/corpus/proxies/chain \
	tests/fuzz/corpus/proxies/local \
	tests/fuzz/corpus/proxies/six \
	tests/fuzz/corpus/proxies/untrusted \
	tests/fuzz/corpus/proxies/zeros \
	tests/fuzz/corpus/query.dict \
	tests/fuzz/corpus/query/all \
	tests/fuzz/corpus/query/bad \
	tests/fuzz/corpus/query/size \
	tests/fuzz/oss-fuzz/Dockerfile \
	tests/fuzz/oss-fuzz/build.sh \
	tests/fuzz/oss-fuzz/project.yaml \
	tests/fuzz/oss-fuzz/sources \
	tests/fuzz/run
