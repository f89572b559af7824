// The command line and the file of `tidewire serve`.
#include "serve_flags.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace tidewire::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class ServeFlags : public testing::Test {
 protected:
  ~ServeFlags() override { std::remove(path_.c_str()); }

  void write(const std::string& text) { std::ofstream(path_) << text; }
  Result<ServeOptions> parse(std::vector<std::string> flags) const {
    std::vector<const char*> argv{"tidewire", "serve"};
    for (const std::string& flag : flags) argv.push_back(flag.c_str());
    return parse_serve(static_cast<int>(argv.size()), argv.data());
  }
  // With the file.
  ServeOptions read(std::vector<std::string> flags = {}) const {
    flags.insert(flags.end(), {"--config", path_});
    const auto options = parse(std::move(flags));
    EXPECT_TRUE(options) << options.error().message;
    return options ? *options : ServeOptions{};
  }
  std::string error(const std::string& text) {
    write(text);
    const auto options = parse({"--config", path_});
    return options ? "no error" : options.error().message;
  }

  std::string path_ = testing::TempDir() + "tidewire_flags_" + std::to_string(getpid()) + ".conf";
};

TEST_F(ServeFlags, HaveTheirDefaults) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->listen, "127.0.0.1:8080");
  EXPECT_FALSE(options->turn.asked_for());
  EXPECT_EQ(options->drain_timeout, 10s);
  EXPECT_EQ(options->turn.credential_lifetime, 12h);
}

TEST_F(ServeFlags, AreReadFromTheFileToo) {
  write(R"(# how we serve
listen = "0.0.0.0:80"
turn-user = ["alice:wonderland", "bob:builder"]
relay-ports = "50000-50999"
max-kbps = 800
log-addresses = true
json = false
drain-timeout = "1m"
)");
  const ServeOptions options = read();
  EXPECT_EQ(options.listen, "0.0.0.0:80");
  EXPECT_THAT(options.turn.users, ElementsAre("alice:wonderland", "bob:builder"));
  EXPECT_EQ(options.turn.relay_ports, "50000-50999");
  EXPECT_EQ(options.turn.max_kbps, 800U);
  EXPECT_TRUE(options.log_addresses);
  EXPECT_FALSE(options.json);
  EXPECT_EQ(options.drain_timeout, 1min);
}

TEST_F(ServeFlags, HaveTheLastWordOnTheCommandLine) {
  write("listen = \"0.0.0.0:80\"\nturn-user = [\"alice:wonderland\"]\nmax-kbps = 800\n");
  const ServeOptions options = read({"--listen", "127.0.0.1:81", "--turn-user", "bob:builder"});
  EXPECT_EQ(options.listen, "127.0.0.1:81");
  EXPECT_THAT(options.turn.users, ElementsAre("bob:builder"));
  EXPECT_EQ(options.turn.max_kbps, 800U);
}

TEST_F(ServeFlags, AreReadAnewEachTime) {
  write("turn-secret = \"north\"\n");
  EXPECT_THAT(read().turn.secrets, ElementsAre("north"));
  write("turn-secret = [\"south\", \"north\"]\n");
  EXPECT_THAT(read().turn.secrets, ElementsAre("south", "north"));
}

TEST_F(ServeFlags, SayWhatIsWrongAndWhere) {
  for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
           {"turn-usr = \"a:b\"\n", "no option 'turn-usr'"},
           {"[turn]\nuser = \"a:b\"\n", "no option 'turn.user'"},
           {"config = \"other\"\n", "no option 'config'"},
           {"help = true\n", "no option 'help'"},
           {"log-level = \"loud\"\n", "loud"},
           {"max-kbps = \"much\"\n", "much"},
           {"drain-timeout = \"soon\"\n", "'soon' is no duration"},
       }) {
    EXPECT_THAT(error(text), testing::AllOf(HasSubstr(says), HasSubstr(path_)));
  }
  const auto nowhere = parse({"--config", "/nowhere/tidewire.conf"});
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("cannot read /nowhere/tidewire.conf"));
  EXPECT_FALSE(parse({"--turn-usr", "a:b"}));
  EXPECT_FALSE(parse({"--only", "page"}));
}

}  // namespace
}  // namespace tidewire::app
