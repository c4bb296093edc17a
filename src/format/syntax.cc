#include "format/syntax.h"

#include <utility>

#include "base/strings.h"
#include "format/functions.h"
#include "format/token.h"

namespace planet::format {
namespace {

constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kMostBytes = 64U << 10;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalidArgument, std::move(what));
}

// The pipeline of one action, from its tokens.
class PipelineParser {
 public:
  PipelineParser(const Piece& piece, std::size_t from) : piece_(&piece), at_(from) {}

  Result<Pipeline> whole() {
    Pipeline pipeline;
    take_variables(pipeline);
    TRY(commands(pipeline, 0));
    if (const Token* rest = peek())
      return bad("the format has " + shown(*rest) + " too much in " + where());
    return pipeline;
  }

 private:
  using Kind = Token::Kind;

  const Token* peek(std::size_t ahead = 0) const {
    return at_ + ahead < piece_->tokens.size() ? &piece_->tokens[at_ + ahead] : nullptr;
  }
  bool sees(std::string_view sign, std::size_t ahead = 0) const {
    const Token* token = peek(ahead);
    return token != nullptr && token->is(Kind::kSign, sign);
  }
  std::string where() const { return quote("{{" + piece_->text + "}}"); }
  static std::string shown(const Token& token) {
    return token.kind == Kind::kLiteral ? "a value" : quote(token.text);
  }

  // "$x :=", "$x =", "$k, $v :="
  void take_variables(Pipeline& pipeline) {
    std::vector<std::string> names;
    std::size_t ahead = 0;
    while (const Token* token = peek(ahead)) {
      if (token->kind != Kind::kVariable) return;
      names.push_back(token->text);
      if (sees(",", ahead + 1) && names.size() < 2) {
        ahead += 2;
        continue;
      }
      pipeline.declares = sees(":=", ahead + 1);
      if (!pipeline.declares && !sees("=", ahead + 1)) return;
      at_ += ahead + 2;
      pipeline.variables = std::move(names);
      return;
    }
  }

  Result<> commands(Pipeline& pipeline, std::size_t depth) {
    if (depth > kMostDepth) return bad("the format nests deeper than 64");
    do {
      Command command;
      while (peek() != nullptr && !sees("|") && !sees(")")) {
        TRY_SET(Operand operand, operand_here(depth));
        command.words.push_back(std::move(operand));
      }
      TRY(check(command));
      pipeline.commands.push_back(std::move(command));
    } while (skip("|"));
    return {};
  }

  Result<> check(const Command& command) const {
    if (command.words.empty())
      return bad("the format has nothing where a value belongs in " + where());
    const Operand& first = command.words.front();
    const bool called = first.kind == Operand::Kind::kFunction || !first.fields.empty();
    if (command.words.size() > 1 && !called)
      return bad("the format gives arguments to what takes none in " + where());
    return {};
  }

  bool skip(std::string_view sign) {
    if (!sees(sign)) return false;
    ++at_;
    return true;
  }

  Result<Operand> operand_here(std::size_t depth) {
    const Token& token = piece_->tokens[at_++];
    Operand operand;
    switch (token.kind) {
      case Kind::kDot:
        break;
      case Kind::kField:
        operand.fields.push_back(token.text);
        break;
      case Kind::kVariable:
        operand.kind = Operand::Kind::kVariable;
        operand.name = token.text;
        break;
      case Kind::kLiteral:
        operand.kind = Operand::Kind::kLiteral;
        operand.literal = token.literal;
        break;
      case Kind::kName:
        TRY(name_here(token.text, operand));
        break;
      case Kind::kSign:
        if (token.text != "(")
          return bad("the format has a stray " + shown(token) + " in " + where());
        operand.kind = Operand::Kind::kNested;
        operand.nested = std::make_shared<Pipeline>();
        TRY(commands(*operand.nested, depth + 1));
        if (!skip(")")) return bad("the format has a ( without its ) in " + where());
    }
    while (peek() != nullptr && peek()->kind == Kind::kField && peek()->joined)
      operand.fields.push_back(piece_->tokens[at_++].text);
    return operand;
  }

