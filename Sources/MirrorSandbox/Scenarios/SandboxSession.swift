/// What one run of `p2pmirror-sandbox` was asked for, whatever the scenario.
package struct SandboxSession: Sendable {
    package let servers: Int
    package let directory: String
    package let crds: String
    package let listen: (host: String, port: UInt16)
    package let kubeconfig: String?
    package let programs: Programs
    package let say: @Sendable (String) -> Void

    package init(
        servers: Int,
        directory: String,
        crds: String,
        listen: (host: String, port: UInt16),
        kubeconfig: String?,
        programs: Programs,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.servers = servers
        self.directory = directory
        self.crds = crds
        self.listen = listen
        self.kubeconfig = kubeconfig
        self.programs = programs
        self.say = say
    }

    /// For `keep` and `bare`: until Ctrl-C.
    static func untilCancelled() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }
}
