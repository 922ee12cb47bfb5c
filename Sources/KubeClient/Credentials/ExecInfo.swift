package import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a plugin is told in its variable KUBERNETES_EXEC_INFO (client-go, pkg/apis/clientauthentication/v1/types.go).
package struct ExecInfo: Sendable {
    private let version: ExecPlugin.Version
    private let cluster: ExecCluster?
    private let authority: PEMSource?
    private let files: any ConfigurationFiles

    private struct ExecCluster: Encodable {
        var server: String
        var tlsServerName: String?
        var insecureSkipTLSVerify: Bool?
        var certificateAuthorityData: String?
        var proxyURL: String?
        var config: JSONValue?

        enum CodingKeys: String, CodingKey {
            case server
            case tlsServerName = "tls-server-name"
            case insecureSkipTLSVerify = "insecure-skip-tls-verify"
            case certificateAuthorityData = "certificate-authority-data"
            case proxyURL = "proxy-url"
            case config
        }
    }

    private struct Document: Encodable {
        struct Spec: Encodable {
            var cluster: ExecCluster?
            var interactive: Bool
        }

        var kind: String
        var apiVersion: String
        var spec: Spec
    }

    package init(_ plugin: ExecPlugin, _ configuration: ClusterConfiguration, files: any ConfigurationFiles) {
        version = plugin.version
        authority = configuration.certificateAuthority
        self.files = files
        guard plugin.providesClusterInfo else {
            cluster = nil
            return
        }
        cluster = ExecCluster(
            server: configuration.server,
            tlsServerName: configuration.tlsServerName,
            insecureSkipTLSVerify: configuration.isInsecure ? true : nil,
            proxyURL: configuration.proxy?.url,
            config: plugin.clusterConfiguration
        )
    }

    /// The value of the variable. The plugin is never interactive: it has no terminal, and nobody may be there.
    ///
    /// - Throws: `KubeError` with code `configuration`: the authority's file cannot be read.
    package func text() throws(KubeError) -> String {
        var cluster = cluster
        if cluster != nil {
            let bytes: [UInt8]? =
                switch authority {
                case .data(let bytes): bytes
                case .file(let path): try files.contents(of: path)
                case nil: nil
                }
            cluster?.certificateAuthorityData = bytes.map { Data($0).base64EncodedString() }
        }
        let document = Document(
            kind: "ExecCredential",
            apiVersion: version.rawValue,
            spec: .init(cluster: cluster, interactive: false)
        )
        return String(decoding: try JSONCoding.encode(document), as: UTF8.self)
    }
}
