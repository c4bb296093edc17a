#include "registry/docker_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "oci/json.h"
#include "registry/base64.h"

namespace planet::registry {
namespace {

namespace stdfs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

Credentials user(const std::string& name, const std::string& password) {
  return {
      .username = name, .password = Secret(password), .identity_token = {}, .registry_token = {}};
}

std::string auths(const std::string& entries) {
  return R"({"auths":{)" + entries + "}}";
}
std::string entry(const std::string& server, const std::string& pair) {
  return "\"" + server + R"(":{"auth":")" + to_base64(pair) + "\"}";
}

TEST(ParseDockerConfig, ReadsEveryForm) {
  const auto config = parse_docker_config(R"({
    "auths": {
      "a": {"auth": "dTpwOnc="},
      "b": {"auth": "PHRva2VuPjo=", "identitytoken": "t"},
      "c": {"username": "u", "password": "p"},
      "d": {"registrytoken": "r", "email": "old"},
      "e": {},
      "f": {"auth": "dTpwAAA="}
    },
    "credsStore": "pass", "credHelpers": {"x.example": "ecr-login", "y": ""}, "psFormat": "table"})");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->auths.at("a"), user("u", "p:w"));
  EXPECT_EQ(config->auths.at("b").username, "<token>");
  EXPECT_EQ(config->auths.at("b").identity_token, Secret("t"));
  EXPECT_EQ(config->auths.at("c"), user("u", "p"));
  EXPECT_EQ(config->auths.at("d").registry_token, Secret("r"));
  EXPECT_EQ(config->auths.at("e"), Credentials{});
  EXPECT_EQ(config->auths.at("f"), user("u", "p"));
  EXPECT_EQ(config->credentials_store, "pass");
  EXPECT_EQ(config->credential_helpers.at("x.example"), "ecr-login");
  EXPECT_TRUE(parse_docker_config(" \n"));
}

struct BadCase {
  const char* text;
  const char* says;
};

const BadCase kBad[] = {
    {"[]", "expected an object"},
    {"{", "not valid JSON"},
    {R"({"auths":[]})", "auths is a list, expected an object"},
    {R"({"auths":{"a":"c2VjcmV0"}})", R"(auths["a"] is not an object)"},
    {R"({"auths":{"a":{"auth":"c2VjcmV0"}}})",
     R"(auths["a"].auth is not base64 of "name:password": log in)"},
    {R"({"auths":{"a":{"auth":"OnNlY3JldA=="}}})", "is not base64 of"},
    {R"({"auths":{"a":{"auth":"secret!"}}})", "is not base64 of"},
    {R"({"auths":{"a":{"auth":12345}}})", "auth is not a string"},
    {R"({"auths":{"a":{"password":["secret"]}}})", "password is not a string"},
    {R"({"auths":{"a":{"identitytoken":"secret\r\nX: y"}}})", "control character"},
    {R"({"auths":{"a":{},"a":{}}})", "twice"},
    {R"({"credsStore":"../../tmp/evil"})",
     "credsStore is \"../../tmp/evil\", expected a helper's name"},
    {R"({"credHelpers":{"a":"x;y"}})", R"(credHelpers["a"] is "x;y")"},
    {R"({"credHelpers":{"a":"x y"}})", "expected a helper's name"},
    {R"({"credsStore":7})", "credsStore is 7, expected a string"},
};

TEST(ParseDockerConfig, NamesWhatIsWrongAndShowsNoSecret) {
  for (const BadCase& c : kBad) {
    SCOPED_TRACE(c.text);
    const auto got = parse_docker_config(c.text);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(got.error().to_string(), HasSubstr(c.says));
    for (const char* secret : {"secret", "c2VjcmV0", "OnNlY3JldA", "12345"})
      EXPECT_THAT(got.error().to_string(), Not(HasSubstr(secret)));
  }
}

struct FindCase {
  const char* why;
  std::string text;
  const char* host;
  const char* password;  // null: none
};

const FindCase kFinds[] = {
    {"the Hub has a name of its own", auths(entry("https://index.docker.io/v1/", "u:p")),
     "docker.io", "p"},
    {"under its other name too", auths(entry("https://index.docker.io/v1/", "u:p")),
     "index.docker.io", "p"},
    {"podman's name for the Hub", auths(entry("docker.io", "u:p")), "docker.io", "p"},
    {"the plain host", auths(entry("ghcr.io", "u:p")), "ghcr.io", "p"},
    {"in any case", auths(entry("GHCR.io", "u:p")), "Ghcr.IO", "p"},
    {"an address", auths(entry("https://ghcr.io/v2/", "u:p")), "ghcr.io", "p"},
    {"the exact name before an address",
     auths(entry("https://a.io/v1/", "u:no") + "," + entry("a.io", "u:p")), "a.io", "p"},
    {"the Hub's exact name first",
     auths(entry("docker.io", "u:no") + "," + entry("https://index.docker.io/v1/", "u:p")),
     "docker.io", "p"},
    {"with its port", auths(entry("localhost:5000", "u:p")), "localhost:5000", "p"},
    {"another port is another server", auths(entry("localhost:5000", "u:p")), "localhost:5001",
     nullptr},
    {"no port is another server", auths(entry("localhost:5000", "u:p")), "localhost", nullptr},
    {"a host that only begins so", auths(entry("docker.io", "u:p")), "docker.io.evil.example",
     nullptr},
    {"a host that only ends so", auths(entry("ghcr.io", "u:p")), "evilghcr.io", nullptr},
    {"a subdomain", auths(entry("ghcr.io", "u:p")), "x.ghcr.io", nullptr},
    {"a name before an @ is no host", auths(entry("https://ghcr.io@evil.example/", "u:p")),
     "ghcr.io", nullptr},
    {"the Hub's login is not the others'", auths(entry("https://index.docker.io/v1/", "u:p")),
     "quay.io", nullptr},
    {"an empty entry", R"({"auths":{"a":{}}})", "a", nullptr},
    {"an empty name means the file",
     R"({"credsStore":"pass","credHelpers":{"a":""},"auths":{)" + entry("a", "u:p") + "}}", "a",
     "p"},
};

TEST(FindLogin, FollowsDockersRules) {
  for (const FindCase& c : kFinds) {
    SCOPED_TRACE(c.why);
    const auto config = parse_docker_config(c.text);
    ASSERT_TRUE(config) << config.error().to_string();
    const Login login = find_login(*config, c.host);
    EXPECT_EQ(login.helper, "");
    ASSERT_EQ(login.credentials.has_value(), c.password != nullptr);
    if (c.password != nullptr) {
      EXPECT_EQ(login.credentials->password.reveal(), c.password);
    }
  }
}

TEST(FindLogin, HelpersGoFirst) {
  const auto config = parse_docker_config(
      R"({"credsStore":"pass","credHelpers":{"e.example":"ecr-login","https://index.docker.io/v1/":"hub"},"auths":{)" +
      entry("e.example", "u:p") + "}}");
  ASSERT_TRUE(config);
  EXPECT_EQ(find_login(*config, "e.example").helper, "docker-credential-ecr-login");
  EXPECT_FALSE(find_login(*config, "e.example").credentials);
  EXPECT_EQ(find_login(*config, "docker.io").helper, "docker-credential-hub");
  EXPECT_EQ(find_login(*config, "docker.io").server, "https://index.docker.io/v1/");
  EXPECT_EQ(find_login(*config, "quay.io").helper, "docker-credential-pass");
}

class DockerConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/planet-login-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    file_ = top_ / ".docker/config.json";
  }
  void TearDown() override { stdfs::remove_all(top_); }

