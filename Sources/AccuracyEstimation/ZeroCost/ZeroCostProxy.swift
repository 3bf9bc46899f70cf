/// Scores of an untrained network that are meant to say which of two networks will be the more accurate one after
/// training. Higher is better for all of them. None is an accuracy.
///
/// What each computes, and where it is from (Abdelfattah et al., arXiv 2101.08134, compare most of them):
public enum ZeroCostProxy: String, CaseIterable, Codable, Sendable {
  /// Synaptic flow (Tanaka et al., arXiv 2006.05467): with all weights replaced by their absolute values and R the sum
  /// of the outputs for an image of ones, Σ |θ · ∂R/∂θ| over all parameters.
  ///
  /// From the paper: absolute weights, the image of ones, the product. Common practice (Abdelfattah et al.): batch norms
  /// are left out, since they would normalise the flow away. Here: the natural logarithm of the sum, which ranks alike
  /// and does not overflow; data-free; float32, in which the flow of very deep networks of large weights is rescued by
  /// scaling image and output gradient (the flow is linear in both).
  case synflow
  /// NASWOT (Mellor et al., arXiv 2006.04647): log |det K_H| with K_H[i, j] = number of ReLU units − Hamming distance of
  /// the binary codes of images i and j.
  ///
  /// From the paper: the kernel and its determinant. Batch norms use the statistics of each 32 images, not of the whole
  /// batch. ReLUs of one tensor are built once here, and so count once; in the benchmark's own code every edge has its
  /// own.
  case naswot
  /// The gradient norm (as in Abdelfattah et al.): the sum over convolutions and fully connected layers of the Euclidean
  /// norm of the gradient of the mean cross-entropy of one batch.
  ///
  /// Batch norms use the statistics of each 32 images.
  case gradientNorm
  /// Connection sensitivity (SNIP; Lee et al., arXiv 1810.02340): Σ |w · ∂L/∂w| over the weights of convolutions and
  /// fully connected layers, L the mean cross-entropy of one batch.
  ///
  /// From the paper: the sensitivity of a connection. Common practice (Abdelfattah et al.): its plain sum as the score of
  /// an architecture; the paper normalises by that sum. Batch norms use the statistics of each 32 images.
  case snip
  /// Jacobian covariance (Mellor et al., first version of arXiv 2006.04647; `jacob_cov` in Abdelfattah et al.): with σ the
  /// eigenvalues of the correlation matrix of the images' gradients ∂(sum of logits)/∂pixels, and k = 10⁻⁵,
  /// −Σ (log(σ + k) + 1 / (σ + k)).
  ///
  /// Batch norms use the statistics of each 32 images, and are differentiated through.
  case jacobianCovariance
  /// Multiply–accumulate operations: the baseline that a proxy should beat.
  case macs
  /// Trainable parameters: the other baseline.
  case parameters

  /// Whether the score depends on images.
  public var needsImages: Bool {
    switch self {
    case .synflow, .macs, .parameters: false
    case .naswot, .gradientNorm, .snip, .jacobianCovariance: true
    }
  }
}
