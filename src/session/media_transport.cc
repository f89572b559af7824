#include "session/media_transport.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tidewire::session {
namespace {

rtp::ExtensionMap extension_map(const sdp::NegotiatedSection& section, bool for_sending) {
  rtp::ExtensionMap map;
  for (const sdp::NegotiatedExtension& extension : section.extensions) {
    const auto type = rtp::extension_from_uri(extension.uri);
    if (type && (for_sending ? extension.send : extension.receive)) map.add(*type, extension.id);
  }
  return map;
}

bool any_codec_has(const sdp::NegotiatedSection& section, std::string_view type, std::string_view parameter = {}) {
  return std::ranges::any_of(section.codecs,
                             [&](const sdp::NegotiatedCodec& codec) { return codec.has_feedback(type, parameter); });
}

bool is_redundancy(const sdp::NegotiatedCodec& codec) { return codec.name == "red"; }

// RFC 8627 §5.1: microseconds that the other end keeps; nothing else of it is negotiated.
std::optional<media::FlexfecConfig> flexfec_config(const sdp::NegotiatedSection& section,
                                                   const sdp::LocalEncoding& local) {
  const auto flexfec = std::ranges::find(section.codecs, "flexfec", &sdp::NegotiatedCodec::name);
  if (flexfec == section.codecs.end()) return std::nullopt;
  media::FlexfecConfig config{rtp::Ssrc{local.fec_ssrc}, rtp::PayloadType{flexfec->send_payload_type}};
  const auto window = sdp::fmtp_parameter(flexfec->send_fmtp, "repair-window").value_or("");
  std::uint32_t microseconds = 0;
  if (std::from_chars(window.data(), window.data() + window.size(), microseconds).ec == std::errc{}) {
    config.repair_window = std::chrono::microseconds{microseconds};
  }
  return config;
}

// RFC 2198: copies are sent when that form is preferred to the plain one; how much they cost is the application's
// choice.
std::optional<rtp::PayloadType> preferred_redundancy(const sdp::NegotiatedSection& section) {
  const auto red = std::ranges::find_if(section.codecs, is_redundancy);
  const auto plain = std::ranges::find_if(section.codecs, is_known);
  if (red == section.codecs.end() || red > plain) return std::nullopt;
  return rtp::PayloadType{red->send_payload_type};
}

// W3C: what shares a MediaStream is played in sync.
std::string sync_group(const sdp::NegotiatedSection& section) {
  const auto named = std::ranges::find_if(section.remote_stream_ids, [](const std::string& id) { return id != "-"; });
  return named == section.remote_stream_ids.end() ? std::string() : *named;
}

media::SendStreamConfig send_config(const sdp::NegotiatedSection& section, const sdp::LocalEncoding& local,
                                    const sdp::NegotiatedCodec& codec, const SendEncoding& encoding) {
  media::SendStreamConfig config{
      .codec = encoding.codec,
      .ssrc = rtp::Ssrc{local.ssrc},
      .payload_type = rtp::PayloadType{codec.send_payload_type},
      .h264_packetization_mode = encoding.max_nal_unit_size == 0 ? media::H264PacketizationMode::kNonInterleaved
                                                                 : media::H264PacketizationMode::kSingleNalUnit,
      .mid = section.mid,
      .extensions = extension_map(section, true),
      .nack = codec.has_feedback("nack"),
      .transport_wide_feedback = codec.has_feedback("transport-cc"),
      .congestion_feedback = codec.has_feedback("ack", "ccfb"),
      .target_bitrate = encoding.bitrate,
  };
  if (kind_of(encoding.codec) == MediaKind::kAudio) config.red_payload_type = preferred_redundancy(section);
  if (kind_of(encoding.codec) == MediaKind::kVideo) config.flexfec = flexfec_config(section, local);
  // RFC 8853 §5.5: one of several is known by its rid.
  if (section.local_encodings.size() > 1) config.rtp_stream_id = local.rid;
  if (codec.send_rtx_payload_type) {
    config.rtx = media::RtxConfig{rtp::Ssrc{local.rtx_ssrc}, rtp::PayloadType{*codec.send_rtx_payload_type}};
  }
  return config;
}

media::ReceiveStreamConfig receive_config(const sdp::NegotiatedSection& section) {
  media::ReceiveStreamConfig config{
      .kind = section.kind == sdp::SectionKind::kAudio ? MediaKind::kAudio : MediaKind::kVideo,
      .mid = section.mid,
      .extensions = extension_map(section, false),
      .nack = any_codec_has(section, "nack"),
      .picture_loss_indication = any_codec_has(section, "nack", "pli"),
      .full_intra_request = any_codec_has(section, "ccm", "fir"),
      .transport_wide_feedback = any_codec_has(section, "transport-cc"),
      .congestion_feedback = any_codec_has(section, "ack", "ccfb"),
  };
  config.sync_group = sync_group(section);
  for (const sdp::NegotiatedCodec& codec : section.codecs) {
    if (is_redundancy(codec)) config.red_payload_type = rtp::PayloadType{codec.receive_payload_type};
    if (codec.name == "flexfec") config.flexfec_payload_type = rtp::PayloadType{codec.receive_payload_type};
    if (!is_known(codec)) continue;
    media::ReceiveCodec& known = config.codecs.emplace_back(
        media::ReceiveCodec{.payload_type = rtp::PayloadType{codec.receive_payload_type}, .codec = codec_type(codec)});
    if (codec.receive_rtx_payload_type) known.rtx_payload_type = rtp::PayloadType{*codec.receive_rtx_payload_type};
  }
  return config;
}

}  // namespace

