#!/bin/sh
# in_network.sh COMMAND...: runs it in a network namespace of its own, with loopback: containers have bridges, published ports
# and a packet filter in the network of whoever starts them, and tests leave that of the machine alone.
exec unshare -n -- sh -c 'ip link set lo up && TEST_NETWORK=$(readlink /proc/self/ns/net) exec "$@"' sh "$@"
