// criu(8): the host's program that writes the processes of a container into files and makes them anew from those. It is no
// part of Planet: it is found where an administrator installs programs, and executed without a shell.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sys/process.h"

namespace planet::runtime {

class Criu {
 public:
  // Finds it, and asks it whether it can work with this kernel. Nothing is changed by that.
  // Errors: kUnsupported - it is not installed, or cannot, or the caller is not root of the host.
  static Result<Criu> find();

  // In a new process that executes criu after `prepare`, there; nothing of our environment comes along. Its standard
  // streams are ours if `own_streams`, else empty.
  // Errors of `prepare` come from `end`.
  class Run {
   public:
    const sys::Child& process() const { return process_; }
    // Waits for its end. `log` is criu's own, whose last error is told.
    // Errors: kSystem - it failed.
    Result<> end(const std::string& log);

   private:
    friend class Criu;
    sys::Child process_;
    UniqueFd words_;  // what it or `prepare` had to say
  };
  Result<Run> start(const std::function<Result<std::vector<std::string>>()>& prepare,
                    bool own_streams) const;

 private:
  explicit Criu(std::string path) : path_(std::move(path)) {}
  Result<> check() const;
  std::string path_;
};

}  // namespace planet::runtime
