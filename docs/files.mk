# docs/files.mk - Documentation, and the pages that are made from the program's tables.

EXTRA_DIST += \
	docs/README.md \
	docs/api.md \
	docs/command-line.md \
	docs/errors.md \
	docs/limits.md \
	docs/metrics.md \
	docs/models.md \
	docs/operations.md \
	docs/options.md \
	docs/performance.md \
	docs/pictures/CREDITS.md \
	docs/pictures/before-after.png \
	docs/pictures/frontier.svg \
	docs/pictures/imported.png \
	docs/pictures/make.py \
	docs/pictures/page.png \
	docs/pictures/quality-beside.png \
	docs/pictures/quality-drawings.png \
	docs/pictures/quality-photographs.png \
	docs/pictures/quality-psnr.png \
	docs/pictures/sample.png \
	docs/pictures/scaling.svg \
	docs/quality.md \
	docs/recipes.md \
	docs/scaling.md \
	docs/security.md \
	docs/tour.md

# tests/docs.sh tells when they are out of date.
.PHONY: docs
docs: upscaled
	./upscaled help --markdown >$(top_srcdir)/docs/options.md
	./upscaled help --metrics >$(top_srcdir)/docs/metrics.md
	./upscaled help --errors >$(top_srcdir)/docs/errors.md
	./upscaled help --limits >$(top_srcdir)/docs/limits.md
