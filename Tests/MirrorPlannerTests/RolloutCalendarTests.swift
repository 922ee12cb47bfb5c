import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A rollout window opens and closes by the calendar")
struct RolloutCalendarTests {
    /// 2027-01-15 is a Friday.
    static let cases: [(String, P2PMirrorSpec.Rollout.Window, end: String?, opening: String?)] = [
        ("2027-01-15T08:00:00Z", .init(start: "08:00", end: "10:00"), "2027-01-15T10:00:00Z", "2027-01-16T08:00:00Z"),
        ("2027-01-15T10:00:00Z", .init(start: "08:00", end: "10:00"), nil, "2027-01-16T08:00:00Z"),
        ("2027-01-15T07:59:59Z", .init(start: "08:00", end: "10:00"), nil, "2027-01-15T08:00:00Z"),
        (
            "2027-01-16T01:00:00Z", .init(days: [.friday], start: "22:00", end: "02:00"), "2027-01-16T02:00:00Z",
            "2027-01-22T22:00:00Z"
        ),
        ("2027-01-15T01:00:00Z", .init(days: [.friday], start: "22:00", end: "02:00"), nil, "2027-01-15T22:00:00Z"),
        (
            "2027-01-15T22:30:00Z", .init(days: [.saturday], start: "00:00", end: "06:00", utcOffsetMinutes: 120),
            "2027-01-16T04:00:00Z", "2027-01-22T22:00:00Z"
        ),
        (
            "2027-01-15T21:59:59Z", .init(days: [.saturday], start: "00:00", end: "06:00", utcOffsetMinutes: 120), nil,
            "2027-01-15T22:00:00Z"
        ),
        (
            "2027-01-15T08:00:00Z", .init(days: [.friday], start: "08:00", end: "07:59"), "2027-01-16T07:59:00Z",
            "2027-01-22T08:00:00Z"
        ),
        (
            "1969-12-29T12:00:00Z", .init(days: [.monday], start: "11:00", end: "13:00"), "1969-12-29T13:00:00Z",
            "1970-01-05T11:00:00Z"
        ),
    ]

    @Test("A time in a window, and one outside it", arguments: cases)
    func window(_ text: String, _ window: P2PMirrorSpec.Rollout.Window, end: String?, opening: String?) throws {
        let calendar = try #require(RolloutCalendar(window))
        let time = try #require(Timestamp(text))
        #expect(calendar.end(at: time)?.description == end)
        #expect(calendar.opening(after: time)?.description == opening)
    }

    @Test("What is no time of day is no window", arguments: ["", "24:00", "12", "1:60", "ab:cd"])
    func malformed(text: String) {
        #expect(RolloutCalendar(.init(start: text, end: "10:00")) == nil)
        #expect(RolloutCalendar(.init(start: "10:00", end: text)) == nil)
    }

    @Test("It agrees, at any minute, with counting minutes of the week", arguments: 0..<40 as Range<UInt64>)
    func counted(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let text = { (dice: inout Dice) in
            let (hour, minute) = (dice.below(24), dice.below(60))
            return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
        }
        let window = P2PMirrorSpec.Rollout.Window(
            days: Weekday.allCases.filter { _ in dice.roll(50) },
            start: text(&dice),
            end: text(&dice),
            utcOffsetMinutes: dice.below(1_500) - 700
        )
        guard window.start != window.end else { return }
        let calendar = try #require(RolloutCalendar(window))
        for _ in 0..<300 {
            let time = Fixture.now + dice.below(14 * 86_400)
            #expect((calendar.end(at: time) != nil) == SafetyRules.isOpen(window, at: time))
            guard let opening = calendar.opening(after: time) else { continue }
            #expect(SafetyRules.isOpen(window, at: opening) && opening > time)
        }
    }
}
