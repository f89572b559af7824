#include "simulate/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tidewire::simulate {
namespace {

// Colours of their own for light and dark; the lines' colours are readable on both.
constexpr std::string_view kStyle = R"(<style>
svg{--paper:#fff;--ink:#222;--soft:#666;--grid:#e3e3e3;--room:#dfe6ee;--c0:#1667b7;--c1:#c4511b;--c2:#2b8a4b;--c3:#8e44ad;--c4:#a87b00;--red:#c62828}
@media (prefers-color-scheme:dark){svg{--paper:#15181c;--ink:#e8e8e8;--soft:#a0a0a0;--grid:#2c3138;--room:#28323d;--c0:#69b1f5;--c1:#f59a63;--c2:#6fd08f;--c3:#c792ea;--c4:#e5c07b;--red:#ff7b72}}
text{font:12px system-ui,sans-serif;fill:var(--ink)}
.head{font-size:15px;font-weight:600}.soft{fill:var(--soft)}.end{text-anchor:end}.mid{text-anchor:middle}
.paper{fill:var(--paper)}.grid{stroke:var(--grid);stroke-width:1}.room{fill:var(--room)}
.l{fill:none;stroke-width:1.4;stroke-linejoin:round}.thin{stroke-width:.8;opacity:.65}.dash{stroke-dasharray:5 3}
.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}.c4{stroke:var(--c4)}.tcp{stroke:var(--soft)}
.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.ftcp{fill:var(--soft)}
.drop{fill:var(--red)}.s1{opacity:.25}.s2{opacity:.45}.s3{opacity:.65}.s4{opacity:.9}
</style>
)";

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '&': safe += "&amp;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return safe;
}

std::string label(double value) {
  if (value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.2g}", value);
}

}  // namespace

double Panel::y(double value) const { return top + height - std::clamp(value / most, 0.0, 1.0) * height; }

double nice_step(double most, int count) {
  const double rough = std::max(most, 1e-9) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * 0.999) return factor * power;
  }
  return 10 * power;
}

Svg::Svg(double width, double height) {
  text_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" role=\"img\">\n{2}<rect class=\"paper\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\"/>\n",
      width, height, kStyle);
}

void Svg::text(double x, double y, std::string_view text, std::string_view style) {
  text_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, style, escaped(text));
}

void Svg::axes(const Panel& panel, std::string_view title, std::string_view unit, bool labels_time) {
  text(panel.left, panel.top - 6, title, "soft");
  const double right = panel.left + panel.width;
  const double bottom = panel.top + panel.height;
  const double up = nice_step(panel.most, 4);
  for (double value = 0; value <= panel.most * 1.001; value += up) {
    const double y = panel.y(value);
    text_ += fmt::format("<line class=\"grid\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", panel.left,
                         y, right, y);
    text(panel.left - 6, y + 4, label(value), "soft end");
  }
  if (!unit.empty()) text(panel.left - 6, panel.top - 6, unit, "soft end");
  const double along = nice_step(panel.seconds, 10);
  for (double second = 0; second <= panel.seconds * 1.001; second += along) {
    const double x = panel.x(second);
    text_ += fmt::format("<line class=\"grid\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", x,
                         panel.top, x, bottom);
    if (labels_time) text(x, bottom + 15, label(second) + " s", "soft mid");
  }
}

void Svg::line(const Panel& panel, const Points& points, std::string_view style) {
  if (points.empty()) return;
  text_ += fmt::format("<polyline class=\"l {}\" points=\"", style);
  for (const auto& [second, value] : points) {
    fmt::format_to(std::back_inserter(text_), "{:.1f},{:.1f} ", panel.x(second), panel.y(value));
  }
  text_ += "\"/>\n";
}

void Svg::area(const Panel& panel, const Points& points, std::string_view style) {
  if (points.empty()) return;
  text_ +=
      fmt::format("<polygon class=\"{}\" points=\"{:.1f},{:.1f} ", style, panel.x(points.front().first), panel.y(0));
  for (const auto& [second, value] : points) {
    fmt::format_to(std::back_inserter(text_), "{:.1f},{:.1f} ", panel.x(second), panel.y(value));
  }
  text_ += fmt::format("{:.1f},{:.1f}\"/>\n", panel.x(points.back().first), panel.y(0));
}

void Svg::rect(double x, double y, double width, double height, std::string_view style, std::string_view tooltip) {
  text_ += fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">", style, x, y,
                       std::max(width, 0.5), height);
  if (!tooltip.empty()) text_ += "<title>" + escaped(tooltip) + "</title>";
  text_ += "</rect>\n";
}

std::string Svg::finish() && {
  text_ += "</svg>\n";
  return std::move(text_);
}

}  // namespace tidewire::simulate
