/// A point in time as the Kubernetes API writes it: RFC 3339 in UTC, in whole seconds.
///
/// It lies in the years 0 to 9999, the only ones that RFC 3339 can write; what would be beyond is the first or the last
/// second of them. So no sum and no difference of two overflows.
public struct Timestamp: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    public private(set) var seconds: Int64

    /// The first second of the year 0 and the last one of the year 9999.
    static let range: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Creates a point in time from seconds since 1970-01-01T00:00:00Z.
    public init(seconds: Int64) {
        self.seconds = seconds.bounded(to: Self.range)
    }

    /// Reads RFC 3339 text with any offset; a fraction of a second is cut off.
    public init?(_ text: String) {
        guard let parsed = RFC3339.parse(text) else { return nil }
        self.init(seconds: parsed.seconds)
    }

    /// `2026-01-31T12:00:00Z`.
    public var description: String { RFC3339.format(seconds: seconds) }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

    /// The time `seconds` later.
    public static func + (time: Timestamp, seconds: Int) -> Timestamp {
        Timestamp(seconds: time.seconds.adding(Int64(seconds)))
    }

    /// Whole seconds from `right` to `left`.
    public static func - (left: Timestamp, right: Timestamp) -> Int { Int(left.seconds - right.seconds) }

    /// Decodes RFC 3339 text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no RFC 3339 time")
        }
        self = value
    }

    /// Encodes RFC 3339 text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A point in time in microseconds, as Leases and Events carry it; always written with six digits of fraction. It lies
/// in the years 0 to 9999, as a `Timestamp` does.
public struct MicroTimestamp: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public private(set) var microseconds: Int64

    private static let range =
        Timestamp.range.lowerBound * 1_000_000...Timestamp.range.upperBound * 1_000_000 + 999_999

    /// Creates a point in time from microseconds since 1970-01-01T00:00:00Z.
    public init(microseconds: Int64) {
        self.microseconds = microseconds.bounded(to: Self.range)
    }

    /// Creates a point in time at a whole second.
    public init(_ time: Timestamp) {
        microseconds = time.seconds * 1_000_000
    }

    /// Reads RFC 3339 text with any offset.
    public init?(_ text: String) {
        guard let parsed = RFC3339.parse(text) else { return nil }
        self.init(microseconds: parsed.seconds * 1_000_000 + parsed.microseconds)
    }

    /// The same time, cut to whole seconds.
    public var timestamp: Timestamp { Timestamp(seconds: microseconds.flooredQuotient(1_000_000)) }

    /// `2026-01-31T12:00:00.000000Z`.
    public var description: String {
        let seconds = microseconds.flooredQuotient(1_000_000)
        return RFC3339.format(seconds: seconds, microseconds: microseconds - seconds * 1_000_000)
    }

    /// Orders by time.
    public static func < (left: MicroTimestamp, right: MicroTimestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// Decodes RFC 3339 text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = MicroTimestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no RFC 3339 time")
        }
        self = value
    }

    /// Encodes RFC 3339 text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