void MediaTransport::apply(const std::vector<sdp::NegotiatedSection>& sections, Timestamp now) {
  sections_ = sections;
  std::map<TransceiverId, Streams> before = std::exchange(streams_, {});
  for (const sdp::NegotiatedSection& section : sections_) {
    if (!section.transceiver || section.rejected) continue;
    if (!table_) {
      table_ = std::make_unique<media::StreamTable>(
          media::StreamTableConfig{.cname = section.local_cname,
                                   .wall_clock = config_.wall_clock,
                                   .congestion_control = config_.congestion_control,
                                   .limits = {.start = config_.start_bitrate, .max = config_.max_bitrate}},
          *pool_, random_.fork());
    }
    table_->set_reduced_size_rtcp(section.rtcp_rsize);
    Streams streams;
    if (auto known = before.extract(*section.transceiver)) streams = std::move(known.mapped());
    apply_send(section, streams, now);
    apply_receive(section, streams, now);
    streams_[*section.transceiver] = std::move(streams);
  }
  for (auto& [transceiver, streams] : before) drop_all(streams, now);
}

void MediaTransport::set_wishes(TransceiverId transceiver, std::vector<RtpEncodingParameters> wishes, Timestamp now) {
  wishes_[transceiver] = std::move(wishes);
  for (const sdp::NegotiatedSection& section : sections_) {
    const auto streams = streams_.find(transceiver);
    if (section.transceiver == transceiver && streams != streams_.end()) apply_send(section, streams->second, now);
  }
}

std::vector<RtpEncodingParameters> MediaTransport::wishes(TransceiverId transceiver) const {
  const auto found = wishes_.find(transceiver);
  return found == wishes_.end() ? std::vector<RtpEncodingParameters>{} : found->second;
}

void MediaTransport::apply_send(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now) {
  streams.asked.clear();
  if (section.send && section.transceiver) {
    const bool video = section.kind == sdp::SectionKind::kVideo;
    std::vector<RtpEncodingParameters> wanted = wishes_for(section, wishes(*section.transceiver));
    choose_codec(streams, section, wanted);
    streams.asked = send_encodings(section, wanted, video ? config_.video_bitrate : config_.audio_bitrate);
    streams.copies_sound = !video && preferred_redundancy(section);
  }
  streams.encodings = streams.asked;
  if (section.kind == sdp::SectionKind::kVideo && !streams.asked.empty()) streams.limitation.begin(now);
  ask_anew();
  for (std::size_t i = 0; i < streams.encodings.size(); ++i) {
    const SendEncoding& encoding = streams.encodings[i];
    const media::SendStreamConfig config =
        send_config(section, section.local_encodings[i], *codec_for(encoding.parameters, section.codecs), encoding);
    if (i < streams.send.size() && table_->update_send_stream(streams.send[i], config)) continue;
    drop_from(streams.send, i, now);
    auto added = table_->add_send_stream(config, now);
    if (!added) {
      streams.encodings.resize(i);
      streams.asked.resize(i);
      break;
    }
    streams.send.push_back(*added);
  }
  drop_from(streams.send, streams.encodings.size(), now);
}

