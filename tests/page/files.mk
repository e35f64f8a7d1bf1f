# tests/page/files.mk - The page in a browser.

test_scripts += \
	tests/page/page.py

EXTRA_DIST += \
	tests/page/avif.mjs \
	tests/page/contract.mjs \
	tests/page/drive.mjs \
	tests/page/package-lock.json \
	tests/page/package.json \
	tests/page/pixels.mjs
