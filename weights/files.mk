# weights/files.mk - The models inside the binary (a new one is one line here), and how they are made.

model_files = \
	$(top_srcdir)/weights/art-max.json \
	$(top_srcdir)/weights/art-x3.json \
	$(top_srcdir)/weights/art-x4.json \
	$(top_srcdir)/weights/art.json \
	$(top_srcdir)/weights/photo-hq.json \
	$(top_srcdir)/weights/photo-jpeg-strong.json \
	$(top_srcdir)/weights/photo-jpeg.json \
	$(top_srcdir)/weights/photo-max.json \
	$(top_srcdir)/weights/photo-x3.json \
	$(top_srcdir)/weights/photo-x4.json \
	$(top_srcdir)/weights/photo.json \
	$(top_srcdir)/weights/psnr-m11.json \
	$(top_srcdir)/weights/psnr-m5.json \
	$(top_srcdir)/weights/psnr-max.json \
	$(top_srcdir)/weights/vivid-x4.json \
	$(top_srcdir)/weights/vivid.json

EXTRA_DIST += \
	$(model_files) \
	weights/DATA.md \
	weights/FORMAT.md \
	weights/MODELS.md \
	weights/README.md \
	weights/art-max.info.json \
	weights/art-x3.info.json \
	weights/art-x4.info.json \
	weights/art.info.json \
	weights/collection.py \
	weights/data.py \
	weights/degrade.py \
	weights/embed.sh \
	weights/evaluate.py \
	weights/export.py \
	weights/fast.c \
	weights/fast.h \
	weights/fast.py \
	weights/fast_amx.c \
	weights/fast_amx.py \
	weights/fast_loss.h \
	weights/fast_winograd.c \
	weights/importer.py \
	weights/net.py \
	weights/photo-hq.info.json \
	weights/photo-jpeg-strong.info.json \
	weights/photo-jpeg.info.json \
	weights/photo-max.info.json \
	weights/photo-x3.info.json \
	weights/photo-x4.info.json \
	weights/photo.info.json \
	weights/psnr-m11.info.json \
	weights/psnr-m5.info.json \
	weights/psnr-max.info.json \
	weights/render.py \
	weights/search.csv \
	weights/search.py \
	weights/sources.csv \
	weights/train.py \
	weights/train_all.py \
	weights/vivid-x4.info.json \
	weights/vivid.info.json

server/models/embedded_models.c: $(model_files) $(top_srcdir)/weights/embed.sh $(top_srcdir)/weights/files.mk
	$(AM_V_GEN)$(MKDIR_P) server/models && \
	$(SHELL) $(top_srcdir)/weights/embed.sh $(model_files) >$@.part && mv $@.part $@
