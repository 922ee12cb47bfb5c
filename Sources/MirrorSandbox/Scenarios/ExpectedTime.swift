package import KubeCore

/// When something was seen, beside when it was due.
package struct ExpectedTime: Hashable, Sendable {
    package var what: String
    /// What makes it due.
    package var rule: String
    package var notBefore: MicroTimestamp
    package var notAfter: MicroTimestamp
    package var seen: MicroTimestamp

    /// Seconds after its time within which it must be seen.
    package static let allowance = 2

    /// - Parameter latest: its time as it is known at the latest; nil where it is known exactly.
    package init(
        _ what: String,
        _ rule: String,
        notBefore: MicroTimestamp,
        latest: MicroTimestamp? = nil,
        seen: MicroTimestamp
    ) {
        self.what = what
        self.rule = rule
        self.notBefore = notBefore
        notAfter = (latest ?? notBefore).after(seconds: Self.allowance)
        self.seen = seen
    }

    /// Why that is not in time.
    package var complaint: String? {
        if seen < notBefore { return "\(what) came \(Self.text(from: seen, to: notBefore)) s too early (\(rule))" }
        if seen > notAfter {
            return
                "\(what) came \(Self.text(from: notAfter, to: seen)) s later than \(Self.allowance) s after its time "
                + "(\(rule))"
        }
        return nil
    }

    /// Rows of a table, in seconds after `start`.
    package static func lines(_ times: [ExpectedTime], after start: MicroTimestamp) -> [String] {
        let rows = times.map { time in
            [
                "\(time.what): \(time.rule)",
                "\(text(from: start, to: time.notBefore)) to \(text(from: start, to: time.notAfter)) s",
                "\(text(from: start, to: time.seen)) s",
            ]
        }
        return TextTable.lines([["", "due", "seen"]] + rows)
    }

    /// The seconds between two times, with two decimals.
    package static func text(from start: MicroTimestamp, to end: MicroTimestamp) -> String {
        let microseconds = end.microseconds - start.microseconds
        let hundredths = (abs(microseconds) + 5_000) / 10_000
        let fraction = hundredths % 100
        let sign = microseconds < 0 && hundredths > 0 ? "-" : ""
        return "\(sign)\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

extension MicroTimestamp {
    /// The time so many seconds later.
    func after(seconds: Int) -> MicroTimestamp {
        MicroTimestamp(microseconds: microseconds + Int64(seconds) * 1_000_000)
    }
}
