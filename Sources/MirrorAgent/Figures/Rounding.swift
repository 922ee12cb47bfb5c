/// How a figure is rounded so that it changes rarely.
///
/// It is reported anew when it has moved by a margin from what was reported, and then rounded to a step towards the
/// better side: one that is worse the higher it is, down. So on the way to the worse a threshold that lies on a step is
/// reached in the report exactly when it is reached on the host; on the way back the report is late by less than a
/// margin; and a figure that wavers by less than that is written once.
package struct Rounding: Sendable {
    package enum Direction: Sendable {
        case higherIsWorse
        case lowerIsWorse
    }

    package var direction: Direction
    /// The step at a value, and how far it must have moved.
    package var grain: @Sendable (Double) -> (step: Int, margin: Int)

    package init(_ direction: Direction, grain: @escaping @Sendable (Double) -> (step: Int, margin: Int)) {
        self.direction = direction
        self.grain = grain
    }

    package init(_ direction: Direction, step: @escaping @Sendable (Double) -> Int) {
        self.init(direction) { (step($0), step($0)) }
    }

    /// What to report for a value, given what was reported before; nil where it is not known, or more than the
    /// definition's 32 bits hold.
    package func report(_ value: Double?, after previous: Int?) -> Int? {
        guard let value, value.isFinite, abs(value) < Double(Int32.max) else { return nil }
        let (step, margin) = grain(value)
        if let previous, abs(value - Double(previous)) < Double(max(1, margin)) { return previous }
        let steps = value / Double(max(1, step))
        return Int(direction == .higherIsWorse ? steps.rounded(.down) : steps.rounded(.up)) * max(1, step)
    }

    package static let used = Rounding(.higherIsWorse) { _ in 1 }
    package static let pressure = Rounding(.higherIsWorse) { _ in 5 }
    package static let memory = Rounding(.lowerIsWorse) { $0 > 20 ? 5 : 1 }
    package static let files = Rounding(.higherIsWorse) { $0 < 70 ? 5 : 1 }
    package static let busy = Rounding(.higherIsWorse) { _ in 10 }
    /// Two digits, and anew when it has moved by a quarter, and by ten.
    package static let rate = Rounding(.higherIsWorse) { value in
        var step = 1
        while Double(step) * 100 <= value { step *= 10 }
        return (step, max(10, Int(value / 4)))
    }
}
