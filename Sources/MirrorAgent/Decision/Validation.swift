import KubeCore
import MirrorAPI
import MirrorPlanner

/// The agent's own check of what it is asked to do. Whoever may write a MirrorNode must not be able to send this node's
/// join token to a stranger, to make it found a cluster of its own, or to have a service restarted in vain.
struct Validation {
    struct Refusal {
        var reason: Reason
        var message: String

        init(_ reason: Reason, _ message: String) {
            self.reason = reason
            self.message = message
        }
    }

    private let decider: Decider
    private let mirrorNode: MirrorNode
    private let node: Node
    private let running: RunningArguments
    private let servers: [Node]
    private let distribution: RancherDistribution

    init(
        _ decider: Decider,
        _ mirrorNode: MirrorNode,
        _ node: Node,
        _ running: RunningArguments,
        _ servers: [Node]
    ) {
        self.decider = decider
        self.mirrorNode = mirrorNode
        self.node = node
        self.running = running
        self.servers = servers
        distribution = RancherDistribution(mirrorNode.spec.provider)
    }

    /// The first thing that is wrong; nil where all is right.
    var refusal: Refusal? {
        guard let setting = mirrorNode.spec.desired?.server else {
            return Refusal(.invalidSetting, "spec.desired.server is absent although a revision is approved")
        }
        guard let configuration = decider.configuration else {
            return Refusal(.unreadableConfiguration, decider.configurationFault ?? "")
        }
        return foreignEdit(setting) ?? wrong(setting, configuration) ?? overruled(setting, configuration)
    }

    private func wrong(_ setting: ServerSetting, _ configuration: MergedConfiguration) -> Refusal? {
        switch setting.action {
        case .point: wrong(url: setting.url ?? "")
        case .clear: guarded(configuration)
        }
    }

    /// Our file is replaced only where it holds what we wrote last, or what is to be written.
    private func foreignEdit(_ setting: ServerSetting) -> Refusal? {
        guard let content = decider.input.host.dropIn else { return nil }
        let present = DropIn.setting(in: content)
        if present == setting { return nil }
        let path = distribution.dropInFile
        guard present != nil else {
            return Refusal(
                .foreignEdit,
                "\(path) holds more than one `server:`, so somebody else wrote it; move it away"
            )
        }
        guard let settled = decider.journal.settled, settled.inForce != present else { return nil }
        return Refusal(
            .foreignEdit,
            "\(path) was changed by somebody else since revision \(settled.revision); remove it"
        )
    }

    private func wrong(url: String) -> Refusal? {
        guard let server = ServerURL(url, distribution: distribution), server.scheme == "https",
            server.description == url.lowercased(), Self.isPlain(server.host)
        else {
            return Refusal(.invalidSetting, "spec.desired.server.url is \"\(url)\"; https://HOST:PORT is needed")
        }
        let own = RancherNode(node: node, distribution: distribution)
        let isOfServer = servers.contains { hosts(of: $0).contains(server.host) }
        if hosts(of: node).contains(server.host) || (server.isLoopback && !isOfServer) {
            return Refusal(.pointsAtItself, "\(url) leads to \(own.name) itself; another server is needed")
        }
        if isOfServer || allowedHosts.contains(server.host) { return nil }
        return Refusal(
            .unknownServer,
            "\(url) is no address of a server Node, and \(AgentPath.allowedServers) on this host does not list "
                + "\(server.host)"
        )
    }

