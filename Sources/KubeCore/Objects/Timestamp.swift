/// A point in time as the Kubernetes API writes it: RFC 3339 in UTC, in whole seconds.
public struct Timestamp: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64

    /// Creates a point in time from seconds since 1970-01-01T00:00:00Z.
    public init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads RFC 3339 text with any offset; a fraction of a second is cut off.
    public init?(_ text: String) {
        guard let parsed = RFC3339.parse(text) else { return nil }
        seconds = parsed.seconds
    }

    /// `2026-01-31T12:00:00Z`.
    public var description: String { RFC3339.format(seconds: seconds) }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

    /// The time `seconds` later.
    public static func + (time: Timestamp, seconds: Int) -> Timestamp {
        Timestamp(seconds: time.seconds + Int64(seconds))
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

/// A point in time in microseconds, as Leases and Events carry it; always written with six digits of fraction.
public struct MicroTimestamp: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var microseconds: Int64

    /// Creates a point in time from microseconds since 1970-01-01T00:00:00Z.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Creates a point in time at a whole second.
    public init(_ time: Timestamp) {
        microseconds = time.seconds * 1_000_000
    }

    /// Reads RFC 3339 text with any offset.
    public init?(_ text: String) {
        guard let parsed = RFC3339.parse(text) else { return nil }
        microseconds = parsed.seconds * 1_000_000 + parsed.microseconds
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
