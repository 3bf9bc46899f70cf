import Foundations
import Kernels
import ScheduleTuning
import Testing

struct EnvironmentTests {
  @Test func readsProcessorNames() {
    let x86 = """
      processor\t: 0
      vendor_id\t: AuthenticAMD
      cpu family\t: 26
      model\t\t: 2
      model name\t: AMD EPYC

      processor\t: 1
      model name\t: Other
      """
    #expect(Processor.name(fromCPUInfo: x86) == "AMD EPYC, family 26, model 2")
    #expect(
      Processor.name(fromCPUInfo: "CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n")
        == "CPU implementer 0x41, part 0xd0c")
    #expect(Processor.name(fromCPUInfo: "Model\t\t: Raspberry Pi 4\nCPU part : 0xd08") == "Raspberry Pi 4")
    #expect(Processor.name(fromCPUInfo: "nonsense") == nil)
    #expect(!Processor.name.isEmpty)
  }

  @Test func fingerprintsDifferInEveryPart() {
    let base = TargetFingerprint(cpu: "a", vectorExtension: "avx2", blas: "b", threads: 1)
    let others = [
      TargetFingerprint(cpu: "x", vectorExtension: "avx2", blas: "b", threads: 1),
      TargetFingerprint(cpu: "a", vectorExtension: "sse2", blas: "b", threads: 1),
      TargetFingerprint(cpu: "a", vectorExtension: "avx2", blas: "c", threads: 1),
      TargetFingerprint(cpu: "a", vectorExtension: "avx2", blas: "b", threads: 2),
    ]
    #expect(Set(([base] + others).map(\.key)).count == 5)
    let current = TargetFingerprint.current(threads: 3)
    #expect(current == TargetFingerprint.current(threads: 3))
    #expect(current.blas.hasSuffix(BLAS.coreName) && current.threads == 3)
    #expect(["avx512", "avx2", "sse2", "neon", "portable"].contains(current.vectorExtension))
  }

  @Test func environmentSaysWhatTheBLASWasAskedFor() {
    let free = RunEnvironment.current(threads: 1, packageVersion: "1.2.3", environment: [:])
    #expect(free.blas.requestedCore == nil && free.packageVersion == "1.2.3" && free.schemaVersion == 1)
    #expect(free.processors > 0 && free.memoryBytes > 0 && free.toolchain.hasPrefix("Swift "))
    let forced = RunEnvironment.current(
      threads: 1, packageVersion: "1.2.3", environment: ["OPENBLAS_CORETYPE": "Haswell"])
    #expect(forced.blas.requestedCore == "Haswell" && forced.blas.core == BLAS.coreName)
  }
}
