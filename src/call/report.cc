#include "call/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace tidewire::call {
namespace {

namespace json = boost::json;

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// Microseconds are more than anybody can measure here.
json::value in_ms(const std::optional<Duration>& duration) {
  if (!duration) return nullptr;
  return static_cast<double>(std::llround(milliseconds(*duration) * 1000)) / 1000;
}

json::value timeline_json(const Timeline& timeline) {
  json::object object;
  for (std::size_t i = 0; i < kSteps; ++i) {
    const Step step = static_cast<Step>(i);
    object[to_string(step)] = in_ms(timeline.at(step));
  }
  return object;
}

json::object candidate_json(const IceCandidateStats& candidate) {
  json::object object{
      {"type", candidate.candidate_type}, {"protocol", candidate.protocol}, {"address", candidate.address.to_string()}};
  if (!candidate.relay_protocol.empty()) object["relay_protocol"] = candidate.relay_protocol;
  if (!candidate.url.empty()) object["url"] = candidate.url;
  return object;
}

json::object counts_json(const CandidateCounts& counts) {
  return {{"host", counts.host}, {"srflx", counts.srflx}, {"prflx", counts.prflx}, {"relay", counts.relay}};
}

json::object evidence_json(const FailureEvidence& evidence) {
  json::array errors;
  for (const IceCandidateError& error : evidence.server_errors) {
    errors.push_back(json::object{{"address", error.address},
                                  {"url", error.url},
                                  {"error_code", error.error_code},
                                  {"error_text", error.error_text}});
  }
  return {{"local_candidates", counts_json(evidence.local_candidates)},
          {"remote_candidates", counts_json(evidence.remote_candidates)},
          {"pairs_checked", evidence.pairs_checked},
          {"checks_sent", evidence.checks_sent},
          {"answers_received", evidence.answers_received},
          {"checks_received", evidence.checks_received},
          {"relay_servers", evidence.relay_servers},
          {"server_errors", std::move(errors)}};
}

json::value pair_json(const std::optional<IceCandidatePairStats>& pair) {
  if (!pair) return nullptr;
  return json::object{
      {"local", candidate_json(pair->local)},
      {"remote", candidate_json(pair->remote)},
      {"round_trip_ms", in_ms(pair->current_round_trip_time)},
      {"available_outgoing_bitrate",
       pair->available_outgoing_bitrate ? json::value(*pair->available_outgoing_bitrate) : json::value(nullptr)}};
}

template <typename Streams>
auto find_kind(const Streams& streams, MediaKind kind) {
  const auto found = std::ranges::find_if(streams, [kind](const auto& stream) { return stream.kind == kind; });
  return found == streams.end() ? nullptr : &*found;
}

// Over the stream's life.
double bitrate(std::uint64_t bytes, const std::optional<Timestamp>& since, Timestamp now) {
  if (!since || now <= *since) return 0;
  return std::round(static_cast<double>(bytes) * 8 / std::chrono::duration<double>(now - *since).count());
}

json::object media_json(const StatsReport& stats, MediaKind kind, std::uint64_t frames_decoded) {
  const OutboundRtpStreamStats* out = find_kind(stats.rtp.outbound, kind);
  const InboundRtpStreamStats* in = find_kind(stats.rtp.inbound, kind);
  json::object object;
  object["codec"] = out ? json::value(to_string(out->codec)) : in ? json::value(to_string(in->codec)) : nullptr;
  object["frames_sent"] = out ? out->frames_sent : 0;
  object["frames_received"] = in ? in->frames_received : 0;
  object["frames_decoded"] = frames_decoded;
  object["packets_sent"] = out ? out->packets_sent : 0;
  object["packets_received"] = in ? in->packets_received : 0;
  object["packets_lost"] = in ? in->packets_lost : 0;
  object["bitrate_sent"] = out ? bitrate(out->bytes_sent, out->first_frame_sent, stats.timestamp) : 0;
  object["bitrate_received"] =
      in ? bitrate(in->bytes_received, in->first_packet_received_timestamp, stats.timestamp) : 0;
  return object;
}

json::value limitation_json(const StatsReport& stats) {
  const OutboundRtpStreamStats* out = find_kind(stats.rtp.outbound, MediaKind::kVideo);
  if (!out || !out->quality_limitation_reason) return nullptr;
  const QualityLimitationDurations& durations = out->quality_limitation_durations;
  return json::object{{"reason", to_string(*out->quality_limitation_reason)},
                      {"durations_ms",
                       {{"none", in_ms(durations.none)},
                        {"cpu", in_ms(durations.cpu)},
                        {"bandwidth", in_ms(durations.bandwidth)},
                        {"other", in_ms(durations.other)}}},
                      {"resolution_changes", out->quality_limitation_resolution_changes}};
}

json::object video_json(const StatsReport& stats, const Observations& seen) {
  json::object object = media_json(stats, MediaKind::kVideo, seen.video_frames);
  object["quality_limitation"] = limitation_json(stats);
  object["width"] = seen.width;
  object["height"] = seen.height;
  object["test_pictures"] = seen.test_pictures;
  object["longest_gap_ms"] = in_ms(seen.longest_video_gap);
  object["frame_counter"] = seen.frame_counter ? json::value(*seen.frame_counter) : nullptr;
  return object;
}

json::object audio_json(const StatsReport& stats, const Observations& seen) {
  json::object object = media_json(stats, MediaKind::kAudio, seen.audio_frames);
  object["longest_gap_ms"] = in_ms(seen.longest_audio_gap);
  object["tone_hz"] = seen.tone_frequency;
  return object;
}

// "1080p ", of pictures: the shorter side; nothing while there are none.
template <typename Stream>
std::string height(const Stream* stream) {
  const int shorter = stream && stream->frames_per_second > 0 ? std::min(stream->frame_width, stream->frame_height) : 0;
  return shorter > 0 ? std::to_string(shorter) + "p " : std::string();
}

// Without what is sent again, which is also what fills a path while pictures wait.
std::uint64_t new_bytes(const OutboundRtpStreamStats* stream) {
  return stream ? stream->bytes_sent - stream->retransmitted_bytes_sent : 0;
}

}  // namespace

