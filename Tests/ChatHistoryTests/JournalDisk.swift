import ChatHistory
import ChatSystem
import Foundation
import TestKit

/// The disk under a journal's file, played: what lies on it when the power fails.
///
/// At a sync, all pages reach it. Of the pages that were written since, each may have reached it in any of the versions
/// that it had meanwhile, or not at all, in any order; and a page may be torn, between sectors or within one.
struct JournalDisk {
  /// How a page that was written since the last sync reached the disk.
  enum Fate: CaseIterable {
    /// Each page in any version.
    case any
    /// All but one page.
    case oneMissing
    /// One page alone.
    case oneWritten
    /// Any page, in any version, torn between sectors.
    case tornBetweenSectors
    /// Any page, in any version, torn anywhere.
    case tornAnywhere
    /// All of it: the process was killed, and the power stayed.
    case all
  }

  private static let pageBytes = 4_096
  private static let sectorBytes = 512

  /// The file as the last sync left it.
  private var synced: [UInt8]
  /// The file as memory has it.
  private(set) var memory: [UInt8]
  /// The versions of pages since the last sync, the first being that of the sync, by page.
  private var versions: [Int: [[UInt8]]] = [:]

  /// A disk that a file has reached.
  init(_ file: FileRing) {
    memory = Self.bytes(of: file)
    synced = memory
  }

  private static func bytes(of file: FileRing) -> [UInt8] {
    Array(UnsafeRawBufferPointer(file.header)) + Array(file[0..<UInt64(file.capacity)])
  }

  /// Something was written to the file.
  mutating func note(_ file: FileRing) {
    note(UnsafeRawBufferPointer(file.header), at: 0)
    note(file[0..<UInt64(file.capacity)], at: FileRing.headerBytes)
  }

  private mutating func note(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    for start in stride(from: 0, to: bytes.count, by: Self.pageBytes) {
      let page = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Self.pageBytes])
      let place = offset + start
      let isUnchanged = memory.withUnsafeBytes {
        isSame(UnsafeRawBufferPointer(rebasing: $0[place..<place + Self.pageBytes]), page)
      }
      guard !isUnchanged else { continue }
      let range = place..<place + Self.pageBytes
      versions[place / Self.pageBytes, default: [Array(memory[range])]].append(Array(page))
      memory.withUnsafeMutableBytes {
        UnsafeMutableRawBufferPointer(rebasing: $0[range]).copyMemory(from: page)
      }
    }
  }

  /// All that was written reaches it.
  mutating func sync() {
    for page in versions.keys {
      let range = page * Self.pageBytes..<(page + 1) * Self.pageBytes
      synced.replaceSubrange(range, with: memory[range])
    }
    versions = [:]
  }

  /// The file as it may be when the power is back.
  func afterPowerFailure(using random: inout SeededRandom) -> [UInt8] {
    let fate = Fate.allCases.randomElement(using: &random) ?? .any
    let pages = versions.keys.sorted()
    guard fate != .all, let chosen = pages.randomElement(using: &random) else { return memory }
    var image = synced
    for page in pages {
      let all = versions[page] ?? []
      let bytes: [UInt8]
      switch fate {
      case .all, .any: bytes = Self.any(all, &random)
      case .oneMissing: bytes = page == chosen ? Self.any(all.dropLast(), &random) : all.last ?? []
      case .oneWritten: bytes = page == chosen ? all.last ?? [] : all.first ?? []
      case .tornBetweenSectors:
        bytes = stride(from: 0, to: Self.pageBytes, by: Self.sectorBytes).flatMap {
          Self.any(all, &random)[$0..<$0 + Self.sectorBytes]
        }
      case .tornAnywhere:
        let cut = Int.random(in: 0...Self.pageBytes, using: &random)
        bytes = Array(Self.any(all, &random)[..<cut]) + Self.any(all, &random)[cut...]
      }
      image.replaceSubrange(page * Self.pageBytes..<(page + 1) * Self.pageBytes, with: bytes)
    }
    return image
  }

  private static func any(_ versions: some Collection<[UInt8]>, _ random: inout SeededRandom)
    -> [UInt8]
  { versions.randomElement(using: &random) ?? [] }
}

/// Whether two stretches of memory hold the same.
func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
  guard let first = one.baseAddress, let second = other.baseAddress else { return one.isEmpty }
  return one.count == other.count && memcmp(first, second, one.count) == 0
}
