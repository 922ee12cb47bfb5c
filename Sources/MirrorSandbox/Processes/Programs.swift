/// The executables that a simulated cluster's processes are started from.
package struct Programs: Hashable, Sendable {
    /// Daemons, containers and the `systemctl` of simulated hosts: `p2pmirror-sandbox`.
    package var sandbox: String
    /// Operator and agents: `p2pmirror`, as it ships.
    package var product: String

    /// - Parameter product: by default the one in the same directory.
    package init(sandbox: String, product: String? = nil) {
        self.sandbox = sandbox
        let directory = sandbox.lastIndex(of: "/").map { sandbox[...$0] } ?? ""
        self.product = product ?? "\(directory)p2pmirror"
    }
}
