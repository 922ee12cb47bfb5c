package import KubeCore
package import MirrorAPI

/// Our file in the distribution's `config.yaml.d`: what is asked of the node, and a comment for whoever finds it.
///
/// Two files are compared by the settings that they hold and never by their bytes, so that a new wording of the comment
/// changes nothing.
package enum DropIn {
    /// What the file sets. One that sets nothing is not there.
    package struct Settings: Hashable, Sendable {
        /// Nil: the file has no `server:`, so that the administrator's counts.
        package var server: ServerSetting?
        /// Whether the file has `debug: true`.
        package var debug: Bool

        package init(server: ServerSetting? = nil, debug: Bool = false) {
            self.server = server
            self.debug = debug
        }

        package var isEmpty: Bool { server == nil && !debug }

        /// Keys of the distribution's configuration that the file rules, `s` for the short form of `server`.
        package var keys: Set<String> {
            Set(server == nil ? [] : ["server", "s"]).union(debug ? ["debug"] : [])
        }
    }

    /// The file that puts `settings` in force.
    ///
    /// - Throws: `KubeError` with code `encoding`: a `Point` without a URL, or settings that are empty.
    package static func render(
        _ settings: Settings,
        distribution: RancherDistribution,
        mirror: String,
        unit: String
    ) throws(KubeError) -> [UInt8] {
        guard !settings.isEmpty else { throw KubeError(.encoding, "a drop-in that sets nothing is not written") }
        var members: [String: JSONValue] = [:]
        var purposes: [String] = []
        if let setting = settings.server {
            let server = try value(of: setting)
            members["server"] = .string(server)
            purposes.append(
                server.isEmpty
                    ? "this server asks no other server for peers: it is the one that the others ask"
                    : "this server asks that one for peers, so that the servers form no ring"
            )
        }
        if settings.debug {
            members["debug"] = true
            purposes.append("the service logs at the level debug for a while")
        }
        let body = try YAMLCoding.encode(.object(members))
        let keys = members.keys.sorted(by: >).map { "`\($0):`" }.joined(separator: " and ")
        let text = """
            # Written by p2pmirror for the P2PMirror "\(mirror)": \(purposes.joined(separator: "; ")).
            # It is read after the other files of this directory and after config.yaml, and replaces their \(keys).
            # An edit by hand is not overwritten; it stops p2pmirror from changing this node, and is reported.
            # To undo it: set `mode: Observe` in the P2PMirror, or add a name to its `pauseRequests`; then
            #     rm \(distribution.dropInFile)
            #     systemctl restart \(unit)

            """
        return Array((text + body).utf8) + (body.hasSuffix("\n") ? [] : [0x0A])
    }

    /// The settings that a file holds; nil where it holds anything that we do not write.
    package static func settings(in content: [UInt8]) -> Settings? {
        guard let merged = try? ConfigDirectory.merge([("", content)]), !merged.entries.isEmpty else { return nil }
        var settings = Settings()
        for entry in merged.entries {
            guard entry.values.count == 1, let value = entry.values.first else { return nil }
            switch entry.key {
            case "server":
                settings.server =
                    value.isEmpty ? ServerSetting(action: .clear) : ServerSetting(action: .point, url: value)
            case "debug" where value == "true": settings.debug = true
            default: return nil
            }
        }
        return settings
    }

    private static func value(of setting: ServerSetting) throws(KubeError) -> String {
        switch setting.action {
        case .clear: return ""
        case .point:
            guard let url = setting.url, !url.isEmpty else {
                throw KubeError(.encoding, "desired.server.url is empty; action Point needs https://HOST:PORT")
            }
            return url
        }
    }
}
