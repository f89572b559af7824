#include <unistd.h>

#include <boost/json.hpp>
#include <optional>

#include "commands.h"
#include "doctor/examination.h"
#include "doctor/report.h"
#include "doctor/verdict.h"
#include "io/http_clock.h"
#include "output.h"

namespace tidewire::app {
namespace {

Result<doctor::ExaminationOptions> read(const DoctorOptions& options) {
  doctor::ExaminationOptions wanted;
  wanted.username = options.ice_username;
  wanted.credential = options.ice_credential;
  wanted.ca_file = options.tls_ca;
  wanted.timeout = options.timeout;
  if (wanted.timeout <= Duration::zero()) {
    return Error{ErrorCode::kRange, "--timeout: no time to wait for an answer; try 5s or 500ms"};
  }
  std::vector<std::string> urls = options.ice_servers;
  if (io::HttpClock::is_url(options.server_url)) {
    wanted.http_url = options.server_url;
  } else if (!options.server_url.empty()) {
    urls.insert(urls.begin(), options.server_url);
  }
  for (const std::string& text : urls) {
    auto url = io::parse_ice_url(text);
    if (!url) return url.error();
    wanted.servers.push_back(*std::move(url));
  }
  if (wanted.servers.size() > doctor::Examination::kMaxServers) {
    return Error{ErrorCode::kRange, fmt::format("{} servers are too many; {} are examined at most",
                                                wanted.servers.size(), doctor::Examination::kMaxServers)};
  }
  if (!options.tls_ca.empty() && access(options.tls_ca.c_str(), R_OK) != 0)
    return Error{ErrorCode::kNotReadable, "cannot read " + options.tls_ca + ", which --tls-ca names"};
  return wanted;
}

}  // namespace

int doctor(const DoctorOptions& options) {
  auto wanted = read(options);
  if (!wanted) return misuse(options.json, wanted.error());
  io::EventLoop loop;
  std::optional<doctor::Findings> findings;
  doctor::Examination examination(loop, *std::move(wanted), [&](doctor::Findings found) {
    findings = std::move(found);
    loop.stop();
  });
  loop.run();
  const doctor::Verdict verdict = doctor::judge(*findings);
  if (options.json) {
    print_result(boost::json::serialize(doctor::to_json(*findings, verdict)));
  } else {
    print_result(doctor::in_words(*findings, verdict));
  }
  return verdict.works() ? 0 : 1;
}

}  // namespace tidewire::app
