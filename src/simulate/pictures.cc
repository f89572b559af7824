#include "simulate/pictures.h"

#include <algorithm>

#include "media/freeze_meter.h"

namespace tidewire::simulate {
namespace {

bool overlap(const Span& a, const Span& b) { return a.from < b.to && b.from < a.to; }

bool is_pause_of(const std::vector<Span>& spans, const Span& gap) {
  return std::ranges::any_of(spans, [&](const Span& span) { return overlap(span, gap); });
}

void find_pauses(const CallRecording& call, Pictures& pictures) {
  for (std::size_t i = 0; i < call.announced.size(); ++i) {
    const Announcement& it = call.announced[i];
    if (i > 0 && it.height != call.announced[i - 1].height) ++pictures.size_changes;
    const Duration until = i + 1 < call.announced.size() ? call.announced[i + 1].at : call.ended;
    if (it.height > 0 || until <= call.started || !call.is_active(it.at)) continue;
    const Span pause{std::max(it.at, call.started), until};
    if (!pictures.paused.empty() && pictures.paused.back().to == pause.from) {
      pictures.paused.back().to = pause.to;
    } else {
      pictures.paused.push_back(pause);
    }
  }
}

}  // namespace

double Pictures::frozen_seconds(Duration from, Duration to) const {
  double sum = 0;
  for (const Span& span : frozen) {
    const Duration common = std::min(span.to, to) - std::max(span.from, from);
    if (common > Duration::zero()) sum += std::chrono::duration<double>(common).count();
  }
  return sum;
}

Pictures look_at_pictures(const CallRecording& call) {
  Pictures pictures;
  find_pauses(call, pictures);
  media::FreezeMeter meter;
  Span last{Duration::min(), Duration::min()};  // captured, shown
  const auto show = [&](Duration captured, Duration shown) {
    shown = std::max(shown, last.to);
    if (last.from != Duration::min()) {
      const Span gap{last.from, captured};
      if (is_pause_of(call.pauses, gap) || is_pause_of(pictures.paused, gap)) meter.restart();
    }
    const auto interruptions = meter.freezes() + meter.pauses();
    meter.handle_frame(Timestamp{std::chrono::hours(1)} + shown);
    if (meter.freezes() + meter.pauses() > interruptions) pictures.frozen.push_back({last.to, shown});
    last = {captured, shown};
  };
  for (const FrameSample& frame : call.frames) {
    if (frame.shown) show(frame.captured, frame.due);
  }
  // Those that never came.
  if (last.from != Duration::min() && last.to < call.ended) show(call.ended, call.ended);
  return pictures;
}

}  // namespace tidewire::simulate
