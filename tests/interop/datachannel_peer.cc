// A peer for tests of data channels with independent stacks: the public API behind JSON lines.
//
// Commands on standard input, events on standard output; docs of both: datachannel_peer.mjs, which does the same for
// JavaScript stacks. A channel is named by its label.
//
// usage: datachannel_peer [MAX_MESSAGE_SIZE]
#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "tidewire/peer_connection.h"

namespace tidewire::interop {
namespace {

using boost::json::object;

void emit(const object& event) {
  const std::string line = boost::json::serialize(event) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

void emit_error(const Error& error) {
  emit({{"event", "error"}, {"name", to_string(error.code)}, {"message", error.message}});
}

std::string sha256(ByteView bytes) {
  std::array<std::uint8_t, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

// What a message holds: pseudo-random bytes of a prime period, so that no fragment looks like its neighbour. The same
// in datachannel_peer.mjs and datachannel_aiortc.py.
Bytes content(std::size_t size, std::size_t seed, bool text) {
  static const Bytes block = [] {
    Bytes made(65521);
    std::uint32_t x = 1;
    for (auto& byte : made) {
      x = (x * 1103515245U + 12345U) & 0x7fffffffU;
      byte = static_cast<std::uint8_t>(x >> 16);
    }
    return made;
  }();
  Bytes message(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = block[(i + seed * 7919) % block.size()];
    message[i] = text ? static_cast<std::uint8_t>('a' + byte % 26) : byte;
  }
  constexpr std::string_view kBeyondAscii = "é€😀";
  if (text && size >= 16) std::copy(kBeyondAscii.begin(), kBeyondAscii.end(), message.begin());
  return message;
}

std::string text_of(const object& command, std::string_view key) {
  const boost::json::value* value = command.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::size_t> number_of(const object& command, std::string_view key) {
  const boost::json::value* value = command.if_contains(key);
  return value && value->is_number() ? std::optional(value->to_number<std::size_t>()) : std::nullopt;
}

bool flag_of(const object& command, std::string_view key, bool other) {
  const boost::json::value* value = command.if_contains(key);
  return value && value->is_bool() ? value->get_bool() : other;
}

DataChannelInit init_of(const object& init) {
  const auto small = [&init](std::string_view key) -> std::optional<std::uint16_t> {
    const auto number = number_of(init, key);
    return number ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
  };
  return {.ordered = flag_of(init, "ordered", true),
          .max_packet_life_time = small("maxPacketLifeTime"),
          .max_retransmits = small("maxRetransmits"),
          .protocol = text_of(init, "protocol"),
          .negotiated = flag_of(init, "negotiated", false),
          .id = small("id")};
}

bool is_churn(const std::string& label) { return label.starts_with("churn"); }

class Peer {
 public:
  Peer(EventLoop& loop, const Configuration& configuration) : loop_(loop), connection_(loop, configuration) {
    connection_.on_ice_candidate = [](const IceCandidateInit& candidate) {
      emit({{"event", "candidate"},
            {"candidate", candidate.candidate},
            {"sdpMid", candidate.sdp_mid.value_or("0")},
            {"sdpMLineIndex", candidate.sdp_mline_index.value_or(0)}});
    };
    connection_.on_connection_state_change = [this] {
      emit({{"event", "state"}, {"state", to_string(connection_.connection_state())}});
    };
    connection_.on_data_channel = [this](const std::shared_ptr<DataChannel>& channel) { adopt(channel, "channel"); };
  }

  void handle(const object& command) {
    const std::string what = text_of(command, "do");
    if (what == "create") return create(command);
    if (what == "offer") return describe();
    if (what == "description") return take_description(command);
    if (what == "candidate") {
      const auto added = connection_.add_ice_candidate(
          {.candidate = text_of(command, "candidate"), .sdp_mid = text_of(command, "sdpMid")});
      if (!added) emit_error(added.error());
      return;
    }
    if (what == "send") return send(command);
    if (what == "send zeros") return send_zeros(command);
    if (what == "close") return channels_.at(text_of(command, "label"))->close();
    if (what == "churn") return churn(command);
    if (what == "count") return emit({{"event", "count"}, {"opened", churn_opened_}, {"closed", churn_closed_}});
    emit_error({ErrorCode::kType, "no such command: " + what});
  }

 private:
  void create(const object& command) {
    const auto channel =
        connection_.create_data_channel(text_of(command, "label"), init_of(command.at("init").as_object()));
    if (!channel) return emit_error(channel.error());
    adopt(*channel, "open");
  }

  // `event`: what is said when it is open.
  void adopt(const std::shared_ptr<DataChannel>& channel, const char* event) {
    const std::string label = channel->label();
    if (is_churn(label)) return adopt_churn(channel);
    channels_[label] = channel;
    DataChannel* raw = channel.get();
    channel->on_open = [raw, event] {
      const auto number = [](std::optional<std::uint16_t> n) {
        return n ? boost::json::value(*n) : boost::json::value();
      };
      emit({{"event", event},
            {"label", raw->label()},
            {"protocol", raw->protocol()},
            {"ordered", raw->ordered()},
            {"negotiated", raw->negotiated()},
            {"maxRetransmits", number(raw->max_retransmits())},
            {"maxPacketLifeTime", number(raw->max_packet_life_time())},
            {"id", number(raw->id())}});
    };
    channel->on_message = [label](const DataMessage& message) {
      emit({{"event", "message"},
            {"label", label},
            {"text", message.is_text},
            {"size", message.payload.size()},
            {"sha256", sha256(message.payload)}});
    };
    channel->on_close = [label] { emit({{"event", "closed"}, {"label", label}}); };
  }

  void adopt_churn(const std::shared_ptr<DataChannel>& channel) {
    ++churn_opened_;
    DataChannel* raw = channel.get();
    churning_[raw] = channel;
    channel->on_close = [this, raw] {
      ++churn_closed_;
      churning_.erase(raw);
    };
  }

  // Opens channels, some at a time, and closes each a while after.
  void churn(const object& command) {
    churn_left_ = *number_of(command, "count");
    churn_total_ = churn_left_;
    linger_ = std::chrono::milliseconds(*number_of(command, "linger"));
    for (std::size_t i = 0; i < *number_of(command, "at_once"); ++i) churn_one();
  }

  void churn_one() {
    if (churn_left_ == 0) return;
    const auto channel = connection_.create_data_channel(fmt::format("churn {}", --churn_left_));
    if (!channel) return emit_error(channel.error());
    DataChannel* raw = channel->get();
    churning_[raw] = *channel;
    raw->on_open = [this, channel = std::weak_ptr(*channel)] {
      loop_.post_after(linger_, [channel] {
        if (const auto still = channel.lock()) still->close();
      });
    };
    raw->on_close = [this, raw] {
      churning_.erase(raw);
      if (--churn_total_ == 0) emit({{"event", "churned"}});
      churn_one();
    };
  }

  void describe() {
    if (const auto done = connection_.set_local_description(); !done) return emit_error(done.error());
    const auto description = connection_.local_description();
    emit({{"event", "description"}, {"type", to_string(description->type)}, {"sdp", description->sdp}});
  }

  void take_description(const object& command) {
    const auto type = sdp_type_from_string(text_of(command, "type")).value_or(SdpType::kOffer);
    const auto done = connection_.set_remote_description({.type = type, .sdp = text_of(command, "sdp")});
    if (!done) return emit_error(done.error());
    if (type == SdpType::kOffer) describe();
  }

  void send(const object& command) {
    const auto channel = channels_.at(text_of(command, "label"));
    const bool text = flag_of(command, "text", false);
    std::size_t seed = *number_of(command, "seed");
    for (const auto& size : command.at("sizes").as_array()) {
      Bytes message = content(size.to_number<std::size_t>(), seed++, text);
      const auto sent = text ? channel->send(as_text(message)) : channel->send(std::move(message));
      if (!sent) emit_error(sent.error());
    }
    if (flag_of(command, "close", false)) channel->close();
  }

  // For a message that shall be refused, which may be a very long one.
  void send_zeros(const object& command) {
    const auto sent = channels_.at(text_of(command, "label"))->send(Bytes(*number_of(command, "size")));
    if (!sent) emit_error(sent.error());
  }

  EventLoop& loop_;
  PeerConnection connection_;
  std::map<std::string, std::shared_ptr<DataChannel>> channels_;  // by label
  std::map<DataChannel*, std::shared_ptr<DataChannel>> churning_;
  Duration linger_{};
  std::size_t churn_left_ = 0;    // to be opened
  std::size_t churn_total_ = 0;   // to be closed
  std::size_t churn_opened_ = 0;  // by the other side
  std::size_t churn_closed_ = 0;
};

}  // namespace
}  // namespace tidewire::interop

int main(int argc, char** argv) {
  tidewire::EventLoop loop;
  tidewire::Configuration configuration{.include_loopback = true};
  if (argc > 1) configuration.max_message_size = std::stoull(argv[1]);
  tidewire::interop::Peer peer(loop, configuration);
  std::thread reader([&] {
    for (std::string line; std::getline(std::cin, line);) {
      loop.post([&peer, command = boost::json::parse(line).as_object()] { peer.handle(command); });
    }
    loop.post([&loop] { loop.stop(); });
  });
  loop.run();
  reader.join();
}
