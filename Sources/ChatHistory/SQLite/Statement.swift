internal import CSQLite

/// A prepared statement, to be run again and again.
///
/// It is reset after every run, on every path: a statement left standing on a row would hold a
/// snapshot, and the write-ahead log could never be emptied.
///
/// Thread: its database's.
final class Statement {
  /// A value for one of a statement's parameters.
  enum Value {
    /// Nothing.
    case null
    /// A number.
    case integer(Int64)
    /// Text, which is copied.
    case text(String)
    /// Bytes, which are not copied: they must not be mutated until the run is over.
    case bytes(UnsafeRawBufferPointer)
    /// UTF-8, which is not copied either.
    case stillText(UnsafeRawBufferPointer)
  }

  /// The row that a run stands on. Valid inside the closure it is given to.
  struct Row {
    fileprivate let handle: OpaquePointer

    /// A column's number.
    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(handle, column) }

    /// A column's number that is never negative.
    func unsigned(_ column: CInt) -> UInt64 { UInt64(clamping: integer(column)) }

    /// Whether a column holds nothing.
    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// A column's text.
    func text(_ column: CInt) -> String {
      String(decoding: bytes(column), as: UTF8.self)
    }

    /// A column's bytes, which go when the run goes on.
    func bytes(_ column: CInt) -> UnsafeRawBufferPointer {
      // The pointer first: asking for the length afterwards converts nothing (column_blob.html).
      let start = sqlite3_column_blob(handle, column)
      return UnsafeRawBufferPointer(
        start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }
  }

  private let handle: OpaquePointer
  private let database: Database

  /// Prepares a statement.
  init(_ text: String, in database: Database) throws(HistoryError) {
    var handle: OpaquePointer?
    let code = sqlite3_prepare_v3(
      database.handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    guard code == SQLITE_OK, let handle else { throw database.failure() }
    self.handle = handle
    self.database = database
  }

  deinit { sqlite3_finalize(handle) }

  /// Runs it, whatever rows it may have.
  func run(_ values: Value...) throws(HistoryError) {
    try each(values) { _ in true }
  }

  /// Runs it, and reads its first row; `nil` if there is none.
  func first<Result>(
    _ values: Value..., read: (Row) throws(HistoryError) -> Result
  ) throws(HistoryError) -> Result? {
    var result: Result?
    try each(values) { row throws(HistoryError) in
      result = try read(row)
      return false
    }
    return result
  }

  /// Runs it, and hands over row after row, as long as `body` wants more.
  func each(
    _ values: Value..., body: (Row) throws(HistoryError) -> Bool
  ) throws(HistoryError) {
    try each(values, body)
  }

  private func each(
    _ values: [Value], _ body: (Row) throws(HistoryError) -> Bool
  ) throws(HistoryError) {
    defer {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
    for (index, value) in values.enumerated() { try bind(value, at: CInt(index + 1)) }
    while true {
      switch sqlite3_step(handle) {
      case SQLITE_ROW:
        if try !body(Row(handle: handle)) { return }
      case SQLITE_DONE: return
      default: throw database.failure()
      }
    }
  }

  private func bind(_ value: Value, at index: CInt) throws(HistoryError) {
    let code: CInt
    switch value {
    case .null: code = sqlite3_bind_null(handle, index)
    case .integer(let number): code = sqlite3_bind_int64(handle, index, number)
    case .text(let text):
      code = csqlite_bind_text(handle, index, text, sqlite3_uint64(text.utf8.count))
    case .bytes(let bytes):
      code = csqlite_bind_still_blob(
        handle, index, bytes.baseAddress, sqlite3_uint64(bytes.count))
    case .stillText(let text):
      code = csqlite_bind_still_text(
        handle, index, text.baseAddress, sqlite3_uint64(text.count))
    }
    guard code == SQLITE_OK else { throw database.failure() }
  }
}

extension Statement.Value {
  /// A number that SQLite's signed ones can hold: all that count lines or bytes.
  static func unsigned(_ number: UInt64) -> Self { .integer(Int64(clamping: number)) }
}
