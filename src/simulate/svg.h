// Writes the few shapes that diagrams over time are made of.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidewire::simulate {

// One diagram: values over seconds.
struct Panel {
  double left = 0, top = 0, width = 0, height = 0;  // pixels, of the area inside the axes
  double seconds = 1;                               // what the width is
  double most = 1;                                  // what the height is

  double x(double second) const { return left + second / seconds * width; }
  double y(double value) const;
};

using Points = std::vector<std::pair<double, double>>;  // second, value

class Svg {
 public:
  Svg(double width, double height);

  void text(double x, double y, std::string_view text, std::string_view style);
  // Frame, grid and labels; `unit` belongs to the values.
  void axes(const Panel& panel, std::string_view title, std::string_view unit, bool labels_time);
  void line(const Panel& panel, const Points& points, std::string_view style);
  // What lies under the points.
  void area(const Panel& panel, const Points& points, std::string_view style);
  void rect(double x, double y, double width, double height, std::string_view style, std::string_view tooltip);

  std::string finish() &&;

 private:
  std::string text_;
};

// A step of 1, 2 or 5 times a power of ten, of which about `count` make `most`.
double nice_step(double most, int count);

}  // namespace tidewire::simulate
