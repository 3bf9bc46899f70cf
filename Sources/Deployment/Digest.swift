import Crypto
import Foundation

/// SHA-256 as bundles write it.
enum Digest {
  /// 64 lower-case hexadecimal digits.
  static func sha256(_ data: Data) -> String {
    SHA256.hash(data: data).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