  static Result<> name_here(const std::string& name, Operand& operand) {
    operand.kind = Operand::Kind::kLiteral;
    if (name == "true" || name == "false") {
      operand.literal = name == "true";
    } else if (name != "nil") {
      if (!is_function(name))
        return bad("the format has " + quote(name) + ", which is no function");
      operand.kind = Operand::Kind::kFunction;
      operand.name = name;
    }
    return {};
  }

  const Piece* piece_;
  std::size_t at_;
};

// The pieces as nested nodes.
class TreeParser {
 public:
  explicit TreeParser(const std::vector<Piece>& pieces) : pieces_(&pieces) {}

  Result<std::vector<Node>> whole() {
    std::vector<Node> nodes;
    TRY(list(nodes, 0));
    if (at_ < pieces_->size())
      return bad("the format has " + quote("{{" + (*pieces_)[at_].text + "}}") +
                 " without a beginning");
    return nodes;
  }

 private:
  static std::string keyword(const Piece& piece) {
    const bool named = !piece.tokens.empty() && piece.tokens[0].kind == Token::Kind::kName;
    return piece.action && named ? piece.tokens[0].text : "";
  }

  // Up to an {{end}} or {{else}} of the block around it, which it leaves.
  Result<> list(std::vector<Node>& nodes, std::size_t depth) {
    if (depth > kMostDepth) return bad("the format nests deeper than 64");
    for (; at_ < pieces_->size(); ++at_) {
      const Piece& piece = (*pieces_)[at_];
      const std::string word = keyword(piece);
      if (word == "end" || word == "else") return {};
      Node node;
      if (!piece.action) {
        node.text = piece.text;
      } else if (word == "if" || word == "range" || word == "with") {
        TRY_SET(node, block(word, 1, depth));
      } else if (word == "define" || word == "template" || word == "block" || word == "break" ||
                 word == "continue") {
        return bad("the format uses {{" + word + "}}, which is not known here");
      } else {
        node.kind = Node::Kind::kOutput;
        TRY_SET(node.pipeline, PipelineParser(piece, 0).whole());
      }
      nodes.push_back(std::move(node));
    }
    return {};
  }

  // From its first piece to its {{end}}, both included except for the step over {{end}}.
  Result<Node> block(const std::string& word, std::size_t from, std::size_t depth) {
    Node node;
    node.kind = word == "if"      ? Node::Kind::kIf
                : word == "range" ? Node::Kind::kRange
                                  : Node::Kind::kWith;
    TRY_SET(node.pipeline, PipelineParser((*pieces_)[at_], from).whole());
    ++at_;
    TRY(list(node.body, depth + 1));
    if (at_ < pieces_->size() && keyword((*pieces_)[at_]) == "else") TRY(otherwise(node, depth));
    if (at_ >= pieces_->size()) return bad("the format has a {{" + word + "}} without its {{end}}");
    return node;
  }

  Result<> otherwise(Node& node, std::size_t depth) {
    const Piece& piece = (*pieces_)[at_];
    const bool chained =
        piece.tokens.size() > 1 && (piece.tokens[1].is(Token::Kind::kName, "if") ||
                                    piece.tokens[1].is(Token::Kind::kName, "with"));
    if (chained) {  // its {{end}} is ours
      if (depth + 1 > kMostDepth) return bad("the format nests deeper than 64");
      TRY_SET(Node inner, block(piece.tokens[1].text, 2, depth + 1));
      node.otherwise.push_back(std::move(inner));
      return {};
    }
    if (piece.tokens.size() > 1) return bad("the format has words behind {{else}}");
    ++at_;
    TRY(list(node.otherwise, depth + 1));
    if (at_ < pieces_->size() && keyword((*pieces_)[at_]) == "else")
      return bad("the format has a second {{else}} in one block");
    return {};
  }

  const std::vector<Piece>* pieces_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Node>> parse_template(std::string_view text) {
  if (text.size() > kMostBytes) return bad("the format has more than 64 KiB");
  TRY_SET(const std::vector<Piece> pieces, cut_template(text));
  return TreeParser(pieces).whole();
}

}  // namespace planet::format
