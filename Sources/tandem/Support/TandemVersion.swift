/// The package's version, as in CHANGELOG.md.
enum TandemVersion {
  static let current = "0.1.0"
}