  static std::string content(const stdfs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  static unsigned mode(const stdfs::path& path) {
    struct stat st{};
    EXPECT_EQ(::stat(path.c_str(), &st), 0);
    return st.st_mode & 07777U;
  }
  void write(const std::string& text) {
    stdfs::create_directories(file_.parent_path());
    std::ofstream(file_) << text;
  }

  stdfs::path top_, file_;
};

TEST_F(DockerConfigFile, IsMadeForItsOwnerAlone) {
  EXPECT_TRUE(read_docker_config(file_)->auths.empty());
  const mode_t old = ::umask(0);
  const auto saved = save_login(file_, "ghcr.io", user("u", "p"));
  ::umask(old);
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_EQ(mode(file_), 0600U);
  EXPECT_EQ(mode(file_.parent_path()), 0700U);
  EXPECT_EQ(content(file_),
            "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n");
  EXPECT_EQ(find_login(*read_docker_config(file_), "ghcr.io").credentials, user("u", "p"));
}

TEST_F(DockerConfigFile, KeepsWhatIsNotOurs) {
  const char* const old =
      R"({"z":[1,{"y":null}],"auths":{"b.io":{"auth":"dTpw","email":"e@b"},"a.io":{"auth":"eDp5"}},"HttpHeaders":{"k":"v"}})";
  write(old);
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  ASSERT_TRUE(save_login(file_, "b.io", user("new", "pw")));
  EXPECT_EQ(mode(file_), 0600U);
  auto want = *oci::parse_json(old, 4096);
  want.at("auths").at("b.io").as_object()["auth"] = to_base64("new:pw").c_str();
  EXPECT_EQ(*oci::parse_json(content(file_), 4096), want);
  EXPECT_TRUE(*remove_login(file_, "b.io"));
  want.at("auths").as_object().erase("b.io");
  EXPECT_EQ(*oci::parse_json(content(file_), 4096), want);
}

TEST_F(DockerConfigFile, ALoginReplacesTheOneBefore) {
  write(
      R"({"auths":{"a.io":{"username":"x","password":"y","identitytoken":"t","registrytoken":"r"}}})");
  Credentials token = user("u", "");
  token.identity_token = Secret("new");
  ASSERT_TRUE(save_login(file_, "a.io", token));
  EXPECT_EQ(read_docker_config(file_)->auths.at("a.io"), token);
}

TEST_F(DockerConfigFile, LogoutTakesEveryNameOfTheServer) {
  write(auths(entry("docker.io", "u:p") + "," + entry("https://index.docker.io/v1/", "u:p") + "," +
              entry("b", "u:p")));
  EXPECT_TRUE(*remove_login(file_, "docker.io"));
  EXPECT_FALSE(find_login(*read_docker_config(file_), "docker.io").credentials);
  EXPECT_TRUE(find_login(*read_docker_config(file_), "b").credentials);
  const std::string before = content(file_);
  EXPECT_FALSE(*remove_login(file_, "docker.io"));
  EXPECT_EQ(content(file_), before);
}

TEST_F(DockerConfigFile, FollowsALink) {
  stdfs::create_directories(top_ / "dotfiles");
  stdfs::create_directories(file_.parent_path());
  stdfs::create_symlink("../dotfiles/docker.json", file_);
  ASSERT_TRUE(save_login(file_, "a.io", user("u", "p")));
  EXPECT_TRUE(stdfs::is_symlink(file_));
  EXPECT_THAT(content(top_ / "dotfiles/docker.json"), HasSubstr("a.io"));
  stdfs::remove(file_);
  stdfs::create_symlink("config.json", file_);
  EXPECT_FALSE(save_login(file_, "a.io", user("u", "p")));
}

TEST_F(DockerConfigFile, ABadFileIsLeftAsItIs) {
  write("{\"auths\":{\"a\":{\"auth\":\"!\"}}");
  const std::string before = content(file_);
  const auto saved = save_login(file_, "a.io", user("u", "p"));
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().to_string(), HasSubstr(file_.string()));
  EXPECT_FALSE(remove_login(file_, "a"));
  EXPECT_FALSE(read_docker_config(file_));
  EXPECT_EQ(content(file_), before);
  EXPECT_EQ(std::distance(stdfs::directory_iterator(file_.parent_path()), {}), 1);
}

TEST_F(DockerConfigFile, RefusesToLoseANumber) {
  write(R"({"n":1e400})");
  const auto saved = save_login(file_, "a.io", user("u", "p"));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code(), Code::kUnsupported);
  EXPECT_EQ(content(file_), R"({"n":1e400})");
}

TEST_F(DockerConfigFile, RefusesANameThatWouldBeReadAsAnother) {
  EXPECT_FALSE(save_login(file_, "a.io", user("u:x", "p")));
  EXPECT_FALSE(save_login(file_, "a.io", user("u\nx", "p")));
  EXPECT_FALSE(stdfs::exists(file_));
}

// Two logins at once: neither is lost.
TEST_F(DockerConfigFile, WritersWaitForEachOther) {
  const auto log_in = [&](const std::string& prefix) {
    for (int i = 0; i < 20; ++i)
      EXPECT_TRUE(save_login(file_, prefix + std::to_string(i) + ".io", user("u", "p")));
  };
  std::thread other(log_in, "a");
  log_in("b");
  other.join();
  EXPECT_EQ(read_docker_config(file_)->auths.size(), 40U);
}

}  // namespace
}  // namespace planet::registry
