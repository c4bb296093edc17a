#include "cgroup/systemd.h"

#include <dbus/dbus.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "base/strings.h"
#include "sys/process.h"

// The library is built to take over sockets from systemd, which only its servers do. These stand for libsystemd, of which
// Debian has no static version.
extern "C" int sd_listen_fds(int /*unset_environment*/) {
  return 0;
}
extern "C" int sd_is_socket(int /*fd*/, int /*family*/, int /*type*/, int /*listening*/) {
  return 0;
}

namespace planet::cgroup {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kObject = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
constexpr int kPatience = 30'000;  // milliseconds, as long as systemd's own tools wait

struct Unref {
  void operator()(DBusMessage* message) const { dbus_message_unref(message); }
};
using Message = std::unique_ptr<DBusMessage, Unref>;

// libdbus's out parameter for errors.
class Trouble {
 public:
  Trouble() { dbus_error_init(&error_); }
  ~Trouble() { dbus_error_free(&error_); }
  Trouble(const Trouble&) = delete;
  Trouble& operator=(const Trouble&) = delete;
  Trouble(Trouble&&) = delete;
  Trouble& operator=(Trouble&&) = delete;
  DBusError* out() { return &error_; }
  std::string_view name() const { return error_.name == nullptr ? "" : error_.name; }
  std::unexpected<Error> as_error() const {
    const bool exists = name() == "org.freedesktop.systemd1.UnitExists";
    const bool absent = name() == "org.freedesktop.systemd1.NoSuchUnit";
    return fail(
        exists   ? Code::kAlreadyExists
        : absent ? Code::kNotFound
                 : Code::kSystem,
        "systemd: " + std::string(error_.message == nullptr ? "no memory" : error_.message));
  }

 private:
  DBusError error_{};
};

// ---- Writing. The library fails only for want of memory, where it is no use to go on. -------------------------

class Writer {
 public:
  explicit Writer(DBusMessage* message) { dbus_message_iter_init_append(message, &iter_); }

  void text(const std::string& value) {
    const char* bytes = value.c_str();
    dbus_message_iter_append_basic(&iter_, DBUS_TYPE_STRING, static_cast<const void*>(&bytes));
  }
  void flag(bool value) {
    const dbus_bool_t word = value ? 1 : 0;
    dbus_message_iter_append_basic(&iter_, DBUS_TYPE_BOOLEAN, &word);
  }

  // a(sv)
  void properties(const std::vector<Property>& properties) {
    Writer array = open(DBUS_TYPE_ARRAY, "(sv)");
    for (const Property& property : properties) {
      Writer pair = array.open(DBUS_TYPE_STRUCT, nullptr);
      pair.text(property.name);
      std::visit([&](const auto& value) { pair.variant(value); }, property.value);
      array.close(pair);
    }
    close(array);
  }
  // a(sa(sv)): the units that come with it, none.
  void no_units() {
    Writer array = open(DBUS_TYPE_ARRAY, "(sa(sv))");
    close(array);
  }

 private:
  Writer() = default;
  Writer open(int type, const char* contains) {
    Writer inner;
    dbus_message_iter_open_container(&iter_, type, contains, &inner.iter_);
    return inner;
  }
  void close(Writer& inner) { dbus_message_iter_close_container(&iter_, &inner.iter_); }

  template <class T>
  void basic_variant(const char* signature, int type, const T& value) {
    Writer inner = open(DBUS_TYPE_VARIANT, signature);
    dbus_message_iter_append_basic(&inner.iter_, type, &value);
    close(inner);
  }
  template <class T>
  void array_variant(const char* signature, const char* element, int type,
                     const std::vector<T>& values) {
    Writer inner = open(DBUS_TYPE_VARIANT, signature);
    Writer array = inner.open(DBUS_TYPE_ARRAY, element);
    const T* first = values.data();
    dbus_message_iter_append_fixed_array(&array.iter_, type, static_cast<const void*>(&first),
                                         static_cast<int>(values.size()));
    inner.close(array);
    close(inner);
  }
  void variant(bool value) {
    const dbus_bool_t word = value ? 1 : 0;
    basic_variant("b", DBUS_TYPE_BOOLEAN, word);
  }
  void variant(std::int32_t value) { basic_variant("i", DBUS_TYPE_INT32, value); }
  void variant(std::uint32_t value) { basic_variant("u", DBUS_TYPE_UINT32, value); }
  void variant(std::uint64_t value) { basic_variant("t", DBUS_TYPE_UINT64, value); }
  void variant(const std::string& value) {
    Writer inner = open(DBUS_TYPE_VARIANT, "s");
    inner.text(value);
    close(inner);
  }
  void variant(const std::vector<std::uint32_t>& value) {
    array_variant("au", "u", DBUS_TYPE_UINT32, value);
  }
  void variant(const std::vector<std::uint8_t>& value) {
    array_variant("ay", "y", DBUS_TYPE_BYTE, value);
  }

