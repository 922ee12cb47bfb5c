/// Durations as the two languages of Dragonfly read them, in seconds. They are different: `2` is two nanoseconds to the
/// scheduler and an error to the daemon, `30days` is an error to the scheduler.
enum DurationText {
    /// Go's `time.ParseDuration`: a sign, then numbers with units from `ns` to `h`; `0` alone needs none.
    static func go(_ text: String) -> Double? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        if rest == "0" { return 0 }
        var nanoseconds = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            guard let number = takeNumber(&rest) else { return nil }
            let unit = takeUnit(&rest)
            guard let factor = goUnits[unit] else { return nil }
            nanoseconds += number * factor
        }
        // An int64 of nanoseconds is all there is room for.
        guard nanoseconds <= 9.223372036854775e18 else { return nil }
        return (isNegative ? -nanoseconds : nanoseconds) / 1e9
    }

    /// Rust's `humantime`: numbers with units from `ns` to `years`, with or without blanks between them, fractions from
    /// its release 2.3 on; never negative. `0` alone needs no unit.
    static func human(_ text: String) -> Double? {
        var rest = Substring(text)
        var nanoseconds = 0.0
        dropBlanks(&rest)
        guard !rest.isEmpty else { return nil }
        if rest == "0" { return 0 }
        while !rest.isEmpty {
            guard let number = takeNumber(&rest) else { return nil }
            dropBlanks(&rest)
            guard let factor = humanUnits[takeUnit(&rest)] else { return nil }
            nanoseconds += number * factor
            dropBlanks(&rest)
        }
        return nanoseconds.isFinite ? nanoseconds / 1e9 : nil
    }

    /// A number of seconds as an administrator would write it in both files: `1.5s`, `15m`, `720h`.
    static func text(_ seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e12 else { return "\(seconds)s" }
        if seconds != 0, abs(seconds) < 1e-6 { return "\(whole(seconds * 1e9))ns" }
        if seconds != 0, abs(seconds) < 1 { return "\(trimmed(seconds * 1000))ms" }
        for (unit, size) in [("h", 3600.0), ("m", 60.0)]
        where abs(seconds) >= size && seconds.truncatingRemainder(dividingBy: size) == 0 {
            return "\(whole(seconds / size))\(unit)"
        }
        return "\(trimmed(seconds))s"
    }

    private static func whole(_ number: Double) -> String { String(Whole.number(number)) }

    /// At most three digits behind the point.
    private static func trimmed(_ number: Double) -> String {
        let rounded = (number * 1000).rounded() / 1000
        return rounded == rounded.rounded() ? whole(rounded) : "\(rounded)"
    }

    private static func dropBlanks(_ rest: inout Substring) {
        rest = rest.drop { $0.isWhitespace }
    }

    private static func takeNumber(_ rest: inout Substring) -> Double? {
        let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard digits != ".", let number = Double("0\(digits)") else { return nil }
        rest = rest[digits.endIndex...]
        return number
    }

    private static func takeUnit(_ rest: inout Substring) -> String {
        let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) && !$0.isWhitespace }
        rest = rest[unit.endIndex...]
        return String(unit)
    }

    /// In nanoseconds: sums of whole numbers stay exact.
    private static let goUnits: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

    private static let humanUnits: [String: Double] = {
        let names: [(Double, [String])] = [
            (1, ["nanos", "nsec", "ns"]), (1e3, ["micros", "usec", "us", "µs"]), (1e6, ["millis", "msec", "ms"]),
            (1e9, ["seconds", "second", "secs", "sec", "s"]), (60e9, ["minutes", "minute", "mins", "min", "m"]),
            (3600e9, ["hours", "hour", "hrs", "hr", "h"]), (86_400e9, ["days", "day", "d"]),
            (604_800e9, ["weeks", "week", "wks", "wk", "w"]), (2_630_016e9, ["months", "month", "M"]),
            (31_557_600e9, ["years", "year", "yrs", "yr", "y"]),
        ]
        return Dictionary(names.flatMap { size, units in units.map { ($0, size) } }) { first, _ in first }
    }()
}
