/// What a test's helper found wrong; it fails the test with these words.
package struct Failure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
