#include "process_stats.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "datagram_batch.h"

namespace tidewire::bench {

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) give_up("cannot read " + path + "; does the server still run?");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string folder(int pid) { return "/proc/" + std::to_string(pid); }

}  // namespace

double cpu_seconds(int pid) {
  if (pid == 0) return 0;
  // proc(5): utime and stime are fields 14 and 15; the name, which may contain blanks, ends with the last ')'.
  const std::string text = read_file(folder(pid) + "/stat");
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

ProcessStats process_stats(int pid) {
  if (pid == 0) return {};
  ProcessStats stats;
  stats.cpu_seconds = cpu_seconds(pid);
  std::istringstream statm(read_file(folder(pid) + "/statm"));
  std::int64_t total = 0;
  std::int64_t resident = 0;
  statm >> total >> resident;
  stats.resident_bytes = resident * sysconf(_SC_PAGESIZE);
  std::error_code error;
  const std::filesystem::directory_iterator descriptors(folder(pid) + "/fd", error);
  for (auto it = begin(descriptors); it != end(descriptors); ++it) ++stats.descriptors;
  return stats;
}

}  // namespace tidewire::bench
