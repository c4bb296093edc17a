# Shared by the tests of diff and commit: an image, and changes of a container.

# An image with files to change, of two layers if committed once: example.org/base:1.
make_image() {
	mkdir -p "$top/image"/{bin,etc,opaque,gone,tmp}
	cp /bin/busybox "$top/image/bin/"
	local applet
	for applet in sh cat stat ls touch id sleep true echo ln rm mkdir chmod chown mkfifo readlink; do ln -s busybox "$top/image/bin/$applet"; done
	echo low >"$top/image/opaque/low"
	echo keep >"$top/image/opaque/keep"
	echo x >"$top/image/gone/x"
	echo old >"$top/image/file"
	ln -s /tmp "$top/image/link"
	python3 "$BATS_TEST_DIRNAME/../attack/image.py" "$top/image.tar" example.org/base:1 "$top/image" \
		'{"Cmd": ["sh"], "Env": ["PLACE=orbit"], "WorkingDir": "/tmp", "Labels": {"from": "base"}, "ExposedPorts": {"80/tcp": {}}}'
	planet load -q -i "$top/image.tar" >/dev/null
}

# The same changes each time, to the second.
changes='rm -rf /opaque; mkdir /opaque; echo n >/opaque/new; echo k >/opaque/keep; rm -rf /gone; mkdir /fresh; echo a >/fresh/a; ln /fresh/a /fresh/b; chmod 600 /file; rm /link; mkfifo /fresh/pipe; chown 33:44 /fresh/a; for f in /opaque/new /opaque/keep /fresh/a /fresh/pipe /fresh /opaque / /file; do touch -h -d "2026-01-01 00:00:00" $f 2>/dev/null || touch -d "2026-01-01 00:00:00" $f; done'
