import ChatHTTP
import Foundation
import Testing

@Suite("What answers about files say")
struct FileFieldsTests {
  @Test(
    "base64 as RFC 4648 has it, section 10",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
  func base64(_ text: String, _ encoded: String) {
    #expect(Base64.encoded(Array(text.utf8)) == encoded)
  }

  @Test("base64 as Foundation writes it")
  func base64OfRandomBytes() {
    for count in 0..<100 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255) }
      #expect(Base64.encoded(bytes) == Data(bytes).base64EncodedString())
    }
  }

  @Test("percent-encoding, there and back")
  func percent() {
    #expect(PercentEncoding.encoded("a-B.9_~") == "a-B.9_~")
    #expect(PercentEncoding.encoded("ä/?#%\n ") == "%C3%A4%2F%3F%23%25%0A%20")
    for text in ["", "ä/?#%\n ", "日本", "a%b"] {
      #expect(PercentEncoding.decoded(PercentEncoding.encoded(text)) == text)
    }
    for text in ["%", "%1", "%zz", "%ff", "a%C3"] { #expect(PercentEncoding.decoded(text) == nil) }
  }

  @Test(
    "a name that no program can take for anything else",
    arguments: [
      ("a.txt", "filename=\"a.txt\"; filename*=UTF-8''a.txt"),
      ("ä\"\\%.x", "filename=\"____.x\"; filename*=UTF-8''%C3%A4%22%5C%25.x"),
      ("a\r\nB: c", "filename=\"a__B: c\"; filename*=UTF-8''a%0D%0AB%3A%20c"),
    ])
  func disposition(_ name: String, _ value: String) {
    #expect(ContentDisposition.attachment.value(naming: name)?.text == "attachment; \(value)")
    #expect(ContentDisposition.inline.value(naming: name)?.text == "inline; \(value)")
  }
}

@Suite("TusFields")
struct TusFieldsTests {
  @Test("base64 is read as it is written, and as nothing else")
  func base64() {
    for count in 0..<50 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255) }
      #expect(Base64.decoded(Base64.encoded(bytes)) == bytes)
    }
    for text in [
      "Zg", "Zg=", "Zh==", "Zg===", "=Zg=", "Z===", "Zm9v\n", "Zm 9", "Zm9v====", "é===",
    ] {
      #expect(Base64.decoded(text) == nil, "\(text)")
    }
  }

  @Test("metadata: pairs of a key and a value in base64, each key once")
  func metadata() {
    #expect(
      TusFields.metadata("filename YQ==,empty, x  YWI=") == [
        "filename": "a", "empty": "", "x": "ab",
      ])
    for text in ["", "a b c", "a YQ==,a YQ==", "a !", "a /w==", ",", "a YQ==,"] {
      #expect(TusFields.metadata(text) == nil, "\(text)")
    }
  }
}
