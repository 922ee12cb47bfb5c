package import KubeCore

/// When something was seen, beside when it was due.
package struct ExpectedTime: Hashable, Sendable {
    package var what: String
    /// What makes it due.
    package var rule: String
    package var notBefore: MicroTimestamp
    package var seen: MicroTimestamp

    /// Seconds after its time within which it must be seen.
    package static let allowance = 2

    package init(_ what: String, _ rule: String, notBefore: MicroTimestamp, seen: MicroTimestamp) {
        self.what = what
        self.rule = rule
        self.notBefore = notBefore
        self.seen = seen
    }

    /// Why that is not in time.
    package var complaint: String? {
        let late = seen.microseconds - notBefore.microseconds
        if late < 0 { return "\(what) came \(Self.text(-late)) s too early (\(rule))" }
        if late > Int64(Self.allowance) * 1_000_000 {
            return "\(what) came \(Self.text(late)) s after its time, which is more than \(Self.allowance) s (\(rule))"
        }
        return nil
    }

    /// Rows of a table, in seconds after `start`.
    package static func lines(_ times: [ExpectedTime], after start: MicroTimestamp) -> [String] {
        let rows = times.map { time in
            let due = time.notBefore.microseconds - start.microseconds
            let seen = time.seen.microseconds - start.microseconds
            return [
                "\(time.what): \(time.rule)", "\(text(due)) to \(text(due + Int64(allowance) * 1_000_000)) s",
                "\(text(seen)) s",
            ]
        }
        return TextTable.lines([["", "due", "seen"]] + rows)
    }

    /// Seconds with two decimals.
    package static func text(_ microseconds: Int64) -> String {
        let hundredths = (abs(microseconds) + 5_000) / 10_000
        let fraction = hundredths % 100
        let sign = microseconds < 0 && hundredths > 0 ? "-" : ""
        return "\(sign)\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
