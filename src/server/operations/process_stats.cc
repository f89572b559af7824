#include "server/operations/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tidewire::server {
namespace {

// proc(5): the fields after the command in parentheses, which may hold anything. The first one is number 3.
void read_stat(ProcessStats& stats) {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return;
  std::istringstream fields(text.substr(end + 1));
  std::string state;
  fields >> state;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t start = 0;
  std::uint64_t pages = 0;
  for (int number = 4; number <= 24 && fields; ++number) {
    std::int64_t value = 0;
    fields >> value;
    const auto count = static_cast<std::uint64_t>(value);
    if (number == 14) user = count;
    if (number == 15) system = count;
    if (number == 20) stats.threads = count;
    if (number == 22) start = count;
    if (number == 23) stats.virtual_bytes = count;
    if (number == 24) pages = count;
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  stats.resident_bytes = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  stats.cpu_seconds = static_cast<double>(user + system) / ticks;
  stats.start_seconds = static_cast<double>(start) / ticks;  // since boot
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

std::uint64_t open_descriptors() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // without the one that lists them
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  read_stat(stats);
  stats.start_seconds += boot_time();
  stats.open_descriptors = open_descriptors();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_descriptors = limit.rlim_cur;
  return stats;
}

}  // namespace tidewire::server