  DBusMessageIter iter_{};
};

// ---- Asking. --------------------------------------------------------------------------------------------------

Message call_of(const char* interface, const char* method) {
  return Message(dbus_message_new_method_call(kService, kObject, interface, method));
}

// The reply; `trouble` keeps systemd's name of the error.
Message ask(DBusConnection* connection, const Message& call, Trouble& trouble) {
  return Message(
      dbus_connection_send_with_reply_and_block(connection, call.get(), kPatience, trouble.out()));
}

Result<Message> ask(DBusConnection* connection, const Message& call) {
  Trouble trouble;
  Message reply = ask(connection, call, trouble);
  if (!reply) return trouble.as_error();
  return reply;
}

// The first basic argument of `type`, from inside of a variant if it is in one.
std::string text_of(DBusMessage* message, int type) {
  DBusMessageIter iter;
  if (dbus_message_iter_init(message, &iter) == 0) return {};
  DBusMessageIter inner = iter;
  if (dbus_message_iter_get_arg_type(&iter) == DBUS_TYPE_VARIANT)
    dbus_message_iter_recurse(&iter, &inner);
  if (dbus_message_iter_get_arg_type(&inner) != type) return {};
  const char* text = nullptr;
  dbus_message_iter_get_basic(&inner, static_cast<void*>(&text));
  return text;
}

struct JobEnd {
  std::string job, result;
};

// JobRemoved(u id, o job, s unit, s result).
std::optional<JobEnd> job_end(DBusMessage* message) {
  if (dbus_message_is_signal(message, kManager, "JobRemoved") == 0) return std::nullopt;
  dbus_uint32_t id = 0;
  const char* job = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  Trouble trouble;
  if (dbus_message_get_args(message, trouble.out(), DBUS_TYPE_UINT32, &id, DBUS_TYPE_OBJECT_PATH,
                            &job, DBUS_TYPE_STRING, &unit, DBUS_TYPE_STRING, &result,
                            DBUS_TYPE_INVALID) == 0)
    return std::nullopt;
  return JobEnd{.job = job, .result = result};
}

Result<> judge(const JobEnd& end, const std::string& unit) {
  if (end.result == "done") return {};
  return fail(Code::kSystem, "systemd: the job for " + unit + " ended with \"" + end.result +
                                 "\"; journalctl -u " + unit + " may say more");
}

struct Address {
  std::string at;
  bool bus;  // or the manager's private socket, where nobody stands between
};

std::vector<Address> addresses_of(Systemd::Whose whose) {
  if (whose == Systemd::Whose::kSystem)
    return {{.at = "unix:path=/run/systemd/private", .bus = false},
            {.at = "unix:path=/run/dbus/system_bus_socket", .bus = true}};
  std::vector<Address> addresses;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR")) {
    addresses.push_back(
        {.at = "unix:path=" + std::string(runtime) + "/systemd/private", .bus = false});
    addresses.push_back({.at = "unix:path=" + std::string(runtime) + "/bus", .bus = true});
  }
  if (const char* session = std::getenv("DBUS_SESSION_BUS_ADDRESS"))
    addresses.push_back({.at = session, .bus = true});
  return addresses;
}

}  // namespace

void Systemd::Close::operator()(DBusConnection* connection) const {
  dbus_connection_close(connection);
  dbus_connection_unref(connection);
}

