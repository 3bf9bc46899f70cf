extension String {
  /// The text on one line with nothing in it that a terminal would act on: control and formatting characters,
  /// line and paragraph separators and backslashes are written as Swift's escapes.
  public var escaped: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\\": result += "\\\\"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
          result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }

  /// The text as a name in a message: ``escaped``, and beyond 80 characters its start and its end only.
  public var quoted: String {
    let scalars = unicodeScalars
    guard scalars.count > 80 else { return escaped }
    return "\(String(scalars.prefix(52)).escaped)…\(String(scalars.suffix(24)).escaped)"
  }
}
