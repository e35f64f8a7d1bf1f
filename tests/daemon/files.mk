# tests/daemon/files.mk - The real binary, over real sockets.

test_scripts += \
	tests/daemon/admission.py \
	tests/daemon/bad_requests.py \
	tests/daemon/bench.py \
	tests/daemon/clients.py \
	tests/daemon/commands.py \
	tests/daemon/convert.py \
	tests/daemon/dashboard.py \
	tests/daemon/deadlines.py \
	tests/daemon/ends.py \
	tests/daemon/estimate.py \
	tests/daemon/examples.py \
	tests/daemon/families.py \
	tests/daemon/faults.py \
	tests/daemon/field.py \
	tests/daemon/forms.py \
	tests/daemon/good_requests.py \
	tests/daemon/heads.py \
	tests/daemon/hidden.py \
	tests/daemon/kernels.py \
	tests/daemon/keys.py \
	tests/daemon/life.py \
	tests/daemon/limits.py \
	tests/daemon/log.py \
	tests/daemon/many_threads.py \
	tests/daemon/memory.py \
	tests/daemon/metrics.py \
	tests/daemon/models.py \
	tests/daemon/no_memory.py \
	tests/daemon/no_memory_commands.py \
	tests/daemon/pngsuite.py \
	tests/daemon/progress.py \
	tests/daemon/protocol.py \
	tests/daemon/recipes.py \
	tests/daemon/refused_early.py \
	tests/daemon/sandboxed.py \
	tests/daemon/smuggling.py \
	tests/daemon/supervised.py
