// What runs came to, for people and for programs. docs/adaptive-bitrate.md explains each name.
#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string>

#include "simulate/batch.h"

namespace tidewire::simulate {

// One column for each outcome; all are of the same scenario and seeds.
std::string in_words(std::span<const Outcome> outcomes);
// Medians; what lies around them is in "range". What was not measured or never happened is null.
boost::json::object to_json(std::span<const Outcome> outcomes);

}  // namespace tidewire::simulate
