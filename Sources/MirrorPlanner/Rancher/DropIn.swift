package import KubeCore
package import MirrorAPI

/// Our file in the distribution's `config.yaml.d`: one key, and a comment for whoever finds it.
///
/// Two files are compared by the setting that they hold and never by their bytes, so that a new wording of the comment
/// changes nothing.
package enum DropIn {
    /// The file that puts `setting` in force.
    ///
    /// - Throws: `KubeError` with code `encoding`: a `Point` without a URL.
    package static func render(
        _ setting: ServerSetting,
        distribution: RancherDistribution,
        mirror: String,
        unit: String
    ) throws(KubeError) -> [UInt8] {
        let server = try value(of: setting)
        let what =
            server.isEmpty
            ? "this server asks no other server for peers: it is the one that the others ask"
            : "this server asks that one for peers, so that the servers form no ring"
        let body = try YAMLCoding.encode(["server": .string(server)])
        let text = """
            # Written by p2pmirror for the P2PMirror "\(mirror)": \(what).
            # It is read after the other files of this directory and after config.yaml, and replaces their `server:`.
            # An edit by hand is not overwritten; it stops p2pmirror from changing this node, and is reported.
            # To undo it: set `mode: Observe` in the P2PMirror, or add a name to its `pauseRequests`; then
            #     rm \(distribution.dropInFile)
            #     systemctl restart \(unit)

            """
        return Array((text + body).utf8) + (body.hasSuffix("\n") ? [] : [0x0A])
    }

    /// The setting that a file holds; nil where it holds anything but one `server:`, and so is not as we write it.
    package static func setting(in content: [UInt8]) -> ServerSetting? {
        guard let merged = try? ConfigDirectory.merge([("", content)]), merged.entries.count == 1,
            let values = merged.values(of: "server"), values.count == 1, let server = values.first
        else { return nil }
        return server.isEmpty ? ServerSetting(action: .clear) : ServerSetting(action: .point, url: server)
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
