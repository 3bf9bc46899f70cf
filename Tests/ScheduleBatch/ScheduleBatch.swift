import Foundation
import Foundations
import TestSupport

/// Does to many files, one after the other, what `tandem schedule FILE --output … --plan … --format json` does to
/// one: a process of its own, so that a trap ends this and not the tests, and one process instead of many, so that
/// thousands of files take seconds.
///
///     ScheduleBatch LIST FIRST PATIENCE
///
/// LIST names a file with one path a line, FIRST the first line to work on. Prints one ``BatchLine`` a file as soon as
/// the file is done. A file that takes longer than PATIENCE seconds ends the process by SIGALRM.
@main
enum ScheduleBatch {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let first = Int(arguments[2]), let patience = UInt32(arguments[3]) else {
      FileHandle.standardError.write(Data("usage: ScheduleBatch LIST FIRST PATIENCE\n".utf8))
      exit(2)
    }
    // Threads that start processes may block it, and what they block stays blocked in the child.
    var alarms = sigset_t()
    sigemptyset(&alarms)
    sigaddset(&alarms, SIGALRM)
    sigprocmask(SIG_UNBLOCK, &alarms, nil)
    let list = try String(contentsOfFile: arguments[1], encoding: .utf8)
    let paths = list.split(separator: "\n").map(String.init)
    for index in paths.indices.dropFirst(first) {
      alarm(patience)
      var line = ScheduledFile.line(index: index, url: URL(fileURLWithPath: paths[index]))
      line.residentBytes = residentBytes
      FileHandle.standardOutput.write(Data((try JSONFile.encodeLine(line) + "\n").utf8))
    }
  }

  /// The largest resident size of this process so far.
  private static var residentBytes: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #else
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #endif
  }
}
