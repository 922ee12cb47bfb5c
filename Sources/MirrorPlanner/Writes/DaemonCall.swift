package import MirrorAPI

/// A call to a daemon that changes what it knows. It is a write as any other one: the planner makes it, `p2pmirror
/// plan` prints it, and the sources of its provider send it.
package struct DaemonCall: Hashable, Sendable {
    /// What it does. It is as good as done where the daemon does not know the host.
    package enum Method: Hashable, Sendable {
        /// The daemon forgets a host and what it offers.
        case deleteHost(id: String)
    }

    package var provider: Provider
    package var method: Method
    /// An IP address.
    package var host: String
    package var port: Int

    package init(_ provider: Provider, _ method: Method, host: String, port: Int) {
        self.provider = provider
        self.method = method
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`, an IPv6 address in brackets.
    package var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
