import KubeClient
package import KubeCore

/// `systemctl` of a simulated host: the two verbs that the agent uses, in systemctl's own words and output.
package struct SimulatedSystemctl: Sendable {
    private let transport: any Transport
    private let host: String

    /// - Parameters:
    ///   - control: address of the sandbox's service control.
    ///   - host: the simulated host whose units are meant.
    package init(control: String, host: String) throws(KubeError) {
        transport = try CurlTransport(plain: control)
        self.host = host
    }

    /// The name under which the supervisor keeps a unit of a host.
    package static func unit(_ unit: String, of host: String) -> String { "\(host)/\(unit)" }

    /// Carries out one command line.
    ///
    /// - Returns: what is printed, and the exit code: 0 done, 1 failed, 5 for a unit that is not loaded.
    package func run(_ arguments: [String]) async throws(KubeError) -> (output: String, exitCode: Int32) {
        let words = arguments.filter { !$0.hasPrefix("-") && !$0.contains("=") && !$0.contains(",") }
        guard let verb = words.first, let name = words.last, words.count >= 2 else {
            return ("usage: show|restart [OPTIONS] UNIT", 1)
        }
        let unit = KubeRequest.QueryItem("unit", Self.unit(name, of: host))
        switch verb {
        case "restart":
            let response = try await transport.send(KubeRequest(.post, "/units/restart", query: [unit]))
            return ("", response.status == 202 ? 0 : 5)
        case "show":
            let response = try await transport.send(KubeRequest(.get, "/units/show", query: [unit]))
            guard response.status == 200 else { return ("LoadState=not-found\nActiveState=inactive", 0) }
            let state = try JSONCoding.decode(ServiceControl.Answer.self, from: response.body)
            return (Self.properties(of: state), 0)
        default:
            return ("Unknown command verb \(verb).", 1)
        }
    }

    private static func properties(of state: ServiceControl.Answer) -> String {
        """
        LoadState=loaded
        ActiveState=\(state.activeState)
        SubState=\(state.subState)
        Result=\(state.result)
        InvocationID=\(state.invocationID)
        MainPID=\(state.mainPID)
        ExecMainStartTimestampMonotonic=\(state.startedAt)
        """
    }
}

/// Tells the sandbox's service control that a service is ready, as `sd_notify` tells systemd.
package struct ServiceControlClient: Sendable {
    private let transport: any Transport

    package init(_ control: String) throws(KubeError) {
        transport = try CurlTransport(plain: control)
    }

    package func tellReady(unit: String, pid: Int32) async {
        let query = [KubeRequest.QueryItem("unit", unit), KubeRequest.QueryItem("pid", "\(pid)")]
        _ = try? await transport.send(KubeRequest(.post, "/units/ready", query: query))
    }
}
