// Work that a signal ends at once, and that leaves nothing then.
#pragma once

#include <functional>

namespace planet::engine {

// Runs `work` in a child, whose exit status it returns. When INT, TERM, HUP or QUIT comes, the child is killed, `tidy`
// called, and 128 + the signal returned. Where no child can be made (a limit of processes), the work is done here, and a
// signal leaves what the next one tidies up.
int run_interruptibly(const std::function<int()>& work, const std::function<void()>& tidy);

}  // namespace planet::engine
