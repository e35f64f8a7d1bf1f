# tests/unit/files.mk - One Check suite a module; the program's name is its source's.

if HAVE_CHECK
test_programs += \
	tests/unit/test_access_log \
	tests/unit/test_admission \
	tests/unit/test_bands \
	tests/unit/test_base \
	tests/unit/test_bleed \
	tests/unit/test_border \
	tests/unit/test_budget \
	tests/unit/test_cgroup \
	tests/unit/test_color \
	tests/unit/test_contract \
	tests/unit/test_deflate \
	tests/unit/test_file \
	tests/unit/test_geometry \
	tests/unit/test_http_filter \
	tests/unit/test_inflate \
	tests/unit/test_jobs \
	tests/unit/test_kernels \
	tests/unit/test_keys \
	tests/unit/test_layers \
	tests/unit/test_layerwise \
	tests/unit/test_lint \
	tests/unit/test_model_json \
	tests/unit/test_model_json_memory \
	tests/unit/test_model_json_refuse \
	tests/unit/test_model_json_waifu2x \
	tests/unit/test_models \
	tests/unit/test_options \
	tests/unit/test_peak \
	tests/unit/test_plan \
	tests/unit/test_png \
	tests/unit/test_png_head \
	tests/unit/test_png_meta \
	tests/unit/test_png_strip \
	tests/unit/test_png_writer \
	tests/unit/test_pngsuite \
	tests/unit/test_pngsuite_twice \
	tests/unit/test_pool \
	tests/unit/test_pool_task \
	tests/unit/test_problem \
	tests/unit/test_progress \
	tests/unit/test_proxies \
	tests/unit/test_raw_head \
	tests/unit/test_reply_headers \
	tests/unit/test_resample \
	tests/unit/test_routes \
	tests/unit/test_row_kernels \
	tests/unit/test_sandbox \
	tests/unit/test_sha256 \
	tests/unit/test_theory \
	tests/unit/test_transcode \
	tests/unit/test_transcode_memory \
	tests/unit/test_upscale \
	tests/unit/test_waifu2x
endif