    /// A host that needs no quoting anywhere.
    private static func isPlain(_ host: String) -> Bool {
        host.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || ".-:".utf8.contains(byte)
        }
    }

    private func hosts(of node: Node) -> Set<String> {
        var hosts = node.addresses("InternalIP") + node.addresses("ExternalIP") + node.addresses("Hostname")
        if let name = node.metadata.annotations[distribution.hostnameAnnotation] { hosts.append(name) }
        return Set(hosts.map(ServerURL.normalizedHost))
    }

    private var allowedHosts: Set<String> {
        let text = String(decoding: decider.input.host.allowedServers ?? [], as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            String(line.prefix { $0 != "#" }.filter { !$0.isWhitespace })
        }
        return Set(lines.filter { !$0.isEmpty }.map(ServerURL.normalizedHost))
    }

    /// Where an empty `server:` would do harm (k3s `pkg/cluster/cluster.go`, `pkg/cluster/bootstrap.go`; rke2
    /// `pkg/rke2/rke2_linux.go`): a server that finds etcd or the API by it, and one without data of its own, which
    /// would found a new cluster.
    private func guarded(_ configuration: MergedConfiguration) -> Refusal? {
        guard mirrorNode.spec.role == .server else {
            return Refusal(.guardedServer, "server: is never emptied on an agent: it could not find its cluster")
        }
        let arguments = RancherNode(node: node, distribution: distribution).arguments
        if configuration.isOn("disable-etcd") || arguments?.disablesEtcd == true {
            return Refusal(.guardedServer, "this server runs with disable-etcd and finds etcd by its server:")
        }
        if configuration.isOn("disable-apiserver") || arguments?.disablesAPIServer == true {
            return Refusal(.guardedServer, "this server runs with disable-apiserver and finds the API by its server:")
        }
        let datastore = configuration.value(of: "datastore-endpoint") ?? ""
        if !datastore.isEmpty || arguments?.usesExternalDatastore == true {
            return Refusal(.guardedServer, "this server uses an external datastore (datastore-endpoint)")
        }
        guard let member = decider.input.host.etcdMember, member.exists else {
            let path = decider.input.host.etcdMember?.path ?? distribution.etcdMemberDirectory
            return Refusal(
                .noEtcdMember,
                "\(path) is absent: with an empty server: this server would found a new cluster"
            )
        }
        return nil
    }

    /// Whether the file would be without effect.
    private func overruled(_ setting: ServerSetting, _ configuration: MergedConfiguration) -> Refusal? {
        if let winner = Self.laterFile(than: setting, decider.input.host.files, distribution) {
            return Refusal(
                .laterFileWins,
                "\(winner) is read after \(HostPath.name(distribution.dropInFile)) and sets server: otherwise; "
                    + "remove it there"
            )
        }
        guard let server = running.server(configuration), server != configuration.effectiveServer ?? "" else {
            return nil
        }
        return Refusal(
            .commandLineWins,
            "the service runs with --server \(Self.shown(server, distribution)) and the files give "
                + "\(Self.shown(configuration.effectiveServer ?? "", distribution)): it stands on the command line of "
                + "\(distribution.unit(of: mirrorNode.spec.role)), or the files were changed since its start; a file "
                + "can't replace it"
        )
    }

    /// As messages name a server; what is no URL is not repeated.
    private static func shown(_ server: String, _ distribution: RancherDistribution) -> String {
        if server.isEmpty { return "none" }
        return ServerURL(server, distribution: distribution)?.description ?? "one that is no URL"
    }

    /// The file that sets `server:` otherwise although ours is there with this setting; nil where ours decides.
    static func laterFile(
        than setting: ServerSetting,
        _ files: [ConfigDirectory.File],
        _ distribution: RancherDistribution
    ) -> String? {
        let ours = HostPath.name(distribution.dropInFile)
        let main = HostPath.name(distribution.configFile)
        guard let content = try? DropIn.render(setting, distribution: distribution, mirror: "", unit: "") else {
            return ours
        }
        var contents = Dictionary(files.map { ($0.name, $0.content) }, uniquingKeysWith: { $1 })
        contents[ours] = content
        let names =
            [main].filter { contents[$0] != nil } + ConfigDirectory.dropIns(among: contents.keys.filter { $0 != main })
        let merged = try? ConfigDirectory.merge(names.map { ($0, contents[$0] ?? []) })
        guard let merged else { return ours }
        let wanted = setting.action == .clear ? nil : setting.url
        return merged.effectiveServer == wanted ? nil : merged.source(of: "server") ?? ours
    }
}
