// Functions applied to every element of a result before it is stored.

#ifndef TANDEM_ACTIVATIONS_H
#define TANDEM_ACTIVATIONS_H

/// The values of an `activation` parameter. What is not a number stays so.
enum {
  ACTIVATION_NONE = 0,
  /// max(x, 0)
  ACTIVATION_RELU = 1,
  /// min(max(x, 0), 6)
  ACTIVATION_RELU6 = 2,
  /// x · min(max(x + 3, 0), 6) / 6
  ACTIVATION_HARD_SWISH = 3,
  /// x / (1 + e^−x)
  ACTIVATION_SILU = 4,
  /// min(max(x / 6 + 1 / 2, 0), 1), as networks of the MobileNet-V3 family have it
  ACTIVATION_HARD_SIGMOID = 5,
  /// 1 / (1 + e^−x)
  ACTIVATION_SIGMOID = 6,
};

#endif
