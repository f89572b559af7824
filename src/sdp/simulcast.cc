#include "sdp/simulcast.h"

#include <algorithm>
#include <string_view>

#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

// The streams of a direction of a=simulcast that have an a=rid line in it, once each.
std::vector<std::string> rids_of(const std::vector<std::string>& streams, const std::vector<Rid>& rids, bool send) {
  std::vector<std::string> out;
  for (const std::string& stream : streams) {
    std::string_view text = stream;
    std::string_view id = take_until(text, ',');
    if (id.starts_with('~')) id.remove_prefix(1);
    const bool declared = std::ranges::any_of(rids, [&](const Rid& rid) { return rid.id == id && rid.send == send; });
    const bool twice = std::ranges::find(out, id) != out.end();
    if (declared && !twice && is_rid(id) && out.size() < kMaxSimulcastStreams) out.emplace_back(id);
  }
  return out;
}

std::string joined(const std::vector<std::string>& rids) {
  std::string text;
  for (const std::string& rid : rids) text += (text.empty() ? "" : ";") + rid;
  return text;
}

}  // namespace

std::vector<std::string> offered_rids(const SourceAttributes& remote) {
  return remote.simulcast ? rids_of(remote.simulcast->send, remote.rids, true) : std::vector<std::string>{};
}

std::vector<std::string> wanted_rids(const SourceAttributes& remote) {
  return remote.simulcast ? rids_of(remote.simulcast->receive, remote.rids, false) : std::vector<std::string>{};
}

std::vector<LocalEncoding> accepted_encodings(const std::vector<LocalEncoding>& ours, const SourceAttributes& remote) {
  const std::vector<std::string> wanted = wanted_rids(remote);
  std::vector<LocalEncoding> accepted;
  for (const LocalEncoding& encoding : ours) {
    if (std::ranges::find(wanted, encoding.rid) != wanted.end()) accepted.push_back(encoding);
  }
  if (accepted.empty() && !ours.empty()) accepted.push_back(ours.front());
  return accepted;
}

void write_simulcast(const std::vector<std::string>& send, const std::vector<std::string>& receive,
                     Attributes& attributes) {
  if (send.empty() && receive.empty()) return;
  for (const std::string& rid : send) attributes.add("rid", rid + " send");
  for (const std::string& rid : receive) attributes.add("rid", rid + " recv");
  std::string text;
  if (!send.empty()) text = "send " + joined(send);
  if (!receive.empty()) text += (text.empty() ? "recv " : " recv ") + joined(receive);
  attributes.add("simulcast", std::move(text));
}

bool is_rid(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && text.size() <= 16 && std::ranges::all_of(text, alphanumeric);
}

}  // namespace tidewire::sdp
