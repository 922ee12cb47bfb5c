import KubeCore

@testable import KubeClient

enum ClientTargets {
    private struct OneFile: ConfigurationFiles {
        var path: String
        var content: [UInt8]

        func contents(of path: String) throws(KubeError) -> [UInt8]? { path == self.path ? content : nil }
    }

    static func kubeconfig(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let path = "/home/a/.kube/config"
        let files = OneFile(path: path, content: bytes)
        guard let configuration = try? ClusterConfiguration.load(environment: ["HOME": "/home/a"], files: files) else {
            return .refused
        }
        if let plugin = configuration.execPlugin { _ = try? ExecInfo(plugin, configuration, files: files).text() }
        return .read
    }

    static func credential(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let now = ContinuousClock.now
        let credential = try? ExecCredential(bytes, version: .v1, wall: Timestamp(seconds: 1_800_000_000), now: now)
        let token = Secret(String(decoding: bytes, as: UTF8.self))
        _ = (token.isCutShort(after: Secret("a.b.c")), Secret("a.b.c").isCutShort(after: token))
        return .read(if: credential != nil)
    }
}
