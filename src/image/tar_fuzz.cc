// A layer of any bytes, unpacked into a directory of its own that is removed again.
#include <stdlib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "image/stream.h"
#include "image/unpack.h"
#include "sys/file.h"

namespace {

class Bytes : public planet::ByteSource {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  planet::Result<std::string_view> next() override { return std::exchange(bytes_, {}); }

 private:
  std::string_view bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet;
  std::string path = "/dev/shm/planet-fuzz-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  auto layer = sys::open_at(sys::kCwd, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!layer) std::abort();
  Bytes bytes({reinterpret_cast<const char*>(data), size});
  if (auto plain = image::decompress(bytes))
    (void)image::unpack_layer(**plain, *std::move(layer), {});
  if (!sys::remove_tree_at(sys::kCwd, path.c_str())) std::abort();
  return 0;
}
