import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import MirrorSandbox
import Synchronization

/// One host of the simulation: its disk, its service, and what the service's daemon shows in the API.
final class SimulatedHost: ServiceManager {
    private struct Service {
        var state = UnitState(activeState: "active", subState: "running", invocationID: "invocation-0", mainPID: 1)
        var restarts = 0
        /// When the start that is under way is done; nil while none is.
        var readyAt: Timestamp?
    }

    let blueprint: FleetBlueprint
    let host: FleetBlueprint.Host
    let disk = SimulatedDisk()
    private let api: KubeAPI
    private let now: @Sendable () -> Timestamp
    private let service = Mutex(Service())
    /// Seconds from a restart until the daemon is ready.
    private let startSeconds = 2

    init(
        _ host: FleetBlueprint.Host,
        _ blueprint: FleetBlueprint,
        api: KubeAPI,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.host = host
        self.blueprint = blueprint
        self.api = api
        self.now = now
        disk.putDirectory(blueprint.distribution.configDirectory)
        disk.putDirectory("/var/lib")
        for file in HostFiles.initial(of: host, in: blueprint) { disk.put(file.path, file.content) }
        if host.hasEtcdMember { disk.putDirectory(blueprint.distribution.etcdMemberDirectory) }
    }

    /// Restarts so far.
    var restarts: Int { service.withLock(\.restarts) }
    /// What our drop-in holds; nil where there is none.
    var dropIn: String? { disk.contents[blueprint.distribution.dropInFile] }

    func show(_ unit: String) async throws(ServiceError) -> UnitState {
        service.withLock(\.state)
    }

    func restart(_ unit: String) async throws(ServiceError) {
        let ready = now() + startSeconds
        service.withLock { service in
            service.restarts += 1
            service.readyAt = ready
            service.state.activeState = "activating"
            service.state.subState = "start"
            service.state.hasJob = true
            service.state.invocationID = "invocation-\(service.restarts)"
        }
    }

    /// Registers the Node for the first time.
    func begin() async throws {
        try await publish(ready: "True", registering: true)
    }

    /// Lets the service go on: not Ready while it starts, Ready with its new arguments once it has.
    func advance() async throws {
        let (readyAt, isActive) = service.withLock { ($0.readyAt, $0.state.isActive) }
        guard !isActive, let readyAt else { return }
        guard now() >= readyAt else { return try await publish(ready: "Unknown", registering: false) }
        try await publish(ready: "True", registering: true)
        service.withLock { service in
            service.readyAt = nil
            service.state.activeState = "active"
            service.state.subState = "running"
            service.state.hasJob = false
        }
    }

    private func publish(ready: String, registering: Bool) async throws {
        let advertisement = NodeAdvertisement(host: host, blueprint: blueprint)
        let publisher = NodePublisher(api, advertisement)
        if registering {
            try await publisher.register(annotations: advertisement.annotations(of: configuration()), peer: true)
        }
        try await publisher.report(ready: ready, voter: host.hasEtcdMember, now: now())
    }

    private func configuration() throws(KubeError) -> DaemonConfiguration {
        let distribution = blueprint.distribution
        let contents = disk.contents
        let directory = distribution.configDirectory + "/"
        let names = contents.keys.filter { $0.hasPrefix(directory) }.map { String($0.dropFirst(directory.count)) }
        var files: [ConfigDirectory.File] = []
        if let main = contents[distribution.configFile] { files.append(("config.yaml", Array(main.utf8))) }
        for name in ConfigDirectory.dropIns(among: names) {
            files.append((name, Array((contents[directory + name] ?? "").utf8)))
        }
        let registries = contents[distribution.registriesFile].map { Array($0.utf8) }
        return try DaemonConfiguration(role: host.role, configuration: files, registries: registries)
    }
}
