package import KubeCore
package import MirrorAPI
package import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The root directory of a simulated host: an ordinary directory that stands for `/`.
package struct HostDirectory: Hashable, Sendable {
    package var root: String

    package init(root: String) {
        self.root = root
    }

    /// Writes files below the root, with the directories that they need.
    package func write(_ files: [(path: String, content: String)]) throws {
        for (path, content) in files {
            let url = URL(filePath: root + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(content.utf8).write(to: url, options: .atomic)
        }
    }

    /// The content of a file; nil where there is none.
    package func read(_ path: String) -> [UInt8]? {
        (try? Data(contentsOf: URL(filePath: root + path))).map { [UInt8]($0) }
    }

    /// The daemon's configuration as its files have it now.
    ///
    /// - Throws: `KubeError` with code `decoding`.
    package func configuration(
        _ distribution: RancherDistribution,
        role: NodeRole
    ) throws(KubeError) -> DaemonConfiguration {
        var files: [(name: String, content: [UInt8])] = []
        if let main = read(distribution.configFile) { files.append(("config.yaml", main)) }
        let directory = distribution.configDirectory
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + directory)) ?? []
        for name in names.sorted() where name.lowercased().hasSuffix(".yaml") || name.lowercased().hasSuffix(".yml") {
            if let content = read("\(directory)/\(name)") { files.append((name, content)) }
        }
        let registries = read(distribution.registriesFile)
        return try DaemonConfiguration(role: role, configuration: files, registries: registries)
    }
}
