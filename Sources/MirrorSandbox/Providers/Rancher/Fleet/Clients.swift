import KubeClient
import KubeCore
import MirrorAPI

extension CurlTransport {
    /// A client of one of the sandbox's own servers, which ask for no credentials.
    convenience init(plain url: String) throws(KubeError) {
        try self.init(
            ClusterConfiguration(server: url),
            options: ClientOptions(userAgent: "p2pmirror-sandbox/\(Release.version)")
        )
    }
}
