// What --pull of run and create means: the image is got from its registry always, never, or when it is not here.
#pragma once

#include <string>

#include "cli.h"
#include "engine/request.h"
#include "engine/run.h"

namespace planet::cli {

class ImageGetter {
 public:
  // Both are lent.
  ImageGetter(const Global& global, engine::RunRequest& request)
      : global_(global), request_(request) {}

  // Gets it, if it is to be got in any case, and sets the hook for when it is missing. False: failed() says how it went.
  bool prepare(engine::RunHooks& hooks);

  // The exit status of a pull that failed, and has said why; 0: none did.
  int failed() const { return failed_; }

 private:
  Result<> get(const std::string& name);
  Result<> get_missing(const std::string& name);

  const Global& global_;
  engine::RunRequest& request_;
  int failed_ = 0;
};

}  // namespace planet::cli
