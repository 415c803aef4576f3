import ChatCore
import Testing

@Suite("SecretName")
struct SecretNameTests {
  @Test("22 letters and digits of 62, and never the same")
  func names() {
    let names = (0..<2_000).map { _ in SecretName.make() }
    #expect(Set(names).count == names.count)
    #expect(Set(names.joined()).count == 62)
    #expect(names.allSatisfy { $0.utf8.count == 22 })
    #expect(names.joined().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
  }
}
