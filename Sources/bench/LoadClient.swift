/// One way of carrying a load of watches and requests, to be measured beside another.
protocol LoadClient: Sendable {
    /// Opens a watch and follows it until the process ends; `heard` is called for each piece that comes.
    func follow(_ path: String, opened: @escaping @Sendable () -> Void, heard: @escaping @Sendable (Int) -> Void)

    /// Sends a read, or a write with a body, and calls `answered` with its status; 0 for a failure.
    func ask(isWrite: Bool, answered: @escaping @Sendable (Int) -> Void)
}

/// The server of a load.
struct LoadServer: Sendable {
    var url: String
    /// Path of the file of the authority that signed its certificate.
    var authority: String

    static let body = Array(#"{"spec":{"holderIdentity":"bench"}}"#.utf8)
    static let path = "/apis/coordination.k8s.io/v1/namespaces/n/leases/l"
}
