# tests/pictures/files.mk - Small pictures that every model is scored on.

EXTRA_DIST += \
	tests/pictures/CREDITS.md \
	tests/pictures/bicubic-x3/bridge.png \
	tests/pictures/bicubic-x3/dragonfly.png \
	tests/pictures/bicubic-x3/drawn-page.png \
	tests/pictures/bicubic-x3/drawn-screen.png \
	tests/pictures/bicubic-x3/drawn-strokes.png \
	tests/pictures/bicubic-x4/bridge.png \
	tests/pictures/bicubic-x4/dragonfly.png \
	tests/pictures/bicubic-x4/drawn-page.png \
	tests/pictures/bicubic-x4/drawn-screen.png \
	tests/pictures/bicubic-x4/drawn-strokes.png \
	tests/pictures/bicubic/bridge.png \
	tests/pictures/bicubic/dragonfly.png \
	tests/pictures/bicubic/drawn-page.png \
	tests/pictures/bicubic/drawn-screen.png \
	tests/pictures/bicubic/drawn-strokes.png \
	tests/pictures/box/drawn-page.png \
	tests/pictures/box/drawn-screen.png \
	tests/pictures/box/drawn-strokes.png \
	tests/pictures/hr/bridge.png \
	tests/pictures/hr/dragonfly.png \
	tests/pictures/hr/drawn-page.png \
	tests/pictures/hr/drawn-screen.png \
	tests/pictures/hr/drawn-strokes.png \
	tests/pictures/jpeg-q75/bridge.png \
	tests/pictures/jpeg-q75/dragonfly.png
