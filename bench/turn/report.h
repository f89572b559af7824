// Named numbers, printed for people or as one JSON object.
#pragma once

#include <string>
#include <vector>

namespace tidewire::bench {

class Report {
 public:
  // `name` is a JSON key; the unit belongs to it, as in latency_p50_us.
  void add(std::string name, double value) { entries_.push_back({std::move(name), value}); }
  void print(bool json) const;

 private:
  struct Entry {
    std::string name;
    double value;
  };
  std::vector<Entry> entries_;
};

}  // namespace tidewire::bench
