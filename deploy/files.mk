# deploy/files.mk - Images, units, manifests and proxies.

EXTRA_DIST += \
	deploy/Containerfile \
	deploy/build-image \
	deploy/compose.yaml \
	deploy/grafana.json \
	deploy/haproxy.cfg \
	deploy/image/cross \
	deploy/image/files \
	deploy/image/libraries \
	deploy/image/sbom \
	deploy/kubernetes/base/deployment.yaml \
	deploy/kubernetes/base/disruption-budget.yaml \
	deploy/kubernetes/base/kustomization.yaml \
	deploy/kubernetes/base/network-policy.yaml \
	deploy/kubernetes/base/service-monitor.yaml \
	deploy/kubernetes/base/service.yaml \
	deploy/kubernetes/keda/kustomization.yaml \
	deploy/kubernetes/keda/scaled-object.yaml \
	deploy/kubernetes/prometheus-adapter/adapter-rules.yaml \
	deploy/kubernetes/prometheus-adapter/autoscaler.yaml \
	deploy/kubernetes/prometheus-adapter/kustomization.yaml \
	deploy/nginx.conf \
	deploy/upscaled.service \
	deploy/upscaled.socket

# The systemd units.
systemdsystemunit_DATA = upscaled.service deploy/upscaled.socket
CLEANFILES += upscaled.service
upscaled.service: deploy/upscaled.service
	$(AM_V_GEN)$(SED) 's|@bindir@|$(bindir)|' $< >$@.part && mv $@.part $@
