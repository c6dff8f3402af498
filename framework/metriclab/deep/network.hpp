// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/architecture.hpp>
#include <metriclab/deep/norm_relu_pool.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// What the architectures here have in common: layers, and embeddings that may be normalised.
///
/// Initial weights are normal with mean 0 and variance gain / (inputs of a unit), gain 2 before a
/// ReLU (He, Zhang, Ren, Sun. Delving deep into rectifiers. ICCV 2015, Eq. 10) and 1 otherwise
/// (LeCun, Bottou, Orr, Müller. Efficient backprop. 1998, Eq. 16); biases are 0.
class Network : public Architecture {
 public:
  ~Network() override;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("normalize", &Network::normalize, "embeddings are brought to length 1");
  }

  void build(const std::vector<std::int64_t>& input, Random& random) final;
  at::Tensor forward(const at::Tensor& inputs, bool training) final;
  std::int64_t embedding_size() const final { return embedding_size_; }

 protected:
  enum class Before { relu, other };

  /// y = x Wᵀ + b, (B × in) to (B × out).
  struct Linear {
    at::Tensor weight, bias;  // (out × in); (out), or undefined
    at::Tensor operator()(const at::Tensor& x) const;
  };
  /// y = γ (x − mean) / √(variance + 10⁻⁵) + β for each channel. In training, mean and variance
  /// (its 1/n form) are those of the batch, and the running ones move a tenth of the way to them
  /// (with the 1/(n − 1) form); otherwise, and for a batch of a single value a channel, they are
  /// the running ones. Source: Ioffe, Szegedy. Batch normalization. ICML 2015.
  struct BatchNorm : NormTensors {
    at::Tensor operator()(const at::Tensor& x, bool training) const;
    /// The 2 × 2 max-pooling of the ReLU of that, in one go.
    at::Tensor relu_pool(const at::Tensor& x, bool training) const {
      return norm_relu_pool(x, *this, training);
    }
  };

  /// Makes the layers; returns the embedding's size. Throws Error as `build` does.
  virtual std::int64_t make_layers(const std::vector<std::int64_t>& input, Random& random) = 0;
  /// (B × input…) to (B × embedding_size()).
  virtual at::Tensor embed(const at::Tensor& inputs, bool training) = 0;

  Linear linear(const std::string& name, std::int64_t in, std::int64_t out, Before before,
                bool has_bias, Random& random);
  BatchNorm batch_norm(const std::string& name, std::int64_t channels);
  /// (shape) weights of units with so many inputs.
  at::Tensor weights(const std::string& name, at::IntArrayRef shape, std::int64_t inputs,
                     Before before, Random& random);

  bool normalize = false;

 private:
  std::int64_t embedding_size_ = 0;
};

/// The number of values in a shape.
std::int64_t dimension_of(const std::vector<std::int64_t>& shape);

}  // namespace metriclab
