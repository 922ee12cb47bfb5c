/// Cuts a byte stream into lines, wherever its pieces begin and end.
///
/// A watch is a stream of JSON documents, one a line; pieces of the network end anywhere, also within a character.
public struct LineSplitter: Sendable {
    private var rest: [UInt8] = []
    private var searched = 0

    /// Creates a splitter with nothing buffered.
    public init() {}

    /// Bytes that wait for the end of their line.
    public var buffered: Int { rest.count }

    /// Takes a piece and returns the lines that it completes, without their ends; empty lines are left out.
    public mutating func push(_ chunk: [UInt8]) -> [[UInt8]] {
        rest += chunk
        var lines: [[UInt8]] = []
        var start = 0
        var position = searched
        while position < rest.count {
            if rest[position] == 0x0A {
                let end = position > start && rest[position - 1] == 0x0D ? position - 1 : position
                if end > start { lines.append(Array(rest[start..<end])) }
                start = position + 1
            }
            position += 1
        }
        rest.removeSubrange(..<start)
        searched = rest.count
        return lines
    }

    /// The unfinished last line, once the stream has ended; nil where there is none.
    public mutating func finish() -> [UInt8]? {
        defer {
            rest = []
            searched = 0
        }
        return rest.isEmpty ? nil : rest
    }
}
