import Foundation

/// `tandem` run to its end with what the system says that it used.
struct MeasuredProcess {
  /// The exit code; negative for a signal.
  let status: Int32
  let output: Data
  let errors: String
  let seconds: Double
  /// The largest resident size. Linux counts what the parent had when it started the child.
  let residentBytes: Int

  /// Runs the executable; `wait4` tells what this one child used, which `Process` does not.
  init(_ arguments: [String], scratch: Scratch) throws {
    let files = ["measured.out", "measured.err"].map { scratch.path($0) }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, file) in zip([1, 2] as [Int32], files) {
      posix_spawn_file_actions_addopen(&actions, descriptor, file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    }
    var words: [UnsafeMutablePointer<CChar>?] = ([Executable.url.path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let start = ContinuousClock.now
    let failure = posix_spawn(&child, Executable.url.path, &actions, nil, &words, environ)
    guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EINVAL) }
    var status: Int32 = 0
    var usage = rusage()
    while wait4(child, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECHILD) }
    }
    seconds = (ContinuousClock.now - start) / .seconds(1)
    let signal = status & 0x7F
    self.status = signal == 0 ? (status >> 8) & 0xFF : -signal
    #if canImport(Darwin)
      residentBytes = usage.ru_maxrss
    #else
      residentBytes = usage.ru_maxrss * 1024
    #endif
    output = try Data(contentsOf: URL(fileURLWithPath: files[0]))
    errors = String(decoding: try Data(contentsOf: URL(fileURLWithPath: files[1])), as: UTF8.self)
  }
}
