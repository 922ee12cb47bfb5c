import KubeCore
import MirrorAPI
import MirrorPlanner

/// The agent's own check of what it is asked to do. Whoever may write a MirrorNode must not be able to send this node's
/// join token to a stranger, to make it found a cluster of its own, or to have a service restarted in vain.
struct Validation {
    struct Refusal: Error {
        var reason: Reason
        var message: String

        init(_ reason: Reason, _ message: String) {
            self.reason = reason
            self.message = message
        }
    }

    let decider: Decider
    let mirrorNode: MirrorNode
    private let node: Node
    private let running: RunningArguments
    private let servers: [Node]
    let distribution: RancherDistribution

    init(
        _ decider: Decider,
        _ mirrorNode: MirrorNode,
        _ node: Node,
        _ running: RunningArguments,
        _ servers: [Node],
        _ distribution: RancherDistribution
    ) {
        self.decider = decider
        self.mirrorNode = mirrorNode
        self.node = node
        self.running = running
        self.servers = servers
        self.distribution = distribution
    }

    /// The first thing that is wrong; nil where all is right.
    var refusal: Refusal? {
        guard mirrorNode.spec.desired?.isEmpty == false || !decider.isClean else {
            return Refusal(.invalidSetting, "spec.desired is empty although a revision is approved")
        }
        guard decider.configurationFault == nil, let configuration = decider.configuration else {
            return Refusal(.unreadableConfiguration, decider.configurationFault ?? "")
        }
        let wanted = mirrorNode.spec.dropIn
        return foreignEdit(wanted) ?? wrong(wanted, configuration) ?? overruled(wanted, configuration)
    }

    private func wrong(_ wanted: DropIn.Settings, _ configuration: MergedConfiguration) -> Refusal? {
        switch wanted.server?.action {
        case .point: wrong(url: wanted.server?.url ?? "")
        case .clear: guarded(configuration)
        // Without ours, the administrator's own `server:` counts. Where that is none, it is as if it were emptied.
        case nil: changesServer(wanted) && decider.ownServer == nil ? guarded(configuration) : nil
        }
    }

    /// Whether the step changes what our drop-in says of `server:`.
    private func changesServer(_ wanted: DropIn.Settings) -> Bool {
        wanted.server != nil || decider.input.host.dropIn.flatMap { DropIn.settings(in: $0) }?.server != nil
    }

    /// Our file is replaced only where it holds what we wrote last, or what is to be written.
    private func foreignEdit(_ wanted: DropIn.Settings) -> Refusal? {
        guard let content = decider.input.host.dropIn else { return nil }
        let present = DropIn.settings(in: content)
        if present == wanted { return nil }
        let path = distribution.dropInFile
        guard present != nil else {
            return Refusal(
                .foreignEdit,
                "\(path) holds more than one `server:`, so somebody else wrote it; move it away"
            )
        }
        guard let settled = decider.journal.settled, settled.dropIn != present else { return nil }
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
        if let fault = decider.input.host.allowedServersFault {
            return Refusal(.unreadableConfiguration, "\(url) is no address of a server Node, and \(fault)")
        }
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
        let text = String(decoding: ByteOrderMark.stripped(decider.input.host.allowedServers ?? []), as: UTF8.self)
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
            if decider.input.host.etcdMember?.isSeen == false {
                return Refusal(
                    .noEtcdMember,
                    "data-dir is \(Decider.shown(path: distribution.dataDirectory)), which this agent's pod does not "
                        + "have, so that it can't see whether \(path) is there; without it an empty server: would "
                        + "found a new cluster. Mount that directory into the agent's container, read-only, below /host"
                )
            }
            return Refusal(
                .noEtcdMember,
                "\(path) is absent: with an empty server: this server would found a new cluster"
            )
        }
        return nil
    }

    /// Whether the file would be without effect.
    private func overruled(_ wanted: DropIn.Settings, _ configuration: MergedConfiguration) -> Refusal? {
        if let winner = Self.laterFile(than: wanted, decider.input.host.files, distribution) {
            return Refusal(
                .laterFileWins,
                "\(winner.file) is read after \(HostPath.name(distribution.dropInFile)) and sets \(winner.key): "
                    + "otherwise; remove it there"
            )
        }
        let unit = distribution.unit(of: mirrorNode.spec.role)
        if wanted.debug, configuration.value(of: "debug") == nil,
            let debug = running.value(of: "debug", configuration), Switch.isOn(debug) != true
        {
            return Refusal(.commandLineWins, "--debug stands on the command line of \(unit); a file can't replace it")
        }
        guard changesServer(wanted), let server = running.server(configuration),
            server != configuration.effectiveServer ?? ""
        else { return nil }
        return Refusal(
            .commandLineWins,
            "the service runs with --server \(Self.shown(server, distribution)) and the files give "
                + "\(Self.shown(configuration.effectiveServer ?? "", distribution)): it stands on the command line of "
                + "\(unit), or the files were changed since its start; a file can't replace it"
        )
    }

    /// As messages name a server; what is no URL is not repeated.
    private static func shown(_ server: String, _ distribution: RancherDistribution) -> String {
        if server.isEmpty { return "none" }
        return ServerURL(server, distribution: distribution)?.description ?? "one that is no URL"
    }

    /// The file that sets a key otherwise although ours is there with these settings; nil where ours decides.
    static func laterFile(
        than wanted: DropIn.Settings,
        _ files: [ConfigDirectory.File],
        _ distribution: RancherDistribution
    ) -> (file: String, key: String)? {
        if wanted.isEmpty { return nil }
        let ours = HostPath.name(distribution.dropInFile)
        let main = HostPath.name(distribution.configFile)
        let unreadable = (ours, wanted.server == nil ? "debug" : "server")
        guard let content = try? DropIn.render(wanted, distribution: distribution, mirror: "", unit: "") else {
            return unreadable
        }
        var contents = Dictionary(files.map { ($0.name, $0.content) }, uniquingKeysWith: { $1 })
        contents[ours] = content
        let names =
            [main].filter { contents[$0] != nil } + ConfigDirectory.dropIns(among: contents.keys.filter { $0 != main })
        guard let merged = try? ConfigDirectory.merge(names.map { ($0, contents[$0] ?? []) }) else { return unreadable }
        if let server = wanted.server, merged.effectiveServer != (server.action == .clear ? nil : server.url) {
            return (merged.source(of: "server") ?? ours, "server")
        }
        if wanted.debug, !merged.isOn("debug") { return (merged.source(of: "debug") ?? ours, "debug") }
        return nil
    }
}
