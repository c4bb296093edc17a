// planet-runtime checkpoint, restore: there, with the flags that engines give, to say no in a sentence.
#include "cli.h"

namespace planet::cli {
namespace {

void add_refused(CLI::App& app, std::vector<Command>& commands, const char* name,
                 const char* sentence) {
  CLI::App* command = app.add_subcommand(name, "refused by this version");
  command->allow_extras();  // runc's flags, whatever they are
  commands.push_back({command, [sentence](const Global&) -> Result<int> {
                        return fail(Code::kUnsupported, sentence);
                      }});
}

}  // namespace

void add_checkpoint_commands(CLI::App& app, std::vector<Command>& commands) {
  add_refused(app, commands, "checkpoint",
              "checkpoint is not supported by this version: the container goes on unchanged; stop "
              "it, and start it anew where it is to go on");
  add_refused(app, commands, "restore",
              "restore is not supported by this version: nothing was made; start the container "
              "from its bundle with run");
}

}  // namespace planet::cli
