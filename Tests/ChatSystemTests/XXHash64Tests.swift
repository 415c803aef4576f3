import ChatSystem
import Testing

@Suite("XXHash64")
struct XXHash64Tests {
  /// The bytes that xxHash's own tests take (xxHash, tests/sanity_test.c).
  private static let bytes: [UInt8] = {
    var state = generator
    return (0..<5_000).map { _ in
      defer { state &*= 11_400_714_785_074_694_797 }
      return UInt8(state >> 56)
    }
  }()

  private func hash(_ bytes: some Sequence<UInt8>, seed: UInt64 = 0) -> UInt64 {
    Array(bytes).withUnsafeBytes { XXHash64.hash($0, seed: seed) }
  }

  @Test("the hashes that xxHash publishes are found", arguments: published)
  func publishedHashes(count: Int, seed: UInt64, expected: UInt64) {
    #expect(hash(Self.bytes.prefix(count), seed: seed) == expected)
  }

  @Test("long input has the hash that xxHash 0.8.4 gives it", arguments: long)
  func longInput(count: Int, seed: UInt64, expected: UInt64) {
    #expect(hash(Self.bytes.prefix(count), seed: seed) == expected)
  }

  @Test("each length from 0 to 100 has the hash that xxHash 0.8.4 gives it, wherever it lies")
  func lengths() {
    #expect(byLength.count == 101)
    for (count, expected) in byLength.enumerated() {
      for shift in 0..<8 {
        let shifted = [UInt8](repeating: 0xFF, count: shift) + Self.bytes.prefix(count) + [0xFF]
        let found = shifted.withUnsafeBytes {
          XXHash64.hash(UnsafeRawBufferPointer(rebasing: $0[shift..<shift + count]))
        }
        #expect(found == expected, "\(count) bytes, shifted by \(shift)")
      }
    }
  }

  @Test("text has the hash that is quoted everywhere")
  func text() {
    #expect(hash("a".utf8) == 0xD24E_C4F1_A98C_6E5B)
    #expect(hash("abc".utf8) == 0x44BC_2CF5_AD77_0999)
    #expect(hash("xxhash".utf8, seed: 20_141_025) == 0xB559_B98D_844E_0635)
    #expect(
      hash("Nobody inspects the spammish repetition".utf8) == 0xFBCE_A83C_8A37_8BF1)
  }

  @Test("no memory at all is hashed like no bytes")
  func nothing() {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    #expect(XXHash64.hash(nothing) == 0xEF46_DB37_51D8_E999)
    #expect(XXHash64.hash(nothing, seed: generator) == 0xAC75_FDA2_929B_17EF)
  }

  @Test("a bit that flips changes the hash")
  func flips() {
    let bytes = Array(Self.bytes.prefix(77))
    let hashes = (0..<bytes.count * 8).map { bit in
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      return hash(flipped)
    }
    #expect(Set(hashes + [hash(bytes)]).count == bytes.count * 8 + 1)
  }
}

private let generator: UInt64 = 2_654_435_761

/// Length, seed and hash.
private let published: [(Int, UInt64, UInt64)] = [
  (0, 0, 0xEF46_DB37_51D8_E999),
  (0, generator, 0xAC75_FDA2_929B_17EF),
  (1, 0, 0xE934_A84A_DB05_2768),
  (1, generator, 0x5014_6076_43A9_B4C3),
  (4, 0, 0x9136_A0DC_A574_57EE),
  (4, generator, 0xCAAB_286B_D8E9_FDB5),
  (14, 0, 0x8282_DCC4_994E_35C8),
  (14, generator, 0xC3BD_6BF6_3DEB_6DF0),
  (222, 0, 0xB641_AE8C_B691_C174),
  (222, generator, 0x20CB_8AB7_AE10_C14A),
]

private let long: [(Int, UInt64, UInt64)] = [
  (255, 0, 0xA80F_35BB_0DC8_E3A7),
  (255, generator, 0x8E7A_5976_2640_754F),
  (255, .max, 0x8244_4244_9E32_7620),
  (256, 0, 0x5E3F_5BF9_4D57_4981),
  (256, generator, 0x3473_3CBD_9CC1_B0D5),
  (256, .max, 0xAF5F_8BC6_A9EA_05FC),
  (1000, 0, 0x52BD_1358_F22E_9EF7),
  (1000, generator, 0x7275_1A24_0801_7E26),
  (1000, .max, 0xF681_D3B0_E9E4_95AE),
  (4096, 0, 0xAB77_F4AF_85F4_E70B),
  (4096, generator, 0xCB8B_60CB_A513_125D),
  (4096, .max, 0x59C4_456E_9749_EF15),
  (5000, 0, 0x35E5_D154_EA61_C27B),
  (5000, generator, 0xE2F8_E04B_4068_CA73),
  (5000, .max, 0xBEC4_D463_31F0_9407),
]

