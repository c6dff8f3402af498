// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/data/dataset.hpp>
#include <metriclab/plugin/random.hpp>
#include <numbers>

namespace {

using namespace metriclab;

struct Point {
  double x = 0, y = 0;
};
using Stroke = std::vector<Point>;  // a smooth curve passes through these
using Character = std::vector<Stroke>;

/// How one drawer writes: an affine map of the page and the pen's width.
struct Hand {
  double angle = 0, slant = 0, stretch = 1, pen = 1;
};

/// A point of the Catmull-Rom curve through p1 and p2, t in [0, 1].
Point between(const Point& p0, const Point& p1, const Point& p2, const Point& p3, double t) {
  auto along = [t](double a, double b, double c, double d) {
    return 0.5 *
           (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
  };
  return {along(p0.x, p1.x, p2.x, p3.x), along(p0.y, p1.y, p2.y, p3.y)};
}

Stroke smooth(const Stroke& control) {
  constexpr int kSteps = 12;
  Stroke curve = {control.front()};
  for (std::size_t i = 0; i + 1 < control.size(); ++i) {
    const Point& p0 = control[i == 0 ? 0 : i - 1];
    const Point& p3 = control[std::min(i + 2, control.size() - 1)];
    for (int step = 1; step <= kSteps; ++step)
      curve.push_back(
          between(p0, control[i], control[i + 1], p3, static_cast<double>(step) / kSteps));
  }
  return curve;
}

double distance(double x, double y, const Point& a, const Point& b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double t =
      length == 0 ? 0 : std::clamp(((x - a.x) * dx + (y - a.y) * dy) / length, 0.0, 1.0);
  return std::hypot(x - a.x - t * dx, y - a.y - t * dy);
}

/// Ink where a round pen of that radius (in pixels) passed, with an edge one pixel wide.
void draw(const Stroke& curve, double radius, std::int64_t size, float* pixels) {
  for (std::size_t i = 0; i + 1 < curve.size(); ++i) {
    const Point &a = curve[i], &b = curve[i + 1];
    auto first = [&](double low) {
      return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(low - radius - 1)));
    };
    auto last = [&](double high) {
      return std::min<std::int64_t>(size - 1,
                                    static_cast<std::int64_t>(std::ceil(high + radius + 1)));
    };
    for (std::int64_t row = first(std::min(a.y, b.y)); row <= last(std::max(a.y, b.y)); ++row)
      for (std::int64_t column = first(std::min(a.x, b.x)); column <= last(std::max(a.x, b.x));
           ++column) {
        const double away =
            distance(static_cast<double>(column) + 0.5, static_cast<double>(row) + 0.5, a, b);
        float& pixel = pixels[row * size + column];
        pixel = std::max(pixel, static_cast<float>(std::clamp(radius + 0.5 - away, 0.0, 1.0)));
      }
  }
}

/// Moves and scales a character so that it fills the square [−½, ½]²; a flat or narrow one is
/// widened, at most to three fifths of its greater side and at most twofold.
void fill_square(Character& character) {
  Point low{INFINITY, INFINITY}, high{-INFINITY, -INFINITY};
  for (const Stroke& stroke : character)
    for (const Point& p : smooth(stroke)) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
  const double width = high.x - low.x, height = high.y - low.y;
  const double side = std::max({width, height, 1e-6});
  auto scale = [&](double extent) {
    return std::clamp(0.6 * side / std::max(extent, 1e-6), 1.0, 2.0) / side;
  };
  for (Stroke& stroke : character)
    for (Point& p : stroke)
      p = {(p.x - (low.x + high.x) / 2) * scale(width),
           (p.y - (low.y + high.y) / 2) * scale(height)};
}

/// Characters like hand-drawn ones, with classes, coarser classes and drawers, as many as wanted.
///
/// A character is one to four strokes; a stroke is a smooth curve (Catmull-Rom) through two to six
/// points of a random walk that turns as its alphabet's strokes do. Each drawer draws each
/// character once: with the drawer's own tilt, slant, proportions and pen, and with every point,
/// the place and the size a little off. Class c of alphabet a depends on the seed, a and c alone.
class Glyphs final : public Dataset {
 public:
  static void describe(Description<Glyphs>& is) {
    is.summary(
        "generated: characters of random strokes, each drawn by several drawers; labels character, "
        "alphabet, drawer");
    is.source(
        "made for metriclab, in the manner of Lake, Salakhutdinov, Tenenbaum. Human-level concept "
        "learning through "
        "probabilistic program induction. Science 2015");
    is.cost("about 0.05 ms an image of 28 x 28");
    is.parameter("alphabets", &Glyphs::alphabets,
                 "number of alphabets: coarser classes with strokes of a kind")
        .at_least(1);
    is.parameter("characters", &Glyphs::characters,
                 "number of characters of each alphabet: the classes")
        .at_least(1);
    is.parameter("drawers", &Glyphs::drawers, "number of drawers: the drawings of each character")
        .at_least(1);
    is.parameter("size", &Glyphs::size, "height and width of an image").at_least(8);
    is.parameter("variation", &Glyphs::variation,
                 "how much drawings of a character differ; 0: not at all, 1: as people's do")
        .at_least(0);
    is.parameter("seed", &Glyphs::seed, "which characters are generated").at_least(0);
  }

