// The steps of connecting a container, for errors and for `run --explain`.
#pragma once

#include "runtime/step.h"

namespace planet::engine::connect_steps {

inline constexpr runtime::StepInfo kFilter{
    "look after the packet filter",
    "the rules that keep networks apart are there before anybody is",
    "netlink NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN"};
inline constexpr runtime::StepInfo kMakeLink{
    "make the interface in",
    "a pair: one end is the container's, the other is on the network's bridge",
    "netlink RTM_NEWLINK, RTM_SETLINK"};
inline constexpr runtime::StepInfo kAdmit{
    "let it through the packet filter",
    "its interfaces and the ports of this host that lead to it, as elements of sets",
    "netlink NFT_MSG_NEWSETELEM"};
inline constexpr runtime::StepInfo kAddress{"give it an address in",
                                            "address, routes and names that nobody else has there",
                                            "netlink RTM_NEWADDR, RTM_NEWROUTE"};

}  // namespace planet::engine::connect_steps
