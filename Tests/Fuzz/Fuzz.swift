internal import ChatSystem
internal import FuzzTargets
internal import Glibc

/// The target that `--target=NAME` names; libFuzzer leaves flags with two hyphens to us.
///
/// Set once, before the first input.
nonisolated(unsafe) private var target: FuzzTarget?

/// Called by libFuzzer once (https://llvm.org/docs/LibFuzzer.html#startup-initialization).
@_cdecl("LLVMFuzzerInitialize")
func initialize(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  let flag = "--target="
  for index in 0..<Int(count.pointee) {
    // Sound: argc and argv as main was given them.
    guard let text = arguments.pointee[index].map({ String(cString: $0) }), text.hasPrefix(flag)
    else { continue }
    target = FuzzTarget(rawValue: String(text.dropFirst(flag.utf8.count)))
  }
  guard target == nil else { return 0 }
  let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
  StandardStream.error.writeIfPossible("fuzz: want \(flag)NAME, one of \(names)\n")
  exit(2)
}

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // Sound: libFuzzer's bytes are there until this returns, and are copied.
  target?.run(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
