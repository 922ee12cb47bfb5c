import KubeCore
import MirrorAPI

/// How a release of the upstream chart runs Spegel, read from the pod template of its DaemonSet. Nothing of it is
/// assumed that the template says; what it does not say is Spegel's own default.
///
/// Charts differ (spegel `charts/spegel/templates/daemonset.yaml`, v0.0.1 to v0.7.4): before v0.0.6 one container
/// without a subcommand does everything; before v0.1.0 registries are `--registries` and hosts `--mirror-registries`,
/// since then `--mirrored-registries` and `--mirror-targets`; before v0.0.15 hosts are at 127.0.0.1; from v0.5 on the
/// port of the host may be absent. v0.0.1 and v0.0.2 have registries in `--mirror-registries`, and one host of their
/// own.
struct ReleaseSettings {
    /// What it writes for containerd.
    struct Hosts: Hashable {
        /// On the host.
        var registryConfigPath: String
        var registries: [String]
        var ports: [Int]
        var addresses: [String]
    }

    static let defaultConfigPath = "/etc/containerd/certs.d"

    private let template: JSONValue
    private let writer: ContainerCommand?
    private let registry: ContainerCommand?

    init(_ daemonSet: ManagedObject) {
        template = daemonSet.body[path: "spec", "template", "spec"] ?? [:]
        let first = (template["initContainers"]?.arrayValue ?? []).map { ContainerCommand($0) }
        let main = (template["containers"]?.arrayValue ?? []).map { ContainerCommand($0) }
        let registry =
            main.first { $0.subcommand == "registry" } ?? main.first { $0.name == "registry" }
            ?? (main.count == 1 ? main.first : nil)
        self.registry = registry
        writer =
            (first + main).first { $0.subcommand == "configuration" } ?? first.first { $0.name == "configuration" }
            ?? registry.flatMap { Self.writesItself($0) ? $0 : nil }
    }

    /// Before v0.0.6 the one container writes the files, unless it is told otherwise.
    private static func writesItself(_ command: ContainerCommand) -> Bool {
        command.subcommand == nil && command.values("mirror-registries") != nil
            && command.value("containerd-mirror-add") != "false"
    }

    // MARK: Its ports

    var registryPort: Int {
        registry?.port("registry-addr") ?? registry?.containerPort("registry") ?? SpegelObjects.registryPort
    }
    var routerPort: Int {
        registry?.port("router-addr") ?? registry?.containerPort("router", "router-tcp") ?? SpegelObjects.routerPort
    }
    var metricsPort: Int {
        registry?.port("metrics-addr") ?? registry?.containerPort("metrics") ?? SpegelObjects.metricsPort
    }

    /// What its peers are asked by default: what the chart asks them (`/healthz` before v0.4.0), and their port for
    /// one another.
    var probes: [Probe] {
        let ready = registry?.readiness ?? ("/readyz", registryPort)
        return [
            Probe(name: "ready", httpGet: .init(path: ready.path, port: ready.port)),
            Probe(name: "router", tcpSocket: .init(port: routerPort)),
        ]
    }

    /// The name and, where it is given, the namespace of the Service that peers look up; nil where they find each other
    /// otherwise.
    var bootstrapService: (name: String, namespace: String?)? {
        guard let domain = registry?.value("dns-bootstrap-domain") else { return nil }
        let labels = domain.split(separator: ".").map(String.init)
        return labels.first.map { ($0, labels.dropFirst().first) }
    }

    // MARK: What containerd is told

    /// Nil where the release writes no `hosts.toml` that leads to this node, or none that can be told of.
    var hosts: Hosts? {
        guard let writer, let path = hostPath(of: writer), let names = registries(writer) else { return nil }
        var ports: Set<Int> = []
        var addresses: Set<String> = []
        for target in targets(writer) {
            guard let address = address(of: target.address) else { continue }
            ports.insert(target.port)
            if !address.isEmpty { addresses.insert(address) }
        }
        guard !ports.isEmpty, ports.count <= ContainerdWish.targetsLimit,
            addresses.count <= ContainerdWish.targetsLimit
        else { return nil }
        return Hosts(registryConfigPath: path, registries: names, ports: ports.sorted(), addresses: addresses.sorted())
    }

    /// The directory as the host has it: the chart mounts it at the same path, which need not be so.
    private func hostPath(of writer: ContainerCommand) -> String? {
        let inside = ContainerdPath.clean(writer.value("containerd-registry-config-path") ?? Self.defaultConfigPath)
        var path = inside
        if let mount = writer.mount(of: inside) {
            let volumes = template["volumes"]?.arrayValue ?? []
            let volume = volumes.first { $0["name"]?.stringValue == mount.volume }
            guard let outside = volume?[path: "hostPath", "path"]?.stringValue else { return nil }
            path = ContainerdPath.clean(outside + mount.rest)
        }
        return TextForm.hostPath.matches(path) && path.utf8.count <= 253 ? path : nil
    }

    private var isOldest: Bool { writer?.subcommand == nil && writer?.values("registries") == nil }

    /// Directories that Spegel writes, none for `_default` alone (spegel `pkg/oci/containerd.go`,
    /// `AddMirrorConfiguration`); nil where they can't be told.
    private func registries(_ writer: ContainerCommand) -> [String]? {
        let written =
            isOldest ? writer.values("mirror-registries") : writer.values("mirrored-registries", "registries")
        let names = Set((written ?? []).map(Self.host))
        if names.isEmpty || names == [HostsRoot.defaultName] { return [] }
        guard names.count <= ContainerdWish.registriesLimit, names.allSatisfy({ TextForm.registry.matches($0) }) else {
            return nil
        }
        return names.sorted()
    }

    private static func host(_ registry: String) -> String {
        if registry == "*" || registry == HostsRoot.defaultName { return HostsRoot.defaultName }
        let rest = registry.firstRange(of: "://").map { registry[$0.upperBound...] } ?? registry[...]
        return String(rest.prefix { $0 != "/" })
    }

    /// Hosts in the order in which they are written; those of other schemes are none of this node's mirror.
    private func targets(_ writer: ContainerCommand) -> [HostsFile.Host] {
        if isOldest {
            return [HostsFile.Host(isPlain: true, address: "127.0.0.1", port: writer.port("registry-addr") ?? 5000)]
        }
        return (writer.values("mirror-targets", "mirror-registries") ?? []).compactMap { HostsFile.host($0) }
            .filter(\.isPlain)
    }

    /// What of a host must be known beside the node's own addresses: nothing for those, a loopback address or one that
    /// the release is given for all nodes; nil for other caches, which are none of this node's mirror.
    private func address(of host: String) -> String? {
        if host == ContainerCommand.nodeAddress { return "" }
        if ["127.0.0.1", "::1", "localhost"].contains(host) { return host }
        return writer?.isLiteral(host) == true ? host : nil
    }
}
