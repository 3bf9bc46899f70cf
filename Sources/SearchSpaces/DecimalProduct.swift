/// Exact products of many small factors, as decimal text.
enum DecimalProduct {
  /// The product of positive factors, each below 10⁹.
  ///
  /// - Complexity: the number of factors times the number of digits.
  static func text(of factors: [Int]) -> String {
    var limbs: [Int] = [1]  // base 10⁹, least significant first
    for factor in factors {
      precondition(factor > 0 && factor < 1_000_000_000, "factor out of range")
      var carry = 0
      for index in limbs.indices {
        let value = limbs[index] * factor + carry
        limbs[index] = value % 1_000_000_000
        carry = value / 1_000_000_000
      }
      if carry > 0 { limbs.append(carry) }
    }
    let rest = limbs.dropLast().reversed().map { limb in
      let digits = String(limb)
      return String(repeating: "0", count: 9 - digits.count) + digits
    }
    return String(limbs.last!) + rest.joined()
  }
}
