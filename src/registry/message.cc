// Beast asserts that five bytes of a last chunk are there, but an answer may come byte by byte ("0\r\n", then one more). What
// follows the assertion copes, as fuzzing shows; a server must not be able to end this program.
#define BOOST_DISABLE_ASSERTS

#include "registry/message.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <span>

#include "base/strings.h"
#include "registry/text.h"

namespace planet::registry {
namespace {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastView = boost::beast::string_view;

constexpr int kMostInterim = 10;  // of "100 Continue" and its like before an answer

std::string_view view(BeastView text) {
  return {text.data(), text.size()};
}

// What Beast's grammar finds, noted. Member names are those that it calls.
class Parser : public http::basic_parser<false> {
 public:
  explicit Parser(Method method) {
    header_limit(ResponseReader::kMostHead);
    body_limit(boost::none);  // a layer has any size; who reads it counts
    skip(method == Method::kHead);
  }

  ResponseHead head;
  std::vector<std::string_view> pieces;  // of the body, in the buffer that was put last

 private:
  void on_request_impl(http::verb /*method*/, BeastView /*name*/, BeastView /*target*/,
                       int /*version*/, BeastError& /*error*/) override {}
  void on_response_impl(int code, BeastView /*reason*/, int /*version*/,
                        BeastError& /*error*/) override {
    head.status = code;
  }
  void on_field_impl(http::field /*field*/, BeastView name, BeastView value,
                     BeastError& error) override {
    // Beast's own limit is for what it looks at in one go: fields that come one by one would never reach it.
    head_bytes_ += name.size() + value.size();
    if (head_bytes_ > ResponseReader::kMostHead) {
      error = http::error::header_limit;
      return;
    }
    // Fields behind the body (trailers) say nothing that was not to be said before it.
    if (!is_header_done_)
      head.headers.push_back({std::string(view(name)), std::string(view(value))});
  }
  void on_header_impl(BeastError& /*error*/) override { is_header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*size*/,
                         BeastError& /*error*/) override {}
  std::size_t on_body_impl(BeastView body, BeastError& /*error*/) override { return note(body); }
  void on_chunk_header_impl(std::uint64_t /*size*/, BeastView /*extension*/,
                            BeastError& /*error*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*left*/, BeastView body,
                                 BeastError& /*error*/) override {
    return note(body);
  }
  void on_finish_impl(BeastError& /*error*/) override {}

  std::size_t note(BeastView body) {
    if (!body.empty()) pieces.push_back(view(body));
    return body.size();
  }

  bool is_header_done_ = false;
  std::size_t head_bytes_ = 0;  // of all fields
};

std::unexpected<Error> corrupt(std::string why) {
  return fail(Code::kCorrupt, std::move(why));
}

std::unexpected<Error> not_http(const BeastError& error) {
  if (error == http::error::header_limit)
    return corrupt("the head of the answer is longer than " +
                   std::to_string(ResponseReader::kMostHead / 1024) + " KiB");
  if (error == http::error::partial_message || error == http::error::end_of_stream)
    return corrupt("the server broke off its answer: try again");
  return corrupt("the answer is not HTTP/1.1 (" + error.message() + "): is this a registry?");
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_alnum(c) || kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string_view name_of(Method method) {
  constexpr std::string_view kNames[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  return kNames[static_cast<std::size_t>(method)];
}

const std::string* find_header(const Headers& headers, std::string_view name) {
  const auto at = std::ranges::find_if(
      headers, [&](const Header& header) { return lower(header.name) == lower(name); });
  return at == headers.end() ? nullptr : &at->value;
}

Result<std::string> to_text(const RequestHead& head) {
  std::string text = std::string(name_of(head.method)) + " " + head.target + " HTTP/1.1\r\n";
  Headers all{{"Host", head.host}};
  all.insert(all.end(), head.headers.begin(), head.headers.end());
  if (head.body_size) all.push_back({"Content-Length", std::to_string(*head.body_size)});
  if (head.target.empty() || !std::ranges::all_of(head.target, is_visible))
    return fail(Code::kInvalidArgument, "the target of a request is not one word");
  for (const Header& header : all) {
    if (!is_token(header.name) || std::ranges::any_of(header.value, is_control))
      return fail(Code::kInvalidArgument,
                  "the field " + quote(header.name) + " of a request would not be one line");
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  return text + "\r\n";
}

struct ResponseReader::State {
  State(Transport& transport, Method requested)
      : from(transport), method(requested), parser(std::make_unique<Parser>(requested)) {}

  std::string_view unparsed() const { return {buffer.data() + begin, end - begin}; }

  // Receives behind what is there, which moves to the front. Pieces point into the buffer: they are gone by now.
  Result<> receive() {
    const std::string_view rest = unparsed();
    std::memmove(buffer.data(), rest.data(), rest.size());
    begin = 0;
    end = rest.size();
    if (end == buffer.size()) return corrupt("the answer has a line that is too long");
    TRY_SET(const std::size_t n, from.receive(std::span(buffer).subspan(end)));
    received_any = received_any || n > 0;
    end += n;
    if (n > 0) return {};
    // What a server of TLS says to plain words, and such.
    if (!parser->is_header_done() &&
        !std::string_view("HTTP/").starts_with(unparsed().substr(0, 5)))
      return not_http(BeastError(http::error::bad_version));
    BeastError error = http::error::partial_message;
    if (parser->got_some()) parser->put_eof(error);
    if (error || !parser->is_done())
      return not_http(error ? error : BeastError(http::error::partial_message));
    return {};
  }

  // Parses what is there, and receives more where that is not enough for a step.
  Result<> advance() {
    BeastError error = http::error::need_more;
    if (begin < end)
      begin += parser->put(boost::asio::const_buffer(buffer.data() + begin, end - begin), error);
    if (error == http::error::need_more) return parser->pieces.empty() ? receive() : Result<>();
    if (error) return not_http(error);
    return {};
  }

  Transport& from;
  Method method;
  std::unique_ptr<Parser> parser;  // for one message: an interim answer is one
  std::vector<char> buffer = std::vector<char>(kMostHead);
  std::size_t begin = 0, end = 0;  // what of the buffer is not parsed yet
  std::size_t handed_out = 0;      // of the parser's pieces
  bool received_any = false;
};

ResponseReader::ResponseReader(Transport& from, Method method)
    : state_(std::make_unique<State>(from, method)) {}
ResponseReader::~ResponseReader() = default;

Result<ResponseHead> ResponseReader::read_head() {
  for (int interim = 0; interim <= kMostInterim; ++interim) {
    while (!state_->parser->is_header_done()) TRY(state_->advance());
    const int status = state_->parser->head.status;
    if (status == 101) return corrupt("the server wants another protocol, which was not asked for");
    if (status >= 200) {
      state_->parser->eager(true);
      return state_->parser->head;
    }
    state_->parser = std::make_unique<Parser>(state_->method);
  }
  return corrupt("the server keeps the client waiting with interim answers");
}

Result<std::string_view> ResponseReader::next() {
  Parser& parser = *state_->parser;
  while (state_->handed_out == parser.pieces.size()) {
    parser.pieces.clear();
    state_->handed_out = 0;
    if (parser.is_done()) return std::string_view();
    TRY(state_->advance());
  }
  return parser.pieces[state_->handed_out++];
}

bool ResponseReader::got_nothing() const {
  return !state_->received_any;
}

bool ResponseReader::may_reuse() const {
  const Parser& parser = *state_->parser;
  return parser.is_done() && parser.keep_alive() && state_->unparsed().empty();
}

}  // namespace planet::registry
