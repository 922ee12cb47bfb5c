/// Sizes as the daemon's `bytesize` reads them: `50GB` is 50 x 10^9 bytes, `100GiB` is 100 x 2^30, a bare number is
/// bytes; case does not matter.
enum SizeText {
    static func bytes(_ text: String) -> Double? {
        let trimmed = text.drop { $0.isWhitespace }
        let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard digits.first?.isNumber == true, let number = Double(digits + "") else { return nil }
        let unit = trimmed[digits.endIndex...].filter { !$0.isWhitespace }.lowercased()
        guard let factor = factor(unit) else { return nil }
        let bytes = number * factor
        return bytes < Double(UInt64.max) ? bytes : nil
    }

    private static func factor(_ unit: String) -> Double? {
        if unit.isEmpty || unit == "b" { return 1 }
        let letters = Array("kmgtpe")
        guard let first = unit.first, let index = letters.firstIndex(of: first) else { return nil }
        let base: Double
        switch unit.dropFirst() {
        case "", "b": base = 1000
        case "i", "ib": base = 1024
        default: return nil
        }
        return (0...index).reduce(1) { product, _ in product * base }
    }

    /// `1.5 TB` for a reader; three digits at most.
    static func text(_ bytes: Double) -> String {
        var number = bytes
        for unit in ["B", "kB", "MB", "GB", "TB", "PB"] {
            if number < 1000 || unit == "PB" {
                let rounded = (number * 10).rounded() / 10
                return rounded == rounded.rounded() && rounded < 1e15
                    ? "\(Int64(rounded)) \(unit)" : "\(rounded) \(unit)"
            }
            number /= 1000
        }
        return "\(bytes) B"
    }
}

/// Numbers that come from outside, as whole ones: what does not fit is the nearest that does.
enum Whole {
    static func number(_ value: Double) -> Int64 {
        guard !value.isNaN else { return 0 }
        return Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }
}
