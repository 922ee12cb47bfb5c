import KubeCore
import MirrorAPI
package import MirrorPlanner

extension NodeAgent {
    /// Measures the host of a seed, where that is due.
    func measure(_ mirrorNode: MirrorNode, _ distribution: RancherDistribution, _ input: inout AgentInput) {
        let merged = try? ConfigDirectory.merge(input.host.files)
        let directory = HostReader.contentDirectory(
            dataDirectory: merged?.value(of: "data-dir") ?? merged?.value(of: "d") ?? distribution.dataDirectory,
            distribution
        )
        input.host.figures = measure(
            mirrorNode,
            directory: directory,
            processID: input.unit?.mainPID ?? 0,
            cleanUp: merged.flatMap { ImageCleanUp($0) }
        )
    }
}

extension HostReader {
    /// Where RKE2 and K3s keep the content that the mirror serves: containerd's directory below the data directory
    /// (k3s `pkg/agent/config/config.go`, `Containerd.Root`); the data directory as long as that is not there.
    package static func contentDirectory(dataDirectory: String?, _ distribution: RancherDistribution) -> String {
        let given = dataDirectory.flatMap { $0.hasPrefix("/") ? $0 : nil }
        var directory = given ?? "/var/lib/rancher/\(distribution.program)"
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        return "\(directory)/agent/containerd"
    }
}
