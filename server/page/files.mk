# server/page/files.mk - The page, inside the binary.

page_files = \
	server/page/compare.js \
	server/page/errors.html \
	server/page/openapi.json \
	server/page/page.css \
	server/page/page.html \
	server/page/page.js \
	server/page/pictures.js \
	server/page/service.js \
	server/page/start.js

EXTRA_DIST += server/page/embed.sh $(page_files)

server/service/embedded_page.c: $(page_files) server/page/embed.sh
	$(AM_V_GEN)$(MKDIR_P) server/service && \
	$(SHELL) $(top_srcdir)/server/page/embed.sh $(top_srcdir)/server/page $(VERSION) >$@.part && mv $@.part $@
