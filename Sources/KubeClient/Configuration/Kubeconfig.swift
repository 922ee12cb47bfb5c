import KubeCore

/// The part of a kubeconfig file that decides how to reach a server; unknown fields are passed over, as kubectl does.
struct Kubeconfig: Decodable {
    struct Named<Content: Decodable> {
        var name: String
        var content: Content
    }

    struct Cluster: Decodable {
        var server: String?
        var tlsServerName: String?
        var insecureSkipTLSVerify: Bool?
        var certificateAuthority: String?
        var certificateAuthorityData: String?
        var proxyURL: Secret?
        var extensions: [Extension]?

        enum CodingKeys: String, CodingKey {
            case server
            case tlsServerName = "tls-server-name"
            case insecureSkipTLSVerify = "insecure-skip-tls-verify"
            case certificateAuthority = "certificate-authority"
            case certificateAuthorityData = "certificate-authority-data"
            case proxyURL = "proxy-url"
            case extensions
        }
    }

    struct Extension: Decodable {
        var name: String
        var `extension`: JSONValue?
    }

    struct Context: Decodable {
        var cluster: String?
        var user: String?
        var namespace: String?
    }

    struct User: Decodable {
        var clientCertificate: String?
        var clientCertificateData: String?
        var clientKey: String?
        var clientKeyData: Secret?
        var token: Secret?
        var tokenFile: String?
        var exec: Exec?
        /// Fields that change who asks and that this release does not carry out: to pass over one would be to ask as
        /// somebody else.
        var unsupported: [String]

        enum CodingKeys: String, CodingKey, CaseIterable {
            case clientCertificate = "client-certificate"
            case clientCertificateData = "client-certificate-data"
            case clientKey = "client-key"
            case clientKeyData = "client-key-data"
            case token
            case tokenFile
            case exec
            case authProvider = "auth-provider"
            case username
            case password
            case impersonate = "as"
            case impersonateUID = "as-uid"
            case impersonateGroups = "as-groups"
            case impersonateExtra = "as-user-extra"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            clientCertificate = try fields.decodeIfPresent(String.self, forKey: .clientCertificate)
            clientCertificateData = try fields.decodeIfPresent(String.self, forKey: .clientCertificateData)
            clientKey = try fields.decodeIfPresent(String.self, forKey: .clientKey)
            clientKeyData = try fields.decodeIfPresent(Secret.self, forKey: .clientKeyData)
            token = try fields.decodeIfPresent(Secret.self, forKey: .token)
            tokenFile = try fields.decodeIfPresent(String.self, forKey: .tokenFile)
            exec = try fields.decodeIfPresent(Exec.self, forKey: .exec)
            let refused: [CodingKeys] = [
                .authProvider, .username, .password, .impersonate, .impersonateUID,
                .impersonateGroups, .impersonateExtra,
            ]
            unsupported = refused.filter { key in
                fields.contains(key) && (try? fields.decodeNil(forKey: key)) == false
            }.map(\.rawValue)
        }
    }

    struct Exec: Decodable {
        struct Variable: Decodable {
            var name: String
            var value: Secret
        }

        var apiVersion: String?
        var command: String?
        var args: [Secret]?
        var env: [Variable]?
        var installHint: String?
        var provideClusterInfo: Bool?
        var interactiveMode: String?
    }

    var currentContext: String?
    var clusters: [Named<Cluster>]?
    var contexts: [Named<Context>]?
    var users: [Named<User>]?

    enum CodingKeys: String, CodingKey {
        case currentContext = "current-context"
        case clusters
        case contexts
        case users
    }
}

extension Kubeconfig.Named: Decodable {
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        name = try fields.decode(String.self, forKey: Key(stringValue: "name"))
        let field: String
        switch Content.self {
        case is Kubeconfig.Cluster.Type: field = "cluster"
        case is Kubeconfig.Context.Type: field = "context"
        default: field = "user"
        }
        content = try fields.decode(Content.self, forKey: Key(stringValue: field))
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension Secret: Decodable {
    /// Decodes a text.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }
}
