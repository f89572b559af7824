// Two peers in one process: a message goes from one to the other, encrypted, over UDP.
#include <cstdio>

#include "tidewire/peer_connection.h"

int main() {
  tidewire::EventLoop loop;
  tidewire::PeerConnection alice(loop), bob(loop);
  alice.on_ice_candidate = [&](const auto& candidate) { bob.add_ice_candidate(candidate).value(); };
  bob.on_ice_candidate = [&](const auto& candidate) { alice.add_ice_candidate(candidate).value(); };

  auto channel = alice.create_data_channel("greetings").value();
  channel->on_open = [&] { channel->send("hello from the other side").value(); };
  std::shared_ptr<tidewire::DataChannel> received;
  bob.on_data_channel = [&](auto incoming) {
    received = incoming;
    received->on_message = [&](const auto& message) { std::puts(std::string(message.text()).c_str()), loop.stop(); };
  };

  alice.set_local_description().value();
  bob.set_remote_description(*alice.local_description()).value();
  bob.set_local_description().value();
  alice.set_remote_description(*bob.local_description()).value();
  loop.run();
}
