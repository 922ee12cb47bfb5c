#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One file of the checkout; its path begins at the checkout's root.
struct TextFile {
    var path: String
    var text: String
    /// The text without comments and string contents; made once, because every check wants it.
    let code: SwiftCode

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = SwiftCode(path.hasSuffix(".swift") ? text : "")
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    /// The target that a source file belongs to.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}

/// What a check found; it points at a line where there is one.
struct Finding: Hashable, CustomStringConvertible {
    var path: String
    var line: Int?
    var message: String

    var description: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(message)" }
}

/// The files that this test was compiled from.
enum Checkout {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func topLevel() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.path()).sorted()
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path())
    }

    private static func isRegular(_ path: String) throws -> Bool {
        let attributes = try FileManager.default.attributesOfItem(atPath: root.appending(path: path).path())
        return attributes[.type] as? FileAttributeType == .typeRegular
    }

    static func file(_ path: String) throws -> TextFile {
        TextFile(path: path, text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
    }

    /// Files below a folder whose names end in one of these; none where there is no such folder.
    static func files(under folder: String, _ suffixes: String...) throws -> [TextFile] {
        guard exists(folder) else { return [] }
        return try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path()).sorted()
            .filter { path in suffixes.contains { path.hasSuffix($0) } }
            .map { "\(folder)/\($0)" }
            .filter { try isRegular($0) }
            .map(file)
    }

    /// Every Swift file, read once for all tests.
    static func swift() throws -> [TextFile] { try allSwift.get() }

    static func sources() throws -> [TextFile] { try swift().filter { $0.target != nil } }

    private static let allSwift = Result {
        try files(under: "Sources", ".swift") + files(under: "Tests", ".swift")
            + files(under: "docs/examples", ".swift")
    }
}
