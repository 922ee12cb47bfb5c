import KubeCore
import MirrorPlanner

/// Reads the files that the service reads at its start, and says what of them this agent can't read: that is not
/// absent.
///
/// The service would read it, or fail to start on it. It takes every name in `config.yaml.d` that is no directory and
/// ends in `.yaml` or `.yml`, a hidden one, a link and one that leads nowhere too (k3s `pkg/configfilearg/parser.go`,
/// `dotDFiles`). What the agent's pod does not have of the host looks absent from here, also where a link leads there.
struct ServiceFiles {
    /// The most bytes of one file.
    static let limit = 1_048_576

    let files: any HostFileSystem

    /// The configuration in the distribution's order, and why the rest of it can't be read.
    func configuration(_ distribution: RancherDistribution) throws(HostError) -> (
        files: [ConfigDirectory.File], faults: [HostError]
    ) {
        var found: [ConfigDirectory.File] = []
        var faults: [HostError] = []
        let main = try content(of: distribution.configFile)
        if let content = main.content { found.append((HostPath.name(distribution.configFile), content)) }
        faults += main.fault.map { [$0] } ?? []
        let directory = distribution.configDirectory
        let names = try names(in: directory)
        faults += names.fault.map { [$0] } ?? []
        for name in names.names {
            let path = "\(directory)/\(name)"
            guard !name.unicodeScalars.contains("\u{FFFD}") else {
                faults.append(HostError(.nameNotText, "read", path, "its name is no UTF-8 text"))
                continue
            }
            // Ours is never a link.
            let drop = try content(of: path, followingLink: path != distribution.dropInFile)
            if let content = drop.content { found.append((name, content)) }
            faults += drop.fault.map { [$0] } ?? []
        }
        return (found, faults)
    }

    /// What a file holds: nil where there is none, or where it can't be read, and then why.
    func content(
        of path: String,
        followingLink: Bool = true
    ) throws(HostError) -> (content: [UInt8]?, fault: HostError?) {
        do throws(HostError) {
            if let content = try files.read(path, limit: Self.limit, followingLink: followingLink) {
                return (content, nil)
            }
            return (nil, try linkToNowhere(on: path))
        } catch  where error.code != .interrupted {
            return (nil, error)
        }
    }

    private func names(in directory: String) throws(HostError) -> (names: [String], fault: HostError?) {
        do throws(HostError) {
            guard let entries = try files.list(directory) else { return ([], try linkToNowhere(on: directory)) }
            return (ConfigDirectory.dropIns(among: entries.filter { !$0.isDirectory }.map(\.name)), nil)
        } catch  where error.code != .interrupted {
            return ([], error)
        }
    }

    /// The link that hides what is behind it from this agent; nil where there is really nothing.
    private func linkToNowhere(on path: String) throws(HostError) -> HostError? {
        guard AgentPath.isConfiguration(path) else { return nil }
        var part = AgentPath.configurations
        for name in path.dropFirst(part.count).split(separator: "/") {
            part += "/\(name)"
            guard let attributes = try files.attributes(part) else { return nil }
            guard attributes.isLink else { continue }
            if part != path, try files.hasDirectory(part) { continue }
            return HostError(.linkToNowhere, "read", part, "this agent sees nothing where that link leads")
        }
        return nil
    }
}

extension HostView {
    /// Why the service may read at its start what this agent does not know; nil where it can't.
    var blindSpot: String? {
        let all = configurationFaults + (registriesFault.map { [$0] } ?? [])
        guard let first = all.first else { return nil }
        let more = all.count > 1 ? " (and \(all.count - 1) more)" : ""
        return "the service reads at its start what this agent can't, so that it is not restarted: \(first)\(more)"
    }

    /// Why it is not known what one of the files holds that are ours to change; nil where it is.
    func ownBlindSpot(_ distribution: RancherDistribution) -> HostError? {
        let places = [distribution.dropInFile, distribution.configDirectory]
        return configurationFaults.first {
            places.contains($0.path) || distribution.dropInFile.hasPrefix("\($0.path)/")
        }
            ?? registriesFault
    }
}