std::optional<Duration> round_trip(const StatsReport& stats) {
  for (const RemoteInboundRtpStreamStats& stream : stats.rtp.remote_inbound) {
    if (stream.round_trip_time) return stream.round_trip_time;
  }
  return stats.selected_candidate_pair ? stats.selected_candidate_pair->current_round_trip_time : std::nullopt;
}

json::object failure_json(const Failure& failure) {
  return {
      {"cause", to_string(failure.cause)}, {"message", failure.message}, {"evidence", evidence_json(failure.evidence)}};
}

json::object report(Call& call) {
  const StatsReport stats = call.stats();
  const Observations seen = call.observer().observations();
  const DataChannelReport& data = call.data();
  return {{"peer", {{"id", call.peer().id}, {"name", call.peer().name}}},
          {"connected", call.ever_connected()},
          {"timeline_ms", timeline_json(call.timeline())},
          {"selected_pair", pair_json(stats.selected_candidate_pair)},
          {"selected_pair_changes", stats.transport.selected_candidate_pair_changes},
          {"failure", call.failure() ? json::value(failure_json(*call.failure())) : json::value(nullptr)},
          {"dtls",
           {{"version", stats.transport.dtls_version},
            {"cipher", stats.transport.dtls_cipher},
            {"srtp_profile", stats.transport.srtp_cipher}}},
          {"video", video_json(stats, seen)},
          {"audio", audio_json(stats, seen)},
          {"data_channel",
           {{"messages_sent", data.messages_sent},
            {"messages_received", data.messages_received},
            {"round_trip_ms", in_ms(data.round_trip)}}}};
}

std::string timeline_text(const Timeline& timeline) {
  std::string text;
  for (std::size_t i = 0; i < kSteps; ++i) {
    const Step step = static_cast<Step>(i);
    const auto at = timeline.at(step);
    if (at) text += fmt::format("  {:>9.1f} ms  {}\n", milliseconds(*at), to_string(step));
  }
  return text;
}

std::string LiveFigures::line(Call& call) {
  const StatsReport now = call.stats();
  const double seconds =
      last_.timestamp == Timestamp{} ? 0 : std::chrono::duration<double>(now.timestamp - last_.timestamp).count();
  const auto rate = [seconds](std::uint64_t present, std::uint64_t before) {
    return seconds > 0 && present >= before ? static_cast<double>(present - before) / seconds : 0.0;
  };
  std::string line;
  for (const MediaKind kind : {MediaKind::kVideo, MediaKind::kAudio}) {
    const auto* out = find_kind(now.rtp.outbound, kind);
    const auto* in = find_kind(now.rtp.inbound, kind);
    const auto* out_before = find_kind(last_.rtp.outbound, kind);
    const auto* in_before = find_kind(last_.rtp.inbound, kind);
    line += fmt::format("{} ", to_string(kind));
    line += fmt::format("↑ {:.0f} fps {}{:.0f} kbit/s ",
                        rate(out ? out->frames_sent : 0, out_before ? out_before->frames_sent : 0), height(out),
                        rate(new_bytes(out), new_bytes(out_before)) * 8 / 1000);
    line += fmt::format("↓ {:.0f} fps {}{:.0f} kbit/s · ",
                        rate(in ? in->frames_received : 0, in_before ? in_before->frames_received : 0), height(in),
                        rate(in ? in->bytes_received : 0, in_before ? in_before->bytes_received : 0) * 8 / 1000);
  }
  const auto* in = find_kind(now.rtp.inbound, MediaKind::kVideo);
  line += fmt::format("lost {}", in ? in->packets_lost : 0);
  if (const auto time = round_trip(now)) line += fmt::format(" · rtt {:.1f} ms", milliseconds(*time));
  last_ = now;
  return line;
}

}  // namespace tidewire::call
