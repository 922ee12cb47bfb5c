/// Text that is shown to nobody: printing, dumping or reflecting it says `<redacted>`.
public struct Secret: Hashable, Sendable {
    /// The text itself; whoever reads it answers for where it goes.
    public let exposed: String

    /// Wraps a text.
    public init(_ text: String) {
        exposed = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<redacted>`.
    public var description: String { "<redacted>" }
    /// `<redacted>`.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Certificates or a private key in PEM form, as a file or in memory; data in memory is shown as its length only.
public enum PEMSource: Hashable, Sendable {
    /// Path of a file, read again as it changes.
    case file(String)
    /// PEM text.
    case data([UInt8])
}

extension PEMSource: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The path, or the length of the data.
    public var description: String {
        switch self {
        case .file(let path): "file \(path)"
        case .data(let bytes): "\(bytes.count) bytes <redacted>"
        }
    }
    /// As `description`.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
