import KubeClient
package import KubeCore
package import Logging
import MirrorAPI
import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A simulated fleet that runs: one directory and one daemon process a node, operators and agents beside them.
package final class SimulatedFleet: Sendable {
    /// Kubeconfigs with which operator and agents have the rights of their own ServiceAccounts and no others.
    package struct Accounts: Hashable, Sendable {
        package var `operator`: String
        package var agent: String

        package init(operator: String, agent: String) {
            self.operator = `operator`
            self.agent = agent
        }
    }

    /// What the processes of a fleet are given.
    package struct Settings: Sendable {
        package var blueprint: FleetBlueprint
        /// Directory in which the hosts' roots, logs and files of the fleet are made.
        package var directory: String
        package var programs: Programs
        /// The kubeconfig of the API server that they all use.
        package var kubeconfig: String
        /// What operator and agents use instead; nil where they are the administrator like the rest.
        package var accounts: Accounts?
        /// Namespace of the operator's Leases.
        package var leaseNamespace: String
        /// How long after a daemon's end its Node is still Ready (kube-controller-manager's
        /// `--node-monitor-grace-period`, 40 s by default, 50 s from 1.32 on).
        package var nodeGracePeriod: Duration
        /// Size of a file system of its own for each host's content; nil for the one that `directory` is on.
        package var contentMebibytes: Int?
        /// Seconds between two measurements of a host by its agent; nil for the agent's own choice.
        package var figureInterval: Int?

        package init(
            blueprint: FleetBlueprint,
            directory: String,
            programs: Programs,
            kubeconfig: String,
            leaseNamespace: String = "p2pmirror-system",
            nodeGracePeriod: Duration = .zero,
            contentMebibytes: Int? = nil,
            figureInterval: Int? = nil
        ) {
            self.blueprint = blueprint
            self.directory = directory
            self.programs = programs
            self.kubeconfig = kubeconfig
            self.leaseNamespace = leaseNamespace
            self.nodeGracePeriod = nodeGracePeriod
            self.contentMebibytes = contentMebibytes
            self.figureInterval = figureInterval
        }
    }

    package let settings: Settings
    package let supervisor: Supervisor
    private let control: ServiceControl
    private let api: KubeAPI
    private let exchange: [String: CurlTransport]
    private let serving: Task<Void, any Error>
    private let lifecycle: NodeLifecycle

    package init(_ settings: Settings, api: KubeAPI, logger: Logger) throws {
        self.settings = settings
        self.api = api
        let lifecycle = NodeLifecycle(api, settings.blueprint, grace: settings.nodeGracePeriod)
        self.lifecycle = lifecycle
        let supervisor = Supervisor(executable: settings.programs.sandbox, logger: logger) { unit, supervisor in
            await lifecycle.daemonEnded(unit, supervisor)
        }
        self.supervisor = supervisor
        let control = try ServiceControl(supervisor)
        self.control = control
        serving = Task { try await control.run() }
        let port = settings.blueprint.distribution.supervisorPort
        exchange = try Dictionary(
            uniqueKeysWithValues: settings.blueprint.hosts.map { host in
                (host.name, try CurlTransport(plain: "http://\(host.address):\(port)"))
            }
        )
    }

    /// Host directory of a node.
    package func host(_ name: String) -> HostDirectory {
        HostDirectory(root: "\(settings.directory)/hosts/\(name)")
    }

    /// Writes the hosts' files and starts the daemons.
    package func start() async throws {
        let blueprint = settings.blueprint
        try FileManager.default.createDirectory(
            atPath: "\(settings.directory)/logs",
            withIntermediateDirectories: true
        )
        let file = URL(filePath: "\(settings.directory)/fleet.json")
        try Data(JSONCoding.encode(blueprint, pretty: true)).write(to: file)
        let url = try await control.url()
        for host in blueprint.hosts {
            try self.host(host.name).write(HostFiles.initial(of: host, in: blueprint))
        }
        try await mountVolumes()
        for host in blueprint.hosts {
            let unit = daemonUnit(of: host)
            start(
                on: host.name,
                Supervisor.Unit(
                    name: unit,
                    arguments: [
                        "node", "--fleet", file.path(), "--name", host.name, "--host-root",
                        self.host(host.name).root, "--kubeconfig", settings.kubeconfig, "--control", url, "--unit",
                        unit,
                    ],
                    log: log(host.name)
                )
            )
        }
    }

    /// Starts an operator; several are told apart by `number`.
    ///
    /// - Parameter executable: of another release; nil for that of the settings.
    package func startOperator(_ number: Int = 1, executable: String? = nil) {
        supervisor.start(
            Supervisor.Unit(
                name: operatorUnit(number),
                executable: executable ?? settings.programs.product,
                arguments: [
                    "operator", "--kubeconfig", settings.accounts?.operator ?? settings.kubeconfig, "--http-bind",
                    "127.0.0.1:0", "--lease-namespace",
                    settings.leaseNamespace, "--log-format", "json",
                ],
                log: log("operator-\(number)")
            )
        )
    }

    /// Starts one agent on each node.
    ///
    /// - Parameter executable: of another release; nil for that of the settings.
    package func startAgents(executable: String? = nil) async throws {
        let url = try await control.url()
        // Unless it is asked for: another release may not know the option.
        let measuring = settings.figureInterval.map { ["--figure-interval", "\($0)"] } ?? []
        for host in settings.blueprint.hosts {
            let systemctl = "\(settings.programs.sandbox) systemctl --control \(url) --host \(host.name) --"
            start(
                on: host.name,
                Supervisor.Unit(
                    name: agentUnit(of: host.name),
                    executable: executable ?? settings.programs.product,
                    arguments: [
                        "agent", "--node-name", host.name, "--kubeconfig",
                        settings.accounts?.agent ?? settings.kubeconfig, "--host-root",
                        self.host(host.name).root, "--systemctl", systemctl, "--http-bind", "127.0.0.1:0",
                        "--lease-namespace", settings.leaseNamespace, "--restart", "--log-format", "json",
                    ] + measuring,
                    log: log("\(host.name)-agent")
                )
            )
        }
    }

    /// Stops every process.
    package func stop() async {
        lifecycle.stop()
        await supervisor.stopAll()
        serving.cancel()
    }

    /// The supervisor's name of a node's daemon.
    package func daemonUnit(of host: FleetBlueprint.Host) -> String {
        SimulatedSystemctl.unit(settings.blueprint.distribution.unit(of: host.role), of: host.name)
    }

    /// The supervisor's name of an operator.
    package func operatorUnit(_ number: Int = 1) -> String { "operator-\(number)" }

    /// The supervisor's name of a node's agent.
    package func agentUnit(of node: String) -> String { "\(node)-agent" }

    /// Log file of one of the processes.
    package func log(_ name: String) -> String { "\(settings.directory)/logs/\(name).log" }

    /// Figures of each server that answers now.
    package func figures() async -> [String: DaemonFigures] {
        await figures(of: settings.blueprint.hosts.filter { $0.role == .server })
    }

    /// Figures of each of these hosts that answers now.
    func figures(of hosts: [FleetBlueprint.Host]) async -> [String: DaemonFigures] {
        var figures: [String: DaemonFigures] = [:]
        for host in hosts {
            let response = try? await exchange[host.name]?.send(KubeRequest(.get, "/sandbox/figures"))
            figures[host.name] = response.flatMap { try? JSONCoding.decode(DaemonFigures.self, from: $0.body) }
        }
        return figures
    }

    /// Lets each server look for peers once, as its daemon does by itself every few minutes.
    package func trigger() async {
        for host in settings.blueprint.hosts where host.role == .server {
            _ = try? await exchange[host.name]?.send(KubeRequest(.post, "/sandbox/trigger"))
        }
    }

    /// Makes a daemon answer slower by so much.
    package func slow(_ name: String, by milliseconds: Int) async {
        let query = [KubeRequest.QueryItem("milliseconds", String(milliseconds))]
        _ = try? await exchange[name]?.send(KubeRequest(.post, "/sandbox/slow", query: query))
    }

    /// Processor seconds of each server's daemon since it began.
    package func processorSeconds() -> [String: Double] {
        var seconds: [String: Double] = [:]
        for host in settings.blueprint.hosts where host.role == .server {
            guard let pid = supervisor.state(of: daemonUnit(of: host))?.mainPID, pid > 0 else { continue }
            seconds[host.name] = ProcessFigures.processorSeconds(of: pid)
        }
        return seconds
    }

    /// Starts of each server's daemon so far.
    package func starts() -> [String: Int] {
        Dictionary(
            uniqueKeysWithValues: settings.blueprint.hosts.map {
                ($0.name, supervisor.state(of: daemonUnit(of: $0))?.starts ?? 0)
            }
        )
    }
}
