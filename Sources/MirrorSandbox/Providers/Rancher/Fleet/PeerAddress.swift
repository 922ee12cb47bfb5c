/// Where a peer is dialled: host and port of its multiaddress, such as `/ip4/10.0.0.1/tcp/5001/p2p/12D3KooW...`.
package struct PeerAddress: Hashable, Sendable {
    package var host: String
    package var port: Int

    /// Nil where the text is no such address.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[0].isEmpty, parts[1] == "ip4", !parts[2].isEmpty, parts[3] == "tcp",
            let port = Int(parts[4]), (1...65_535).contains(port)
        else { return nil }
        host = String(parts[2])
        self.port = port
    }
}
