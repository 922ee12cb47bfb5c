import KubeClient
import KubeCore
import Testing

@Suite("Credential plugins and proxies in a kubeconfig")
struct ExecConfigurationTests {
    private static func load(user: String, cluster: String = "{server: \"https://a\"}") throws(KubeError)
        -> ClusterConfiguration
    {
        let text = """
            current-context: x
            clusters: [{name: c, cluster: \(cluster)}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            users: [{name: u, user: \(user)}]
            """
        return try ClusterConfiguration.load(
            explicitKubeconfig: "/home/me/config",
            environment: [:],
            files: MemoryFiles(["/home/me/config": text])
        )
    }

    private static let v1 = "apiVersion: client.authentication.k8s.io/v1"

    @Test("All of it is read, and a path is relative to its file")
    func whole() throws {
        let configuration = try Self.load(
            user: """
                {exec: {\(Self.v1)beta1, command: bin/login, args: [get-token, --id, s3cret], installHint: "get it",
                  env: [{name: A, value: b}], provideClusterInfo: true}}
                """,
            cluster: """
                {server: "https://a", extensions: [{name: other, extension: 1},
                  {name: client.authentication.k8s.io/exec, extension: {audience: s3cret}}]}
                """
        )
        let expected = ExecPlugin(
            command: "/home/me/bin/login",
            arguments: ["get-token", "--id", "s3cret"].map { Secret($0) },
            environment: ["A": Secret("b")],
            version: .v1beta1,
            installHint: "get it",
            providesClusterInfo: true,
            clusterConfiguration: ["audience": "s3cret"],
            place: "kubeconfig /home/me/config: user \"u\""
        )
        #expect(configuration.execPlugin == expected)
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration)\(String(reflecting: configuration))\(dumped)".contains("s3cret"))
        let plain = try Self.load(user: "{exec: {\(Self.v1), command: aws, interactiveMode: Never}}")
        #expect(plain.execPlugin?.command == "aws")
        #expect(plain.execPlugin?.version == .v1)
    }

    @Test(
        "What is wrong with it is said with what would be right",
        arguments: [
            ("{\(v1)}", "exec.command is missing"),
            ("{command: x}", "exec.apiVersion is missing; it should be client.authentication.k8s.io/v1 or "),
            (
                "{command: x, apiVersion: client.authentication.k8s.io/v1alpha1}",
                "exec.apiVersion \"client.authentication.k8s.io/v1alpha1\" is not known"
            ),
            ("{\(v1), command: x}", "exec.interactiveMode is missing; it should be Never or IfAvailable"),
            (
                "{\(v1), command: x, interactiveMode: Always}",
                "exec.interactiveMode is Always: the plugin wants a person"
            ),
            ("{\(v1), command: x, interactiveMode: Maybe}", "exec.interactiveMode \"Maybe\" is not known"),
            (
                "{\(v1), command: x, interactiveMode: Never, env: [{name: \"\", value: s3cret}]}",
                "exec.env has an entry"
            ),
        ]
    )
    func faults(exec: String, message: String) {
        let error = #expect(throws: KubeError.self) { try Self.load(user: "{exec: \(exec)}") }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("user \"u\": \(message)") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test(
        "A proxy's URL is read, and its password is a secret",
        arguments: [
            ("http://p", "http://p:80", nil), ("HTTPS://p:3128/", "https://p:3128", nil),
            ("socks5://[fd00::1]", "socks5h://[fd00::1]:1080", nil), ("socks5h://p", "socks5h://p:1080", nil),
            ("http://me:s3%20cret@p:1", "http://p:1", "s3 cret"), ("http://me:a:b@[::1]:1", "http://[::1]:1", "a:b"),
        ]
    )
    func proxies(text: String, url: String, password: String?) throws {
        let proxy = try ProxyAddress(text)
        #expect(proxy.url == url)
        #expect(proxy.password?.exposed == password)
        #expect(proxy.user?.exposed == (password == nil ? nil : "me"))
        #expect(!"\(proxy)".contains("cret"))
    }

    @Test(
        "What is no URL of a proxy is refused and not repeated",
        arguments: ["p", "ftp://me:s3cret@p", "http://:1", "http://me:s3cret@p:x"]
    )
    func badProxies(text: String) {
        let error = #expect(throws: KubeError.self) {
            try Self.load(user: "{token: t}", cluster: "{server: \"https://a\", proxy-url: \"\(text)\"}")
        }
        #expect(error?.message.contains("cluster \"c\": proxy-url cannot be used: ") == true)
        #expect(error?.message.contains("s3cret") == false)
    }
}
