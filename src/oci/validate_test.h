// For the tests of validate: a specification in which everything is right, and what is said of one change to it.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "oci/spec_json.h"
#include "oci/validate.h"

namespace planet::oci {

inline Spec complete() {
  std::ifstream file(PLANET_SOURCE_DIR "/src/oci/testdata/complete.json");
  std::stringstream text;
  text << file.rdbuf();
  auto spec = parse_spec(text.str());
  EXPECT_TRUE(spec) << spec.error().to_string();
  return spec ? *std::move(spec) : Spec();
}

inline std::string verdict(const Spec& spec) {
  const Result<> valid = validate(spec);
  if (valid) return "";
  EXPECT_EQ(valid.error().code(), Code::kInvalidArgument);
  return valid.error().to_string();
}

// One change to the complete specification, and what is then said; "" is nothing.
struct Case {
  const char* want;
  std::function<void(Spec&)> change;
};

inline void check(const std::vector<Case>& cases) {
  const Spec whole = complete();
  for (const Case& c : cases) {
    Spec spec = whole;
    c.change(spec);
    EXPECT_EQ(verdict(spec), c.want);
  }
}

}  // namespace planet::oci
