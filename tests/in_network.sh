#!/bin/sh
# in_network.sh COMMAND...: runs it in a network namespace of its own, with loopback: containers have bridges, published ports
# and a packet filter in the network of whoever starts them, and tests leave that of the machine alone. What
# has to leave it is run with `nsenter -t "$TEST_OUTSIDE" -n`.
exec unshare -n -- sh -c 'ip link set lo up && TEST_NETWORK=$(readlink /proc/self/ns/net) TEST_OUTSIDE=$PPID exec "$@"' sh "$@"
