/// Where a server looks for peers, and in which order.
///
/// Source: k3s `pkg/spegel/bootstrap.go` and `pkg/cli/server/server.go`; the union and its end are
/// https://github.com/k3s-io/k3s/pull/12154.
package enum BootstrapChain: Hashable, Sendable {
    /// Addresses of all sources together: a server always asks the one that its `server:` names, whatever it knows
    /// itself. In a ring of servers that question never ends.
    case union
    /// The first source that knows somebody: other servers are asked only where the node list is empty.
    case firstAnswer

    package enum Source: Hashable, Sendable {
        /// Nodes of the API with the peer label, Ready, not the asking one.
        case nodeList
        /// The server that `server:` names.
        case configuredServer
        /// The asking node itself.
        case myself
    }

    /// What to ask next, given what the sources asked so far have answered; nil when the answer is complete.
    ///
    /// - Parameters:
    ///   - answered: how many addresses each source gave, in the order in which they were asked; nil where it failed.
    ///   - isServer: agents ask the server of their configuration and nobody else.
    package func next(after answered: [Int?], isServer: Bool) -> Source? {
        let sources: [Source] = isServer ? [.nodeList, .configuredServer, .myself] : [.configuredServer]
        if self == .firstAnswer, answered.contains(where: { ($0 ?? 0) > 0 }) { return nil }
        return answered.count < sources.count ? sources[answered.count] : nil
    }
}
