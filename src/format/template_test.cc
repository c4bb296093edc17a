#include "format/template.h"

#include <gtest/gtest.h>

#include <string>

namespace planet::format {
namespace {

const oci::json::value& data() {
  static const oci::json::value kData = oci::parse_json(R"({
    "Id": "f00", "Names": "web", "Size": 1234, "Cpu": 1.5, "Nothing": null, "Big": 18446744073709551615,
    "State": {"Running": true, "Pid": 7, "Error": ""},
    "Config": {"Labels": {"a.b": "c", "z": "y"}, "Cmd": ["sh", "-c", "true"]},
    "Mounts": [{"Source": "/a", "RW": true}, {"Source": "/b", "RW": false}],
    "Empty": [], "Label": {"com.x-y": "v"}, "Bad": "\u001b[2J\\n"})",
                                                        100000)
                                            .value();
  return kData;
}

std::string rendered(std::string_view text, Escape escape = Escape::kNone) {
  const auto parsed = Template::parse(text);
  if (!parsed) return "parse: " + parsed.error().to_string();
  const auto out = parsed->render(data(), escape);
  return out ? *out : "error: " + out.error().to_string();
}

struct Case {
  std::string text, expected;
};

// What Go's text/template makes of the same, but for the words of errors.
TEST(TemplateTest, IsWhatGoMakesOfIt) {
  const Case cases[] = {
      {"plain", "plain"},
      {"{{.Names}}", "web"},
      {"{{.Size}} {{.Cpu}} {{.Big}}", "1234 1.5 18446744073709551615"},
      {"{{.Nothing}}", "<no value>"},
      {"{{.State.Running}}/{{ .State.Pid }}", "true/7"},
      {"{{(.State).Pid}}", "7"},
      {"{{index .Config.Labels \"a.b\"}}", "c"},
      {"{{index .Config.Labels \"none\"}}|{{.Config.Labels.none}}", "|<no value>"},
      {"{{index .Config.Cmd 1}} {{index .Mounts 1 \"Source\"}}", "-c /b"},
      {"{{(index .Mounts 0).Source}}", "/a"},
      {"{{json .Config.Cmd}}", R"(["sh","-c","true"])"},
      {"{{.Config.Cmd}} {{.Config.Labels}}", "[sh -c true] map[a.b:c z:y]"},
      {"{{range .Mounts}}{{.Source}};{{end}}", "/a;/b;"},
      {"{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}}{{$.Id}} {{end}}", "0=/af00 1=/bf00 "},
      {"{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a.b=c z=y "},
      {"{{range $v := .Config.Cmd}}{{$v}}{{end}}", "sh-ctrue"},
      {"{{range .Empty}}x{{else}}none{{end}}", "none"},
      {"{{if .State.Running}}up{{else}}down{{end}}", "up"},
      {"{{if .State.Error}}e{{else if eq .Names \"web\"}}w{{else}}x{{end}}", "w"},
      {"{{with .State}}{{.Pid}}{{end}}{{with .Empty}}x{{else}}y{{end}}", "7y"},
      {"{{$x := .Names}}{{$x}}{{$x = \"other\"}}{{$x}}", "webother"},
      {"{{$n := 0}}{{range .Mounts}}{{$n = .Source}}{{end}}{{$n}}", "/b"},
      {"{{len .Config.Cmd}} {{len .Names}} {{len .State}}", "3 3 3"},
      {"{{join .Config.Cmd \",\"}}", "sh,-c,true"},
      {"{{range split \"a,b\" \",\"}}<{{.}}>{{end}}", "<a><b>"},
      {"{{upper .Names}} {{title \"a b\"}} {{lower \"ABC\"}}", "WEB A B abc"},
      {"{{.Names | upper | printf \"%s-%d\" | len}}",
       "error: printf in the format has more % than values"},
      {"{{.Names | printf \"%-5s|%s\" \"a\"}}", "a    |web"},
      {"{{printf \"%05d %x %q %v %t %.2f %%\" 42 255 \"a\" .Config.Cmd true .Cpu}}",
       "00042 ff \"a\" [sh -c true] true 1.50 %"},
      {"{{eq .Size 1234}} {{ne .Names \"x\"}} {{lt 1 2}} {{ge 1 2}} {{eq .Names \"a\" \"web\"}}",
       "true true true false true"},
      {"{{and .Size .Names}} {{or .Empty .Names}} {{not .Empty}}", "web web true"},
      {"{{and .Empty (index .Empty 5)}}", "[]"},
      {"{{slice .Names 1 2}} {{slice .Config.Cmd 2}}", "e [true]"},
      {"{{truncate .Names 2}}{{pad .Names 1 2}}|", "we web  |"},
      {"{{print 1 2 \"a\" \"b\"}} {{println 1 \"a\"}}", "1 2ab 1 a\n"},
      {"a {{- .Names -}} b", "awebb"},
      {"a {{/* why */}} b{{- /* x */ -}} c", "a  bc"},
      {"{{\"a\\tb\"}}{{`c\\d`}}", "a\tbc\\d"},
      {"{{.Label \"com.x-y\"}}", "v"},
      {"{{-1}} {{+2}} {{1.5}} {{true}}", "-1 2 1.5 true"},
  };
  for (const Case& one : cases) EXPECT_EQ(rendered(one.text), one.expected) << one.text;
}

