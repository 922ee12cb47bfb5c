/// `google.protobuf.Duration`; `Timestamp` has the same form, counted from 1970.
public struct ProtobufDuration: Hashable, Sendable, ProtobufMessage {
    /// Whole seconds.
    public var seconds: Int64 = 0
    /// What comes on top, below a second.
    public var nanoseconds: Int32 = 0

    /// None at all.
    public init() {}

    /// A duration, cut to whole nanoseconds.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.seconds = seconds
        nanoseconds = Int32(attoseconds / 1_000_000_000)
    }

    /// The definition's bound, 10,000 years.
    private static let range: ClosedRange<Int64> = -315_576_000_000...315_576_000_000

    /// The same as the standard library's; at most 10,000 years, as the definition says.
    public var duration: Duration { .seconds(seconds.bounded(to: Self.range)) + .nanoseconds(Int64(nanoseconds)) }

    /// Fields 1 and 2.
    public mutating func take(_ field: ProtobufField) {
        switch field.number {
        case 1: field.read(into: &seconds)
        case 2: field.read(into: &nanoseconds)
        default: break
        }
    }

    /// Fields 1 and 2.
    public func write(to writer: inout ProtobufWriter) {
        writer.write(1, seconds)
        writer.write(2, Int64(nanoseconds))
    }
}
