// The domain name system of a simulated network: names, their addresses, and how long an answer takes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/time.h"

namespace tidewire::sim {

class Names {
 public:
  struct Answer {
    std::vector<IpAddress> addresses;  // none: there is no such name
    Duration delay = std::chrono::milliseconds(20);
  };

  // Upper and lower case are the same (RFC 4343). What a name had before is replaced.
  void add(std::string_view name, Answer answer);
  void remove(std::string_view name);
  // What is asked later of a name that is not known fails after this.
  void set_unknown_delay(Duration delay) { unknown_delay_ = delay; }

  Answer look_up(std::string_view name) const;

 private:
  std::map<std::string, Answer> answers_;
  Duration unknown_delay_ = std::chrono::milliseconds(20);
};

}  // namespace tidewire::sim
