// RTP statistics under the names of the W3C identifiers for WebRTC statistics
// (https://www.w3.org/TR/webrtc-stats/), in the project's case. Only what is measured is here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/encoded_frame.h"
#include "tidewire/media_stats.h"
#include "tidewire/quality_limitation.h"
#include "tidewire/scalability_mode.h"
#include "tidewire/time.h"

namespace tidewire {

// RTCOutboundRtpStreamStats: what this end sends. Its remote inbound stream has the same SSRC, its codec the same
// payload type, its media source the same mid.
struct OutboundRtpStreamStats {
  std::uint32_t ssrc = 0;
  bool active = true;  // as the sender's parameters have it
  MediaKind kind = MediaKind::kVideo;
  CodecType codec = CodecType::kVp8;
  std::uint8_t payload_type = 0;
  std::string mid;
  std::string rid;                        // of one of several encodings
  std::uint32_t encoding_index = 0;       // among those with the same mid
  std::optional<std::uint32_t> rtx_ssrc;  // of its retransmissions
  std::uint64_t packets_sent = 0;         // retransmissions included
  std::uint64_t bytes_sent = 0;           // payload bytes, retransmissions included
  std::uint64_t header_bytes_sent = 0;
  std::uint64_t retransmitted_packets_sent = 0;
  std::uint64_t retransmitted_bytes_sent = 0;
  std::uint64_t packets_sent_with_ect1 = 0;  // RFC 9331: with its retransmissions and its repair
  // Filled by PeerConnection, which has the encoder.
  std::uint64_t frames_encoded = 0;
  std::uint64_t key_frames_encoded = 0;
  Duration total_encode_time{};
  // What these frames would have come to at the bitrates that the encoder aimed at, when they were due.
  std::uint64_t total_encoded_bytes_target = 0;
  std::string encoder_implementation;
  std::uint64_t frames_sent = 0;
  std::uint64_t key_frames_sent = 0;
  std::uint64_t huge_frames_sent = 0;  // of more than 2.5 times the average size of those before
  double frames_per_second = 0;        // sent in the last second
  std::uint64_t qp_sum = 0;            // of the frames whose encoder told its quantizer
  // Of the newest frame; nothing for one without layers.
  std::optional<ScalabilityMode> scalability_mode;
  // Frames that were not sent because too much waited already (no W3C name).
  std::uint64_t frames_dropped = 0;
  int frame_width = 0;
  int frame_height = 0;
  std::uint64_t nack_count = 0;
  std::uint64_t pli_count = 0;
  std::uint64_t fir_count = 0;
  Duration total_packet_send_delay{};  // spent in the queue that smooths large frames
  // What the encoder is to make, in bits per second; 0 while it makes nothing.
  std::uint64_t target_bitrate = 0;
  // Of pictures; where one source is sent in several encodings, of the largest.
  std::optional<QualityLimitationReason> quality_limitation_reason;
  QualityLimitationDurations quality_limitation_durations;
  std::uint32_t quality_limitation_resolution_changes = 0;
  std::optional<Timestamp> first_frame_sent;
  // FlexFEC, in a stream of its own and in none of the counters above (no W3C names).
  std::optional<std::uint32_t> fec_ssrc;
  std::uint64_t fec_packets_sent = 0;
  std::uint64_t fec_bytes_sent = 0;  // payload bytes
  double fec_overhead = 0;           // of the last second: repair bytes for each byte of the stream
};

// RTCRemoteInboundRtpStreamStats: what the other end reports about what this end sends.
struct RemoteInboundRtpStreamStats {
  std::uint32_t ssrc = 0;
  MediaKind kind = MediaKind::kVideo;
  std::uint64_t packets_received = 0;  // estimated: the reports tell of those that were sent and those that are lost
  std::int64_t packets_lost = 0;
  double fraction_lost = 0;  // 0 to 1, over the last report interval
  Duration jitter{};
  std::optional<Duration> round_trip_time;
  Duration total_round_trip_time{};
  std::uint64_t round_trip_time_measurements = 0;
  std::uint64_t reports_received = 0;  // no W3C name
};

// RTCInboundRtpStreamStats: what this end receives. Its remote outbound stream has the same SSRC, its codec the same
// payload type.
struct InboundRtpStreamStats {
  std::uint32_t ssrc = 0;  // 0: no packet so far
  MediaKind kind = MediaKind::kVideo;
  CodecType codec = CodecType::kVp8;
  std::uint8_t payload_type = 0;
  std::string mid;
  std::string rid;               // of one of several encodings (simulcast)
  std::string track_identifier;  // filled by PeerConnection
  // Its index in StatsReport::media_playout, when a SpeakerMixer plays it (W3C playoutId). Filled by PeerConnection.
  std::optional<std::size_t> playout_index;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_received = 0;  // payload bytes
  std::uint64_t header_bytes_received = 0;
  std::uint64_t retransmitted_packets_received = 0;  // by RTX; among packets_received
  std::uint64_t retransmitted_bytes_received = 0;
  std::int64_t packets_lost = 0;  // RFC 3550 §6.4.1: expected less received; negative with duplicates
  std::uint64_t packets_received_with_ect1 = 0;
  std::uint64_t packets_received_with_ce = 0;
  Duration jitter{};
  // Arrived too late, twice, or without use.
  std::uint64_t packets_discarded = 0;
  std::optional<Timestamp> last_packet_received_timestamp;
  std::optional<Timestamp> first_packet_received_timestamp;  // no W3C name
  // Video: complete frames; audio: frames given out for playing.
  std::uint64_t frames_received = 0;
  std::optional<Timestamp> first_frame_received_timestamp;  // no W3C name
  // Sums over emitted frames: from a frame's first packet to when it is given out; what was aimed at; and what would
  // have been without jitter_buffer_target and the other kind's delay.
  std::chrono::duration<double> jitter_buffer_delay{};
  std::chrono::duration<double> jitter_buffer_target_delay{};
  std::chrono::duration<double> jitter_buffer_minimum_delay{};
  std::uint64_t jitter_buffer_emitted_count = 0;
  // What is played at the time of these statistics was captured then, by the sender's clock. Nothing before its first
  // sender report.
  std::optional<UnixTime> estimated_playout_timestamp;
  // From a frame's first packet to when it is given out; the decoder's time is added by PeerConnection.
  Duration total_processing_delay{};
  // Filled by PeerConnection, which has the decoder.
  std::uint64_t frames_decoded = 0;
  std::uint64_t key_frames_decoded = 0;
  Duration total_decode_time{};
  std::uint64_t qp_sum = 0;
  std::string decoder_implementation;
  // Video.
  std::uint64_t key_frames_received = 0;
  // Begun, but never complete, or given up because what they build on did not come; or decoded, but not shown because
  // they missed their deadline. What a decoder makes of those that are given out does not count here: it is
  // frames_received less frames_decoded.
  std::uint64_t frames_dropped = 0;
  std::uint64_t frames_assembled_from_multiple_packets = 0;
  Duration total_assembly_time{};     // of these, from the first packet to the last
  std::uint64_t freeze_count = 0;     // see FreezeMeter, as all down to frames_per_second
  Duration total_freezes_duration{};  // of frozen intervals, as a whole
  std::uint64_t pause_count = 0;      // intervals of more than 5 s
  Duration total_pauses_duration{};
  Duration total_inter_frame_delay{};
  double total_squared_inter_frame_delay = 0;  // s²
  double frames_per_second = 0;                // of the last second
  int frame_width = 0;
  int frame_height = 0;
  std::uint64_t nack_count = 0;  // NACK packets sent
  std::uint64_t pli_count = 0;
  std::uint64_t fir_count = 0;
  // Audio. Samples are those of 48 kHz, at which everything is decoded, whatever the codec's own rate; jitter_buffer_…
  // count them, too.
  std::uint64_t total_samples_received = 0;  // all that were played, concealed ones included
  std::uint64_t concealed_samples = 0;
  std::uint64_t silent_concealed_samples = 0;  // of these, in pauses for which the sender sent nothing (DTX)
  std::uint64_t concealment_events = 0;        // runs of concealed samples that are no such pause
  std::uint64_t inserted_samples_for_deceleration = 0;
  std::uint64_t removed_samples_for_acceleration = 0;
  std::uint64_t fec_packets_received = 0;   // copies by RED, and frames with Opus redundancy
  std::uint64_t fec_packets_discarded = 0;  // of these, those that were not needed or came too late
  // Filled by PeerConnection, which has the decoder.
  double audio_level = 0;         // 0 to 1 (full scale), of the newest sound
  double total_audio_energy = 0;  // level² times seconds
  std::chrono::duration<double> total_samples_duration{};
  // FlexFEC of video: fec_packets_… count it, too; packets_repaired (no W3C name) are those that it rebuilt.
  std::optional<std::uint32_t> fec_ssrc;
  std::uint64_t fec_bytes_received = 0;  // payload bytes
  std::uint64_t packets_repaired = 0;
};

// RTCRemoteOutboundRtpStreamStats: what the other end's sender reports say. Round trips are measured where this end
// sends (RemoteInboundRtpStreamStats): RTCP XR (RFC 3611 §4.5), which a mere receiver would need, is not negotiated.
struct RemoteOutboundRtpStreamStats {
  std::uint32_t ssrc = 0;
  MediaKind kind = MediaKind::kVideo;
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  UnixTime remote_timestamp{};
  std::uint64_t reports_sent = 0;
};

struct RtpStats {
  std::vector<OutboundRtpStreamStats> outbound;
  std::vector<RemoteInboundRtpStreamStats> remote_inbound;  // of streams that were reported on
  std::vector<InboundRtpStreamStats> inbound;
  std::vector<RemoteOutboundRtpStreamStats> remote_outbound;  // of streams with a sender report
  std::vector<CodecStats> codecs;                             // of those streams; each once
};

}  // namespace tidewire
