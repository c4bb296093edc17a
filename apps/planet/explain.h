// `run --explain`: each step of making a container as it happens, in words, with its kernel call and its time.
#pragma once

#include <cstdint>

#include "engine/request.h"
#include "runtime/step.h"

namespace planet::cli {

class Explainer : public runtime::StepLog {
 public:
  explicit Explainer(engine::Explain how);
  void step(const runtime::StepInfo& info, runtime::Side side, std::string_view detail,
            std::int64_t begin_ns, std::int64_t end_ns) override;
  void total(std::string_view what);  // the last line

 private:
  void text(const runtime::StepInfo& info, runtime::Side side, std::string_view detail,
            std::int64_t begin_ns, std::int64_t end_ns) const;
  bool json_ = false, colour_ = false;
  std::int64_t begin_ = 0;
};

}  // namespace planet::cli
