import KubeCore
import MirrorAPI

@testable import MirrorAgent
@testable import MirrorPlanner

/// What stands on a node's host, in annotations of its service and in files of administrators.
enum HostTargets {
    /// Arguments, environment and a file of a running service.
    static func arguments(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let parts = Sections(bytes)
        var outcome = FuzzTarget.Outcome.refused
        for distribution in [RancherDistribution.rke2, .k3s] {
            var node = Node(metadata: ObjectMeta(name: "a"))
            node.metadata.annotations = [distribution.argumentsAnnotation: parts.text(0)]
            if parts.all.count > 1 { node.metadata.annotations[distribution.environmentAnnotation] = parts.text(1) }
            node.metadata.annotations = Masking.masked(node.metadata.annotations)
            let configuration = try? ConfigDirectory.merge([("config.yaml", parts[2])])
            _ = HostPlaces(
                annotations: node.metadata.annotations,
                distribution: distribution,
                configuration: configuration
            )
            if let running = RunningArguments(node: node, distribution: distribution), let configuration {
                _ = running.pendingChanges(configuration, ignoring: ["server"])
                _ = (running.server(configuration), running.value(of: "debug", configuration))
            }
            let read = try? NodeArguments(annotations: node.metadata.annotations, distribution: distribution)
            outcome = outcome.and(.read(if: read != nil))
        }
        // What is masked stays masked, whatever else is in it.
        let masked = Masking.maskedArguments(parts.text(0))
        let twice = Masking.maskedArguments(masked)
        return masked == twice || masked == Masking.mask ? outcome : .wrong("\(masked) is masked as \(twice)")
    }

    /// Files of `config.yaml.d`.
    static func configuration(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let parts = Sections(bytes)
        let files = parts.all.prefix(4).enumerated().map { (name: "\($0)0.yaml", content: $1) }
        for file in files { _ = DropIn.settings(in: file.content) }
        guard let merged = try? ConfigDirectory.merge(files) else { return .refused }
        _ = (merged.arguments, ImageCleanUp(merged))
        for (distribution, role) in [(RancherDistribution.rke2, NodeRole.agent), (.k3s, .server)] {
            let version = DistributionVersion("v1.32.5+\(distribution.program)r1")
            let filter = ConfigurationFilter(distribution: distribution, role: role, version: version)
            for entry in merged.entries { _ = filter.fate(of: entry.key) }
        }
        return .read
    }

    /// An edit changes what it is to change, and taken back nothing.
    static func registries(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let name = "fuzz.example:5000"
        guard let before = try? RegistriesFile.registries(in: bytes) else { return .refused }
        guard !before.contains(name), let edited = try? RegistriesFile.edit(bytes, adding: [name]) else {
            return .refused
        }
        let after = try? RegistriesFile.registries(in: edited)
        guard let after, Set(after) == Set(before + [name]) else { return .wrong("an edit lost what was there") }
        guard let restored = try? RegistriesFile.edit(edited, removing: [name]) else { return .read }
        let last = try? RegistriesFile.registries(in: restored)
        return last == before ? .read : .wrong("an edit that is taken back left something else")
    }

    /// containerd's files, as several of its releases read them, and the `hosts.toml` of a registry.
    static func toml(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let parts = Sections(bytes).all.prefix(3)
        _ = try? HostsFile(content: parts.first ?? [])
        var outcome = FuzzTarget.Outcome.refused
        for release in [nil, (1, 7, 2), (2, 0, 0), (2, 1, 4), (2, 2, 2), (2, 3, 0)] as [(Int, Int, Int)?] {
            let version = release.map { ContainerdVersion(major: $0.0, minor: $0.1, patch: $0.2) }
            let files = parts.enumerated().compactMap { index, content in
                try? ContainerdFile(path: "/etc/containerd/\(index).toml", content: content, release: version)
            }
            let settings = ContainerdSettings(files, version: version)
            _ = (settings.roots, settings.refusal, settings.conflicting?.tables)
            for pattern in files.flatMap(\.imports) where ContainerdPath.isPattern(pattern) {
                _ = ContainerdPath.isWellFormed(pattern) && ContainerdPath.matches(pattern, "/etc/containerd/a.toml")
            }
            outcome = outcome.and(.read(if: files.contains { !$0.plugins.keys.isEmpty }))
        }
        return outcome
    }
}
