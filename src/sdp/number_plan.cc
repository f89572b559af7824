#include "sdp/number_plan.h"

#include <algorithm>

namespace tidewire::sdp {

NumberPlan::NumberPlan(const State& state) {
  for (const auto* description :
       {&state.pending_remote, &state.pending_local, &state.current_remote, &state.current_local}) {
    if (*description) learn(**description);
  }
}

void NumberPlan::learn(const AppliedDescription& description) {
  for (const SectionView& section : description.view.sections) {
    for (const Codec& codec : section.codecs) {
      if (!payload_types_[codec.payload_type]) codecs_.push_back(codec);
      payload_types_.set(codec.payload_type);
    }
    for (const HeaderExtension& extension : section.extensions) {
      if (extension.id > 255 || extension_ids_[extension.id]) continue;
      extension_ids_.set(extension.id);
      // RFC 8285 §4.2: a one-byte header has room for 1 to 14.
      if (extension.id <= 14) extensions_.emplace(extension.uri, static_cast<std::uint8_t>(extension.id));
    }
  }
}

std::uint8_t NumberPlan::payload_type_for(const CodecCapability& capability) {
  const auto known =
      std::find_if(codecs_.begin(), codecs_.end(), [&](const Codec& codec) { return matches(capability, codec); });
  if (known != codecs_.end()) return known->payload_type;
  if (capability.payload_type < 128 && !payload_types_[capability.payload_type]) return capability.payload_type;
  return free_payload_type();
}

// RFC 3551 §3: 96 to 127 are dynamic; the browsers go on at 35.
std::uint8_t NumberPlan::free_payload_type() const {
  for (std::uint8_t number = 96; number < 128; ++number) {
    if (!payload_types_[number]) return number;
  }
  for (std::uint8_t number = 35; number < 64; ++number) {
    if (!payload_types_[number]) return number;
  }
  return 0;
}

namespace {

// RFC 2198 §4: the parameters of red are the numbers of what it carries, the newest frame's first. Ours carries Opus.
void name_primary(std::vector<Codec>& codecs) {
  const auto opus = std::ranges::find_if(codecs, [](const Codec& codec) { return same_token(codec.name, "opus"); });
  for (Codec& codec : codecs) {
    if (!same_token(codec.name, "red") || opus == codecs.end()) continue;
    codec.fmtp = std::to_string(opus->payload_type) + "/" + std::to_string(opus->payload_type);
  }
}

}  // namespace

std::vector<Codec> NumberPlan::number(const std::vector<CodecCapability>& capabilities) {
  std::vector<Codec> codecs;
  for (const CodecCapability& capability : capabilities) {
    const std::uint8_t number = payload_type_for(capability);
    const bool is_static_pcmu = number == 0 && capability.payload_type == 0 && same_token(capability.name, "PCMU");
    if (number == 0 && !is_static_pcmu) continue;
    Codec codec{number,          capability.name,    capability.clock_rate, capability.channels,
                capability.fmtp, capability.feedback};
    if (!payload_types_[number]) codecs_.push_back(codec);
    payload_types_.set(number);
    const bool twice =
        std::any_of(codecs.begin(), codecs.end(), [&](const Codec& c) { return c.payload_type == number; });
    if (!twice) codecs.push_back(std::move(codec));
  }
  name_primary(codecs);
  return codecs;
}

std::vector<Codec> NumberPlan::with_retransmission(const std::vector<Codec>& codecs) {
  std::vector<Codec> all;
  for (const Codec& codec : codecs) {
    all.push_back(codec);
    const bool nack = std::any_of(codec.feedback.begin(), codec.feedback.end(),
                                  [](const RtcpFeedback& f) { return f.type == "nack" && f.parameter.empty(); });
    if (!nack) continue;
    if (const Codec* known = find_rtx(codecs_, codec.payload_type)) {
      all.push_back({known->payload_type, "rtx", codec.clock_rate, 1, known->fmtp, {}});
    } else if (const std::uint8_t number = free_payload_type(); number != 0) {
      payload_types_.set(number);
      all.push_back({number, "rtx", codec.clock_rate, 1, "apt=" + std::to_string(codec.payload_type), {}});
      codecs_.push_back(all.back());
    }
  }
  return all;
}

std::uint8_t NumberPlan::extension_id_for(const HeaderExtensionCapability& capability) {
  if (const auto known = extensions_.find(capability.uri); known != extensions_.end()) return known->second;
  if (capability.id >= 1 && capability.id <= 14 && !extension_ids_[capability.id]) return capability.id;
  for (std::uint8_t id = 1; id <= 14; ++id) {
    if (!extension_ids_[id]) return id;
  }
  return 0;
}

std::vector<HeaderExtension> NumberPlan::number(const std::vector<HeaderExtensionCapability>& capabilities,
                                                MediaKind kind) {
  std::vector<HeaderExtension> extensions;
  for (const HeaderExtensionCapability& capability : capabilities) {
    if (capability.kind != kind) continue;
    const std::uint8_t id = extension_id_for(capability);
    if (id == 0) continue;
    extension_ids_.set(id);
    extensions_.emplace(capability.uri, id);
    extensions.push_back({id, capability.direction, capability.uri, {}});
  }
  return extensions;
}

}  // namespace tidewire::sdp