TEST(TemplateTest, SaysWhatIsWrong) {
  const Case cases[] = {
      {"{{.Foo}}",
       "error: the format wants a field \"Foo\", and there is Id, Names, Size, Cpu, Nothing, "
       "Big, State, Config, Mounts, Empty, Label, Bad"},
      {"{{.Names.First}}", "error: the format wants field \"First\" of what has no fields"},
      {"{{nosuch .Id}}", "parse: the format has \"nosuch\", which is no function"},
      {"{{.Id", "parse: the format has a {{ without its }}"},
      {"{{if .Id}}x", "parse: the format has a {{if}} without its {{end}}"},
      {"{{end}}", "parse: the format has \"{{end}}\" without a beginning"},
      {"{{range .Mounts}}{{else}}{{else}}{{end}}",
       "parse: the format has a second {{else}} in one block"},
      {"{{(.Id}}", "parse: the format has a ( without its ) in \"{{(.Id}}\""},
      {"{{.Id)}}", "parse: the format has \")\" too much in \"{{.Id)}}\""},
      {"{{}}", "parse: the format has nothing where a value belongs in \"{{}}\""},
      {"{{\"a}}", "parse: the format has a string without its end"},
      {"{{\"a\" 1}}", "parse: the format gives arguments to what takes none in \"{{\"a\" 1}}\""},
      {"{{.Id 1}}", "error: the format gives arguments to what takes none"},
      {"{{$x}}", "error: the format has no variable \"$x\""},
      {"{{index .Mounts 2}}",
       "error: use the format: the format takes element 2 of a list that has 2"},
      {"{{range .Id}}{{end}}", "error: the format has a {{range}} over what is no list: \"f00\""},
      {"{{join .Id}}", "error: join in the format is given 1 argument"},
      {"{{eq .Id 1}}", "error: use the format: the format compares things of different kinds"},
      {"{{printf \"%y\" 1}}", "error: printf in the format has %y, which is not known here"},
      {"{{template \"x\"}}", "parse: the format uses {{template}}, which is not known here"},
      {"{{12ab}}", "parse: the format has \"12ab}}\", which is no number"},
  };
  for (const Case& one : cases) EXPECT_EQ(rendered(one.text), one.expected) << one.text;
}

TEST(TemplateTest, IsBounded) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{{if .Id}}";
  EXPECT_EQ(rendered(deep), "parse: the format nests deeper than 64");
  EXPECT_EQ(rendered("{{" + std::string(100, '(')), "parse: the format has a {{ without its }}");
  EXPECT_EQ(rendered("{{" + std::string(100, '(') + "}}"),
            "parse: the format nests deeper than 64");
  EXPECT_EQ(rendered(std::string(70000, 'x')), "parse: the format has more than 64 KiB");
  std::string doubling = "{{$x := \"0123456789\"}}";
  for (int i = 0; i < 60; ++i) doubling += "{{$x = printf \"%s%s\" $x $x}}";
  EXPECT_EQ(rendered(doubling), "error: the format makes too much work or text of one thing");
  std::string nested = "{{$c := .Config.Cmd}}";
  for (int i = 0; i < 40; ++i) nested += "{{range $c}}";
  for (int i = 0; i < 40; ++i) nested += "{{end}}";
  EXPECT_EQ(rendered(nested), "error: the format makes too much work or text of one thing");
}

TEST(TemplateTest, TerminalsAreNotObeyed) {
  EXPECT_EQ(rendered("{{.Bad}}"), "\x1b[2J\\n");
  EXPECT_EQ(rendered("a\tb{{.Bad}}", Escape::kLines), "a\tb\\x1b[2J\\n");
  EXPECT_EQ(rendered("{{println .Id}}", Escape::kLines), "f00\n");
  EXPECT_EQ(rendered("{{println .Id}}", Escape::kAll), "f00\\x0a");
}

}  // namespace
}  // namespace planet::format