  Data load(const Places&) const override {
    if (alphabets * characters < 2)
      throw Error("one alphabet of one character is a single class; at least two are needed")
          .in("characters");
    const Random stream(static_cast<std::uint64_t>(seed), "glyphs");
    std::vector<Hand> hands;
    for (std::int64_t w = 0; w < drawers; ++w)
      hands.push_back(make_hand(child(stream, "hands", w)));
    Data data;
    data.columns = {{"character", {}, {}}, {"alphabet", {}, {}}, {"drawer", {}, {}}};
    for (std::int64_t w = 0; w < drawers; ++w)
      data.columns[2].classes.push_back("drawer" + std::to_string(w + 1));
    std::vector<float> values(
        static_cast<std::size_t>(alphabets * characters * drawers * size * size));
    float* image = values.data();
    for (std::int64_t a = 0; a < alphabets; ++a) {
      const Random alphabet = child(stream, "alphabets", a);
      data.columns[1].classes.push_back("alphabet" + std::to_string(a + 1));
      for (std::int64_t c = 0; c < characters; ++c) {
        const Random own = child(alphabet, "characters", c);
        const Character character = make_character(alphabet.child("style"), own.child("strokes"));
        data.columns[0].classes.push_back(data.columns[1].classes.back() + "/character" +
                                          std::to_string(c + 1));
        for (std::int64_t w = 0; w < drawers; ++w, image += size * size) {
          write(character, hands[static_cast<std::size_t>(w)], child(own, "drawings", w), image);
          data.columns[0].values.push_back(static_cast<std::int32_t>(a * characters + c));
          data.columns[1].values.push_back(static_cast<std::int32_t>(a));
          data.columns[2].values.push_back(static_cast<std::int32_t>(w));
        }
      }
    }
    data.examples = Examples({1, size, size}, std::move(values));
    return data;
  }

 private:
  static Random child(const Random& stream, std::string_view name, std::int64_t number) {
    return stream.child(name).child(static_cast<std::uint64_t>(number));
  }

  Hand make_hand(Random random) const {
    Hand hand;
    hand.angle = 0.10 * variation * random.normal();
    hand.slant = 0.15 * variation * random.normal();
    hand.stretch = std::exp(0.10 * variation * random.normal());
    hand.pen = std::exp(0.20 * variation * random.normal());
    return hand;
  }

  /// All in units of the page's side. The numbers were chosen by eye, for the look of Omniglot's
  /// characters.
  static Character make_character(Random style, Random random) {
    const double bend = style.uniform(0.4, 1.5), step = style.uniform(0.3, 0.5),
                 joined = style.uniform(0.6, 1);
    Character character(static_cast<std::size_t>(1 + random.below(4)));
    for (std::size_t i = 0; i < character.size(); ++i) {
      Point at{random.uniform(), random.uniform()};
      if (i > 0 && random.uniform() < joined) {
        const Stroke& earlier =
            character[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i)))];
        at = earlier[static_cast<std::size_t>(
            random.below(static_cast<std::int64_t>(earlier.size())))];
      }
      double heading = random.uniform(0, 2 * std::numbers::pi);
      const double turn = bend * random.normal();  // a stroke mostly curls one way
      // The first stroke is the longest, and all the longer where it is alone.
      const std::int64_t points = (i > 0 ? 2 : character.size() == 1 ? 4 : 3) + random.below(3);
      Stroke& stroke = character[i];
      stroke.push_back(at);
      for (std::int64_t p = 1; p < points; ++p) {
        const double length = step * random.uniform(0.6, 1.6);
        at = {at.x + length * std::cos(heading), at.y + length * std::sin(heading)};
        stroke.push_back(at);
        heading += turn + 0.5 * bend * random.normal();
      }
    }
    fill_square(character);
    return character;
  }

  void write(const Character& character, const Hand& hand, Random random, float* image) const {
    const double wobble = 0.03 * variation, angle = hand.angle + 0.05 * variation * random.normal();
    const double scale = 0.72 * std::exp(0.08 * variation * random.normal());
    const Point centre{0.5 + 0.03 * variation * random.normal(),
                       0.5 + 0.03 * variation * random.normal()};
    const double radius = std::max(0.5, 0.025 * static_cast<double>(size) * hand.pen),
                 cosine = std::cos(angle), sine = std::sin(angle);
    for (Stroke stroke : character) {
      const Point off{wobble * random.normal(), wobble * random.normal()};
      for (Point& p : stroke) {
        const double x = (p.x + off.x + wobble * random.normal()) * hand.stretch,
                     y = p.y + off.y + wobble * random.normal();
        const double leaning = x - hand.slant * y;
        p = {(centre.x + scale * (cosine * leaning - sine * y)) * static_cast<double>(size),
             (centre.y + scale * (sine * leaning + cosine * y)) * static_cast<double>(size)};
      }
      draw(smooth(stroke), radius, size, image);
    }
  }

  std::int64_t alphabets = 10;
  std::int64_t characters = 20;
  std::int64_t drawers = 20;
  std::int64_t size = 28;
  double variation = 1;
  std::int64_t seed = 1;
};

METRICLAB_PLUGIN(Glyphs, "glyphs");

}  // namespace
