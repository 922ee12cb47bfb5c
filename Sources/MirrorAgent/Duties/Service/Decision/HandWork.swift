import MirrorAPI
import MirrorPlanner

/// What an administrator has to do where the agent may not or can't: approval is manual there, and the operator goes on
/// when it sees the setting in force.
struct HandWork {
    private let node: String
    private let unit: String
    private let distribution: RancherDistribution
    private let dropIn: DropIn.Settings
    private let hasDropIn: Bool
    private let registries: Journal.Step.RegistriesChange?

    init(
        _ decider: Decider,
        _ mirrorNode: MirrorNode,
        _ distribution: RancherDistribution,
        _ registries: Journal.Step.RegistriesChange?
    ) {
        node = decider.input.options.nodeName
        self.distribution = distribution
        unit = distribution.unit(of: mirrorNode.spec.role)
        dropIn = mirrorNode.spec.dropIn
        hasDropIn = decider.input.host.dropIn != nil
        self.registries = registries
    }

    var lackOfPermission: String {
        "this agent may not restart services; on \(node) run as root: "
            + (commands + ["systemctl restart \(unit)"]).joined(separator: " && ")
            + "\(remark.isEmpty ? "" : "; ")\(remark)"
    }

    var lackOfServiceManager: String {
        let name = unit.split(separator: ".").first.map(String.init) ?? unit
        let work = commands.isEmpty ? [] : ["run as root: \(commands.joined(separator: " && "))"]
        let parts =
            ["\(node) has no systemd that runs \(unit), so that nothing can be restarted from here"] + work
            + [remark, "then restart the service the way that host does (OpenRC: rc-service \(name) restart)"]
        return parts.filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private var commands: [String] {
        if dropIn.isEmpty { return hasDropIn ? ["rm \(distribution.dropInFile)"] : [] }
        var text = dropIn.server.map { "server: \"\($0.url ?? "")\"\\n" } ?? ""
        if dropIn.debug { text += "debug: true\\n" }
        return ["mkdir -p \(distribution.configDirectory)", "printf '\(text)' > \(distribution.dropInFile)"]
    }

    /// What is no command: a file with somebody's credentials is not rewritten by one that is copied from a message.
    private var remark: String {
        guard let registries else { return "" }
        var sentences: [String] = []
        if !registries.adds.isEmpty { sentences.append("add the keys \(registries.adds.joined(separator: ", "))") }
        if !registries.removes.isEmpty { sentences.append("remove \(registries.removes.joined(separator: ", "))") }
        return "before the restart, below `mirrors:` in \(distribution.registriesFile): "
            + sentences.joined(separator: ", and ")
    }
}
