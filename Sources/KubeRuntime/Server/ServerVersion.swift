public import KubeCore

extension KubeAPI {
    /// The release of the API server, such as `v1.36.2`, asked for once; nil where it does not say within `timeout`.
    public func serverVersion(within timeout: Duration = .seconds(2)) async -> String? {
        struct Version: Decodable {
            var gitVersion: String
        }
        var request = KubeRequest(.get, "/version")
        request.timeout = timeout
        let version: Version? = try? await send(request)
        return version?.gitVersion
    }
}
