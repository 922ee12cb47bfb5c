import Foundation
import MirrorSandbox
import Synchronization

/// Which right operator and agents used in which test: lines of a file, `ACCOUNT<TAB>VERB<TAB>GROUP<TAB>RESOURCE<TAB>
/// NAMESPACE<TAB>TEST`, each once.
final class AccessRecord: Sendable {
    private struct Use: Hashable {
        var user: String
        var access: APIAccess
        var test: String
    }

    private static let test = Mutex("")
    private let path: String
    private let seen = Mutex<Set<Use>>([])

    init(_ path: String) { self.path = path }

    static func begin(_ name: String) { test.withLock { $0 = name } }

    func add(_ user: APIUser, _ access: APIAccess) {
        let test = Self.test.withLock { $0 }
        var use = Use(user: user.name, access: access, test: test)
        use.access.name = ""
        guard seen.withLock({ $0.insert(use).inserted }) else { return }
        let account = user.name.split(separator: ":").last.map(String.init) ?? ""
        let fields = [account, access.verb, access.group, access.resource, access.namespace ?? "", test]
        let line = fields.joined(separator: "\t") + "\n"
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        let file = FileHandle(forWritingAtPath: path)
        _ = try? file?.seekToEnd()
        try? file?.write(contentsOf: Data(line.utf8))
        try? file?.close()
    }
}
