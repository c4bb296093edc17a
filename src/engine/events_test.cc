#include "engine/events.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "sys/file.h"

namespace planet::engine {
namespace {

Event some_event(std::string action = "start") {
  return {.type = "container",
          .action = std::move(action),
          .id = std::string(64, 'a'),
          .attributes = {{"image", "busybox:1.36"}, {"name", "web"}, {"tier", "front"}},
          .time = 1'700'000'000'123'456'789};
}

TEST(Event, ComesBackAsItWas) {
  Event event = some_event();
  event.attributes["odd"] = "a\nb\"\\\x01\xc3\xa9 \xff";
  const std::string line = encode_event(event);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto back = decode_event(line);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, event);
}

TEST(Event, IsNoneOfWhatIsNone) {
  for (const char* line : {"", "{}", "garbage", "{\"type\":\"container\"", "[1]",
                           R"({"type":"container","action":"","id":"x","time":1})",
                           R"({"type":"container","action":"x","id":"x","time":"now"})"})
    EXPECT_FALSE(decode_event(line)) << line;
}

TEST(Event, DoesWithoutLabelsThatAreTooLong) {
  Event event = some_event();
  event.attributes["large"] = std::string(100'000, 'x');
  const auto back = decode_event(encode_event(event));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->attributes, some_event().attributes);
}

TEST(Event, HasTheShapeOfDocker) {
  EXPECT_EQ(oci::to_text(event_json(some_event())),
            R"({"status":"start","id":")" + std::string(64, 'a') +
                R"(","from":"busybox:1.36","Type":"container","Action":"start","Actor":{"ID":")" +
                std::string(64, 'a') +
                R"(","Attributes":{"image":"busybox:1.36","name":"web","tier":"front"}},)"
                R"("scope":"local","time":1700000000,"timeNano":1700000000123456789})");
}

struct FilterCase {
  std::vector<std::string> filters;
  bool fits;
};

TEST(NetworkEvents, AreDockers) {
  network::Network web;
  web.id = std::string(64, 'a');
  web.name = "web";
  const Event event = network_event("create", web);
  EXPECT_EQ(decode_event(encode_event(event)), event);
  const oci::json::object shown = event_json(event);
  EXPECT_EQ(shown.at("Type"), "network");
  EXPECT_EQ(shown.at("Actor").at("ID"), oci::json::string(web.id));
  EXPECT_EQ(shown.at("Actor").at("Attributes").at("type"), "bridge");
  EXPECT_FALSE(shown.contains("status"));  // it is younger than those
  for (const char* fits : {"network=web", "network=aaa", "type=network", "event=create"})
    EXPECT_TRUE(fits_event(event, *parse_event_filters({fits}))) << fits;
  for (const char* not_it : {"network=other", "container=web", "volume=web", "type=volume"})
    EXPECT_FALSE(fits_event(event, *parse_event_filters({not_it}))) << not_it;
  const Event joined = connection_event("connect", web, "c1");
  EXPECT_EQ(joined.attributes,
            (Attributes{{"container", "c1"}, {"name", "web"}, {"type", "bridge"}}));
  EXPECT_FALSE(fits_event(joined, *parse_event_filters({"container=c1"})));  // as with docker
}

TEST(EventFilters, AreThoseOfDocker) {
  const Event health = some_event("health_status: healthy");
  const FilterCase cases[] = {{{"type=container"}, true},
                              {{"type=image"}, false},
                              {{"type=image", "type=container"}, true},
                              {{"container=web"}, true},
                              {{"container=aaaa"}, true},
                              {{"container=other"}, false},
                              {{"image=busybox"}, true},
                              {{"image=busybox:1.36"}, true},
                              {{"image=busybox:1.37"}, false},
                              {{"event=health_status"}, true},
                              {{"event=health_status: healthy"}, true},
                              {{"event=health"}, false},
                              {{"label=tier"}, true},
                              {{"label=tier=front"}, true},
                              {{"label=tier=back"}, false},
                              {{"volume=web"}, false},
                              {{"network=web"}, false},
                              {{"type=container", "event=start"}, false}};
  for (const FilterCase& c : cases) {
    const auto filters = parse_event_filters(c.filters);
    ASSERT_TRUE(filters) << c.filters.front();
    EXPECT_EQ(fits_event(health, *filters), c.fits) << c.filters.front();
  }
  EXPECT_FALSE(parse_event_filters({"colour=red"}));
}

class EventsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/planet-events-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    auto places = Places::open(path + "/root", path + "/run");
    ASSERT_TRUE(places);
    places_.emplace(*std::move(places));
  }
  void TearDown() override { std::filesystem::remove_all(top_); }

  std::vector<std::string> actions() {
    EventQuery query;
    query.since = 0;
    query.until = format::now();
    std::vector<std::string> seen;
    EXPECT_TRUE(watch_events(*places_, query, [&](const Event& event) {
      seen.push_back(event.action);
      return Result<>();
    }));
    return seen;
  }
  std::filesystem::path file(const char* name) const { return top_ / "run" / name; }

  std::filesystem::path top_;
  std::optional<Places> places_;
};

TEST_F(EventsTest, AreToldInTheOrderOfTime) {
  Event late = some_event("late");
  Event early = some_event("early");
  early.time -= 5;
  note_events(*places_, std::vector{late, early});
  EXPECT_EQ(actions(), (std::vector<std::string>{"early", "late"}));
}

TEST_F(EventsTest, ALineThatWasCutOffSpoilsNoOther) {
  note_event(*places_, some_event("one"));
  {
    const auto fd = sys::open_at(places_->run_dir.borrow(), "events", O_WRONLY | O_APPEND);
    ASSERT_TRUE(fd);
    ASSERT_TRUE(sys::write_all(fd->borrow(), "\n{\"type\":\"container\",\"act"));
  }
  note_event(*places_, some_event("two"));
  EXPECT_EQ(actions(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(EventsTest, AFullFileIsExchanged) {
  Event event = some_event("many");
  event.attributes["filling"] = std::string(1000, 'x');
  constexpr int kMany = 2500;
  for (int i = 0; i < kMany; ++i) note_event(*places_, event);
  EXPECT_LT(std::filesystem::file_size(file("events")), 1U << 20);
  EXPECT_LT(std::filesystem::file_size(file("events.1")), (1U << 20) + 2000);
  EXPECT_GT(actions().size(), 800U);
}

// Two files that are read, and one more that comes while nobody looks.
TEST_F(EventsTest, NoneIsLostWhenTheFileIsExchanged) {
  EventQuery query;
  query.until = format::now() + format::kSecond;
  int seen = 0;
  bool exchanged = false;
  note_event(*places_, some_event("before"));
  Event event = some_event("more");
  event.time = format::now();
  note_event(*places_, event);
  query.since = event.time;
  EXPECT_TRUE(watch_events(*places_, query, [&](const Event& /*event*/) {
    ++seen;
    if (std::exchange(exchanged, true)) return Result<>();
    std::filesystem::rename(file("events"), file("events.1"));
    note_event(*places_, event);
    note_event(*places_, event);
    return Result<>();
  }));
  EXPECT_EQ(seen, 3);
}

TEST_F(EventsTest, NothingThatWasPlantedIsWrittenThrough) {
  std::filesystem::create_symlink(top_ / "target", file("events"));
  note_event(*places_, some_event());
  EXPECT_FALSE(std::filesystem::exists(top_ / "target"));
}

}  // namespace
}  // namespace planet::engine