void MediaTransport::set_degradation_preference(TransceiverId transceiver,
                                                std::optional<DegradationPreference> preference) {
  ask_anew();
  degradation_preferences_.erase(transceiver);
  if (preference) degradation_preferences_[transceiver] = *preference;
}

std::optional<DegradationPreference> MediaTransport::degradation_preference(TransceiverId transceiver) const {
  const auto found = degradation_preferences_.find(transceiver);
  return found == degradation_preferences_.end() ? std::nullopt : std::optional(found->second);
}

void MediaTransport::set_content(TransceiverId transceiver, bool detailed) {
  ask_anew();
  if (detailed) {
    detailed_.insert(transceiver);
  } else {
    detailed_.erase(transceiver);
  }
}

DegradationPreference MediaTransport::preference(TransceiverId transceiver) const {
  const auto usual = detailed_.contains(transceiver) ? DegradationPreference::kMaintainResolution
                                                     : DegradationPreference::kMaintainFramerate;
  return degradation_preference(transceiver).value_or(usual);
}

std::vector<RateAllocator::Claim> MediaTransport::claims(std::vector<std::vector<SendEncoding>>& granted) {
  std::vector<RateAllocator::Claim> claims;
  granted.resize(streams_.size());
  for (const auto& [transceiver, streams] : streams_) {
    if (streams.asked.empty()) continue;
    claims.push_back({.transceiver = transceiver,
                      .kind = kind_of(streams.asked.front().codec),
                      .asked = &streams.asked,
                      .granted = &granted[claims.size()],
                      .copies_sound = streams.copies_sound,
                      .preference = preference(transceiver)});
  }
  return claims;
}

bool MediaTransport::adapt(bool data_waits, Timestamp now) {
  if (!table_) return false;
  const auto available = table_->available_bitrate();
  // This is asked after every packet.
  if (adapted_at_ && available == adapted_to_ && (!available || now < *adapted_at_ + kAdaptInterval)) return false;
  adapted_to_ = available;
  adapted_at_ = now;
  std::vector<std::vector<SendEncoding>> granted;
  std::vector<RateAllocator::Claim> all = claims(granted);
  if (available) {
    table_->set_wanted_bitrate(RateAllocator::wanted(all), now);
    allocator_.allocate({.bitrate = *available, .repair_share = table_->repair_share(), .data_waits = data_waits}, all,
                        now);
    const auto waits = [](const SendEncoding& encoding) { return encoding.parameters.active && encoding.paused; };
    table_->set_filling(std::ranges::any_of(all,
                                            [&](const auto& claim) {
                                              return claim.kind == MediaKind::kVideo &&
                                                     std::ranges::any_of(*claim.granted, waits);
                                            }),
                        now);
  } else {
    for (RateAllocator::Claim& claim : all) *claim.granted = *claim.asked;
  }
  bool changed = false;
  for (RateAllocator::Claim& claim : all) changed |= grant(claim, now);
  return changed;
}

const QualityLimitation* MediaTransport::limitation(TransceiverId transceiver) const {
  const auto found = streams_.find(transceiver);
  const bool pictures = found != streams_.end() && !found->second.asked.empty() &&
                        kind_of(found->second.asked.front().codec) == MediaKind::kVideo;
  return pictures ? &found->second.limitation : nullptr;
}

std::optional<std::uint64_t> MediaTransport::data_bitrate() const {
  const auto available = table_ ? table_->available_bitrate() : std::nullopt;
  if (!available) return std::nullopt;
  std::uint64_t media = 0;
  bool pictures = false;
  for (const auto& [transceiver, streams] : streams_) {
    for (const SendEncoding& encoding : streams.encodings) {
      if (!encoding.parameters.active || encoding.paused) continue;
      media += encoding.bitrate;
      pictures |= kind_of(encoding.codec) == MediaKind::kVideo;
    }
  }
  // Sound alone is too little to measure the path by; SCTP measures it better.
  if (!pictures) return std::nullopt;
  const auto share = static_cast<std::uint64_t>(RateAllocator::kDataShare * static_cast<double>(*available));
  return std::max(share, *available - std::min(media, *available));
}