Result<Systemd> Systemd::connect(Whose whose) {
  std::string tried;
  for (const Address& address : addresses_of(whose)) {
    Trouble trouble;
    DBusConnection* opened = dbus_connection_open_private(address.at.c_str(), trouble.out());
    if (opened == nullptr) {
      tried += (tried.empty() ? "" : ", ") + address.at;
      continue;
    }
    Systemd systemd(opened);
    dbus_connection_set_exit_on_disconnect(opened, 0);
    if (address.bus) {
      if (dbus_bus_register(opened, trouble.out()) == 0) return trouble.as_error();
      dbus_bus_add_match(opened,
                         "type='signal',interface='org.freedesktop.systemd1.Manager',"
                         "member='JobRemoved'",
                         trouble.out());
      // Without it systemd sends no signals over a bus.
      TRY(ask(opened, call_of(kManager, "Subscribe")), "subscribe");
    }
    return systemd;
  }
  return fail(Code::kNotFound, "no systemd answers here (tried " +
                                   (tried.empty() ? "$XDG_RUNTIME_DIR, which is not set" : tried) +
                                   "); leave --systemd-cgroup out, and groups are made directly");
}

Result<std::string> Systemd::root_group() {
  const Message call = call_of(kProperties, "Get");
  Writer writer(call.get());
  writer.text(kManager);
  writer.text("ControlGroup");
  TRY_SET(const Message reply, ask(connection_.get(), call));
  const std::string group = text_of(reply.get(), DBUS_TYPE_STRING);
  // Units of the system are beside its own "/init.scope", those of a user below the user's manager.
  constexpr std::string_view kInit = "/init.scope";
  return group.ends_with(kInit) ? group.substr(0, group.size() - kInit.size()) : group;
}

Result<> Systemd::finish(const std::string& job, const std::string& unit) {
  const std::int64_t deadline = sys::monotonic_ns() + std::int64_t{kPatience} * 1'000'000;
  while (sys::monotonic_ns() < deadline) {
    while (const Message message{dbus_connection_pop_message(connection_.get())}) {
      const auto end = job_end(message.get());
      if (end && end->job == job) return judge(*end, unit);
    }
    constexpr int kSlice = 200;
    if (dbus_connection_read_write(connection_.get(), kSlice) == 0)
      return fail(Code::kSystem, "systemd closed the connection");
  }
  return fail(Code::kSystem, "systemd has not finished the job for " + unit + " in 30 seconds");
}

Result<> Systemd::start(const Scope& scope, pid_t process, std::vector<Property> properties) {
  properties.push_back({"Description", "planet container " + scope.unit});
  properties.push_back({"DefaultDependencies", false});
  for (const char* account : {"MemoryAccounting", "CPUAccounting", "TasksAccounting"})
    properties.push_back({account, true});
  if (!scope.unit.ends_with(".slice")) {
    properties.push_back({"Slice", scope.slice});
    properties.push_back({"Delegate", true});
    properties.push_back({"PIDs", std::vector{static_cast<std::uint32_t>(process)}});
  }
  for (const bool again : {false, true}) {
    const Message call = call_of(kManager, "StartTransientUnit");
    Writer writer(call.get());
    writer.text(scope.unit);
    writer.text("replace");
    writer.properties(properties);
    writer.no_units();
    Trouble trouble;
    const Message reply = ask(connection_.get(), call, trouble);
    if (reply) return finish(text_of(reply.get(), DBUS_TYPE_OBJECT_PATH), scope.unit);
    // One that has failed is still there, until somebody forgets it.
    if (trouble.name() != "org.freedesktop.systemd1.UnitExists" || again) return trouble.as_error();
    const Message forget = call_of(kManager, "ResetFailedUnit");
    Writer(forget.get()).text(scope.unit);
    (void)ask(connection_.get(), forget);
  }
  return {};
}

Result<> Systemd::set(const std::string& unit, const std::vector<Property>& properties) {
  const Message call = call_of(kManager, "SetUnitProperties");
  Writer writer(call.get());
  writer.text(unit);
  writer.flag(true);  // until the next boot
  writer.properties(properties);
  TRY(ask(connection_.get(), call));
  return {};
}

Result<> Systemd::stop(const std::string& unit) {
  const Message call = call_of(kManager, "StopUnit");
  Writer writer(call.get());
  writer.text(unit);
  writer.text("replace");
  const auto reply = ask(connection_.get(), call);
  if (!reply && reply.error().code() != Code::kNotFound) return std::unexpected(reply.error());
  if (reply) TRY(finish(text_of(reply->get(), DBUS_TYPE_OBJECT_PATH), unit));
  const Message forget = call_of(kManager, "ResetFailedUnit");
  Writer(forget.get()).text(unit);
  (void)ask(connection_.get(), forget);  // usually it has not failed, and is gone
  return {};
}

}  // namespace planet::cgroup
