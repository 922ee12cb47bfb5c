import KubectlTesting
import MirrorSandbox
import Synchronization

/// What the ServiceAccounts asked of an API server, and what of it was refused.
final class AccessLog: Sendable {
    private struct Entries {
        var used: Set<Use> = []
        var refused: Set<Use> = []
    }

    private struct Use: Hashable {
        var account: String
        var access: APIAccess
    }

    private let entries = Mutex(Entries())

    init(_ server: APIServer) {
        server.observe { [weak self] user, access, isAllowed in self?.add(user, access, isAllowed) }
    }

    private func add(_ user: APIUser, _ access: APIAccess, _ isAllowed: Bool) {
        let account = user.name.split(separator: ":").last.map(String.init) ?? ""
        entries.withLock { entries in
            entries.used.insert(Use(account: account, access: access))
            if !isAllowed { entries.refused.insert(Use(account: account, access: access)) }
        }
    }

    /// How many different things were asked.
    var used: Int { entries.withLock(\.used.count) }

    /// What was refused, as `p2pmirror-agent: get resource "nodes" in API group "" at the cluster scope`.
    var refused: [String] { entries.withLock(\.refused).map { "\($0.account): \($0.access)" }.sorted() }

    var hasRefused: Bool { entries.withLock { !$0.refused.isEmpty } }

    /// Whether somebody was refused for want of a right.
    func hasRefused(_ right: Right) -> Bool {
        entries.withLock(\.refused).contains { use in
            right.role.hasPrefix(use.account) && use.access.verb == right.verb && use.access.group == right.group
                && use.access.resource == right.resource
        }
    }
}
