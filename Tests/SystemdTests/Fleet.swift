import Foundation
import KubeCore
import MirrorAPI
import MirrorPlanner
import MirrorSandbox

/// Hosts that boot together, and their API server.
struct Fleet: Sendable {
    let site: Site
    let cluster: SandboxCluster
    let blueprint: FleetBlueprint
    let hosts: [Host]
    private let accounts: ServiceAccounts
    private let run: String

    static let leaseNamespace = "p2pmirror-system"

    /// Starts a fleet, runs `body` with it, and ends it.
    ///
    /// - Parameters:
    ///   - booting: names of the hosts with a systemd; the other Nodes of the blueprint are written and have no host.
    ///   - real: whether it is to be the API server of this run, where operator and agents are what the manifests let
    ///     them be; else it is an embedded one of its own.
    ///   - prepare: changes a disk before the first boot.
    static func with<Result: Sendable>(
        _ blueprint: FleetBlueprint,
        booting: Set<String>? = nil,
        real: Bool = false,
        prepare: (Host) throws -> Void = { _ in },
        _ body: (Fleet, [String: Running]) async throws -> Result
    ) async throws -> Result {
        let site = try Site()
        let run = String(UUID().uuidString.prefix(8))
        let (cluster, accounts) = try await prepareCluster(site, real ? site.kubeconfig : nil, run)
        let kubeconfig = try String(contentsOfFile: cluster.kubeconfig, encoding: .utf8)
        let machines = blueprint.hosts.filter { booting?.contains($0.name) ?? true }
        let hosts = try machines.map { machine in
            let host = try Host(site, machine, of: blueprint, run: run, kubeconfig: kubeconfig)
            try prepare(host)
            return host
        }
        let fleet = Fleet(
            site: site,
            cluster: cluster,
            blueprint: blueprint,
            hosts: hosts,
            accounts: accounts,
            run: run
        )
        var power: [String: Running] = [:]
        for host in hosts { power[host.machine.name] = try await host.boot() }
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body(fleet, power)) } catch { outcome = .failure(error) }
        for host in hosts { if let power = power[host.machine.name] { await host.cutPower(power) } }
        await cluster.end(ofNodes: blueprint.hosts.map(\.name))
        return try outcome.get()
    }

    private static func prepareCluster(
        _ site: Site,
        _ kubeconfig: String?,
        _ run: String
    ) async throws -> (SandboxCluster, ServiceAccounts) {
        let crds = Site.checkout + "crds"
        guard let kubeconfig else {
            let folder = "\(site.directory)/\(run)"
            let cluster = try await SandboxCluster.embedded(in: folder, host: "127.0.0.1", port: 0)
            try await cluster.prepare(crds: crds, namespace: leaseNamespace)
            return (cluster, try ServiceAccounts(of: cluster))
        }
        let cluster = try SandboxCluster.external(kubeconfig: kubeconfig)
        try await cluster.prepare(crds: crds, namespace: leaseNamespace)
        return (cluster, try await ServiceAccounts(of: cluster, overlay: "overlays/with-restart"))
    }

    var api: KubeAPI { cluster.api }

    func host(_ name: String) throws(KubeError) -> Host {
        guard let host = hosts.first(where: { $0.machine.name == name }) else {
            throw KubeError(.configuration, "the fleet has no host \(name)")
        }
        return host
    }

    /// The agent's container on a host.
    func agent(on host: Host, overlay: String = "overlays/with-restart") throws -> Running {
        let pod = try Pod(
            overlay: overlay,
            node: host.machine.name,
            address: host.machine.address,
            kubeconfig: accounts.agentConfiguration
        )
        return try host.startAgent(pod)
    }

    /// The operator, beside the hosts.
    func startOperator() throws -> Running {
        let kubeconfig = "\(site.directory)/\(run)-operator"
        try Data(accounts.operatorConfiguration.utf8).write(to: URL(filePath: kubeconfig))
        return Running(
            [
                site.executable, "operator", "--kubeconfig", kubeconfig, "--http-bind", "127.0.0.1:0",
                "--lease-namespace", Self.leaseNamespace,
            ],
            log: "\(site.logs)/\(run)-operator.log"
        )
    }
}