/// With seed 0.
private let byLength: [UInt64] = [
  0xEF46_DB37_51D8_E999, 0xE934_A84A_DB05_2768, 0x5D48_CD60_A77E_23FF, 0xFF7E_1959_CB50_794A,
  0x9136_A0DC_A574_57EE, 0x9B04_6FB1_397F_09A5, 0xC725_65B7_1542_68A8, 0x6C83_909A_9F01_ED25,
  0xCDBC_F538_E71D_1348, 0x554B_1AE9_91ED_A6B6, 0x5D00_E735_1392_EA84, 0x6345_D574_6F35_DA70,
  0x0723_BF50_086E_AD9A, 0xC2E5_013E_3C40_BCF7, 0x8282_DCC4_994E_35C8, 0x1807_1931_6D62_2D84,
  0x98C9_0B57_FDFC_B55C, 0x0D39_A2D0_51A3_0C2C, 0x33E8_4A43_33B2_B2EB, 0xE91C_6EF3_1FC0_8F82,
  0x5F8C_6835_5769_439E, 0x42B0_B8EE_353A_C461, 0x65C9_35C6_9780_98B1, 0xD246_0ECC_840B_74DD,
  0xF75A_6DEA_42DC_5BF4, 0x52FA_A43C_3F20_B994, 0x8DB7_831E_C345_F9A3, 0x8894_5AA0_8051_FC2D,
  0x64CD_9E8C_96A9_E2DD, 0x8C8F_345B_634A_C2B9, 0xE267_7241_D4C4_6CAF, 0x299B_39A2_90E6_D783,
  0x18B2_1649_2BB4_4B70, 0x55C8_DC3E_578F_5B59, 0xD0CE_7CBA_E371_BEB2, 0xCB0A_A8E2_A7A2_9707,
  0x0AE6_7584_084D_C6A4, 0x292F_5332_C92B_73CE, 0x5F39_8E2A_8478_BED3, 0xB888_CAF0_7592_B1B3,
  0x23B3_810D_7D8B_1731, 0x5342_C966_C7F3_D5F4, 0x7745_4B74_F1DB_BF63, 0x9904_C935_0F59_7190,
  0x24EC_2B3D_0E44_2641, 0x4EC3_07EB_E0A6_50A4, 0x7DD1_C551_4B22_40EF, 0x84A4_2E16_7CBD_1FEF,
  0xFD0F_EEAC_7A93_9933, 0xA91B_FF78_A718_5B66, 0xDFFE_9F29_3DDD_101D, 0x2332_585C_18D7_483A,
  0x5A00_5651_1F9D_D653, 0x4426_A2F5_C8D5_9469, 0x39EA_F889_3520_636A, 0xAFEA_98CC_4E92_F7E1,
  0xB7A6_414B_8D3E_2597, 0xF33D_6456_9CD4_B1C0, 0x93FA_072F_0E8F_E7CA, 0x4F28_9057_6949_D6ED,
  0x3378_C44F_459C_290B, 0x40D4_86FD_DDAD_5CB7, 0x2166_4C60_C551_CC87, 0xA9EF_BE0F_A0F3_F4E7,
  0xEF55_8F8A_CAC2_B5CD, 0xDE0F_20DC_2631_AF7A, 0xCF1E_52ED_E1C5_05C4, 0x0965_DF72_19D2_E741,
  0x1B83_78E9_23B2_47A7, 0x43F2_B606_AD9B_A362, 0xD9C3_4132_22F1_DEA4, 0x3D6E_CAB2_BCFB_E3FF,
  0xEA85_73B6_0D5A_8800, 0xE372_599E_31F8_CFFD, 0x02B8_6794_A00B_DBE8, 0xCA1A_21FB_2497_9810,
  0x60DF_F17B_EC07_766D, 0xF4AF_7482_8DE6_862D, 0x828E_4C8C_5257_CC15, 0x91F7_F9D6_0082_99A0,
  0x99BD_5D25_EB21_1099, 0xCB32_9A8F_102F_05BC, 0x993A_0B6E_6D5D_F0CB, 0x818F_4CEC_407D_8CF9,
  0xAF57_F8CD_340F_B1B6, 0x5078_9F0F_60EB_AD3A, 0xF321_4750_C1A6_455E, 0x8DBE_8913_BE34_6D20,
  0xA130_814F_81F8_7E43, 0x0023_276D_258E_DA58, 0x0A05_71F7_69B4_0C93, 0x14A2_F505_1E88_93C8,
  0x4FBB_E74E_0623_67B0, 0x4B37_5CEF_5035_86FC, 0x6AD4_B96E_4286_EB70, 0xFF9F_46BD_CC64_4624,
  0x1050_64E7_43ED_D1D9, 0x097B_16E4_E9B0_A2E3, 0x0666_2519_E839_3FF2, 0xB51C_B5BA_2957_AB0B,
  0x4BFE_019C_D91D_9EA4,
]