void MediaTransport::apply_receive(const sdp::NegotiatedSection& section, Streams& streams, Timestamp now) {
  std::vector<std::string> rids = section.remote_rids;
  if (rids.empty()) rids.emplace_back();
  if (!section.receive) rids.clear();
  std::vector<Incoming> before = std::exchange(streams.receive, {});
  for (const std::string& rid : rids) {
    media::ReceiveStreamConfig config = receive_config(section);
    config.rid = rid;
    // Of several streams it is not said which SSRC is whose: their packets tell.
    for (const sdp::RemoteSource& source : section.remote_sources) {
      if (rids.size() > 1) break;
      config.ssrcs.emplace_back(source.ssrc);
      if (source.rtx_ssrc) config.rtx_ssrcs.emplace_back(*source.rtx_ssrc);
      if (source.fec_ssrc) config.flexfec_ssrcs.emplace_back(*source.fec_ssrc);
    }
    const auto known = std::ranges::find(before, rid, &Incoming::rid);
    if (known != before.end() && table_->update_receive_stream(known->stream, config)) {
      streams.receive.push_back(*known);
      before.erase(known);
    } else if (auto added = table_->add_receive_stream(std::move(config), now)) {
      streams.receive.push_back({rid, *added});
      const auto target = jitter_buffer_targets_.find(*section.transceiver);
      if (target != jitter_buffer_targets_.end()) (void)table_->set_jitter_buffer_target(*added, target->second);
    }
  }
  for (const Incoming& gone : before) table_->remove_stream(gone.stream, now);
}

void MediaTransport::set_jitter_buffer_target(TransceiverId transceiver, std::optional<Duration> target) {
  jitter_buffer_targets_.erase(transceiver);
  if (target) jitter_buffer_targets_[transceiver] = *target;
  for (const media::StreamId stream : receive_streams(transceiver, {})) {
    (void)table_->set_jitter_buffer_target(stream, target);  // in range, and there
  }
}

void MediaTransport::drop_from(std::vector<media::StreamId>& streams, std::size_t count, Timestamp now) {
  while (streams.size() > count) {
    table_->remove_stream(streams.back(), now);
    streams.pop_back();
  }
}

void MediaTransport::drop_all(Streams& streams, Timestamp now) {
  drop_from(streams.send, 0, now);
  for (const Incoming& incoming : streams.receive) table_->remove_stream(incoming.stream, now);
}

std::optional<MediaTransport::Owner> MediaTransport::owner_of(media::StreamId stream) const {
  for (const auto& [transceiver, streams] : streams_) {
    for (std::size_t i = 0; i < streams.send.size(); ++i) {
      if (streams.send[i] == stream) return Owner{transceiver, i, streams.encodings[i].parameters.rid};
    }
    for (std::size_t i = 0; i < streams.receive.size(); ++i) {
      if (streams.receive[i].stream == stream) return Owner{transceiver, i, streams.receive[i].rid};
    }
  }
  return std::nullopt;
}

std::optional<media::StreamId> MediaTransport::send_stream(TransceiverId transceiver, std::size_t encoding) const {
  const auto found = streams_.find(transceiver);
  if (found == streams_.end() || encoding >= found->second.send.size()) return std::nullopt;
  return found->second.send[encoding];
}

std::vector<media::StreamId> MediaTransport::receive_streams(TransceiverId transceiver, std::string_view rid) const {
  std::vector<media::StreamId> out;
  const auto found = streams_.find(transceiver);
  if (found == streams_.end()) return out;
  for (const Incoming& incoming : found->second.receive) {
    if (rid.empty() || incoming.rid == rid) out.push_back(incoming.stream);
  }
  return out;
}

const SendEncoding* MediaTransport::encoding(TransceiverId transceiver, std::size_t index) const {
  const auto found = streams_.find(transceiver);
  if (found == streams_.end() || index >= found->second.encodings.size()) return nullptr;
  return &found->second.encodings[index];
}

std::map<TransceiverId, std::vector<SendEncoding>> MediaTransport::sending() const {
  std::map<TransceiverId, std::vector<SendEncoding>> sending;
  for (const auto& [transceiver, streams] : streams_) {
    if (!streams.encodings.empty()) sending[transceiver] = streams.encodings;
  }
  return sending;
}

}  // namespace tidewire::session
