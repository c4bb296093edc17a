#include "engine/image_change.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

namespace json = oci::json;

struct ChangeCase {
  const char* why;
  const char* before;
  const char* line;
  const char* after;  // none: refused
};

const ChangeCase kChanges[] = {
    {"a command by the shell", "{}", "CMD echo hi", R"({"Cmd":["/bin/sh","-c","echo hi"]})"},
    {"a list is executed as it is", "{}", R"(cmd ["a", "b c"])", R"({"Cmd":["a","b c"]})"},
    {"what is no list of words is for the shell", "{}", "CMD [1]",
     R"({"Cmd":["/bin/sh","-c","[1]"]})"},
    {"entrypoint", R"({"Cmd":["x"]})", R"(ENTRYPOINT ["/x"])",
     R"({"Cmd":["x"],"Entrypoint":["/x"]})"},
    {"variables", R"({"Env":["A=1","B=2"]})", R"(ENV B=3 C="4 5" D='6' E=7\ 8)",
     R"({"Env":["A=1","B=3","C=4 5","D=6","E=7 8"]})"},
    {"one variable, as once", "{}", "ENV A b  c", R"({"Env":["A=b  c"]})"},
    {"a variable without a value", "{}", "ENV A", nullptr},
    {"a variable without a name", "{}", "ENV A=1 =2", nullptr},
    {"an open quote", "{}", "ENV A=\"1", nullptr},
    {"labels", R"({"Labels":null})", "LABEL a=1 b=2", R"({"Labels":{"a":"1","b":"2"}})"},
    {"ports", "{}", "EXPOSE 80 53/udp 8000-8001",
     R"({"ExposedPorts":{"80/tcp":{},"53/udp":{},"8000/tcp":{},"8001/tcp":{}}})"},
    {"no port", "{}", "EXPOSE abc", nullptr},
    {"a port that is none", "{}", "EXPOSE 65536", nullptr},
    {"ports backwards", "{}", "EXPOSE 9-8", nullptr},
    {"another protocol", "{}", "EXPOSE 80/http", nullptr},
    {"user", "{}", "USER 5:6", R"({"User":"5:6"})"},
    {"two users", "{}", "USER a b", nullptr},
    {"work directory", R"({"WorkingDir":"/a"})", "WORKDIR b", R"({"WorkingDir":"/a/b"})"},
    {"an absolute one", R"({"WorkingDir":"/a"})", "WORKDIR /b", R"({"WorkingDir":"/b"})"},
    {"volumes", "{}", "VOLUME /a /b", R"({"Volumes":{"/a":{},"/b":{}}})"},
    {"volumes as a list", "{}", R"(VOLUME ["/a b"])", R"({"Volumes":{"/a b":{}}})"},
    {"onbuild", R"({"OnBuild":["RUN a"]})", "ONBUILD RUN b", R"({"OnBuild":["RUN a","RUN b"]})"},
    {"stop signal", "{}", "STOPSIGNAL SIGTERM", R"({"StopSignal":"SIGTERM"})"},
    {"no signal", "{}", "STOPSIGNAL SIGFOO", nullptr},
    {"health", "{}", "HEALTHCHECK --interval=5s --retries=3 CMD true",
     R"({"Healthcheck":{"Interval":5000000000,"Retries":3,"Test":["CMD-SHELL","true"]}})"},
    {"health as a list", "{}", R"(HEALTHCHECK CMD ["a"])",
     R"({"Healthcheck":{"Test":["CMD","a"]}})"},
    {"no health", "{}", "HEALTHCHECK NONE", R"({"Healthcheck":{"Test":["NONE"]}})"},
    {"health without a command", "{}", "HEALTHCHECK --interval=5s", nullptr},
    {"health with an interval of nothing", "{}", "HEALTHCHECK --interval=1ns CMD a", nullptr},
    {"health with another option", "{}", "HEALTHCHECK --x=1 CMD a", nullptr},
    {"another instruction", "{}", "RUN rm -rf /", nullptr},
    {"nothing", "{}", "", nullptr},
    {"nothing behind it", "{}", "CMD", nullptr},
    {"two lines", "{}", "USER a\nUSER b", nullptr},
    {"no text", "{}", "USER \xff", nullptr},
};

TEST(ImageChange, AsADockerfileHasThem) {
  for (const ChangeCase& c : kChanges) {
    SCOPED_TRACE(c.why);
    auto config = oci::parse_json(c.before, 1000);
    ASSERT_TRUE(config);
    const Result<> changed = apply_change(c.line, config->get_object());
    ASSERT_EQ(changed.has_value(), c.after != nullptr)
        << (changed ? oci::to_text(*config) : changed.error().to_string());
    if (c.after == nullptr) continue;
    EXPECT_EQ(*config, *oci::parse_json(c.after, 1000)) << oci::to_text(*config);
  }
}

}  // namespace
}  // namespace planet::engine
