# Registries for the tests: Debian's docker-registry on a free port of loopback, stopped by registry_stop.

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A certificate authority and a certificate for localhost and 127.0.0.1, in $top/tls.
make_certificates() {
	mkdir -p "$top/tls"
	(
		cd "$top/tls" || exit 1
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout server.key -out server.csr
		openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
			-extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1")
	) >/dev/null 2>&1
}

# registry_start NAME [EXTRA YAML]: sets $registry to its HOST:PORT.
registry_start() {
	local port
	port=$(free_port)
	mkdir -p "$top/$1"
	{
		echo "version: 0.1"
		echo "log: {level: error}"
		echo "storage: {filesystem: {rootdirectory: $top/$1/data}, delete: {enabled: true}}"
		echo "http: {addr: 127.0.0.1:$port${3:-}}"
		printf '%s\n' "${2:-}"
	} >"$top/$1/config.yml"
	docker-registry serve "$top/$1/config.yml" >"$top/$1/log" 2>&1 3>&- &
	registries+=($!)
	registry=127.0.0.1:$port
	for _ in $(seq 100); do
		! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
		sleep 0.1
	done
	cat "$top/$1/log"
	return 1
}

# With TLS and a login (ann, secret).
registry_start_private() {
	make_certificates
	htpasswd -Bbn ann secret >"$top/htpasswd"
	registry_start "$1" "auth: {htpasswd: {realm: test, path: $top/htpasswd}}" \
		", tls: {certificate: $top/tls/server.crt, key: $top/tls/server.key}"
}

registry_stop() {
	local one
	for one in "${registries[@]}"; do
		kill "$one" 2>/dev/null || :
		wait "$one" 2>/dev/null || :
	done
	registries=()
}
